//! The contract of evaluators: a pure function of points, fidelity and window, one row per point, in the order of the
//! points.

use crate::eval::{Evaluator, Fidelity, Window};
use crate::par::Threads;
use crate::param::{Param, Value};
use crate::point::{OutcomeTable, PointTable};

/// Checks an evaluator that `make` makes for a number of threads. The points are to have some that can be evaluated and
/// should have some that cannot; the window is to have data.
///
/// What is checked: the same bits on one thread and on two, in one call and in many, in any order of the points and
/// without those that fail; a row for each point, in order, under its id; metrics of the promised names, NaN where a
/// point failed, with a reason; no points at all, a part of the data, points of other parameters.
///
/// # Panics
/// When it breaks its contract, with what differs.
#[track_caller]
pub fn check_evaluator<E: Evaluator>(make: impl Fn(Threads) -> E, points: &PointTable, window: &Window) {
    let two = Threads::N(std::num::NonZeroUsize::MIN.saturating_add(1));
    let (one, two) = (make(Threads::ONE), make(two));
    assert_eq!(one.id(), two.id(), "the id depends on the number of threads");
    assert_eq!(one.params(), two.params(), "the parameters depend on the number of threads");
    assert_eq!(one.params(), points.params(), "the points are of other parameters");
    let metrics = one.metrics();
    let is_twice = |(i, name): (usize, &String)| metrics[..i].contains(name);
    assert!(!metrics.is_empty() && !metrics.iter().enumerate().any(is_twice), "metrics have names of their own");

    let of = |e: &E, points: &PointTable, fidelity: Fidelity| {
        let table = e.evaluate(points, fidelity, window).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(table.ids(), points.ids(), "a row for each point, in their order");
        assert_eq!(table.metrics(), metrics, "outcomes have the promised metrics");
        told(&table)
    };
    let whole = of(&one, points, Fidelity::FULL);
    let is_done = |row: &Row| row.1 == "done";
    assert!(whole.iter().any(is_done), "no point can be evaluated: {:?}", whole.first());
    for (id, status, reason, values) in &whole {
        match status.as_str() {
            "done" => {
                assert!(reason.is_none(), "point {id} is done, and says {reason:?}");
                let odd = |v: &&u64| f64::from_bits(**v).is_infinite() || **v == (-0.0_f64).to_bits();
                assert!(!values.iter().any(|v| odd(&v)), "point {id} has a metric that is infinite or -0.0");
            }
            _ => {
                assert!(
                    reason.as_ref().is_some_and(|r| !r.is_empty()),
                    "point {id} ended as {status} without a reason"
                );
                assert!(values.iter().all(|v| f64::from_bits(*v).is_nan()), "point {id} {status}, and has metrics");
            }
        }
    }
    same("on two threads", &of(&two, points, Fidelity::FULL), &whole);
    same("again", &of(&one, points, Fidelity::FULL), &whole);

    let n = points.len();
    let parts = |size: usize| {
        let parts = (0..n).step_by(size.max(1)).map(|at| points.slice(at..at + size.max(1)));
        parts.flat_map(|part| of(&one, &part, Fidelity::FULL)).collect::<Vec<_>>()
    };
    same("each point alone", &parts(1), &whole);
    same("in three calls", &parts(n.div_ceil(3)), &whole);
    let turned = of(&two, &picked(points, (0..n).rev()), Fidelity::FULL);
    same("in the opposite order", &turned.into_iter().rev().collect::<Vec<_>>(), &whole);
    let done: Vec<usize> = (0..n).filter(|i| is_done(&whole[*i])).collect();
    let expected: Vec<Row> = done.iter().map(|i| whole[*i].clone()).collect();
    same("without the points that fail", &of(&two, &picked(points, done.into_iter()), Fidelity::FULL), &expected);

    assert!(of(&two, &points.slice(0..0), Fidelity::FULL).is_empty(), "no points are no rows");
    for share in [0.5, 0.01] {
        let fidelity = Fidelity::new(share).unwrap_or(Fidelity::FULL);
        same("a part of the data on two threads", &of(&two, points, fidelity), &of(&one, points, fidelity));
    }
    same("all of the data after a part", &of(&one, points, Fidelity::FULL), &whole);
    let mut other = PointTable::new([Param::bool("a_parameter_of_nobody", true)]).unwrap_or_else(|e| panic!("{e}"));
    other.push(1, &[Value::Bool(true)]).unwrap_or_else(|e| panic!("{e}"));
    assert!(one.evaluate(&other, Fidelity::FULL, window).is_err(), "points of other parameters are an error");
    assert_eq!(make(Threads::ONE).id(), one.id(), "two of the same have two ids");
}

/// A row: id, how it ended, why, and the bits of its metrics, all NaN alike.
type Row = (u64, String, Option<String>, Vec<u64>);

fn told(table: &OutcomeTable) -> Vec<Row> {
    let bits = |v: f64| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() };
    let columns: Vec<&[f64]> = table.metrics().iter().filter_map(|m| table.metric(m).ok()).collect();
    let row = |(i, outcome): (usize, &crate::point::Outcome)| {
        let values = columns.iter().map(|c| bits(c[i])).collect();
        (table.ids()[i], outcome.status().to_owned(), outcome.reason().map(str::to_owned), values)
    };
    table.outcomes().iter().enumerate().map(row).collect()
}

/// Some rows of a table, as one.
fn picked(points: &PointTable, rows: impl Iterator<Item = usize>) -> PointTable {
    let mut out = points.slice(0..0);
    for row in rows {
        let values = points.row(row).unwrap_or_default();
        out.push(points.ids()[row], &values).unwrap_or_else(|e| panic!("{e}"));
    }
    out
}

#[track_caller]
fn same(how: &str, got: &[Row], want: &[Row]) {
    assert_eq!(got.len(), want.len(), "{how}: another number of rows");
    for (g, w) in got.iter().zip(want) {
        assert_eq!((g.0, &g.1, &g.2), (w.0, &w.1, &w.2), "{how}: a point ends otherwise");
        let at = g.3.iter().zip(&w.3).position(|(g, w)| g != w);
        let shown = at.map(|i| (i, f64::from_bits(g.3[i]), f64::from_bits(w.3[i])));
        assert!(at.is_none(), "{how}: point {} has other bits: metric, got, wanted: {shown:?}", g.0);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::error::{Error, Result};
    use crate::ident::{Id, id_of};
    use crate::time::TimeRange;

    /// What an evaluator may do wrong.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fault {
        None,
        Order,
        Threads,
        Neighbours,
        Memory,
        NoneFails,
        NoReason,
        ShortTable,
        Infinite,
        TakesAnything,
        EmptyPanics,
    }

    struct Toy {
        fault: Fault,
        threads: usize,
        params: Vec<Param>,
        metrics: Vec<String>,
        calls: AtomicU64,
    }

    impl Evaluator for Toy {
        fn id(&self) -> Id {
            id_of("toy", &self.metrics).unwrap()
        }
        fn params(&self) -> &[Param] {
            &self.params
        }
        fn metrics(&self) -> &[String] {
            &self.metrics
        }
        fn evaluate(&self, points: &PointTable, fidelity: Fidelity, window: &Window) -> Result<OutcomeTable> {
            let Ok(_) = points.column("x") else {
                return match self.fault {
                    Fault::TakesAnything => Ok(OutcomeTable::new(self.metrics.clone())),
                    _ => Err(Error::unknown("parameter", "x", [])),
                };
            };
            assert!(self.fault != Fault::EmptyPanics || !points.is_empty());
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let mut out = OutcomeTable::new(self.metrics.clone());
            let mut rows: Vec<usize> = (0..points.len()).collect();
            if self.fault == Fault::Order {
                rows.reverse();
            }
            if self.fault == Fault::ShortTable {
                rows.retain(|r| points.value(*r, 0) != Some(Value::Int(7)));
            }
            let length = (window.hull().end - window.hull().start) as f64 * fidelity.share_frac();
            for row in rows {
                let id = points.ids()[row];
                let Some(Value::Int(x)) = points.value(row, 0) else { continue };
                if x % 4 == 3 && self.fault != Fault::NoneFails {
                    out.push_failed(id, if self.fault == Fault::NoReason { "" } else { "invalid_point: of no use" });
                    continue;
                }
                let odd = match self.fault {
                    Fault::Threads => self.threads as f64 * 1e-12,
                    Fault::Neighbours => points.len() as f64 * 1e-12,
                    Fault::Memory => call as f64 * 1e-12,
                    Fault::Infinite => f64::INFINITY,
                    _ => 0.0,
                };
                out.push_done(id, &[(x as f64).sqrt() * length + odd, if x == 5 { f64::NAN } else { 1.0 + odd }])?;
            }
            Ok(out)
        }
    }

    fn check(fault: Fault) -> std::thread::Result<()> {
        let params = vec![Param::int("x", 1, 12, 1)];
        let points = PointTable::grid(params.clone(), 100).unwrap();
        let window = Window::one(TimeRange { start: 0, end: 10 }).unwrap();
        let make = |threads: Threads| Toy {
            fault,
            threads: threads.count(),
            params: params.clone(),
            metrics: vec!["score".into(), "other".into()],
            calls: AtomicU64::new(0),
        };
        catch_unwind(AssertUnwindSafe(|| check_evaluator(make, &points, &window)))
    }

    #[test]
    fn what_keeps_the_contract_passes_and_each_fault_is_found() {
        assert!(check(Fault::None).is_ok() && check(Fault::NoneFails).is_ok());
        for fault in [
            Fault::Order,
            Fault::Threads,
            Fault::Neighbours,
            Fault::Memory,
            Fault::NoReason,
            Fault::ShortTable,
            Fault::Infinite,
            Fault::TakesAnything,
            Fault::EmptyPanics,
        ] {
            assert!(check(fault).is_err(), "{fault:?} goes unnoticed");
        }
    }
}
