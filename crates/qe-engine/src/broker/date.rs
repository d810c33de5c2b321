//! When an order is due, from when on it is there, and how long.

use super::floor::{Floor, NONE};
use super::order::{OrderKind, TimeInForce};
use crate::fills::{At, Count, FillTiming};
use crate::market::Market;

impl Floor<'_> {
    /// Says from when on, and how long, an order is there.
    pub(super) fn date(&mut self, at: u32) {
        let slot = &self.slots[at as usize];
        let (order, market) = (slot.order, slot.order.market as usize);
        let pit = &self.pits[market];
        // Of a row that is running, only what comes after it was opened is still to come.
        let base = if pit.is_open { pit.next as i64 } else { pit.next as i64 - 1 };
        let is_within = pit.is_open && (self.walking == Some(market) || self.now == pit.opens[pit.next]);
        let since = if is_within { pit.price } else { f64::NAN };
        let (day, ends) = (pit.market.day(), pit.market.day_end());
        let next_row = (base + 1) as usize;
        // The last row of the session that is running by the calendar, or of the next after that is over.
        let today = usize::try_from(base).ok().and_then(|base| day.get(base));
        let is_running = today.is_some_and(|today| pit.is_open || !pit.is_session_over(*today, base as u32));
        let session_end = match (is_running, today, day.get(next_row)) {
            (true, Some(today), _) => ends[*today as usize],
            (_, _, Some(next)) => ends[*next as usize],
            _ => NONE,
        };
        let (due, price) = match (order.tif, order.kind) {
            (TimeInForce::AtOpen, _) => {
                let due = if base < 0 { 0 } else { ends[day[base as usize] as usize] + 1 };
                (due, At::Open)
            }
            // The close with which the session is over by the calendar: that no bar follows is not known.
            (TimeInForce::AtClose, _) => {
                let today = day.get(session_end as usize).map(|today| *today as usize);
                (today.and_then(|today| pit.market.day_close().get(today).copied()).unwrap_or(NONE), At::Close)
            }
            (_, OrderKind::Market { timing }) => {
                let timing = timing.unwrap_or(self.spec.fill);
                (due(timing, base, pit.market), timing.at)
            }
            _ => (next_row as u32, At::Open),
        };
        let until = match order.tif {
            TimeInForce::Gtc | TimeInForce::Gtd(_) => NONE,
            TimeInForce::Bars(n) => u32::try_from(base + i64::from(n)).unwrap_or(NONE),
            TimeInForce::Day => session_end,
            TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::AtOpen | TimeInForce::AtClose => due,
        };
        let best = match order.kind {
            OrderKind::Trail { best: Some(best), .. } => best,
            OrderKind::Trail { .. } => pit.price,
            _ => f64::NAN,
        };
        let slot = &mut self.slots[at as usize];
        (slot.base, slot.since, slot.due, slot.at, slot.until) = (base, since, due, price, until);
        slot.best = [best; 2];
    }

    /// Puts an order where it waits.
    pub(super) fn rest(&mut self, at: u32) {
        let slot = &self.slots[at as usize];
        let is_due = matches!(slot.order.kind, OrderKind::Market { .. })
            || matches!(slot.order.tif, TimeInForce::AtOpen | TimeInForce::AtClose);
        if is_due {
            self.queue.push(at);
        } else {
            let market = slot.order.market as usize;
            self.pits[market].resting.push(at);
        }
    }
}

/// The row in which what is decided after a row is due.
fn due(timing: FillTiming, base: i64, market: &Market) -> u32 {
    let row = match usize::try_from(base) {
        Ok(row) => timing.due(row, market.day(), market.day_end(), market.day_close()),
        // Before the first row no session has begun: the first is the next.
        Err(_) => match (timing.count, timing.at, timing.delay as usize) {
            (Count::Bars, _, delay) => delay.saturating_sub(1),
            (Count::Sessions, _, 0) | (Count::Sessions, At::Open, 1) => 0,
            (Count::Sessions, at, delay) => {
                let on = match at {
                    At::Open => market.day_end().get(delay - 2).map(|end| end + 1),
                    At::Close => market.day_close().get(delay - 1).copied(),
                };
                on.map_or(usize::MAX, |row| row as usize)
            }
        },
    };
    u32::try_from(row).unwrap_or(NONE)
}
