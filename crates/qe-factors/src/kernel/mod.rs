//! Causal computations with memory, on slices.
//!
//! A [`Kernel`] is fed rows in any cut: all at once, in blocks that stay in cache, or one by one as they come in. The
//! cut never changes a bit, so batch, block and live evaluation are one thing. Kernels cannot fail, log, lock or
//! allocate per row; their parameters were checked before they were made.
//!
//! - [`TwoSided`] folds the last so many rows without ever subtracting, so that nothing that has left a window leaves a
//!   trace in it.
//! - [`Ring`] holds the last so many values.
//! - [`WindowFold`] sums powers, products and weights over the last so many rows, about a row in the window.
//!   [`Window`] is a leaf's state made of one.
//! - [`Ladder`] joins windows from windows of 4, 16, 64 rows: sums and extremes.
//! - [`Sorted`] holds the last so many values in order.
//! - [`Lag`] is the value so many rows ago, [`Total`] the sum since the first row.
//! - [`Keep`] says what of a state is its memory, and a [`Tape`] writes it and reads it back.
//! - [`ValueOf`] makes the state of a leaf of a kernel that gives a few numbers for a row: [`Lag`], [`Sides`].
//! - [`Ema`] is the recursive average, seeded as TA-Lib does; [`EmaPair`] two side by side, [`Chain`] averages of averages,
//!   [`Gap`] the difference of two.

pub mod blocks;
mod chain;
mod ema;
mod end;
mod extremes;
mod gap;
mod groups;
mod kept;
mod ladder;
mod lag;
mod log_ratio;
mod moments;
mod pair;
mod powers;
mod ring;
mod scaled_sum;
mod sides;
mod sorted;
mod span;
mod tape;
mod total;
mod two_sided;
mod value;
mod window;
mod window_extremes;
mod window_fold;

use std::fmt;

use qe_core::wide::{Loops, wide};

pub(crate) use blocks::{blocks, blocks_of};
pub use chain::Chain;
pub use ema::Ema;
pub(crate) use ema::Made;
pub use end::{End, Max, Min, higher, higher_present, lower, lower_present, outer, outer_present};
pub use extremes::Extremes;
pub use gap::Gap;
pub(crate) use groups::GROUP;
pub use kept::Keep;
pub use ladder::{Add, Join, Ladder, WindowSum, WindowSums};
pub use lag::Lag;
pub(crate) use log_ratio::log_changes;
pub use log_ratio::{log_ratio, log_ratios};
pub use moments::{Moments, Part, Sums};
pub use pair::EmaPair;
#[cfg(test)]
pub(crate) use powers::testing;
pub use powers::{Variance, central_3, central_4, powers, sum_of_products, sum_of_squares};
pub use ring::Ring;
pub(crate) use scaled_sum::{RootMean, ScaledSum};
pub use sides::Sides;
pub use sorted::{Sorted, below, up_to};
pub use span::{Span, sum_by_fours};
pub use tape::Tape;
pub use total::Total;
pub use two_sided::{Fold, Sum, TwoSided};
pub use value::{Parts, Value, ValueOf};
pub use window::Window;
pub use window_extremes::{Extreme, Outermost, PlaceOf, WindowMax, WindowMin};
pub use window_fold::{Terms, WindowFold};

/// How many rows go through all stages of a computation before the next: few enough to stay in the nearest cache.
pub(crate) const BLOCK: usize = 512;

/// Up to how many rows go one by one.
const FEW: usize = 8;

/// The value itself, NaN where it is infinite; without a branch.
#[inline]
pub fn finite(v: f64) -> f64 {
    where_finite(v, v)
}

/// The value where `other` is a number, NaN elsewhere; without a branch.
#[inline]
pub(crate) fn where_finite(v: f64, other: f64) -> f64 {
    v + other * 0.0
}

/// Whether all values are numbers, and none too large to add up.
#[inline]
pub(crate) fn is_finite(x: &[f64]) -> bool {
    let (eights, rest) = x.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        (0..8).for_each(|k| sums[k] += eight[k]);
    }
    (sums.iter().sum::<f64>() + rest.iter().sum::<f64>()).is_finite()
}

/// A causal computation with memory. Rows go in by any cut; the cut never changes a bit. Its memory can be kept, and given
/// to a fresh one that goes on from there.
pub trait Kernel: Keep + fmt::Debug + Send + Sync {
    /// Takes the next rows: `inputs[i]` and `out[j]` all have one length, which may be 0.
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]);

    /// Takes one row: a value for each input, and a place for each output.
    fn row(&mut self, inputs: &[f64], out: &mut [f64]) {
        const MANY: usize = 16;
        let (mut x, mut y): ([&[f64]; MANY], [&mut [f64]; MANY]) = ([&[]; MANY], Default::default());
        x.iter_mut().zip(inputs).for_each(|(x, value)| *x = std::slice::from_ref(value));
        let (n_inputs, n_outputs) = (inputs.len().min(MANY), out.len().min(MANY));
        y.iter_mut().zip(out).for_each(|(y, value)| *y = std::slice::from_mut(value));
        self.run(&x[..n_inputs], &mut y[..n_outputs]);
    }

    /// A copy with the same memory.
    fn boxed_clone(&self) -> Box<dyn Kernel>;
}

impl Clone for Box<dyn Kernel> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// What a leaf writes: the next row in, its row out. `I` columns in, `O` columns out; what it remembers by [`keep!`](crate::keep).
pub trait Step<const I: usize, const O: usize>: Keep + fmt::Debug + Clone + Send + Sync + 'static {
    /// Whether whole columns are worth the widest vectors of the machine: then `bulk` is `#[inline(always)]`.
    const WIDE: bool = false;

    /// Takes one row.
    fn step(&mut self, row: [f64; I]) -> [f64; O];

    /// Takes many rows, with the same bits as one by one. All slices have one length.
    fn bulk(&mut self, inputs: [&[f64]; I], mut out: [&mut [f64]; O]) {
        let n = inputs.iter().map(|x| x.len()).chain(out.iter().map(|o| o.len())).min().unwrap_or(0);
        for i in 0..n {
            let row = self.step(inputs.map(|x| x[i]));
            for (o, value) in out.iter_mut().zip(row) {
                o[i] = value;
            }
        }
    }
}

/// Many rows of a step.
struct Bulk<'a, S, const I: usize, const O: usize>(&'a mut S, [&'a [f64]; I], [&'a mut [f64]; O]);

impl<S: Step<I, O>, const I: usize, const O: usize> Loops for Bulk<'_, S, I, O> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        self.0.bulk(self.1, self.2);
    }
}

/// A step as a kernel.
#[derive(Debug, Clone)]
struct Stepped<S, const I: usize, const O: usize>(S);

impl<S: Keep, const I: usize, const O: usize> Keep for Stepped<S, I, O> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.0.keep(tape);
    }
}

impl<S: Step<I, O>, const I: usize, const O: usize> Kernel for Stepped<S, I, O> {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        let Ok(inputs) = <[&[f64]; I]>::try_from(inputs) else { return missing(out) };
        if out.len() != O {
            return missing(out);
        }
        let mut outs = out.iter_mut();
        let mut out: [&mut [f64]; O] = std::array::from_fn(|_| outs.next().map_or(&mut [] as &mut [f64], |o| &mut **o));
        let n = inputs.first().map_or(0, |x| x.len());
        if n > FEW {
            let bulk = Bulk(&mut self.0, inputs, out);
            return if S::WIDE { wide(bulk) } else { bulk.run() };
        }
        // Live rows should not pay for the buffers of whole blocks.
        for i in 0..n {
            let row = self.0.step(inputs.map(|x| x[i]));
            for (o, value) in out.iter_mut().zip(row) {
                o[i] = value;
            }
        }
    }

    fn row(&mut self, inputs: &[f64], out: &mut [f64]) {
        match (<[f64; I]>::try_from(inputs), <&mut [f64; O]>::try_from(&mut *out)) {
            (Ok(inputs), Ok(out)) => *out = self.0.step(inputs),
            _ => out.fill(f64::NAN),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

/// A step that gives some of several outputs, and leaves the others as they are.
#[derive(Debug, Clone)]
struct SomeOf<S, const I: usize, const O: usize> {
    step: Stepped<S, I, O>,
    outputs: [usize; O],
}

impl<S: Keep, const I: usize, const O: usize> Keep for SomeOf<S, I, O> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.step.keep(tape);
    }
}

impl<S: Step<I, O>, const I: usize, const O: usize> Kernel for SomeOf<S, I, O> {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        match out.get_disjoint_mut(self.outputs) {
            Ok(some) => self.step.run(inputs, &mut some.map(|one| &mut **one)),
            Err(_) => missing(out),
        }
    }

    fn row(&mut self, inputs: &[f64], out: &mut [f64]) {
        let mut some = [f64::NAN; O];
        self.step.row(inputs, &mut some);
        for (&output, value) in self.outputs.iter().zip(some) {
            if let Some(out) = out.get_mut(output) {
                *out = value;
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

/// What a kernel that is fed the wrong number of columns gives.
fn missing(out: &mut [&mut [f64]]) {
    out.iter_mut().for_each(|o| o.fill(f64::NAN));
}

/// A step as a kernel behind a pointer.
pub fn boxed<S: Step<I, O>, const I: usize, const O: usize>(step: S) -> Box<dyn Kernel> {
    Box::new(Stepped::<S, I, O>(step))
}

/// A step as a kernel that writes some outputs of several alone.
pub(crate) fn boxed_some<S: Step<I, O>, const I: usize, const O: usize>(
    step: S,
    outputs: [usize; O],
) -> Box<dyn Kernel> {
    Box::new(SomeOf { step: Stepped::<S, I, O>(step), outputs })
}
