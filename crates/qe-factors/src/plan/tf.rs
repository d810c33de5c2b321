//! A plan over coarser bars within a plan: rows are put together into the bars of a timeframe, the inner plan takes each
//! bar as it is complete, and its last outputs are held until the next. A slice that begins within a bar does not see it.
//!
//! A bar counts from the row that ends with its bucket, or from the first row after it, once that row is complete: nothing
//! of an unfinished bar is ever seen, and rows that are known late all go into their bar. The buckets and the rules that put values together are those of `qe_data::resample`.

use std::sync::Arc;

use qe_data::resample::{Agg, Bucket, Bucketer, Fold, ResampleSpec};

use super::row::RowMachine;
use super::{Plan, Source, Ty};
use crate::indicators::Indicator;
use crate::kernel::{Keep, Kernel, Tape};

/// A plan over coarser bars. Its inputs are the rows' opening and completion times as bits, then the columns of the inner
/// plan.
#[derive(Debug, Clone)]
pub(crate) struct Tf {
    pub(crate) spec: ResampleSpec,
    pub(crate) plan: Arc<Plan>,
    /// How many rows a bar is made of, at most.
    pub(crate) rows_per_bar: usize,
    /// How wide a row is; the most there is where that is no fixed width.
    pub(crate) row_nanos: i64,
}

impl Indicator for Tf {
    fn lookback(&self) -> usize {
        (self.plan.lookback() + 1).saturating_mul(self.rows_per_bar).saturating_sub(1)
    }

    fn settle(&self, _: f64) -> usize {
        // Rows that begin within a bar lose that bar.
        self.lookback().saturating_add(self.rows_per_bar)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn n_bytes(&self) -> usize {
        self.plan.n_bytes_of_kernels()
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        let plan = &self.plan;
        let names = plan.program.columns().iter().filter_map(|source| match source {
            Source::Column(c) => Some(Agg::of_column(&plan.columns[*c as usize])),
            Source::Open | Source::Available => None,
        });
        let aggs: Vec<Agg> = names.collect();
        Box::new(State {
            plan: Arc::clone(plan),
            spec: self.spec.clone(),
            machine: RowMachine::new(&plan.program, &plan.graph, 0),
            bucketer: Bucketer::new(&self.spec),
            folds: aggs.iter().map(|a| Fold::new(*a)).collect(),
            aggs,
            row_nanos: self.row_nanos,
            bucket: None,
            begins_within: first_row > 0,
            done: i64::MIN,
            held: vec![f64::NAN; plan.outputs.len()],
        })
    }
}

#[derive(Debug, Clone)]
struct State {
    plan: Arc<Plan>,
    spec: ResampleSpec,
    machine: RowMachine,
    bucketer: Bucketer,
    aggs: Vec<Agg>,
    folds: Vec<Fold>,
    row_nanos: i64,
    /// The bar that is being made.
    bucket: Option<Bucket>,
    /// Whether rows before the first may be of its bar.
    begins_within: bool,
    /// The end of the last bar that was complete.
    done: i64,
    held: Vec<f64>,
}

/// Where buckets begin is found again. What a bar has come to is all that its rules remember.
impl Keep for State {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { plan: _, spec, machine, bucketer: _, aggs, folds, row_nanos, bucket, begins_within, done, held } =
            self;
        // The plan's text has neither calendar nor hours.
        tape.same_as(&(&*spec, *row_nanos), "calendar, hours of trading or width of rows");
        machine.keep(tape);
        for (fold, agg) in folds.iter_mut().zip(aggs) {
            let mut value = fold.value();
            value.keep(tape);
            *fold = Fold::new(*agg);
            fold.push(value);
        }
        let mut is_begun = bucket.is_some();
        is_begun.keep(tape);
        if is_begun {
            let Bucket { mut start, mut end } = bucket.unwrap_or(Bucket { start: 0, end: 0 });
            start.keep(tape);
            end.keep(tape);
            *bucket = Some(Bucket { start, end });
        } else {
            *bucket = None;
        }
        begins_within.keep(tape);
        done.keep(tape);
        held.keep(tape);
    }
}

impl Kernel for State {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        let [open, available, columns @ ..] = inputs else { return };
        for i in 0..open.len() {
            let (opened, known) = (open[i].to_bits() as i64, available[i].to_bits() as i64);
            let bucket = self.bucketer.bucket_of(opened);
            if std::mem::take(&mut self.begins_within) {
                // A bar that is seen in part is not seen.
                self.done = bucket.filter(|b| b.start < opened).map_or(self.done, |b| b.end);
            }
            let bucket = bucket.filter(|b| b.end > self.done);
            if self.bucket.is_some_and(|now| Some(now) != bucket && known >= now.end) {
                self.complete();
            }
            if let Some(bucket) = bucket {
                self.bucket = Some(bucket);
                self.folds.iter_mut().zip(columns).for_each(|(fold, x)| fold.push(x[i]));
                // A row that is known late says nothing of the rows after it: they may still be of this bar.
                if known >= bucket.end && opened.saturating_add(self.row_nanos) >= bucket.end {
                    self.complete();
                }
            }
            out.iter_mut().zip(&self.held).for_each(|(o, v)| o[i] = *v);
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl State {
    /// The bar is complete: the inner plan takes it, and the next one begins empty.
    fn complete(&mut self) {
        let Some(bucket) = self.bucket.take() else { return };
        self.done = bucket.end;
        let mut folds = self.folds.iter_mut().zip(&self.aggs);
        for (to, source) in self.machine.columns_mut().iter_mut().zip(self.plan.program.columns()) {
            *to = match source {
                Source::Open => f64::from_bits(bucket.start as u64),
                Source::Available => f64::from_bits(bucket.end as u64),
                Source::Column(_) => {
                    folds.next().map_or(f64::NAN, |(fold, agg)| std::mem::replace(fold, Fold::new(*agg)).value())
                }
            };
        }
        self.machine.step(&mut self.held);
    }
}

impl Plan {
    /// The numbers of the columns that it reads.
    pub(crate) fn columns_read(&self) -> impl Iterator<Item = u32> + '_ {
        self.program.columns().iter().filter_map(|source| match source {
            Source::Column(c) => Some(*c),
            Source::Open | Source::Available => None,
        })
    }

    /// Whether an output is a condition.
    pub(crate) fn is_condition(&self, idx: usize) -> bool {
        self.outputs.get(idx).is_some_and(|o| o.ty == Ty::Cond)
    }
}
