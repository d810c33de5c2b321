//! The broker's way from instant to instant.
//!
//! Markets whose bars are of one axis go together: at each instant it is known by one comparison whether they have a bar.

use qe_data::events::{Event, Events};

use super::desk::Desk;
use super::floor::{Floor, Notice};
use super::order::TimeInForce;
use super::report::{BrokerReport, OrderRecord, OrderState};
use super::seen::{Hall, Seen};
use super::strategy::BarStrategy;
use crate::error::Result;
use crate::fills::At;
use crate::ledger::Refusal;
use crate::market::Market;

/// Markets of one axis.
struct Together<'a> {
    markets: Vec<u32>,
    /// When their bars open, and are complete.
    opens: &'a [i64],
    known: &'a [i64],
    /// When their next bar opens, or is complete.
    next: i64,
    /// Which row.
    row: usize,
    is_open: bool,
}

impl<'a> Floor<'a> {
    /// Tells the strategy what became of its orders.
    #[inline]
    pub(super) fn tell<S: BarStrategy>(&mut self, strategy: &mut S) {
        while let Some(notice) = self.notices.pop_front() {
            if self.out.ruin.is_some() {
                continue;
            }
            match notice {
                Notice::Fill(fill) => strategy.on_fill(&fill, &mut Desk { floor: self }),
                Notice::Order(update) => strategy.on_order(&update, &mut Desk { floor: self }),
            }
        }
    }

    /// Goes from the first instant to the last.
    ///
    /// # Errors
    /// What the strategy says that it cannot go on for.
    pub(super) fn go<S: BarStrategy>(
        &mut self,
        markets: &'a [Market],
        events: &Events,
        strategy: &mut S,
    ) -> Result<()> {
        let hall = Hall::new(markets);
        let mut groups = together(markets);
        let mut known = vec![0; markets.len()];
        let mut fresh: Vec<u32> = Vec::with_capacity(markets.len());
        let mut opening: Vec<u32> = Vec::with_capacity(markets.len());
        let begin = groups.iter().map(|g| g.next).min().unwrap_or(i64::MAX);
        let mut events = events.iter().skip_while(|e| e.at.nanos() < begin).peekable();
        self.now = begin;
        strategy.on_start(&mut Desk { floor: self });
        self.tell(strategy);
        let one = groups.len() == 1;
        // There are as many instants as bars, at least.
        let n_instants = groups.iter().map(|g| g.opens.len()).max().unwrap_or(0);
        self.out.times.reserve(n_instants);
        self.out.worth.reserve(n_instants);
        self.out.cash.reserve(n_instants);
        loop {
            let now = groups.iter().map(|g| g.next).min().unwrap_or(i64::MAX);
            if now == i64::MAX {
                break;
            }
            (self.now, self.n_placed) = (now, 0);
            fresh.clear();
            for group in groups.iter_mut().filter(|g| g.next == now && g.is_open) {
                fresh.extend(&group.markets);
                group.close();
            }
            if !one {
                fresh.sort_unstable();
            }
            if !fresh.is_empty() {
                self.complete(&fresh, strategy);
                fresh.iter().for_each(|m| known[*m as usize] += 1);
            }
            if events.peek().is_some_and(|e| e.at.nanos() <= now) {
                self.tell_events(&mut events, now, strategy);
            }
            if !fresh.is_empty() {
                let seen = Seen { hall: &hall, now, known: &known, fresh: &fresh };
                strategy.on_bars(&seen, &mut Desk { floor: self });
                self.tell(strategy);
                // What is placed at such a fill may be for this close too.
                while self.fill_due(At::Close, |floor, m| floor.row_complete(m, &fresh), strategy) {}
                if !self.mark_all() {
                    break;
                }
                self.tell(strategy);
            }
            opening.clear();
            for group in groups.iter_mut().filter(|g| g.next == now && !g.is_open) {
                opening.extend(&group.markets);
                group.open();
            }
            if !one {
                opening.sort_unstable();
            }
            if !opening.is_empty() {
                strategy.on_open(&opening, &mut Desk { floor: self });
                self.tell(strategy);
                self.open(&opening, strategy);
            }
            if let Some(fault) = strategy.fault() {
                return Err(fault);
            }
        }
        // After ruin there is nothing: but the instants at which bars were complete are told.
        if self.out.ruin.is_some() {
            self.tell(strategy);
            loop {
                let now = groups.iter().map(|g| g.next).min().unwrap_or(i64::MAX);
                if now == i64::MAX {
                    break;
                }
                let mut has_bar = false;
                for group in groups.iter_mut().filter(|g| g.next == now) {
                    has_bar |= group.is_open;
                    if group.is_open {
                        group.close();
                    } else {
                        group.open();
                    }
                }
                if has_bar && self.out.times.last() != Some(&now) {
                    self.out.times.push(now);
                    self.out.worth.push(0.0);
                    self.out.cash.push(0.0);
                }
            }
        }
        strategy.on_end(&mut Desk { floor: self });
        strategy.fault().map_or(Ok(()), Err)
    }

    /// The row of a market that became complete at this instant.
    fn row_complete(&self, market: usize, fresh: &[u32]) -> Option<usize> {
        let is_fresh = fresh.len() == self.pits.len() || fresh.binary_search(&(market as u32)).is_ok();
        if is_fresh { self.pits[market].next.checked_sub(1) } else { None }
    }

    /// Bars are complete: paths, closes, ends of sessions.
    #[inline]
    fn complete<S: BarStrategy>(&mut self, fresh: &[u32], strategy: &mut S) {
        for &m in fresh {
            let m = m as usize;
            if !self.pits[m].resting.is_empty() {
                self.follow_row(m, strategy);
                let row = self.pits[m].next;
                self.expire(m, row);
                self.tell(strategy);
            }
        }
        for &m in fresh {
            let pit = &mut self.pits[m as usize];
            let mark = pit.marks[pit.next];
            pit.set_price(if pit.has_marks { pit.market.closes_filled()[pit.next] } else { mark });
            pit.set_mark(mark);
        }
        let row_of = |floor: &Self, m: usize| {
            let is_fresh = fresh.len() == floor.pits.len() || fresh.binary_search(&(m as u32)).is_ok();
            is_fresh.then(|| floor.pits[m].next)
        };
        if self.spec.flat_at_session_end {
            for &m in fresh {
                self.close_late(m as usize, At::Close);
                self.tell(strategy);
            }
        }
        self.fill_due(At::Close, row_of, strategy);
        if self.spec.flat_at_session_end {
            for &m in fresh {
                self.end_session(m as usize);
                self.tell(strategy);
            }
        }
        for &m in fresh {
            let pit = &mut self.pits[m as usize];
            pit.next += 1;
            pit.is_open = false;
        }
    }

    /// Bars open: payments, opens, what is due, what rests.
    #[inline]
    fn open<S: BarStrategy>(&mut self, opening: &[u32], strategy: &mut S) {
        if self.spec.costs.has_carry() && !self.held.is_empty() {
            for &m in opening {
                let row = self.pits[m as usize].next;
                self.pay_carry(m as usize, row);
            }
        }
        for &m in opening {
            let pit = &mut self.pits[m as usize];
            let open = pit.prices[0][pit.next];
            if !open.is_nan() {
                pit.set_price(open);
            }
            (pit.is_open, pit.traded) = (true, 0.0);
            if pit.mark.is_nan() {
                pit.set_mark(pit.price);
            }
        }
        if self.spec.flat_at_session_end {
            for &m in opening {
                self.miss_session(m as usize);
                self.close_late(m as usize, At::Open);
                self.tell(strategy);
            }
        }
        if !self.queue.is_empty() {
            let row_of = |floor: &Self, m: usize| {
                let is_opening = opening.len() == floor.pits.len() || opening.binary_search(&(m as u32)).is_ok();
                is_opening.then(|| floor.pits[m].next)
            };
            self.fill_due(At::Open, row_of, strategy);
        }
        for &m in opening {
            let pit = &mut self.pits[m as usize];
            pit.is_flat_start = pit.units == 0.0;
            if !pit.resting.is_empty() {
                self.meet_open(m as usize, strategy);
                self.end_first_price(m as usize);
                self.tell(strategy);
            }
        }
    }

    /// Orders that are there for one price, or up to this instant, and were not met by it, are over.
    fn end_first_price(&mut self, market: usize) {
        let row = self.pits[market].next as i64;
        let mut i = 0;
        while let Some(&at) = self.pits[market].resting.get(i) {
            let slot = &self.slots[at as usize];
            if slot.order.tif.is_at_first() && slot.base < row {
                self.end(at, OrderState::Cancelled, Some(Refusal::NotFilled));
            } else if matches!(slot.order.tif, TimeInForce::Gtd(until) if until <= self.now) {
                self.end(at, OrderState::Expired, Some(Refusal::Expired));
            } else {
                i += 1;
            }
        }
    }

    #[cold]
    fn tell_events<'e, S: BarStrategy>(
        &mut self,
        events: &mut std::iter::Peekable<impl Iterator<Item = &'e Event>>,
        now: i64,
        strategy: &mut S,
    ) {
        while let Some(event) = events.next_if(|e| e.at.nanos() <= now) {
            if event.has_happened(now) {
                strategy.on_event(event, &mut Desk { floor: self });
                self.tell(strategy);
            }
        }
    }

    /// The report.
    pub(super) fn finish(mut self) -> BrokerReport {
        let orders = self.slots.iter().enumerate().map(|(at, slot)| OrderRecord {
            id: super::floor::id_of(at as u32),
            order: slot.order,
            placed_at: slot.placed_at,
            placed_row: u32::try_from(slot.base).ok(),
            state: slot.state,
            ended_at: (!slot.state.is_alive()).then_some(slot.ended_at),
            // What was filled in the end has waited for it, as its lines tell.
            why: slot.why.or(slot.waits.filter(|_| slot.state != OrderState::Filled)),
            filled: slot.filled,
            average_price: (slot.filled != 0.0).then(|| slot.money / slot.filled.abs()),
        });
        self.out.orders = orders.collect();
        self.out.n_rows = self.pits.iter().map(|pit| pit.next).collect();
        self.out
    }
}

/// Markets of one axis, in the order of the markets.
fn together(markets: &[Market]) -> Vec<Together<'_>> {
    let mut groups: Vec<Together<'_>> = Vec::new();
    for (m, market) in markets.iter().enumerate() {
        let axis = market.columns().axis();
        let is_alike = |group: &&mut Together<'_>| {
            let other = markets[group.markets[0] as usize].columns().axis();
            let is_same = axis.shared_open().is_same(other.shared_open())
                && axis.shared_available().is_same(other.shared_available());
            is_same || axis == other
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.markets.push(m as u32),
            None => {
                let (opens, known) = (axis.open(), axis.available());
                let (markets, next) = (vec![m as u32], opens[0]);
                groups.push(Together { markets, opens, known, next, row: 0, is_open: false });
            }
        }
    }
    groups
}

impl Together<'_> {
    /// Their bar is open: the next instant is when it is complete.
    #[inline]
    fn open(&mut self) {
        self.is_open = true;
        self.next = self.known[self.row].max(self.next);
    }

    /// Their bar is complete: the next instant is when the one after it opens.
    #[inline]
    fn close(&mut self) {
        self.is_open = false;
        self.row += 1;
        self.next = self.opens.get(self.row).map_or(i64::MAX, |open| (*open).max(self.next));
    }
}
