//! Points to evaluate and what came of them, as tables.
//!
//! Both tables have a fixed schema of plain typed columns, so that they travel as Arrow record batches to a file,
//! a thread or another machine and mean the same there. A point that cannot be evaluated is a row with a reason,
//! never an error of the whole table.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::param::{Kind, Param, Value};

/// The type of a table's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// True or false.
    Bool,
    /// Whole numbers.
    Int64,
    /// Numbers without a sign.
    UInt64,
    /// Double precision.
    Float64,
    /// Text.
    Utf8,
}

/// One column of a table's schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub dtype: FieldType,
    /// Whether values may be missing.
    pub nullable: bool,
}

/// The values of one parameter over all points.
#[derive(Debug, Clone, PartialEq)]
pub enum PointColumn {
    /// True or false.
    Bool(Vec<bool>),
    /// Whole numbers.
    Int(Vec<i64>),
    /// Numbers.
    Float(Vec<f64>),
    /// Places in the parameter's list of options.
    Choice(Vec<u32>),
}

/// Parameter points, one per row.
#[derive(Debug, Clone, PartialEq)]
pub struct PointTable {
    params: Arc<[Param]>,
    ids: Vec<u64>,
    columns: Vec<PointColumn>,
}

impl PointTable {
    /// No points yet, of these parameters.
    ///
    /// # Errors
    /// When a parameter contradicts itself or a name stands twice.
    pub fn new(params: impl IntoIterator<Item = Param>) -> Result<Self> {
        let params: Vec<Param> = params.into_iter().map(Param::validated).collect::<Result<_>>()?;
        for (i, p) in params.iter().enumerate() {
            if params[..i].iter().any(|q| q.name == p.name) {
                return Err(Error::invalid("parameter", &p.name, "it is named twice", "rename one of the two"));
            }
        }
        let columns = params
            .iter()
            .map(|p| match p.kind {
                Kind::Bool => PointColumn::Bool(Vec::new()),
                Kind::Int { .. } => PointColumn::Int(Vec::new()),
                Kind::Float { .. } => PointColumn::Float(Vec::new()),
                Kind::Choice { .. } => PointColumn::Choice(Vec::new()),
            })
            .collect();
        Ok(Self { params: params.into(), ids: Vec::new(), columns })
    }

    /// Every combination of the parameters' lattices; the last parameter turns fastest.
    ///
    /// # Errors
    /// When a parameter is a continuum, or there are more than `limit` combinations.
    pub fn grid(params: impl IntoIterator<Item = Param>, limit: u64) -> Result<Self> {
        let mut table = Self::new(params)?;
        let params = Arc::clone(&table.params);
        let mut total: u64 = 1;
        for p in params.iter() {
            let n = p.n_values().ok_or_else(|| {
                Error::invalid(&p.name, "a continuum", "a grid needs a step", "give the parameter a step")
            })?;
            total = total.saturating_mul(n);
        }
        if total > limit {
            let mend = format!("widen steps, drop parameters, or sample; the limit is {limit}");
            return Err(Error::invalid("grid", total, "there are too many combinations", mend));
        }
        for id in 0..total {
            let mut rest = id;
            let mut row = vec![Value::Bool(false); params.len()];
            for (slot, p) in row.iter_mut().zip(params.iter()).rev() {
                let n = p.n_values().unwrap_or(1);
                if let Some(v) = p.value_at(rest % n) {
                    *slot = v;
                }
                rest /= n;
            }
            table.push(id, &row)?;
        }
        Ok(table)
    }

    /// Adds a point under an id of the caller's.
    ///
    /// # Errors
    /// When a value is missing, too many, or not what its parameter allows; the table is as before then.
    pub fn push(&mut self, id: u64, values: &[Value]) -> Result<()> {
        if values.len() != self.params.len() {
            return Err(Error::Length {
                what: format!("point {id}"),
                expected: self.params.len(),
                got: values.len(),
                mend: "give one value per parameter, in their order".into(),
            });
        }
        let checked: Vec<Value> = self.params.iter().zip(values).map(|(p, v)| p.check(v)).collect::<Result<_>>()?;
        for ((column, value), param) in self.columns.iter_mut().zip(checked).zip(self.params.iter()) {
            match (column, value) {
                (PointColumn::Bool(c), Value::Bool(v)) => c.push(v),
                (PointColumn::Int(c), Value::Int(v)) => c.push(v),
                (PointColumn::Float(c), Value::Float(v)) => c.push(v),
                (PointColumn::Choice(c), Value::Text(v)) => c.push(place(param, &v)),
                // `check` hands back the kind of the parameter, which is the kind of its column.
                _ => {}
            }
        }
        self.ids.push(id);
        Ok(())
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The parameters, in the order of the columns.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The points' ids, by row.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The values of one parameter.
    ///
    /// # Errors
    /// When there is no such parameter.
    pub fn column(&self, name: &str) -> Result<&PointColumn> {
        let at = self.params.iter().position(|p| p.name == name);
        at.map(|i| &self.columns[i])
            .ok_or_else(|| Error::unknown("parameter", name, self.params.iter().map(|p| p.name.as_str())))
    }

    /// One value; `None` beyond the table.
    pub fn value(&self, row: usize, param_idx: usize) -> Option<Value> {
        let param = self.params.get(param_idx)?;
        Some(match &self.columns[param_idx] {
            PointColumn::Bool(c) => Value::Bool(*c.get(row)?),
            PointColumn::Int(c) => Value::Int(*c.get(row)?),
            PointColumn::Float(c) => Value::Float(*c.get(row)?),
            PointColumn::Choice(c) => match &param.kind {
                Kind::Choice { options } => Value::Text(options.get(*c.get(row)? as usize)?.clone()),
                _ => return None,
            },
        })
    }

    /// All values of one point, in the order of the parameters; `None` beyond the table.
    pub fn row(&self, row: usize) -> Option<Vec<Value>> {
        (row < self.len()).then(|| (0..self.params.len()).filter_map(|i| self.value(row, i)).collect())
    }

    /// Rows `rows` as a table of their own.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let rows = rows.start.min(self.len())..rows.end.min(self.len()).max(rows.start.min(self.len()));
        let columns = self
            .columns
            .iter()
            .map(|c| match c {
                PointColumn::Bool(v) => PointColumn::Bool(v[rows.clone()].to_vec()),
                PointColumn::Int(v) => PointColumn::Int(v[rows.clone()].to_vec()),
                PointColumn::Float(v) => PointColumn::Float(v[rows.clone()].to_vec()),
                PointColumn::Choice(v) => PointColumn::Choice(v[rows.clone()].to_vec()),
            })
            .collect();
        Self { params: Arc::clone(&self.params), ids: self.ids[rows].to_vec(), columns }
    }

    /// The schema: `point_id`, then a column per parameter.
    pub fn schema(&self) -> Vec<Field> {
        let id = Field { name: "point_id".into(), dtype: FieldType::UInt64, nullable: false };
        let params = self.params.iter().map(|p| Field {
            name: p.name.clone(),
            nullable: false,
            dtype: match p.kind {
                Kind::Bool => FieldType::Bool,
                Kind::Int { .. } => FieldType::Int64,
                Kind::Float { .. } => FieldType::Float64,
                Kind::Choice { .. } => FieldType::Utf8,
            },
        });
        std::iter::once(id).chain(params).collect()
    }
}

/// Where `text` stands in the options of `param`; 0 if it does not, which `check` has ruled out.
fn place(param: &Param, text: &str) -> u32 {
    match &param.kind {
        Kind::Choice { options } => options.iter().position(|o| o == text).unwrap_or(0) as u32,
        _ => 0,
    }
}

/// How an evaluation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The metrics are there.
    Done,
    /// The point could not be evaluated.
    Failed {
        /// Why, as a word that programs can match, with details behind a colon.
        reason: String,
    },
    /// The evaluation was given up early, as unpromising.
    Pruned {
        /// By which rule.
        reason: String,
    },
}

impl Outcome {
    /// The word that stands in the `status` column.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Pruned { .. } => "pruned",
        }
    }

    /// Why there is no result, where there is none.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Failed { reason } | Self::Pruned { reason } => Some(reason),
        }
    }
}

/// Why a point failed that nobody told of.
pub const NOT_EVALUATED: &str = "not_evaluated";

/// What came of points: ids, how each ended, and metrics in columns. Metrics of a point that did not end well
/// are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeTable {
    metrics: Arc<[String]>,
    ids: Vec<u64>,
    outcomes: Vec<Outcome>,
    values: Vec<Vec<f64>>,
}

impl OutcomeTable {
    /// No rows yet, of these metrics.
    pub fn new<S: Into<String>>(metrics: impl IntoIterator<Item = S>) -> Self {
        let metrics: Arc<[String]> = metrics.into_iter().map(Into::into).collect();
        let values = vec![Vec::new(); metrics.len()];
        Self { metrics, ids: Vec::new(), outcomes: Vec::new(), values }
    }

    /// A row for each of these points, failed as [`NOT_EVALUATED`] until something is set. Room is taken once, so that what is
    /// evaluated in parts needs no second copy.
    pub fn of_points<S: Into<String>>(metrics: impl IntoIterator<Item = S>, ids: &[u64]) -> Self {
        let mut table = Self::new(metrics);
        table.ids.extend(ids);
        table.outcomes.resize(ids.len(), Outcome::Failed { reason: NOT_EVALUATED.into() });
        table.values.iter_mut().for_each(|column| *column = vec![f64::NAN; ids.len()]);
        table
    }

    /// Sets a row to a point that was evaluated.
    ///
    /// # Errors
    /// When there is no such row, or not one value per metric.
    pub fn set_done(&mut self, row: usize, values: &[f64]) -> Result<()> {
        self.outcome_mut(row)?;
        self.check(self.ids[row], values)?;
        self.outcomes[row] = Outcome::Done;
        self.values.iter_mut().zip(values).for_each(|(column, value)| column[row] = *value);
        Ok(())
    }

    /// Sets a row to a point that failed.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn set_failed(&mut self, row: usize, reason: impl Into<String>) -> Result<()> {
        *self.outcome_mut(row)? = Outcome::Failed { reason: reason.into() };
        self.values.iter_mut().for_each(|column| column[row] = f64::NAN);
        Ok(())
    }

    fn outcome_mut(&mut self, row: usize) -> Result<&mut Outcome> {
        let n = self.outcomes.len();
        self.outcomes.get_mut(row).ok_or_else(|| {
            Error::invalid("row", row, format!("the table has {n}"), "give the place of one of its points")
        })
    }

    fn check(&self, id: u64, values: &[f64]) -> Result<()> {
        if values.len() == self.metrics.len() {
            return Ok(());
        }
        Err(Error::Length {
            what: format!("the outcome of point {id}"),
            expected: self.metrics.len(),
            got: values.len(),
            mend: "give one value per metric, NaN where it is undefined".into(),
        })
    }

    /// Adds a point that was evaluated.
    ///
    /// # Errors
    /// When there is not one value per metric.
    pub fn push_done(&mut self, id: u64, values: &[f64]) -> Result<()> {
        self.check(id, values)?;
        self.ids.push(id);
        self.outcomes.push(Outcome::Done);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.push(*value);
        }
        Ok(())
    }

    /// Adds a point that failed.
    pub fn push_failed(&mut self, id: u64, reason: impl Into<String>) {
        self.push_empty(id, Outcome::Failed { reason: reason.into() });
    }

    /// Adds a point that was given up early.
    pub fn push_pruned(&mut self, id: u64, reason: impl Into<String>) {
        self.push_empty(id, Outcome::Pruned { reason: reason.into() });
    }

    fn push_empty(&mut self, id: u64, outcome: Outcome) {
        self.ids.push(id);
        self.outcomes.push(outcome);
        for column in &mut self.values {
            column.push(f64::NAN);
        }
    }

    /// Puts the rows of `other` behind these.
    ///
    /// # Errors
    /// When the metrics differ.
    pub fn append(&mut self, other: Self) -> Result<()> {
        if self.metrics != other.metrics {
            return Err(Error::invalid(
                "metrics",
                other.metrics.join(", "),
                "the two tables measure different things",
                format!("measure {}", self.metrics.join(", ")),
            ));
        }
        self.ids.extend(other.ids);
        self.outcomes.extend(other.outcomes);
        for (column, more) in self.values.iter_mut().zip(other.values) {
            column.extend(more);
        }
        Ok(())
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The points' ids, by row.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// How each point ended, by row.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The names of the metrics.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// One metric over all rows.
    ///
    /// # Errors
    /// When there is no such metric.
    pub fn metric(&self, name: &str) -> Result<&[f64]> {
        let at = self.metrics.iter().position(|m| m == name);
        at.map(|i| self.values[i].as_slice())
            .ok_or_else(|| Error::unknown("metric", name, self.metrics.iter().map(String::as_str)))
    }

    /// The schema: `point_id`, `status`, `reason`, then a column per metric.
    pub fn schema(&self) -> Vec<Field> {
        let field = |name: &str, dtype, nullable| Field { name: name.to_owned(), dtype, nullable };
        let head = [
            field("point_id", FieldType::UInt64, false),
            field("status", FieldType::Utf8, false),
            field("reason", FieldType::Utf8, true),
        ];
        head.into_iter().chain(self.metrics.iter().map(|m| field(m, FieldType::Float64, true))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> [Param; 3] {
        [
            Param::int("fast_period", 1, 2, 1),
            Param::choice("exit", ["stop", "trail"], "stop"),
            Param::bool("short", false),
        ]
    }

    #[test]
    fn a_grid_holds_every_combination_once_and_the_last_turns_fastest() {
        let table = PointTable::grid(params(), 100).unwrap();
        assert_eq!(table.len(), 8);
        assert_eq!(table.row(0).unwrap(), [1.into(), "stop".into(), false.into()]);
        assert_eq!(table.row(1).unwrap(), [1.into(), "stop".into(), true.into()]);
        assert_eq!(table.row(7).unwrap(), [2.into(), "trail".into(), true.into()]);
        let rows: std::collections::BTreeSet<_> = (0..8).map(|r| format!("{:?}", table.row(r).unwrap())).collect();
        assert_eq!(rows.len(), 8);
        assert_eq!(table.row(8), None);
    }

    #[test]
    fn a_grid_too_large_or_continuous_is_refused() {
        assert!(PointTable::grid(params(), 7).unwrap_err().to_string().contains("8"));
        let text = PointTable::grid([Param::float("x", 0.0, 1.0, 0.5)], 7).unwrap_err().to_string();
        assert!(text.contains("give the parameter a step"), "{text}");
        let huge = [Param::int("a", 0, i64::MAX - 1, 0), Param::int("b", 0, i64::MAX - 1, 0)];
        assert!(PointTable::grid(huge, 1000).is_err());
    }

    #[test]
    fn a_bad_point_leaves_the_table_as_it_was() {
        let mut table = PointTable::new(params()).unwrap();
        assert!(table.push(0, &[1.into(), "nope".into(), true.into()]).is_err());
        assert!(table.push(0, &[1.into()]).is_err());
        table.push(7, &[2.into(), "trail".into(), true.into()]).unwrap();
        assert_eq!((table.len(), table.ids()), (1, &[7][..]));
        assert_eq!(*table.column("exit").unwrap(), PointColumn::Choice(vec![1]));
    }

    #[test]
    fn rows_set_in_any_order_are_those_pushed_in_turn() {
        let mut set = OutcomeTable::of_points(["sharpe", "n_trades"], &[3, 4]);
        assert!(set.outcomes().iter().all(|outcome| outcome.reason() == Some(NOT_EVALUATED)));
        set.set_done(1, &[1.0, 2.0]).unwrap();
        set.set_failed(1, "empty_window").unwrap();
        assert!(set.set_done(0, &[1.5]).is_err());
        set.set_done(0, &[1.5, 10.0]).unwrap();
        assert!(set.set_done(2, &[1.5, 10.0]).is_err() && set.set_failed(2, "late").is_err());
        let mut pushed = OutcomeTable::new(["sharpe", "n_trades"]);
        pushed.push_done(3, &[1.5, 10.0]).unwrap();
        pushed.push_failed(4, "empty_window");
        assert_eq!((set.outcomes(), set.ids(), set.metrics()), (pushed.outcomes(), pushed.ids(), pushed.metrics()));
        assert_eq!(set.metric("n_trades").unwrap()[0], 10.0);
        assert!(set.metric("sharpe").unwrap()[1].is_nan());
    }

    #[test]
    fn outcomes_keep_failures_as_rows() {
        let mut table = OutcomeTable::new(["sharpe", "n_trades"]);
        table.push_done(3, &[1.5, 10.0]).unwrap();
        table.push_failed(4, "insufficient_warmup: needs 200 bars, has 100");
        assert!(table.push_done(5, &[1.0]).is_err());
        assert_eq!(table.ids(), [3, 4]);
        assert_eq!(table.outcomes()[1].status(), "failed");
        assert!(table.metric("sharpe").unwrap()[1].is_nan());
        assert!(table.metric("sharp").unwrap_err().to_string().contains("did you mean \"sharpe\""));
        let names: Vec<_> = table.schema().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["point_id", "status", "reason", "sharpe", "n_trades"]);
    }
}
