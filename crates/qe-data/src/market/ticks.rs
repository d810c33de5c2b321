//! Trades with signed flow, and the quotes that they traded against, as a stream of chunks of bounded memory.
//!
//! **Arrivals**: a Hawkes process, `rate(t) = u(t) (1 - n) + n b sum exp(-b (t - t_i))`, with `u` the U-shape over the
//! session (constant within a minute), `n` the branching ratio and `1/b` half a second; simulated by thinning.
//! **Signs**: orders are split. A hidden order of random side has a Pareto number of trades left (exponent 1.5, at most
//! 500); each trade belongs to it with chance `w`, else its side is a fair coin. The autocorrelation of signs then
//! decays like a power. **Price**: an efficient price moves by a diffusion (volatility of the spec over the session,
//! and `overnight_frac` between sessions) and by `i (s - E s)` ticks for each trade of side `s`, so that only the
//! surprise in the flow moves it and it stays a martingale. **Quotes**: `bid = floor((x - h)/tick)`, `ask = ceil((x +
//! h)/tick)`, the half-spread `h` by a three-state chain around the spec's mean. A quote is written when either side
//! moves, always after the trade before it and not after the trade that it precedes, so the last quote at or before a
//! trade is the one it traded against: a buyer pays its ask, a seller gets its bid, and prices bounce between the two.
//! **Sizes** are Pareto (exponent 1.5), capped. **Receipt** is later than the exchange's time by a base plus half of it
//! times a Pareto tail (exponent 2, capped at 100 bases), and never steps back.
//!
//! References: Hawkes, Biometrika 58 (1971); Ogata, IEEE Trans. Inf. Theory 27 (1981); Lillo, Mike and Farmer, Phys.
//! Rev. E 71 (2005); Madhavan, Richardson and Roomans, Rev. Financial Studies 10 (1997).

use qe_core::columns::{Axis, Columns};
use qe_core::rng::Stream;
use qe_core::ticks::{Quotes, Ticks};
use qe_core::time::{Date, NANOS_PER_SECOND};
use serde::{Deserialize, Serialize};

use super::grid::{FULL, Grid};
use super::num::{self, two_uniforms};
use super::shape::volume_at;
use super::tape::SESSIONS;
use super::within;
use crate::error::{Error, Result};

/// Trades and quotes of one symbol: what to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TickSpec {
    /// The seed of everything.
    pub seed: u64,
    /// The symbol.
    pub symbol: String,
    /// The first day.
    pub start: Date,
    /// How many sessions, 1 to 5000.
    pub sessions: usize,
    /// How many trades a full session has on average, 100 to 5 million.
    pub trades_per_session: f64,
    /// The price at which it begins.
    pub price: f64,
    /// The smallest step of a price.
    pub tick_size: f64,
    /// Annual volatility of the efficient price.
    pub vol_annual: f64,
    /// The share of a day's variance that falls between the sessions, 0 to 0.9.
    pub overnight_frac: f64,
    /// The quoted spread in ticks, on average, 1 to 50.
    pub spread_ticks: f64,
    /// How many of all trades are set off by another, 0 to 0.9.
    pub branching_frac: f64,
    /// How many trades belong to a split order, 0 to 0.95.
    pub split_frac: f64,
    /// The usual size of a trade.
    pub size: f64,
    /// The least delay from the exchange to the receiver, nanoseconds.
    pub latency_nanos: i64,
    /// Trades in a chunk of the stream, at least 1.
    pub chunk_rows: usize,
}

impl Default for TickSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            symbol: "SPY".into(),
            start: Date::from_days(17_898), // 2019-01-02
            sessions: 5,
            trades_per_session: 50_000.0,
            price: 280.0,
            tick_size: 0.01,
            vol_annual: 0.16,
            overnight_frac: 0.28,
            spread_ticks: 1.6,
            branching_frac: 0.5,
            split_frac: 0.6,
            size: 100.0,
            latency_nanos: 200_000,
            chunk_rows: 1 << 18,
        }
    }
}

impl TickSpec {
    /// The spec itself if it can be simulated.
    ///
    /// # Errors
    /// Names the field that is wrong, and what to write instead.
    pub fn validated(self) -> Result<Self> {
        if self.symbol.trim().is_empty() {
            return Err(Error::spec("symbol", "it is empty", "name the symbol"));
        }
        if !(1..=5_000).contains(&self.sessions) {
            let reason = format!("{} is outside of 1 to 5000", self.sessions);
            return Err(Error::spec("sessions", reason, "write 1 to 5000"));
        }
        if self.chunk_rows == 0 {
            return Err(Error::spec("chunk_rows", "a chunk of 0 rows never ends", "write 1 or more"));
        }
        within("trades_per_session", self.trades_per_session, 100.0, 5e6)?;
        within("tick_size", self.tick_size, 1e-6, 100.0)?;
        within("price", self.price, 100.0 * self.tick_size, 1e7 * self.tick_size)?;
        within("vol_annual", self.vol_annual, 0.01, 1.5)?;
        within("overnight_frac", self.overnight_frac, 0.0, 0.9)?;
        within("spread_ticks", self.spread_ticks, 1.0, 50.0)?;
        within("branching_frac", self.branching_frac, 0.0, 0.9)?;
        within("split_frac", self.split_frac, 0.0, 0.95)?;
        within("size", self.size, 1.0, 1e6)?;
        within("latency_nanos", self.latency_nanos as f64, 0.0, 60e9)?;
        super::check_span(self.start, 1)?;
        Ok(self)
    }
}

/// A stretch of trades, and the quotes that were written up to its last trade.
#[derive(Debug, Clone)]
pub struct TickChunk {
    /// The trades.
    pub trades: Ticks,
    /// The quotes.
    pub quotes: Quotes,
}

/// Trades and quotes, chunk by chunk. Holds one chunk at a time.
#[derive(Debug)]
pub struct TickStream {
    spec: TickSpec,
    grid: Grid,
    state: State,
    rows: [u64; 2],
}

impl TickStream {
    /// A stream from its beginning.
    ///
    /// # Errors
    /// When the spec cannot be simulated.
    pub fn new(spec: &TickSpec) -> Result<Self> {
        let spec = spec.clone().validated()?;
        let grid = Grid::first_sessions(spec.start, spec.sessions)?;
        let state = State::new(&spec);
        Ok(Self { spec, grid, state, rows: [0, 0] })
    }

    /// What was asked for.
    pub fn spec(&self) -> &TickSpec {
        &self.spec
    }
}

/// All trades and quotes of a spec at once.
///
/// # Errors
/// When the spec cannot be simulated.
pub fn generate(spec: &TickSpec) -> Result<TickChunk> {
    let mut all = TickStream::new(&TickSpec { chunk_rows: usize::MAX, ..spec.clone() })?;
    let empty = || Error::spec("trades_per_session", "no trade came about", "ask for more trades or sessions");
    all.next().ok_or_else(empty)
}

impl Iterator for TickStream {
    type Item = TickChunk;

    fn next(&mut self) -> Option<TickChunk> {
        let mut out = Buffers::default();
        while out.trade.time.len() < self.spec.chunk_rows {
            if !self.state.advance(&self.spec, &self.grid, &mut out) {
                break;
            }
        }
        if out.trade.time.is_empty() {
            return None;
        }
        let first = self.rows;
        self.rows = [first[0] + out.trade.time.len() as u64, first[1] + out.quote.time.len() as u64];
        let ([price, size, side, ..], [bid, ask, bid_size, ask_size]) = (out.trade.values, out.quote.values);
        let trades =
            table(out.trade.time, out.trade.received, first[0], [("price", price), ("size", size), ("side", side)]);
        let quotes = [("bid", bid), ("ask", ask), ("bid_size", bid_size), ("ask_size", ask_size)];
        let quotes = table(out.quote.time, out.quote.received, first[1], quotes);
        // Times ascend and lengths agree by construction.
        let trades = trades.ok().and_then(|t| Ticks::from_columns(self.spec.symbol.as_str(), t).ok())?;
        let quotes = quotes.ok().and_then(|q| Quotes::from_columns(self.spec.symbol.as_str(), q).ok())?;
        Some(TickChunk { trades, quotes })
    }
}

fn table<const K: usize>(
    time: Vec<i64>,
    received: Vec<i64>,
    first: u64,
    columns: [(&str, Vec<f64>); K],
) -> qe_core::Result<Columns> {
    let mut out = Columns::new(Axis::new(time, received)?).starting_at_row(first);
    for (name, values) in columns {
        out.push(name, values)?;
    }
    Ok(out)
}

/// Rows of one kind of event.
#[derive(Debug, Default)]
struct Rows {
    time: Vec<i64>,
    received: Vec<i64>,
    values: [Vec<f64>; 4],
}

impl Rows {
    fn push(&mut self, time: i64, received: i64, values: [f64; 4]) {
        self.time.push(time);
        self.received.push(received);
        for (column, v) in self.values.iter_mut().zip(values) {
            column.push(v);
        }
    }
}

#[derive(Debug, Default)]
struct Buffers {
    trade: Rows,
    quote: Rows,
}

/// Memory of the excitement, per second.
const DECAY: f64 = 2.0;
/// The longest split order.
const LONGEST_ORDER: f64 = 500.0;
/// Ticks that the price moves for a full surprise in the flow.
const IMPACT: f64 = 0.3;

/// Where the simulation stands.
#[derive(Debug)]
struct State {
    arrivals: Stream,
    flow: Stream,
    prices: Stream,
    session: usize,
    /// Seconds since the open, and the excitement, at the last arrival; negative before a session has begun.
    clock: f64,
    excited: f64,
    last_time: i64,
    received: [i64; 2],
    /// The efficient price in ticks.
    price: f64,
    half_spread: f64,
    shown: [f64; 2],
    order_side: f64,
    order_left: f64,
    /// Deviation of the price in ticks per root second at price 1, and the one between sessions.
    dev: [f64; 2],
    in_session: bool,
    /// The steady rate of each minute of the session, per second.
    rates: Vec<f64>,
}

impl State {
    fn new(spec: &TickSpec) -> Self {
        let base = Stream::new(spec.seed, "market.ticks", 0);
        let day = spec.vol_annual / SESSIONS.sqrt();
        let seconds = FULL as f64 * 60.0;
        Self {
            arrivals: base.sibling(1),
            flow: base.sibling(2),
            prices: base.sibling(3),
            session: 0,
            clock: 0.0,
            excited: 0.0,
            last_time: 0,
            received: [i64::MIN; 2],
            price: spec.price / spec.tick_size,
            half_spread: 0.0,
            shown: [f64::NAN; 2],
            order_side: 1.0,
            order_left: 0.0,
            dev: [day * ((1.0 - spec.overnight_frac) / seconds).sqrt(), day * spec.overnight_frac.sqrt()],
            in_session: false,
            rates: Vec::new(),
        }
    }

    /// Simulates up to the next trade; false after the last.
    fn advance(&mut self, spec: &TickSpec, grid: &Grid, out: &mut Buffers) -> bool {
        while let Some(session) = grid.sessions.get(self.session) {
            let n = grid.minutes(self.session).len();
            if !self.in_session {
                self.in_session = true;
                self.set_rates(spec, n);
                (self.clock, self.excited, self.last_time) = (0.0, 0.0, session.open - 1);
                self.price *= num::exp(self.dev[1] * self.prices.normal());
                self.shown = [f64::NAN; 2];
                self.choose_spread(spec);
                self.write_quote(spec, session.open, out);
            }
            let before = self.clock;
            if !self.next_arrival(spec) {
                self.in_session = false;
                self.session += 1;
                continue;
            }
            let nanos = session.open + (self.clock * NANOS_PER_SECOND as f64) as i64;
            // Two nanoseconds apart, so that a quote fits in between.
            let time = nanos.max(self.last_time + 2);
            if time >= session.close {
                self.in_session = false;
                self.session += 1;
                continue;
            }
            let moved = self.dev[0] * (self.clock - before).max(0.0).sqrt() * self.prices.normal();
            self.price = (self.price * num::exp(moved)).max(spec.spread_ticks + 2.0);
            if two_uniforms(self.prices.next_u64())[0] < 0.02 {
                self.choose_spread(spec);
            }
            self.write_quote(spec, self.last_time + 1 + (time - self.last_time - 1) / 2, out);
            self.trade(spec, time, out);
            self.last_time = time;
            return true;
        }
        false
    }

    /// The steady rates of a session of `n` minutes.
    fn set_rates(&mut self, spec: &TickSpec, n: usize) {
        // The integral of the shape over a session is 0.6 + 1.6 * 0.06 + 2.2 * 0.04, but for its ends.
        let base = spec.trades_per_session * (1.0 - spec.branching_frac) / (FULL as f64 * 60.0) / 0.784;
        self.rates.clear();
        self.rates.extend((0..n).map(|m| base * volume_at((m as f64 + 0.5) / n as f64)));
    }

    /// Moves the clock to the next arrival by thinning; false if the session ends first.
    fn next_arrival(&mut self, spec: &TickSpec) -> bool {
        while let Some(&steady) = self.rates.get((self.clock / 60.0) as usize) {
            let bound = steady + self.excited;
            let wait = self.arrivals.exponential() / bound;
            let end = ((self.clock / 60.0) as usize as f64 + 1.0) * 60.0;
            if self.clock + wait >= end {
                self.excited *= decay(end - self.clock);
                self.clock = end;
                continue;
            }
            self.clock += wait;
            self.excited *= decay(wait);
            if self.arrivals.uniform() * bound < steady + self.excited {
                self.excited += spec.branching_frac * DECAY;
                return true;
            }
        }
        false
    }

    /// Draws the half-spread anew: half, once or twice its usual size.
    fn choose_spread(&mut self, spec: &TickSpec) {
        let [u, _] = two_uniforms(self.prices.next_u64());
        // Rounding both sides outwards widens a spread by one tick on average.
        let usual = 0.5 * (spec.spread_ticks - 1.0);
        self.half_spread = usual
            * if u < 0.3 {
                0.5
            } else if u < 0.8 {
                0.9
            } else {
                2.0
            };
    }

    /// Writes a quote if one side moved.
    fn write_quote(&mut self, spec: &TickSpec, time: i64, out: &mut Buffers) {
        // Both are positive and far below 2^52, where a cast cuts towards zero exactly.
        let bid = ((self.price - self.half_spread) as i64 as f64).max(1.0);
        let above = self.price + self.half_spread;
        let whole = above as i64 as f64;
        let ask = (if whole < above { whole + 1.0 } else { whole }).max(bid + 1.0);
        if [bid, ask] == self.shown {
            return;
        }
        self.shown = [bid, ask];
        let sizes = two_uniforms(self.prices.next_u64()).map(|u| num::round_positive(3.0 * spec.size / u.sqrt()));
        let received = self.receive(1, spec, time);
        out.quote.push(time, received, [price_at(bid, spec), price_at(ask, spec), sizes[0], sizes[1]]);
    }

    /// Writes a trade against the quote that is shown.
    fn trade(&mut self, spec: &TickSpec, time: i64, out: &mut Buffers) {
        let [u, v] = two_uniforms(self.flow.next_u64());
        if self.order_left < 1.0 {
            self.order_side = if u < 0.5 { -1.0 } else { 1.0 };
            self.order_left = libm::pow(v, -1.0 / 1.5).min(LONGEST_ORDER);
        }
        let [belongs, coin] = two_uniforms(self.flow.next_u64());
        let expected = spec.split_frac * self.order_side;
        let side = if belongs < spec.split_frac {
            self.order_left -= 1.0;
            self.order_side
        } else if coin < 0.5 {
            -1.0
        } else {
            1.0
        };
        let e = self.flow.exponential();
        let size = num::round_positive((0.5 * spec.size * num::exp(e / 1.5)).min(2_000.0 * spec.size)).max(1.0);
        let price = price_at(self.shown[usize::from(side > 0.0)], spec);
        let received = self.receive(0, spec, time);
        out.trade.push(time, received, [price, size, side, 0.0]);
        self.price += IMPACT * (side - expected);
    }

    /// When an event of the exchange arrives, never before an earlier one of its kind.
    fn receive(&mut self, kind: usize, spec: &TickSpec, time: i64) -> i64 {
        let [u, _] = two_uniforms(self.flow.next_u64());
        let tail = (0.5 * (1.0 / u.sqrt() - 1.0)).min(100.0);
        let delay = spec.latency_nanos + (spec.latency_nanos as f64 * tail) as i64;
        self.received[kind] = self.received[kind].max(time + delay);
        self.received[kind]
    }
}

/// What is left of the excitement after so many seconds: `exp(x) = exp(x/8)^8` where that is short.
#[inline(always)]
fn decay(seconds: f64) -> f64 {
    let x = -DECAY * seconds;
    if x < -0.5 {
        return libm::exp(x);
    }
    let eighth = num::exp(0.125 * x);
    let quarter = eighth * eighth;
    let half = quarter * quarter;
    half * half
}

/// A number of ticks as a price: by division where the tick is one over a whole number, so that cents are cents.
fn price_at(ticks: f64, spec: &TickSpec) -> f64 {
    let per_unit = num::round_positive(1.0 / spec.tick_size);
    if (per_unit * spec.tick_size - 1.0).abs() < 1e-9 { ticks / per_unit } else { ticks * spec.tick_size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::{ResampleSpec, resample_ticks};
    use qe_core::stats::autocorrelations;
    use qe_core::timeframe::Timeframe;

    fn day() -> TickChunk {
        generate(&TickSpec { sessions: 2, ..TickSpec::default() }).unwrap()
    }

    #[test]
    fn trades_are_at_the_bid_or_ask_of_the_prevailing_quote() {
        let TickChunk { trades, quotes } = day();
        let (bid, ask) = (quotes.columns().get("bid").unwrap().to_f64(), quotes.columns().get("ask").unwrap().to_f64());
        assert!(bid.iter().zip(ask.iter()).all(|(b, a)| b < a && *b > 0.0));
        for i in 0..trades.len() {
            let q = quotes.axis().open().partition_point(|t| *t <= trades.time()[i]) - 1;
            let at = if trades.side()[i] > 0.0 { ask[q] } else { bid[q] };
            assert_eq!(trades.price()[i], at, "trade {i}");
        }
        let spread: f64 = bid.iter().zip(ask.iter()).map(|(b, a)| a - b).sum::<f64>() / bid.len() as f64;
        assert!((0.012..0.024).contains(&spread), "{spread}");
        assert!(trades.axis().open().iter().zip(trades.axis().available()).all(|(e, r)| r - e >= 200_000));
    }

    #[test]
    fn flow_is_persistent_prices_bounce_and_sizes_have_heavy_tails() {
        let TickChunk { trades, .. } = day();
        let n = trades.len() as f64;
        assert!((n / 100_000.0 - 1.0).abs() < 0.1, "{n} trades");
        let signs = autocorrelations(trades.side(), 50).unwrap();
        assert!(signs[1] > 0.15 && signs[50] > 0.02 && signs[1] > signs[50], "{} {}", signs[1], signs[50]);
        let moves: Vec<f64> = trades.price().windows(2).map(|w| w[1] - w[0]).collect();
        assert!(autocorrelations(&moves, 1).unwrap()[1] < -0.1, "no bounce");
        let mut sizes = trades.size().to_vec();
        sizes.sort_by(f64::total_cmp);
        assert!(sizes[sizes.len() - 1] > 20.0 * sizes[sizes.len() / 2]);
    }

    #[test]
    fn minutes_made_of_trades_are_plausible() {
        let spec = TickSpec { sessions: 20, trades_per_session: 20_000.0, ..TickSpec::default() };
        let trades = generate(&spec).unwrap().trades;
        let to = |tf| ResampleSpec::new(tf, qe_core::calendar::Calendar::us_equities());
        let minutes = resample_ticks(&trades, &to(Timeframe::M1)).unwrap();
        assert_eq!(minutes.n_outside, 0);
        assert!(minutes.bars.len() > 19 * 385, "{}", minutes.bars.len());
        let days = resample_ticks(&trades, &to(Timeframe::D1)).unwrap().bars;
        let squares: f64 = days.close().windows(2).map(|w| (w[1] / w[0] - 1.0).powi(2)).sum();
        let vol = (squares / (days.len() - 1) as f64 * 252.0).sqrt();
        assert!((0.08..0.35).contains(&vol), "annual volatility {vol}");
        let counts = minutes.bars.columns().get("trades").unwrap().to_f64();
        assert!(counts[..30].iter().sum::<f64>() > 1.5 * counts[180..210].iter().sum::<f64>(), "no U-shape");
    }

    #[test]
    fn a_stream_is_the_whole_in_pieces_of_any_size() {
        let spec = TickSpec { sessions: 2, trades_per_session: 3_000.0, ..TickSpec::default() };
        let whole = generate(&spec).unwrap();
        for chunk_rows in [1, 999, 100_000] {
            let pieces = TickStream::new(&TickSpec { chunk_rows, ..spec.clone() }).unwrap();
            let (mut price, mut n_quotes) = (Vec::new(), 0);
            for piece in pieces {
                assert!(piece.trades.len() <= chunk_rows);
                assert_eq!(piece.trades.columns().first_row(), price.len() as u64);
                price.extend_from_slice(piece.trades.price());
                n_quotes += piece.quotes.len();
            }
            assert_eq!(price, whole.trades.price());
            assert_eq!(n_quotes, whole.quotes.len());
        }
    }

    #[test]
    fn wrong_specs_name_the_field() {
        let message = |spec: TickSpec| TickStream::new(&spec).unwrap_err().to_string();
        let base = TickSpec::default;
        assert!(message(TickSpec { sessions: 0, ..base() }).starts_with("sessions: 0"));
        assert!(message(TickSpec { price: -1.0, ..base() }).starts_with("price: -1"));
        assert!(message(TickSpec { branching_frac: 1.0, ..base() }).starts_with("branching_frac: 1"));
        assert!(message(TickSpec { chunk_rows: 0, ..base() }).starts_with("chunk_rows:"));
        assert!(message(TickSpec { start: Date::new(1800, 1, 1).unwrap(), ..base() }).starts_with("start: 1800"));
    }
}
