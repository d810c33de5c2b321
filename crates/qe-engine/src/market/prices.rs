//! What prices bars must have, so that something can be traded at them.

use qe_core::bars::Bars;
use qe_core::time::Timestamp;

use crate::error::{Error, Result};

/// Fails at the first bar with a price that is not above zero or without bound, or a high below its low. Missing prices are
/// allowed. So is an open or a close outside of the extremes: prices that were adjusted are rounded.
///
/// A market checks its own bars; those that it is made of are to be checked before, since longer bars may hide them.
///
/// # Errors
/// When there is such a bar; it is named by its row and its time.
pub fn check_prices(bars: &Bars) -> Result<()> {
    let fault = |what: String, row: usize, mend: &str| {
        // Its number counts what was loaded, and files have rows that were left out: its time leads to it.
        let at = Timestamp(bars.open_time()[row]);
        let (place, reason) = (bars.symbol().to_owned(), format!("{what} in row {row}, which opens at {at}"));
        Err(Error::Market { place, reason, mend: mend.into() })
    };
    for (name, x) in [("open", bars.open()), ("high", bars.high()), ("low", bars.low()), ("close", bars.close())] {
        if let Some(row) = x.iter().position(|v| *v <= 0.0 || v.is_infinite()) {
            let mend = "leave the bar out, or make the price NaN if it is not known";
            return fault(format!("{name} is {}", x[row]), row, mend);
        }
    }
    // Where either is not known this does not hold.
    if let Some(row) = bars.high().iter().zip(bars.low()).position(|(high, low)| high < low) {
        let what = format!("high is {}, and low is {}", bars.high()[row], bars.low()[row]);
        return fault(what, row, "look whether columns are swapped; leave the bar out, or make both NaN");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::columns::Axis;
    use qe_core::timeframe::Timeframe;

    #[test]
    fn a_bar_that_cannot_be_is_named_by_its_row_and_its_time() {
        let said = |open: f64, high: f64, low: f64| {
            let hour = 3_600_000_000_000;
            let axis = Axis::new(vec![0, hour], vec![hour, 2 * hour]).unwrap();
            let two = |x: f64| vec![100.0, x];
            let prices = [two(open), vec![101.0, high], vec![99.0, low], two(100.0), two(1.0)];
            check_prices(&Bars::new("X", Timeframe::H1, axis, prices).unwrap()).map_err(|e| e.to_string())
        };
        let opens = "in row 1, which opens at 1970-01-01T01:00:00Z; ";
        let swapped = said(100.0, 99.0, 101.0).unwrap_err();
        assert!(swapped.contains(&format!("high is 99, and low is 101 {opens}look whether columns")), "{swapped}");
        let below = said(0.0, 101.0, 99.0).unwrap_err();
        assert!(below.contains(&format!("open is 0 {opens}leave the bar out")), "{below}");
        assert!(said(100.0, f64::INFINITY, 99.0).is_err());
        for (open, high, low) in [(105.0, 101.0, 99.0), (100.0, 99.0, 99.0), (100.0, f64::NAN, 99.0)] {
            said(open, high, low).unwrap();
        }
    }
}
