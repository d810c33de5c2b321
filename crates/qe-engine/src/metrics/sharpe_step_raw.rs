//! Sharpe ratio of the returns per bar, annualised: for diagnosis alone.
//!
//! As `sharpe_daily`, from the bars and their number a year. Many bars make it unstable and flattering, so no gate
//! reads it. The deviation comes from count, sum and sum of squares; where it is below a millionth of the root mean
//! square it is rounding. Undefined then, below two bars, and below the floor of `sharpe_daily`.
//! Golden: empyrical `sharpe_ratio` of the bars, with the bars a year of the run.

use super::sharpe_daily::is_floored;
use super::{Better, Metric, StepMoments, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "sharpe_step_raw",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "the Sharpe ratio of returns per bar, annualised; for diagnosis alone",
    compute: |p| sharpe_of_steps(p.steps, p.steps_per_year),
};

/// The annualised Sharpe ratio of bars.
pub fn sharpe_of_steps(steps: StepMoments, steps_per_year: f64) -> Option<f64> {
    if steps.n < 2 {
        return None;
    }
    let per_year = guard::per_year(steps_per_year)?;
    let mean = steps.sum / steps.n as f64;
    let squares = steps.sum_sq - steps.sum * mean;
    if squares <= 1e-12 * steps.sum_sq {
        return None;
    }
    let vol = (squares / (steps.n - 1) as f64).sqrt() * per_year.sqrt();
    if is_floored(vol) { None } else { guard::ratio(mean * per_year, vol) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_ratio_of_the_bars() {
        let steps = StepMoments::of(&[0.01, 0.02, 0.03]);
        assert!((sharpe_of_steps(steps, 4.0).unwrap() - 4.0).abs() < 1e-13);
    }

    #[test]
    fn rounding_is_no_deviation() {
        // The sums of a constant leave a little of nothing.
        for r in [0.0, 0.001, 0.1, 1e-9] {
            assert_eq!(sharpe_of_steps(StepMoments::of(&vec![r; 1001]), 19_656.0), None, "{r}");
        }
        assert_eq!(sharpe_of_steps(StepMoments::of(&[0.1]), 252.0), None);
        assert_eq!(sharpe_of_steps(StepMoments::of(&[0.1, f64::NAN]), 252.0), None);
    }
}
