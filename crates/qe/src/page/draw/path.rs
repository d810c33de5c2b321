//! The `d` of a path: whole numbers, as few bytes as it takes.

use std::fmt::Write as _;

use super::reduce::{Band, Line, N_COLUMNS, column_of};
use super::scale::Scale;

/// Both sides of a drawing.
pub(crate) const SIDE: f64 = 1000.0;

/// A path as it grows.
#[derive(Debug, Default)]
pub(crate) struct Path(String);

/// A height as it is drawn: 0 at the top.
fn height(share: f64) -> i32 {
    (SIDE * (1.0 - share)).round() as i32
}

/// Where the `i`-th of `n` points is drawn: in the middle of its room, and where columns hold several, of its column.
pub(crate) fn place(i: usize, n: usize) -> f64 {
    let (i, n) = if n > 2 * N_COLUMNS { (column_of(i, n), N_COLUMNS) } else { (i, n.max(1)) };
    SIDE * (i as f64 + 0.5) / n as f64
}

impl Path {
    fn number(&mut self, x: f64) -> &mut Self {
        let tenths = (10.0 * x).round() as i64;
        // Writing to a string does not fail.
        let _ = match tenths % 10 {
            0 => write!(self.0, "{}", tenths / 10),
            tenth => write!(self.0, "{}{}.{}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenth.abs()),
        };
        self
    }

    fn whole(&mut self, y: i32) -> &mut Self {
        let _ = write!(self.0, "{y}");
        self
    }

    fn letter(&mut self, c: char) -> &mut Self {
        self.0.push(c);
        self
    }

    /// Goes to a point.
    pub(crate) fn to(&mut self, x: f64, share: f64) -> &mut Self {
        self.letter('M').number(x).letter(' ').whole(height(share))
    }

    /// Draws a line to a point.
    pub(crate) fn line(&mut self, x: f64, share: f64) -> &mut Self {
        self.letter('L').number(x).letter(' ').whole(height(share))
    }

    /// Draws a dot, which is as wide as the stroke and as round as its ends are.
    pub(crate) fn dot(&mut self, x: f64, share: f64) -> &mut Self {
        self.dot_at(x, height(share))
    }

    fn dot_at(&mut self, x: f64, y: i32) -> &mut Self {
        self.letter('M').number(x).letter(' ').whole(y);
        // Of no length at all, some readers of paper draw no square ends.
        self.0.push_str("h.01");
        self
    }

    /// Draws a box, from one share of the width and the height to another.
    pub(crate) fn rectangle(&mut self, x: (f64, f64), share: (f64, f64)) -> &mut Self {
        self.to(x.0, share.0).letter('V').whole(height(share.1));
        self.letter('H').number(x.1).letter('V').whole(height(share.0)).letter('Z')
    }

    /// Draws a series on a scale.
    pub(crate) fn series(&mut self, line: &Line, scale: &Scale) -> &mut Self {
        let mut before: Option<(i64, i32)> = None;
        for (i, v) in line.points() {
            if v.is_nan() {
                before = None;
                continue;
            }
            let (x, y) = (place(i as usize, line.n), height(scale.at(v)));
            let tenths = (10.0 * x).round() as i64;
            match before {
                Some(p) if p == (tenths, y) => continue,
                Some((px, _)) if px == tenths => {
                    self.letter('V').whole(y);
                }
                Some((_, py)) if py == y => {
                    self.letter('H').number(x);
                }
                Some(_) => {
                    self.letter('L').number(x).letter(' ').whole(y);
                }
                // A point alone is a dot.
                None => {
                    self.dot_at(x, y);
                }
            }
            before = Some((tenths, y));
        }
        self
    }

    /// Draws what lies between a series and a value of the scale, each stretch of it closed.
    pub(crate) fn area(&mut self, line: &Line, scale: &Scale, base: f64) -> &mut Self {
        let ground = height(scale.at(base));
        for stretch in stretches(line) {
            let part = Line {
                n: line.n,
                at: line.at[stretch.clone()].to_vec(),
                values: line.values[stretch.clone()].to_vec(),
            };
            let (Some(first), Some(last)) = (part.at.first(), part.at.last()) else { continue };
            let (first, last) = (place(*first as usize, line.n), place(*last as usize, line.n));
            self.series(&part, scale);
            self.letter('L').number(last).letter(' ').whole(ground).letter('H').number(first).letter('Z');
        }
        self
    }

    /// Draws a bar from low to high for each column of a band.
    pub(crate) fn band(&mut self, band: &Band, scale: &Scale) -> &mut Self {
        for ((at, low), high) in band.at.iter().zip(&band.low).zip(&band.high) {
            if !(low.is_nan() || high.is_nan()) {
                let (bottom, top) = (height(scale.at(*low)), height(scale.at(*high)));
                let x = place(*at as usize, band.n);
                let top = if top == bottom { top - 1 } else { top };
                self.letter('M').number(x).letter(' ').whole(bottom).letter('V').whole(top);
            }
        }
        self
    }

    /// Whether nothing is drawn.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The `d`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The stretches of a line that are not broken.
fn stretches(line: &Line) -> Vec<std::ops::Range<usize>> {
    let (mut out, mut from): (Vec<std::ops::Range<usize>>, Option<usize>) = (Vec::new(), None);
    for (i, v) in line.values.iter().enumerate() {
        match (v.is_nan(), from) {
            (false, None) => from = Some(i),
            (true, Some(start)) => {
                out.push(start..i);
                from = None;
            }
            _ => {}
        }
    }
    out.extend(from.map(|start| start..line.values.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Scale = Scale { low: 0.0, high: 1.0, is_log: false };

    fn drawn(line: &Line) -> String {
        let mut path = Path::default();
        path.series(line, &UNIT).as_str().to_owned()
    }

    #[test]
    fn a_line_goes_through_its_points_and_is_broken_where_they_are_missing() {
        assert_eq!(drawn(&Line::of(&[0.0, 1.0, 1.0, f64::NAN, 0.5])), "M100 1000h.01L300 0H500M900 500h.01");
        assert_eq!(drawn(&Line::of(&[0.25])), "M500 750h.01");
        assert_eq!(drawn(&Line::of(&[])), "");
    }

    #[test]
    fn a_column_of_many_points_is_one_place() {
        let saw: Vec<f64> = (0..10_000).map(|i| f64::from(i % 2)).collect();
        let d = drawn(&Line::of(&saw));
        assert!(d.starts_with("M0.5 1000h.01V0L1.5 1000V0"), "{}", &d[..40]);
    }

    #[test]
    fn an_area_is_closed_at_its_ground() {
        let mut path = Path::default();
        path.area(&Line::of(&[0.5, f64::NAN, 1.0]), &UNIT, 0.0);
        assert_eq!(path.as_str(), "M166.7 500h.01L166.7 1000H166.7ZM833.3 0h.01L833.3 1000H833.3Z");
    }

    #[test]
    fn boxes_dots_and_bands_are_where_they_should_be() {
        let mut path = Path::default();
        path.dot(12.34, 0.5).rectangle((0.0, 10.0), (0.0, 1.0));
        path.band(&Band::of(&[0.2, f64::NAN, 0.4], &[0.2, 0.5, 0.6]), &UNIT);
        assert_eq!(path.as_str(), "M12.3 500h.01M0 1000V0H10V1000ZM166.7 800V799M833.3 600V400");
    }
}
