//! Parts that add up to a whole, to the last bit.
//!
//! Parts of a difference are computed by divisions and sums, each rounded; added up, they miss the whole by some last bits.
//! So they are put on a grid: multiples of a power of two, so fine that all of them and all their sums are exact. What
//! rounding left over, a few steps of the grid, goes to the part that is the largest. The whole may be finer than the grid;
//! what it has beyond goes to a part that can hold it, or else is a residual, and is nearly always nothing.
//!
//! Why the sum is exact: on the grid, sums from first to last are multiples of its step below 2^53 steps. They end at the
//! multiple that is nearest to the whole, so the two are equal, or within a factor of two of each other, or that multiple is
//! nothing; in each case the residual, their difference, is exact (Sterbenz, Floating-Point Computation, 1974).

/// The parts on their grid, and the residual: added from first to last, and then the residual, they are the whole. Where a
/// number is not finite, they are as they were.
pub(super) fn parts(raw: &[f64], whole: f64) -> (Vec<f64>, f64) {
    // One part alone is the whole; so is one beside others that are nothing.
    let mut there = raw.iter().enumerate().filter(|(_, x)| **x != 0.0);
    if let (Some((at, _)), None) = (there.next(), there.next()) {
        return ((0..raw.len()).map(|i| if i == at { whole } else { 0.0 }).collect(), 0.0);
    }
    let bound = raw.iter().map(|x| x.abs()).sum::<f64>().max(whole.abs());
    if !(2.0 * bound).is_finite() {
        return (raw.to_vec(), whole - raw.iter().sum::<f64>());
    }
    if bound == 0.0 || raw.is_empty() {
        return (vec![0.0; raw.len()], whole);
    }
    // Twice the bound has room for the parts, and for what rounding adds to one of them.
    let step = step_of(2.0 * bound);
    let on_grid = |x: f64| (x / step).round_ties_even() * step + 0.0;
    let mut parts: Vec<f64> = raw.iter().map(|x| on_grid(*x)).collect();
    let sum = |parts: &[f64]| parts.iter().fold(0.0, |sum, x| sum + x);
    let left_over = on_grid(whole) - sum(&parts);
    let largest = (0..parts.len()).reduce(|i, k| if parts[k].abs() > parts[i].abs() { k } else { i });
    if let Some(part) = largest.and_then(|i| parts.get_mut(i)) {
        *part += left_over;
    }
    let residual = whole - sum(&parts);
    // What is finer than the grid may still fit into one of them.
    let mut sizes: Vec<usize> = (0..parts.len()).filter(|_| residual != 0.0).collect();
    sizes.sort_by(|i, k| parts[*k].abs().total_cmp(&parts[*i].abs()));
    for i in sizes {
        let mut tried = parts.clone();
        tried[i] += residual;
        if sum(&tried) == whole {
            return (tried, 0.0);
        }
    }
    (parts, residual)
}

/// The last bit of numbers up to a bound: a power of two.
fn step_of(bound: f64) -> f64 {
    let exponent = i32::try_from(bound.to_bits() >> 52 & 0x7ff).unwrap_or(0) - 1023 - 52;
    // Not below the least number, where everything is exact.
    libm::ldexp(1.0, exponent.max(-1074))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn added(parts: &[f64], residual: f64) -> f64 {
        parts.iter().fold(0.0, |sum, x| sum + x) + residual
    }

    #[test]
    fn one_part_is_the_whole_and_nothing_is_nothing() {
        assert_eq!(parts(&[7.0], 0.1), (vec![0.1], 0.0));
        assert_eq!(parts(&[0.0, 0.0], 0.0), (vec![0.0, 0.0], 0.0));
        assert_eq!(parts(&[], 0.5), (vec![], 0.5));
    }

    #[test]
    fn thirds_of_one_add_up_to_one() {
        let (told, residual) = parts(&[1.0 / 3.0; 3], 1.0);
        assert_eq!((told[0] + told[1] + told[2], residual), (1.0, 0.0));
        assert!(told.iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-15));
        // 0.1 + 0.2 is not 0.3.
        let (told, residual) = parts(&[0.1, 0.2], 0.3);
        assert_eq!((told[0] + told[1], residual), (0.3, 0.0));
    }

    #[test]
    fn a_whole_finer_than_the_grid_leaves_a_residual() {
        let (told, residual) = parts(&[1e6, -1e6], 1e-12);
        assert_eq!(added(&told, residual), 1e-12);
        assert!(residual != 0.0);
    }

    proptest! {
        #[test]
        fn they_always_add_up(raw in prop::collection::vec(-1e9..1e9f64, 2..9), tilt in -40i32..3, e in -300i32..300) {
            let scale = libm::ldexp(1.0, e);
            let raw: Vec<f64> = raw.iter().map(|x| x * scale).collect();
            // A whole that is near to the sum, or small beside the parts.
            for whole in [raw.iter().sum::<f64>(), raw.iter().rev().sum(), raw[0] * libm::ldexp(1.0, tilt)] {
                let (told, residual) = parts(&raw, whole);
                prop_assert_eq!(added(&told, residual).to_bits(), (whole + 0.0).to_bits());
            }
            let whole = raw.iter().sum::<f64>();
            let (told, residual) = parts(&raw, whole);
            let bound = raw.iter().map(|x| x.abs()).sum::<f64>();
            prop_assert!(told.iter().zip(&raw).all(|(p, x)| (p - x).abs() <= 1e-14 * bound));
            prop_assert!(residual.abs() <= 1e-15 * bound);
        }
    }
}
