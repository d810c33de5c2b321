//! The charts of a run page, each with the words that say what it shows.

use qe_engine::fills::PathPolicy;
use qe_engine::range::{PolicyRange, Way};

use super::{PriceChart, RunPage};
use crate::page::draw::{Bottom, Chart, Line, Mark, N_COLUMNS, Path, Scale, place};
use crate::page::html::short;
use crate::page::number::{NONE, change, count, day, fixed, instant, of as so_many, percent, percent_to, significant};

/// How a chart in time says that it was reduced.
fn reduced(n: usize) -> String {
    if n <= 2 * N_COLUMNS {
        return format!("All of {} are drawn.", so_many(n, "point", "points"));
    }
    format!(
        "{} points are drawn as {N_COLUMNS} columns; of each column the first, the least, the greatest and the last \
         are kept, so no extreme is lost.",
        count(n)
    )
}

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

/// More marks than these are drawn small.
const MANY: usize = 300;

/// Trades on the price.
pub(crate) fn price<'a>(price: &'a PriceChart, id: &str) -> Chart<'a> {
    let class = match price.marks.n_drawn() {
        _ if price.trade.is_some() => "mid",
        n if n > MANY => "tall many",
        _ => "tall",
    };
    let there = price.close.values.iter().chain(&price.band.low).chain(&price.band.high).copied();
    let there: Vec<f64> = there.filter(|v| v.is_finite() && *v > 0.0).collect();
    let ends = there.iter().fold((f64::INFINITY, 0.0_f64), |e, v| (e.0.min(*v), e.1.max(*v)));
    let scale = if ends.1 > 3.0 * ends.0 { Scale::log(there, f64::MIN_POSITIVE) } else { Scale::linear(there) };
    let (mut band, mut close) = (Path::default(), Path::default());
    band.band(&price.band, &scale);
    close.series(&price.close, &scale);
    let mut marks = vec![Mark::new("line band", band), Mark::named("line price", "Close", close)];
    let kinds = [
        ("dot exit long", &price.marks.long_exits, false),
        ("dot exit short", &price.marks.short_exits, true),
        ("dot entry long", &price.marks.long_entries, false),
        ("dot entry short", &price.marks.short_entries, true),
    ];
    let mut legend = vec![("price", "Close, and from low to high".to_owned())];
    for (class, line, is_hollow) in kinds {
        let dots = || {
            let mut path = Path::default();
            line.points().filter(|p| !p.1.is_nan()).for_each(|(i, v)| {
                path.dot(place(i as usize, line.n), scale.at(v));
            });
            path
        };
        if line.at.is_empty() {
            continue;
        }
        marks.push(Mark::new(class, dots()));
        if is_hollow {
            marks.push(Mark::new(if class.contains("exit") { "dot exit hole" } else { "dot entry hole" }, dots()));
        }
        let what = match class {
            "dot exit long" => "Long, left (filled square)",
            "dot exit short" => "Short, left (hollow square)",
            "dot entry long" => "Long, entered (filled dot)",
            _ => "Short, entered (hollow dot)",
        };
        legend.push((class, what.to_owned()));
    }
    let n = |line: &Line| line.at.len();
    let m = &price.marks;
    let (heading, summary) = match &price.trade {
        None => {
            let summary = format!(
                "{} with {} long and {} short entries drawn, prices from {} to {}.",
                so_many(price.close.n, "bar", "bars"),
                count(n(&m.long_entries)),
                count(n(&m.short_entries)),
                significant(ends.0),
                significant(ends.1)
            );
            (String::new(), summary)
        }
        Some(t) => {
            legend.clear();
            let summary = format!(
                "{} from {} at {}, left at {} after {} for {}: {} of what was put in, {} against it on the way.",
                if t.side > 0.0 { "Long" } else { "Short" },
                instant(t.entry_time),
                significant(t.entry),
                significant(t.exit),
                so_many(t.n_bars as usize, "bar", "bars"),
                short(&t.reason, 60),
                change(t.pnl_frac),
                percent(t.mae_frac)
            );
            (price.title.clone(), summary)
        }
    };
    Chart {
        id: id.into(),
        class,
        heading,
        title: format!("{}: closes with entries and exits", price.title),
        drawn: format!(
            "{} Entries and exits stand at the market's price, costs left out; where a column has many of one kind, \
             its first, least, greatest and last are drawn.",
            reduced(price.close.n)
        ),
        summary,
        scale,
        write: fixed,
        read_as: "price",
        n_ticks: 5,
        base: None,
        bottom: Bottom::Time(&price.axis),
        marks,
        legend,
        axes: ("", if scale.is_log { "Price, log scale" } else { "Price" }),
    }
}

/// How far round trips went against their position, beside what they won.
pub(crate) fn excursions(page: &RunPage) -> Chart<'_> {
    let e = &page.excursions;
    let all = || e.won.iter().chain(&e.lost);
    let across = Scale::linear(all().map(|p| p.0).chain([0.0]));
    let scale = Scale::linear(all().map(|p| p.1).chain([0.0]));
    let dots = |of: &[(f64, f64)]| {
        let mut path = Path::default();
        for p in of {
            path.dot(1000.0 * across.at(p.0), scale.at(p.1));
        }
        path
    };
    let mut summary = match e.medians {
        (Some(won), Some(lost)) => format!(
            "On the way, half of the winners were never more than {} against their position, half of the losers never \
             more than {}.",
            percent(won),
            percent(lost)
        ),
        _ => "There are not both winners and losers.".to_owned(),
    };
    if let Some(share) = e.won_within_half_of_lost {
        summary += &format!(" {} of the winners stayed within what half of the losers exceeded.", percent(share));
    }
    let n_drawn = e.won.len() + e.lost.len();
    let drawn = if n_drawn < e.n {
        format!("{} of {} round trips are drawn: the others lie under a dot of their kind.", count(n_drawn), count(e.n))
    } else {
        format!("All {} closed round trips are drawn.", count(e.n))
    };
    Chart {
        id: "excursion-chart".into(),
        class: "square",
        heading: String::new(),
        title: "Greatest loss on the way (MAE) against the result of each round trip".into(),
        drawn: format!("{drawn} Winners are filled dots, losers hollow ones."),
        summary: format!("{drawn} {summary}"),
        scale,
        write: percent_to,
        read_as: "percent",
        n_ticks: 5,
        base: Some(0.0),
        bottom: Bottom::Values(across, percent_to),
        marks: vec![
            Mark::new("dot entry loss", dots(&e.lost)),
            Mark::new("dot entry hole", dots(&e.lost)),
            Mark::new("dot entry win", dots(&e.won)),
        ],
        legend: vec![("dot entry win", "Won".into()), ("dot entry loss short", "Lost".into())],
        axes: ("Greatest loss on the way, of the entry's price", "Result, of what was put in"),
    }
}

/// The histogram of daily returns.
pub(crate) fn spread(page: &RunPage) -> Chart<'_> {
    let s = &page.spread;
    let (low, high) = (s.edges.first().copied().unwrap_or(0.0), s.edges.last().copied().unwrap_or(1.0));
    let across = Scale { low, high: if high > low { high } else { low + 1.0 }, is_log: false };
    let scale = Scale::from_zero(s.counts.iter().map(|n| *n as f64).chain(s.normal.iter().copied()));
    let (mut boxes, mut normal) = (Path::default(), Path::default());
    for (n, w) in s.counts.iter().zip(s.edges.windows(2)).filter(|(n, _)| **n > 0) {
        boxes.rectangle((1000.0 * across.at(w[0]), 1000.0 * across.at(w[1])), (0.0, scale.at(*n as f64)));
    }
    for (k, (e, w)) in s.normal.iter().zip(s.edges.windows(2)).enumerate() {
        let (x, y) = (1000.0 * across.at(w[0] / 2.0 + w[1] / 2.0), scale.at(*e));
        if k == 0 {
            normal.to(x, y)
        } else {
            normal.line(x, y)
        };
    }
    let q = |i: usize| s.quantiles.get(i).copied().flatten().map_or(NONE.to_owned(), percent);
    Chart {
        id: "spread-chart".into(),
        class: "square",
        heading: String::new(),
        title: "Distribution of daily returns, with a normal of the same mean and deviation".into(),
        drawn: format!("{} boxes of equal width from the least to the greatest return.", s.counts.len()),
        summary: format!(
            "{} with a return; {} without any are counted apart and not drawn. Of all days: the worst {}, one in \
             twenty below {}, the median {}, one in twenty above {}, the best {}.",
            so_many(s.n, "day", "days"),
            count(s.n_zero),
            q(0),
            q(2),
            q(4),
            q(6),
            q(8)
        ),
        scale,
        write: fixed,
        read_as: "count",
        n_ticks: 4,
        base: None,
        bottom: Bottom::Values(across, percent_to),
        marks: vec![Mark::new("boxes", boxes), Mark::new("line s2", normal)],
        legend: vec![("box", "Days".into()), ("s2", "Normal".into())],
        axes: ("Return of a day", "Days"),
    }
}

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
        other => super::trading::words(&format!("{other:?}")),
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
        Some(x) => format!(" Nothing is left at about {} times the costs.", fixed(x, 1)),
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

/// When a fall was.
pub(crate) fn fall_time(at: Option<i64>, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.to_owned(), |at| day(qe_core::time::Date::of_nanos(at).days()))
}
