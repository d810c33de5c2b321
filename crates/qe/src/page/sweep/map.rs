//! The map of two parameters, and what a plateau is.
//!
//! A *plateau* is where a small step changes little. A point is on one if it has the metric, has a neighbour in every
//! parameter of numbers, and all of its neighbours have the metric within a tolerance of its own. A neighbour differs
//! in one parameter of numbers, by one step among the values that were tried. What was not tried is no neighbour; what
//! was tried and failed, or has no such metric, is one that breaks the plateau. Places of a map are judged in the same
//! way, among the places of that map.

use std::collections::BTreeMap;

use serde::Serialize;

use super::axis::ParamAxis;

/// A place of the map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cell {
    /// How many points stand there.
    pub n: usize,
    /// How many of them have the metric.
    pub n_done: usize,
    /// The best of them, or their mean; `None` where none has it.
    pub value: Option<f64>,
    /// Whether its neighbours are within the tolerance.
    pub is_plateau: bool,
    /// Whether no other place is better.
    pub is_best: bool,
}

/// How the points of a place are told by one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// There is one point for each place.
    Single,
    /// The best of them.
    Best,
    /// Their mean.
    Mean,
}

/// A map of two parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeatMap {
    /// What its numbers are.
    pub how: How,
    /// The parameter from left to right.
    pub x: String,
    /// What its places are called.
    pub x_labels: Vec<String>,
    /// The parameter from the bottom to the top; empty where only one differs.
    pub y: String,
    /// What its places are called.
    pub y_labels: Vec<String>,
    /// Places, row by row from the bottom.
    pub cells: Vec<Vec<Cell>>,
}

/// What is on a plateau: a value and those of its neighbours, `None` for one that has none. Without any it is on none.
fn is_flat(value: f64, neighbours: &[Option<f64>], tolerance: f64) -> bool {
    !neighbours.is_empty() && neighbours.iter().all(|other| other.is_some_and(|v| (v - value).abs() <= tolerance))
}

impl HeatMap {
    /// Of points by their metric, NaN where they have none.
    pub(crate) fn of(
        how: How,
        x: &ParamAxis,
        y: Option<&ParamAxis>,
        metric: &[f64],
        is_lowest_first: bool,
        tolerance: f64,
    ) -> Self {
        let n_rows = y.map_or(1, |y| y.labels.len());
        let mut cells = vec![vec![Cell::default(); x.labels.len()]; n_rows];
        let mut sums = vec![vec![0.0; x.labels.len()]; n_rows];
        let is_better = |a: f64, b: f64| if is_lowest_first { a < b } else { a > b };
        for (i, &v) in metric.iter().enumerate() {
            let (row, column) = (y.map_or(0, |y| y.place[i] as usize), x.place[i] as usize);
            let cell = &mut cells[row][column];
            cell.n += 1;
            if v.is_nan() {
                continue;
            }
            cell.n_done += 1;
            sums[row][column] += v;
            if cell.value.is_none_or(|before| is_better(v, before)) {
                cell.value = Some(v);
            }
        }
        if how == How::Mean {
            for (cell, sum) in cells.iter_mut().flatten().zip(sums.iter().flatten()) {
                cell.value = cell.value.map(|_| sum / cell.n_done as f64);
            }
        }
        let mut map = Self {
            how,
            x: x.name.clone(),
            x_labels: x.labels.clone(),
            y: y.map_or_else(String::new, |y| y.name.clone()),
            y_labels: y.map_or_else(Vec::new, |y| y.labels.clone()),
            cells,
        };
        map.mark(x.is_ordered, y.is_some_and(|y| y.is_ordered), is_better, tolerance);
        map
    }

    fn mark(&mut self, along_x: bool, along_y: bool, is_better: impl Fn(f64, f64) -> bool, tolerance: f64) {
        let values = self.cells.iter().flatten().filter_map(|c| c.value);
        let best = values.fold(None, |best, v| if best.is_none_or(|b| is_better(v, b)) { Some(v) } else { best });
        // Of what was tried: its number, if it has one.
        let at = |cells: &[Vec<Cell>], row: Option<usize>, column: Option<usize>| {
            let cell = cells.get(row?)?.get(column?)?;
            (cell.n > 0).then_some(cell.value)
        };
        let before = self.cells.clone();
        for (r, row) in self.cells.iter_mut().enumerate() {
            for (c, cell) in row.iter_mut().enumerate() {
                let Some(value) = cell.value else { continue };
                let pair = |is_asked: bool, ends: [Option<Option<f64>>; 2]| {
                    if is_asked { Some(ends.into_iter().flatten().collect::<Vec<_>>()) } else { None }
                };
                let sides = [c.checked_sub(1), Some(c + 1)].map(|c| at(&before, Some(r), c));
                let ends = [r.checked_sub(1), Some(r + 1)].map(|r| at(&before, r, Some(c)));
                let asked: Vec<Vec<Option<f64>>> =
                    [pair(along_x, sides), pair(along_y, ends)].into_iter().flatten().collect();
                cell.is_plateau = !asked.is_empty() && asked.iter().all(|of| is_flat(value, of, tolerance));
                cell.is_best = Some(value) == best;
            }
        }
    }

    /// How many places are on a plateau.
    pub fn n_plateau(&self) -> usize {
        self.cells.iter().flatten().filter(|c| c.is_plateau).count()
    }
}

/// Whether each point is on a plateau among all of them; `None` where no parameter of numbers differs, or fewer than half of
/// the points have a neighbour in each of these parameters, as among random draws: there, chance decides who is judged.
pub(crate) fn plateaus(axes: &[ParamAxis], metric: &[f64], tolerance: f64) -> Option<Vec<bool>> {
    let ordered: Vec<usize> = (0..axes.len()).filter(|k| axes[*k].is_ordered).collect();
    if ordered.is_empty() {
        return None;
    }
    let key = |i: usize| axes.iter().map(|axis| axis.value[i]).collect::<Vec<u32>>();
    let place: BTreeMap<Vec<u32>, usize> = (0..metric.len()).map(|i| (key(i), i)).collect();
    let mut n_judged = 0;
    let mut is_flat_at = |i: usize| {
        let mut own = key(i);
        let (mut is_on, mut is_judged) = (!metric[i].is_nan(), true);
        for &k in &ordered {
            let middle = own[k];
            let mut of = Vec::new();
            for step in [middle.checked_sub(1), middle.checked_add(1)].into_iter().flatten() {
                own[k] = step;
                of.extend(place.get(&own).map(|j| Some(metric[*j]).filter(|v| !v.is_nan())));
            }
            own[k] = middle;
            is_judged &= !of.is_empty();
            is_on &= is_flat(metric[i], &of, tolerance);
        }
        n_judged += usize::from(is_judged);
        is_on
    };
    let flat: Vec<bool> = (0..metric.len()).map(&mut is_flat_at).collect();
    (2 * n_judged >= metric.len()).then_some(flat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sweep::axis;
    use qe_core::param::Param;
    use qe_core::point::PointTable;

    fn axes(params: &[Param]) -> Vec<ParamAxis> {
        let points = PointTable::grid(params.to_vec(), 1000).unwrap();
        params.iter().map(|p| axis::of(&points, p).unwrap().unwrap()).collect()
    }

    #[test]
    fn a_plateau_is_where_a_step_in_any_direction_changes_little() {
        let axes = axes(&[Param::int("a", 1, 3, 1), Param::int("b", 1, 4, 1)]);
        // Rows of a, columns of b; one point failed.
        #[rustfmt::skip]
        let metric = [
            1.0, 1.0, 5.0, 5.0,
            1.1, 1.0, 5.0, f64::NAN,
            1.0, 0.9, 5.0, 5.1,
        ];
        let flat = plateaus(&axes, &metric, 0.2).unwrap();
        #[rustfmt::skip]
        let wanted = [
            true, false, false, false,
            true, false, false, false,
            true, false, false, false,
        ];
        assert_eq!(flat, wanted);
        // The same among the places of the map, which has a point for each.
        let map = HeatMap::of(How::Single, &axes[1], Some(&axes[0]), &metric, false, 0.2);
        let of_map: Vec<bool> = map.cells.iter().flatten().map(|c| c.is_plateau).collect();
        assert_eq!((of_map, map.n_plateau()), (wanted.to_vec(), 3));
        assert_eq!(map.cells[1][3], Cell { n: 1, ..Cell::default() });
        assert!(map.cells[2][3].is_best && map.cells.iter().flatten().filter(|c| c.is_best).count() == 1);
        // Wide enough, all but the neighbours of the one that failed.
        assert_eq!(plateaus(&axes, &metric, 9.0).unwrap().iter().filter(|f| **f).count(), 8);
    }

    #[test]
    fn words_have_no_neighbours() {
        let some = axes(&[Param::int("a", 1, 2, 1), Param::choice("exit", ["x", "y"], "x")]);
        assert_eq!(plateaus(&some, &[1.0, 5.0, 1.0, 5.0], 0.1), Some(vec![true; 4]));
        assert_eq!(plateaus(&some[1..], &[1.0, 5.0, 1.0, 5.0], 0.1), None);
        let draws = [
            ParamAxis { value: vec![0, 1, 2], place: vec![0, 1, 2], ..some[0].clone() },
            ParamAxis { name: "b".into(), value: vec![2, 0, 1], place: vec![2, 0, 1], ..some[0].clone() },
        ];
        assert_eq!(plateaus(&draws, &[1.0; 3], 0.1), None);
        // Nor are they judged where by chance two of five have all neighbours.
        let of =
            |axis: &ParamAxis, place: [u32; 5]| ParamAxis { value: place.into(), place: place.into(), ..axis.clone() };
        let chance = [of(&draws[0], [0, 1, 4, 6, 8])];
        assert_eq!(plateaus(&chance, &[1.0; 5], 0.1), None);
        assert_eq!(plateaus(&[of(&draws[0], [0, 1, 2, 6, 8])], &[1.0; 5], 0.1).map(|f| f[1]), Some(true));
    }

    #[test]
    fn a_place_tells_the_best_or_the_mean_of_its_points() {
        let axes = axes(&[Param::int("a", 1, 2, 1), Param::int("b", 1, 2, 1), Param::int("c", 1, 2, 1)]);
        let metric = [1.0, 3.0, f64::NAN, 2.0, f64::NAN, f64::NAN, -1.0, -3.0];
        let best = HeatMap::of(How::Best, &axes[0], Some(&axes[1]), &metric, false, 0.5);
        assert_eq!(best.cells[0][0].value.zip(best.cells[1][1].value), Some((3.0, -1.0)));
        assert_eq!((best.cells[0][1].n, best.cells[0][1].value, best.cells[1][0].n_done), (2, None, 1));
        let lowest = HeatMap::of(How::Best, &axes[0], Some(&axes[1]), &metric, true, 0.5);
        assert_eq!(lowest.cells[0][0].value, Some(1.0));
        assert!(lowest.cells[1][1].is_best);
        let mean = HeatMap::of(How::Mean, &axes[0], Some(&axes[1]), &metric, false, 0.5);
        assert_eq!(mean.cells[1][1].value, Some(-2.0));
        let line = HeatMap::of(How::Mean, &axes[0], None, &metric, false, 0.5);
        assert_eq!((line.cells.len(), line.cells[0][0].value), (1, Some(2.0)));
    }
}
