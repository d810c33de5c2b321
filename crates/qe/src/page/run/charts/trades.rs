//! Round trips: on the price, and by how far they went against their position.

use super::reduced;
use crate::page::draw::{Bottom, Chart, Line, Mark, Path, Scale, place};
use crate::page::html::short;
use crate::page::number::{change, count, fixed, instant, of as so_many, percent, percent_to, significant};
use crate::page::run::{PriceChart, RunPage};

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
        ("dot entry long", &price.marks.long_entries, false),
        ("dot entry short", &price.marks.short_entries, true),
        // Above entries: where one position is turned into another, both stand in one place.
        ("dot exit long", &price.marks.long_exits, false),
        ("dot exit short", &price.marks.short_exits, true),
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
            let summary = format!(
                "{} from {} at {}, left at {} after {} for {}: {} of the position’s value, {} against it on the way.",
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
        axes: ("Greatest loss on the way, of the entry's price", "Result, of the position’s value"),
    }
}
