//! One fit: training data in, a frozen thing out.
//!
//! An optimiser, a threshold, a regime and a model are all fitted on a training window and applied to another.
//! What comes out is [`Frozen`]: it has an id, it names the window that it has seen, and the types let it be
//! applied only to what it was not fitted on unless in-sample use is asked for in words.

use crate::error::{Error, Result};
use crate::eval::Window;
use crate::ident::Id;
use crate::time::{TimeRange, Timestamp};

/// Learns from a training window.
pub trait Fit: Send + Sync {
    /// What it learns from: columns, a panel, an evaluator with points.
    type Data: ?Sized;
    /// What it becomes.
    type Frozen: Frozen;

    /// Learns from `data` within `train`, and from nothing outside of it.
    ///
    /// # Errors
    /// When the window holds too little to learn from.
    fn fit(&self, data: &Self::Data, train: &Window) -> Result<Self::Frozen>;
}

/// Something learned, which no longer changes.
pub trait Frozen: Send + Sync {
    /// The id of everything that decides what it answers.
    fn id(&self) -> Id;

    /// What it has seen.
    fn trained_on(&self) -> &Window;

    /// Whether it may speak about `range`: that lies wholly after what it has seen.
    ///
    /// # Errors
    /// When `range` begins before the training window's end.
    fn check_out_of_sample(&self, range: TimeRange) -> Result<()> {
        let seen = self.trained_on().hull();
        if range.start >= seen.end {
            return Ok(());
        }
        Err(Error::invalid(
            "evaluation window",
            format!("from {}", Timestamp(range.start)),
            format!("what was fitted has seen data up to {}", Timestamp(seen.end)),
            "start after that, or ask for an in-sample evaluation in words",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{Axis, Columns};
    use crate::ident::id_of;

    /// Centres a column by its training mean.
    struct Centre;

    struct Centred {
        mean: f64,
        seen: Window,
    }

    impl Frozen for Centred {
        fn id(&self) -> Id {
            id_of("test.centred", &(self.mean, &self.seen)).unwrap()
        }
        fn trained_on(&self) -> &Window {
            &self.seen
        }
    }

    impl Fit for Centre {
        type Data = Columns;
        type Frozen = Centred;
        fn fit(&self, data: &Columns, train: &Window) -> Result<Centred> {
            let x = data.get("x")?;
            let rows: Vec<usize> = (0..data.len()).filter(|&i| train.contains(data.axis().open()[i])).collect();
            if rows.is_empty() {
                let reason = "the training window holds no rows".to_owned();
                return Err(Error::Undefined { what: "a mean", reason, mend: "widen the window".into() });
            }
            let mean = rows.iter().map(|&i| x.value(i)).sum::<f64>() / rows.len() as f64;
            Ok(Centred { mean, seen: train.clone() })
        }
    }

    fn fitted(values: Vec<f64>) -> Centred {
        let data = Columns::new(Axis::instants(vec![0, 1, 2, 3]).unwrap()).with("x", values).unwrap();
        Centre.fit(&data, &Window::one(TimeRange { start: 0, end: 2 }).unwrap()).unwrap()
    }

    #[test]
    fn what_lies_outside_of_the_window_changes_nothing() {
        let a = fitted(vec![1.0, 3.0, 5.0, 7.0]);
        let b = fitted(vec![1.0, 3.0, -9.0, 1e9]);
        assert_eq!((a.mean, a.id()), (2.0, b.id()));
        assert_ne!(a.id(), fitted(vec![1.0, 4.0, 5.0, 7.0]).id());
    }

    #[test]
    fn the_past_of_a_fit_is_not_its_test() {
        let a = fitted(vec![1.0, 3.0, 5.0, 7.0]);
        assert!(a.check_out_of_sample(TimeRange { start: 2, end: 4 }).is_ok());
        let text = a.check_out_of_sample(TimeRange { start: 1, end: 4 }).unwrap_err().to_string();
        assert!(text.contains("in-sample"), "{text}");
    }
}
