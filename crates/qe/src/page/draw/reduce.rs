//! A long series as few points: of each column of the drawing the first, the least, the greatest and the last.
//!
//! A line through these four covers the same pixels as one through all of them, where a column is a pixel wide (U.
//! Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014). All points that are kept are
//! points of the series; its first, its last and its extremes are among them.
//!
//! NaN rule: what is missing is left out; a column in which nothing is there is one missing point, at which a line is
//! broken.

use serde::Serialize;

/// The columns of a drawing.
pub const N_COLUMNS: usize = 1000;

/// A series, reduced for drawing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Line {
    /// How many points it had.
    pub n: usize,
    /// The places of those that are left, ascending.
    pub at: Vec<u32>,
    /// Their values; NaN where the line is broken.
    pub values: Vec<f64>,
}

/// The column of the `i`-th of `n` points.
#[inline]
pub(crate) fn column_of(i: usize, n: usize) -> usize {
    (i as u64 * N_COLUMNS as u64 / n.max(1) as u64) as usize
}

impl Line {
    /// A series by place.
    pub fn of(values: &[f64]) -> Self {
        Self::of_points(values.len(), values.iter().enumerate().map(|(i, v)| (i as u32, *v)))
    }

    /// Points at some of `n` places, ascending; more than one may stand at a place.
    pub fn of_points(n: usize, points: impl ExactSizeIterator<Item = (u32, f64)>) -> Self {
        let mut line = Self { n, ..Self::default() };
        if points.len() <= 2 * N_COLUMNS {
            (line.at, line.values) = points.unzip();
            return line;
        }
        let (mut column, mut seen) = (usize::MAX, Seen::default());
        for (at, v) in points {
            let c = column_of(at as usize, n);
            if c != column {
                if column != usize::MAX {
                    seen.into_line(&mut line);
                }
                (column, seen) = (c, Seen { place: at, ..Seen::default() });
            }
            seen.see(at, v);
        }
        seen.into_line(&mut line);
        line
    }

    /// Its points.
    pub(crate) fn points(&self) -> impl Iterator<Item = (u32, f64)> + Clone {
        self.at.iter().copied().zip(self.values.iter().copied())
    }

    /// The last value that is there.
    pub fn last(&self) -> Option<f64> {
        self.values.iter().rev().copied().find(|v| !v.is_nan())
    }
}

/// What a column has shown: points by their number in it, their places and values.
#[derive(Default)]
struct Seen {
    place: u32,
    n: u32,
    first: Option<Point>,
    least: Point,
    greatest: Point,
    last: Point,
}

/// The number of a point in its column, its place, its value.
type Point = (u32, u32, f64);

impl Seen {
    #[inline]
    fn see(&mut self, at: u32, v: f64) {
        if v.is_nan() {
            return;
        }
        let point = (self.n, at, v);
        self.n += 1;
        if self.first.is_none() {
            (self.first, self.least, self.greatest) = (Some(point), point, point);
        }
        if v < self.least.2 {
            self.least = point;
        }
        if v > self.greatest.2 {
            self.greatest = point;
        }
        self.last = point;
    }

    fn into_line(self, line: &mut Line) {
        let Some(first) = self.first else {
            line.at.push(self.place);
            line.values.push(f64::NAN);
            return;
        };
        let mut kept = [first, self.least, self.greatest, self.last];
        kept.sort_by_key(|(number, ..)| *number);
        for (k, (number, at, v)) in kept.iter().enumerate() {
            if k == 0 || kept[k - 1].0 != *number {
                line.at.push(*at);
                line.values.push(*v);
            }
        }
    }
}

/// Lows and highs, reduced for drawing: of each column the least low and the greatest high.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Band {
    /// How many bars it had.
    pub n: usize,
    /// The first place of each column, ascending.
    pub at: Vec<u32>,
    /// The least low; NaN where there is none.
    pub low: Vec<f64>,
    /// The greatest high.
    pub high: Vec<f64>,
}

impl Band {
    /// Of lows and highs by place.
    pub fn of(low: &[f64], high: &[f64]) -> Self {
        let n = low.len().min(high.len());
        let mut band = Self { n, ..Self::default() };
        let mut before = None;
        for i in 0..n {
            let column = if n <= N_COLUMNS { i } else { column_of(i, n) };
            if before != Some(column) {
                before = Some(column);
                band.at.push(i as u32);
                band.low.push(low[i]);
                band.high.push(high[i]);
            } else if let (Some(l), Some(h)) = (band.low.last_mut(), band.high.last_mut()) {
                // `min` and `max` pass over what is missing.
                (*l, *h) = (l.min(low[i]), h.max(high[i]));
            }
        }
        band
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_series_stays_as_it_is() {
        let line = Line::of(&[1.0, f64::NAN, 3.0]);
        assert_eq!((line.n, line.at.as_slice()), (3, &[0, 1, 2][..]));
        assert!(line.values[1].is_nan() && line.last() == Some(3.0));
        assert_eq!(Line::of(&[]), Line::default());
    }

    #[test]
    fn no_extreme_is_lost_and_no_point_is_made_up() {
        // A saw with a needle up and a needle down, both in the middle of columns.
        let mut x: Vec<f64> = (0..98_280).map(|i| ((i * 7919) % 1000) as f64).collect();
        (x[31_415], x[77_777]) = (1e6, -1e6);
        let line = Line::of(&x);
        assert!(line.at.len() <= 4 * N_COLUMNS, "{}", line.at.len());
        assert!(line.at.windows(2).all(|w| w[0] < w[1]));
        assert!(line.points().all(|(i, v)| x[i as usize] == v));
        assert!(line.points().any(|p| p == (31_415, 1e6)) && line.points().any(|p| p == (77_777, -1e6)));
        assert_eq!((line.at.first(), line.at.last()), (Some(&0), Some(&98_279)));
        // Column by column, the extremes are those of all points.
        for c in [0, 17, 500, 999] {
            let own = |i: usize| column_of(i, x.len()) == c;
            let all = (0..x.len()).filter(|i| own(*i)).map(|i| x[i]);
            let kept = line.points().filter(|(i, _)| own(*i as usize)).map(|(_, v)| v);
            assert_eq!(all.clone().fold(f64::MAX, f64::min), kept.clone().fold(f64::MAX, f64::min), "{c}");
            assert_eq!(all.fold(f64::MIN, f64::max), kept.fold(f64::MIN, f64::max), "{c}");
        }
    }

    #[test]
    fn a_column_without_values_breaks_the_line_once() {
        let mut x = vec![1.0; 5000];
        x[1000..1500].fill(f64::NAN);
        let line = Line::of(&x);
        // A hundred columns of five points each are missing, and one point tells of each.
        assert_eq!(line.values.iter().filter(|v| v.is_nan()).count(), 100);
        assert!(line.points().all(|(i, v)| v.is_nan() == (1000..1500).contains(&i)));
    }

    #[test]
    fn a_band_keeps_the_extremes_of_its_columns() {
        let low: Vec<f64> = (0..3000).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|v| v + 0.5).collect();
        let band = Band::of(&low, &high);
        assert_eq!((band.at.len(), band.low[1], band.high[1]), (1000, 3.0, 5.5));
        let few = Band::of(&[f64::NAN, 1.0], &[2.0, f64::NAN]);
        assert_eq!((few.at.as_slice(), few.low[1]), (&[0, 1][..], 1.0));
    }

    #[test]
    fn points_at_places_keep_their_places_and_few_of_a_column_are_left() {
        let line = Line::of_points(100, [(9, 1.0), (50, 2.0), (99, 3.0)].into_iter());
        assert_eq!((line.n, line.at.as_slice(), line.values.as_slice()), (100, &[9, 50, 99][..], &[1.0, 2.0, 3.0][..]));
        // Five thousand points at one place, and one far away.
        let mut many: Vec<(u32, f64)> = (0..5000).map(|i| (70, f64::from((i * 7) % 5000))).collect();
        many.push((99_999, 0.5));
        let line = Line::of_points(100_000, many.into_iter());
        assert_eq!(line.at, [70, 70, 70, 99_999]);
        assert_eq!(line.values, [0.0, 4999.0, 4993.0, 0.5]);
    }
}
