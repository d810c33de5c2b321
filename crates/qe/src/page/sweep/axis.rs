//! A parameter of a sweep: which values there are, in order, and at which of them each point stands.

use std::collections::BTreeMap;

use qe_core::param::{Kind, Param, Scale};
use qe_core::point::{PointColumn, PointTable};
use serde::Serialize;

use crate::page::number::{fixed, powers};

/// More values than these are put into groups.
const MOST_VALUES: usize = 24;

/// More words than these share the last place.
const MOST_WORDS: usize = 40;

/// A parameter that differs between points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamAxis {
    /// Its name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// How many values there are.
    pub n_values: usize,
    /// What its places are called, in order: values, or groups of them.
    pub labels: Vec<String>,
    /// Where groups of numbers begin and the last one ends; nothing where places are no groups of numbers.
    pub edges: Vec<String>,
    /// Whether places are groups of values.
    pub is_grouped: bool,
    /// Whether values have an order, so that places next to each other are neighbours: numbers do, words do not.
    pub is_ordered: bool,
    /// The place of each point.
    #[serde(skip)]
    pub(crate) place: Vec<u32>,
    /// The number of each point's value among all values.
    #[serde(skip)]
    pub(crate) value: Vec<u32>,
}

/// A number, as an axis writes it: a whole one as it is, and of others seven digits, which tell values of a lattice apart.
pub(crate) fn number(v: f64) -> String {
    rounded(v, 7)
}

fn rounded(v: f64, n_digits: usize) -> String {
    let is_whole = v.fract() == 0.0 && v.abs() < 1e15;
    let short = if is_whole { v } else { format!("{v:.*e}", n_digits - 1).parse().unwrap_or(v) };
    match v.abs() {
        size if size != 0.0 && !(1e-5..1e15).contains(&size) => format!("{short:e}"),
        _ => short.to_string(),
    }
    .replace('-', "−")
}

/// Distinct numbers, with more digits where seven do not tell them apart; noise in the last digits does not count.
fn values_told(values: &[f64]) -> Vec<String> {
    let told = |n_digits| values.iter().map(|v| rounded(*v, n_digits)).collect::<Vec<_>>();
    let is_apart = |labels: &Vec<String>| labels.windows(2).all(|w| w[0] != w[1]);
    (7..=12).map(told).find(is_apart).unwrap_or_else(|| told(7))
}

/// The value of a parameter that is the same at all points, or the axis of one that is not.
pub(crate) fn of(points: &PointTable, param: &Param) -> qe_core::Result<Result<ParamAxis, String>> {
    let numbers = |numbers: Vec<f64>, is_whole: bool| of_numbers(param, &numbers, is_whole);
    Ok(match points.column(&param.name)? {
        PointColumn::Int(x) => numbers(x.iter().map(|v| *v as f64).collect(), true),
        PointColumn::Float(x) => numbers(x.clone(), false),
        PointColumn::Bool(x) => {
            of_words(param, &["false".to_owned(), "true".to_owned()], x.iter().map(|v| u32::from(*v)))
        }
        PointColumn::Choice(x) => match &param.kind {
            Kind::Choice { options } => of_words(param, options, x.iter().copied()),
            _ => Err(String::new()),
        },
    })
}

fn of_numbers(param: &Param, x: &[f64], is_whole: bool) -> Result<ParamAxis, String> {
    let mut values = x.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return Err(String::new()) };
    if values.len() == 1 {
        return Err(number(low));
    }
    let value: Vec<u32> = x.iter().map(|v| values.partition_point(|w| w < v) as u32).collect();
    let mut axis = ParamAxis {
        name: param.name.clone(),
        doc: param.doc.clone(),
        n_values: values.len(),
        labels: values_told(&values),
        edges: Vec::new(),
        is_grouped: values.len() > MOST_VALUES,
        is_ordered: true,
        place: value.clone(),
        value,
    };
    if axis.is_grouped {
        let is_log = param.scale == Scale::Log && low > 0.0;
        let n = MOST_VALUES / 2;
        let edge = |k: usize| {
            let share = k as f64 / n as f64;
            let edge = if is_log { low * libm::pow(high / low, share) } else { low + share * (high - low) };
            if is_whole { edge.round() } else { edge }
        };
        let edges: Vec<f64> = (0..=n).map(edge).collect();
        let group = |v: &f64| edges[1..n].partition_point(|e| e <= v) as u32;
        axis.place = x.iter().map(group).collect();
        axis.edges = told_apart(&edges, is_whole);
        let end = |k: usize| match is_whole && k + 1 < n {
            true => told_apart(&[edges[k + 1] - 1.0], true).remove(0),
            false => axis.edges[k + 1].clone(),
        };
        axis.labels = (0..n).map(|k| format!("{} to {}", axis.edges[k], end(k))).collect();
    }
    Ok(axis)
}

/// Ascending numbers, each with two digits of what lies between it and the next.
fn told_apart(x: &[f64], is_whole: bool) -> Vec<String> {
    if is_whole {
        return x.iter().map(|v| number(*v)).collect();
    }
    let gaps: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
    let gap = |i: usize| gaps[i.saturating_sub(1)..].iter().take(2).copied().fold(f64::INFINITY, f64::min);
    let decimals = |i: usize| (1.0 - libm::log10(gap(i)).floor()).clamp(0.0, 99.0) as usize;
    let written: [Vec<String>; 2] = [
        x.iter().enumerate().map(|(i, v)| fixed(*v, decimals(i))).collect(),
        x.iter().enumerate().map(|(i, v)| powers(*v, v.abs(), gap(i) / 10.0)).collect(),
    ];
    // Plain digits, unless they are longer than those before a power of ten.
    let longest = |labels: &[String]| labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let [plain, with_powers] = written;
    if longest(&plain) <= longest(&with_powers).max(7) { plain } else { with_powers }
}

fn of_words(param: &Param, options: &[String], x: impl Iterator<Item = u32>) -> Result<ParamAxis, String> {
    let x: Vec<u32> = x.collect();
    let mut place_of: BTreeMap<u32, u32> = x.iter().map(|v| (*v, 0)).collect();
    for (place, (_, slot)) in place_of.iter_mut().enumerate() {
        *slot = place as u32;
    }
    let word = |v: &u32| options.get(*v as usize).cloned().unwrap_or_default();
    let mut labels: Vec<String> = place_of.keys().map(word).collect();
    match labels.as_slice() {
        [] => return Err(String::new()),
        [only] => return Err(only.clone()),
        _ => {}
    }
    let n_values = labels.len();
    if n_values > MOST_WORDS {
        labels.truncate(MOST_WORDS - 1);
        labels.push(format!("{} others", n_values + 1 - MOST_WORDS));
    }
    let value: Vec<u32> = x.iter().filter_map(|v| place_of.get(v).copied()).collect();
    Ok(ParamAxis {
        name: param.name.clone(),
        doc: param.doc.clone(),
        n_values,
        edges: Vec::new(),
        is_grouped: labels.len() < n_values,
        is_ordered: false,
        place: value.iter().map(|v| (*v).min(labels.len() as u32 - 1)).collect(),
        labels,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::param::Value;

    fn axis(param: Param, values: &[Value]) -> Result<ParamAxis, String> {
        let mut points = PointTable::new([param.clone()]).unwrap();
        for (id, v) in values.iter().enumerate() {
            points.push(id as u64, std::slice::from_ref(v)).unwrap();
        }
        of(&points, &param).unwrap()
    }

    #[test]
    fn values_stand_in_order_and_one_alone_is_no_axis() {
        let some =
            axis(Param::float("x", -1.0, 1.0, 0.0), &[0.3.into(), (-0.1).into(), (0.1 + 0.2).into(), 0.3.into()]);
        let some = some.unwrap();
        assert_eq!(
            (some.labels.as_slice(), some.place.as_slice()),
            (&["−0.1", "0.3", "0.3"].map(String::from)[..], &[1, 0, 2, 1][..])
        );
        assert!(some.is_ordered && !some.is_grouped);
        assert_eq!(axis(Param::int("n", 1, 9, 1), &[4.into(), 4.into()]), Err("4".to_owned()));
        let words =
            axis(Param::choice("exit", ["stop", "trail", "none"], "stop"), &["none".into(), "stop".into()]).unwrap();
        assert_eq!((words.labels.as_slice(), words.is_ordered), (&["stop", "none"].map(String::from)[..], false));
        assert_eq!(words.place, [1, 0]);
    }

    #[test]
    fn whole_numbers_are_written_whole_and_near_ones_apart() {
        let dates: Vec<Value> = (20_240_101..20_240_113).map(|i: i64| i.into()).collect();
        let days = axis(Param::int("day", 20_240_101, 20_240_112, 20_240_101), &dates).unwrap();
        assert_eq!((days.labels[0].as_str(), days.labels[11].as_str()), ("20240101", "20240112"));
        let near: Vec<Value> = (0..5).map(|i| (1e8 + 0.25 * f64::from(i)).into()).collect();
        let near = axis(Param::float("x", 1e8, 2e8, 1e8), &near).unwrap();
        assert_eq!((near.labels[0].as_str(), near.labels[2].as_str()), ("100000000", "100000000.5"));
        assert!(near.labels.windows(2).all(|w| w[0] != w[1]), "{:?}", near.labels);
        let tiny: Vec<Value> = (1..4).map(|i| (1e-9 * f64::from(i)).into()).collect();
        assert_eq!(axis(Param::float("x", 0.0, 1.0, 0.0), &tiny).unwrap().labels[1], "2e−9");
    }

    #[test]
    fn many_values_are_grouped_and_none_is_lost() {
        let values: Vec<Value> = (1..=100).map(|i: i64| i.into()).collect();
        let many = axis(Param::int("n", 1, 100, 1), &values).unwrap();
        assert_eq!((many.labels.len(), many.n_values, many.is_grouped), (12, 100, true));
        assert_eq!((many.labels[0].as_str(), many.labels[11].as_str()), ("1 to 8", "92 to 100"));
        assert!(many.place.windows(2).all(|w| w[0] == w[1] || w[0] + 1 == w[1]) && many.place[99] == 11);
        // What a label says is where a value stands.
        assert_eq!((many.place[7], many.place[8], many.place[90], many.place[91]), (0, 1, 10, 11));
    }

    #[test]
    fn groups_of_any_size_have_short_labels_that_differ() {
        let of = |low: f64, high: f64, is_log: bool| {
            let values: Vec<Value> = (0..200).map(|i| (low + (high - low) * f64::from(i) / 199.0).into()).collect();
            let mut param = Param::float("x", low, high, low);
            param.scale = if is_log { Scale::Log } else { Scale::Linear };
            axis(param, &values).unwrap()
        };
        let z = of(0.5, 3.0, false);
        assert_eq!((z.labels[0].as_str(), z.labels[11].as_str()), ("0.50 to 0.71", "2.79 to 3.00"));
        let log = of(0.001, 10.0, true);
        assert_eq!((log.edges[0].as_str(), log.edges[6].as_str(), log.edges[12].as_str()), ("0.0010", "0.100", "10.0"));
        let ranges =
            [(1000.001, 1000.012), (-3e-7, 2e-7), (2e9, 2.001e9), (0.001011, 0.09989), (-40.0, 40.0), (0.0, 1e15)];
        for axis in ranges.map(|(low, high)| of(low, high, false)).iter().chain([&z, &log]) {
            let mut told = axis.edges.clone();
            assert!(told.len() == 13 && told.iter().all(|l| l.chars().count() <= 13), "{told:?}");
            told.dedup();
            assert_eq!(told.len(), 13, "{told:?}");
        }
    }

    #[test]
    fn many_words_share_the_last_place() {
        let options: Vec<String> = (0..100).map(|i| format!("S{i}")).collect();
        let param = Param::choice("market", options.iter().map(String::as_str), "S0");
        let values: Vec<Value> = options.iter().map(|o| o.as_str().into()).collect();
        let many = axis(param, &values).unwrap();
        assert_eq!((many.labels.len(), many.labels[39].as_str(), many.place[99]), (40, "61 others", 39));
    }
}
