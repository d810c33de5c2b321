//! A volatility surface that admits no static arbitrage: SSVI over a mean-reverting term structure.
//!
//! At-the-money total variance is `theta(t) = vbar t + (v0 - vbar) (1 - exp(-kappa t)) / kappa`, which rises with `t`.
//! At log-moneyness `k = ln(K/F)` total variance is `w = theta/2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2))`
//! with `phi = eta / sqrt(theta (1 + theta))`. With `eta (1 + |rho|) <= 2` no butterfly or calendar spread is worth
//! less than nothing. Reference: Gatheral and Jacquier, Quantitative Finance 14 (2014), theorem 4.1, corollary 4.1 and
//! equation 4.5; the term structure is that of Heston (1993).
//!
//! NaN rule: NaN in, NaN out; `t_years` must be above 0.

/// The parameters of a surface at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// Variance now, per year.
    pub v0: f64,
    /// Variance in the long run, per year.
    pub vbar: f64,
    /// Speed of return to the long run, per year.
    pub kappa: f64,
    /// The lean of the smile; below zero for equities.
    pub rho: f64,
    /// The bend of the smile.
    pub eta: f64,
}

impl Surface {
    /// Total variance at the money.
    pub fn theta(&self, t_years: f64) -> f64 {
        self.vbar * t_years - (self.v0 - self.vbar) * libm::expm1(-self.kappa * t_years) / self.kappa
    }

    /// Total variance at log-moneyness `k`.
    pub fn total_variance(&self, k: f64, t_years: f64) -> f64 {
        let theta = self.theta(t_years);
        let phi_k = self.eta / (theta * (1.0 + theta)).sqrt() * k;
        let lean = phi_k + self.rho;
        0.5 * theta * (1.0 + self.rho * phi_k + (lean * lean + 1.0 - self.rho * self.rho).sqrt())
    }

    /// Implied volatility at log-moneyness `k`.
    pub fn vol(&self, k: f64, t_years: f64) -> f64 {
        (self.total_variance(k, t_years) / t_years).sqrt()
    }

    /// Whether the conditions hold under which there is no static arbitrage.
    pub fn is_free_of_arbitrage(&self) -> bool {
        self.v0 > 0.0
            && self.vbar > 0.0
            && self.kappa > 0.0
            && self.rho.abs() < 1.0
            && self.eta * (1.0 + self.rho.abs()) <= 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::black::{Right, undiscounted_price};

    #[test]
    fn calls_fall_and_bend_upwards_and_time_is_worth_something() {
        for v0 in [0.008, 0.04, 0.5] {
            let s = Surface { v0, vbar: 0.04, kappa: 3.0, rho: -0.65, eta: 1.15 };
            assert!(s.is_free_of_arbitrage());
            let call = |k: f64, t: f64| undiscounted_price(Right::Call, 100.0, k, t, s.vol(libm::log(k / 100.0), t));
            for t in [0.003, 0.02, 0.25, 1.5] {
                let prices: Vec<f64> = (20..300).map(|k| call(f64::from(k), t)).collect();
                for w in prices.windows(3) {
                    assert!(w[1] <= w[0] && w[0] - w[1] <= 1.0 + 1e-12, "{v0} {t}");
                    assert!(w[0] - 2.0 * w[1] + w[2] >= -1e-11, "{v0} {t}: {w:?}");
                }
                for k in 20..300 {
                    let k = f64::from(k);
                    assert!(call(k, t * 1.3) >= call(k, t) - 1e-12, "calendar at {v0} {t} {k}");
                }
            }
        }
    }

    #[test]
    fn the_smile_leans_to_puts_and_meets_the_money() {
        let s = Surface { v0: 0.0256, vbar: 0.04, kappa: 3.0, rho: -0.65, eta: 1.15 };
        assert!((s.vol(0.0, 1e-6) - 0.16).abs() < 1e-6);
        assert!(s.vol(-0.1, 0.1) > s.vol(0.0, 0.1) && s.vol(0.0, 0.1) > s.vol(0.03, 0.1));
        assert!(s.vol(0.0, 2.0) > s.vol(0.0, 0.1), "towards the long run");
    }
}
