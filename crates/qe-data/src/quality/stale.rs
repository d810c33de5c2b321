//! Stretches that trade and do not move.
//!
//! A bar is still when its four prices are equal to each other and to the close of the bar before. A run of at least
//! `stale_bars` still bars, none of which has a volume of zero, is stale: nothing may happen without trades, but
//! trades at one price for so long are a feed that hangs. An unknown volume counts as trading. A run counts once.

use qe_core::bars::Bars;

use super::report::Tally;

/// Counts the runs of at least `least` bars.
pub(super) fn runs(tally: &mut Tally<'_>, bars: &Bars, least: u32) {
    let (open, high, low, close, volume) = (bars.open(), bars.high(), bars.low(), bars.close(), bars.volume());
    let still = |row: usize| {
        let c = close[row];
        let flat = open[row] == c && high[row] == c && low[row] == c && row > 0 && close[row - 1] == c;
        flat && volume[row] != 0.0
    };
    let mut start = 0;
    for row in 0..=bars.len() {
        if row < bars.len() && still(row) {
            continue;
        }
        let n = row - start;
        if n as u64 >= u64::from(least) && n > 0 {
            tally.hit(start, || format!("{n} bars at {}", close[start]));
        }
        start = row + 1;
    }
}
