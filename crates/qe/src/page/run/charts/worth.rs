//! Worth: what 1 became, how far it was below its peak, and what rolls over days.

use super::reduced;
use crate::page::draw::{Bottom, Chart, Line, Mark, Path, Scale};
use crate::page::html::short;
use crate::page::number::{NONE, change, fixed, percent, percent_to, significant};
use crate::page::run::RunPage;

/// What 1 became, as a change.
fn grown(v: f64, decimals: usize) -> String {
    match v {
        v if v >= 100.0 => format!("×{}", significant(v)),
        v if v > 1.0 => format!("+{}", percent_to(v - 1.0, decimals)),
        v => percent_to(v - 1.0, decimals),
    }
}

/// The least growth that is drawn: nothing has no logarithm.
const FLOOR: f64 = 1e-3;

pub(crate) fn growth(page: &RunPage) -> Chart<'_> {
    let values = page.growth.values.iter().chain(&page.benchmark.values).copied();
    let scale = Scale::log(values, FLOOR);
    let (mut own, mut other) = (Path::default(), Path::default());
    own.series(&page.growth, &scale);
    other.series(&page.benchmark, &scale);
    let name = short(&page.beside.name, 60);
    let end = |line: &Line| line.last().map_or(NONE.to_owned(), |v| change(v - 1.0));
    let floor = if page.growth.values.iter().chain(&page.benchmark.values).any(|v| *v <= FLOOR) {
        " What fell to a thousandth or below is drawn at the bottom."
    } else {
        ""
    };
    Chart {
        id: "growth-chart".into(),
        class: "tall",
        heading: String::new(),
        title: format!("Cumulative return of the strategy and of {name}, logarithmic"),
        drawn: format!("{} Equal heights are equal ratios.", reduced(page.growth.n)),
        summary: format!("At the end: strategy {}, {name} {}.{floor}", end(&page.growth), end(&page.benchmark)),
        scale,
        write: grown,
        read_as: "growth",
        n_ticks: 5,
        base: Some(1.0),
        bottom: Bottom::Time(&page.axis),
        marks: vec![Mark::named("line s2", &name, other), Mark::named("line s1", "Strategy", own)],
        legend: vec![("s1", "Strategy".into()), ("s2", name)],
        axes: ("", "Return since the beginning, log scale"),
    }
}

pub(crate) fn underwater(page: &RunPage) -> Chart<'_> {
    let scale = Scale::linear(page.underwater.values.iter().copied().chain([0.0]));
    let scale = Scale { high: 0.0, ..scale };
    let (mut area, mut line) = (Path::default(), Path::default());
    area.area(&page.underwater, &scale, 0.0);
    line.series(&page.underwater, &scale);
    let summary = match page.falls.first() {
        None => "Worth was never below its peak.".to_owned(),
        Some(fall) => {
            let last = page.underwater.last().unwrap_or(0.0);
            let end = if last < 0.0 {
                format!("at the end it is {} below it", percent(-last))
            } else {
                "it ends at its peak".into()
            };
            format!("At its deepest, worth was {} below its peak at a close; {end}.", percent(fall.depth))
        }
    };
    Chart {
        id: "underwater-chart".into(),
        class: "low",
        heading: String::new(),
        title: "How far worth was below its peak".into(),
        drawn: reduced(page.underwater.n),
        summary,
        scale,
        write: percent_to,
        read_as: "percent",
        n_ticks: 4,
        base: None,
        bottom: Bottom::Time(&page.axis),
        marks: vec![Mark::new("area loss", area), Mark::named("line loss", "Below the peak", line)],
        legend: vec![],
        axes: ("", "Below the peak"),
    }
}

/// The two that roll; none where there are too few days.
pub(crate) fn rolling(page: &RunPage) -> Vec<Chart<'_>> {
    let rolling = &page.rolling;
    if rolling.n_days == 0 {
        return Vec::new();
    }
    let name = short(&page.beside.name, 60);
    let of = |id: &str, what: String, line, class, axis| {
        let line: &Line = line;
        let scale = Scale::linear(line.values.iter().copied().chain([0.0]));
        let mut path = Path::default();
        path.series(line, &scale);
        let there: Vec<f64> = line.values.iter().copied().filter(|v| !v.is_nan()).collect();
        let above = there.iter().filter(|v| **v > 0.0).count();
        let ends = there.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(*v), e.1.max(*v)));
        let summary = match there.last() {
            None => format!("{what} is undefined throughout."),
            Some(last) => format!(
                "{what} over the last {} days: from {} to {}, {} at the end, above zero on {} of the drawn points.",
                rolling.n_days,
                fixed(ends.0, 2),
                fixed(ends.1, 2),
                fixed(*last, 2),
                percent(above as f64 / there.len() as f64)
            ),
        };
        Chart {
            id: id.into(),
            class: "low",
            heading: String::new(),
            title: format!("{what} over the last {} days", rolling.n_days),
            drawn: format!("One point at the end of each day. {}", reduced(line.at.len())),
            summary,
            scale,
            write: fixed,
            read_as: "ratio",
            n_ticks: 4,
            base: Some(0.0),
            bottom: Bottom::Time(&page.axis),
            marks: vec![Mark::named(class, axis, path)],
            legend: vec![],
            axes: ("", axis),
        }
    };
    vec![
        of("rolling-sharpe", "Sharpe ratio".to_owned(), &rolling.sharpe, "line s1", "Sharpe ratio, a year"),
        of("rolling-beta", format!("Beta to {name}"), &rolling.beta, "line s2", "Beta"),
    ]
}
