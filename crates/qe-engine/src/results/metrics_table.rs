//! Rows of metrics under one schema, from runs, stored runs and outcomes of sweeps.

use std::collections::BTreeMap;

use qe_core::eval::{Fidelity, Window};
use qe_core::instrument::AssetClass;
use qe_core::param::Value;
use qe_core::point::{OutcomeTable, PointTable};

use super::manifest::RunManifest;
use super::row::{Row, finite};
use super::schema::{SchemaColumn, schema};
use super::table::{Cell, Column, Dtype, Table, Values};
use crate::error::{Error, Result};
use crate::outcome;
use crate::run::{Report, RunIdentity};
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
}
