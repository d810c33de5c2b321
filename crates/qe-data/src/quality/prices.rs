//! What a row says by itself: order of prices, zeros, signs, missing values, crossed sides.
//!
//! A row counts once per check, however many of its values are wrong. NaN is missing and nothing else: it is neither
//! below nor above anything.

use qe_core::bars::{Bars, OHLCV};
use qe_core::chain::Chain;

use super::report::Tally;

/// Rows in which one of several columns satisfies a condition; the first such value is shown.
pub(super) fn any(tally: &mut Tally<'_>, columns: &[(&str, &[f64])], wrong: impl Fn(f64) -> bool) {
    let n = columns.iter().map(|c| c.1.len()).max().unwrap_or(0);
    for row in 0..n {
        if let Some((name, values)) = columns.iter().find(|(_, v)| v.get(row).is_some_and(|v| wrong(*v))) {
            tally.hit(row, || format!("{name} {}", values[row]));
        }
    }
}

/// Highs below, or lows above, another price of their bar.
pub(super) fn ohlc_order(tally: &mut Tally<'_>, bars: &Bars) {
    let (open, high, low, close) = (bars.open(), bars.high(), bars.low(), bars.close());
    for row in 0..bars.len() {
        let (o, h, l, c) = (open[row], high[row], low[row], close[row]);
        // A comparison with NaN is false, so a missing value is never out of order.
        if h < o || h < c || h < l || l > o || l > c {
            tally.hit(row, || format!("open {o}, high {h}, low {l}, close {c}"));
        }
    }
}

/// Bars in which a price is missing, or a volume where the symbol has volumes at all.
pub(super) fn missing_in_bars(tally: &mut Tally<'_>, bars: &Bars) {
    let volumes = bars.volume().iter().any(|v| !v.is_nan());
    let values = [bars.open(), bars.high(), bars.low(), bars.close(), bars.volume()];
    let columns: Vec<(&str, &[f64])> = OHLCV.into_iter().zip(values).take(if volumes { 5 } else { 4 }).collect();
    any(tally, &columns, f64::is_nan);
}

/// Bids above their asks, or equal to them if `locked`.
pub(super) fn crossed(tally: &mut Tally<'_>, bid: &[f64], ask: &[f64], locked: bool) {
    for (row, (b, a)) in bid.iter().zip(ask).enumerate() {
        if if locked { b == a } else { b > a } {
            tally.hit(row, || format!("bid {b}, ask {a}"));
        }
    }
}

/// Options quoted after their expiry.
pub(super) fn expired(tally: &mut Tally<'_>, chain: &Chain) {
    for (row, (time, expiry)) in chain.time().iter().zip(chain.expiry()).enumerate() {
        if time > expiry {
            tally.hit(row, || format!("expired at {}", qe_core::time::Timestamp(*expiry)));
        }
    }
}
