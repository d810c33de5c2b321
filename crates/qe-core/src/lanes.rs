//! Eight numbers at a time, in the widest vectors that the machine at hand has.
//!
//! What `wide` leaves to the compiler is said here: arithmetic on eight lanes, their transposition, and the gathering
//! of some. Eight is the width of the tree of [`mod@crate::stats::sum`]; they are one vector of AVX-512, two of AVX2,
//! four of SSE2, or an array. Each lane does what one number would do and nothing is fused, so the bits are the same in
//! all. NaN rule: of the smaller or the greater of two the second is given where one is NaN.
//! Golden numbers: none; the tests compare every form with the array.

/// Eight numbers side by side.
pub trait Eight: Copy {
    /// These numbers.
    fn of(x: &[f64; 8]) -> Self;
    /// One number in all lanes.
    fn all(x: f64) -> Self;
    /// The numbers.
    fn numbers(self) -> [f64; 8];
    /// `self + other`
    fn plus(self, other: Self) -> Self;
    /// `self - other`
    fn minus(self, other: Self) -> Self;
    /// `self * other`
    fn times(self, other: Self) -> Self;
    /// `self / other`
    fn over(self, other: Self) -> Self;
    /// `self` where it is less, `other` elsewhere.
    fn smaller(self, other: Self) -> Self;
    /// `self` where it is more, `other` elsewhere.
    fn greater(self, other: Self) -> Self;
    /// A bit for each lane that is less than that of `other`, the first lane's the lowest.
    fn below(self, other: Self) -> u8;
    /// Writes the lanes whose bits are set in order to `out[n..]`, says where they end, and may overwrite up to eight
    /// numbers from `n` on.
    ///
    /// # Panics
    /// When there are fewer than eight.
    fn keep(self, bits: u8, out: &mut [f64], n: usize) -> usize;
    /// Lane `i` of row `j` in lane `j` of row `i`.
    fn transposed(rows: [Self; 8]) -> [Self; 8];
}

/// Loops over eights. What they call should be `#[inline(always)]` down to the innermost.
pub trait EightLoops {
    /// What comes of them.
    type Out;

    /// Runs them; to be written with `#[inline(always)]`.
    fn run<V: Eight>(self) -> Self::Out;
}

/// Runs loops on the widest vectors of the machine.
#[inline]
pub fn eights<L: EightLoops>(loops: L) -> L::Out {
    #[cfg(target_arch = "x86_64")]
    return x86::eights(loops);
    #[cfg(not(target_arch = "x86_64"))]
    loops.run::<Plain>()
}

/// Puts the numbers of `x` below `cut` to the head of `out`, in order, and says how many there are. Nothing branches on
/// which they are.
///
/// # Panics
/// When `out` has not eight places more than `x` has numbers.
pub fn keep_below(x: &[f64], cut: f64, out: &mut [f64]) -> usize {
    assert!(out.len() >= x.len() + 8, "no room for eight more than all numbers");
    eights(KeepBelow { x, cut, out })
}

struct KeepBelow<'a> {
    x: &'a [f64],
    cut: f64,
    out: &'a mut [f64],
}

impl EightLoops for KeepBelow<'_> {
    type Out = usize;

    #[inline(always)]
    fn run<V: Eight>(self) -> usize {
        let (rows, rest) = self.x.as_chunks::<8>();
        let cut = V::all(self.cut);
        let mut n = 0;
        for row in rows {
            let row = V::of(row);
            n = row.keep(row.below(cut), self.out, n);
        }
        for &v in rest {
            self.out[n] = v;
            n += usize::from(v < self.cut);
        }
        n
    }
}

/// Eight numbers where nothing is known of vectors.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy)]
struct Plain([f64; 8]);

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Plain {
    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Eight for Plain {
    #[inline(always)]
    fn of(x: &[f64; 8]) -> Self {
        Self(*x)
    }

    #[inline(always)]
    fn all(x: f64) -> Self {
        Self([x; 8])
    }

    #[inline(always)]
    fn numbers(self) -> [f64; 8] {
        self.0
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    fn over(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn below(self, other: Self) -> u8 {
        (0..8).fold(0, |bits, i| bits | u8::from(self.0[i] < other.0[i]) << i)
    }

    #[inline(always)]
    fn keep(self, bits: u8, out: &mut [f64], n: usize) -> usize {
        keep_each(self.0, bits, out, n)
    }

    #[inline(always)]
    fn transposed(rows: [Self; 8]) -> [Self; 8] {
        std::array::from_fn(|i| Self(std::array::from_fn(|j| rows[j].0[i])))
    }
}

/// [`Eight::keep`], one number after the other.
#[inline(always)]
fn keep_each(x: [f64; 8], bits: u8, out: &mut [f64], mut n: usize) -> usize {
    let out = &mut out[..n + 8];
    for (i, v) in x.into_iter().enumerate() {
        out[n] = v;
        n += usize::from(bits >> i & 1);
    }
    n
}

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests {
    use super::*;

    /// What every operation makes of odd numbers.
    #[derive(Clone, Copy)]
    struct Probe<'a>(&'a [f64], &'a [f64]);

    impl EightLoops for Probe<'_> {
        type Out = Vec<u64>;

        #[inline(always)]
        fn run<V: Eight>(self) -> Vec<u64> {
            let mut all = Vec::new();
            for (a, b) in self.0.as_chunks().0.iter().zip(self.1.as_chunks().0) {
                let (a, b) = (V::of(a), V::of(b));
                let pairs = [a.plus(b), a.minus(b), a.times(b), a.over(b), a.smaller(b), a.greater(b), V::all(0.1), b];
                for row in pairs.into_iter().chain(V::transposed(pairs)) {
                    all.extend(row.numbers().map(|v| if v.is_nan() { 1 } else { v.to_bits() }));
                }
                let mut out = [0.0; 20];
                let n = a.keep(a.below(b), &mut out, 3);
                all.extend(out[..n].iter().map(|v| v.to_bits()));
                all.extend([n as u64, u64::from(a.below(b))]);
            }
            all
        }
    }

    #[test]
    fn all_forms_give_the_same_bits() {
        let odd =
            [f64::NAN, 0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, 0.1, 1.0 + f64::EPSILON, -3.7, 1e308, 0.3];
        let mut a: Vec<f64> = (0..8 * 400).map(|i| odd[i * i % 97 % 11]).collect();
        let mut b: Vec<f64> = (0..8 * 400).map(|i| odd[i * 31 % 89 % 11]).collect();
        // Every pattern of lanes that are below 0, each lane with a number of its own.
        let lane = |bits: i32, i: i32| f64::from(if bits >> i & 1 == 1 { -1 - i } else { 1 + i });
        a.extend((0..256).flat_map(|bits| (0..8).map(move |i| lane(bits, i))));
        b.resize(a.len(), 0.0);
        let want = Probe(&a, &b).run::<Plain>();
        assert_eq!(eights(Probe(&a, &b)), want);
        #[cfg(target_arch = "x86_64")]
        for (form, got) in x86::all_forms(Probe(&a, &b)) {
            assert_eq!(got, want, "{form}");
        }
    }

    #[test]
    fn what_is_below_is_kept_in_order() {
        for n in [0, 1, 7, 8, 9, 64, 100] {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101)).collect();
            for cut in [-1.0, 0.0, 20.0, 50.0, 200.0, f64::INFINITY] {
                let mut out = vec![0.0; x.len() + 8];
                let kept = keep_below(&x, cut, &mut out);
                let want: Vec<f64> = x.iter().copied().filter(|v| *v < cut).collect();
                assert_eq!(out[..kept], want, "{n} {cut}");
            }
        }
    }
}
