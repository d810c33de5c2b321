//! The counts of sessions as columns of a feature table.
//!
//! Each row is asked at its availability, the instant at which a rule may use it. Between two instants at which
//! something changes (a row becomes known, is withdrawn, is released) the answer is one event, so a column costs a
//! look-up per change and a compare per row.

use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Column, Shared};

use super::{Event, EventKind, Events, distance};

impl Events {
    /// [`Events::sessions_until_next`] for each row of an axis; NaN where nothing is known to come.
    pub fn sessions_until_next_column(&self, kinds: &[EventKind], axis: &Axis, calendar: &Calendar) -> Column {
        let (mut here, mut there) = (calendar.cursor(), calendar.cursor());
        self.column(
            axis,
            |events, now| events.next_due(kinds, now),
            move |event, now| {
                let to = there.session_number(event.at.nanos())?;
                Some(to as f64 - here.session_number(now.saturating_sub(1))? as f64)
            },
        )
    }

    /// [`Events::sessions_since_last`] for each row of an axis; NaN where nothing is known to have happened.
    pub fn sessions_since_last_column(&self, kinds: &[EventKind], axis: &Axis, calendar: &Calendar) -> Column {
        let mut cursor = calendar.cursor();
        self.column(
            axis,
            |events, now| events.last_happened(kinds, now),
            move |event, now| distance(&mut cursor, event.at.nanos(), now.saturating_sub(1)).map(|n| n.max(0) as f64),
        )
    }

    /// Asks for an event at each change, and for a count at each row.
    fn column<'a>(
        &'a self,
        axis: &Axis,
        ask: impl Fn(&'a Self, i64) -> Option<&'a Event>,
        mut count: impl FnMut(&Event, i64) -> Option<f64>,
    ) -> Column {
        let mut changes: Vec<i64> = self
            .iter()
            .flat_map(|e| [Some(e.at), Some(e.known_at), e.withdrawn_at])
            .flatten()
            .map(|t| t.nanos())
            .collect();
        changes.sort_unstable();
        changes.dedup();
        let (mut next, mut current, mut asked) = (0, None, false);
        let values = axis.available().iter().map(|&now| {
            if !asked || changes.get(next).is_some_and(|t| *t <= now) {
                next += changes[next..].partition_point(|t| *t <= now);
                (current, asked) = (ask(self, now), true);
            }
            current.and_then(|event| count(event, now)).unwrap_or(f64::NAN)
        });
        values.collect::<Shared<f64>>().into()
    }
}
