//! Random markets and random strategies, the same ones for the same number.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::ident::id_of;
use qe_core::instrument::Instrument;
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::events::{EventKind, Events};
use qe_engine::costs::CostModel;
use qe_engine::fills::{At, Count, FillTiming, Holding, PathPolicy};
use qe_engine::market::{Market, Masks};
use qe_engine::program::{
    EntryOrder, Execution, Exit, ExitKind, Opposite, Program, Size, SizeKind, Source, StrategyPlan,
};
use qe_factors::expr::{Compiled, Schema, compile_scoped, parse};
use qe_factors::plan::Scope;

/// The columns that expressions read.
pub(crate) fn schema() -> Schema {
    Schema::new(["open", "high", "low", "close", "volume"])
}

/// When bars open and are complete, how long they are, and whose sessions they are of.
pub(crate) struct Times {
    pub(crate) open: Vec<i64>,
    pub(crate) known: Vec<i64>,
    pub(crate) timeframe: Timeframe,
    pub(crate) calendar: Calendar,
}

impl Times {
    /// Bars of one length, of which these are the opening times.
    pub(crate) fn of(open: &[i64], step: i64, is_crypto: bool) -> Self {
        let (calendar, timeframe) =
            if is_crypto { (Calendar::crypto(), Timeframe::H1) } else { (Calendar::us_equities(), Timeframe::M5) };
        Self { open: open.to_vec(), known: open.iter().map(|t| t + step).collect(), timeframe, calendar }
    }

    /// The market of such bars.
    pub(crate) fn market(self, prices: [Vec<f64>; 5]) -> Market {
        let bars = Bars::new("X", self.timeframe, Axis::new(self.open, self.known).unwrap(), prices).unwrap();
        Market::new(&bars, &self.calendar).unwrap()
    }
}

/// Bars of some opening times.
pub(crate) fn market_of(times: &[i64], step: i64, prices: [Vec<f64>; 5], is_crypto: bool) -> Market {
    Times::of(times, step, is_crypto).market(prices)
}

/// The opening times of the first bars of a calendar.
pub(crate) fn times_of(n: usize, is_crypto: bool) -> (Vec<i64>, i64) {
    if is_crypto {
        let step = 3_600_000_000_000;
        return ((0..n as i64).map(|i| 1_577_836_800_000_000_000 + i * step).collect(), step);
    }
    let step = 300_000_000_000;
    let calendar = Calendar::us_equities();
    let days = calendar.sessions(Date::new(2019, 11, 20).unwrap(), Date::new(2021, 12, 31).unwrap());
    let times = days.flat_map(|s| (0..(s.close - s.open) / step).map(move |i| s.open + i * step));
    (times.take(n).collect(), step)
}

/// One of some.
pub(crate) fn one<T: Clone>(r: &mut Stream, of: &[T]) -> T {
    of[r.below(of.len() as u64) as usize].clone()
}

/// What a market is given beside its bars, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Rows that may not fill, that may not open a short position, and that may open none.
    pub(crate) blocked: Vec<bool>,
    pub(crate) no_short: Vec<bool>,
    pub(crate) action: Vec<bool>,
    pub(crate) spread: Vec<f64>,
    pub(crate) multiplier: f64,
}

impl Given {
    /// Whether nothing is forbidden, and a unit is worth its price.
    pub(crate) fn is_plain(&self) -> bool {
        !self.blocked.iter().chain(&self.no_short).chain(&self.action).any(|x| *x) && self.multiplier == 1.0
    }

    /// A market with all of it.
    pub(crate) fn to(&self, market: Market) -> Market {
        // A mask that forbids nothing is none.
        let mask = |forbidden: &[bool], is: bool| match forbidden.contains(&true) {
            true => forbidden.iter().map(|x| *x == is).collect(),
            false => Vec::new(),
        };
        let masks = Masks {
            tradable: mask(&self.blocked, false),
            borrowable: mask(&self.no_short, false),
            corporate_action: mask(&self.action, true),
        };
        let instrument = Instrument { multiplier: self.multiplier, ..Instrument::us_equity("X") };
        let market = market.with_masks(&masks).unwrap().with_spread(&self.spread).unwrap();
        market.with_instrument(&instrument).unwrap()
    }
}

/// A market, and what it was given.
pub(crate) fn market(r: &mut Stream, n: usize) -> (Market, Given) {
    let is_crypto = r.bernoulli(0.4);
    let gaps = one(r, &[0.0, 0.0, 0.02, 0.2]);
    let (mut times, step) = times_of(3 * n + 400, is_crypto);
    // Some from the fifth of December 2025 on, after which the calendar of events ends.
    if is_crypto && r.bernoulli(0.2) {
        let late = Date::new(2025, 12, 5).unwrap().midnight_utc() - times[0];
        times.iter_mut().for_each(|t| *t += late);
    }
    times.retain(|_| !r.bernoulli(gaps));
    // Sessions that end before their last bars, and some that are not there at all.
    let calendar = if is_crypto { Calendar::crypto() } else { Calendar::us_equities() };
    let (is_cut, is_gone) = one(r, &[(0.0, 0.0), (0.0, 0.0), (0.0, 0.1), (0.3, 0.0), (0.5, 0.1), (1.0, 0.0)]);
    let (mut last, mut cut) = (None, 0);
    times.retain(|t| {
        let session = calendar.session_at(*t).unwrap();
        if last.replace(session.date) != Some(session.date) {
            cut = if r.bernoulli(is_cut) { 1 + r.below(4) as i64 } else { 0 };
            cut = if r.bernoulli(is_gone) { i64::MAX } else { cut };
        }
        t + step <= session.close.saturating_sub(cut.saturating_mul(step))
    });
    times.truncate(n);
    priced(r, Times::of(&times, step, is_crypto))
}

/// A market about which there are events, and what it was given: bars of days, hours or minutes, of which many are missing
/// before a session's end, some in whole sessions, and some are of no session.
pub(crate) fn market_before_events(r: &mut Stream, n: usize) -> (Market, Given) {
    let us = Calendar::us_equities();
    let (calendar, timeframe) = one(
        r,
        &[
            (us.clone(), Timeframe::M5),
            (us.clone(), Timeframe::H1),
            (us, Timeframe::D1),
            (Calendar::crypto(), Timeframe::H1),
        ],
    );
    // The first of the calendar's events that is not over comes soon.
    let events: Vec<Date> = Events::us().iter().map(|e| calendar.day_of(e.at.nanos())).collect();
    let first = events[r.below(events.len() as u64 - 20) as usize].add_days(-(r.below(8) as i32));
    let (is_cut, is_gone) = one(r, &[(0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (0.0, 0.3), (0.5, 0.2)]);
    let (gaps, is_beside) = (one(r, &[0.0, 0.0, 0.1]), r.bernoulli(0.3) && timeframe == Timeframe::M5);
    let (mut open, mut known): (Vec<i64>, Vec<i64>) = Default::default();
    for session in calendar.sessions(first, first.add_days(700)) {
        let step = timeframe.nominal_nanos().min(session.len_nanos());
        let n_bars = (session.len_nanos() + step - 1) / step;
        let cut = if r.bernoulli(is_cut) { 1 + r.below(3) as i64 } else { 0 };
        let left = if r.bernoulli(is_gone) { 0 } else { (n_bars - cut).max(0) };
        let before = i64::from(is_beside && r.bernoulli(0.3));
        for bar in (-before..left).filter(|_| !r.bernoulli(gaps)) {
            open.push(session.open + bar * step);
            known.push((session.open + (bar + 1) * step).min(session.close));
        }
        if is_beside && r.bernoulli(0.3) {
            open.push(session.close);
            known.push(session.close + step);
        }
        if open.len() >= n {
            break;
        }
    }
    open.truncate(n);
    known.truncate(n);
    if open.is_empty() {
        return market_before_events(r, n);
    }
    priced(r, Times { open, known, timeframe, calendar })
}

/// A market of such bars, whose prices go any way, and what it was given.
fn priced(r: &mut Stream, times: Times) -> (Market, Given) {
    let n = times.open.len();
    // Few ticks a bar, so that levels are touched exactly; or many.
    let (tick, moves) = one(r, &[(1.0, 2), (0.5, 3), (0.01, 60), (0.01, 400), (1.0, 30)]);
    let mut prices: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::with_capacity(n));
    let step_of = |r: &mut Stream, m: i64| r.below(2 * m as u64 + 1) as i64 - m;
    let mut last = (100.0 / tick) as i64;
    for _ in 0..n {
        let gap = if r.bernoulli(0.3) { step_of(r, moves) } else { 0 };
        let open = (last + gap).max(5);
        let close = (open + step_of(r, moves)).max(5);
        let high = open.max(close) + r.below(moves as u64 + 1) as i64;
        let low = (open.min(close) - r.below(moves as u64 + 1) as i64).max(1);
        for (x, v) in prices.iter_mut().zip([open, high, low, close]) {
            x.push(v as f64 * tick);
        }
        prices[4].push(r.below(1000) as f64 / 1000.0);
        last = close;
    }
    let missing = one(r, &[0.0, 0.0, 0.0, 0.01, 0.1]);
    if missing > 0.0 {
        for x in &mut prices {
            x.iter_mut().for_each(|v| *v = if r.bernoulli(missing) { f64::NAN } else { *v });
        }
    }
    let market = times.market(prices);
    // Half of them forbid nothing, so that what is fast there is tried.
    let is_free = r.bernoulli(0.5);
    let mut rows = |of: &[f64], is_free: bool| -> Vec<bool> {
        let share = if is_free { 0.0 } else { one(r, of) };
        (0..n).map(|_| r.bernoulli(share)).collect()
    };
    let blocked = rows(&[0.0, 0.0, 0.03, 0.3], is_free);
    let no_short = rows(&[0.0, 0.0, 0.1, 0.5], is_free);
    let action = rows(&[0.0, 0.0, 0.02, 0.2], is_free);
    let unknown = rows(&[0.0, 0.1, 0.5, 1.0], false);
    let spread = unknown.iter().map(|x| if *x { f64::NAN } else { r.below(40) as f64 * 0.0005 }).collect::<Vec<f64>>();
    let multiplier = one(r, &[1.0, 1.0, 1.0, 50.0, 0.1, 7.0]);
    let given = Given { blocked, no_short, action, spread, multiplier };
    (given.to(market), given)
}

/// A strategy as text and numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) entry: [Option<String>; 2],
    pub(crate) exits: [Vec<(ExitKind, String)>; 2],
    pub(crate) gates: Vec<String>,
    pub(crate) order: Order,
    pub(crate) size: (SizeKind, String),
    pub(crate) scale: Option<String>,
    pub(crate) limit_frac: f64,
    pub(crate) lot: f64,
    pub(crate) min_units: f64,
    pub(crate) opposite: Opposite,
    pub(crate) cooldown: (u32, u32),
    pub(crate) strength: Option<String>,
    pub(crate) weight: Option<String>,
    pub(crate) widening: Option<String>,
    /// Events before which nothing is entered, [`Execution::blackout_sessions`] long.
    pub(crate) blackout: Vec<EventKind>,
    pub(crate) execution: Execution,
    pub(crate) costs: CostModel,
}

/// How a sketch enters.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Market,
    Limit([String; 2], u32),
    Stop([String; 2], u32),
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            entry: [None, None],
            exits: [vec![], vec![]],
            gates: vec![],
            order: Order::Market,
            size: (SizeKind::Fraction, "1".into()),
            scale: None,
            limit_frac: f64::INFINITY,
            lot: 0.0,
            min_units: 0.0,
            opposite: Opposite::Ignore,
            cooldown: (0, 0),
            strength: None,
            weight: None,
            widening: None,
            blackout: vec![],
            execution: Execution {
                capital: 10_000.0,
                leverage: 1.0,
                fill: FillTiming::NEXT_OPEN,
                holding: Holding::Units,
                path: PathPolicy::Pessimistic,
                flat_at_session_end: false,
                no_entry_last_bars: 0,
                blackout_sessions: 0,
            },
            costs: CostModel::default(),
        }
    }
}

/// Where an expression of a compiled list is found.
struct Found<'a> {
    compiled: &'a Compiled,
    point: usize,
    next: usize,
}

impl Found<'_> {
    fn next(&mut self) -> Source {
        let i = self.next;
        self.next += 1;
        match (self.compiled.output(i, self.point), self.compiled.rule(i, self.point)) {
            (Some(output), _) => Source::Output(output),
            (_, Some(rule)) => Source::Rule(self.compiled.rules().iter().position(|r| std::ptr::eq(r, rule)).unwrap()),
            _ => unreachable!(),
        }
    }
}

impl Sketch {
    /// The plan of it, of one point.
    pub(crate) fn plan(&self) -> StrategyPlan {
        self.plan_of(None)
    }

    /// The plan of it, of all points of a table.
    pub(crate) fn plan_of(&self, points: Option<PointTable>) -> StrategyPlan {
        let mut texts: Vec<(&str, Scope)> = Vec::new();
        texts.extend(self.entry.iter().flatten().map(|t| (t.as_str(), Scope::SERIES)));
        texts.extend(self.exits.iter().flatten().map(|(_, t)| (t.as_str(), Scope::EXIT)));
        texts.extend(self.gates.iter().map(|t| (t.as_str(), Scope::GATE)));
        let is_number = |t: &str| t.parse::<f64>().is_ok();
        if !is_number(&self.size.1) {
            texts.push((&self.size.1, Scope::SIZE));
        }
        texts.extend(self.scale.iter().map(|t| (t.as_str(), Scope::SIZE)));
        match &self.order {
            Order::Market => {}
            Order::Limit(level, _) | Order::Stop(level, _) => {
                texts.extend(level.iter().map(|t| (t.as_str(), Scope::SERIES)));
            }
        }
        texts.extend(self.strength.iter().map(|t| (t.as_str(), Scope::SERIES)));
        texts.extend(self.weight.iter().map(|t| (t.as_str(), Scope::SERIES)));
        texts.extend(self.widening.iter().map(|t| (t.as_str(), Scope::SERIES)));
        let asts: Vec<_> = texts.iter().map(|(t, _)| parse(t).unwrap()).collect();
        let list: Vec<_> = asts.iter().zip(&texts).map(|(a, (t, scope))| (*t, a, *scope)).collect();
        let compiled = compile_scoped(&list, &schema(), points.as_ref()).unwrap_or_else(|e| panic!("{e}\n{self:?}"));
        let n_points = points.as_ref().map_or(1, PointTable::len);
        let programs = (0..n_points).map(|point| Ok(Arc::new(self.program(&compiled, point)))).collect();
        let spread_multiplier =
            self.widening.as_ref().map(|_| Found { compiled: &compiled, point: 0, next: list.len() - 1 }.next());
        let id = id_of("sketch", &1).unwrap();
        StrategyPlan {
            name: "sketch".into(),
            spec_id: id,
            skeleton_id: id,
            points: points.unwrap_or_else(|| PointTable::new([]).unwrap()),
            compiled,
            programs,
            reasons: (0..8).map(|i| Arc::from(format!("exit {i}"))).collect(),
            execution: self.execution,
            costs: self.costs.clone(),
            blackout_events: self.blackout.clone(),
            spread_multiplier,
            held: Default::default(),
        }
    }

    fn program(&self, compiled: &Compiled, point: usize) -> Program {
        let mut found = Found { compiled, point, next: 0 };
        let entry = self.entry.clone().map(|e| e.map(|_| found.next()));
        let mut reason = 0;
        let exits = self.exits.clone().map(|side| {
            let exit = |(kind, _): (ExitKind, String)| {
                reason += 1;
                Exit { kind, source: found.next(), reason: reason - 1 }
            };
            side.into_iter().map(exit).collect::<Vec<_>>()
        });
        let gates = self.gates.iter().map(|_| found.next()).collect();
        let source = match self.size.1.parse() {
            Ok(x) => Source::Number(x),
            Err(_) => found.next(),
        };
        let scale = self.scale.as_ref().map(|_| found.next());
        let order = match &self.order {
            Order::Market => EntryOrder::Market,
            Order::Limit(_, n_bars) => {
                EntryOrder::Limit { level: [Some(found.next()), Some(found.next())], n_bars: *n_bars }
            }
            Order::Stop(_, n_bars) => {
                EntryOrder::Stop { level: [Some(found.next()), Some(found.next())], n_bars: *n_bars }
            }
        };
        let strength = self.strength.as_ref().map(|_| found.next());
        let weight = self.weight.as_ref().map(|_| found.next());
        Program {
            entry,
            gates,
            order,
            exits,
            size: Size {
                kind: self.size.0,
                source,
                scale,
                limit_frac: self.limit_frac,
                lot: self.lot,
                min_units: self.min_units,
            },
            opposite: self.opposite,
            cooldown_bars: self.cooldown.0,
            cooldown_sessions: self.cooldown.1,
            strength,
            weight,
            lookback: 0,
        }
    }
}

/// A strategy that enters and leaves.
pub(crate) fn sketch(r: &mut Stream) -> Sketch {
    let rare = one(r, &["0.98", "0.9", "0.7"]);
    let up = one(r, &["volume > R", "close > sma(close, 5) and volume > R", "close > close[1]", "volume[1] > R"]);
    let down = one(r, &["volume < 1 - R", "close < sma(close, 5) and volume > R", "close < close[1]", "volume > R"]);
    let both = r.below(4);
    let text = |t: &str| t.replace('R', rare);
    let entry = [(both != 0).then(|| text(up)), (both != 1).then(|| text(down))];
    let exits = [0, 1].map(|side| exits(r, side == 0));
    let order = match r.below(6) {
        0 | 1 => {
            let level =
                one(r, &[["close - 1", "close + 1"], ["low", "high"], ["open", "open"], ["close + 1", "close - 1"]]);
            Order::Limit(level.map(Into::into), 1 + r.below(4) as u32)
        }
        2 => {
            let level = one(r, &[["close + 1", "close - 1"], ["high", "low"], ["close - 1", "close + 1"]]);
            Order::Stop(level.map(Into::into), 1 + r.below(4) as u32)
        }
        _ => Order::Market,
    };
    let size = one(
        r,
        &[
            (SizeKind::Fraction, "1"),
            (SizeKind::Fraction, "1"),
            (SizeKind::Fraction, "0.5"),
            (SizeKind::Fraction, "3"),
            (SizeKind::Fraction, "volume"),
            (SizeKind::Value, "2500"),
            (SizeKind::Value, "0.4 * equity"),
            (SizeKind::Units, "7"),
            (SizeKind::Units, "100 * volume + 3 * pos.side"),
        ],
    );
    let is_sessions = r.bernoulli(0.15);
    let at = if r.bernoulli(0.5) { At::Open } else { At::Close };
    let delay = match at {
        At::Open => one(r, &[1, 1, 1, 2, 3]),
        At::Close => one(r, &[0, 0, 1, 1, 2, 3]),
    };
    let fill = FillTiming { at, delay, count: if is_sessions { Count::Sessions } else { Count::Bars } };
    let some = |r: &mut Stream, of: &[f64]| if r.bernoulli(0.5) { 0.0 } else { one(r, of) };
    let costs = if r.bernoulli(0.3) {
        CostModel::default()
    } else {
        CostModel {
            spread_frac: some(r, &[0.0003, 0.01]),
            market_spread_times: one(r, &[0.0, 0.0, 1.0, 2.0]),
            slippage_bps: some(r, &[1.0, 20.0]),
            taker_fee_bps: some(r, &[0.5, 10.0]),
            maker_fee_bps: some(r, &[0.3, -0.5]),
            fee_per_unit: some(r, &[0.005, 0.1]),
            min_fee: some(r, &[1.0, 25.0]),
            impact_coef: one(r, &[0.0, 0.0, 0.0, 0.1, 0.5, 2.0]),
            borrow_annual: some(r, &[0.01, 0.5]),
            funding_annual: some(r, &[0.1, -0.2]),
            funding_hours: one(r, &[0, 4, 8]),
            ..CostModel::default()
        }
    };
    let blackout =
        one(r, &[vec![], vec![], vec![], vec![], vec![EventKind::Fomc], vec![EventKind::Fomc, EventKind::Cpi]]);
    let blackout_sessions = if blackout.is_empty() { 0 } else { one(r, &[0, 1, 2, 5]) };
    Sketch {
        entry,
        exits,
        gates: match r.below(8) {
            0 => vec!["drawdown < 0.2".into()],
            1 => vec!["cash > 1".into(), "volume < 0.9".into()],
            2 => vec!["equity > 5000".into()],
            _ => vec![],
        },
        order,
        size: (size.0, size.1.into()),
        scale: r.bernoulli(0.15).then(|| one(r, &["volume[1]", "volume - 0.3", "2"]).into()),
        limit_frac: one(r, &[f64::INFINITY, f64::INFINITY, 0.25, 1.0, 2.0]),
        lot: one(r, &[0.0, 0.0, 1.0, 0.1]),
        min_units: one(r, &[0.0, 0.0, 5.0]),
        opposite: one(r, &[Opposite::Ignore, Opposite::Close, Opposite::Reverse]),
        cooldown: (one(r, &[0, 0, 0, 1, 5]), one(r, &[0, 0, 0, 0, 1, 2])),
        strength: r.bernoulli(0.3).then(|| "volume".into()),
        weight: None,
        widening: r.bernoulli(0.2).then(|| one(r, &["1 + volume", "2"]).into()),
        execution: Execution {
            capital: one(r, &[10_000.0, 1000.0]),
            leverage: one(r, &[1.0, 1.0, 2.0, 10.0, f64::INFINITY]),
            fill,
            holding: Holding::Units,
            path: one(r, &PathPolicy::ALL),
            flat_at_session_end: r.bernoulli(0.25),
            no_entry_last_bars: one(r, &[0, 0, 0, 1, 4]),
            blackout_sessions,
        },
        blackout,
        costs,
    }
}

/// A strategy of market orders that the next price fills, left by conditions alone.
pub(crate) fn at_once(r: &mut Stream) -> Sketch {
    let plain = sketch(r);
    let exits = [0, 1].map(|side| {
        let (better, worse) = if side == 0 { ("+", "-") } else { ("-", "+") };
        let (below, most) = if side == 0 { ("<", "max") } else { (">", "min") };
        let mut list: Vec<String> = [
            "volume[1] > 0.8",
            "close < close[1] and close[1] < close[2]",
            "close BELOW entry.price WORSE 2",
            "close BELOW entry.price WORSE 2 * max_since_entry(if(is_missing(pos.bars), high - low, nan))",
            "close BELOW entry.price WORSE at_signal(high - low)",
            "close BELOW MOST_since_entry(close WORSE 3)",
            "close BELOW MOST_since_entry(close WORSE 1.5 * (high - low)) WORSE 1",
            "close BELOW MOST_since_entry(close) * (1 WORSE 0.02)",
            "pos.bars >= 5",
            "pos.bars > 40 or high - low > pos.high - pos.low",
            "pos.pnl_frac < -0.03 or pos.pnl_frac > 0.05",
            "pos.high - pos.low > 5 and not (close == entry.price BETTER 1)",
            "volume < 0.02",
        ]
        .iter()
        .map(|t| t.replace("BELOW", below).replace("MOST", most).replace("WORSE", worse).replace("BETTER", better))
        .collect();
        let n = 1 + r.below(3);
        (0..n).map(|_| (ExitKind::When, list.swap_remove(r.below(list.len() as u64) as usize))).collect()
    });
    let fill = one(r, &[FillTiming::NEXT_OPEN, FillTiming::SIGNAL_CLOSE]);
    let size = if plain.size.1.contains("equity") || plain.size.1.contains("pos") {
        (SizeKind::Fraction, "0.9".to_owned())
    } else {
        plain.size
    };
    Sketch {
        exits,
        size,
        gates: vec![],
        order: Order::Market,
        blackout: vec![],
        execution: Execution {
            fill,
            flat_at_session_end: false,
            no_entry_last_bars: 0,
            blackout_sessions: 0,
            ..plain.execution
        },
        ..plain
    }
}

/// A strategy that holds weights: a series of them, or entries under a holding rule of weights.
pub(crate) fn weights(r: &mut Stream) -> Sketch {
    let mut s = sketch(r);
    s.execution.holding = one(r, &[Holding::Units, Holding::Weights, Holding::Weights, Holding::WeightsFree]);
    if s.execution.holding != Holding::Units && r.bernoulli(0.4) {
        return s;
    }
    let series = [
        "if(volume > 0.9, 1, if(volume < 0.1, -1, 0))",
        "if(close > sma(close, 5), 0.7, 0)",
        "if(volume > 0.95, 2 * volume, if(volume < 0.05, 0, if(volume > 0.5, volume[1], 0.3)))",
        "volume - 0.5",
        "if(close > close[1], 1, -1)",
        "1",
    ];
    s.weight = Some(one(r, &series).into());
    (s.entry, s.exits, s.gates, s.order) = ([None, None], [vec![], vec![]], vec![], Order::Market);
    s
}

/// A strategy that is flat at the ends of sessions.
pub(crate) fn flat(r: &mut Stream) -> Sketch {
    let mut s = match r.below(4) {
        0 => weights(r),
        1 => wild(r),
        _ => sketch(r),
    };
    s.execution.flat_at_session_end = true;
    s.execution.no_entry_last_bars = one(r, &[0, 0, 1]);
    s
}

/// A strategy that enters nothing before events, and whose orders are on their way for a while.
pub(crate) fn before_events(r: &mut Stream) -> Sketch {
    let mut s = match r.below(4) {
        0 => weights(r),
        1 => wild(r),
        _ => sketch(r),
    };
    s.blackout = one(r, &[vec![EventKind::Fomc], vec![EventKind::Fomc, EventKind::Cpi]]);
    s.execution.blackout_sessions = one(r, &[0, 0, 1, 2, 8]);
    let late = |at, delay, count| FillTiming { at, delay, count };
    s.execution.fill = one(
        r,
        &[
            s.execution.fill,
            late(At::Open, 3, Count::Bars),
            late(At::Close, 12, Count::Bars),
            late(At::Open, 1, Count::Sessions),
            late(At::Close, 1, Count::Sessions),
            late(At::Open, 2, Count::Sessions),
        ],
    );
    s
}

fn exits(r: &mut Stream, is_long: bool) -> Vec<(ExitKind, String)> {
    let n = r.below(4);
    let turn = |t: &str| {
        if is_long { t.replace("UP", "+").replace("DN", "-") } else { t.replace("UP", "-").replace("DN", "+") }
    };
    let mut list: Vec<(ExitKind, &str)> = vec![
        (ExitKind::When, "volume[1] > 0.8"),
        (ExitKind::When, "close < close[1] and close[1] < close[2]"),
        (ExitKind::When, "pos.bars >= 5"),
        (ExitKind::When, "pos.pnl_frac < -0.03 or pos.pnl_frac > 0.05"),
        (ExitKind::When, "close < max_since_entry(close) - 2"),
        (ExitKind::When, "pos.high - pos.low > 5"),
        (ExitKind::When, "min_since_entry(low) + 4 < high"),
        (ExitKind::Stop, "entry.price DN 2"),
        (ExitKind::Stop, "close DN 2"),
        (ExitKind::Stop, "max_since_entry(high) - 3"),
        (ExitKind::Stop, "open"),
        (ExitKind::Target, "entry.price UP 2"),
        (ExitKind::Target, "entry.price * (1 UP 0.02)"),
        (ExitKind::Target, "close[1] UP 3"),
        (ExitKind::Target, "pos.low UP 4"),
        (ExitKind::Trail, "2"),
        (ExitKind::Trail, "0.03 * entry.price"),
        (ExitKind::Trail, "1 + 3 * volume"),
        (ExitKind::Trail, "3 * volume - 1"),
        (ExitKind::Trail, "if(pos.bars > 3, 1, 3)"),
    ];
    (0..=n)
        .map(|_| {
            let (kind, text) = list.swap_remove(r.below(list.len() as u64) as usize);
            (kind, turn(text))
        })
        .collect()
}

/// A number that a rule may read, of the market, the position, or both.
fn wild_number(r: &mut Stream, depth: u64) -> String {
    let leaf = [
        "close",
        "open",
        "high",
        "low",
        "volume",
        "close[1]",
        "high - low",
        "sma(close, 5)",
        "close[3]",
        "low[1]",
        "pos.bars",
        "pos.high",
        "pos.low",
        "pos.pnl_frac",
        "pos.side",
        "entry.price",
        "2",
        "0.5",
        "100",
        "nan",
        "entry.price",
        "pos.bars",
        "close",
    ];
    if depth == 0 || r.bernoulli(0.25) {
        return one(r, &leaf).into();
    }
    let n = |r: &mut Stream| wild_number(r, depth - 1);
    match r.below(12) {
        0 => format!("({} + {})", n(r), n(r)),
        1 | 2 => format!("({} - {})", n(r), n(r)),
        3 => format!("({} * {})", n(r), n(r)),
        4 => format!("max({}, {})", n(r), n(r)),
        5 => format!("min({}, {})", n(r), n(r)),
        6 => format!("max_since_entry({})", n(r)),
        7 => format!("min_since_entry({})", n(r)),
        8 => format!("at_signal({})", n(r)),
        9 => format!("abs({})", n(r)),
        _ => format!("if({}, {}, {})", wild_condition(r, depth - 1), n(r), n(r)),
    }
}

fn wild_condition(r: &mut Stream, depth: u64) -> String {
    let compare = |r: &mut Stream| {
        let sign = one(r, &["<", "<=", ">", ">=", "==", "!="]);
        format!("({} {sign} {})", wild_number(r, depth), wild_number(r, depth))
    };
    if depth == 0 || r.bernoulli(0.35) {
        return match r.below(8) {
            0 => format!("is_missing({})", wild_number(r, depth)),
            1 => "(pos.bars >= 5)".into(),
            2 => "(close < entry.price - 2)".into(),
            3 => "(volume > 0.8)".into(),
            _ => compare(r),
        };
    }
    let c = |r: &mut Stream| wild_condition(r, depth - 1);
    match r.below(5) {
        0 => format!("({} and {})", c(r), c(r)),
        1 => format!("({} or {})", c(r), c(r)),
        2 => format!("(not {})", c(r)),
        3 => format!("if({}, {}, {})", c(r), c(r), c(r)),
        _ => compare(r),
    }
}

/// A strategy whose rules are of any shape.
pub(crate) fn wild(r: &mut Stream) -> Sketch {
    let is_at_once = r.bernoulli(0.5);
    let mut s = if is_at_once { at_once(r) } else { sketch(r) };
    for side in 0..2 {
        let n = 1 + r.below(3);
        let keep = r.bernoulli(0.3);
        if !keep {
            s.exits[side].clear();
        }
        for _ in 0..n {
            let kind = if is_at_once || r.bernoulli(0.5) {
                ExitKind::When
            } else {
                one(r, &[ExitKind::Stop, ExitKind::Target, ExitKind::Trail])
            };
            let depth = 1 + r.below(4);
            let text = if kind == ExitKind::When {
                let c = wild_condition(r, depth);
                // Rare, so that positions last.
                if r.bernoulli(0.6) { format!("({c}) and volume > {}", one(r, &["0.9", "0.99", "0.6"])) } else { c }
            } else if r.bernoulli(0.5) {
                let sign = if (kind == ExitKind::Stop) == (side == 0) { "-" } else { "+" };
                let far = one(r, &["2", "5", "(high - low)", "pos.bars", "at_signal(high - low)", "3 * volume"]);
                if kind == ExitKind::Trail {
                    far.into()
                } else {
                    let of = one(
                        r,
                        &[
                            "entry.price",
                            "close",
                            "pos.high",
                            "max_since_entry(close)",
                            "min_since_entry(low)",
                            "at_signal(close)",
                        ],
                    );
                    format!("{of} {sign} {far}")
                }
            } else {
                wild_number(r, depth)
            };
            s.exits[side].push((kind, text));
        }
        s.exits[side].truncate(5);
    }
    if r.bernoulli(0.5) {
        s.costs = CostModel {
            borrow_annual: one(r, &[0.0, 0.5, 0.99]),
            funding_annual: one(r, &[0.0, 0.2, 9.5, -9.0]),
            ..s.costs
        };
    }
    if r.bernoulli(0.4) {
        s.cooldown = (0, 0);
    }
    if r.bernoulli(0.3) {
        s.execution.leverage = 10.0;
        s.size = (SizeKind::Fraction, one(r, &["3", "8", "9 * volume"]).into());
        s.limit_frac = f64::INFINITY;
    }
    s
}
