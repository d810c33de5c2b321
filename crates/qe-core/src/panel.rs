//! Many symbols on one axis: symbol-major matrices, with who belonged to the universe when.
//!
//! A field is one block of memory, `n_symbols` rows of `n_times`; the history of a symbol is a slice. Outside of a
//! symbol's membership its values are NaN, so a survivor's bias cannot creep in by way of data that was there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bars::{Bars, OHLCV, is_price};
use crate::calendar::Calendar;
use crate::columns::{Axis, Columns, Shared};
use crate::error::{Error, Result};
use crate::time::TimeRange;

/// Fields of many symbols on one axis.
#[derive(Debug, Clone)]
pub struct Panel {
    calendar: Calendar,
    axis: Axis,
    symbols: Arc<[String]>,
    fields: BTreeMap<String, Shared<f64>>,
    members: Vec<Vec<TimeRange>>,
    groups: BTreeMap<String, Vec<String>>,
}

impl Panel {
    /// No fields yet; every symbol a member throughout.
    ///
    /// # Errors
    /// When a symbol stands twice.
    pub fn new(calendar: Calendar, axis: Axis, symbols: impl IntoIterator<Item = String>) -> Result<Self> {
        let symbols: Arc<[String]> = symbols.into_iter().collect();
        let mut sorted: Vec<&String> = symbols.iter().collect();
        sorted.sort();
        if let Some(w) = sorted.windows(2).find(|w| w[0] == w[1]) {
            return Err(Error::invalid("symbol", w[0], "it stands twice", "give each symbol once"));
        }
        let members = vec![vec![TimeRange { start: i64::MIN, end: i64::MAX }]; symbols.len()];
        Ok(Self { calendar, axis, symbols, fields: BTreeMap::new(), members, groups: BTreeMap::new() })
    }

    /// The five price fields of several symbols and any other columns that all of them have, on the union of their
    /// times; a time that a symbol lacks is NaN.
    ///
    /// # Errors
    /// When bars of one time disagree on when they were complete.
    pub fn from_bars(calendar: Calendar, bars: &[Bars]) -> Result<Self> {
        let mut times: BTreeMap<i64, i64> = BTreeMap::new();
        for b in bars {
            for (&open, &available) in b.open_time().iter().zip(b.available()) {
                let known = times.entry(open).or_insert(available);
                if *known != available {
                    let at = crate::time::Timestamp(open);
                    return Err(Error::invalid(
                        format!("bar of {} at {at}", b.symbol()),
                        crate::time::Timestamp(available),
                        "another symbol's bar of that time is complete at another instant",
                        "load all symbols with one timeframe and one calendar",
                    ));
                }
            }
        }
        let open: Vec<i64> = times.keys().copied().collect();
        let axis = Axis::new(open.clone(), times.values().copied().collect::<Vec<_>>())?;
        let mut panel = Self::new(calendar, axis, bars.iter().map(|b| b.symbol().to_owned()))?;
        let others = bars.first().into_iter().flat_map(|b| b.columns().names());
        let others = others.filter(|name| !OHLCV.contains(name));
        let shared = others.filter(|name| bars.iter().all(|b| b.columns().index_of(name).is_some()));
        for name in OHLCV.into_iter().chain(shared) {
            let mut matrix = vec![f64::NAN; open.len() * bars.len()];
            for (row, b) in matrix.chunks_mut(open.len().max(1)).zip(bars) {
                let values = b.columns().get(name)?.to_f64();
                let mut at = 0;
                for (t, v) in b.open_time().iter().zip(&*values) {
                    at += open[at..].partition_point(|o| o < t);
                    row[at] = *v;
                }
            }
            panel.push(name, matrix)?;
        }
        Ok(panel)
    }

    /// Adds a field: all times of the first symbol, then of the second, and so on. Values outside of a symbol's
    /// membership become NaN.
    ///
    /// # Errors
    /// When the length is not symbols times times.
    pub fn push(&mut self, name: impl Into<String>, mut matrix: Vec<f64>) -> Result<()> {
        let (name, expected) = (name.into(), self.n_symbols() * self.n_times());
        if matrix.len() != expected {
            return Err(Error::Length {
                what: format!("field {name:?}"),
                expected,
                got: matrix.len(),
                mend: "give one value per symbol and time, symbol by symbol".into(),
            });
        }
        self.hide_outsiders(&mut matrix);
        self.fields.insert(name, matrix.into());
        Ok(())
    }

    /// The same panel with each symbol's stretches of membership; values outside of them become NaN.
    ///
    /// # Errors
    /// When there is not one list per symbol.
    pub fn with_members(mut self, members: Vec<Vec<TimeRange>>) -> Result<Self> {
        if members.len() != self.n_symbols() {
            return Err(Error::Length {
                what: "membership".into(),
                expected: self.n_symbols(),
                got: members.len(),
                mend: "give one list of stretches per symbol".into(),
            });
        }
        self.members = members;
        let fields = std::mem::take(&mut self.fields);
        for (name, values) in fields {
            self.push(name, values.to_vec())?;
        }
        Ok(self)
    }

    /// Adds a label per symbol (sector, industry, country) under the name of a grouping.
    ///
    /// # Errors
    /// When there is not one label per symbol.
    pub fn push_group(&mut self, name: impl Into<String>, labels: Vec<String>) -> Result<()> {
        let name = name.into();
        if labels.len() != self.n_symbols() {
            return Err(Error::Length {
                what: format!("grouping {name:?}"),
                expected: self.n_symbols(),
                got: labels.len(),
                mend: "give one label per symbol".into(),
            });
        }
        self.groups.insert(name, labels);
        Ok(())
    }

    fn hide_outsiders(&self, matrix: &mut [f64]) {
        let times = self.axis.open();
        for (row, ranges) in matrix.chunks_mut(times.len().max(1)).zip(&self.members) {
            if let [all] = ranges.as_slice()
                && all.start == i64::MIN
                && all.end == i64::MAX
            {
                continue;
            }
            for (value, &t) in row.iter_mut().zip(times) {
                if !ranges.iter().any(|r| r.contains(t)) {
                    *value = f64::NAN;
                }
            }
        }
    }

    /// The sessions that the times belong to.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The times.
    pub fn axis(&self) -> &Axis {
        &self.axis
    }

    /// The symbols, in the order of the rows.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// How many symbols.
    pub fn n_symbols(&self) -> usize {
        self.symbols.len()
    }

    /// How many times.
    pub fn n_times(&self) -> usize {
        self.axis.len()
    }

    /// The names of the fields, sorted.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// A whole field, symbol-major.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn field(&self, name: &str) -> Result<&Shared<f64>> {
        self.fields.get(name).ok_or_else(|| Error::unknown("field", name, self.fields()))
    }

    /// The history of one symbol in one field, sharing its memory.
    ///
    /// # Errors
    /// When there is no such field or symbol.
    pub fn history(&self, field: &str, symbol: &str) -> Result<Shared<f64>> {
        let row = self.index_of(symbol)?;
        Ok(self.field(field)?.slice(row * self.n_times()..(row + 1) * self.n_times()))
    }

    /// All symbols at one time, written to `out`; NaN beyond the panel.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn cross_section(&self, field: &str, time_idx: usize, out: &mut [f64]) -> Result<()> {
        let matrix = self.field(field)?;
        for (row, value) in out.iter_mut().enumerate() {
            let inside = time_idx < self.n_times();
            *value = matrix.get(row * self.n_times() + time_idx).copied().filter(|_| inside).unwrap_or(f64::NAN);
        }
        Ok(())
    }

    /// All fields of one symbol as columns, sharing their memory.
    ///
    /// # Errors
    /// When there is no such symbol.
    pub fn columns_of(&self, symbol: &str) -> Result<Columns> {
        let mut out = Columns::new(self.axis.clone());
        for name in self.fields.keys() {
            out.push(name.as_str(), self.history(name, symbol)?)?;
        }
        Ok(out)
    }

    /// The row of a symbol.
    ///
    /// # Errors
    /// When there is no such symbol.
    pub fn index_of(&self, symbol: &str) -> Result<usize> {
        let at = self.symbols.iter().position(|s| s == symbol);
        at.ok_or_else(|| Error::unknown("symbol", symbol, self.symbols.iter().map(String::as_str)))
    }

    /// The stretches in which each symbol belongs to the universe.
    pub fn members(&self) -> &[Vec<TimeRange>] {
        &self.members
    }

    /// Whether a symbol belongs to the universe at a time.
    pub fn is_member(&self, symbol_idx: usize, at: i64) -> bool {
        self.members.get(symbol_idx).is_some_and(|ranges| ranges.iter().any(|r| r.contains(at)))
    }

    /// When a symbol has a row: at which times some price of it has a value, 64 times a word; some field, where no field is
    /// a price. It has none where it is no member. What is pushed beside prices changes nothing of that.
    pub fn rows_of(&self, symbol_idx: usize) -> Vec<u64> {
        let n = self.n_times();
        let mut rows = vec![0u64; n.div_ceil(64)];
        let row = symbol_idx.saturating_mul(n);
        let has_prices = self.fields.keys().any(|name| is_price(name));
        let fields = self.fields.iter().filter(|(name, _)| !has_prices || is_price(name));
        for field in fields.filter_map(|(_, f)| f.get(row..row.saturating_add(n))) {
            let mut is_done = true;
            for (word, values) in rows.iter_mut().zip(field.chunks(64)) {
                let all = u64::MAX >> (64 - values.len());
                if *word != all {
                    *word |= values.iter().enumerate().fold(0, |w, (i, v)| w | u64::from(!v.is_nan()) << i);
                    is_done &= *word == all;
                }
            }
            if is_done {
                break;
            }
        }
        rows
    }

    /// The labels of a grouping, by symbol.
    ///
    /// # Errors
    /// When there is no such grouping.
    pub fn group(&self, name: &str) -> Result<&[String]> {
        let known = self.groups.keys().map(String::as_str);
        self.groups.get(name).map(Vec::as_slice).ok_or_else(|| Error::unknown("grouping", name, known))
    }

    /// The names of the groupings, sorted.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeframe::Timeframe;

    fn bars(symbol: &str, times: &[i64], from: f64) -> Bars {
        let axis = Axis::new(times.to_vec(), times.iter().map(|t| t + 10).collect::<Vec<_>>()).unwrap();
        let values: Vec<f64> = (0..times.len()).map(|i| from + i as f64).collect();
        Bars::new(symbol, Timeframe::D1, axis, [(); 5].map(|()| values.clone())).unwrap()
    }

    fn panel() -> Panel {
        let both = [bars("A", &[0, 10, 20], 1.0), bars("B", &[10, 30], 5.0)];
        Panel::from_bars(Calendar::crypto(), &both).unwrap()
    }

    #[test]
    fn symbols_share_the_union_of_their_times() {
        let p = panel();
        assert_eq!(p.axis().open(), [0, 10, 20, 30]);
        let b = p.history("close", "B").unwrap();
        assert!(b[0].is_nan() && b[1] == 5.0 && b[2].is_nan() && b[3] == 6.0);
        let mut out = [0.0; 2];
        p.cross_section("close", 1, &mut out).unwrap();
        assert_eq!(out, [2.0, 5.0]);
        // One beyond the last time is the first time of the next row.
        p.cross_section("close", 4, &mut out).unwrap();
        assert!(out.iter().all(|v| v.is_nan()));
        p.cross_section("open", 5, &mut out).unwrap();
        assert!(out.iter().all(|v| v.is_nan()), "a time beyond the panel must not read the next symbol's row");
    }

    #[test]
    fn columns_that_all_symbols_have_come_along() {
        let with = |b: Bars, name: &str, v: f64| b.clone().with(name, vec![v; b.len()]).unwrap();
        let a = with(with(bars("A", &[0, 10], 1.0), "size", 7.0), "alone", 1.0);
        let b = with(bars("B", &[10], 5.0), "size", 8.0);
        let p = Panel::from_bars(Calendar::crypto(), &[a, b]).unwrap();
        assert_eq!(p.fields().count(), 6);
        let size = p.field("size").unwrap();
        assert!(size[..2] == [7.0, 7.0] && size[2].is_nan() && size[3] == 8.0);
    }

    #[test]
    fn values_outside_of_membership_are_missing() {
        let ranges = vec![vec![TimeRange { start: 10, end: 20 }], vec![TimeRange { start: 0, end: 99 }]];
        let mut p = panel().with_members(ranges).unwrap();
        let a = p.history("close", "A").unwrap();
        assert!(a[0].is_nan() && a[1] == 2.0 && a[2].is_nan());
        p.push("mine", vec![1.0; 8]).unwrap();
        assert!(p.history("mine", "A").unwrap()[0].is_nan());
        assert!(p.is_member(0, 10) && !p.is_member(0, 20));
        assert_eq!((p.rows_of(0), p.rows_of(1), p.rows_of(2)), (vec![0b0010], vec![0b1010], vec![0]));
    }

    #[test]
    fn a_row_is_where_some_field_has_a_value() {
        assert_eq!((panel().rows_of(0), panel().rows_of(1)), (vec![0b0111], vec![0b1010]));
        let (n, times) = (130, (0..130).collect::<Vec<i64>>());
        let named = ["A", "B"].map(str::to_owned);
        let mut p = Panel::new(Calendar::crypto(), Axis::instants(times).unwrap(), named).unwrap();
        assert_eq!(p.rows_of(1), [0, 0, 0]);
        // B has a row at even times by one field, at 1 and 129 by another.
        let at = |is_there: &dyn Fn(usize) -> bool| (0..n).map(|t| if is_there(t) { 1.0 } else { f64::NAN }).collect();
        let (all, even, odd): (Vec<f64>, Vec<f64>, Vec<f64>) =
            (vec![0.0; n], at(&|t| t % 2 == 0), at(&|t| t == 1 || t == 129));
        p.push("x", [all.clone(), odd].concat()).unwrap();
        p.push("y", [all, even].concat()).unwrap();
        let fives = 0x5555_5555_5555_5555;
        assert_eq!(p.rows_of(0), [u64::MAX, u64::MAX, 0b11]);
        assert_eq!(p.rows_of(1), [fives | 0b10, fives, 0b11]);
        // Where there are prices they tell, whatever else has a value.
        let mut p = panel();
        p.push("volume", vec![0.0; 8]).unwrap();
        p.push("made", vec![1.0; 8]).unwrap();
        assert_eq!((p.rows_of(0), p.rows_of(1)), (vec![0b0111], vec![0b1010]));
    }

    #[test]
    fn a_history_shares_the_field_and_errors_name_what_is_there() {
        let mut p = panel();
        let row = p.history("open", "B").unwrap();
        assert!(row.is_same(&p.field("open").unwrap().slice(4..8)));
        assert!(p.history("open", "C").unwrap_err().to_string().contains("there are: A, B"));
        assert!(p.push("short", vec![0.0; 3]).is_err());
        p.push_group("sector", vec!["x".into(), "y".into()]).unwrap();
        assert_eq!(p.group("sector").unwrap()[1], "y");
        assert_eq!(p.columns_of("A").unwrap().names().count(), 5);
    }

    #[test]
    fn bars_that_disagree_on_completion_do_not_mix() {
        let axis = Axis::new(vec![0], vec![99]).unwrap();
        let odd = Bars::new("C", Timeframe::D1, axis, [(); 5].map(|()| vec![1.0])).unwrap();
        let err = Panel::from_bars(Calendar::crypto(), &[bars("A", &[0], 1.0), odd]).unwrap_err();
        assert!(err.to_string().contains("one calendar"), "{err}");
    }
}
