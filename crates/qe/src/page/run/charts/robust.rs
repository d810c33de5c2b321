//! What a result hangs on: the order of prices within a bar, and costs.

use qe_engine::fills::PathPolicy;
use qe_engine::range::{PolicyRange, Way};

use crate::page::draw::{Bottom, Chart, Mark, Path, Scale};
use crate::page::number::{change, fixed, percent_to};
use crate::page::run::RunPage;
use crate::page::run::trading::words;

/// What was won under each path policy, and with undecided bars turned.
pub(crate) fn policies(range: &PolicyRange, capital: f64) -> Chart<'static> {
    let alone: Vec<&Way> = range.ways.iter().filter(|w| w.turned.is_none()).collect();
    let won = |way: &Way| way.pnl / capital;
    let scale = Scale::linear(range.ways.iter().map(won).chain([0.0]));
    let (mut spans, mut turned, mut dots) = (Path::default(), Path::default(), Path::default());
    let room = 1000.0 / alone.len().max(1) as f64;
    let mut words = Vec::new();
    for (i, way) in alone.iter().enumerate() {
        let x = room * (i as f64 + 0.5);
        let own = range.ways.iter().filter(|w| w.policy == way.policy).map(won).filter(|v| !v.is_nan());
        let (least, most) = own.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(v), e.1.max(v)));
        if least <= most {
            spans.to(x, scale.at(least)).line(x, scale.at(most));
        }
        own.skip(1).for_each(|v| {
            turned.to(x - 0.12 * room, scale.at(v)).line(x + 0.12 * room, scale.at(v));
        });
        dots.dot(x, scale.at(won(way)));
        words.push(((i as f64 + 0.5) / alone.len() as f64, words_of(way.policy), i % 2 == 1));
    }
    let mut legend = vec![("dot entry win", "The policy".to_owned())];
    if !turned.is_empty() {
        legend.push(("price", "With an undecided bar turned the other way".to_owned()));
    }
    Chart {
        id: "policies-chart".into(),
        class: "low",
        heading: String::new(),
        title: "Total return under each path policy".into(),
        drawn: "A dot for each policy, a stroke for each undecided bar that was turned, a line over all of them."
            .into(),
        summary: format!(
            "Total return from {} to {} over all of these runs.",
            change(range.pnl.low / capital),
            change(range.pnl.high / capital)
        ),
        scale,
        write: percent_to,
        read_as: "percent",
        n_ticks: 4,
        base: Some(0.0),
        bottom: Bottom::Words(words),
        marks: vec![
            Mark::new("line whisker", spans),
            Mark::new("line price", turned),
            Mark::new("dot entry win", dots),
        ],
        legend,
        axes: ("", "Total return"),
    }
}

/// A policy, short enough for an axis.
fn words_of(policy: PathPolicy) -> String {
    match policy {
        PathPolicy::OpenHighLowClose => "O H L C".to_owned(),
        PathPolicy::OpenLowHighClose => "O L H C".to_owned(),
        PathPolicy::LowerTimeframe => "lower".to_owned(),
        PathPolicy::NearestExtreme => "nearest".to_owned(),
        other => words(&format!("{other:?}")),
    }
}

/// What was won at each multiple of the costs.
pub(crate) fn stress(page: &RunPage) -> Option<Chart<'static>> {
    let stress = page.stress.as_ref()?;
    let points: Vec<(f64, f64)> =
        stress.rows.iter().filter_map(|r| r.told.as_ref().ok().map(|t| (r.times, t.total_return))).collect();
    let across = Scale::linear(points.iter().map(|p| p.0));
    let scale = Scale::linear(points.iter().map(|p| p.1).chain([0.0]));
    let (mut line, mut dots) = (Path::default(), Path::default());
    for (k, (times, won)) in points.iter().enumerate() {
        let (x, y) = (1000.0 * across.at(*times), scale.at(*won));
        if k == 0 {
            line.to(x, y)
        } else {
            line.line(x, y)
        };
        dots.dot(x, y);
    }
    let times = |x: f64| if x.fract() == 0.0 { fixed(x, 0) } else { fixed(x, 1) };
    let told: Vec<String> = points.iter().map(|(x, won)| format!("{} at {}×", change(*won), times(*x))).collect();
    let even = match stress.break_even {
        Some(x) => format!(" It breaks even at about {} times the costs.", fixed(x, 1)),
        None if points.iter().all(|p| p.1 > 0.0) => " Something is left at all of them.".to_owned(),
        None => String::new(),
    };
    let words = points.iter().map(|(x, _)| (across.at(*x), format!("{}×", times(*x)), false)).collect();
    Some(Chart {
        id: "stress-chart".into(),
        class: "low",
        heading: String::new(),
        title: "Total return at multiples of the costs".into(),
        drawn: "A dot for each run, joined by straight lines.".into(),
        summary: format!("Total return {}.{even}", told.join(", ")),
        scale,
        write: percent_to,
        read_as: "percent",
        n_ticks: 4,
        base: Some(0.0),
        bottom: Bottom::Words(words),
        marks: vec![Mark::new("line s1", line), Mark::new("dot entry win", dots)],
        legend: vec![],
        axes: ("Times the costs", "Total return"),
    })
}
