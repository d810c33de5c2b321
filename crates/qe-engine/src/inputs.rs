//! What costs are made of in a market: how much trades in a day, and how far the price moves in one.
//!
//! Average daily volume and daily volatility of a day are those of the 20 days before it, of fewer at the beginning: nothing of
//! the day itself. A fill moves the price by `impact_coef * volatility * sqrt(units / volume)`, the square-root law.
//! NaN rule: a day before which there are not three whole days has no volatility, and where impact is charged nothing is opened
//! in it. Where nothing trades, what was known the day before stays.
//! Reference: B. Tóth and others, "Anomalous price impact and the critical nature of liquidity in financial markets",
//! Phys. Rev. X 1 (2011). Golden: closed forms in the tests.

use crate::market::Market;

/// Days that volume and volatility are averaged over.
const N_DAYS: usize = 20;

/// Volume and volatility by day.
#[derive(Debug, Clone, PartialEq)]
pub struct CostInputs {
    /// Units that trade in a day, on average.
    pub adv: Vec<f64>,
    /// The standard deviation of daily returns.
    pub sigma: Vec<f64>,
}

impl CostInputs {
    /// The inputs of each day of a market.
    pub fn new(market: &Market) -> Self {
        let ends = market.day_end();
        let volume = market.columns().get("volume").map(|c| c.to_f64());
        let mut start = 0;
        let mut volumes = Vec::with_capacity(ends.len());
        for &end in ends {
            let rows = start..end as usize + 1;
            start = rows.end;
            // Bars without volume are bars in which nothing is known to have traded.
            let sum = volume.as_ref().map_or(f64::NAN, |v| v[rows].iter().filter(|x| !x.is_nan()).sum());
            volumes.push(sum);
        }
        let closes: Vec<f64> = ends.iter().map(|end| market.closes_filled()[*end as usize]).collect();
        let returns: Vec<f64> = closes.windows(2).map(|w| w[1] / w[0] - 1.0).collect();
        let of = |day: usize| {
            let from = day.saturating_sub(N_DAYS);
            let adv = qe_core::stats::mean(&volumes[from..day]);
            // The return of a day belongs to it and the one before.
            let sigma = qe_core::stats::std(&returns[from.saturating_sub(1)..day.saturating_sub(1)], 1);
            (adv.unwrap_or(f64::NAN), sigma.unwrap_or(f64::NAN))
        };
        let (mut adv, mut sigma): (Vec<f64>, Vec<f64>) = (0..ends.len()).map(of).unzip();
        // A time without trades leaves what was known before: a position must be left at some cost.
        for day in 1..ends.len() {
            if adv[day].is_nan() || adv[day] <= 0.0 {
                adv[day] = adv[day - 1];
            }
            if sigma[day].is_nan() {
                sigma[day] = sigma[day - 1];
            }
        }
        Self { adv, sigma }
    }

    /// By what fraction a fill of so many units moves the price on a day.
    pub fn impact(&self, day: usize, units: f64, coef: f64) -> f64 {
        match (self.adv.get(day), self.sigma.get(day)) {
            (Some(adv), Some(sigma)) if *adv > 0.0 => coef * sigma * (units.abs() / adv).sqrt(),
            _ => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use qe_core::bars::Bars;
    use qe_core::calendar::Calendar;
    use qe_core::columns::Axis;
    use qe_core::timeframe::Timeframe;

    use super::*;

    #[test]
    fn a_day_knows_the_days_before_it() {
        let day = 86_400_000_000_000_i64;
        let hours: Vec<i64> = (0..48).map(|i| i / 2 * day + i % 2 * day / 2).collect();
        let axis = Axis::new(hours.clone(), hours.iter().map(|t| t + day / 2).collect::<Vec<_>>()).unwrap();
        // Closes of days double and halve in turn; volumes are 10 and 30 a day in turn.
        let close: Vec<f64> = (0..48).map(|i| if i / 2 % 2 == 0 { 100.0 } else { 200.0 }).collect();
        let volume: Vec<f64> = (0..48).map(|i| if i / 2 % 2 == 0 { 5.0 } else { 15.0 }).collect();
        let bars = Bars::new(
            "X",
            Timeframe::from_nanos(day / 2).unwrap(),
            axis,
            [close.clone(), close.clone(), close.clone(), close, volume],
        )
        .unwrap();
        let inputs = CostInputs::new(&Market::new(&bars, &Calendar::crypto()).unwrap());
        assert!(inputs.adv[0].is_nan() && inputs.sigma[1].is_nan() && inputs.sigma[2].is_nan());
        assert_eq!((inputs.adv[1], inputs.adv[2], inputs.adv[3]), (10.0, 20.0, 50.0 / 3.0));
        assert_eq!(inputs.adv[23], 20.0);
        // Returns of 1 and -0.5 in turn: the deviation of two is 1.5 / sqrt(2).
        assert!((inputs.sigma[3] - 1.5 / 2.0_f64.sqrt()).abs() < 1e-15);
        // A whole day's volume moves the price by a day's deviation.
        assert_eq!(inputs.impact(3, 50.0 / 3.0, 1.0), inputs.sigma[3]);
        assert!(inputs.impact(0, 1.0, 1.0).is_nan());
    }

    #[test]
    fn a_time_without_trades_leaves_what_was_known() {
        let day = 86_400_000_000_000_i64;
        let open: Vec<i64> = (0..40).map(|i| i * day).collect();
        let axis = Axis::new(open.clone(), open.iter().map(|t| t + day).collect::<Vec<_>>()).unwrap();
        let close: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 100.0 } else { 200.0 }).collect();
        // Five days of 12, then none.
        let volume: Vec<f64> = (0..40).map(|i| if i < 5 { 12.0 } else { 0.0 }).collect();
        let prices = [close.clone(), close.clone(), close.clone(), close, volume];
        let bars = Bars::new("X", Timeframe::from_nanos(day).unwrap(), axis, prices).unwrap();
        let inputs = CostInputs::new(&Market::new(&bars, &Calendar::crypto()).unwrap());
        // Day 24 has one of the five among its 20 before it; of those after it no day has any.
        assert_eq!((inputs.adv[5], inputs.adv[24]), (12.0, 12.0 / 20.0));
        assert!(inputs.adv[25..].iter().all(|adv| *adv == 12.0 / 20.0));
    }
}
