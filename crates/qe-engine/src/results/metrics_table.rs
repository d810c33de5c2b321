//! Rows of metrics under one schema, from runs, stored runs and outcomes of sweeps.

use std::collections::BTreeMap;

use qe_core::eval::{Fidelity, Window};
use qe_core::ident::Id;
use qe_core::instrument::AssetClass;
use qe_core::param::Value;
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::time::Timestamp;
use serde::Serialize;

use super::manifest::RunManifest;
use super::schema::{SCHEMA_VERSION, SchemaColumn, column_of_outcome, schema};
use super::table::{Cell, Column, Dtype, Table, Values};
use super::undefined::reasons;
use crate::error::{Error, Result};
use crate::metrics::summary::{SharpeMethod, Summary};
use crate::outcome;
use crate::run::{Report, RunIdentity};
use crate::spec::FillSpec;
use crate::sweep::Sweep;

/// Rows of metrics, one below the other.
///
/// A row of a run and one of the same point in a sweep have the same bits in every column that a sweep knows, the origin and
/// the point's number apart.
#[derive(Debug, Clone)]
pub struct MetricsTable {
    columns: Vec<(SchemaColumn, Values)>,
    /// By name, as long as the rows that are there; shorter where the last rows do not have it.
    params: BTreeMap<String, Vec<Option<Value>>>,
    n: usize,
}

impl Default for MetricsTable {
    fn default() -> Self {
        Self::new()
    }
}

/// What a row is made from.
struct Row<'a> {
    origin: &'static str,
    identity: &'a RunIdentity,
    class: Option<AssetClass>,
    capital: f64,
    point_id: Option<u64>,
    status: &'static str,
    failure: Option<&'a str>,
    /// By the names of a sweep's outcome.
    told: BTreeMap<&'a str, Option<f64>>,
    summary: Option<&'a Summary>,
}

impl MetricsTable {
    /// No rows yet.
    pub fn new() -> Self {
        let columns = schema().into_iter().map(|c| (c, Values::of(c.dtype))).collect();
        Self { columns, params: BTreeMap::new(), n: 0 }
    }

    /// Adds a run.
    ///
    /// # Errors
    /// When its identity cannot be written as text.
    pub fn push_run(&mut self, report: &Report, class: Option<AssetClass>) -> Result<()> {
        let outcome = report.outcome();
        self.push(&Row {
            origin: "run",
            identity: &report.identity,
            class,
            capital: report.ledger.capital,
            point_id: None,
            status: "done",
            failure: None,
            told: outcome::NAMES.into_iter().zip(outcome.map(finite)).collect(),
            summary: Some(&report.summary),
        })
    }

    /// Adds a run that was stored: the row that it had when it was made.
    ///
    /// # Errors
    /// As [`MetricsTable::push_run`].
    pub fn push_stored(&mut self, stored: &RunManifest) -> Result<()> {
        self.push(&Row {
            origin: "run",
            identity: &stored.identity,
            class: stored.asset_class,
            capital: stored.capital,
            point_id: None,
            status: "done",
            failure: None,
            told: stored.outcome.iter().map(|(name, v)| (name.as_str(), *v)).collect(),
            summary: Some(&stored.summary),
        })
    }

    /// Adds a row of a sweep's outcomes. [`Sweep::identity`] gives its identity, and the capital is the
    /// strategy's.
    ///
    /// # Errors
    /// When the outcomes have no such row, or as [`MetricsTable::push_run`].
    pub fn push_outcome(
        &mut self,
        identity: &RunIdentity,
        class: Option<AssetClass>,
        capital: f64,
        outcomes: &OutcomeTable,
        row: usize,
    ) -> Result<()> {
        let (Some(id), Some(outcome)) = (outcomes.ids().get(row), outcomes.outcomes().get(row)) else {
            let reason = format!("there is no row {row} of {}", outcomes.len());
            return Err(Error::stored("outcomes", reason, "give a row of them"));
        };
        let mut told = BTreeMap::new();
        for name in outcomes.metrics() {
            told.insert(name.as_str(), outcomes.metric(name)?.get(row).copied().and_then(finite));
        }
        self.push(&Row {
            origin: "sweep",
            identity,
            class,
            capital,
            point_id: Some(*id),
            status: outcome.status(),
            failure: outcome.reason(),
            told,
            summary: None,
        })
    }

    /// Adds all rows of a sweep's outcomes, each with its identity; `class` tells the class of a symbol's instrument.
    ///
    /// # Errors
    /// When the outcomes are not those of the points, or as [`Sweep::identities`] and [`MetricsTable::push_outcome`].
    pub fn push_sweep(
        &mut self,
        sweep: &Sweep,
        points: &PointTable,
        fidelity: Fidelity,
        window: &Window,
        outcomes: &OutcomeTable,
        class: impl Fn(&str) -> Option<AssetClass>,
    ) -> Result<()> {
        if points.ids() != outcomes.ids() {
            let reason = format!("they are of {} points, and there are {}", outcomes.len(), points.len());
            return Err(Error::stored("outcomes", reason, "give those of these points, in their order"));
        }
        let capital = sweep.spec().settings()?.capital;
        for (row, identity) in sweep.identities(points, fidelity, window)?.iter().enumerate() {
            self.push_outcome(identity, class(&identity.symbol), capital, outcomes, row)?;
        }
        Ok(())
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The table: the columns of the schema, and then a column per parameter.
    ///
    /// A parameter that some rows do not have is null there. Where some have whole numbers and others any, its column is of
    /// floats; where kinds differ otherwise, of text.
    ///
    /// # Errors
    /// When a parameter and a column have one name: none can.
    pub fn finish(self) -> Result<Table> {
        let n = self.n;
        let of_schema = self.columns.into_iter().map(|(c, values)| Column { name: c.name.to_owned(), values });
        let params = self.params.into_iter().map(|(name, mut values)| {
            values.resize(n, None);
            Column { name: format!("param_{name}"), values: of_values(&values) }
        });
        Table::new(of_schema.chain(params).collect())
    }

    fn push(&mut self, row: &Row<'_>) -> Result<()> {
        let mut cells = row.head()?;
        row.figures(&self.columns, &mut cells)?;
        for (column, values) in &mut self.columns {
            values.push(cells.remove(column.name).unwrap_or_default());
        }
        for (name, value) in &row.identity.params {
            let values = self.params.entry(name.clone()).or_default();
            values.resize(self.n, None);
            values.push(Some(value.clone()));
        }
        self.n += 1;
        Ok(())
    }
}

impl Row<'_> {
    /// What it is a result of, and how it ended.
    fn head(&self) -> Result<BTreeMap<&'static str, Cell>> {
        let i = self.identity;
        let text = |s: &str| Cell::Text(s.into());
        let id = |id: &Id| Cell::Text(id.to_string().into());
        let time = |t: Timestamp| Cell::Time(t.0);
        let some = |is: bool, cell: Cell| if is { cell } else { Cell::Null };
        Ok(BTreeMap::from([
            ("schema_version", Cell::UInt(SCHEMA_VERSION)),
            ("origin", text(self.origin)),
            ("run_id", id(&i.run_id)),
            ("point_id", self.point_id.map_or(Cell::Null, Cell::UInt)),
            ("status", text(self.status)),
            ("failure", self.failure.map_or(Cell::Null, text)),
            ("strategy", Cell::Text(i.strategy.clone())),
            ("asset_class", text(&class_word(self.class))),
            ("symbol", text(&i.symbol)),
            ("frequency", text(&i.frequency)),
            ("params", json(&i.params)?),
            ("spec_id", id(&i.spec_id)),
            ("skeleton_id", id(&i.skeleton_id)),
            ("spec_version", Cell::UInt(u64::from(i.spec_version))),
            ("data_id", id(&i.data_id)),
            ("reads", some(!i.reads.is_empty(), json(&i.reads)?)),
            ("vendor", i.vendor.as_deref().map_or(Cell::Null, text)),
            ("as_of", i.as_of.map_or(Cell::Null, time)),
            ("start", time(i.start)),
            ("eval_start", time(i.eval_start)),
            ("end", time(i.end)),
            ("stretches", some(!i.stretches.is_empty(), json(&i.stretches)?)),
            ("warmup", json(&i.warmup)?),
            ("cost_model_id", id(&i.cost_model_id)),
            ("fill_timing", json(&FillSpec(i.fill_timing))?),
            ("is_same_bar", Cell::Bool(i.is_same_bar)),
            ("holding", json(&i.holding)?),
            ("path_policy", json(&i.path_policy)?),
            ("seed", Cell::UInt(i.seed)),
            ("crate_version", text(&i.crate_version)),
            ("capital", Cell::Float(self.capital)),
            ("sharpe_method", json(&self.summary.map_or(SharpeMethod::DailyAggV1, |s| s.sharpe_method))?),
        ]))
    }

    /// Its metrics, and why some are undefined.
    fn figures(&self, columns: &[(SchemaColumn, Values)], cells: &mut BTreeMap<&'static str, Cell>) -> Result<()> {
        if self.failure.is_some() {
            return Ok(());
        }
        let mut figures: BTreeMap<&str, Option<f64>> = BTreeMap::new();
        if let Some(summary) = self.summary {
            figures.extend(summary.figures.iter().map(|(name, v)| (name.as_str(), *v)));
        }
        // What a sweep tells too has the sweep's bits.
        figures.extend(self.told.iter().map(|(name, v)| (column_of_outcome(name), *v)));
        let won = figures.get("final_equity").copied().flatten().map(|equity| equity - self.capital);
        figures.insert("pnl", won);
        for (column, _) in columns {
            if let Some(Some(x)) = figures.get(column.name) {
                let cell = match column.dtype {
                    Dtype::Bool => Cell::Bool(*x != 0.0),
                    // Counts are whole, and far below where floats are not.
                    Dtype::Int => Cell::Int(*x as i64),
                    _ => Cell::Float(*x),
                };
                cells.insert(column.name, cell);
            }
        }
        let is_floored = figures.get("vol_floor_applied").copied().flatten() == Some(1.0);
        let why = reasons(&figures, is_floored);
        if !why.is_empty() {
            cells.insert("undefined", json(&why)?);
        }
        Ok(())
    }
}

/// A class as it is written.
pub(super) fn class_word(class: Option<AssetClass>) -> String {
    let word = class.and_then(|class| serde_json::to_value(class).ok());
    word.as_ref().and_then(|word| word.as_str()).unwrap_or("unknown").to_owned()
}

fn finite(x: f64) -> Option<f64> {
    Some(x).filter(|x| x.is_finite())
}

/// A value as JSON; a word without its quotes.
fn json(value: &impl Serialize) -> Result<Cell> {
    let value = serde_json::to_value(value).map_err(|e| {
        Error::stored(
            "a row of metrics",
            e.to_string(),
            "give parameters that are finite numbers, words, or yes and no",
        )
    })?;
    Ok(Cell::Text(match value {
        serde_json::Value::String(word) => word.into(),
        other => other.to_string().into(),
    }))
}

/// The column of a parameter.
fn of_values(values: &[Option<Value>]) -> Values {
    let all = |is: fn(&Value) -> bool| values.iter().flatten().all(is);
    let dtype = if all(|v| matches!(v, Value::Bool(_))) {
        Dtype::Bool
    } else if all(|v| matches!(v, Value::Int(_))) {
        Dtype::Int
    } else if all(|v| matches!(v, Value::Int(_) | Value::Float(_))) {
        Dtype::Float
    } else {
        Dtype::Text
    };
    let mut out = Values::of(dtype);
    for value in values {
        out.push(match value {
            None => Cell::Null,
            Some(value) if dtype == Dtype::Text => Cell::Text(value.to_string().into()),
            Some(Value::Bool(v)) => Cell::Bool(*v),
            Some(Value::Int(v)) => Cell::Int(*v),
            Some(Value::Float(v)) => Cell::Float(*v),
            Some(Value::Text(v)) => Cell::Text(v.as_str().into()),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameters_column_holds_what_all_rows_have() {
        let of = |values: &[Option<Value>]| of_values(values);
        assert_eq!(of(&[Some(Value::Int(3)), None]), Values::Int(vec![Some(3), None]));
        assert_eq!(of(&[Some(Value::Int(3)), Some(Value::Float(0.5))]), Values::Float(vec![Some(3.0), Some(0.5)]));
        let mixed = of(&[Some(Value::Bool(true)), Some(Value::Text("a".into())), Some(Value::Float(2.0))]);
        assert_eq!(mixed, Values::Text(vec![Some("true".into()), Some("a".into()), Some("2.0".into())]));
        assert_eq!(of(&[Some(Value::Bool(true))]), Values::Bool(vec![Some(true)]));
    }

    #[test]
    fn a_class_is_a_word() {
        assert_eq!(class_word(Some(AssetClass::Etf)), "etf");
        assert_eq!(class_word(None), "unknown");
    }
}
