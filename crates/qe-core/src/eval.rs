//! One evaluator: points in, outcomes out.
//!
//! The engine's batch kernel, option structures, a population of equations, a model trainer and a remote worker
//! all implement [`Evaluator`], so every sampler, splitter and distributed engine works with all of them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ident::Id;
use crate::param::Param;
use crate::point::{OutcomeTable, PointTable};
use crate::time::TimeRange;

/// How much effort an evaluation may spend: the share of the data that it looks at.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Fidelity(f64);

impl Fidelity {
    /// All of the data.
    pub const FULL: Self = Self(1.0);

    /// A share of the data, above 0 and at most 1.
    ///
    /// # Errors
    /// When it is outside of that.
    pub fn new(share_frac: f64) -> Result<Self> {
        if share_frac > 0.0 && share_frac <= 1.0 {
            Ok(Self(share_frac))
        } else {
            Err(Error::invalid("fidelity", share_frac, "it is a share", "give a number above 0 and at most 1"))
        }
    }

    /// The share.
    pub fn share_frac(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Fidelity {
    type Error = Error;
    fn try_from(share_frac: f64) -> Result<Self> {
        Self::new(share_frac)
    }
}

impl From<Fidelity> for f64 {
    fn from(fidelity: Fidelity) -> Self {
        fidelity.0
    }
}

/// The stretches of time in which points are scored: sorted, apart from one another, none empty.
///
/// What lies before a stretch may be read to warm up, never scored. All points of a run are scored from the same
/// instant, whatever their warm-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TimeRange>", into = "Vec<TimeRange>")]
pub struct Window(Vec<TimeRange>);

impl Window {
    /// One stretch.
    ///
    /// # Errors
    /// When it is empty.
    pub fn one(range: TimeRange) -> Result<Self> {
        Self::of(vec![range])
    }

    /// Several stretches.
    ///
    /// # Errors
    /// When there are none, one is empty, or they overlap or are out of order.
    pub fn of(ranges: Vec<TimeRange>) -> Result<Self> {
        if ranges.is_empty() {
            return Err(Error::invalid("window", "[]", "nothing would be scored", "give at least one stretch"));
        }
        if let Some(r) = ranges.iter().find(|r| r.is_empty()) {
            let mend = "give an end after the start";
            return Err(Error::invalid("window", format!("{}..{}", r.start, r.end), "a stretch is empty", mend));
        }
        if let Some(w) = ranges.windows(2).find(|w| w[1].start < w[0].end) {
            let value = format!("{}..{} before {}..{}", w[0].start, w[0].end, w[1].start, w[1].end);
            return Err(Error::invalid("window", value, "stretches overlap or are out of order", "sort and merge"));
        }
        Ok(Self(ranges))
    }

    /// The stretches, in order.
    pub fn ranges(&self) -> &[TimeRange] {
        &self.0
    }

    /// From the first stretch's start to the last one's end.
    pub fn hull(&self) -> TimeRange {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => TimeRange { start: first.start, end: last.end },
            _ => TimeRange { start: 0, end: 0 },
        }
    }

    /// Whether `at` is scored.
    pub fn contains(&self, at: i64) -> bool {
        let next = self.0.partition_point(|r| r.end <= at);
        self.0.get(next).is_some_and(|r| r.contains(at))
    }
}

impl TryFrom<Vec<TimeRange>> for Window {
    type Error = Error;
    fn try_from(ranges: Vec<TimeRange>) -> Result<Self> {
        Self::of(ranges)
    }
}

impl From<Window> for Vec<TimeRange> {
    fn from(window: Window) -> Self {
        window.0
    }
}

/// Turns parameter points into outcomes.
///
/// Evaluating is a pure function: the same points, fidelity and window give the same bytes, on any number of
/// threads and in any split into calls.
pub trait Evaluator: Send + Sync {
    /// What is evaluated: data, spec, costs and version in one id.
    fn id(&self) -> Id;

    /// The parameters that points have.
    fn params(&self) -> &[Param];

    /// The metrics that outcomes have.
    fn metrics(&self) -> &[String];

    /// One row per point, in the order of the points.
    ///
    /// # Errors
    /// Only when the call itself is wrong (points of other parameters, a window without data). A point that
    /// cannot be evaluated is a row with a reason.
    fn evaluate(&self, points: &PointTable, fidelity: Fidelity, window: &Window) -> Result<OutcomeTable>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::id_of;
    use crate::param::Value;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange { start, end }
    }

    #[test]
    fn windows_are_sorted_apart_and_not_empty() {
        assert!(Window::of(vec![]).is_err());
        assert!(Window::one(range(3, 3)).is_err());
        assert!(Window::of(vec![range(0, 5), range(4, 6)]).is_err());
        assert!(Window::of(vec![range(4, 6), range(0, 2)]).is_err());
        let w = Window::of(vec![range(0, 5), range(5, 6), range(9, 10)]).unwrap();
        let inside: Vec<_> = (-1..11).filter(|&t| w.contains(t)).collect();
        assert_eq!(inside, [0, 1, 2, 3, 4, 5, 9]);
        assert_eq!(w.hull(), range(0, 10));
        assert!(serde_json::from_str::<Window>(r#"[{"start":3,"end":1}]"#).is_err());
    }

    #[test]
    fn a_fidelity_is_a_share() {
        assert!(Fidelity::new(0.0).is_err() && Fidelity::new(1.1).is_err() && Fidelity::new(f64::NAN).is_err());
        assert!(serde_json::from_str::<Fidelity>("0.25").is_ok_and(|f| f.share_frac() == 0.25));
        assert!(serde_json::from_str::<Fidelity>("2").is_err());
    }

    /// The negated distance from a known optimum, for points on one side of a line.
    struct Bowl {
        params: Vec<Param>,
        metrics: Vec<String>,
    }

    impl Evaluator for Bowl {
        fn id(&self) -> Id {
            id_of("test.bowl", &self.params).unwrap()
        }
        fn params(&self) -> &[Param] {
            &self.params
        }
        fn metrics(&self) -> &[String] {
            &self.metrics
        }
        fn evaluate(&self, points: &PointTable, fidelity: Fidelity, window: &Window) -> Result<OutcomeTable> {
            let mut out = OutcomeTable::new(self.metrics.clone());
            let scored = window.ranges().iter().map(|r| r.end - r.start).sum::<i64>() as f64;
            for (row, &id) in points.ids().iter().enumerate() {
                match (points.value(row, 0), points.value(row, 1)) {
                    (Some(Value::Int(fast)), Some(Value::Int(slow))) if fast >= slow => {
                        out.push_failed(id, format!("invalid_point: fast_period {fast} is not below {slow}"));
                    }
                    (Some(Value::Int(fast)), Some(Value::Int(slow))) => {
                        let loss = (fast - 2).pow(2) + (slow - 3).pow(2);
                        out.push_done(id, &[-(loss as f64), scored * fidelity.share_frac()])?;
                    }
                    _ => out.push_failed(id, "invalid_point: two whole numbers are needed"),
                }
            }
            Ok(out)
        }
    }

    #[test]
    fn an_evaluator_is_used_through_the_trait_and_splitting_its_points_changes_nothing() {
        let params = vec![Param::int("fast_period", 1, 4, 1), Param::int("slow_period", 1, 4, 1)];
        let bowl: Box<dyn Evaluator> =
            Box::new(Bowl { params: params.clone(), metrics: vec!["score".into(), "scored".into()] });
        let points = PointTable::grid(params, 100).unwrap();
        let window = Window::of(vec![range(0, 5), range(7, 12)]).unwrap();
        let half = Fidelity::new(0.5).unwrap();
        let whole = bowl.evaluate(&points, half, &window).unwrap();
        let mut parts = bowl.evaluate(&points.slice(0..7), half, &window).unwrap();
        parts.append(bowl.evaluate(&points.slice(7..99), half, &window).unwrap()).unwrap();
        assert_eq!(format!("{parts:?}"), format!("{whole:?}"));
        let score = whole.metric("score").unwrap();
        let best = (0..score.len()).filter(|&i| !score[i].is_nan()).max_by(|&a, &b| score[a].total_cmp(&score[b]));
        assert_eq!(points.row(best.unwrap()).unwrap(), [Value::Int(2), Value::Int(3)]);
        assert_eq!(whole.metric("scored").unwrap()[1], 5.0);
        assert_eq!(whole.outcomes().iter().filter(|o| o.status() == "failed").count(), 10);
    }
}
