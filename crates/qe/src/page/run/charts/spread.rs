//! Daily returns: their histogram beside a normal.

use crate::page::draw::{Bottom, Chart, Mark, Path, Scale};
use crate::page::number::{NONE, count, fixed, of as so_many, percent, percent_to};
use crate::page::run::RunPage;

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
