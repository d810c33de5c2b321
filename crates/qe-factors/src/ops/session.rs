//! The day of each row's session, counted in days: what changes where a session begins. It reads when rows opened, as bits.

use qe_core::calendar::Calendar;
use qe_core::time::TimeRange;

use crate::indicators::Indicator;
use crate::kernel::{Keep, Kernel, Step, Tape, boxed};

/// The day of each row's session.
#[derive(Debug, Clone)]
pub struct SessionDay {
    /// Whose sessions.
    pub calendar: Calendar,
}

impl Indicator for SessionDay {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State { calendar: self.calendar.clone(), known: TimeRange { start: 0, end: 0 }, day: f64::NAN })
    }
}

#[derive(Debug, Clone)]
struct State {
    calendar: Calendar,
    /// A stretch of time that belongs to `day`.
    known: TimeRange,
    day: f64,
}

impl Keep for State {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { calendar, known, day } = self;
        tape.same_as(&*calendar, "calendar");
        known.start.keep(tape);
        known.end.keep(tape);
        day.keep(tape);
    }
}

impl Step<1, 1> for State {
    fn step(&mut self, [open]: [f64; 1]) -> [f64; 1] {
        let at = open.to_bits() as i64;
        if !self.known.contains(at) {
            self.day = f64::from(self.calendar.day_of(at).days());
            // All of a session is of one day.
            self.known = match self.calendar.session_at(at) {
                Some(session) => session.range(),
                None => TimeRange { start: at, end: at },
            };
        }
        [self.day]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::time::Timestamp;

    #[test]
    fn it_changes_with_the_session() {
        let mut state =
            State { calendar: Calendar::us_equities(), known: TimeRange { start: 0, end: 0 }, day: f64::NAN };
        let mut day = |t: &str| state.step([f64::from_bits(Timestamp::parse(t).unwrap().nanos() as u64)])[0];
        let monday = day("2024-03-04T14:30:00Z");
        assert_eq!(day("2024-03-04T20:59:00Z"), monday);
        assert_eq!(day("2024-03-05T14:30:00Z"), monday + 1.0);
        // The clocks changed on the tenth.
        assert_eq!(day("2024-03-11T13:30:00Z"), monday + 7.0);
    }
}
