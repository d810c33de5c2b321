//! Raw kurtosis of daily returns, with divisor n: 3 for a normal distribution, never the excess.
//!
//! The fourth moment about the mean over the variance squared, not corrected for sample size: the form that the
//! probabilistic Sharpe ratio asks for. Undefined without spread.
//! Golden: SciPy `kurtosis(fisher=False)`.

use qe_core::stats::{RawKurtosis, kurtosis_population};

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "kurtosis",
    unit: Unit::Ratio,
    better: Better::Lower,
    about: "raw kurtosis of daily returns, divisor n: 3 is normal",
    compute: |p| kurtosis(p.daily).map(|k| k.0),
};

/// The kurtosis of `daily`.
pub fn kurtosis(daily: &[f64]) -> Option<RawKurtosis> {
    kurtosis_population(daily)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_raw() {
        // Two values have 1, the least there is; an excess would be -2.
        assert_eq!(kurtosis(&[-0.5, 0.5, 0.5, -0.5]), Some(RawKurtosis(1.0)));
        assert_eq!(
            (METRIC.compute)(&super::super::Performance { daily: &[-1.0, 1.0], ..Default::default() }),
            Some(1.0)
        );
    }

    #[test]
    fn without_spread_there_is_none() {
        assert_eq!((kurtosis(&[0.1; 9]), kurtosis(&[])), (None, None));
    }
}
