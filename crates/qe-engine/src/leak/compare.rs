//! The first place in which two runs differ up to a cut.

use super::{Act, Cut, Difference, Said, Series, Tampering, Told, Trial};
use crate::error::Result;
use crate::fills::At;

/// What came of one trial.
pub(super) fn trial(whole: &Told, other: Result<Told>, cut: Cut, tampering: Tampering) -> Trial {
    let n_compared = known(whole, cut).len();
    let differs = |at: Place, what: String, field: &str, before: String, after: String| Difference {
        cut,
        tampering,
        time: at.time,
        row: at.row,
        what,
        field: field.to_owned(),
        before,
        after,
    };
    let other = match other {
        Ok(other) => other,
        Err(error) => {
            // Where nothing was done yet, a run that cannot be is no difference.
            let first = whole.acts.first().filter(|_| n_compared > 0);
            let first = first.map(|act| {
                differs(Place::of(act), "the run".into(), "", "it was run".into(), format!("it fails: {error}"))
            });
            return Trial { cut, tampering, n_compared, is_parted: true, first };
        }
    };
    let (a, b) = (later(whole, cut), later(&other, cut));
    let is_parted = a.len() != b.len() || !a.iter().zip(&b).all(|(a, b)| is_alike(a, b));
    let mut first: Option<Difference> = None;
    // Of several in one instant that stands which was looked at first: what was read, what was said, what was done.
    let mut found = |difference: Option<Difference>| {
        if let Some(d) = difference
            && first.as_ref().is_none_or(|first| d.time < first.time)
        {
            first = Some(d);
        }
    };
    for i in 0..whole.series.len().max(other.series.len()) {
        found(match (whole.series.get(i), other.series.get(i)) {
            (Some(a), Some(b)) if a.name == b.name => {
                of_series(a, b, cut).map(|(at, before, after)| differs(at, a.name.clone(), "", before, after))
            }
            (a, b) => {
                let name = |s: Option<&Series>| s.map_or_else(|| "none".to_owned(), |s| s.name.clone());
                let at = Place { time: i64::MIN, row: 0 };
                Some(differs(at, format!("series {i}"), "name", name(a), name(b)))
            }
        });
    }
    found(of_acts(whole, &other, cut).map(|(at, what, field, before, after)| differs(at, what, &field, before, after)));
    Trial { cut, tampering, n_compared, is_parted, first }
}

/// When something is, and in which row.
#[derive(Clone, Copy)]
struct Place {
    time: i64,
    row: usize,
}

impl Place {
    fn of(act: &Act) -> Self {
        Self { time: act.time, row: act.row }
    }
}

/// Whether two numbers are the same bits, or both missing.
fn is_same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn is_said_alike(a: &Said, b: &Said) -> bool {
    match (a, b) {
        (Said::Number(a), Said::Number(b)) => is_same(*a, *b),
        (a, b) => a == b,
    }
}

fn is_alike(a: &Act, b: &Act) -> bool {
    (a.time, a.at, a.row, a.what) == (b.time, b.at, b.row, b.what)
        && a.fields.len() == b.fields.len()
        && a.fields.iter().zip(&b.fields).all(|(a, b)| a.0 == b.0 && is_said_alike(&a.1, &b.1))
}

/// The first number in which two series differ up to a cut.
fn of_series(a: &Series, b: &Series, cut: Cut) -> Option<(Place, String, String)> {
    let n = |s: &Series| s.times.iter().take_while(|t| cut.knows(**t, s.at)).count();
    let (n_a, n_b) = (n(a), n(b));
    let row = (0..n_a.max(n_b)).find(|&row| {
        row >= n_a || row >= n_b || a.times[row] != b.times[row] || !is_same(a.values[row], b.values[row])
    })?;
    let text = |s: &Series, n: usize| if row < n { number(s.values[row]) } else { "nothing".to_owned() };
    let time = a.times.get(row).filter(|_| row < n_a).or_else(|| b.times.get(row)).copied().unwrap_or(cut.time);
    Some((Place { time, row }, text(a, n_a), text(b, n_b)))
}

type Found = (Place, String, String, String, String);

/// The acts that were known at a cut, in the order in which they were; of one instant in the order in which they were told.
fn known(told: &Told, cut: Cut) -> Vec<&Act> {
    let mut acts: Vec<&Act> = told.acts.iter().filter(|a| cut.knows(a.time, a.at)).collect();
    acts.sort_by_key(|a| (a.time, a.at == At::Open));
    acts
}

/// Those that were known after a cut.
fn later(told: &Told, cut: Cut) -> Vec<&Act> {
    told.acts.iter().filter(|a| !cut.knows(a.time, a.at)).collect()
}

/// The first act in which two runs differ up to a cut.
fn of_acts(whole: &Told, other: &Told, cut: Cut) -> Option<Found> {
    let (a, b) = (known(whole, cut), known(other, cut));
    let (mut i, mut k) = (0, 0);
    loop {
        match (a.get(i), b.get(k)) {
            (None, None) => return None,
            (Some(x), Some(y)) if is_alike(x, y) => (i, k) = (i + 1, k + 1),
            // It was not decided any more, because its order would be due after the end.
            (Some(x), _) if x.is_of_decision && x.time >= other.decides_until => i += 1,
            (Some(x), Some(y)) if (x.what, x.time, x.row) == (y.what, y.time, y.row) => {
                let n = x.fields.len().max(y.fields.len());
                let at = (0..n).find(|&f| match (x.fields.get(f), y.fields.get(f)) {
                    (Some(x), Some(y)) => x.0 != y.0 || !is_said_alike(&x.1, &y.1),
                    _ => true,
                });
                let field = at.map_or("at", |at| x.fields.get(at).or_else(|| y.fields.get(at)).map_or("", |f| f.0));
                let text = |act: &Act| match at.and_then(|at| act.fields.get(at)) {
                    Some((_, said)) => text_of(said),
                    None => format!("{:?}", act.at).to_lowercase(),
                };
                return Some((Place::of(x), format!("{} {i}", x.what), field.to_owned(), text(x), text(y)));
            }
            (Some(x), Some(y)) if y.time < x.time => return Some(only(y, i, false)),
            (Some(x), _) => return Some(only(x, i, true)),
            (None, Some(y)) => return Some(only(y, i, false)),
        }
    }
}

/// An act that is in one run alone.
fn only(act: &Act, number: usize, is_before: bool) -> Found {
    let told: Vec<String> = act.fields.iter().map(|(name, said)| format!("{name} {}", text_of(said))).collect();
    let (is, none) = (told.join(", "), "none".to_owned());
    let (before, after) = if is_before { (is, none) } else { (none, is) };
    (Place::of(act), format!("{} {number}", act.what), String::new(), before, after)
}

fn text_of(said: &Said) -> String {
    match said {
        Said::Number(x) => number(*x),
        Said::Text(text) => text.clone(),
    }
}

fn number(x: f64) -> String {
    if x.is_nan() { "missing".to_owned() } else { x.to_string() }
}
