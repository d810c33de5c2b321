//! One parameter at a time: how the metric is spread over all points that share a value of it.

use qe_core::stats::quantile_sorted;
use serde::Serialize;

use super::axis::ParamAxis;

/// The points of one place of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MarginalPlace {
    /// What the place is called.
    pub label: String,
    /// How many points stand there.
    pub n: usize,
    /// How many of them have the metric.
    pub n_done: usize,
    /// The least, the quartiles and the greatest; `None` where none has it.
    pub quartiles: Option<[f64; 5]>,
}

/// A parameter alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Marginal {
    /// Its name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// Its places, in order.
    pub places: Vec<MarginalPlace>,
    /// Where groups of numbers begin and the last one ends: [`ParamAxis::edges`].
    pub edges: Vec<String>,
}

impl Marginal {
    pub(crate) fn of(axis: &ParamAxis, metric: &[f64]) -> Self {
        let mut values: Vec<(usize, Vec<f64>)> = vec![(0, Vec::new()); axis.labels.len()];
        for (place, v) in axis.place.iter().zip(metric) {
            let (n, there) = &mut values[*place as usize];
            *n += 1;
            there.extend(Some(*v).filter(|v| !v.is_nan()));
        }
        let place = |(label, (n, mut there)): (&String, (usize, Vec<f64>))| {
            there.sort_unstable_by(f64::total_cmp);
            let at = |p| quantile_sorted(&there, p);
            let quartiles = match (at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)) {
                (Some(a), Some(b), Some(c), Some(d), Some(e)) => Some([a, b, c, d, e]),
                _ => None,
            };
            MarginalPlace { label: label.clone(), n, n_done: there.len(), quartiles }
        };
        let places = axis.labels.iter().zip(values).map(place).collect();
        Self { name: axis.name.clone(), doc: axis.doc.clone(), places, edges: axis.edges.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sweep::axis;
    use qe_core::param::Param;
    use qe_core::point::PointTable;

    #[test]
    fn each_value_has_the_spread_of_its_points() {
        let params = [Param::int("a", 1, 2, 1), Param::int("b", 1, 5, 1)];
        let points = PointTable::grid(params.clone(), 100).unwrap();
        let a = axis::of(&points, &params[0]).unwrap().unwrap();
        let metric = [5.0, 1.0, 3.0, 2.0, 4.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN];
        let told = Marginal::of(&a, &metric);
        assert_eq!(told.places[0].quartiles, Some([1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_eq!((told.places[1].n, told.places[1].n_done, told.places[1].quartiles), (5, 0, None));
    }
}
