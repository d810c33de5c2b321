//! Bars that activity closes instead of the clock: every so many trades, shares or dollars.
//!
//! A bar closes with the trade at which what has gathered since the last one reaches the threshold, and nothing is
//! carried over: the trade that reaches it belongs to that bar whole (Lopez de Prado, Advances in Financial Machine
//! Learning, chapter 2). A bar opens at its first trade and is complete at its last. The trades behind the last
//! complete bar make no bar; their number is reported.

use qe_core::bars::{BarKind, Bars, OHLCV};
use qe_core::columns::{Axis, Columns};
use qe_core::ticks::Ticks;

use super::Agg;
use super::bars::{buy_volume, vwap};
use crate::error::{Error, Result};

/// Bars of `kind` from trades, and how many trades at the end make none. Behind the five columns stand `trades`,
/// `buy_volume` and `vwap`.
///
/// # Errors
/// When `kind` is a timeframe, or the threshold is not above zero.
pub fn activity_bars(ticks: &Ticks, kind: BarKind) -> Result<(Bars, usize)> {
    let threshold = match kind {
        BarKind::Ticks(n) => n as f64,
        BarKind::Volume(v) | BarKind::Dollars(v) => v,
        BarKind::Time(_) => {
            return Err(Error::spec("kind", "bars of time are cut by a calendar", "use `resample_ticks`"));
        }
    };
    if !(threshold > 0.0 && threshold.is_finite()) {
        return Err(Error::spec("kind", format!("a threshold of {threshold} closes no bar"), "give one above zero"));
    }
    let (price, size, side) = (ticks.price(), ticks.size(), ticks.side());
    let (mut runs, mut start, mut gathered) = (Vec::new(), 0, 0.0);
    for row in 0..ticks.len() {
        let step = match kind {
            BarKind::Volume(_) => size[row],
            BarKind::Dollars(_) => size[row] * price[row],
            _ => 1.0,
        };
        if !step.is_nan() {
            gathered += step;
        }
        if gathered >= threshold {
            runs.push(start..row + 1);
            (start, gathered) = (row + 1, 0.0);
        }
    }
    let (opened, known) = (ticks.axis().open(), ticks.axis().available());
    let axis = Axis::new(
        runs.iter().map(|r| opened[r.start]).collect::<Vec<_>>(),
        runs.iter().map(|r| known[r.end - 1]).collect::<Vec<_>>(),
    )?;
    let mut columns = Columns::new(axis);
    for (name, agg) in OHLCV.into_iter().zip(Agg::OHLCV) {
        let from = if name == "volume" { size } else { price };
        columns.push(name, runs.iter().map(|r| agg.of(&from[r.clone()])).collect::<Vec<f64>>())?;
    }
    columns.push("trades", runs.iter().map(|r| r.len() as f64).collect::<Vec<f64>>())?;
    let bought = runs.iter().map(|r| buy_volume(&size[r.clone()], &side[r.clone()]));
    columns.push("buy_volume", bought.collect::<Vec<f64>>())?;
    columns.push("vwap", runs.iter().map(|r| vwap(&price[r.clone()], &size[r.clone()])).collect::<Vec<f64>>())?;
    Ok((Bars::from_columns(ticks.symbol(), kind, columns)?, ticks.len() - start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::timeframe::Timeframe;

    fn ticks() -> Ticks {
        let axis = Axis::instants(vec![1, 2, 2, 2, 5, 6, 9]).unwrap();
        let price = vec![10.0, 11.0, 9.0, 10.0, 20.0, 10.0, 10.0];
        let size = vec![1.0, 2.0, 1.0, 4.0, 1.0, f64::NAN, 1.0];
        Ticks::new("ES", axis, price, size, vec![1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 0.0]).unwrap()
    }

    #[test]
    fn tick_bars_hold_exactly_so_many_trades() {
        let (bars, left) = activity_bars(&ticks(), BarKind::Ticks(2)).unwrap();
        assert_eq!((bars.len(), left), (3, 1));
        assert_eq!(bars.open(), [10.0, 9.0, 20.0]);
        assert_eq!(bars.high(), [11.0, 10.0, 20.0]);
        assert_eq!(bars.open_time(), [1, 2, 5], "two bars may open at one instant");
        assert_eq!(bars.available(), [2, 2, 6]);
    }

    #[test]
    fn volume_and_dollar_bars_close_with_the_trade_that_reaches_the_threshold() {
        let (bars, left) = activity_bars(&ticks(), BarKind::Volume(3.0)).unwrap();
        assert_eq!((bars.volume(), left), (&[3.0, 5.0][..], 3));
        let (bars, left) = activity_bars(&ticks(), BarKind::Dollars(40.0)).unwrap();
        assert_eq!((bars.volume(), left), (&[4.0, 4.0][..], 3));
        assert_eq!(bars.columns().get("buy_volume").unwrap().to_f64()[..], [3.0, 0.0]);
    }

    #[test]
    fn a_trade_without_a_size_adds_nothing_and_stops_nothing() {
        let axis = Axis::instants(vec![1, 2, 3, 4]).unwrap();
        let size = vec![1.0, f64::NAN, 2.0, 1.0];
        let ticks = Ticks::new("ES", axis, vec![10.0; 4], size, vec![0.0; 4]).unwrap();
        for kind in [BarKind::Volume(3.0), BarKind::Dollars(30.0)] {
            let (bars, left) = activity_bars(&ticks, kind).unwrap();
            assert_eq!((bars.volume(), bars.available(), left), (&[3.0][..], &[3][..], 1), "{kind}");
        }
    }

    #[test]
    fn thresholds_that_close_nothing_or_everything_are_refused() {
        for kind in [BarKind::Ticks(0), BarKind::Volume(-1.0), BarKind::Dollars(f64::NAN)] {
            assert!(activity_bars(&ticks(), kind).is_err(), "{kind}");
        }
        assert!(activity_bars(&ticks(), Timeframe::M1.into()).unwrap_err().to_string().contains("resample_ticks"));
    }
}
