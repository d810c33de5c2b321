//! Cost share: which part of what a run would have earned went into costs.
//!
//! `cost_sum / (start_equity * total_return + cost_sum)`: costs over the gross result, both in money. More than 1 where
//! costs turned a profit into a loss. Undefined without a day, and where nothing was earned even before costs.
//! Golden: the definition in numpy.

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "cost_share",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "costs over the result before costs",
    compute: |p| cost_share(p.cost_sum, p.start_equity * p.total_return()?),
};

/// Costs over the result before them, of a result `net` of costs.
pub fn cost_share(cost_sum: f64, net: f64) -> Option<f64> {
    let gross = net + cost_sum;
    if gross > 0.0 { guard::ratio(cost_sum, gross) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_the_gross() {
        assert_eq!(cost_share(25.0, 75.0), Some(0.25));
        assert_eq!(cost_share(50.0, -25.0), Some(2.0));
    }

    #[test]
    fn without_a_gross_profit_there_is_none() {
        assert_eq!((cost_share(25.0, -25.0), cost_share(0.0, 0.0), cost_share(f64::NAN, 1.0)), (None, None, None));
    }
}
