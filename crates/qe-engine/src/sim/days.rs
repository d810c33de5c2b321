//! Worth at the ends of days, of a position that is held over some of them or of cash alone.
//!
//! Round trips last for few days, and for another number each: so eight days are written at a time without asking how many
//! there are, and what is written beyond is written anew by what comes after.

use std::ops::Range;

/// How many numbers there must be behind the days that are wanted.
pub(crate) const ROOM: usize = 8;

/// Writes what cash and units are worth at the marks of some days, and anything to at most [`ROOM`] that follow them.
#[inline(always)]
pub(super) fn write_held(out: &mut [f64], marks: &[f64], days: Range<usize>, cash: f64, units: f64) {
    let mut at = days.start;
    loop {
        for (out, mark) in out[at..at + ROOM].iter_mut().zip(&marks[at..at + ROOM]) {
            *out = cash + units * mark;
        }
        at += ROOM;
        if at >= days.end {
            return;
        }
    }
}

/// As [`write_held`], of cash alone.
#[inline(always)]
pub(super) fn write_flat(out: &mut [f64], days: Range<usize>, cash: f64) {
    let mut at = days.start;
    loop {
        out[at..at + ROOM].fill(cash);
        at += ROOM;
        if at >= days.end {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_order_stand_whatever_was_written_beyond() {
        let marks: Vec<f64> = (0..40 + ROOM).map(|i| i as f64).collect();
        let mut out = vec![f64::NAN; marks.len()];
        write_flat(&mut out, 0..3, 7.0);
        write_held(&mut out, &marks, 3..3, 1.0, 2.0);
        write_flat(&mut out, 3..4, 6.0);
        write_held(&mut out, &marks, 4..23, 1.0, 2.0);
        write_flat(&mut out, 23..40, 5.0);
        let want = |day: usize| match day {
            0..3 => 7.0,
            3 => 6.0,
            4..23 => 1.0 + 2.0 * day as f64,
            _ => 5.0,
        };
        assert!((0..40).all(|day| out[day] == want(day)), "{out:?}");
    }
}
