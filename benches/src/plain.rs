//! The plain scalar loops of the engine's workloads: what anybody would write first, bar by bar, in Rust. They stand beside
//! our figures, so that a target which they meet too is no merit of ours.

/// Bought and sold at these shares of the open.
const BUY: f64 = 1.0003;
const SELL: f64 = 0.9997;

/// Means of so many closes; missing until there are as many.
fn averages(close: &[f64], window: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mean = |t: usize| {
        sum += close[t] - if t >= window { close[t - window] } else { 0.0 };
        if t + 1 >= window { sum / window as f64 } else { f64::NAN }
    };
    (0..close.len()).map(mean).collect()
}

/// Crossings of two averages: Sharpe ratio a year, deepest fall, total return and closed trades of each pair.
pub fn crossings(open: &[f64], close: &[f64], fast: &[usize], slow: &[usize], per_year: f64) -> Vec<[f64; 4]> {
    let columns = |windows: &[usize]| windows.iter().map(|w| averages(close, *w)).collect::<Vec<_>>();
    let (fast, slow) = (columns(fast), columns(slow));
    fast.iter().flat_map(|f| slow.iter().map(|s| crossing(open, close, f, s, per_year))).collect()
}

fn crossing(open: &[f64], close: &[f64], fast: &[f64], slow: &[f64], per_year: f64) -> [f64; 4] {
    let (mut cash, mut units, mut before, mut peak) = (1.0, 0.0, 1.0_f64, 1.0_f64);
    let (mut sum, mut squares, mut fall, mut trades) = (0.0, 0.0, 0.0_f64, 0.0);
    let mut wanted = false;
    for t in 0..close.len() {
        if wanted && units == 0.0 {
            (units, cash) = (cash / (open[t] * BUY), 0.0);
        } else if !wanted && units > 0.0 {
            (cash, units) = (units * open[t] * SELL, 0.0);
            trades += 1.0;
        }
        let worth = cash + units * close[t];
        let r = worth / before - 1.0;
        sum += r;
        squares += r * r;
        before = worth;
        peak = peak.max(worth);
        fall = fall.max((peak - worth) / peak);
        wanted = fast[t] > slow[t];
    }
    let n = close.len() as f64;
    let mean = sum / n;
    let deviation = ((squares - sum * mean) / (n - 1.0)).sqrt();
    [mean / deviation * per_year.sqrt(), fall, before - 1.0, trades]
}

/// A breakout of the highest high of 240 bars with a stop of 5 average true ranges that ratchets, asked at closes or
/// resting in the market: row and price of each entry and exit.
pub fn breakout(open: &[f64], high: &[f64], low: &[f64], close: &[f64], is_resting: bool) -> Vec<[f64; 4]> {
    const CHANNEL: usize = 240;
    const PERIOD: usize = 60;
    let n = close.len();
    let mut trades = Vec::new();
    let mut highest = std::collections::VecDeque::new();
    let (mut atr, mut stop) = (0.0, f64::NAN);
    // The bar and the price of the entry, while a position is open; what is to be done at the next open.
    let (mut entry, mut enters, mut exits): (Option<(usize, f64)>, bool, bool) = (None, false, false);
    for t in 0..n {
        if let Some((row, price)) = entry.filter(|_| exits) {
            trades.push([row as f64, price, t as f64, open[t]]);
            entry = None;
        }
        if enters {
            entry = Some((t, open[t]));
        }
        (enters, exits) = (false, false);
        if let Some((row, price)) = entry.filter(|_| is_resting) {
            // In the bar of its entry a stop that the open is beyond already does not rest.
            if low[t] <= stop && !(row == t && open[t] <= stop) {
                trades.push([row as f64, price, t as f64, open[t].min(stop)]);
                entry = None;
            }
        }
        let range = (high[t] - low[t]).max(if t > 0 { (high[t] - close[t - 1]).abs() } else { 0.0 });
        let range = range.max(if t > 0 { (low[t] - close[t - 1]).abs() } else { 0.0 });
        // The first range has no close before it: the mean of the next sixty begins the average.
        if (1..=PERIOD).contains(&t) {
            atr += range / PERIOD as f64;
        } else if t > PERIOD {
            atr = (atr * (PERIOD as f64 - 1.0) + range) / PERIOD as f64;
        }
        let level = if t >= PERIOD { close[t] - 5.0 * atr } else { f64::NAN };
        if entry.is_some() {
            exits = !is_resting && close[t] < stop.max(level);
            stop = stop.max(level);
        } else if t >= CHANNEL && t + 1 < n && highest.front().is_some_and(|&(_, h)| close[t] > h) {
            (enters, stop) = (true, level);
        }
        while highest.back().is_some_and(|&(_, h)| h <= high[t]) {
            highest.pop_back();
        }
        highest.push_back((t, high[t]));
        while highest.front().is_some_and(|&(row, _)| row + CHANNEL <= t) {
            highest.pop_front();
        }
    }
    trades
}
