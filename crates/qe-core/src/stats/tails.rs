//! Tail probabilities and quantiles of the distributions that tests need.
//!
//! `_cdf(x) = P(X <= x)`, `_sf(x) = P(X > x)`, `_ppf(p)` the quantile. An `sf` is computed directly, never as
//! `1 - cdf`, so that far tails keep their relative accuracy. The normal distribution is our own: `erfc` of `libm`
//! and algorithm AS 241 (PPND16) for the quantile; the others stand on `special`, and their quantiles are solved.
//!
//! NaN rule: NaN in, NaN out; a parameter that defines no distribution, or a `p` outside [0, 1], gives NaN.
//! References: M. Wichura, Applied Statistics 37 (1988) 477; Abramowitz and Stegun, chapter 26.
//! Golden numbers: `tails.csv`, mpmath with 60 digits; quantiles are roots of the tails there.

use std::f64::consts::FRAC_1_SQRT_2;

use super::special::{beta_reg, gamma_reg};

/// `1 / sqrt(2 pi)`.
const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// Standard normal density.
pub fn normal_pdf(x: f64) -> f64 {
    INV_SQRT_TAU * libm::exp(-0.5 * x * x)
}

/// Standard normal `P(X <= x)`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Standard normal `P(X > x)`.
pub fn normal_sf(x: f64) -> f64 {
    normal_cdf(-x)
}

/// Standard normal quantile; `-inf` at 0 and `inf` at 1.
pub fn normal_ppf(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    ppnd16(p - 0.5, p.min(1.0 - p))
}

/// The `x` with `normal_sf(x) = q`: the quantile for small upper tails.
pub fn normal_isf(q: f64) -> f64 {
    -normal_ppf(q)
}

/// AS 241 from `q = p - 0.5` and the smaller tail `min(p, 1 - p) > 0`.
#[inline]
pub(crate) fn ppnd16(q: f64, tail: f64) -> f64 {
    if q.abs() <= PPND_SPLIT { ppnd16_centre(q) } else { ppnd16_tail(q, tail) }
}

/// Where the central approximation of AS 241 ends.
pub(crate) const PPND_SPLIT: f64 = 0.425;

/// The central branch of AS 241, `|q| <= 0.425`. Without branches, so that loops over it vectorise.
#[inline(always)]
pub(crate) fn ppnd16_centre(q: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ];
    const B: [f64; 8] = [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ];
    let r = 0.180_625 - q * q;
    q * poly(&A, r) / poly(&B, r)
}

/// The tail branches of AS 241: the quantile with the sign of `q` whose outer tail is `tail`.
#[inline]
pub(crate) fn ppnd16_tail(q: f64, tail: f64) -> f64 {
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    let r = (-libm::log(tail)).sqrt();
    let x = if r <= 5.0 { poly(&C, r - 1.6) / poly(&D, r - 1.6) } else { poly(&E, r - 5.0) / poly(&F, r - 5.0) };
    if q < 0.0 { -x } else { x }
}

/// Horner's rule, seventh degree.
#[inline(always)]
fn poly(c: &[f64; 8], r: f64) -> f64 {
    ((((((c[7] * r + c[6]) * r + c[5]) * r + c[4]) * r + c[3]) * r + c[2]) * r + c[1]) * r + c[0]
}

/// Student's t: `P(X <= x)` with `df > 0` degrees of freedom.
pub fn student_t_cdf(x: f64, df: f64) -> f64 {
    student_t_sf(-x, df)
}

/// Student's t: `P(X > x)` with `df > 0` degrees of freedom; the normal one when `df` is infinite.
pub fn student_t_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df == f64::INFINITY {
        return normal_sf(x);
    }
    let (near, far) = odds(x * x / df);
    let two_sided = beta_reg(0.5 * df, 0.5, near, far);
    if x >= 0.0 { 0.5 * two_sided } else { 1.0 - 0.5 * two_sided }
}

/// Student's t quantile.
pub fn student_t_ppf(p: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return normal_ppf(p);
    }
    if !is_positive(df) || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let tail = p.min(1.0 - p);
    let x = if tail == 0.0 {
        f64::INFINITY
    } else if tail == 0.5 {
        0.0
    } else if tail < 0.25 {
        solve(|x| student_t_sf(x, df), tail, false)
    } else {
        // Near the middle the chance of being within x is the one with all its digits.
        let within = |x: f64| {
            let (near, far) = odds(x * x / df);
            beta_reg(0.5, 0.5 * df, far, near)
        };
        solve(within, 2.0 * (0.5 - p).abs(), true)
    };
    if p < 0.5 { -x } else { x }
}

/// Chi-squared: `P(X <= x)` with `df > 0` degrees of freedom.
pub fn chi2_cdf(x: f64, df: f64) -> f64 {
    if x.is_nan() || !is_positive(df) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    gamma_reg(0.5 * df, 0.5 * x).0
}

/// Chi-squared: `P(X > x)` with `df > 0` degrees of freedom.
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() || !is_positive(df) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    gamma_reg(0.5 * df, 0.5 * x).1
}

/// Chi-squared quantile.
pub fn chi2_ppf(p: f64, df: f64) -> f64 {
    if !is_positive(df) {
        return f64::NAN;
    }
    positive_ppf(p, |x| chi2_cdf(x, df), |x| chi2_sf(x, df))
}

/// Fisher's F: `P(X <= x)` with `df1, df2 > 0` degrees of freedom.
pub fn f_cdf(x: f64, df1: f64, df2: f64) -> f64 {
    if x.is_nan() || !is_positive(df1) || !is_positive(df2) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    let (near, far) = odds(df1 / df2 * x);
    beta_reg(0.5 * df1, 0.5 * df2, far, near)
}

/// Fisher's F: `P(X > x)` with `df1, df2 > 0` degrees of freedom.
pub fn f_sf(x: f64, df1: f64, df2: f64) -> f64 {
    if x.is_nan() || !is_positive(df1) || !is_positive(df2) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    let (near, far) = odds(df1 / df2 * x);
    beta_reg(0.5 * df2, 0.5 * df1, near, far)
}

/// Fisher's F quantile.
pub fn f_ppf(p: f64, df1: f64, df2: f64) -> f64 {
    if !is_positive(df1) || !is_positive(df2) {
        return f64::NAN;
    }
    positive_ppf(p, |x| f_cdf(x, df1, df2), |x| f_sf(x, df1, df2))
}

/// Binomial: `P(X > k)` of `n` trials with chance `p`.
pub fn binomial_sf(k: u64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if k >= n {
        return 0.0;
    }
    beta_reg((k + 1) as f64, (n - k) as f64, p, 1.0 - p)
}

/// Binomial: `P(X >= k)`, the p-value of `k` successes in `n` trials when each has chance `p`.
pub fn binomial_at_least(k: u64, n: u64, p: f64) -> f64 {
    match k.checked_sub(1) {
        Some(below) => binomial_sf(below, n, p),
        None if (0.0..=1.0).contains(&p) => 1.0,
        None => f64::NAN,
    }
}

/// `1 / (1 + r)` and `r / (1 + r)` for `r >= 0`, each with all its digits.
fn odds(r: f64) -> (f64, f64) {
    if r <= 1.0 { (1.0 / (1.0 + r), r / (1.0 + r)) } else { (1.0 / r / (1.0 + 1.0 / r), 1.0 / (1.0 + 1.0 / r)) }
}

/// Whether a number is positive and finite.
fn is_positive(v: f64) -> bool {
    v > 0.0 && v.is_finite()
}

/// The quantile of a distribution on the positive numbers, from its smaller tail.
fn positive_ppf(p: f64, cdf: impl Fn(f64) -> f64, sf: impl Fn(f64) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        f64::NAN
    } else if p == 0.0 {
        0.0
    } else if p == 1.0 {
        f64::INFINITY
    } else if p <= 0.5 {
        solve(cdf, p, true)
    } else {
        solve(sf, 1.0 - p, false)
    }
}

/// The positive `x` with `f(x) = target`, `f` rising or falling: regula falsi (Illinois) on logarithms, where tails
/// are nearly straight, with a bisection at each third step.
fn solve(f: impl Fn(f64) -> f64, target: f64, rising: bool) -> f64 {
    const LIMIT: f64 = 700.0;
    let goal = libm::log(target);
    let miss = |y: f64| {
        // An underflow is as good as a very small number.
        let gap = libm::log(f(libm::exp(y)).max(1e-320)) - goal;
        if rising { gap } else { -gap }
    };
    let (mut low, mut high, mut step) = (-0.5, 0.5, 1.0);
    let (mut at_low, mut at_high) = (miss(low), miss(high));
    while at_low > 0.0 && low > -LIMIT {
        (high, at_high) = (low, at_low);
        low = (low - step).max(-LIMIT);
        (at_low, step) = (miss(low), step * 2.0);
    }
    while at_high < 0.0 && high < LIMIT {
        (low, at_low) = (high, at_high);
        high = (high + step).min(LIMIT);
        (at_high, step) = (miss(high), step * 2.0);
    }
    if !(at_low <= 0.0 && at_high >= 0.0) {
        return f64::NAN;
    }
    let mut side = 0;
    for i in 0..200 {
        let middle = 0.5 * (low + high);
        let secant = low - at_low * ((high - low) / (at_high - at_low));
        let y = if i % 3 < 2 && secant > low && secant < high { secant } else { middle };
        let gap = miss(y);
        if gap == 0.0 || middle == low || middle == high {
            return libm::exp(y);
        }
        if gap < 0.0 {
            (low, at_low) = (y, gap);
            at_high *= if side == -1 { 0.5 } else { 1.0 };
            side = -1;
        } else {
            (high, at_high) = (y, gap);
            at_low *= if side == 1 { 0.5 } else { 1.0 };
            side = 1;
        }
    }
    libm::exp(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden;

    fn value(row: &golden::Row) -> f64 {
        let (x, a, b) = (row.num("x"), row.num("a"), row.num("b"));
        match row.text("function") {
            "normal_pdf" => normal_pdf(x),
            "normal_cdf" => normal_cdf(x),
            "normal_sf" => normal_sf(x),
            "normal_ppf" => normal_ppf(x),
            "student_t_cdf" => student_t_cdf(x, a),
            "student_t_sf" => student_t_sf(x, a),
            "student_t_ppf" => student_t_ppf(x, a),
            "chi2_cdf" => chi2_cdf(x, a),
            "chi2_sf" => chi2_sf(x, a),
            "chi2_ppf" => chi2_ppf(x, a),
            "f_cdf" => f_cdf(x, a, b),
            "f_sf" => f_sf(x, a, b),
            "f_ppf" => f_ppf(x, a, b),
            "binomial_sf" => binomial_sf(x as u64, a as u64, b),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn tails_and_quantiles_agree_with_sixty_digits() {
        let mut worst = std::collections::BTreeMap::new();
        let mut wrong = Vec::new();
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/tails.csv")) {
            let (got, want) = (value(&row), row.num("value"));
            let error = if got == want { 0.0 } else { ((got - want) / want).abs() };
            let seen = worst.entry(row.text("function").to_owned()).or_insert(0.0f64);
            *seen = seen.max(error);
            if error.is_nan() || error > row.num("tol") {
                wrong.push(format!("{row:?}: got {got:e}, off by {error:.1e}"));
            }
        }
        assert!(wrong.is_empty(), "{worst:?}\n{}", wrong.join("\n"));
    }

    #[test]
    fn wrong_arguments_give_nan_and_ends_are_right() {
        let nan = f64::NAN;
        for v in [
            normal_ppf(-0.1),
            normal_ppf(nan),
            normal_sf(nan),
            student_t_sf(1.0, 0.0),
            student_t_cdf(nan, 3.0),
            student_t_ppf(0.5, -1.0),
            chi2_sf(1.0, nan),
            chi2_ppf(1.5, 2.0),
            f_sf(nan, 1.0, 1.0),
            f_cdf(1.0, 1.0, -1.0),
            f_ppf(nan, 1.0, 1.0),
            binomial_sf(1, 2, 1.5),
            binomial_at_least(0, 2, nan),
        ] {
            assert!(v.is_nan());
        }
        let inf = f64::INFINITY;
        assert_eq!((normal_ppf(0.0), normal_ppf(0.5), normal_ppf(1.0), normal_isf(0.0)), (-inf, 0.0, inf, inf));
        assert_eq!((student_t_sf(inf, 3.0), student_t_sf(-inf, 3.0), student_t_ppf(0.0, 3.0)), (0.0, 1.0, -inf));
        assert_eq!(
            (chi2_sf(inf, 3.0), chi2_cdf(0.0, 3.0), f_sf(0.0, 1.0, 2.0), f_cdf(inf, 1.0, 2.0)),
            (0.0, 0.0, 1.0, 1.0)
        );
        assert_eq!(
            (binomial_sf(5, 5, 0.3), binomial_at_least(0, 5, 0.3), binomial_at_least(6, 5, 0.3)),
            (0.0, 1.0, 0.0)
        );
        assert_eq!((binomial_sf(2, 5, 0.0), binomial_sf(2, 5, 1.0)), (0.0, 1.0));
    }

    #[test]
    fn the_three_branches_of_the_quantile_meet() {
        for edge in [0.075, libm::exp(-25.0)] {
            let (a, b) = (normal_ppf(edge * (1.0 - 1e-12)), normal_ppf(edge * (1.0 + 1e-12)));
            assert!(a < b && b - a < 1e-10, "{a} {b}");
        }
    }
}
