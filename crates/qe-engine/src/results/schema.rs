//! The columns of a table of metrics, in order: what it is a result of, how it ended, every metric, what a walk counted.
//!
//! One name means one quantity, in a run's summary, in what a sweep tells, and here: `max_drawdown` is the deepest fall at the
//! ends of days, and `max_drawdown_bars` that at the closes of bars, which a sweep knows without its days.
//!
//! Behind these come parameters, a column each, `param_` before their names, in alphabetical order.

use super::table::Dtype;
use crate::metrics::{self, Better, Unit};
use crate::outcome;

/// The version of the columns below. It rises with every change of a name, an order, a type or a meaning; `docs/results.md`
/// says how.
pub const SCHEMA_VERSION: u64 = 1;

/// A column of every table of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub dtype: Dtype,
    /// What it counts: `fraction`, `money`, `days`.
    pub unit: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Whether rows of sweeps know it.
    pub is_in_sweeps: bool,
    /// Whether more of it is better, or less, or neither.
    pub better: Better,
}

const fn of(name: &'static str, dtype: Dtype, unit: &'static str, about: &'static str) -> SchemaColumn {
    SchemaColumn { name, dtype, unit, about, is_in_sweeps: true, better: Better::Neither }
}

impl SchemaColumn {
    const fn higher(self) -> Self {
        Self { better: Better::Higher, ..self }
    }

    const fn lower(self) -> Self {
        Self { better: Better::Lower, ..self }
    }
}

/// What a row is a result of.
const HEAD: [SchemaColumn; 35] = [
    of("schema_version", Dtype::UInt, "", "the version of these columns"),
    of("origin", Dtype::Text, "", "`run` or `sweep`"),
    of("run_id", Dtype::Text, "", "the identity of the run: equal ids have equal bits"),
    of("point_id", Dtype::UInt, "", "the point's number in its sweep; null for a run"),
    of("status", Dtype::Text, "", "`done`, `failed` or `pruned`"),
    of("failure", Dtype::Text, "", "why there are no metrics, where there are none"),
    of("undefined", Dtype::Text, "", "JSON: why metrics are null, by name, where that is known"),
    of("strategy", Dtype::Text, "", "the strategy's name"),
    of("asset_class", Dtype::Text, "", "the class of the instrument, or `unknown`"),
    of("symbol", Dtype::Text, "", "the symbol"),
    of("frequency", Dtype::Text, "", "how long a bar is"),
    of("params", Dtype::Text, "", "JSON: all parameters by name"),
    of("spec_id", Dtype::Text, "", "the strategy, defaults written out"),
    of("skeleton_id", Dtype::Text, "", "the family of hypotheses that it belongs to"),
    of("spec_version", Dtype::UInt, "", "the version of the specification's schema"),
    of("data_id", Dtype::Text, "", "the data, and what the market was given beside them"),
    of("calendar_id", Dtype::Text, "", "what a day and a year are, and which row of its data set is the first"),
    of(
        "reads",
        Dtype::Text,
        "",
        "JSON: the ids of other symbols' data that were read, by symbol, and of all that were compared, as one",
    ),
    of("vendor", Dtype::Text, "", "who made the data, where that is known"),
    of("as_of", Dtype::Time, "", "when the data were taken, where that is known"),
    of("start", Dtype::Time, "", "when the data begin"),
    of("eval_start", Dtype::Time, "", "from when on it was scored"),
    of("end", Dtype::Time, "", "when the last scored bar is complete"),
    of("stretches", Dtype::Text, "", "JSON: the stretches that were scored, where there are several"),
    of("warmup", Dtype::Text, "", "`required`, or `idle` where it waited to be warm"),
    of("cost_model_id", Dtype::Text, "", "what trading cost"),
    of("fill_timing", Dtype::Text, "", "when decisions were filled: a name, or JSON"),
    of("is_same_bar", Dtype::Bool, "", "whether that is at a price that the decision was made from"),
    of("holding", Dtype::Text, "", "what was held between decisions"),
    of("path_policy", Dtype::Text, "", "how the order of prices within a bar was decided"),
    of("seed", Dtype::UInt, "", "the seed"),
    of("crate_version", Dtype::Text, "", "the version of the engine"),
    of("capital", Dtype::Float, "money", "money at the beginning"),
    of("sharpe_method", Dtype::Text, "", "how `sharpe_daily` was computed"),
    of("vol_floor_applied", Dtype::Bool, "", "whether worth hardly moved, so that there is no `sharpe_daily`"),
];

/// What a walk counted, and what else a sweep tells.
const TAIL: [SchemaColumn; 19] = [
    of("max_drawdown_bars", Dtype::Float, "fraction", "the deepest fall from a peak at the closes of bars").lower(),
    of("n_steps", Dtype::Int, "bars", "how many bars were scored"),
    of("daily_mean", Dtype::Float, "fraction", "mean of daily returns").higher(),
    of("daily_std", Dtype::Float, "fraction", "deviation of daily returns, divisor n - 1").lower(),
    of("avg_win_money", Dtype::Float, "money", "mean gain of winning trades").higher(),
    of("avg_loss_money", Dtype::Float, "money", "mean loss of losing trades, positive").lower(),
    of("expectancy_money", Dtype::Float, "money", "mean result of a trade").higher(),
    of("n_wins", Dtype::Int, "count", "how many trades won").higher(),
    of("n_losses", Dtype::Int, "count", "how many trades lost").lower(),
    of("gross_win", Dtype::Float, "money", "what winning trades won").higher(),
    of("gross_loss", Dtype::Float, "money", "what losing trades lost, positive").lower(),
    of("turnover", Dtype::Float, "ratio", "what was traded, in multiples of worth").lower(),
    of("cost", Dtype::Float, "money", "spread, slippage, impact and fees").lower(),
    of("carry", Dtype::Float, "money", "what holding cost; below 0 was received").lower(),
    of("n_undecided", Dtype::Int, "count", "trades with a bar that did not say which way they went").lower(),
    of(
        "n_refused",
        Dtype::Int,
        "count",
        "orders refused or made smaller; one that waits through a halt, or that a halted row would have met, in each such row",
    )
    .lower(),
    of("final_equity", Dtype::Float, "money", "worth at the end").higher(),
    of("pnl", Dtype::Float, "money", "worth at the end, less the capital").higher(),
    of("is_ruined", Dtype::Bool, "", "whether all was lost").lower(),
];

/// The columns of every table of metrics, before those of parameters.
pub fn schema() -> Vec<SchemaColumn> {
    let metric = |m: &metrics::Metric| SchemaColumn {
        name: m.name,
        dtype: if matches!(m.unit, Unit::Count | Unit::Days) { Dtype::Int } else { Dtype::Float },
        unit: match m.unit {
            Unit::Fraction => "fraction",
            Unit::Ratio => "ratio",
            Unit::Days => "days",
            Unit::Bars => "bars",
            Unit::Count => "count",
            Unit::PerYear => "per year",
        },
        about: m.about,
        is_in_sweeps: outcome::NAMES.contains(&m.name),
        better: m.better,
    };
    HEAD.into_iter().chain(metrics::ALL.iter().map(metric)).chain(TAIL).collect()
}

/// A column by its name: what a number that a sweep or a run tells counts, and whether more of it is better.
pub fn column(name: &str) -> Option<SchemaColumn> {
    schema().into_iter().find(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_stands_once_and_none_could_be_a_parameters() {
        let all = schema();
        let names: BTreeSet<&str> = all.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(
            names
                .iter()
                .all(|name| !name.starts_with("param_") && name.is_ascii() && !name.contains(char::is_uppercase))
        );
        assert!(all.iter().all(|c| c.about.len() > 5 && !c.about.ends_with('.')));
    }

    #[test]
    fn losses_and_costs_are_better_where_they_are_less() {
        let is = |name: &str| column(name).map(|c| c.better);
        for name in ["cost", "gross_loss", "avg_loss_money", "max_drawdown_bars", "max_drawdown", "is_ruined"] {
            assert_eq!(is(name), Some(Better::Lower), "{name}");
        }
        for name in ["gross_win", "final_equity", "sharpe_daily", "n_wins"] {
            assert_eq!(is(name), Some(Better::Higher), "{name}");
        }
        // What is a fact and no merit is one of these, and no other number of a sweep is.
        let facts = ["n_trades", "trades_per_year", "observation_days", "n_steps", "n_days_in_market", "n_nans"];
        let more = ["vol_floor_applied", "skew", "kurtosis", "avg_trade_bars"];
        for name in outcome::NAMES.iter().filter(|name| is(name) == Some(Better::Neither)) {
            assert!(facts.contains(name) || more.contains(name), "{name}");
        }
        assert!(column("no such").is_none());
    }

    #[test]
    fn every_number_of_a_sweep_has_its_column() {
        let all = schema();
        for name in outcome::NAMES {
            let column = all.iter().find(|c| c.name == name);
            assert!(column.is_some_and(|c| c.is_in_sweeps), "{name}");
        }
    }
}
