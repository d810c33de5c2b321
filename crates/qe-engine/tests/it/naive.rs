//! A second simulator, written from `docs/simulation.md` alone: one loop over rows, arrays, no tables, no shortcuts.
//!
//! It shares with the real one the expressions' values (a plan's outputs, and rules run on single numbers) and the names of
//! what it reports. Fill prices, paths, sizes, fees, queues and marks are its own, as literal as the page.

use qe_data::events::Events;
use qe_engine::costs::CostModel;
use qe_engine::fills::{At, Count, Holding, PathPolicy};
use qe_engine::ledger::{Cause, Refusal};
use qe_engine::market::Market;
use qe_engine::program::{EntryOrder, Execution, Exit, ExitKind, Opposite, Program, SizeKind, Source, StrategyPlan};
use qe_factors::plan::{Memory, Outside, Rule};

use crate::random::Given;

/// What the simulator reads, all of it as plain arrays.
pub(crate) struct Data {
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
    /// The session of each row, and how long before that session's close the row is complete.
    pub(crate) day: Vec<u32>,
    pub(crate) before_close: Vec<i64>,
    /// Whether a session ended between the row before and this one, and no bar was its last.
    pub(crate) is_missed: Vec<bool>,
    pub(crate) known: Vec<i64>,
    pub(crate) bar: i64,
    pub(crate) given: Given,
    /// Whether an event is near, or none is known to come.
    pub(crate) is_near: Vec<bool>,
    /// Whether one is near in the session in which what comes after the row lies, by what is known at its close.
    pub(crate) is_next_near: Vec<bool>,
    /// Whether one is near in the session in which the row opens, by what is known at its open.
    pub(crate) opens_near: Vec<bool>,
    /// What trades in a day on average, and the deviation of daily returns, by day: of the 20 days before.
    pub(crate) adv: Vec<f64>,
    pub(crate) sigma: Vec<f64>,
    /// The outputs of the plan, conditions as 1, 0, NaN.
    pub(crate) values: Vec<Vec<f64>>,
}

impl Data {
    /// The arrays of a market.
    pub(crate) fn new(plan: &StrategyPlan, market: &Market, given: &Given) -> Self {
        let columns = market.columns();
        let column = |name: &str| columns.get(name).unwrap().to_f64().to_vec();
        let (open, known) = (columns.axis().open(), columns.axis().available());
        let calendar = market.calendar();
        let dates: Vec<_> = open.iter().map(|t| calendar.day_of(*t)).collect();
        let mut day = vec![0_u32; dates.len()];
        for i in 1..dates.len() {
            day[i] = day[i - 1] + u32::from(dates[i] != dates[i - 1]);
        }
        let close_of = |i: usize| calendar.session(dates[i]).map_or(i64::MAX, |s| s.close);
        // All sessions whose closes lie between the two opens, but for those that the row before brought to their ends.
        let is_missed = |i: usize| {
            let Some(before) = i.checked_sub(1) else { return false };
            let is_ended = |close: i64| calendar.session_at(open[before]).is_some() && known[before] >= close;
            let days = calendar.sessions(dates[before], dates[i].add_days(1));
            days.map(|s| s.close).any(|close| open[before] < close && close <= open[i] && !is_ended(close))
        };
        let is_near = |now: &i64| {
            let n = plan.execution.blackout_sessions;
            let kinds = &plan.blackout_events;
            !kinds.is_empty() && Events::us().blackout(kinds, *now, n, calendar) != Some(false)
        };
        let is_next_near = |now: &i64| {
            let kinds = &plan.blackout_events;
            let event =
                Events::us().iter().find(|e| e.at.nanos() > *now && kinds.contains(&e.kind) && e.is_known(*now));
            let Some(event) = event else { return !kinds.is_empty() };
            // A trading day goes from the close before it to its own.
            let day_of = |t: i64| calendar.day_of(t);
            let (next, last) = (day_of(*now), day_of(event.at.nanos()));
            calendar.sessions(next, last).count() <= plan.execution.blackout_sessions as usize
        };
        let mut data = Self {
            open: column("open"),
            high: column("high"),
            low: column("low"),
            close: column("close"),
            is_missed: (0..dates.len()).map(is_missed).collect(),
            before_close: (0..dates.len()).map(|i| close_of(i).saturating_sub(known[i])).collect(),
            day,
            known: known.to_vec(),
            bar: market.timeframe().nanos().unwrap_or(i64::MAX),
            given: given.clone(),
            is_near: known.iter().map(is_near).collect(),
            is_next_near: known.iter().map(is_next_near).collect(),
            opens_near: open.iter().map(is_next_near).collect(),
            adv: Vec::new(),
            sigma: Vec::new(),
            values: match plan.compiled.plan().outputs().len() {
                0 => Vec::new(),
                _ => {
                    plan.compiled.plan().eval(columns).unwrap().into_outputs().iter().map(|v| v.to_numbers()).collect()
                }
            },
        };
        if plan.costs.impact_coef > 0.0 {
            data.measure_days(&column("volume"));
        }
        data
    }

    /// Average volume and volatility, day by day.
    fn measure_days(&mut self, volume: &[f64]) {
        let (mut volumes, mut closes, mut row) = (Vec::new(), Vec::new(), 0);
        for of_day in self.day.chunk_by(|a, b| a == b) {
            // What is missing did not trade.
            let traded = volume[row..row + of_day.len()].iter().filter(|v| !v.is_nan());
            volumes.push(traded.sum::<f64>());
            row += of_day.len();
            closes.push(self.mark(row - 1));
        }
        let (mut advs, mut sigmas): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for day in 0..closes.len() {
            let days = day.saturating_sub(20)..day;
            let adv = qe_core::stats::mean(&volumes[days.clone()]).unwrap_or(f64::NAN);
            let returns: Vec<f64> = days.filter(|d| *d > 0).map(|d| closes[d] / closes[d - 1] - 1.0).collect();
            let sigma = qe_core::stats::std(&returns, 1).unwrap_or(f64::NAN);
            // Where nothing trades, what was known before stays.
            let before = |of: &[f64]| of.last().copied().unwrap_or(f64::NAN);
            let (adv, sigma) =
                (if adv > 0.0 { adv } else { before(&advs) }, if sigma.is_nan() { before(&sigmas) } else { sigma });
            advs.push(adv);
            sigmas.push(sigma);
        }
        (self.adv, self.sigma) = (advs, sigmas);
    }

    fn mark(&self, row: usize) -> f64 {
        let last = |x: &[f64]| (0..=row).rev().map(|i| x[i]).find(|c| !c.is_nan());
        last(&self.close).or_else(|| last(&self.open)).unwrap_or(f64::NAN)
    }
}

/// A fill, with the names of `qe_engine::ledger::Fills`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Filled {
    pub(crate) row: usize,
    pub(crate) phase: u8,
    pub(crate) units: f64,
    pub(crate) raw: f64,
    pub(crate) price: f64,
    pub(crate) fee: f64,
    pub(crate) cash: f64,
    pub(crate) held: f64,
    pub(crate) cause: Cause,
    pub(crate) is_ambiguous: bool,
    pub(crate) signal_row: usize,
    pub(crate) strength: f64,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) fills: Vec<Filled>,
    pub(crate) refused: Vec<(usize, f64, Refusal)>,
    pub(crate) carries: Vec<(usize, f64)>,
    /// What was taken back at an open, since no bar before it told that an event is near.
    pub(crate) late_blackouts: Vec<&'static str>,
    /// Worth at each close of the run.
    pub(crate) equity: Vec<f64>,
    pub(crate) days: Vec<f64>,
    pub(crate) sum: f64,
    pub(crate) sum_sq: f64,
    pub(crate) max_drawdown: f64,
    /// Of each round trip that is over: what it won, how many bars later it was left, whether a bar did not say which way.
    pub(crate) trips: Vec<(f64, usize, bool)>,
    /// Bars that did not say which of two ways an open position went.
    pub(crate) undecided: Vec<usize>,
    /// The days in which something was held.
    pub(crate) days_in: std::collections::BTreeSet<u32>,
    pub(crate) turnover: f64,
    pub(crate) costs: f64,
}

/// What is decided to be held.
#[derive(Clone, Copy, PartialEq)]
struct Decided {
    side: usize,
    signal_row: usize,
    id: usize,
}

/// An entry that is decided and not filled yet.
#[derive(Clone)]
struct Entry {
    decided: Decided,
    size: f64,
    strength: f64,
    memory: Vec<Option<Memory>>,
}

#[derive(Clone)]
enum What {
    Enter(Entry),
    Leave { id: usize, cause: Cause, signal_row: usize },
    Weigh { weight: f64, side: f64, signal_row: usize },
}

#[derive(Clone)]
struct Order {
    due: usize,
    what: What,
}

struct Rest {
    entry: Entry,
    level: f64,
    is_limit: bool,
    last: usize,
}

/// What a change of a weight pays.
#[derive(Clone, Copy, PartialEq)]
enum Pays {
    Nothing,
    Limit,
    Market,
}

#[derive(Clone, Copy, PartialEq)]
enum Entered {
    Before,
    AtOpen,
    Limit(f64),
    Stop(f64),
    AtClose,
}

struct Position {
    entry: Entry,
    price: f64,
    row: usize,
    how: Entered,
    high: f64,
    low: f64,
    /// The value of each exit, as of the last time that it was run.
    now: Vec<f64>,
    cash_before: f64,
    at_close: bool,
    is_undecided: bool,
}

pub(crate) struct Naive<'a> {
    data: &'a Data,
    program: &'a Program,
    execution: &'a Execution,
    costs: &'a CostModel,
    rules: &'a [Rule],
    widening: Option<Source>,
    flip: Option<usize>,
    end: usize,
    cash: f64,
    units: f64,
    peak: f64,
    equity: f64,
    decided: Option<Decided>,
    orders: Vec<Order>,
    rest: Option<Rest>,
    position: Option<Position>,
    ready: usize,
    ready_day: u32,
    n_ids: usize,
    left: [bool; 2],
    /// Whether what is held is of a session that is over.
    is_late: bool,
    /// The weight that is held, the one that was last decided, and where one was last traded to.
    weight: f64,
    decided_weight: f64,
    weighed: Option<(usize, u8)>,
    out: Outcome,
}

const SIDE: [f64; 2] = [1.0, -1.0];

/// Runs one point; in one row prices may come in the order that the policy does not choose.
pub(crate) fn simulate(
    plan: &StrategyPlan,
    point: usize,
    data: &Data,
    rows: std::ops::Range<usize>,
    flip: Option<usize>,
) -> Outcome {
    let program = plan.programs[point].as_ref().unwrap();
    let mut naive = Naive {
        data,
        program,
        execution: &plan.execution,
        costs: &plan.costs,
        rules: plan.compiled.rules(),
        widening: plan.spread_multiplier,
        flip,
        end: rows.end,
        cash: plan.execution.capital,
        units: 0.0,
        peak: plan.execution.capital,
        equity: plan.execution.capital,
        decided: None,
        orders: Vec::new(),
        rest: None,
        position: None,
        ready: 0,
        ready_day: 0,
        n_ids: 0,
        left: [false; 2],
        is_late: false,
        weight: 0.0,
        decided_weight: 0.0,
        weighed: None,
        out: Outcome::default(),
    };
    let mut is_ruined = false;
    for row in rows.clone() {
        let before = naive.equity;
        if !is_ruined {
            if naive.position.is_some() {
                naive.out.days_in.insert(data.day[row]);
            }
            naive.row(row);
            if naive.position.is_some() {
                naive.out.days_in.insert(data.day[row]);
            }
            if naive.equity <= 0.0 {
                is_ruined = true;
                naive.equity = 0.0;
                if let Some(p) = naive.position.take() {
                    naive.out.trips.push((-p.cash_before, row - p.row, p.is_undecided));
                    naive.out.days_in.insert(data.day[row]);
                }
            }
        }
        let r = if before > 0.0 { naive.equity / before - 1.0 } else { 0.0 };
        naive.out.sum += r;
        naive.out.sum_sq += r * r;
        naive.peak = naive.peak.max(naive.equity);
        naive.out.max_drawdown = naive.out.max_drawdown.max(1.0 - naive.equity / naive.peak);
        naive.out.equity.push(naive.equity);
        if row + 1 == rows.end || data.day[row + 1] != data.day[row] {
            naive.out.days.push(naive.equity);
        }
    }
    naive.out
}

impl Naive<'_> {
    /// One bar, in the order of the page.
    fn row(&mut self, row: usize) {
        let d = self.data;
        self.left = [false; 2];
        // Before all: whatever rows there were before.
        if d.opens_near[row] {
            let what = match (self.program.weight, &self.rest) {
                (Some(_), _) => "weight",
                (None, Some(_)) => "resting",
                (None, None) => "entry",
            };
            let before = self.out.refused.len();
            self.take_back_entries(row);
            self.out.late_blackouts.extend((before..self.out.refused.len()).map(|_| what));
        }
        // 0
        self.pay_carry(row);
        // 1
        if self.execution.flat_at_session_end && d.is_missed[row] {
            self.is_late = true;
            self.take_back_if_flat();
        }
        if !d.given.blocked[row] && !d.open[row].is_nan() {
            self.leave_late(row, 0, d.open[row]);
        } else if d.given.blocked[row] {
            self.refuse_late(row, Refusal::Blocked);
        }
        if self.execution.fill.at == At::Open {
            self.fill_due(row, d.open[row], 0);
        }
        // 2
        self.restore(row, 0);
        // 3
        self.try_resting_entry(row);
        // 4
        self.follow_path(row);
        if let Some(p) = &mut self.position {
            match p.how {
                Entered::Before | Entered::AtOpen => {
                    p.high = p.high.max(d.high[row]);
                    p.low = p.low.min(d.low[row]);
                }
                _ => (p.high, p.low) = (p.high.max(d.close[row]), p.low.min(d.close[row])),
            }
        }
        // 5
        if !d.given.blocked[row] && d.open[row].is_nan() {
            if d.close[row].is_nan() {
                self.refuse_late(row, Refusal::NoPrice);
            } else {
                self.leave_late(row, 2, d.close[row]);
            }
        }
        if self.execution.fill.at == At::Close {
            self.fill_due(row, d.close[row], 2);
        }
        // 6
        if self.execution.flat_at_session_end && d.before_close[row] <= 0 {
            self.end_session(row);
        }
        // 7
        self.restore(row, 2);
        // 8: for orders of this very close the account is looked at before they fill.
        self.mark(row);
        // 9
        if self.equity > 0.0 || self.execution.fill.delay == 0 {
            self.decide(row);
        }
        if self.execution.fill.delay == 0 {
            self.fill_due(row, d.close[row], 2);
            self.mark(row);
            if self.position.as_ref().is_some_and(|p| p.row == row && p.at_close) {
                // Its first close: what the exits say here rests in the next row.
                self.run_exits_at_close(row);
            }
        }
        if let Some(p) = &mut self.position {
            p.how = Entered::Before;
        }
    }

    fn mark(&mut self, row: usize) {
        self.equity = self.worth(self.data.mark(row));
    }

    /// Cash, and what units are worth at a price: the multiplier times as much each.
    fn worth(&self, price: f64) -> f64 {
        if self.units == 0.0 { self.cash } else { self.cash + self.units * self.data.given.multiplier * price }
    }

    fn is_cooling(&self, row: usize) -> bool {
        row < self.ready || self.data.day[row] < self.ready_day
    }

    /// Whether sessions or events rule out that an entry is decided in a row.
    fn is_ruled_out(&self, row: usize) -> bool {
        let n = self.execution.no_entry_last_bars;
        let is_last = n > 0 && self.data.before_close[row] <= (i64::from(n) - 1).saturating_mul(self.data.bar);
        is_last || self.data.is_near[row]
    }

    /// Whether nothing may be entered after a row.
    fn is_blackout(&self, row: usize) -> bool {
        self.data.is_near[row] || self.data.is_next_near[row]
    }

    /// Whether the rules of sessions or events forbid an entry that is decided in a row.
    fn is_forbidden(&self, row: usize, is_at_market: bool) -> bool {
        let is_later = !is_at_market || self.execution.fill.delay > 0;
        self.is_ruled_out(row) || is_later && self.is_blackout(row)
    }

    /// Why a position may not be opened in a row by the masks, if so.
    fn mask(&self, row: usize, s: f64) -> Option<Refusal> {
        if s < 0.0 && self.data.given.no_short[row] {
            return Some(Refusal::NotBorrowable);
        }
        self.data.given.action[row].then_some(Refusal::CorporateAction)
    }

    /// By what share of the price a market fill of so many units moves it; NaN where nothing is known to tell it by.
    fn impact(&self, row: usize, units: f64) -> f64 {
        if self.costs.impact_coef == 0.0 {
            return 0.0;
        }
        let day = self.data.day[row] as usize;
        let (adv, sigma) = (self.data.adv[day], self.data.sigma[day]);
        self.costs.impact_coef * sigma * (units.abs() / adv).sqrt()
    }

    // ---- values

    fn rule(&self, rule: usize, row: usize, outside: &Outside, memory: &mut Memory) -> f64 {
        let rule = &self.rules[rule];
        let inputs: Vec<f64> = rule.inputs().iter().map(|i| self.data.values[*i][row]).collect();
        rule.run(&inputs, outside, memory)
    }

    fn value(&self, source: Source, row: usize, outside: &Outside) -> f64 {
        match source {
            Source::Output(i) => self.data.values[i][row],
            Source::Number(x) => x,
            Source::Rule(i) => self.rule(i, row, outside, &mut self.rules[i].memory()),
        }
    }

    fn is_true(&self, source: Option<Source>, row: usize) -> bool {
        source.is_some_and(|s| self.value(s, row, &Outside::NONE) == 1.0)
    }

    fn memories(&self, side: usize) -> Vec<Option<Memory>> {
        let memory = |exit: &Exit| match exit.source {
            Source::Rule(i) => Some(self.rules[i].memory()),
            _ => None,
        };
        self.program.exits[side].iter().map(memory).collect()
    }

    /// All exits of a side, run on a row with what is known of the position.
    fn run_exits(&self, side: usize, row: usize, outside: &Outside, memories: &mut [Option<Memory>]) -> Vec<f64> {
        let exits = self.program.exits[side].iter().zip(memories);
        exits
            .map(|(exit, memory)| match (exit.source, memory) {
                (Source::Rule(i), Some(memory)) => self.rule(i, row, outside, memory),
                (source, _) => self.value(source, row, outside),
            })
            .collect()
    }

    fn run_exits_at_close(&mut self, row: usize) {
        let Some(mut p) = self.position.take() else { return };
        let side = p.entry.decided.side;
        let outside = Outside {
            entry_price: p.price,
            pos_bars: (row - p.row) as f64 + f64::from(u8::from(!p.at_close)),
            pos_high: p.high,
            pos_low: p.low,
            pos_pnl_frac: SIDE[side] * (self.data.mark(row) / p.price - 1.0),
            pos_side: SIDE[side],
            ..Outside::NONE
        };
        p.now = self.run_exits(side, row, &outside, &mut p.entry.memory);
        self.position = Some(p);
    }

    // ---- prices and costs

    fn half_cost(&self, row: usize, phase: u8) -> f64 {
        // As of the last complete row.
        let known = if phase == 2 { Some(row) } else { row.checked_sub(1) };
        let wide = match self.widening {
            None => 1.0,
            Some(source) => {
                let x = known.map_or(f64::NAN, |row| self.value(source, row, &Outside::NONE));
                // It never narrows; a missing one does nothing.
                x.max(1.0)
            }
        };
        let times = self.costs.market_spread_times;
        let of_market = known.map_or(f64::NAN, |row| self.data.given.spread[row]) * times;
        let spread = if times == 0.0 || of_market.is_nan() { self.costs.spread_frac } else { of_market };
        0.5 * spread * wide + self.costs.slippage_bps * 1e-4
    }

    fn fee(&self, units: f64, price: f64, is_maker: bool) -> f64 {
        let bps = if is_maker { self.costs.maker_fee_bps } else { self.costs.taker_fee_bps };
        let value = units * self.data.given.multiplier * price;
        let fee = bps * 1e-4 * value.abs() + self.costs.fee_per_unit * units.abs();
        if self.costs.min_fee > 0.0 && fee < self.costs.min_fee { self.costs.min_fee } else { fee }
    }

    fn money_buys(&self, money: f64, q: f64, is_maker: bool) -> f64 {
        let bps = if is_maker { self.costs.maker_fee_bps } else { self.costs.taker_fee_bps };
        let q = q * self.data.given.multiplier;
        let each = q * (1.0 + bps * 1e-4) + self.costs.fee_per_unit;
        let units = money / each;
        // What that leaves for fees.
        if self.costs.min_fee > units * (each - q) && self.costs.min_fee > 0.0 {
            return ((money - self.costs.min_fee) / q).max(0.0);
        }
        units
    }

    // ---- fills

    #[allow(clippy::too_many_arguments)]
    fn trade(
        &mut self,
        row: usize,
        phase: u8,
        units: f64,
        raw: f64,
        is_maker: bool,
        cause: Cause,
        of: (usize, f64),
        is_ambiguous: bool,
    ) -> f64 {
        let h = if is_maker { 0.0 } else { self.half_cost(row, phase) };
        let s = units.signum();
        let price = if is_maker { raw } else { raw * (1.0 + s * h) + s * self.impact(row, units) * raw };
        // A sale brings nothing at worst.
        let price = if price < 0.0 { 0.0 } else { price };
        let fee = self.fee(units, price, is_maker);
        let worth = self.worth(raw);
        let exposure = units * self.data.given.multiplier;
        self.cash -= exposure * price + fee;
        self.units = if matches!(cause, Cause::Entry | Cause::Weight) { self.units + units } else { 0.0 };
        self.out.turnover += if worth > 0.0 { (exposure * raw).abs() / worth } else { 0.0 };
        self.out.costs += fee + (price - raw).abs() * exposure.abs();
        self.out.fills.push(Filled {
            row,
            phase,
            units,
            raw,
            price,
            fee,
            cash: self.cash,
            held: self.units,
            cause,
            is_ambiguous,
            signal_row: of.0,
            strength: of.1,
        });
        price
    }

    #[allow(clippy::too_many_arguments)]
    fn leave(
        &mut self,
        row: usize,
        phase: u8,
        raw: f64,
        is_maker: bool,
        cause: Cause,
        signal_row: usize,
        is_ambiguous: bool,
    ) {
        let Some(p) = self.position.take() else { return };
        self.trade(row, phase, -self.units, raw, is_maker, cause, (signal_row, f64::NAN), is_ambiguous);
        self.out.trips.push((self.cash - p.cash_before, row - p.row, p.is_undecided));
        self.out.days_in.insert(self.data.day[row]);
        if self.decided.is_some_and(|d| d.id == p.entry.decided.id) {
            self.decided = None;
        }
        self.forget_exit_of(p.entry.decided.id);
        self.cool(row);
    }

    /// Nothing is entered for a while after an exit.
    fn cool(&mut self, row: usize) {
        if self.program.cooldown_bars > 0 {
            self.ready = self.ready.max(row + 1 + self.program.cooldown_bars as usize);
        }
        if self.program.cooldown_sessions > 0 {
            self.ready_day = self.ready_day.max(self.data.day[row] + self.program.cooldown_sessions + 1);
        }
    }

    /// Enters at a price; whether it came to something.
    fn enter(&mut self, row: usize, phase: u8, raw: f64, is_maker: bool, how: Entered, entry: Entry) {
        let side = entry.decided.side;
        let s = SIDE[side];
        let h = if is_maker { 0.0 } else { self.half_cost(row, phase) };
        let q = if is_maker { raw } else { raw * (1.0 + s * h) };
        let worth = self.worth(raw);
        let size = &self.program.size;
        if let Some(why) = self.mask(row, s) {
            self.out.refused.push((row, s, why));
            self.take_back(entry.decided.id);
            return;
        }
        if self.execution.holding != Holding::Units {
            return self.enter_weight(row, phase, raw, is_maker, how, entry);
        }
        let mut units = match size.kind {
            SizeKind::Fraction => self.money_buys(entry.size * worth, q, is_maker),
            SizeKind::Value => self.money_buys(entry.size, q, is_maker),
            SizeKind::Units => entry.size,
        };
        let mut capped = None;
        for (share, why) in
            [(size.limit_frac, Refusal::CappedByLimit), (self.execution.leverage, Refusal::CappedByLeverage)]
        {
            let is_less = size.kind == SizeKind::Fraction && entry.size <= share;
            if share.is_finite() && !is_less {
                let most = self.money_buys(share * worth, q, is_maker);
                if units > most {
                    (units, capped) = (most, Some(why));
                }
            }
        }
        if size.lot > 0.0 {
            let asked = units;
            // Last digits are no part of a lot.
            let n = units / size.lot;
            units = if n.ceil() - n <= (1e-12 * n).min(1e-6) { n.ceil() } else { n.floor() } * size.lot;
            if units > 0.0 && units >= size.min_units && asked - units > (1e-9 * size.lot).max(1e-12 * asked) {
                // One record is enough.
                capped = capped.or(Some(Refusal::RoundedToLot));
            }
        }
        self.out.refused.extend(capped.map(|why| (row, s, why)));
        if !(units > 0.0 && units >= size.min_units) {
            self.out.refused.push((row, s, Refusal::NoSize));
            self.take_back(entry.decided.id);
            return;
        }
        // On such days nothing is opened, by whatever order.
        if self.impact(row, units).is_nan() {
            self.out.refused.push((row, s, Refusal::NoCostInput));
            self.take_back(entry.decided.id);
            return;
        }
        // Nothing is opened by a sale that brings nothing.
        if !is_maker && q + s * self.impact(row, units) * raw <= 0.0 {
            self.out.refused.push((row, s, Refusal::NoSize));
            self.take_back(entry.decided.id);
            return;
        }
        let cash_before = self.cash;
        let of = (entry.decided.signal_row, entry.strength);
        let price = self.trade(row, phase, s * units, raw, is_maker, Cause::Entry, of, false);
        self.open_position(row, phase, raw, price, how, entry, cash_before);
    }

    /// What is known of a position when it is opened.
    #[allow(clippy::too_many_arguments)]
    fn open_position(
        &mut self,
        row: usize,
        phase: u8,
        raw: f64,
        price: f64,
        how: Entered,
        mut entry: Entry,
        cash_before: f64,
    ) {
        let side = entry.decided.side;
        let s = SIDE[side];
        // The market as of the last complete row.
        let known = if phase == 2 { row } else { row - 1 };
        let outside = Outside {
            entry_price: price,
            pos_bars: 0.0,
            pos_high: raw,
            pos_low: raw,
            pos_pnl_frac: s * (raw / price - 1.0),
            pos_side: s,
            ..Outside::NONE
        };
        let now = self.run_exits(side, known, &outside, &mut entry.memory);
        self.position = Some(Position {
            entry,
            price,
            row,
            how,
            high: raw,
            low: raw,
            now,
            cash_before,
            at_close: phase == 2,
            is_undecided: false,
        });
    }

    /// An order that was to close a position that is gone has nothing left to do.
    fn forget_exit_of(&mut self, id: usize) {
        self.orders.retain(|o| !matches!(o.what, What::Leave { id: of, .. } if of == id));
    }

    fn take_back(&mut self, id: usize) {
        self.forget_exit_of(id);
        if self.decided.is_some_and(|d| d.id == id) {
            self.decided = None;
        }
    }

    /// Orders that are due at the open or the close of a row.
    fn fill_due(&mut self, row: usize, price: f64, phase: u8) {
        let fault = if self.data.given.blocked[row] {
            Some(Refusal::Blocked)
        } else if price.is_nan() {
            Some(Refusal::NoPrice)
        } else {
            None
        };
        // In the order of their decisions: what stands behind an exit that waits is not looked at.
        while self.orders.first().is_some_and(|o| o.due <= row) {
            let mut order = self.orders.remove(0);
            match order.what {
                What::Leave { id, cause, signal_row } => {
                    let Some(p) = self.position.as_ref().filter(|p| p.entry.decided.id == id) else { continue };
                    if let Some(why) = fault {
                        self.out.refused.push((row, SIDE[p.entry.decided.side], why));
                        order.due = row + 1;
                        self.orders.insert(0, order);
                        return;
                    }
                    self.leave(row, phase, price, false, cause, signal_row, false);
                }
                What::Weigh { weight, side, signal_row } => {
                    if let Some(why) = fault {
                        self.out.refused.push((row, side, why));
                        order.due = row + 1;
                        self.orders.insert(0, order);
                        return;
                    }
                    self.weight = weight;
                    self.rebalance(row, phase, price, weight, Cause::Weight, (Pays::Market, signal_row));
                }
                What::Enter(entry) => {
                    if let Some(why) = fault {
                        self.out.refused.push((row, SIDE[entry.decided.side], why));
                        self.take_back(entry.decided.id);
                        continue;
                    }
                    let how = if phase == 0 { Entered::AtOpen } else { Entered::AtClose };
                    self.enter(row, phase, price, false, how, entry);
                }
            }
        }
    }

    fn is_whole(&self, row: usize) -> bool {
        let d = self.data;
        [d.open[row], d.high[row], d.low[row], d.close[row]].iter().all(|x| x.is_finite())
    }

    fn try_resting_entry(&mut self, row: usize) {
        let Some(rest) = self.rest.take() else { return };
        let d = self.data;
        if self.position.is_none() && !d.open[row].is_nan() {
            let s = SIDE[rest.entry.decided.side];
            let is_buy = s > 0.0;
            let (open, level) = (d.open[row], rest.level);
            let (at_open, at_level) = match (rest.is_limit, is_buy) {
                (true, true) => (open <= level, d.low[row] <= level),
                (true, false) => (open >= level, d.high[row] >= level),
                (false, true) => (open >= level, d.high[row] >= level),
                (false, false) => (open <= level, d.low[row] <= level),
            };
            if d.given.blocked[row] {
                if at_open || at_level {
                    self.out.refused.push((row, s, Refusal::Blocked));
                }
            } else if at_open {
                self.enter(row, 0, open, rest.is_limit, Entered::AtOpen, rest.entry);
                return;
            } else if at_level {
                let how = if rest.is_limit { Entered::Limit(level) } else { Entered::Stop(level) };
                self.enter(row, 1, level, rest.is_limit, how, rest.entry);
                return;
            }
        }
        if row >= rest.last {
            self.out.refused.push((row, SIDE[rest.entry.decided.side], Refusal::Expired));
            self.take_back(rest.entry.decided.id);
            return;
        }
        self.rest = Some(rest);
    }

    /// What rests to close the position, along the bar's path.
    fn follow_path(&mut self, row: usize) {
        let Some(p) = &self.position else { return };
        if !self.is_whole(row) {
            return;
        }
        let side = p.entry.decided.side;
        let s = SIDE[side];
        // The nearest of each kind, and its reason.
        let (mut stop, mut target, mut trail) = (None::<(f64, u16)>, None::<(f64, u16)>, None::<(f64, u16)>);
        for (exit, x) in self.program.exits[side].iter().zip(&p.now) {
            // What is missing does not rest, nor does a distance below zero.
            if x.is_nan() || exit.kind == ExitKind::Trail && *x < 0.0 {
                continue;
            }
            let kept = match exit.kind {
                ExitKind::When => continue,
                ExitKind::Stop => &mut stop,
                ExitKind::Target => &mut target,
                ExitKind::Trail => &mut trail,
            };
            let is_nearer = kept.is_none_or(|(y, _)| match exit.kind {
                ExitKind::Stop => s * x > s * y,
                ExitKind::Target => s * x < s * y,
                _ => *x < y,
            });
            if is_nearer {
                *kept = Some((*x, exit.reason));
            }
        }
        let best = if s > 0.0 { p.high } else { p.low };
        let d = self.data;
        let (o, h, l, c) = (d.open[row], d.high[row], d.low[row], d.close[row]);
        let (high_first, low_first): (Vec<f64>, Vec<f64>) = match (p.how, s > 0.0) {
            (Entered::Limit(x), true) => (vec![x, l, c], vec![x, l, h, c]),
            (Entered::Limit(x), false) => (vec![x, h, l, c], vec![x, h, c]),
            (Entered::Stop(x), true) => (vec![x, h, l, c], vec![x, h, c]),
            (Entered::Stop(x), false) => (vec![x, l, c], vec![x, l, h, c]),
            _ => (vec![o, h, l, c], vec![o, l, h, c]),
        };
        let is_new = p.how != Entered::Before;
        let go = |points: &[f64]| walk(points, s, is_new, stop, target, trail, best);
        let (a, b) = (go(&high_first), go(&low_first));
        let worth = |hit: &Option<Hit>| s * hit.as_ref().map_or(c, |x| x.price);
        // The first of a tie: O H L C for a long position, O L H C for a short one.
        let (first, second) = if s > 0.0 { (&a, &b) } else { (&b, &a) };
        let worse = if worth(first) <= worth(second) { first } else { second };
        let better = if worth(first) >= worth(second) { first } else { second };
        let chosen = match self.execution.path {
            PathPolicy::Pessimistic | PathPolicy::LowerTimeframe => worse,
            PathPolicy::Optimistic => better,
            PathPolicy::OpenHighLowClose => &a,
            PathPolicy::OpenLowHighClose => &b,
            PathPolicy::NearestExtreme if h - o < o - l => &a,
            PathPolicy::NearestExtreme if h - o > o - l => &b,
            PathPolicy::NearestExtreme => worse,
        };
        let is_ambiguous = a != b;
        // Turned, the order of prices that the policy does not choose.
        let other = if std::ptr::eq(chosen, &raw const a) { &b } else { &a };
        let chosen = if self.flip == Some(row) { other } else { chosen };
        let chosen = chosen.clone();
        if self.data.given.blocked[row] {
            if chosen.is_some() {
                self.out.refused.push((row, s, Refusal::Blocked));
            }
            return;
        }
        if is_ambiguous {
            self.out.undecided.push(row);
            self.position.iter_mut().for_each(|p| p.is_undecided = true);
        }
        if let Some(hit) = chosen {
            let signal_row = row;
            let (price, is_target, reason) = (hit.price, hit.is_target, hit.reason);
            self.leave(row, hit.phase, price, is_target, Cause::Exit(reason), signal_row, is_ambiguous);
        }
    }

    fn end_session(&mut self, row: usize) {
        if let Some(p) = &self.position {
            let s = SIDE[p.entry.decided.side];
            if self.data.given.blocked[row] || self.data.close[row].is_nan() {
                let why = if self.data.given.blocked[row] { Refusal::Blocked } else { Refusal::NoPrice };
                self.out.refused.push((row, s, why));
                self.is_late = true;
                return;
            }
            self.leave(row, 2, self.data.close[row], false, Cause::SessionEnd, row, false);
        }
        self.take_back_if_flat();
    }

    /// Nothing is carried over a session's end: what is on its way or rests is taken back, once nothing is held.
    fn take_back_if_flat(&mut self) {
        if self.position.is_none() {
            self.is_late = false;
            self.decided_weight = 0.0;
            self.orders.clear();
            self.rest = None;
            self.decided = None;
        }
    }

    fn leave_late(&mut self, row: usize, phase: u8, price: f64) {
        if self.is_late {
            self.leave(row, phase, price, false, Cause::SessionMissed, row, false);
            self.take_back_if_flat();
        }
    }

    fn refuse_late(&mut self, row: usize, why: Refusal) {
        if let Some(p) = self.position.as_ref().filter(|_| self.is_late) {
            self.out.refused.push((row, SIDE[p.entry.decided.side], why));
        }
    }

    fn pay_carry(&mut self, row: usize) {
        const YEAR: f64 = 365.0 * 86_400e9;
        if self.units == 0.0 || row == 0 {
            return;
        }
        let value = self.units.abs() * self.data.given.multiplier * self.data.mark(row - 1);
        let (from, to) = (self.data.known[row - 1], self.data.known[row]);
        let mut money = 0.0;
        if self.units < 0.0 {
            money += value * self.costs.borrow_annual * ((to - from) as f64 / YEAR);
        }
        if self.costs.funding_hours > 0 {
            let each = i64::from(self.costs.funding_hours) * 3_600_000_000_000;
            let n = to.div_euclid(each) - from.div_euclid(each);
            money += self.units.signum() * value * self.costs.funding_annual * (n as f64 * each as f64 / YEAR);
        }
        if money != 0.0 {
            self.cash -= money;
            self.out.carries.push((row, money));
        }
    }

    // ---- weights

    fn decide_weight(&mut self, row: usize, source: Source) {
        let account = Outside {
            cash: self.cash,
            equity: self.equity,
            drawdown: ((self.peak - self.equity) / self.peak).max(0.0),
            pos_side: 1.0,
            ..Outside::NONE
        };
        let scale = self.program.size.scale.map_or(1.0, |x| self.value(x, row, &account));
        let wanted = self.value(source, row, &account) * scale;
        // A missing weight is no opinion.
        if wanted.is_nan() || wanted == self.decided_weight {
            return;
        }
        let due = self.due(row);
        let is_more = wanted * self.decided_weight < 0.0 || wanted.abs() > self.decided_weight.abs();
        if due >= self.end || (is_more && (self.is_forbidden(row, true) || self.is_cooling(row))) {
            return;
        }
        let side = if wanted < 0.0 { -1.0 } else { 1.0 };
        let most = self.execution.leverage.min(self.program.size.limit_frac);
        if wanted.abs() > most {
            self.out.refused.push((row, side, self.weight_bound()));
        }
        self.decided_weight = wanted;
        let what = What::Weigh { weight: side * wanted.abs().min(most), side, signal_row: row };
        self.orders.push(Order { due, what });
    }

    /// Of the limit and then leverage, the last that makes a weight beyond both less.
    fn weight_bound(&self) -> Refusal {
        let mut least = f64::INFINITY;
        let mut why = Refusal::NoSize;
        for (most, name) in [
            (self.program.size.limit_frac, Refusal::CappedByLimit),
            (self.execution.leverage, Refusal::CappedByLeverage),
        ] {
            if most < least {
                (least, why) = (most, name);
            }
        }
        why
    }

    fn enter_weight(&mut self, row: usize, phase: u8, raw: f64, is_maker: bool, how: Entered, entry: Entry) {
        let s = SIDE[entry.decided.side];
        let worth = self.worth(raw);
        let most = self.execution.leverage.min(self.program.size.limit_frac);
        let share = match self.program.size.kind {
            SizeKind::Fraction => entry.size,
            SizeKind::Value => entry.size / worth,
            SizeKind::Units => entry.size * self.data.given.multiplier * raw / worth,
        };
        if share > most {
            self.out.refused.push((row, s, self.weight_bound()));
        }
        self.weight = s * share.min(most);
        let (id, signal_row, cash_before) = (entry.decided.id, entry.decided.signal_row, self.cash);
        let (n, n_refused) = (self.out.fills.len(), self.out.refused.len());
        self.rebalance(
            row,
            phase,
            raw,
            self.weight,
            Cause::Entry,
            (if is_maker { Pays::Limit } else { Pays::Market }, signal_row),
        );
        if self.out.fills.len() == n {
            // One record is enough.
            if self.out.refused.len() == n_refused {
                self.out.refused.push((row, s, Refusal::NoSize));
            }
            self.take_back(id);
            return;
        }
        self.out.fills[n].strength = entry.strength;
        let price = self.out.fills[n].price;
        self.open_position(row, phase, raw, price, how, entry, cash_before);
    }

    /// From what is held to a weight; a change of side goes through zero.
    fn rebalance(&mut self, row: usize, phase: u8, raw: f64, weight: f64, cause: Cause, of: (Pays, usize)) {
        self.weighed = Some((row, phase));
        if self.units * weight < 0.0 {
            self.trade_to(row, phase, raw, 0.0, cause, of);
            self.trade_to(row, phase, raw, weight, Cause::Entry, of);
        } else {
            let cause = if self.units == 0.0 { Cause::Entry } else { cause };
            self.trade_to(row, phase, raw, weight, cause, of);
        }
    }

    fn trade_to(&mut self, row: usize, phase: u8, p: f64, w: f64, cause: Cause, of: (Pays, usize)) {
        let (pays, signal_row) = of;
        let (is_free, is_limit) = (pays == Pays::Nothing, pays == Pays::Limit);
        let worth = self.worth(p);
        let multiplier = self.data.given.multiplier;
        let wanted = w * worth / (p * multiplier);
        let gap = wanted - self.units;
        let s = if gap < 0.0 { -1.0 } else { 1.0 };
        let towards = if worth > 0.0 && wanted.is_finite() { s } else { w.signum() };
        let not_brought = (row, towards, Refusal::NoSize);
        // What costs nothing is no order, and worth of nothing at a close is ruin.
        let is_missed = !is_free && w != 0.0 && wanted != self.units && !(phase == 2 && worth <= 0.0);
        // Nothing is held of nothing.
        if w != 0.0 && worth <= 0.0 {
            self.out.refused.extend(is_missed.then_some(not_brought));
            return;
        }
        let h = if is_free || is_limit { 0.0 } else { self.half_cost(row, phase) };
        let bps = if is_limit { self.costs.maker_fee_bps } else { self.costs.taker_fee_bps };
        let c = if is_free { 0.0 } else { h + bps * 1e-4 + self.costs.fee_per_unit / (p * multiplier) };
        let left = 1.0 + w * s * c;
        // No trade brings such a weight.
        if w != 0.0 && left <= 0.0 {
            self.out.refused.extend(is_missed.then_some(not_brought));
            return;
        }
        let d = gap / left;
        // Where costs leave nothing of the weight's side, the position is closed, not turned round.
        let is_none = w == 0.0 || (self.units + d) * w <= 0.0;
        let d = if is_none { -self.units } else { d };
        if d == 0.0 || d.is_nan() {
            self.out.refused.extend(is_missed.then_some(not_brought));
            return;
        }
        let impact = if is_free { 0.0 } else { self.impact(row, d) };
        if self.units == 0.0 {
            let is_nothing = !is_limit && p * (1.0 + s * h) + s * impact * p <= 0.0;
            let why = self.mask(row, s).or(impact.is_nan().then_some(Refusal::NoCostInput));
            let why = why.or(is_nothing.then_some(Refusal::NoSize));
            if let Some(why) = why {
                self.out.refused.push((row, s, why));
                return;
            }
        }
        let price = if is_limit { p } else { (p * (1.0 + s * h) + s * impact * p).max(0.0) };
        let fee = if is_free { 0.0 } else { self.fee(d, price, is_limit) };
        let cash_before = self.cash;
        let exposure = d * multiplier;
        self.cash -= exposure * price + fee;
        if !is_free {
            self.out.turnover += if worth > 0.0 { (exposure * p).abs() / worth } else { 0.0 };
            self.out.costs += fee + (price - p).abs() * exposure.abs();
        }
        let was_flat = self.units == 0.0;
        self.units = if is_none { 0.0 } else { self.units + d };
        self.out.fills.push(Filled {
            row,
            phase,
            units: d,
            raw: p,
            price,
            fee,
            cash: self.cash,
            held: self.units,
            cause,
            is_ambiguous: false,
            signal_row,
            strength: f64::NAN,
        });
        if self.units == 0.0 {
            let of = self.position.take().map(|p| (self.cash - p.cash_before, row - p.row, p.is_undecided));
            self.out.trips.extend(of);
            self.cool(row);
            self.out.days_in.insert(self.data.day[row]);
        } else if was_flat && self.program.weight.is_some() {
            let decided = Decided { side: usize::from(w < 0.0), signal_row, id: 0 };
            let entry = Entry { decided, size: w, strength: f64::NAN, memory: Vec::new() };
            self.open_position(row, phase, p, price, Entered::AtOpen, entry, cash_before);
        }
    }

    /// Under a holding rule of weights, once at a price.
    fn restore(&mut self, row: usize, phase: u8) {
        let raw = if phase == 0 { self.data.open[row] } else { self.data.close[row] };
        let is_due = match self.execution.holding {
            Holding::Units => false,
            Holding::Weights => (self.execution.fill.at == At::Open) == (phase == 0),
            Holding::WeightsFree => true,
        };
        if is_due
            && self.position.is_some()
            && self.weighed != Some((row, phase))
            && !self.data.given.blocked[row]
            && !raw.is_nan()
        {
            let is_free = self.execution.holding == Holding::WeightsFree;
            self.rebalance(
                row,
                phase,
                raw,
                self.weight,
                Cause::Weight,
                (if is_free { Pays::Nothing } else { Pays::Market }, row),
            );
        }
    }

    // ---- decisions

    /// The row in which a decision of this row is due.
    fn due(&self, row: usize) -> usize {
        let fill = self.execution.fill;
        match fill.count {
            Count::Bars => row + fill.delay as usize,
            Count::Sessions => {
                let day = self.data.day[row] + fill.delay;
                let found = match fill.at {
                    At::Open => self.data.day.iter().position(|d| *d == day),
                    // Its session is over, or the next has begun.
                    At::Close => (row..self.data.day.len()).find(|&i| {
                        let d = self.data.day[i];
                        d > day || d == day && self.data.before_close[i] <= 0
                    }),
                };
                found.unwrap_or(usize::MAX)
            }
        }
    }

    /// What would enter in a session before an event is taken back.
    fn take_back_entries(&mut self, row: usize) {
        if self.program.weight.is_some() {
            // More than what is held before it, or of the other side, is an entry.
            let mut held = if self.position.is_some() { self.weight } else { 0.0 };
            let mut is_changed = false;
            for order in std::mem::take(&mut self.orders) {
                if let What::Weigh { weight, side, .. } = order.what {
                    if weight * held < 0.0 || weight.abs() > held.abs() {
                        self.out.refused.push((row, side, Refusal::Blackout));
                        is_changed = true;
                        continue;
                    }
                    held = weight;
                }
                self.orders.push(order);
            }
            if is_changed {
                self.decided_weight = held;
            }
            return;
        }
        let entries: Vec<Decided> = self
            .orders
            .iter()
            .filter_map(|o| if let What::Enter(entry) = &o.what { Some(entry.decided) } else { None })
            .chain(self.rest.take().map(|rest| rest.entry.decided))
            .collect();
        for entry in entries {
            self.orders.retain(|o| !matches!(&o.what, What::Enter(of) if of.decided == entry));
            self.take_back(entry.id);
            self.out.refused.push((row, SIDE[entry.side], Refusal::Blackout));
        }
    }

    fn decide(&mut self, row: usize) {
        if self.is_blackout(row) {
            self.take_back_entries(row);
        }
        if let Some(weight) = self.program.weight {
            return self.decide_weight(row, weight);
        }
        self.run_exits_at_close(row);
        let mut is_closed = false;
        if let Some(decided) = self.decided
            && row > decided.signal_row
        {
            let position = self.position.as_ref().filter(|p| p.entry.decided.id == decided.id);
            let mut cause = None;
            for (i, exit) in self.program.exits[decided.side].iter().enumerate() {
                let says = match (exit.kind, exit.source) {
                    (ExitKind::When, Source::Rule(_)) => position.is_some_and(|p| p.now[i] == 1.0),
                    (ExitKind::When, source) => self.is_true(Some(source), row),
                    _ => false,
                };
                if says && cause.is_none() {
                    cause = Some(Cause::Exit(exit.reason));
                }
            }
            if cause.is_none()
                && self.program.opposite != Opposite::Ignore
                && self.is_true(self.program.entry[1 - decided.side], row)
            {
                cause = Some(Cause::Opposite);
                is_closed = self.program.opposite == Opposite::Close;
            }
            if let Some(cause) = cause {
                self.decided = None;
                self.left[decided.side] = true;
                if self.rest.as_ref().is_some_and(|r| r.entry.decided.id == decided.id) {
                    self.rest = None;
                } else {
                    let what = What::Leave { id: decided.id, cause, signal_row: row };
                    self.orders.push(Order { due: self.due(row), what });
                }
            }
        }
        if self.decided.is_none() && !is_closed {
            self.decide_entry(row);
        }
    }

    fn decide_entry(&mut self, row: usize) {
        let sides = [self.is_true(self.program.entry[0], row), self.is_true(self.program.entry[1], row)];
        let side = match sides {
            [true, false] => 0,
            [false, true] => 1,
            _ => return,
        };
        if self.left[side] || self.is_cooling(row) {
            return;
        }
        let has_cooldown = self.program.cooldown_bars > 0 || self.program.cooldown_sessions > 0;
        if has_cooldown && self.orders.iter().any(|o| matches!(o.what, What::Leave { .. })) {
            return;
        }
        if self.is_forbidden(row, matches!(self.program.order, EntryOrder::Market)) {
            return;
        }
        let due = match self.program.order {
            EntryOrder::Market => self.due(row),
            _ => row + 1,
        };
        if due >= self.end {
            return;
        }
        let s = SIDE[side];
        let account = Outside {
            cash: self.cash,
            equity: self.equity,
            drawdown: ((self.peak - self.equity) / self.peak).max(0.0),
            ..Outside::NONE
        };
        if self.program.gates.iter().any(|gate| self.value(*gate, row, &account) != 1.0) {
            self.out.refused.push((row, s, Refusal::Gate));
            return;
        }
        let known = Outside { pos_side: s, ..account };
        let mut size = self.value(self.program.size.source, row, &known);
        if let Some(scale) = self.program.size.scale {
            size *= self.value(scale, row, &known);
        }
        if size.is_nan() || size <= 0.0 {
            self.out.refused.push((row, s, Refusal::NoSize));
            return;
        }
        let level = match self.program.order {
            EntryOrder::Market => None,
            EntryOrder::Limit { level, .. } | EntryOrder::Stop { level, .. } => {
                Some(level[side].map_or(f64::NAN, |x| self.value(x, row, &known)))
            }
        };
        if level.is_some_and(f64::is_nan) {
            self.out.refused.push((row, s, Refusal::NoPrice));
            return;
        }
        let decided = Decided { side, signal_row: row, id: self.n_ids };
        self.n_ids += 1;
        self.decided = Some(decided);
        let mut memory = self.memories(side);
        self.run_exits(side, row, &Outside { pos_side: s, ..Outside::NONE }, &mut memory);
        let strength = self.program.strength.map_or(f64::NAN, |x| self.value(x, row, &Outside::NONE));
        let entry = Entry { decided, size, strength, memory };
        match (self.program.order, level) {
            (EntryOrder::Limit { n_bars, .. }, Some(level)) => {
                self.rest = Some(Rest { entry, level, is_limit: true, last: row + n_bars as usize });
            }
            (EntryOrder::Stop { n_bars, .. }, Some(level)) => {
                self.rest = Some(Rest { entry, level, is_limit: false, last: row + n_bars as usize });
            }
            _ => self.orders.push(Order { due, what: What::Enter(entry) }),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Hit {
    price: f64,
    phase: u8,
    is_target: bool,
    reason: u16,
}

type Level = Option<(f64, u16)>;

/// The first fill along the points of a path.
fn walk(points: &[f64], s: f64, is_new: bool, stop: Level, target: Level, trail: Level, best: f64) -> Option<Hit> {
    let is_at_or_below = |x: f64, level: f64| s * x <= s * level;
    let (mut stop, mut target, mut best) = (stop, target, best);
    if is_new {
        // What lies at or beyond the entry already does not rest in its bar.
        stop = stop.filter(|(level, _)| !is_at_or_below(points[0], *level));
        target = target.filter(|(level, _)| is_at_or_below(points[0], *level) && points[0] != *level);
        best = points[0];
    }
    for (i, &x) in points.iter().enumerate() {
        let is_gap = i == 0;
        if is_gap && is_new {
            continue;
        }
        let phase = u8::from(!is_gap);
        if let Some((level, reason)) = target
            && is_at_or_below(level, x)
        {
            return Some(Hit { price: if is_gap { x } else { level }, phase, is_target: true, reason });
        }
        let trailing = trail.map(|(distance, reason)| (best - s * distance, reason));
        let nearest = match (stop, trailing) {
            (Some(a), Some(b)) if s * b.0 > s * a.0 => Some(b),
            (Some(a), _) => Some(a),
            (None, b) => b,
        };
        if let Some((level, reason)) = nearest
            && is_at_or_below(x, level)
        {
            return Some(Hit { price: if is_gap { x } else { level }, phase, is_target: false, reason });
        }
        best = if s > 0.0 { best.max(x) } else { best.min(x) };
    }
    None
}
