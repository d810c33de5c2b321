//! What the best of many points would show by luck alone.

use qe_core::stats::{normal_ppf, quantile};
use serde::Serialize;

/// Euler's constant.
const GAMMA: f64 = 0.577_215_664_901_532_9;

/// What luck alone would give.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Luck {
    /// How many points were tried, all of them counted.
    pub n: usize,
    /// The length of the scored time: the median over points.
    pub t_years: f64,
    /// The Sharpe ratio, a year, that the best of as many worthless and independent points would show.
    pub sharpe: f64,
}

impl Luck {
    /// Of so many points over so many days each. The estimate of a Sharpe ratio of zero over `t` years has a deviation
    /// of `1 / sqrt(t)`; the expected greatest of `n` normals is that of D. Bailey and M. Lopez de Prado, "The Deflated
    /// Sharpe Ratio", J. Portfolio Management 40 (2014).
    pub(crate) fn of(n: usize, observation_days: &[f64], days_per_year: f64) -> Option<Self> {
        let t_years = quantile(observation_days, 0.5)? / days_per_year;
        if n < 2 || t_years.is_nan() || t_years <= 0.0 {
            return None;
        }
        let tail = 1.0 / n as f64;
        let greatest = (1.0 - GAMMA) * normal_ppf(1.0 - tail) + GAMMA * normal_ppf(1.0 - tail / std::f64::consts::E);
        Some(Self { n, t_years, sharpe: greatest / t_years.sqrt() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_points_need_more_and_more_years_less() {
        // The expected greatest of 1,000 standard normals is 3.2414, by numerical integration outside of this crate;
        // the approximation lies a little above.
        let luck = Luck::of(1000, &[252.0; 9], 252.0).unwrap();
        assert!((luck.sharpe - 3.2414).abs() < 0.02, "{}", luck.sharpe);
        let four = Luck::of(1000, &[1008.0; 9], 252.0).unwrap();
        assert!((four.sharpe - luck.sharpe / 2.0).abs() < 1e-12);
        assert!(Luck::of(10, &[252.0], 252.0).unwrap().sharpe < luck.sharpe);
        assert_eq!((Luck::of(1, &[252.0], 252.0), Luck::of(9, &[f64::NAN], 252.0)), (None, None));
    }
}
