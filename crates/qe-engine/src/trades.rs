//! Round trips, read off a ledger: from flat to flat.
//!
//! The log that the seed sketches takes an entry where the position does *not* change; ours goes by fills. The excursions are
//! of the market's price from the entry on, in the position's favour and against it: of the bar of an entry within it, or at
//! its close, only the close is known to have come after; of the bar of an exit within it, only the exit itself.

use std::sync::Arc;

use serde::Serialize;

use crate::ledger::{Cause, Ledger};
use crate::market::Market;

/// A round trip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trade {
    /// When it was entered, nanoseconds UTC.
    pub entry_time: i64,
    /// When it was left; `None` while it is open.
    pub exit_time: Option<i64>,
    /// The bar of the entry.
    pub entry_row: u32,
    /// The bar of the exit, or the last one.
    pub exit_row: u32,
    /// From entry to exit, nanoseconds; to the last bar's end while it is open.
    pub duration: i64,
    /// 1 for long, -1 for short.
    pub side: f64,
    /// The most units that were held.
    pub units: f64,
    /// What was paid or received for each unit on the way in, costs of the price included: an average.
    pub entry_price: f64,
    /// On the way out; at the last close while it is open.
    pub exit_price: f64,
    /// The market's prices on the two ways.
    pub entry_raw: f64,
    /// See `entry_raw`.
    pub exit_raw: f64,
    /// What it won, all costs and payments included.
    pub pnl: f64,
    /// What it won, over what was paid on the way in.
    pub pnl_frac: f64,
    /// Spread, slippage and fees, in money.
    pub costs: f64,
    /// How far the price went against it at worst, as a fraction of the entry's price.
    pub mae_frac: f64,
    /// How far it went in its favour at best.
    pub mfe_frac: f64,
    /// How strong the entry was; NaN where nobody asked.
    pub strength: f64,
    /// Why it was left.
    pub reason: Option<Arc<str>>,
    /// Whether a bar did not say which of two ways it went.
    pub is_undecided: bool,
}

/// The round trips of a ledger, the open one last; `end` is the row after the last that was simulated.
pub fn trades(ledger: &Ledger, market: &Market, reasons: &[Arc<str>], end: usize) -> Vec<Trade> {
    trades_of(ledger, 0, market, reasons, end)
}

/// As [`trades`], of one line of a ledger of several.
pub fn trades_of(ledger: &Ledger, line: u32, market: &Market, reasons: &[Arc<str>], end: usize) -> Vec<Trade> {
    let f = &ledger.fills;
    let mut out: Vec<Trade> = Vec::new();
    // Between two fills of a line there may be thousands of others.
    let own: Vec<usize> = (0..f.len()).filter(|i| f.line[*i] == line).collect();
    let mut entry: Option<usize> = None;
    for (place, &i) in own.iter().enumerate() {
        match entry {
            None => entry = Some(place),
            Some(from) if f.held[i] == 0.0 => {
                let carried = paid(ledger, own[from], i);
                out.push(trade(ledger, market, &own[from..=place], true, end, carried, reasons));
                entry = None;
            }
            Some(_) => {}
        }
    }
    if let Some(from) = entry
        && end > 0
    {
        let carried = paid(ledger, own[from], f.len());
        out.push(trade(ledger, market, &own[from..], false, end, carried, reasons));
    }
    out
}

/// What was paid for holding after one fill and before another.
fn paid(ledger: &Ledger, from: usize, to: usize) -> f64 {
    let first = ledger.carries.partition_point(|c| c.n_fills as usize <= from);
    let line = ledger.fills.line[from];
    let until = ledger.carries[first..].iter().take_while(|c| c.n_fills as usize <= to);
    until.filter(|c| c.line == line).map(|c| c.money).sum()
}

/// A round trip by its fills, the last of which ended it or not.
fn trade(
    ledger: &Ledger,
    market: &Market,
    own: &[usize],
    is_over: bool,
    end: usize,
    carried: f64,
    reasons: &[Arc<str>],
) -> Trade {
    let f = &ledger.fills;
    let (at, through) = (own[0], own[own.len() - 1]);
    let exit = is_over.then_some(through);
    let side = f.units[at].signum();
    let times = market.columns().axis();
    // What is open when all is lost ends there.
    let ruin = ledger.ruin.filter(|_| exit.is_none());
    let last = match ruin {
        Some(ruin) => times.available().partition_point(|t| *t <= ruin.time).clamp(1, end) - 1,
        None => end - 1,
    };
    let mark = market.marks()[last];
    // A position may grow and shrink on the way: what was paid on the way in and received on the way out are averages.
    let (mut entered, mut left) = (Leg::default(), Leg::default());
    let (mut fees, mut slipped, mut most) = (0.0, 0.0, 0.0_f64);
    for &i in own {
        let leg = if f.units[i] * side > 0.0 { &mut entered } else { &mut left };
        leg.add(f.units[i].abs(), f.price[i], f.raw[i]);
        fees += f.fee[i];
        slipped += (f.price[i] - f.raw[i]).abs() * f.units[i].abs();
        most = most.max(f.held[i].abs());
    }
    if exit.is_none() {
        left.add(f.held[through].abs(), mark, mark);
    }
    let (exit_row, exit_time) = match exit {
        Some(i) => (f.row[i], Some(f.time[i])),
        None => (last as u32, ruin.map(|ruin| ruin.time)),
    };
    let multiplier = ledger.multiplier_of(at);
    // What is owed beyond is lost by somebody else; of several positions nobody can say by whose fault.
    let owed = ruin.filter(|_| ledger.lines.len() == 1).map_or(0.0, |ruin| ruin.owed);
    let pnl = side * (left.money - entered.money) * multiplier - fees - carried + owed;
    let entry_row = f.row[at];
    let (mut worst, mut best) = (0.0_f64, 0.0_f64);
    let mut see = |price: f64| {
        let moved = side * (price / f.raw[at] - 1.0);
        // NaN is neither.
        (worst, best) = (worst.max(-moved), best.max(moved));
    };
    for row in entry_row as usize..=exit_row as usize {
        let is_first = row == entry_row as usize;
        let exit_phase = exit.filter(|_| row == exit_row as usize).map_or(2, |i| f.phase[i]);
        match (is_first && f.phase[at] > 0, exit_phase < 2) {
            (_, true) => exit.into_iter().for_each(|i| see(f.raw[i])),
            (true, false) => see(market.close()[row]),
            (false, false) => {
                see(market.high()[row]);
                see(market.low()[row]);
            }
        }
    }
    let reason = ruin.map(|_| "ruin".into()).or(exit.map(|i| match f.cause[i] {
        Cause::Exit(reason) => reasons.get(reason as usize).cloned().unwrap_or_else(|| "exit".into()),
        Cause::Opposite => "opposite".into(),
        Cause::SessionEnd => "session_end".into(),
        Cause::SessionMissed => "session_missed".into(),
        Cause::Entry | Cause::Weight => "weight".into(),
        Cause::Close => "close".into(),
        Cause::Stop => "stop".into(),
        Cause::Target => "target".into(),
        Cause::Trail => "trail".into(),
        Cause::MarginCall => "margin_call".into(),
    }));
    Trade {
        entry_time: f.time[at],
        exit_time,
        entry_row,
        exit_row,
        duration: exit_time.unwrap_or_else(|| times.available()[last]) - f.time[at],
        side,
        units: most,
        entry_price: entered.money / entered.units,
        exit_price: left.money / left.units,
        entry_raw: entered.raw / entered.units,
        exit_raw: left.raw / left.units,
        pnl,
        pnl_frac: pnl / (entered.money * multiplier),
        costs: slipped * multiplier + fees,
        mae_frac: worst,
        mfe_frac: best,
        strength: f.strength[at],
        reason,
        is_undecided: is_undecided(ledger, at, through),
    }
}

/// Whether a bar between an entry and the fill that ended it, or the last one, did not say which way it went.
fn is_undecided(ledger: &Ledger, entry: usize, last: usize) -> bool {
    let first = ledger.undecided.partition_point(|u| u.n_fills as usize <= entry);
    let until = ledger.undecided[first..].iter().take_while(|u| u.n_fills as usize <= last + 1);
    until.into_iter().any(|u| u.line == ledger.fills.line[entry])
}

/// One direction of a round trip.
#[derive(Debug, Default)]
struct Leg {
    units: f64,
    /// Units times price, the multiplier left out.
    money: f64,
    raw: f64,
}

impl Leg {
    fn add(&mut self, units: f64, price: f64, raw: f64) {
        self.units += units;
        self.money += units * price;
        self.raw += units * raw;
    }
}
