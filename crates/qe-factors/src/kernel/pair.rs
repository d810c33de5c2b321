//! Two recursive averages side by side, for what comes in twos: rises and falls, gains and losses.
//!
//! Each lane has the bits of an [`Ema`](super::Ema) of its own, as long as both lanes are numbers; a row in which
//! either is missing leaves both as they are. Side by side they take hardly longer than one.

use super::Ema;
use super::groups::{Before, GROUP};
use crate::keep;

/// Two recursive averages with one weight and one seed.
#[derive(Debug, Clone)]
pub struct EmaPair([Ema; 2]);

keep!(EmaPair(lanes));

#[inline]
fn each(f: impl Fn(usize) -> f64) -> [f64; 2] {
    [f(0), f(1)]
}

impl EmaPair {
    /// Two of the same kind, without values yet.
    pub fn new(ema: Ema) -> Self {
        Self([ema.clone(), ema])
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: [f64; 2]) -> [f64; 2] {
        if !(x[0].is_finite() && x[1].is_finite()) {
            return [f64::NAN; 2];
        }
        let [a, b] = &mut self.0;
        [a.push(x[0]), b.push(x[1])]
    }

    /// Takes the rows `get(0..n)`, with the same bits; `emit` is told each row's number and averages.
    #[inline]
    pub fn bulk(&mut self, n: usize, get: impl Fn(usize) -> [f64; 2], mut emit: impl FnMut(usize, [f64; 2])) {
        let mut i = 0;
        while i < n {
            if self.0.iter().all(Ema::between_groups) {
                i = self.groups(i, n, &get, &mut emit);
            }
            if i < n {
                emit(i, self.push(get(i)));
                i += 1;
            }
        }
    }

    #[inline]
    fn groups(
        &mut self,
        mut i: usize,
        n: usize,
        get: &impl Fn(usize) -> [f64; 2],
        emit: &mut impl FnMut(usize, [f64; 2]),
    ) -> usize {
        let weights = self.0[0].weights();
        let mut group = [self.0[0].group(), self.0[1].group()];
        while i + GROUP <= n {
            let x: [[f64; 2]; GROUP] = std::array::from_fn(|k| get(i + k));
            let a = x[0];
            let d = each(|l| weights.lead(group[l], a[l]));
            let mut w = [[0.0; 2]; GROUP];
            for k in 1..GROUP {
                w[k] = each(|l| weights.local(w[k - 1][l], x[k][l], a[l]));
            }
            let out: [[f64; 2]; GROUP] = std::array::from_fn(|k| each(|l| a[l] + (d[l] * weights.powers[k] + w[k][l])));
            // A sum is finite only if all are, or they are too large to add up: then one by one.
            let sum = out.into_iter().fold([0.0; 2], |sum, o| each(|l| sum[l] + o[l]));
            if !(sum[0] + sum[1]).is_finite() {
                break;
            }
            group = [0, 1].map(|l| Before { lead: d[l], anchor: a[l], above: w[GROUP - 1][l] });
            for (k, o) in out.into_iter().enumerate() {
                emit(i + k, o);
            }
            i += GROUP;
        }
        self.0[0].go_on_from(group[0]);
        self.0[1].go_on_from(group[1]);
        i
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_is_an_average_of_its_own_and_every_cut_has_its_bits() {
        let x: Vec<[f64; 2]> = (0..97)
            .map(|i| if i % 13 == 5 { [f64::NAN, 1.0] } else { [f64::from(i * i % 41), f64::from(i * i % 29)] })
            .collect();
        let mut plain = [Ema::wilder(5), Ema::wilder(5)];
        let mut want = Vec::new();
        for row in &x {
            let missing = row[0].is_nan();
            want.push([0, 1].map(|l| plain[l].push(if missing { f64::NAN } else { row[l] })));
        }
        for cut in 0..97 {
            let (mut pair, mut got) = (EmaPair::new(Ema::wilder(5)), vec![[0.0; 2]; 97]);
            pair.bulk(cut, |i| x[i], |i, v| got[i] = v);
            pair.bulk(97 - cut, |i| x[cut + i], |i, v| got[cut + i] = v);
            let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            assert!(got.iter().flatten().zip(want.iter().flatten()).all(|(a, b)| same(a, b)), "{cut}");
        }
    }
}
