//! Factors from equations: a list of equations and a table of features in, a table of factors out.
//!
//! Equations are read as symbolic regression prints them, features found by unique ends of their names. What happens to
//! missing values is said, not guessed, and counted. A score in standard deviations takes mean and deviation from a stated
//! training range alone, and is missing up to that range's end unless in-sample values are asked for: nobody sees a score
//! that was fitted on its own future by accident.

use qe_core::columns::{Column, Columns};
use qe_core::eval::Window;
use qe_core::time::{TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::expr::{Compiled, Schema, compile, parse};
use crate::learned;
use crate::plan::Value;

/// What to do with a missing value of a factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It stays missing, and gives no signal.
    #[default]
    Keep,
    /// The last value that was there, for at most so many rows in a row; every one is counted.
    HoldLast(u32),
}

/// How factors are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The rows that mean and deviation are taken from: those that open in it and are complete by its end.
    pub train: TimeRange,
    /// Whether rows before the end of the training range are scored too.
    #[serde(default)]
    pub in_sample: bool,
}

/// What to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorSpec {
    /// Equations by name. `None` names them `factor_0`, `factor_1`, ….
    pub equations: Vec<(Option<String>, String)>,
    /// What to do with missing values.
    #[serde(default)]
    pub missing: Missing,
    /// How to score them, if at all.
    #[serde(default)]
    pub score: Option<Score>,
}

/// Mean and deviation of a factor over its training range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fitted {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation.
    pub std: f64,
    /// How many values they are of.
    pub n: u64,
}

/// Factors, and what was done to them.
#[derive(Debug, Clone)]
pub struct FactorTable {
    /// A column per equation.
    pub factors: Columns,
    /// How many values of each were held over from the row before.
    pub n_held: Vec<u64>,
    /// What each score was fitted to; empty without one.
    pub fitted: Vec<Fitted>,
}

impl FactorSpec {
    /// Equations without names.
    pub fn of(equations: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let equations = equations.into_iter().map(|e| (None, e.into())).collect();
        Self { equations, missing: Missing::Keep, score: None }
    }

    /// What the factors are called.
    pub fn names(&self) -> Vec<String> {
        let name = |(i, (name, _)): (usize, &(Option<String>, _))| name.clone().unwrap_or(format!("factor_{i}"));
        self.equations.iter().enumerate().map(name).collect()
    }

    /// Computes all equations over a table of features.
    ///
    /// # Errors
    /// When an equation cannot be read or compiled ([`Error::Factor`] says which), two have one name, or the training
    /// range has fewer than two values of a factor, or values that do not differ.
    pub fn compute(&self, features: &Columns) -> Result<FactorTable> {
        self.compile(&Schema::new(features.names().map(str::to_owned)))?.compute(features)
    }

    /// All equations, ready to be computed over tables that have the columns of `schema` that they read.
    ///
    /// # Errors
    /// When an equation cannot be read or compiled: [`Error::Factor`] says which.
    pub fn compile(&self, schema: &Schema) -> Result<FactorPlan> {
        let names = self.names();
        let failed = |idx: usize, error: Error| Error::Factor { name: names[idx].clone(), idx, error: Box::new(error) };
        let read = |(i, (_, text)): (usize, &(_, String))| parse(text).map_err(|e| failed(i, e.into()));
        let trees = self.equations.iter().enumerate().map(read).collect::<Result<Vec<_>>>()?;
        let named: Vec<_> = names.iter().map(String::as_str).zip(&trees).collect();
        let compiled = compile(&named, schema, None).map_err(|e| {
            // Which of them it was is found out one by one.
            let one = |i: usize| compile(&named[i..=i], schema, None).err().map(|e| failed(i, e));
            (0..named.len()).find_map(one).unwrap_or(e)
        })?;
        if compiled.plan().is_across() {
            let is_across = |i: &usize| compile(&named[*i..=*i], schema, None).is_ok_and(|c| c.plan().is_across());
            let idx = (0..named.len()).find(is_across).unwrap_or(0);
            return Err(failed(
                idx,
                Error::Data {
                    place: "the equation".into(),
                    reason: "it works across symbols, and a table of features is of one".into(),
                    mend: "leave it out, or evaluate it over a panel".into(),
                },
            ));
        }
        Ok(FactorPlan { names, compiled, missing: self.missing, score: self.score })
    }
}

/// Equations that are ready to be computed.
#[derive(Debug, Clone)]
pub struct FactorPlan {
    names: Vec<String>,
    compiled: Compiled,
    missing: Missing,
    score: Option<Score>,
}

impl FactorPlan {
    /// The columns that the equations read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.compiled.plan().columns()
    }

    /// Computes all of them over a table of features.
    ///
    /// # Errors
    /// As [`FactorSpec::compute`], and when the table lacks a column that they read.
    pub fn compute(&self, features: &Columns) -> Result<FactorTable> {
        let values = self.compiled.plan().eval(features)?;
        let mut out = FactorTable {
            factors: Columns::new(features.axis().clone()).starting_at_row(features.first_row()),
            n_held: Vec::with_capacity(self.names.len()),
            fitted: Vec::new(),
        };
        for (i, name) in self.names.iter().enumerate() {
            let value = self.compiled.output(i, 0).and_then(|idx| values.outputs().get(idx));
            let mut column = value.map(Value::to_numbers).unwrap_or_default();
            out.n_held.push(match self.missing {
                Missing::Keep => 0,
                Missing::HoldLast(most) => hold_last(&mut column, most),
            });
            if let Some(score) = self.score {
                let failed = |e| Error::Factor { name: name.clone(), idx: i, error: Box::new(e) };
                out.fitted.push(score.apply(&mut column, features).map_err(failed)?);
            }
            out.factors.push(name.as_str(), Column::from(column))?;
        }
        Ok(out)
    }
}

/// Holds the last value over gaps of at most so many rows; how many values that were comes back.
fn hold_last(column: &mut [f64], most: u32) -> u64 {
    let (mut last, mut age, mut n) = (f64::NAN, 0, 0);
    for value in column {
        if !value.is_nan() {
            (last, age) = (*value, 0);
        } else if age < most && !last.is_nan() {
            (*value, age, n) = (last, age + 1, n + 1);
        }
    }
    n
}

impl Score {
    /// Scores a column in place.
    fn apply(self, column: &mut [f64], table: &Columns) -> Result<Fitted> {
        let axis = table.axis();
        let train = Window::one(self.train)?;
        let seen = learned::seen(column, table, &train);
        let Some(score) = learned::Score::of(&seen, &train) else {
            return Err(Error::Data {
                place: "its score".into(),
                reason: format!(
                    "the training range from {} to {} holds {} values, too few or all alike to score by",
                    Timestamp(self.train.start),
                    Timestamp(self.train.end),
                    seen.len()
                ),
                mend: "choose a longer training range, or leave the factor out".into(),
            });
        };
        let first = if self.in_sample { 0 } else { axis.open().partition_point(|&t| t < self.train.end) };
        let (before, after) = column.split_at_mut(first);
        before.fill(f64::NAN);
        after.iter_mut().for_each(|v| *v = score.score(*v));
        Ok(Fitted { mean: score.mean(), std: score.std(), n: seen.len() as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::columns::Axis;

    fn features() -> Columns {
        let n = f64::NAN;
        Columns::new(Axis::instants((0..8).collect::<Vec<i64>>()).unwrap())
            .with("morphology_ret_range_50", vec![1.0, 2.0, 3.0, n, 5.0, 6.0, n, n])
            .unwrap()
            .with("xle_relative_strength", vec![-1.0, 1.0, -2.0, 2.0, 0.5, -0.5, 1.0, 1.0])
            .unwrap()
    }

    const SEED: &str = "ret_range_50 * (sign(xle_relative_strength) - 0.9149)";

    #[test]
    fn the_equation_of_the_seed_is_computed() {
        let out = FactorSpec::of([SEED, "square(ret_range_50)"]).compute(&features()).unwrap();
        assert_eq!(out.factors.names().collect::<Vec<_>>(), ["factor_0", "factor_1"]);
        let f = out.factors.get("factor_0").unwrap();
        assert_eq!((f.value(0), f.value(1)), (-1.9149, 2.0 * (1.0 - 0.9149)));
        assert!(f.value(3).is_nan() && f.value(7).is_nan());
    }

    #[test]
    fn a_plan_needs_the_columns_that_it_reads_alone() {
        let schema = Schema::new(["morphology_ret_range_50", "other", "xle_relative_strength"]);
        let plan = FactorSpec::of(["if(true, ret_range_50, other)"]).compile(&schema).unwrap();
        assert_eq!(plan.columns().collect::<Vec<_>>(), ["morphology_ret_range_50"]);
        assert_eq!(plan.compute(&features()).unwrap().factors.get("factor_0").unwrap().value(1), 2.0);
        let other = FactorSpec::of(["other"]).compile(&schema).unwrap();
        assert!(other.compute(&features()).unwrap_err().to_string().contains("other"));
    }

    #[test]
    fn gaps_are_held_over_only_if_asked_and_counted() {
        let spec = FactorSpec { missing: Missing::HoldLast(1), ..FactorSpec::of(["ret_range_50"]) };
        let out = spec.compute(&features()).unwrap();
        let f = out.factors.get("factor_0").unwrap();
        assert_eq!((f.value(3), f.value(6), out.n_held[0]), (3.0, 6.0, 2));
        assert!(f.value(7).is_nan());
    }

    #[test]
    fn a_score_knows_its_training_range_alone() {
        let train = TimeRange { start: 0, end: 3 };
        let spec =
            |in_sample| FactorSpec { score: Some(Score { train, in_sample }), ..FactorSpec::of(["ret_range_50"]) };
        let out = spec(false).compute(&features()).unwrap();
        assert_eq!(out.fitted, [Fitted { mean: 2.0, std: 1.0, n: 3 }]);
        let f = out.factors.get("factor_0").unwrap();
        assert!((0..3).all(|i| f.value(i).is_nan()));
        assert_eq!((f.value(4), f.value(5)), (3.0, 4.0));
        let inside = spec(true).compute(&features()).unwrap();
        assert_eq!(inside.factors.get("factor_0").unwrap().value(0), -1.0);
        // What comes later changes nothing.
        let mut later = features().slice(..5);
        later = spec(false).compute(&later).unwrap().factors;
        assert_eq!(later.get("factor_0").unwrap().value(4), 3.0);
    }

    #[test]
    fn what_cannot_be_scored_or_named_is_told() {
        let train = TimeRange { start: 3, end: 4 };
        let spec = FactorSpec { score: Some(Score { train, in_sample: false }), ..FactorSpec::of(["ret_range_50"]) };
        assert!(spec.compute(&features()).unwrap_err().to_string().contains("too few or all alike"));
        let twice = FactorSpec {
            equations: vec![(Some("a".into()), "1".into()), (Some("a".into()), "2".into())],
            ..FactorSpec::of(["1"])
        };
        assert!(twice.compute(&features()).unwrap_err().to_string().contains("one of that name already"));
        let across = FactorSpec::of(["1", "cs_rank(ret_range_50)"]).compute(&features()).unwrap_err();
        assert!(matches!(&across, Error::Factor { idx: 1, .. }) && across.to_string().contains("across"), "{across}");
        let wrong = FactorSpec::of(["ret_rnge_50 + 1"]).compute(&features()).unwrap_err().to_string();
        assert!(wrong.contains("did you mean"), "{wrong}");
        for (text, at) in [("1 + + )", 6..7), ("2 * ret_rnge_50", 4..15)] {
            let error = FactorSpec::of(["1", text]).compute(&features()).unwrap_err();
            assert_eq!(error.at(), Some(at));
            assert!(matches!(&error, Error::Factor { name, idx: 1, .. } if name == "factor_1"), "{error}");
        }
    }
}
