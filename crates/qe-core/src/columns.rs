//! Named columns on one time axis: the shape of bars, feature tables and everything else that is data per row.
//!
//! A [`Shared`] slice is memory that many readers hold at once: cloning and slicing cost a reference count, and
//! the memory may belong to somebody else (an Arrow buffer, a polars column), so nothing is copied on the way in.
//! An [`Axis`] says of each row when it began and when it could be *known*; every join and every rule about the
//! past goes by the second. [`Columns`] puts named [`Column`]s on an axis and remembers the number of its first
//! row since the start of the data set, so that kernels which re-anchor at fixed rows do the same additions on a
//! slice as on the whole.

use std::fmt;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::time::{TimeRange, Timestamp};

/// A read-only slice whose memory is shared, and may be owned by another library.
pub struct Shared<T: 'static> {
    owner: Arc<dyn AsRef<[T]> + Send + Sync>,
    start: usize,
    len: usize,
}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Shares the memory of `owner` without copying it.
    pub fn from_owner(owner: impl AsRef<[T]> + Send + Sync + 'static) -> Self {
        let len = owner.as_ref().len();
        Self { owner: Arc::new(owner), start: 0, len }
    }

    /// A part of this slice, sharing the same memory. Bounds beyond the end are cut to it.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let Range { start, end } = clamp(range, self.len);
        Self { owner: Arc::clone(&self.owner), start: self.start + start, len: end - start }
    }

    /// Whether both look at the same memory: same owner, same place, same length.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_ref().as_ptr_range().start, other.as_ref().as_ptr_range().start) && self.len == other.len
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { owner: Arc::clone(&self.owner), start: self.start, len: self.len }
    }
}

impl<T> AsRef<[T]> for Shared<T> {
    fn as_ref(&self) -> &[T] {
        (*self.owner).as_ref().get(self.start..self.start + self.len).unwrap_or(&[])
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_ref()
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for Shared<T> {
    fn from(values: Vec<T>) -> Self {
        Self::from_owner(values)
    }
}

impl<T: Send + Sync + 'static> FromIterator<T> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<_>>().into()
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        let mut list = f.debug_list();
        list.entries(self.iter().take(SHOWN));
        if self.len > SHOWN {
            list.entry(&format_args!("… {} in all", self.len));
        }
        list.finish()
    }
}

/// A range within `len`, whatever was asked for.
fn clamp(range: impl RangeBounds<usize>, len: usize) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(&s) => s,
        Bound::Excluded(&s) => s.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&e) => e.saturating_add(1),
        Bound::Excluded(&e) => e,
        Bound::Unbounded => len,
    };
    let start = start.min(len);
    start..end.clamp(start, len)
}

/// One column of numbers. `F32` is a way to *store* features; prices and everything summed are `F64`.
#[derive(Debug, Clone)]
pub enum Column {
    /// Double precision.
    F64(Shared<f64>),
    /// Single precision, for wide feature tables.
    F32(Shared<f32>),
}

impl Column {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `row`; NaN beyond the end.
    pub fn value(&self, row: usize) -> f64 {
        match self {
            Self::F64(v) => v.get(row).copied().unwrap_or(f64::NAN),
            Self::F32(v) => v.get(row).copied().map_or(f64::NAN, f64::from),
        }
    }

    /// A part of the column, sharing its memory.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        match self {
            Self::F64(v) => Self::F64(v.slice(range)),
            Self::F32(v) => Self::F32(v.slice(range)),
        }
    }

    /// The column in double precision: shared if it is stored so, widened into new memory otherwise.
    pub fn to_f64(&self) -> Shared<f64> {
        match self {
            Self::F64(v) => v.clone(),
            Self::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
        }
    }

    /// How many values are missing.
    pub fn count_nan(&self) -> usize {
        match self {
            Self::F64(v) => v.iter().filter(|x| x.is_nan()).count(),
            Self::F32(v) => v.iter().filter(|x| x.is_nan()).count(),
        }
    }

    /// Bytes that the values take.
    pub fn n_bytes(&self) -> usize {
        match self {
            Self::F64(v) => size_of_val(v.as_ref()),
            Self::F32(v) => size_of_val(v.as_ref()),
        }
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Self::F64(values.into())
    }
}

impl From<Vec<f32>> for Column {
    fn from(values: Vec<f32>) -> Self {
        Self::F32(values.into())
    }
}

impl From<Shared<f64>> for Column {
    fn from(values: Shared<f64>) -> Self {
        Self::F64(values)
    }
}

impl From<Shared<f32>> for Column {
    fn from(values: Shared<f32>) -> Self {
        Self::F32(values)
    }
}

/// When each row began, and when it could first be known; both in nanoseconds UTC.
///
/// Neither series ever steps back, and no row is known before it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    open: Shared<i64>,
    available: Shared<i64>,
}

impl Axis {
    /// An axis from opening and availability times.
    ///
    /// # Errors
    /// When the lengths differ, a series steps back, or a row would be known before it begins.
    pub fn new(open: impl Into<Shared<i64>>, available: impl Into<Shared<i64>>) -> Result<Self> {
        let (open, available) = (open.into(), available.into());
        if open.len() != available.len() {
            return Err(Error::Length {
                what: "the availability times".into(),
                expected: open.len(),
                got: available.len(),
                mend: "give one availability time per row".into(),
            });
        }
        check_ascending("the opening times", &open)?;
        check_ascending("the availability times", &available)?;
        if let Some(row) = open.iter().zip(available.iter()).position(|(o, a)| a < o) {
            return Err(Error::invalid(
                format!("availability of row {row}"),
                Timestamp(available[row]),
                format!("the row begins only at {}", Timestamp(open[row])),
                "a row is known when it is complete, at its opening time or later",
            ));
        }
        Ok(Self { open, available })
    }

    /// An axis of instants that are known as they happen.
    ///
    /// # Errors
    /// When the times step back.
    pub fn instants(at: impl Into<Shared<i64>>) -> Result<Self> {
        let at = at.into();
        Self::new(at.clone(), at)
    }

    /// When each row began.
    pub fn open(&self) -> &[i64] {
        &self.open
    }

    /// When each row could first be known.
    pub fn available(&self) -> &[i64] {
        &self.available
    }

    /// The opening times as shared memory.
    pub fn shared_open(&self) -> &Shared<i64> {
        &self.open
    }

    /// The availability times as shared memory.
    pub fn shared_available(&self) -> &Shared<i64> {
        &self.available
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A part of the axis, sharing its memory.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let range = clamp(range, self.len());
        Self { open: self.open.slice(range.clone()), available: self.available.slice(range) }
    }

    /// The rows that begin within `range`.
    pub fn rows_in(&self, range: TimeRange) -> Range<usize> {
        let start = self.open.partition_point(|&t| t < range.start);
        let end = self.open.partition_point(|&t| t < range.end);
        start..end.max(start)
    }

    /// How many rows are known at `at`: they are the rows before this number.
    pub fn known_at(&self, at: i64) -> usize {
        self.available.partition_point(|&t| t <= at)
    }

    /// From the first row's beginning to just after the last row's; empty for an empty axis.
    pub fn span(&self) -> TimeRange {
        match (self.open.first(), self.open.last()) {
            (Some(&start), Some(&last)) => TimeRange { start, end: last.saturating_add(1) },
            _ => TimeRange { start: 0, end: 0 },
        }
    }

    /// The first row that does not begin after the row before it, where there is one.
    pub fn first_repeat(&self) -> Option<usize> {
        self.open.windows(2).position(|w| w[0] >= w[1]).map(|i| i + 1)
    }
}

/// Fails at the first time that is earlier than the one before it.
fn check_ascending(what: &str, times: &[i64]) -> Result<()> {
    match times.windows(2).position(|w| w[1] < w[0]) {
        None => Ok(()),
        Some(i) => Err(Error::Unsorted {
            what: what.to_owned(),
            row: i + 1,
            at: Timestamp(times[i + 1]).to_string(),
            before: Timestamp(times[i]).to_string(),
            mend: "sort the rows by time first".into(),
        }),
    }
}

/// Named columns on one axis.
#[derive(Debug, Clone)]
pub struct Columns {
    axis: Axis,
    names: Vec<Arc<str>>,
    values: Vec<Column>,
    first_row: u64,
}

impl Columns {
    /// No columns yet, on `axis`.
    pub fn new(axis: Axis) -> Self {
        Self { axis, names: Vec::new(), values: Vec::new(), first_row: 0 }
    }

    /// With one more column.
    ///
    /// # Errors
    /// When the name is taken, or the column has another length than the axis.
    pub fn with(mut self, name: impl Into<Arc<str>>, column: impl Into<Column>) -> Result<Self> {
        self.push(name, column)?;
        Ok(self)
    }

    /// Adds a column.
    ///
    /// # Errors
    /// When the name is taken, or the column has another length than the axis.
    pub fn push(&mut self, name: impl Into<Arc<str>>, column: impl Into<Column>) -> Result<()> {
        let (name, column) = (name.into(), column.into());
        if self.index_of(&name).is_some() {
            return Err(Error::invalid("column", &name, "there is one of that name already", "rename one of the two"));
        }
        if column.len() != self.axis.len() {
            return Err(Error::Length {
                what: format!("column {name:?}"),
                expected: self.axis.len(),
                got: column.len(),
                mend: "give one value per row of the axis, NaN where there is none".into(),
            });
        }
        self.names.push(name);
        self.values.push(column);
        Ok(())
    }

    /// The same columns, counted as starting at row `first_row` of their data set.
    #[must_use]
    pub fn starting_at_row(mut self, first_row: u64) -> Self {
        self.first_row = first_row;
        self
    }

    /// When the rows began and when they could be known.
    pub fn axis(&self) -> &Axis {
        &self.axis
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.axis.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.axis.is_empty()
    }

    /// The number of the first row since the start of the data set.
    pub fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|n| &**n)
    }

    /// Names and columns, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.names().zip(&self.values)
    }

    /// Where a column stands.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| &**n == name)
    }

    /// The column at a place, where there is one.
    pub fn at(&self, idx: usize) -> Option<&Column> {
        self.values.get(idx)
    }

    /// The name of the column at a place, where there is one.
    pub fn name_at(&self, idx: usize) -> Option<&str> {
        self.names.get(idx).map(|n| &**n)
    }

    /// A column by name.
    ///
    /// # Errors
    /// When there is none; the nearest name is suggested.
    pub fn get(&self, name: &str) -> Result<&Column> {
        self.index_of(name).map(|i| &self.values[i]).ok_or_else(|| Error::unknown("column", name, self.names()))
    }

    /// A part of the rows, sharing their memory.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let range = clamp(range, self.len());
        Self {
            axis: self.axis.slice(range.clone()),
            names: self.names.clone(),
            first_row: self.first_row + range.start as u64,
            values: self.values.iter().map(|c| c.slice(range.clone())).collect(),
        }
    }

    /// The rows that begin within `range`, sharing their memory.
    #[must_use]
    pub fn between(&self, range: TimeRange) -> Self {
        self.slice(self.axis.rows_in(range))
    }

    /// Only the named columns, in that order.
    ///
    /// # Errors
    /// When one is not there.
    pub fn select<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut out = Self::new(self.axis.clone()).starting_at_row(self.first_row);
        for name in names {
            out.push(name, self.get(name)?.clone())?;
        }
        Ok(out)
    }

    /// Bytes that the values and the axis take.
    pub fn n_bytes(&self) -> usize {
        let one_axis = self.axis.open.is_same(&self.axis.available);
        let axis = size_of_val(self.axis.open()) * if one_axis { 1 } else { 2 };
        axis + self.values.iter().map(Column::n_bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Columns {
        let axis = Axis::new(vec![10, 20, 30], vec![20, 30, 40]).unwrap();
        Columns::new(axis).with("a", vec![1.0, 2.0, 3.0]).unwrap().with("b", vec![1.5_f32, f32::NAN, 2.5]).unwrap()
    }

    #[test]
    fn a_slice_shares_memory_and_remembers_its_first_row() {
        let whole = sample();
        let part = whole.slice(1..);
        assert_eq!(part.first_row(), 1);
        assert_eq!(part.axis().open(), [20, 30]);
        let (Column::F64(a), Column::F64(b)) = (whole.get("a").unwrap(), part.get("a").unwrap()) else { panic!() };
        assert!(a.slice(1..).is_same(b));
        assert_eq!(part.slice(1..).first_row(), 2);
        assert_eq!(whole.slice(5..9).len(), 0);
        let (start, end) = (2, 1);
        assert_eq!(whole.slice(start..end).len(), 0, "a range the wrong way round is empty");
    }

    #[test]
    fn rows_are_found_by_beginning_and_by_knowledge() {
        let c = sample();
        assert_eq!(c.between(TimeRange { start: 11, end: 30 }).axis().open(), [20]);
        assert_eq!(c.axis().known_at(29), 1, "the second row is complete at 30 only");
        assert_eq!(c.axis().known_at(30), 2);
    }

    #[test]
    fn an_axis_refuses_what_is_out_of_order() {
        let text = Axis::new(vec![10, 5], vec![20, 20]).unwrap_err().to_string();
        assert!(text.contains("row 1") && text.contains("sort"), "{text}");
        assert!(Axis::new(vec![10], vec![9]).unwrap_err().to_string().contains("row 0"));
        assert!(Axis::new(vec![1, 2], vec![3]).is_err());
        assert!(Axis::new(Vec::new(), Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn columns_refuse_wrong_lengths_and_names_twice() {
        assert!(sample().with("c", vec![1.0]).unwrap_err().to_string().contains("3 are needed"));
        assert!(sample().with("a", vec![1.0; 3]).is_err());
        assert!(sample().get("A1").unwrap_err().to_string().contains("did you mean \"a\""));
    }

    #[test]
    fn single_precision_is_stored_so_and_widened_on_demand() {
        let c = sample();
        let b = c.get("b").unwrap();
        assert_eq!((b.n_bytes(), b.count_nan()), (12, 1));
        assert_eq!(b.to_f64()[2], 2.5);
        assert_eq!(c.n_bytes(), 2 * 24 + 24 + 12);
    }

    #[test]
    fn memory_of_another_owner_is_not_copied() {
        struct Foreign(Box<[f64]>);
        impl AsRef<[f64]> for Foreign {
            fn as_ref(&self) -> &[f64] {
                &self.0
            }
        }
        let foreign = Foreign(vec![1.0, 2.0].into());
        let place = foreign.0.as_ptr();
        assert_eq!(Shared::from_owner(foreign).as_ptr(), place);
    }
}
