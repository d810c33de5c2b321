//! Black's formula (1976): European options on a forward.
//!
//! With `s = vol sqrt(t)` and `d = ln(F/K)/s +- s/2`: `call = df (F N(d1) - K N(d2))`, `put = df (K N(-d2) - F N(-d1))`.
//! The side out of the money is computed, and the other is that plus intrinsic value, so parity holds to rounding
//! and no price is negative. With `h = -|ln(F/K)|/s`, `u = s/2` and Mills' ratio `Y = N/n` (n the density), the price
//! out of the money is `sqrt(F K) n(h) exp(-u^2/2) (Y(h+u) - Y(h-u))`. Where the two terms nearly cancel, their
//! difference is the sum of `2 Y'(h) u + 2 Y'''(h) u^3/3! + ...`, with the derivatives from the backward
//! recurrence `Y[k-1] = (Y[k+1] - h Y[k]) / k`, all terms positive: no digit is lost in the wings. (Beyond `s = 15`,
//! which no market has, prices below 1e-100 may be too high, because `N` underflows.)
//!
//! NaN rule: NaN in, NaN out. A negative forward, strike, time, volatility or discount factor gives NaN.
//! At `t_years = 0` or `vol_annual = 0` the price is the discounted intrinsic value.
//! References: F. Black, J. Financial Economics 3 (1976); P. Jäckel, "Let's be rational", Wilmott (2015), for the
//! normalised form; W. Gautschi, SIAM Review 9 (1967), for backward recurrences.
//! Golden numbers: `black.csv`, mpmath with 80 digits; real data in the test that `QE_REAL_DATA` switches on.

use std::f64::consts::FRAC_1_SQRT_2;

use serde::{Deserialize, Serialize};

/// The right that an option gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// To buy.
    Call,
    /// To sell.
    Put,
}

/// Below this `h` derivatives come from the backward recurrence, above it from `erfc`.
const BACKWARD: f64 = -3.0;
/// The largest `u` of the series near the money.
const SERIES: f64 = 0.3;
/// The largest `u / |h|` of the series in the wings.
const SERIES_RATIO: f64 = 0.3;
/// Derivatives in use: enough for a relative 1e-17 at both limits.
const ORDERS: usize = 33;

/// `d1 = ln(F/K)/s + s/2`, with `s = vol_annual sqrt(t_years)`.
pub fn d1(forward: f64, strike: f64, t_years: f64, vol_annual: f64) -> f64 {
    let s = vol_annual * t_years.sqrt();
    log_ratio(forward, strike) / s + 0.5 * s
}

/// `d2 = ln(F/K)/s - s/2`, with `s = vol_annual sqrt(t_years)`.
pub fn d2(forward: f64, strike: f64, t_years: f64, vol_annual: f64) -> f64 {
    let s = vol_annual * t_years.sqrt();
    log_ratio(forward, strike) / s - 0.5 * s
}

/// The value of immediate exercise on the forward, undiscounted; NaN for a NaN.
pub fn intrinsic(right: Right, forward: f64, strike: f64) -> f64 {
    let gain = match right {
        Right::Call => forward - strike,
        Right::Put => strike - forward,
    };
    if gain < 0.0 { 0.0 } else { gain }
}

/// The undiscounted price.
pub fn undiscounted_price(right: Right, forward: f64, strike: f64, t_years: f64, vol_annual: f64) -> f64 {
    let s = vol_annual * t_years.sqrt();
    let defined = forward >= 0.0 && strike >= 0.0 && t_years >= 0.0 && vol_annual >= 0.0 && !s.is_nan();
    if !defined || forward.is_infinite() || strike.is_infinite() {
        return f64::NAN;
    }
    let intrinsic = intrinsic(right, forward, strike);
    if s == 0.0 || forward == 0.0 || strike == 0.0 {
        return intrinsic;
    }
    let most = match right {
        Right::Call => forward,
        Right::Put => strike,
    };
    (intrinsic + time_value(forward, strike, s)).min(most)
}

/// The price, discounted by `discount_factor`.
pub fn price(right: Right, forward: f64, strike: f64, t_years: f64, vol_annual: f64, discount_factor: f64) -> f64 {
    if discount_factor < 0.0 {
        return f64::NAN;
    }
    discount_factor * undiscounted_price(right, forward, strike, t_years, vol_annual)
}

/// `ln(forward / strike)`, exact where they are close.
fn log_ratio(forward: f64, strike: f64) -> f64 {
    let ratio = forward / strike;
    // Within a factor of two the difference has no rounding.
    if (0.5..=2.0).contains(&ratio) { libm::log1p((forward - strike) / strike) } else { libm::log(ratio) }
}

/// The undiscounted price of the side out of the money, all arguments positive.
fn time_value(forward: f64, strike: f64, s: f64) -> f64 {
    let (h, u) = (-log_ratio(forward, strike).abs() / s, 0.5 * s);
    let series = if h < BACKWARD { u < SERIES_RATIO * -h } else { u < SERIES };
    if series {
        const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
        let density = INV_SQRT_TAU * libm::exp(-0.5 * (h * h + u * u));
        let sum = if h < BACKWARD { wing_series(h, u) } else { near_series(h, u) };
        // Roots apart: the product may leave the range of a float.
        return forward.sqrt() * (strike.sqrt() * (density * sum));
    }
    // Out of the money both arguments are at most 0 or the gap is wide: nothing cancels.
    let (low, high) = if forward < strike { (forward, strike) } else { (strike, forward) };
    let value = low * half_erfc(-(h + u)) - high * half_erfc(-(h - u));
    value.max(0.0)
}

/// `N(-x)`.
fn half_erfc(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// `Y(h+u) - Y(h-u)` for `-3 <= h <= 0` and small `u`: derivatives by the forward recurrence.
fn near_series(h: f64, u: f64) -> f64 {
    const SQRT_HALF_PI: f64 = 1.253_314_137_315_500_3;
    let y = SQRT_HALF_PI * libm::exp(0.5 * h * h) * libm::erfc(-h * FRAC_1_SQRT_2);
    // `even` and `odd` are derivatives k - 1 and k, for k = 1, 3, 5, ...
    let (mut even, mut odd) = (y, 1.0 + h * y);
    let (mut term, mut sum) = (u, 0.0);
    for k in (1..18).step_by(2) {
        sum += odd * term;
        let k = f64::from(k);
        even = h * odd + k * even;
        odd = h * even + (k + 1.0) * odd;
        term *= u * u / ((k + 1.0) * (k + 2.0));
    }
    2.0 * sum
}

/// `Y(h+u) - Y(h-u)` for `h < -3` and `u < 0.3 |h|`: derivatives by the backward recurrence.
///
/// The recurrence is scaled, `Z[k] = Y[k] |h|^k / k!`, which keeps all numbers in range, and started with zeros far
/// enough up; `Z[1] + h^2 Z[0] = |h|` fixes the scale.
fn wing_series(h: f64, u: f64) -> f64 {
    let h2 = h * h;
    // Starting at N leaves a relative exp(-2 |h| (sqrt N - sqrt k)) in derivative k: 1e-17 in the sum.
    let start = ORDERS + 8 + (360.0 / h2) as usize;
    let mut z = [0.0; ORDERS + 1];
    let (mut above, mut here) = (0.0, 1e-30);
    for k in (1..=start).rev() {
        // Y[k-1] = (Y[k+1] - h Y[k]) / k, scaled.
        let below = (k + 1) as f64 / h2 * above + here;
        if k <= ORDERS {
            z[k] = here;
        }
        (above, here) = (here, below);
    }
    z[0] = here;
    let scale = -h / (z[1] + h2 * z[0]);
    let (ratio, mut power, mut sum) = (u / -h, u / -h, 0.0);
    for k in (1..=ORDERS).step_by(2) {
        sum += z[k] * power;
        power *= ratio * ratio;
    }
    2.0 * scale * sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::golden::{self, close, close_rel};

    #[test]
    fn prices_agree_with_eighty_digits() {
        let (mut worst, mut cells) = (0.0f64, 0);
        for row in golden::rows(include_str!("../../../data-fixtures/golden/stats/black.csv")) {
            let (f, k, t, vol) = (row.num("forward"), row.num("strike"), row.num("t_years"), row.num("vol_annual"));
            // One rounding of the arguments moves the price by h2 roundings; nothing else is allowed for.
            let tol = 1e-14 + 4e-16 * row.num("h2");
            for (right, name) in [(Right::Call, "call"), (Right::Put, "put")] {
                let got = undiscounted_price(right, f, k, t, vol);
                worst = worst.max((got / row.num(name) - 1.0).abs());
                close_rel(got, row.num(name), tol, &row);
                cells += 1;
            }
        }
        assert!(worst < 3e-13 && cells > 200, "{worst:e} over {cells}");
    }

    #[test]
    fn closed_forms() {
        // At the money the price is F (2 N(s/2) - 1) = F erf(s / sqrt 8).
        for s in [1e-9, 1e-3, 0.2, 0.59, 0.61, 3.0] {
            let want = 100.0 * libm::erf(s / 8f64.sqrt());
            close_rel(undiscounted_price(Right::Call, 100.0, 100.0, 1.0, s), want, 1e-14, &s);
            close_rel(price(Right::Put, 100.0, 100.0, 4.0, s / 2.0, 0.9), 0.9 * want, 1e-14, &s);
        }
        // Hull, "Options, Futures, and Other Derivatives", European futures put: 1.12.
        let put = price(Right::Put, 20.0, 20.0, 4.0 / 12.0, 0.25, libm::exp(-0.09 * 4.0 / 12.0));
        close(put, 1.12, 5e-3, &"Hull");
        close(d1(20.0, 20.0, 4.0 / 12.0, 0.25), 0.072_168_783_648_703_22, 1e-15, &"d1");
        close(d2(20.0, 20.0, 4.0 / 12.0, 0.25), -0.072_168_783_648_703_22, 1e-15, &"d2");
    }

    #[test]
    fn edges() {
        use Right::{Call, Put};
        assert_eq!(price(Call, 100.0, 90.0, 0.0, 0.2, 0.5), 5.0);
        assert_eq!(price(Put, 100.0, 90.0, 1.0, 0.0, 0.5), 0.0);
        assert_eq!(undiscounted_price(Call, 100.0, 0.0, 1.0, 0.2), 100.0);
        assert_eq!(undiscounted_price(Put, 0.0, 90.0, 1.0, 0.2), 90.0);
        assert_eq!(undiscounted_price(Call, 100.0, 90.0, 1.0, f64::INFINITY), 100.0);
        assert_eq!(undiscounted_price(Put, 100.0, 90.0, 1.0, 1e9), 90.0);
        assert_eq!(undiscounted_price(Call, 1.0, 1e300, 1e-6, 0.1), 0.0);
        let nan = f64::NAN;
        for bad in [
            (nan, 1.0, 1.0, 1.0, 1.0),
            (1.0, nan, 1.0, 1.0, 1.0),
            (1.0, 1.0, nan, 1.0, 1.0),
            (1.0, 1.0, 1.0, nan, 1.0),
            (1.0, 1.0, 1.0, 1.0, nan),
            (-1.0, 1.0, 1.0, 1.0, 1.0),
            (1.0, -1.0, 0.0, 1.0, 1.0),
            (1.0, 1.0, -1.0, 1.0, 1.0),
            (1.0, 1.0, 1.0, -1.0, 1.0),
            (1.0, 1.0, 1.0, 1.0, -1.0),
            (1.0, 1.0, 0.0, f64::INFINITY, 1.0),
            (f64::INFINITY, 1.0, 1.0, 1.0, 1.0),
        ] {
            for right in [Call, Put] {
                assert!(price(right, bad.0, bad.1, bad.2, bad.3, bad.4).is_nan(), "{bad:?}");
            }
        }
        assert_eq!(serde_json::to_string(&[Call, Put]).unwrap(), r#"["call","put"]"#);
    }

    proptest! {
        #[test]
        fn parity_bounds_and_monotony(x in -3.0..3.0f64, t in 0.001..10.0f64, vol in 0.001..3.0f64, step in 1.001..1.5f64) {
            let (f, k) = (100.0, 100.0 * libm::exp(x));
            let both = |k: f64, vol: f64| [Right::Call, Right::Put].map(|r| undiscounted_price(r, f, k, t, vol));
            let [call, put] = both(k, vol);
            prop_assert!((call - put - (f - k)).abs() <= 2.3e-16 * f.max(k));
            prop_assert!((0.0..=f).contains(&call) && (0.0..=k).contains(&put));
            prop_assert!(call >= f - k && put >= k - f);
            // In volatility both rise; in the strike the call falls and the put rises (to rounding at the bound).
            let [up_call, up_put] = both(k, vol * step);
            prop_assert!(up_call >= call * (1.0 - 1e-15) && up_put >= put * (1.0 - 1e-15));
            let [far_call, far_put] = both(k * step, vol);
            prop_assert!(far_call <= call * (1.0 + 1e-14) && far_put >= put * (1.0 - 1e-14));
        }

        #[test]
        fn branches_meet(h in -24.0..-0.1f64, u in 0.01..7.0f64) {
            // Either side of every boundary between two forms, prices are within the slope's step.
            for (h, u) in [(BACKWARD, u), (h, SERIES), (h, SERIES_RATIO * -h)] {
                let at = |e: f64| time_value(100.0, 100.0 * libm::exp(-h * 2.0 * u * (1.0 + e)), 2.0 * u * (1.0 + e));
                let (a, b) = (at(-1e-13), at(1e-13));
                prop_assert!((a - b).abs() <= 1e-10 * a.abs() + 1e-300, "{h} {u}: {a:e} {b:e}");
            }
        }
    }

    /// Two thousand prices with 50 digits, deep wings and negative rates; runs where `QE_REAL_DATA` names the data.
    #[test]
    fn real_reference_prices() {
        let Ok(folder) = std::env::var("QE_REAL_DATA") else {
            say("black: QE_REAL_DATA is not set; the 2,000 reference prices were not compared");
            return;
        };
        let path = std::path::Path::new(&folder).join("reference/bsm_high_precision.json");
        let table: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let rows = table["rows"].as_array().unwrap();
        let (mut relative, mut scaled, mut absolute, mut below, mut n) = (0.0f64, 0.0f64, 0.0f64, 0, 0);
        for row in rows {
            let right = if row[0] == "C" { Right::Call } else { Right::Put };
            let v: Vec<f64> = (1..8).map(|i| row[i].as_f64().unwrap()).collect();
            let [spot, strike, r, q, t, vol, want] = v[..] else { panic!("{row}") };
            // The forward and the discount factor are rounded here, before Black's formula sees them.
            let forward = spot * libm::exp((r - q) * t);
            let got = price(right, forward, strike, t, vol, libm::exp(-r * t));
            let error = (got - want).abs();
            absolute = absolute.max(error);
            n += 1;
            if want > 1e-300 {
                // A rounding of the forward moves the price by `1 + |h| / s` roundings, one of `s` by `h^2`.
                let s = vol * t.sqrt();
                let h = libm::log(forward / strike).abs() / s;
                relative = relative.max(error / want);
                scaled = scaled.max(error / want / (1.0 + h / s + h * h));
                below += i32::from(error <= 1e-13 * want);
            }
        }
        say(&format!(
            "black: {n} reference prices, max relative error {relative:.2e} ({scaled:.1e} per rounding of the \
             arguments), max absolute {absolute:.2e}, {below} within 1e-13"
        ));
        assert!(n == 2_000 && relative < 2e-12 && scaled < 4e-15 && absolute < 2e-13 && below > 1_750);
    }

    #[expect(clippy::print_stderr, reason = "the test says that it was not run, or what it measured")]
    fn say(text: &str) {
        eprintln!("{text}");
    }
}
