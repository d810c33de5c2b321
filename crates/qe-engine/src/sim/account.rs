//! Cash and units, and what their worth did from close to close.
//!
//! Worth is `cash + units * close`: it is not carried along but computed, so a stretch without fills can be marked at once. The
//! highest worth, the deepest fall from it, and sums of returns are kept on the way. Two forms of the sums exist, and the
//! shape of the plan alone chooses: [`StepForm::Lanes`] adds each bar's return, by row number modulo eight; where all money is
//! in the position, [`StepForm::Prefix`] takes the market's own returns from a table.
//!
//! Ruin is absorbing: worth at or below zero at a close ends all trading, and what is owed beyond is written off and told.

use std::ops::Range;

use crate::sim::tables::{BLOCK, Tables};

/// How returns from close to close are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepForm {
    /// Each bar's own return, in eight sums by row number.
    Lanes,
    /// All money is in the position: the market's returns, from sums over blocks of 1,024 rows.
    Prefix,
}

/// The market and its tables, as an account reads them.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// Closes.
    pub(crate) marks: &'a [f64],
    /// The last row of each day.
    pub(crate) day_end: &'a [u32],
    /// The marks of those rows from the run's first day on, and [`ROOM`](super::days::ROOM) numbers more; empty where worth
    /// at the ends of days is not wanted.
    pub(crate) day_marks: &'a [f64],
    pub(crate) tables: &'a Tables,
}

/// Cash, units and what became of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) cash: f64,
    /// Of the price: units times the multiplier, where units are contracts.
    pub(crate) units: f64,
    /// Worth at the last mark.
    pub(crate) equity: f64,
    /// Rows below this are marked.
    pub(crate) marked: usize,
    /// Whether something was filled since the last mark.
    pub(super) fresh: bool,
    pub(super) form: StepForm,
    pub(super) heights: Heights,
    pub(super) sums: [[f64; 8]; 2],
    /// The next day to close, counted from the market's first.
    pub(super) next_day: usize,
    /// What was owed beyond ruin; `None` while there is worth.
    pub(crate) ruin: Option<f64>,
    /// The row at whose close it was ruined, if it was.
    pub(crate) ruin_row: usize,
}

/// How high worth was at closes, and how far it fell from there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heights {
    pub(super) peak: f64,
    /// The least since the peak.
    pub(super) trough: f64,
    /// The deepest fall from peaks before this one.
    pub(super) max_drawdown: f64,
}

/// What returns from close to close came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steps {
    pub(crate) sum: f64,
    pub(crate) sum_sq: f64,
    pub(crate) max_drawdown: f64,
}

impl Heights {
    /// Takes a worth at a close into peak, trough and drawdown.
    #[inline(always)]
    fn look(&mut self, equity: f64) {
        if equity > self.peak {
            self.settle_drawdown();
            self.peak = equity;
            self.trough = equity;
        } else if equity < self.trough {
            self.trough = equity;
        }
    }

    #[inline(always)]
    fn settle_drawdown(&mut self) {
        if self.trough < self.peak {
            let fall = (self.peak - self.trough) / self.peak;
            if fall > self.max_drawdown {
                self.max_drawdown = fall;
            }
        }
    }

    /// Looks at the closes of some rows with cash and units, where a new highest worth lies among them or is that to which it
    /// comes after them.
    #[inline(never)]
    pub(super) fn looked(mut self, held: [f64; 2], rows: Range<usize>, view: View<'_>, after: f64) -> Self {
        let [cash, units] = held;
        let worth = |price: f64| cash + units * price;
        if !view.tables.has_levels() {
            view.marks[rows].iter().for_each(|mark| self.look(worth(*mark)));
            self.look(after);
            return self;
        }
        let [low, high] = view.tables.extremes(rows.start, rows.end, view.marks);
        let [least, greatest] = if units > 0.0 { [worth(low), worth(high)] } else { [worth(high), worth(low)] };
        if greatest <= self.peak {
            self.trough = if least < self.trough { least } else { self.trough };
        } else if self.is_no_deeper(least, greatest) {
            // No fall within the stretch counts, and no low of it will: what is left is its highest worth.
            self.settle_drawdown();
            (self.peak, self.trough) = (greatest, greatest);
        } else {
            view.marks[rows].iter().for_each(|mark| self.look(worth(*mark)));
        }
        self.look(after);
        self
    }

    /// Whether a fall between two worths is surely no deeper than the deepest so far, however it is rounded.
    fn is_no_deeper(&self, least: f64, greatest: f64) -> bool {
        least > 0.0 && (greatest - least) * 1.000_001 <= self.max_drawdown * greatest
    }
}

impl Account {
    /// An account with money alone, from a row on, which is of a day.
    pub(crate) fn new(capital: f64, start: usize, next_day: usize, form: StepForm) -> Self {
        Self {
            cash: capital,
            units: 0.0,
            equity: capital,
            marked: start,
            fresh: false,
            form,
            heights: Heights { peak: capital, trough: capital, max_drawdown: 0.0 },
            sums: [[0.0; 8]; 2],
            next_day,
            ruin: None,
            ruin_row: usize::MAX,
        }
    }

    /// How returns are summed.
    pub(crate) fn form(&self) -> StepForm {
        self.form
    }

    /// What it is worth at a price.
    #[inline(always)]
    pub(crate) fn worth(&self, price: f64) -> f64 {
        if self.units == 0.0 { self.cash } else { self.cash + self.units * price }
    }

    /// Takes a fill: so many units more, at a price, and a fee. What was before must be marked.
    #[inline(always)]
    pub(crate) fn fill(&mut self, units: f64, price: f64, fee: f64) {
        self.cash -= units * price + fee;
        self.units += units;
        self.fresh = true;
    }

    /// Takes money in or out, as for borrowing.
    #[inline]
    pub(crate) fn pay(&mut self, money: f64) {
        self.cash -= money;
        self.fresh = true;
    }

    /// The drawdown at a worth.
    pub(crate) fn drawdown(&self, equity: f64) -> f64 {
        let peak = self.heights.peak;
        if equity >= peak { 0.0 } else { (peak - equity) / peak }
    }

    #[inline(always)]
    fn add(&mut self, lane: usize, r: f64) {
        self.sums[0][lane] += r;
        self.sums[1][lane] += r * r;
    }

    /// Marks all rows below `to`, with the cash and units that are held since the last fill. The worth at the end of each day
    /// goes to `days`, whose first is the day of the run's first row.
    #[inline(always)]
    pub(crate) fn mark_to(&mut self, to: usize, view: View<'_>, days: &mut [f64], first_day: usize) {
        let (from, day) = (self.marked, self.next_day);
        if from >= to {
            return;
        }
        let (ends, marks) = (view.day_end, view.marks);
        while self.next_day < ends.len() && (ends[self.next_day] as usize) < to {
            if let Some(day) = days.get_mut(self.next_day - first_day) {
                *day = self.worth(marks[ends[self.next_day] as usize]);
            }
            self.next_day += 1;
        }
        if let Some(row) = self.mark_rows(to, view) {
            let gone = (day..self.next_day).filter(|d| ends[*d] as usize >= row);
            gone.for_each(|d| {
                if let Some(day) = days.get_mut(d - first_day) {
                    *day = 0.0;
                }
            });
        }
    }

    /// As [`Account::mark_to`], without the ends of days. Says in which row it is ruined, if it is.
    #[inline(always)]
    fn mark_rows(&mut self, to: usize, view: View<'_>) -> Option<usize> {
        let from = self.marked;
        self.marked = to;
        if self.units == 0.0 { self.mark_flat(from) } else { self.mark_held(from, to, view) }
    }

    #[inline(always)]
    fn mark_flat(&mut self, from: usize) -> Option<usize> {
        if self.fresh {
            self.fresh = false;
            // Worth does not fall below nothing: what is owed beyond is told apart.
            let kept = self.cash.max(0.0);
            let r = kept / self.equity - 1.0;
            let lane = if self.form == StepForm::Prefix { 0 } else { from % 8 };
            self.add(lane, r);
            self.equity = kept;
            self.heights.look(kept);
            if self.cash <= 0.0 {
                *self = self.ruined(from, self.cash);
                return Some(from);
            }
        }
        None
    }

    /// Trading is over: all is gone, and what is owed is written off.
    #[cold]
    fn ruined(mut self, row: usize, owed: f64) -> Self {
        (self.ruin, self.ruin_row) = (Some(-owed), row);
        (self.cash, self.units, self.equity) = (0.0, 0.0, 0.0);
        self.heights.look(0.0);
        self
    }

    #[inline(always)]
    fn mark_held(&mut self, from: usize, to: usize, view: View<'_>) -> Option<usize> {
        let marks = view.marks;
        let (cash, units) = (self.cash, self.units);
        let worth = |row: usize| cash + units * marks[row];
        if to - from == 1 && self.form == StepForm::Lanes && worth(from) > 0.0 {
            // What holding costs is paid row by row.
            let equity = worth(from);
            self.heights.look(equity);
            self.add(from % 8, equity / self.equity - 1.0);
            (self.fresh, self.equity) = (false, equity);
            return None;
        }
        let [low, high] = view.tables.extremes(from, to, marks);
        let (low, high) = if units > 0.0 { (low, high) } else { (high, low) };
        let (least, greatest) = (cash + units * low, cash + units * high);
        if least <= 0.0 {
            let (account, row) = self.mark_until_ruin(from, to, view);
            *self = account;
            return row;
        }
        let heights = &mut self.heights;
        if greatest <= heights.peak {
            heights.trough = if least < heights.trough { least } else { heights.trough };
        } else {
            *heights = heights.looked([cash, units], from..to, view, worth(to - 1));
        }
        match self.form {
            StepForm::Prefix => self.sum_prefix(from, to, worth(from), view.tables),
            StepForm::Lanes => self.sum_lanes(from, to, marks),
        }
        self.fresh = false;
        self.equity = worth(to - 1);
        None
    }

    #[inline(always)]
    fn sum_prefix(&mut self, from: usize, to: usize, first: f64, tables: &Tables) {
        let mut row = from;
        if self.fresh {
            self.add(0, first / self.equity - 1.0);
            row += 1;
        }
        // Block by block, so that the additions do not depend on where sections end.
        while row < to {
            let end = to.min((row / BLOCK + 1) * BLOCK);
            let [sum, sum_sq] = tables.sums(row, end);
            self.sums[0][0] += sum;
            self.sums[1][0] += sum_sq;
            row = end;
        }
    }

    #[inline(always)]
    fn sum_lanes(&mut self, from: usize, to: usize, marks: &[f64]) {
        let (cash, units) = (self.cash, self.units);
        let first = (cash + units * marks[from]) / self.equity - 1.0;
        self.add(from % 8, first);
        let mut row = from + 1;
        let at = |row: usize| (cash + units * marks[row]) / (cash + units * marks[row - 1]) - 1.0;
        while row < to && !row.is_multiple_of(8) {
            self.add(row % 8, at(row));
            row += 1;
        }
        let [mut sum, mut sum_sq] = self.sums;
        while row + 8 <= to {
            let (now, before) = (&marks[row..row + 8], &marks[row - 1..row + 7]);
            for lane in 0..8 {
                let r = (cash + units * now[lane]) / (cash + units * before[lane]) - 1.0;
                sum[lane] += r;
                sum_sq[lane] += r * r;
            }
            row += 8;
        }
        self.sums = [sum, sum_sq];
        while row < to {
            self.add(row % 8, at(row));
            row += 1;
        }
    }

    /// As [`Account::mark_held`], row by row to the close at which nothing is left. By value: what is only called in ruin
    /// should not keep the account out of registers.
    #[cold]
    fn mark_until_ruin(mut self, from: usize, to: usize, view: View<'_>) -> (Self, Option<usize>) {
        let marks = view.marks;
        self.fresh = false;
        for (row, mark) in (from..).zip(&marks[from..to]) {
            let equity = self.cash + self.units * mark;
            let kept = equity.max(0.0);
            let lane = if self.form == StepForm::Prefix { 0 } else { row % 8 };
            self.add(lane, kept / self.equity - 1.0);
            self.heights.look(kept);
            self.equity = kept;
            if equity <= 0.0 {
                self = self.ruined(row, equity);
                return (self, Some(row));
            }
        }
        (self, None)
    }

    /// What returns came to.
    pub(crate) fn steps(&mut self) -> Steps {
        self.heights.settle_drawdown();
        let fold = |s: [f64; 8]| ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        Steps { sum: fold(self.sums[0]), sum_sq: fold(self.sums[1]), max_drawdown: self.heights.max_drawdown }
    }
}
