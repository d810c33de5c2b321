//! The account of one symbol, row after row.

use std::collections::VecDeque;

use super::Vectorized;
use crate::deal::{self, Gap, turned};
use crate::fills::{At, Holding};
use crate::metrics::{Performance, StepMoments, TradeFacts};
use crate::outcome::daily_returns;

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Row {
    /// The weight that was given; NaN is no opinion.
    pub signal: f64,
    /// The weight that was held through the bar, from its open on where that is where fills are.
    pub position: f64,
    /// The return of the close over the one before.
    pub asset_return: f64,
    /// What worth would have done without the costs of this bar.
    pub gross_return: f64,
    /// What was paid, as a fraction of worth before.
    pub cost: f64,
    /// What worth did.
    pub net_return: f64,
    /// Worth at the close.
    pub equity: f64,
    /// Units held after the close.
    pub units: f64,
    /// Money that is not invested.
    pub cash: f64,
    /// What was traded in the bar, over worth.
    pub turnover: f64,
    /// How far worth is below its highest, as a fraction.
    pub drawdown: f64,
}

/// The account of one symbol. Rows are taken in order of time.
#[derive(Debug, Clone)]
pub struct Track {
    rule: Vectorized,
    /// Half the spread and the slippage, and what a unit of money costs to trade.
    half: f64,
    fee: f64,
    each: f64,
    row: usize,
    cash: f64,
    units: f64,
    /// The weight that is held, and the one that was decided last.
    weight: f64,
    decided: f64,
    /// Changes on their way: due in a row, a weight.
    orders: VecDeque<(usize, f64)>,
    mark: f64,
    has_close: bool,
    equity: f64,
    peak: f64,
    trough: f64,
    max_drawdown: f64,
    /// What is weighed at this row's price has its weight.
    is_weighed: bool,
    paid: f64,
    traded: f64,
    trip: Trip,
    scored: Scored,
    sums: [[f64; 8]; 2],
}

/// An open round trip.
#[derive(Debug, Clone, Copy, Default)]
struct Trip {
    row: usize,
    side: f64,
    /// Units times price, on the way in and on the way out.
    entered: f64,
    left: f64,
    fees: f64,
}

/// What is left of all rows: enough for every metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// How many rows.
    pub n_rows: u64,
    /// Worth at the end of each day.
    pub days: Vec<f64>,
    /// Returns from close to close.
    pub steps: StepMoments,
    /// The deepest fall at closes.
    pub max_drawdown: f64,
    /// Closed round trips.
    pub trades: Vec<TradeFacts>,
    /// What was traded, over worth.
    pub turnover: f64,
    /// What was paid.
    pub cost: f64,
    /// Days on which something was held.
    pub n_days_in_market: u64,
    /// Closes that were missing.
    pub n_nans: u64,
    /// Worth at the end.
    pub equity: f64,
    /// Whether all was lost.
    pub is_ruined: bool,
    /// The day of the last row, and whether something was held on it.
    day: Option<(i32, bool)>,
}

impl Track {
    /// An account that has seen no row. The rule is taken as it is: [`Vectorized::check`] says whether it can be used.
    pub fn new(rule: &Vectorized) -> Self {
        let (half, fee) = (rule.costs.half_cost(1.0), rule.costs.taker_fee_bps * 1e-4);
        Self {
            half,
            fee,
            each: half + fee,
            row: 0,
            cash: rule.capital,
            units: 0.0,
            weight: 0.0,
            decided: 0.0,
            orders: VecDeque::new(),
            mark: 1.0,
            has_close: false,
            equity: rule.capital,
            peak: rule.capital,
            trough: rule.capital,
            max_drawdown: 0.0,
            is_weighed: false,
            paid: 0.0,
            traded: 0.0,
            trip: Trip::default(),
            scored: Scored::default(),
            sums: [[0.0; 8]; 2],
            rule: rule.clone(),
        }
    }

    /// Takes a row: the number of its day, its open (not looked at where fills are at closes), its close, and the weight
    /// that is to be held from the fill of this row's decision on.
    #[inline]
    pub fn take(&mut self, day: i32, open: f64, close: f64, signal: f64) -> Row {
        let (before, mark_before) = (self.equity, self.mark);
        let is_first = self.row == 0;
        let was_held = self.units != 0.0;
        (self.paid, self.traded) = (0.0, 0.0);
        let mut position = self.held_weight();
        let mut held = was_held;
        if !self.scored.is_ruined {
            let at = self.rule.fill.at;
            let restores = self.rule.holding != Holding::Units;
            self.is_weighed = false;
            if at == At::Open {
                self.fill_due(open);
            }
            if restores {
                self.restore(open, at == At::Open);
            }
            if at == At::Open {
                position = self.held_weight();
            }
            held |= self.units != 0.0;
            self.is_weighed = false;
            if at == At::Close {
                self.fill_due(close);
            }
            if restores {
                self.restore(close, at == At::Close);
            }
            self.decide(signal);
            if at == At::Close && self.rule.fill.delay == 0 {
                self.fill_due(close);
            }
            held |= self.units != 0.0;
        }
        self.mark(open, close);
        let net_return = if before > 0.0 { self.equity / before - 1.0 } else { 0.0 };
        self.sums[0][self.row % 8] += net_return;
        self.sums[1][self.row % 8] += net_return * net_return;
        self.see_day(day, held);
        self.row += 1;
        let cost = if before > 0.0 { self.paid / before } else { 0.0 };
        Row {
            signal,
            position,
            asset_return: if is_first { 0.0 } else { self.mark / mark_before - 1.0 },
            gross_return: net_return + cost,
            cost,
            net_return,
            equity: self.equity,
            units: self.units,
            cash: self.cash,
            turnover: self.traded,
            drawdown: (self.peak - self.equity) / self.peak,
        }
    }

    /// A row that is not scored: what it closed at is known.
    pub fn pass(&mut self, close: f64) {
        if !close.is_nan() {
            (self.mark, self.has_close) = (close, true);
        }
    }

    #[inline]
    fn held_weight(&self) -> f64 {
        if self.units == 0.0 { 0.0 } else { self.weight }
    }

    #[inline]
    fn fill_due(&mut self, price: f64) {
        while let Some(&(due, weight)) = self.orders.front() {
            if due > self.row {
                return;
            }
            if price.is_nan() {
                // It waits for a bar that has a price, and what follows it waits too.
                self.orders.iter_mut().for_each(|(due, _)| *due = (*due).max(self.row + 1));
                return;
            }
            self.orders.pop_front();
            self.weight = weight;
            self.rebalance(price, weight, false);
        }
    }

    #[inline]
    fn restore(&mut self, price: f64, is_fill_price: bool) {
        let is_free = self.rule.holding == Holding::WeightsFree;
        if self.units == 0.0 || self.is_weighed || (!is_free && !is_fill_price) || price.is_nan() {
            return;
        }
        self.rebalance(price, self.weight, is_free);
    }

    #[inline]
    fn rebalance(&mut self, price: f64, weight: f64, is_free: bool) {
        self.is_weighed = true;
        if weight * self.units < 0.0 {
            self.trade_to(price, 0.0, is_free);
        }
        self.trade_to(price, weight, is_free);
    }

    /// Trades to a weight, as docs/simulation.md has it under "Holding".
    #[inline]
    fn trade_to(&mut self, raw: f64, weight: f64, is_free: bool) {
        let equity = self.worth(raw);
        let (half, fee, each) = if is_free { (0.0, 0.0, 0.0) } else { (self.half, self.fee, self.each) };
        let Some(gap) = deal::gap_at(raw, each, self.units, weight, equity) else { return };
        let Gap { units, sign, is_none } = gap;
        let price = raw * (1.0 + sign * half);
        let fee = fee * (units * price).abs();
        if self.units == 0.0 {
            self.trip = Trip { row: self.row, side: units.signum(), ..Trip::default() };
        }
        let trip = &mut self.trip;
        *(if units * trip.side > 0.0 { &mut trip.entered } else { &mut trip.left }) += units.abs() * price;
        trip.fees += fee;
        self.cash -= units * price + fee;
        self.units = if is_none { 0.0 } else { self.units + units };
        if !is_free {
            let turnover = turned(units.abs() * raw, equity);
            let cost = (price - raw).abs() * units.abs() + fee;
            self.traded += turnover;
            self.paid += cost;
            self.scored.turnover += turnover;
            self.scored.cost += cost;
        }
        if self.units == 0.0 {
            self.end_trip(0.0);
        }
    }

    fn end_trip(&mut self, owed: f64) {
        let Trip { row, side, entered, left, fees } = self.trip;
        let pnl = side * (left - entered) - fees + owed;
        let n_bars = (self.row - row) as u64;
        self.scored.trades.push(TradeFacts { pnl, return_frac: pnl / entered, n_bars });
    }

    #[inline]
    fn decide(&mut self, signal: f64) {
        // A missing weight is no opinion.
        if signal.is_nan() {
            return;
        }
        let weight = signal.clamp(-self.rule.leverage, self.rule.leverage);
        if signal != self.decided {
            self.decided = signal;
            self.orders.push_back((self.row + self.rule.fill.delay as usize, weight));
        }
    }

    #[inline]
    fn worth(&self, price: f64) -> f64 {
        if self.units == 0.0 { self.cash } else { self.cash + self.units * price }
    }

    #[inline]
    fn mark(&mut self, open: f64, close: f64) {
        if !close.is_nan() {
            (self.mark, self.has_close) = (close, true);
        } else {
            self.scored.n_nans += 1;
            if !self.has_close && !open.is_nan() {
                self.mark = open;
            }
        }
        if self.scored.is_ruined {
            return;
        }
        let worth = self.worth(self.mark);
        self.equity = worth.max(0.0);
        if self.equity > self.peak {
            (self.peak, self.trough) = (self.equity, self.equity);
        } else if self.equity < self.trough {
            self.trough = self.equity;
            let fall = (self.peak - self.trough) / self.peak;
            self.max_drawdown = if fall > self.max_drawdown { fall } else { self.max_drawdown };
        }
        if worth <= 0.0 {
            self.ruin(-worth);
        }
    }

    /// Worth at or below nothing at a close ends all trading. What is owed beyond is written off.
    #[cold]
    fn ruin(&mut self, owed: f64) {
        self.scored.is_ruined = true;
        if self.units != 0.0 {
            self.trip.left += self.units.abs() * self.mark;
            self.end_trip(owed);
        }
        (self.cash, self.units) = (0.0, 0.0);
        self.orders.clear();
    }

    #[inline]
    fn see_day(&mut self, day: i32, held: bool) {
        match &mut self.scored.day {
            Some((last, is_counted)) if *last == day => {
                if let Some(end) = self.scored.days.last_mut() {
                    *end = self.equity;
                }
                self.scored.n_days_in_market += u64::from(held && !*is_counted);
                *is_counted |= held;
            }
            last => {
                *last = Some((day, held));
                self.scored.days.push(self.equity);
                self.scored.n_days_in_market += u64::from(held);
            }
        }
    }

    /// What all rows came to. A position that is open stays open, at its last mark.
    pub fn finish(mut self) -> Scored {
        let fold = |s: [f64; 8]| ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        let n_rows = self.row as u64;
        self.scored.n_rows = n_rows;
        self.scored.steps = StepMoments { n: n_rows, sum: fold(self.sums[0]), sum_sq: fold(self.sums[1]) };
        self.scored.max_drawdown = self.max_drawdown;
        self.scored.equity = self.equity;
        self.scored
    }
}

impl Scored {
    /// Daily returns, the first against the capital.
    pub fn daily(&self, capital: f64) -> Vec<f64> {
        let mut daily = Vec::with_capacity(self.days.len());
        daily_returns(capital, &self.days, &mut daily);
        daily
    }

    /// What metrics are computed from.
    pub fn performance<'a>(&'a self, daily: &'a [f64], capital: f64, years: [f64; 2]) -> Performance<'a> {
        let [steps_per_year, days_per_year] = years;
        Performance {
            daily,
            days_per_year,
            steps: self.steps,
            steps_per_year,
            trades: &self.trades,
            turnover_sum: self.turnover,
            cost_sum: self.cost,
            start_equity: capital,
            n_days_in_market: self.n_days_in_market,
            n_nans: self.n_nans,
            total_return: Some(self.equity / capital - 1.0),
            sums: None,
            benchmark: None,
        }
    }
}
