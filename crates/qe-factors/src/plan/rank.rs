//! Ranks of numbers: what stands where in their order, equal ones alike.
//!
//! Numbers as bits sort as whole numbers do. Three bytes of what they lie above the lowest, from the highest bit that
//! differs on, put nearly all of them in order in three passes without a comparison; what those leave together is sorted
//! by all bits. An order is an order, so the ranks are those of any other way to sort.

/// A pass sorts by a digit of so many bits.
const DIGIT: u32 = 8;

/// How many passes there are.
const PASSES: usize = 3;

/// Up to how many numbers the passes do not pay.
const FEW: usize = 24;

/// Ranks numbers in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Ranker {
    /// The bits of each number, made to sort.
    keys: Vec<u64>,
    /// The digits of each number that is there, and below them, in 32 bits, its place.
    order: Vec<u64>,
    spare: Vec<u64>,
    /// The ranks that are nobody else's.
    ranks: Vec<f64>,
}

impl Ranker {
    /// One that ranks up to so many numbers without taking more memory.
    pub(crate) fn with_capacity(n: usize) -> Self {
        let words = || Vec::with_capacity(n);
        Self { keys: words(), order: words(), spare: words(), ranks: Vec::with_capacity(n) }
    }

    /// Puts the mean rank over how many there are in place of each number that is not missing.
    pub(crate) fn rank(&mut self, x: &mut [f64]) {
        self.sort_by_digits(x);
        let (order, keys, n) = (&mut self.order, &self.keys, self.spare.len() as f64);
        if self.ranks.len() != order.len() {
            self.ranks.clear();
            self.ranks.extend((1..=order.len()).map(|k| k as f64 / n));
        }
        let mut start = 0;
        for near in order.chunk_by_mut(|a, b| digits(*a) == digits(*b)) {
            if let [alone] = near {
                x[place(*alone)] = self.ranks[start];
                start += 1;
                continue;
            }
            near.sort_unstable_by_key(|e| keys[place(*e)]);
            for equal in near.chunk_by(|a, b| keys[place(*a)] == keys[place(*b)]) {
                let end = start + equal.len();
                let rank = (start + 1 + end) as f64 / 2.0 / n;
                equal.iter().for_each(|e| x[place(*e)] = rank);
                start = end;
            }
        }
    }

    /// Puts the numbers that are there in the order of their digits.
    fn sort_by_digits(&mut self, x: &[f64]) {
        self.keys.clear();
        self.keys.extend(x.iter().map(|v| sortable(*v)));
        let there = || self.keys.iter().enumerate().filter(|(_, key)| **key != MISSING);
        let (lowest, highest, n) =
            there().fold((MISSING, 0, 0), |(lowest, highest, n), (_, &key)| (key.min(lowest), key.max(highest), n + 1));
        self.order.clear();
        self.spare.resize(n, 0);
        if n <= FEW {
            return self.order.extend(there().map(|(i, _)| i as u64));
        }
        let n_bits = u64::BITS - (highest - lowest).leading_zeros();
        let below = n_bits.saturating_sub(PASSES as u32 * DIGIT);
        // How many have each digit, and then where the next of them goes.
        let mut counts = [[0u32; 1 << DIGIT]; PASSES];
        for (i, key) in there() {
            let digits = (key - lowest) >> below;
            for (pass, counts) in counts.iter_mut().enumerate() {
                counts[digit(digits, pass)] += 1;
            }
            self.order.push(digits << 32 | i as u64);
        }
        for (pass, counts) in counts.iter_mut().enumerate() {
            let mut next = 0;
            for count in counts.iter_mut() {
                next += std::mem::replace(count, next);
            }
            for &e in &self.order {
                let next = &mut counts[digit(digits(e), pass)];
                self.spare[*next as usize] = e;
                *next += 1;
            }
            std::mem::swap(&mut self.order, &mut self.spare);
        }
    }
}

/// What sorts where no number does.
const MISSING: u64 = u64::MAX;

/// Bits of a number that sort as the numbers do; both zeros are one.
#[inline]
fn sortable(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    let key = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    if x.is_nan() { MISSING } else { key }
}

#[inline]
fn digits(e: u64) -> u64 {
    e >> 32
}

#[inline]
fn place(e: u64) -> usize {
    e as u32 as usize
}

#[inline]
fn digit(digits: u64, pass: usize) -> usize {
    (digits >> (pass as u32 * DIGIT)) as usize & ((1 << DIGIT) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By counting.
    fn slow(x: &[f64]) -> Vec<f64> {
        let n = x.iter().filter(|v| !v.is_nan()).count() as f64;
        let rank = |v: &f64| {
            let less = x.iter().filter(|w| *w < v).count();
            let equal = x.iter().filter(|w| *w == v).count();
            if v.is_nan() { f64::NAN } else { (2 * less + 1 + equal) as f64 / 2.0 / n }
        };
        x.iter().map(rank).collect()
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => -1.0..1.0f64,
            2 => (-3i32..3).prop_map(f64::from),
            2 => (0u64..9).prop_map(|k| f64::from_bits(1.0f64.to_bits() + k)),
            2 => any::<u64>().prop_map(f64::from_bits),
            1 => prop_oneof![Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e300)],
        ]
    }

    proptest! {
        #[test]
        fn it_is_what_counting_gives(many in prop::collection::vec(prop::collection::vec(number(), 0..200), 1..4)) {
            let mut ranker = Ranker::default();
            for x in many {
                let mut got = x.clone();
                ranker.rank(&mut got);
                for (got, want) in got.iter().zip(slow(&x)) {
                    prop_assert!(got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan());
                }
            }
        }
    }
}
