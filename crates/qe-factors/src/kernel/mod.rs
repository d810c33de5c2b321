//! Causal computations with memory, on slices.
//!
//! A [`Kernel`] is fed rows in any cut: all at once, in blocks that stay in cache, or one by one as they come in. The
//! cut never changes a bit, so batch, block and live evaluation are one thing. Kernels cannot fail, log, lock or
//! allocate per row; their parameters were checked before they were made.
//!
//! - [`TwoSided`] folds the last so many rows without ever subtracting, so that nothing that has left a window leaves a
//!   trace in it.
//! - [`Ring`] holds the last so many values.
//! - [`Ema`] is the recursive average, seeded as TA-Lib does.

mod ema;
mod ring;
mod two_sided;

use std::fmt;

pub use ema::Ema;
pub use ring::Ring;
pub use two_sided::{Fold, Sum, TwoSided};

/// A causal computation with memory. Rows go in by any cut; the cut never changes a bit.
pub trait Kernel: fmt::Debug + Send + Sync {
    /// Takes the next rows: `inputs[i]` and `out[j]` all have one length, which may be 0.
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]);

    /// A copy with the same memory.
    fn boxed_clone(&self) -> Box<dyn Kernel>;
}

impl Clone for Box<dyn Kernel> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// What a leaf writes: the next row in, its row out. `I` columns in, `O` columns out.
pub trait Step<const I: usize, const O: usize>: fmt::Debug + Clone + Send + Sync + 'static {
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

/// A step as a kernel.
#[derive(Debug, Clone)]
struct Stepped<S, const I: usize, const O: usize>(S);

impl<S: Step<I, O>, const I: usize, const O: usize> Kernel for Stepped<S, I, O> {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        let Ok(inputs) = <[&[f64]; I]>::try_from(inputs) else { return missing(out) };
        if out.len() != O {
            return missing(out);
        }
        let mut outs = out.iter_mut();
        let out = std::array::from_fn(|_| outs.next().map_or(&mut [] as &mut [f64], |o| &mut **o));
        self.0.bulk(inputs, out);
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
