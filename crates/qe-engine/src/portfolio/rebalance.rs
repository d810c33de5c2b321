//! Bringing shares back to their weights.
//!
//! Money moves between purses at once, and costs nothing. A position grows or shrinks by the factor by which its sleeve does,
//! by an order at the market: so a sleeve is after it what it was before, only larger or smaller.

use qe_core::calendar::{Calendar, SessionCursor};
use qe_core::time::Date;
use serde::Serialize;

use super::run::Manager;
use super::spec::{Every, Which};
use crate::broker::{Desk, Order, Quantity, Seen, Side};
use crate::ledger::{Cause, Refusal};

/// A look at shares, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rebalanced {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// Worth.
    pub worth: f64,
    /// The largest difference between a share and its weight.
    pub drift: f64,
    /// How many sleeves were given money, or had some taken.
    pub n_moved: usize,
    /// How many orders were placed.
    pub n_orders: usize,
    /// Money that sleeves were not given of what they lack, since neither the reserve nor what others gave up reached; each of
    /// them has a record.
    pub short: f64,
}

/// Says when shares are looked at.
pub(super) struct Clock {
    every: Every,
    cursor: SessionCursor,
    last: Option<Date>,
    n_sessions: u32,
}

impl Clock {
    pub(super) fn new(every: Every, calendar: &Calendar) -> Self {
        Self { every, cursor: calendar.cursor(), last: None, n_sessions: 0 }
    }

    /// Whether bars that are complete at an instant are the first of a period. The first of all is of none: shares are as they
    /// are to be.
    fn is_due(&mut self, now: i64) -> bool {
        // What is complete at a session's close belongs to it.
        let date = self.cursor.day_of(now - 1);
        let Some(last) = self.last.replace(date) else { return false };
        if date == last {
            return false;
        }
        self.n_sessions += 1;
        // Weeks begin on Mondays; day 0 was a Thursday.
        let week = |d: Date| (d.days() + 3).div_euclid(7);
        let month = |d: Date| d.year() * 12 + d.month() as i32 - 1;
        match self.every {
            Every::Never => false,
            Every::Week => week(date) != week(last),
            Every::Month => month(date) != month(last),
            Every::Quarter => month(date).div_euclid(3) != month(last).div_euclid(3),
            Every::Year => date.year() != last.year(),
            Every::Sessions(n) => self.n_sessions.is_multiple_of(n),
        }
    }
}

impl Manager<'_> {
    /// Looks at shares, if it is time to, and brings them back.
    pub(super) fn look(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        let now = seen.now();
        if now <= self.begin || self.spec.rebalance.every == Every::Never || !self.clock.is_due(now) {
            return;
        }
        let worth = desk.equity();
        let stakes: Vec<f64> = (0..self.sleeves.len()).map(|m| desk.stake(m)).collect();
        let drift = |m: usize| (stakes[m] / worth - self.sleeves[m].weight).abs();
        // What has lost all of it stays out.
        let alive: Vec<usize> = (0..stakes.len()).filter(|m| stakes[*m] > 0.0).collect();
        let largest = alive.iter().map(|m| drift(*m)).fold(0.0, f64::max);
        let band = self.spec.rebalance.drift_band;
        let is_beyond = worth > 0.0 && largest > band;
        let mut factors = vec![1.0; stakes.len()];
        let (mut n_moved, mut short) = (0, 0.0);
        if is_beyond {
            let which = self.spec.rebalance.which;
            let to_move: Vec<usize> = match which {
                Which::All => alive,
                Which::Outside => alive.into_iter().filter(|m| drift(*m) > band).collect(),
            };
            let mut money: Vec<f64> = to_move.iter().map(|m| self.sleeves[*m].weight * worth - stakes[*m]).collect();
            let (given, taken) =
                money.iter().fold((0.0, 0.0), |(g, t), x| if *x > 0.0 { (g + x, t) } else { (g, t - x) });
            let there = taken + desk.reserve().max(0.0);
            if given > there {
                // What rounding alone leaves is not short.
                short = if given - there > 1e-9 * worth { given - there } else { 0.0 };
                for (m, money) in to_move.iter().zip(&mut money).filter(|(_, money)| **money > 0.0) {
                    *money *= there / given;
                    if short > 0.0 {
                        desk.note(*m, 1.0, Refusal::CappedByReserve);
                    }
                }
            }
            for (m, money) in to_move.into_iter().zip(money) {
                if money != 0.0 && desk.move_money(m, money) {
                    factors[m] = (stakes[m] + money) / stakes[m];
                    self.peaks[m] *= factors[m];
                    n_moved += 1;
                }
            }
        }
        let mut cut = vec![None; factors.len()];
        if self.spec.limits.enforced && worth > 0.0 {
            self.cut(worth, &mut factors, &mut cut, desk);
        }
        let mut n_orders = 0;
        for (m, (factor, cut)) in factors.into_iter().zip(cut).enumerate() {
            let units = desk.units(m);
            let is_scaled = factor != 1.0 && self.scale(m, factor, desk);
            n_orders += usize::from(is_scaled);
            if let Some(why) = cut.filter(|_| units != 0.0) {
                let is_left = factor != 1.0 && !is_scaled;
                desk.note(m, -units.signum(), if is_left { Refusal::OnTheWay } else { why });
            }
        }
        self.rebalanced.push(Rebalanced { time: now, worth, drift: largest, n_moved, n_orders, short });
    }

    /// Cuts what would be beyond a limit, and says by which.
    fn cut(&self, worth: f64, factors: &mut [f64], cut: &mut [Option<Refusal>], desk: &Desk<'_, '_>) {
        let value = |m: usize| desk.stake(m) - desk.purse(m).unwrap_or(0.0);
        let gross = |m: usize, factors: &[f64]| value(m).abs() * factors[m];
        if let Some(limit) = self.spec.limits.position_frac {
            for m in 0..factors.len() {
                let symbol = &self.sleeves[m].symbol;
                let of_symbol: Vec<usize> = (m..factors.len()).filter(|o| self.sleeves[*o].symbol == *symbol).collect();
                let is_first = !self.sleeves[..m].iter().any(|s| s.symbol == *symbol);
                let total: f64 = of_symbol.iter().map(|o| gross(*o, factors)).sum();
                if is_first && total > limit * worth {
                    for other in of_symbol {
                        factors[other] *= limit * worth / total;
                        cut[other] = Some(Refusal::CappedByLimit);
                    }
                }
            }
        }
        if let Some(limit) = self.spec.limits.gross_frac {
            let total: f64 = (0..factors.len()).map(|m| gross(m, factors)).sum();
            if total > limit * worth {
                factors.iter_mut().for_each(|f| *f *= limit * worth / total);
                cut.fill(Some(Refusal::CappedByGross));
            }
        }
    }

    /// Lets a position grow or shrink by a factor, if there is one that stays.
    fn scale(&mut self, market: usize, factor: f64, desk: &mut Desk<'_, '_>) -> bool {
        let units = desk.units(market);
        let change = units * (factor - 1.0);
        // What is on its way in or out is of the sleeve's new size already, or gone.
        if change == 0.0 || self.players[market].is_on_the_way(desk) {
            return false;
        }
        if let Some(order) = self.scaling[market].take() {
            desk.cancel(order);
        }
        let order = Order {
            reduce_only: factor < 1.0,
            cause: Cause::Weight,
            ..Order::market(market as u32, Side::of(change), Quantity::Units(change.abs()))
        };
        let timing = Some(self.players[market].timing());
        let order = order.of(crate::broker::OrderKind::Market { timing });
        self.scaling[market] = Some(desk.submit(order));
        true
    }
}
