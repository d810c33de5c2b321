//! Which groups of a sweep run one plan, and that plan while they do.
//!
//! Markets of one schema, with as many bars a year, come to the same plan at the same points. Groups that share one stand
//! beside each other, so that a thread has few plans at a time: the first makes it, the last drops it.

use std::sync::{Arc, Mutex, PoisonError};

use qe_core::point::{PointColumn, PointTable};

use crate::error::Result;
use crate::market::Market;

/// Points of one market that go through the engine together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a> {
    /// The market's place.
    pub(crate) market: usize,
    /// The rows of the table of points.
    pub(crate) rows: &'a [usize],
    /// Which plan it runs.
    pub(crate) unit: usize,
}

/// The groups of each market, at most so many points each, those of one plan beside each other; and how many run each plan.
/// `own` are the places of the parameters that a plan depends on.
pub(crate) fn groups<'a>(
    points: &PointTable,
    own: &[usize],
    markets: &[Arc<Market>],
    of_market: &'a [Vec<usize>],
    size: usize,
) -> (Vec<Group<'a>>, Vec<usize>) {
    let columns: Vec<&PointColumn> =
        own.iter().filter_map(|i| points.params().get(*i)).filter_map(|p| points.column(&p.name).ok()).collect();
    let schemas: Vec<_> = markets.iter().map(|m| m.schema()).collect();
    let is_alike = |a: usize, b: usize| {
        markets[a].steps_per_year() == markets[b].steps_per_year() && schemas[a].is_like(&schemas[b])
    };
    let agree = |a: &[usize], b: &[usize]| {
        a.len() == b.len() && columns.iter().all(|c| a.iter().zip(b).all(|(a, b)| key(c, *a) == key(c, *b)))
    };
    let mut groups: Vec<Group<'a>> = Vec::new();
    let (mut n_of_unit, mut first_of_unit): (Vec<usize>, Vec<(usize, Group<'a>)>) = (Vec::new(), Vec::new());
    for (market, rows) in of_market.iter().enumerate() {
        for (place, rows) in rows.chunks(size).enumerate() {
            let is_shared = |(at, first): &(usize, Group<'a>)| {
                *at == place && is_alike(first.market, market) && agree(first.rows, rows)
            };
            let unit = first_of_unit.iter().position(is_shared).unwrap_or(first_of_unit.len());
            let group = Group { market, rows, unit };
            if unit == first_of_unit.len() {
                first_of_unit.push((place, group));
                n_of_unit.push(0);
            }
            n_of_unit[unit] += 1;
            groups.push(group);
        }
    }
    groups.sort_by_key(|group| group.unit);
    (groups, n_of_unit)
}

/// A value as bits that differ where values do; numbers of one sign are in their order.
pub(crate) fn key(column: &PointColumn, row: usize) -> u64 {
    match column {
        PointColumn::Bool(x) => u64::from(x[row]),
        PointColumn::Int(x) => x[row].wrapping_sub(i64::MIN) as u64,
        PointColumn::Float(x) => x[row].to_bits(),
        PointColumn::Choice(x) => u64::from(x[row]),
    }
}

/// Something that so many ask for: made for the first, dropped with the last. Who asks while it is made waits.
#[derive(Debug)]
pub(crate) struct Shared<T>(Mutex<(usize, Option<Arc<T>>)>);

impl<T> Shared<T> {
    /// So many will ask.
    pub(crate) fn new(n: usize) -> Self {
        Self(Mutex::new((n, None)))
    }

    /// It, made if it is not there.
    ///
    /// # Errors
    /// As its maker; a failure is not kept.
    pub(crate) fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, known) = &mut *state;
        *left = left.saturating_sub(1);
        let made = match known.take() {
            Some(known) => known,
            None => Arc::new(make()?),
        };
        if *left > 0 {
            *known = Some(Arc::clone(&made));
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_made_once_and_dropped_with_the_last() {
        let shared = Shared::new(3);
        let mut n_made = 0;
        let mut ask = || {
            shared.get(|| {
                n_made += 1;
                Ok(7)
            })
        };
        let (a, b) = (ask().unwrap(), ask().unwrap());
        assert_eq!((Arc::strong_count(&a), *b), (3, 7));
        drop((a, b));
        let last = ask().unwrap();
        assert_eq!((Arc::strong_count(&last), n_made), (1, 1));
    }
}
