//! What a run came to: some forty figures, one file each, one list.
//!
//! A metric is a free function on slices with the textbook's name ([`sharpe`], [`omega()`]) and an entry in
//! [`ALL`] that reads what it needs from a [`Performance`]. [`Summary`] is all of them of one run; [`batch`] computes
//! nine of them for thousands of runs, to the same bits.
//!
//! A figure is a finite number or undefined, `None`; each file says when. Returns and drawdowns are fractions. Losses
//! that a name speaks of (drawdown, value at risk, average loss) are positive. What is annualised takes its year from
//! the calendar. Sums follow the fixed order of [`mod@qe_core::stats::sum`]; equity is multiplied day by day.
//! `docs/metrics.md` lists all of them, and where others define them otherwise.

pub mod alpha_annual;
pub mod avg_drawdown;
pub mod avg_loss;
pub mod avg_trade_bars;
pub mod avg_win;
pub mod batch;
pub mod best_day;
pub mod beta;
pub mod cagr;
pub mod calmar;
pub mod cost_share;
pub mod cvar;
pub mod down_capture;
pub mod downside_deviation;
pub mod expectancy;
pub mod exposure;
pub mod gain_to_pain;
mod guard;
pub mod information_ratio;
pub mod kelly;
pub mod kurtosis;
pub mod longest_drawdown_days;
pub mod max_drawdown;
pub mod max_drawdown_days;
pub mod max_losing_streak;
pub mod n_days_in_market;
pub mod n_nans;
pub mod n_trades;
pub mod observation_days;
pub mod omega;
pub mod path;
pub mod payoff_ratio;
pub mod performance;
pub mod profit_factor;
pub mod recovery_factor;
pub mod sharpe_daily;
pub mod sharpe_hac_error;
pub mod sharpe_step_raw;
pub mod skew;
pub mod sortino;
pub mod sqn;
pub mod stability;
pub mod summary;
pub mod tail_ratio;
pub mod total_return;
pub mod tracking_error;
pub mod trade_means;
pub mod trades_per_year;
pub mod turnover_annual;
pub mod ulcer_index;
pub mod up_capture;
pub mod value_at_risk;
pub mod vol_annual;
pub mod win_rate;
pub mod worst_day;

use qe_core::error::nearest;

use crate::error::{Error, Result};

pub use alpha_annual::alpha_annual;
pub use avg_drawdown::avg_drawdown;
pub use avg_loss::avg_loss;
pub use avg_trade_bars::avg_trade_bars;
pub use avg_win::avg_win;
pub use batch::{CoreFigures, core_figures};
pub use best_day::best_day;
pub use beta::beta;
pub use cagr::cagr;
pub use calmar::calmar;
pub use cost_share::cost_share;
pub use cvar::cvar;
pub use down_capture::down_capture;
pub use downside_deviation::downside_deviation;
pub use expectancy::expectancy;
pub use gain_to_pain::gain_to_pain;
pub use information_ratio::information_ratio;
pub use kelly::kelly;
pub use kurtosis::kurtosis;
pub use longest_drawdown_days::longest_drawdown_days;
pub use max_drawdown::max_drawdown;
pub use max_drawdown_days::max_drawdown_days;
pub use max_losing_streak::max_losing_streak;
pub use omega::omega;
pub use path::{Spell, drawdowns, growth, spells};
pub use payoff_ratio::payoff_ratio;
pub use performance::{Performance, StepMoments, TradeFacts, TradeSums};
pub use profit_factor::profit_factor;
pub use recovery_factor::recovery_factor;
pub use sharpe_daily::{VOL_FLOOR_ANNUAL, sharpe};
pub use sharpe_hac_error::sharpe_hac_error;
pub use sharpe_step_raw::sharpe_of_steps;
pub use skew::skew;
pub use sortino::sortino;
pub use sqn::sqn;
pub use stability::stability;
pub use summary::{SharpeMethod, Summary};
pub use tail_ratio::tail_ratio;
pub use total_return::total_return;
pub use tracking_error::tracking_error;
pub use trade_means::{mean_trade_return, part_of_trades};
pub use trades_per_year::in_a_year;
pub use ulcer_index::ulcer_index;
pub use up_capture::up_capture;
pub use value_at_risk::{TAIL_FRAC, value_at_risk};
pub use vol_annual::vol_annual;
pub use win_rate::win_rate;
pub use worst_day::worst_day;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A part of one: 0.1 is ten percent.
    Fraction,
    /// A number without a unit.
    Ratio,
    /// Days of the calendar's sessions.
    Days,
    /// Bars.
    Bars,
    /// How many.
    Count,
    /// So many or so much a year.
    PerYear,
}

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It is a fact, and not a merit.
    Neither,
}

/// A metric's entry in the list.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Which way it should go.
    pub better: Better,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its computation. Prefer [`Metric::of`].
    pub compute: fn(&Performance<'_>) -> Option<f64>,
}

impl Metric {
    /// The figure of a run: finite, never -0, or undefined.
    pub fn of(&self, p: &Performance<'_>) -> Option<f64> {
        guard::finite((self.compute)(p)? + 0.0)
    }
}

/// Every metric, alphabetical.
pub const ALL: &[Metric] = &[
    alpha_annual::METRIC,
    avg_drawdown::METRIC,
    avg_loss::METRIC,
    avg_trade_bars::METRIC,
    avg_win::METRIC,
    best_day::METRIC,
    beta::METRIC,
    cagr::METRIC,
    calmar::METRIC,
    cost_share::METRIC,
    cvar::METRIC,
    down_capture::METRIC,
    downside_deviation::METRIC,
    expectancy::METRIC,
    exposure::METRIC,
    gain_to_pain::METRIC,
    information_ratio::METRIC,
    kelly::METRIC,
    kurtosis::METRIC,
    longest_drawdown_days::METRIC,
    max_drawdown::METRIC,
    max_drawdown_days::METRIC,
    max_losing_streak::METRIC,
    n_days_in_market::METRIC,
    n_nans::METRIC,
    n_trades::METRIC,
    observation_days::METRIC,
    omega::METRIC,
    payoff_ratio::METRIC,
    profit_factor::METRIC,
    recovery_factor::METRIC,
    sharpe_daily::METRIC,
    sharpe_hac_error::METRIC,
    sharpe_step_raw::METRIC,
    skew::METRIC,
    sortino::METRIC,
    sqn::METRIC,
    stability::METRIC,
    tail_ratio::METRIC,
    total_return::METRIC,
    tracking_error::METRIC,
    trades_per_year::METRIC,
    turnover_annual::METRIC,
    ulcer_index::METRIC,
    up_capture::METRIC,
    value_at_risk::METRIC,
    vol_annual::METRIC,
    win_rate::METRIC,
    worst_day::METRIC,
];

/// The metric of this name.
///
/// # Errors
/// [`Error::Spec`] when there is none, with the nearest one that there is.
pub fn find(name: &str) -> Result<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name).ok_or_else(|| {
        let mend = match nearest(name, ALL.iter().map(|metric| metric.name)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "docs/metrics.md lists them".to_owned(),
        };
        Error::Spec { field: "metric".to_owned(), reason: format!("there is no metric {name:?}"), mend }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_says_what_each_is() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(ALL.iter().all(|metric| metric.about.len() > 10 && !metric.about.ends_with('.')));
    }

    #[test]
    fn a_name_that_is_none_has_a_neighbour() {
        assert_eq!(find("sortino").unwrap().name, "sortino");
        let error = find("sharpe_dayly").unwrap_err().to_string();
        assert!(error.contains("there is no metric \"sharpe_dayly\"; did you mean \"sharpe_daily\"?"), "{error}");
    }
}
