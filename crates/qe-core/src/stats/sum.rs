//! Sums whose bits never depend on lane width, threads or machine.
//!
//! The additions follow one fixed tree: inside a block of 512 values, eight accumulators take every eighth value;
//! the eight are added as `((0+4)+(2+6)) + ((1+5)+(3+7))`; the blocks are added pairwise, splitting at the largest
//! power of two below their number. No fused multiply-add is used, so any SIMD width gives the same bits.
//!
//! NaN rule: a NaN anywhere makes the result NaN. The sum of nothing is 0.
//! Reference: N. Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14 (1993).
//! Golden numbers: exact integers and closed forms in the tests, and `math.fsum` of Python in `sum.csv`.

use crate::lanes::{Eight, EightLoops, eights};

/// Values in one block of the tree.
const BLOCK: usize = 512;
/// Accumulators in a block.
const LANES: usize = 8;
/// Values whose sums are one call: a power of two of blocks.
const FEW: usize = 8 * BLOCK;

/// The sum of `x`, in the fixed order of this module.
pub fn sum(x: &[f64]) -> f64 {
    let [total] = sums_of(x, Same);
    total
}

/// The sum of `x[i] * y[i]`, in the fixed order of this module. NaN when the lengths differ.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    pair_sums_by(x, y, |a, b| [a * b])[0]
}

/// The sum of `f(x[i])`, in the fixed order of this module.
pub fn sum_by(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    sums_by(x, |v| [f(v)])[0]
}

/// Several sums over `x` in one pass: the sum of each part of `f(x[i])`.
pub fn sums_by<const K: usize>(x: &[f64], f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    if x.is_empty() {
        return [0.0; K];
    }
    tree(0, x.len().div_ceil(BLOCK), &|block| {
        let (rows, rest) = x[block * BLOCK..x.len().min((block + 1) * BLOCK)].as_chunks::<LANES>();
        let mut acc = [[0.0; LANES]; K];
        for row in rows {
            for (j, &v) in row.iter().enumerate() {
                add(&mut acc, j, f(v));
            }
        }
        for (j, &v) in rest.iter().enumerate() {
            add(&mut acc, j, f(v));
        }
        acc.map(fold_lanes)
    })
}

/// What is summed of each number, eight numbers at a time; a part of a lane must come of that lane alone.
pub trait Terms<const K: usize>: Copy {
    /// The parts; to be written with `#[inline(always)]`.
    fn of<V: Eight>(self, x: V) -> [V; K];
}

/// Several sums over `x` in one pass, as [`sums_by`], on the widest vectors of the machine.
pub fn sums_of<const K: usize>(x: &[f64], terms: impl Terms<K>) -> [f64; K] {
    if x.is_empty() {
        return [0.0; K];
    }
    tree(0, x.len().div_ceil(FEW), &|few| eights(Few { x: &x[few * FEW..x.len().min((few + 1) * FEW)], terms }))
}

/// The numbers themselves.
#[derive(Clone, Copy)]
struct Same;

impl Terms<1> for Same {
    #[inline(always)]
    fn of<V: Eight>(self, x: V) -> [V; 1] {
        [x]
    }
}

/// Sums over at most [`FEW`] values: what stands below some place of the tree.
struct Few<'a, T, const K: usize> {
    x: &'a [f64],
    terms: T,
}

impl<const K: usize, T: Terms<K>> EightLoops for Few<'_, T, K> {
    type Out = [f64; K];

    #[inline(always)]
    fn run<V: Eight>(self) -> [f64; K] {
        // Sums that wait for the other half of their pair, the longest first.
        let (mut waiting, mut n_waiting) = ([[0.0; K]; 4], 0);
        for (number, block) in self.x.chunks(BLOCK).enumerate() {
            let mut total = block_sums::<K, T, V>(block, self.terms);
            for _ in 0..number.trailing_ones() {
                n_waiting -= 1;
                total = added(waiting[n_waiting], total);
            }
            waiting[n_waiting] = total;
            n_waiting += 1;
        }
        let mut total = waiting[n_waiting - 1];
        for longer in waiting[..n_waiting - 1].iter().rev() {
            total = added(*longer, total);
        }
        total
    }
}

/// The sums over one block.
#[inline(always)]
fn block_sums<const K: usize, T: Terms<K>, V: Eight>(block: &[f64], terms: T) -> [f64; K] {
    let (rows, rest) = block.as_chunks::<LANES>();
    let mut acc = [V::all(0.0); K];
    for row in rows {
        let parts = terms.of(V::of(row));
        for k in 0..K {
            acc[k] = acc[k].plus(parts[k]);
        }
    }
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let parts = terms.of(V::of(&last));
    let mut sums = [0.0; K];
    for k in 0..K {
        let (mut lanes, part) = (acc[k].numbers(), parts[k].numbers());
        for j in 0..rest.len() {
            lanes[j] += part[j];
        }
        sums[k] = fold_lanes(lanes);
    }
    sums
}

#[inline(always)]
fn added<const K: usize>(mut a: [f64; K], b: [f64; K]) -> [f64; K] {
    for k in 0..K {
        a[k] += b[k];
    }
    a
}

/// Several sums over two slices in one pass: the sum of each part of `f(x[i], y[i])`. NaN when the lengths differ.
pub fn pair_sums_by<const K: usize>(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> [f64; K]) -> [f64; K] {
    if x.len() != y.len() {
        return [f64::NAN; K];
    }
    if x.is_empty() {
        return [0.0; K];
    }
    tree(0, x.len().div_ceil(BLOCK), &|block| {
        let span = block * BLOCK..x.len().min((block + 1) * BLOCK);
        let (xs, x_rest) = x[span.clone()].as_chunks::<LANES>();
        let (ys, y_rest) = y[span].as_chunks::<LANES>();
        let mut acc = [[0.0; LANES]; K];
        for (a, b) in xs.iter().zip(ys) {
            for j in 0..LANES {
                add(&mut acc, j, f(a[j], b[j]));
            }
        }
        for (j, (&a, &b)) in x_rest.iter().zip(y_rest).enumerate() {
            add(&mut acc, j, f(a, b));
        }
        acc.map(fold_lanes)
    })
}

/// Adds one value to lane `j` of each accumulator.
#[inline(always)]
fn add<const K: usize>(acc: &mut [[f64; LANES]; K], j: usize, value: [f64; K]) {
    for (lanes, v) in acc.iter_mut().zip(value) {
        lanes[j] += v;
    }
}

/// The eight lanes as one number.
fn fold_lanes(a: [f64; LANES]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// The pairwise sum over blocks `from..from + n`, `n` at least 1.
fn tree<const K: usize>(from: usize, n: usize, leaf: &impl Fn(usize) -> [f64; K]) -> [f64; K] {
    if n <= 1 {
        return leaf(from);
    }
    let left = n.next_power_of_two() / 2;
    let (mut a, b) = (tree(from, left, leaf), tree(from + left, n - left, leaf));
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden;

    #[test]
    fn small_sums_are_exact() {
        for n in [0, 1, 7, 8, 9, 511, 512, 513, 5000] {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            let n = f64::from(n);
            assert_eq!(sum(&x), n * (n - 1.0) / 2.0);
            assert_eq!(dot(&x, &x), (n - 1.0) * n * (2.0 * n - 1.0) / 6.0);
        }
        assert!(dot(&[1.0], &[]).is_nan());
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn the_order_is_the_documented_one() {
        // Many data sets, because two orders of a few additions often round alike.
        let data = golden::lcg(60 * 2500, -0.3);
        for y in data.chunks(2500) {
            // Every lane of a block takes every eighth value: written out by hand for 20 values.
            let x = &y[..20];
            let lane = |j: usize| if j < 4 { (x[j] + x[j + 8]) + x[j + 16] } else { x[j] + x[j + 8] };
            let by_hand = ((lane(0) + lane(4)) + (lane(2) + lane(6))) + ((lane(1) + lane(5)) + (lane(3) + lane(7)));
            assert_eq!(sum(x).to_bits(), by_hand.to_bits());
            // Blocks: five of them are ((0+1)+(2+3))+4.
            let b: Vec<f64> = y.chunks(512).map(sum).collect();
            assert_eq!(sum(y).to_bits(), (((b[0] + b[1]) + (b[2] + b[3])) + b[4]).to_bits());
        }
    }

    #[derive(Clone, Copy)]
    struct Parts;

    impl Terms<3> for Parts {
        #[inline(always)]
        fn of<V: Eight>(self, x: V) -> [V; 3] {
            [x, x.times(x), V::all(1.0).minus(x)]
        }
    }

    #[test]
    fn by_eights_is_the_same_tree() {
        for n in [0, 1, 3, 7, 8, 9, 12, 511, 512, 515, 1024, 2500, 3584, 4095, 4096, 4097, 9000, 12_288, 21_000] {
            let x = golden::lcg(n, -0.3);
            let plain = sums_by(&x, |v| [v, v * v, 1.0 - v]);
            assert_eq!(sums_of(&x, Parts).map(f64::to_bits), plain.map(f64::to_bits), "{n}");
        }
    }

    #[test]
    fn sums_agree_with_exactly_rounded_ones() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/sum.csv")) {
            let x: Vec<f64> = golden::lcg(row.num("n") as usize, row.num("offset"));
            let (total, square) = (row.num("fsum"), row.num("fsum_sq"));
            assert!((sum(&x) - total).abs() <= 2e-15 * row.num("fsum_abs"), "{row:?}");
            assert!((dot(&x, &x) - square).abs() <= 2e-15 * square, "{row:?}");
        }
    }
}
