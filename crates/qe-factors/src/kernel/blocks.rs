//! Rows by blocks that stay in cache, for leaves with columns in between: what is elementwise runs through the lanes of
//! the machine, what has memory then reads the block.

use std::fmt::Debug;

use super::{Keep, Step};

/// How many rows a block has at most.
pub const BLOCK: usize = 256;

/// The same where the columns in between are on the stack.
const STACK: usize = 1024;

/// So many rows of an average are taken at once that what is made for it beforehand is still in the nearest cache.
pub const FEW: usize = 128;

/// A column in between, a block long.
pub fn column() -> Vec<f64> {
    vec![f64::NAN; BLOCK]
}

/// Feeds columns block by block.
#[inline]
pub fn in_blocks<const I: usize, const O: usize>(
    inputs: [&[f64]; I],
    out: [&mut [f64]; O],
    mut block: impl FnMut([&[f64]; I], [&mut [f64]; O]),
) {
    blocks_of::<BLOCK, _, _, _>(inputs, out, |inputs, out, []| block(inputs, out));
}

/// Feeds columns block by block, with `K` columns in between that hold anything.
#[inline]
pub fn blocks<const I: usize, const O: usize, const K: usize>(
    inputs: [&[f64]; I],
    out: [&mut [f64]; O],
    block: impl FnMut([&[f64]; I], [&mut [f64]; O], [&mut [f64]; K]),
) {
    blocks_of::<STACK, _, _, _>(inputs, out, block);
}

/// The same with blocks of `N` rows: short ones let the end of one and the beginning of the next go side by side.
#[inline]
pub fn blocks_of<const N: usize, const I: usize, const O: usize, const K: usize>(
    inputs: [&[f64]; I],
    mut out: [&mut [f64]; O],
    mut block: impl FnMut([&[f64]; I], [&mut [f64]; O], [&mut [f64]; K]),
) {
    let n = inputs.iter().map(|x| x.len()).chain(out.iter().map(|o| o.len())).min().unwrap_or(0);
    let mut between = [[0.0; N]; K];
    let mut at = 0;
    while at < n {
        let end = n.min(at + N);
        let (inputs, out) = (inputs.map(|x| &x[at..end]), out.each_mut().map(|o| &mut o[at..end]));
        block(inputs, out, between.each_mut().map(|b| &mut b[..end - at]));
        at = end;
    }
}

/// A step whose own form is the block.
pub trait Blockwise<const I: usize, const O: usize>: Keep + Debug + Clone + Send + Sync + 'static {
    /// Takes at most [`BLOCK`] rows. All slices have one length.
    fn block(&mut self, inputs: [&[f64]; I], out: [&mut [f64]; O]);
}

impl<S: Blockwise<I, O>, const I: usize, const O: usize> Step<I, O> for S {
    #[inline]
    fn step(&mut self, row: [f64; I]) -> [f64; O] {
        let mut out = [f64::NAN; O];
        self.block(row.each_ref().map(std::slice::from_ref), out.each_mut().map(std::slice::from_mut));
        out
    }

    fn bulk(&mut self, inputs: [&[f64]; I], out: [&mut [f64]; O]) {
        in_blocks(inputs, out, |inputs, out| self.block(inputs, out));
    }
}

/// A quotient; NaN where it is undefined or too large to be a number.
#[inline]
pub fn quotient(a: f64, b: f64) -> f64 {
    let q = a / b;
    q + 0.0 * q
}

/// A quotient that is 0 where the divisor is, as TA-Lib has it; NaN where it is too large to be a number.
#[inline]
pub fn quotient_or_zero(a: f64, b: f64) -> f64 {
    if b == 0.0 { (a * 0.0).abs() } else { quotient(a, b) }
}

/// Makes the first rows NaN, `n_left` of them still to come.
#[inline]
pub fn hide<const O: usize>(n_left: &mut usize, out: [&mut [f64]; O]) {
    if *n_left > 0 {
        let n = out.iter().map(|o| o.len()).min().unwrap_or(0).min(*n_left);
        *n_left -= n;
        out.into_iter().for_each(|o| o[..n].fill(f64::NAN));
    }
}

/// `scale * a / b` over columns: 0 where the divisor is, as [`quotient_or_zero`] has it.
#[inline]
pub fn quotients_or_zero(out: &mut [f64], scale: f64, pair: impl Fn(usize) -> (f64, f64)) {
    let mut all_good = true;
    for (i, o) in out.iter_mut().enumerate() {
        let (a, b) = pair(i);
        let q = a / b;
        all_good &= q.abs() < f64::INFINITY;
        *o = q * scale;
    }
    // Seldom: where a column begins, or something is missing.
    if !all_good {
        for (i, o) in out.iter_mut().enumerate() {
            let (a, b) = pair(i);
            *o = quotient_or_zero(a, b) * scale;
        }
    }
}
