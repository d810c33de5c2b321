//! What was fitted on a training window and is applied to series: `fitted("id", x)` in expressions.
//!
//! A score by mean and deviation, a threshold, a regime or a model learn from one stretch of time and speak about another.
//! [`Learned`] is such a thing: frozen, with its training window, and a computation over series. An expression that reads
//! it gives nothing for rows that open before the window's end, unless the schema says in words that it may speak about
//! what it has seen.

use qe_core::columns::Columns;
use qe_core::error::Result;
use qe_core::eval::Window;
use qe_core::fit::{Fit, Frozen};
use qe_core::ident::{Id, id_of};
use qe_core::stats::{Moments, quantile};

use crate::indicators::Indicator;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// Something fitted that is applied to series: an [`Indicator`] that knows what it was fitted on.
pub trait Learned: Indicator + Frozen {
    /// How many series it reads.
    fn n_inputs(&self) -> usize;

    /// The series that it gives. One alone needs no name in an expression.
    fn outputs(&self) -> &[&'static str] {
        &["value"]
    }
}

/// Fits the score of a column: how many sample deviations it is from its mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scores {
    /// The column that is learned from.
    pub column: String,
}

/// A score by a mean and a deviation that were fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    mean: f64,
    std: f64,
    seen: Window,
    id: Id,
}

/// Fits a level of a column: the value below which a share of its values lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// The column that is learned from.
    pub column: String,
    /// The share of values below, from 0 to 1. Between two values it is interpolated.
    pub below_frac: f64,
}

/// A level that was fitted: a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    value: f64,
    seen: Window,
    id: Id,
}

/// The values of a column in the rows that open in a window and are complete by the end of their stretch of it, without
/// those that are missing.
pub(crate) fn seen(column: &[f64], table: &Columns, train: &Window) -> Vec<f64> {
    let axis = table.axis();
    let mut values = Vec::new();
    for stretch in train.ranges() {
        let open = axis.rows_in(*stretch);
        let rows = open.start..open.end.min(axis.known_at(stretch.end)).max(open.start);
        values.extend(column[rows].iter().copied().filter(|v| !v.is_nan()));
    }
    values
}

impl Score {
    /// A score by a mean and a deviation that were fitted on a window.
    ///
    /// # Errors
    /// When the deviation is not above zero, or one of them is no number.
    pub fn new(mean: f64, std: f64, seen: Window) -> Result<Self> {
        if !(mean.is_finite() && std.is_finite() && std > 0.0) {
            let value = format!("mean {mean}, deviation {std}");
            let mend = "give numbers, the deviation above 0";
            return Err(qe_core::Error::invalid("score", value, "there is nothing to divide by", mend));
        }
        let id = id_of("learned.score", &(mean, std, &seen))?;
        Ok(Self { mean, std, seen, id })
    }

    /// The score by the mean and sample deviation of some values; `None` where there are fewer than two, or all are alike.
    pub(crate) fn of(values: &[f64], seen: &Window) -> Option<Self> {
        let moments = Moments::of(values);
        Self::new(moments.mean()?, moments.std(1)?, seen.clone()).ok()
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The sample standard deviation.
    pub fn std(&self) -> f64 {
        self.std
    }

    /// The score of a value.
    #[inline]
    pub fn score(&self, x: f64) -> f64 {
        (x - self.mean) / self.std
    }
}

impl Level {
    /// A level that was fitted on a window.
    ///
    /// # Errors
    /// When it is no number.
    pub fn new(value: f64, seen: Window) -> Result<Self> {
        if !value.is_finite() {
            return Err(qe_core::Error::invalid("level", value, "it is no number", "give a number"));
        }
        let id = id_of("learned.level", &(value, &seen))?;
        Ok(Self { value, seen, id })
    }

    /// The level.
    pub fn value(&self) -> f64 {
        self.value
    }
}

fn too_few(what: &'static str, n: usize) -> qe_core::Error {
    qe_core::Error::Undefined {
        what,
        reason: format!("the training window holds {n} values, too few or all alike"),
        mend: "choose a longer window".into(),
    }
}

impl Fit for Scores {
    type Data = Columns;
    type Frozen = Score;

    fn fit(&self, data: &Columns, train: &Window) -> Result<Score> {
        let values = seen(&data.get(&self.column)?.to_f64(), data, train);
        Score::of(&values, train).ok_or_else(|| too_few("a score", values.len()))
    }
}

impl Fit for Levels {
    type Data = Columns;
    type Frozen = Level;

    fn fit(&self, data: &Columns, train: &Window) -> Result<Level> {
        if !(0.0..=1.0).contains(&self.below_frac) {
            let mend = "give a number from 0 to 1";
            return Err(qe_core::Error::invalid("below_frac", self.below_frac, "it is a share", mend));
        }
        let values = seen(&data.get(&self.column)?.to_f64(), data, train);
        let value = quantile(&values, self.below_frac).ok_or_else(|| too_few("a level", values.len()))?;
        Level::new(value, train.clone())
    }
}

impl Frozen for Score {
    fn id(&self) -> Id {
        self.id
    }

    fn trained_on(&self) -> &Window {
        &self.seen
    }
}

impl Frozen for Level {
    fn id(&self) -> Id {
        self.id
    }

    fn trained_on(&self) -> &Window {
        &self.seen
    }
}

impl Indicator for Score {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(self.clone())
    }
}

keep!(Score {} given { mean, std, seen, id });

impl Step<1, 1> for Score {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.score(x)]
    }
}

impl Learned for Score {
    fn n_inputs(&self) -> usize {
        1
    }
}

impl Indicator for Level {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

keep!(Level {} given { value, seen, id });

impl Kernel for Level {
    fn run(&mut self, _: &[&[f64]], out: &mut [&mut [f64]]) {
        out.iter_mut().for_each(|o| o.fill(self.value));
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl Learned for Level {
    fn n_inputs(&self) -> usize {
        0
    }
}
