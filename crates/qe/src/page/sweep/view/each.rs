//! Each parameter alone, and all points together.

use super::{ALL, EACH, is_fraction, text};
use crate::page::draw::{Bottom, Chart, Mark, Path, Scale, Write};
use crate::page::html::{Html, short};
use crate::page::number::{fixed, of as so_many, percent_to};
use crate::page::shell;
use crate::page::sweep::SweepPage;
use crate::page::sweep::marginal::Marginal;

/// About how many signs stand side by side below a chart where it is least wide.
const ROOM: usize = 34;

/// What stands below: values at their places, or the edges of groups between them; as many as there is room for.
fn words(marginal: &Marginal) -> Vec<(f64, String, bool)> {
    let n = marginal.places.len().max(1) as f64;
    let (labels, first): (Vec<String>, f64) = match marginal.edges.is_empty() {
        true => (marginal.places.iter().map(|p| short(&p.label, 12)).collect(), 0.5),
        false => (marginal.edges.clone(), 0.0),
    };
    let longest = labels.iter().map(|l| l.chars().count() + 2).max().unwrap_or(0);
    let every = (labels.len() * longest).div_ceil(ROOM).max(1);
    labels.into_iter().enumerate().step_by(every).map(|(i, l)| ((i as f64 + first) / n, l, false)).collect()
}

impl SweepPage {
    /// How values of the metric are written along an axis.
    fn written(&self) -> Write {
        if is_fraction(&self.by) { percent_to } else { fixed }
    }

    pub(super) fn each_part(&self, out: &mut Html) {
        shell::part(out, EACH);
        if self.marginals.is_empty() {
            out.raw("<p>No parameter differs between points.</p>\n");
        }
        if self.axes.len() > self.marginals.len() {
            let text = format!("The first {} of {} parameters are drawn.", self.marginals.len(), self.axes.len());
            out.element("<p>", &text, "</p>\n");
        }
        out.raw("<div class=\"marginals\">\n");
        for (i, marginal) in self.marginals.iter().enumerate() {
            self.marginal(marginal, i).write_to(out);
        }
        out.raw("</div>\n");
        shell::end_part(out);
    }

    fn marginal(&self, marginal: &Marginal, number: usize) -> Chart<'static> {
        let n = marginal.places.len();
        let scale = Scale::linear(marginal.places.iter().filter_map(|p| p.quartiles).flatten().chain([0.0]));
        let (mut whiskers, mut boxes, mut medians) = (Path::default(), Path::default(), Path::default());
        let room = 1000.0 / n.max(1) as f64;
        for (i, place) in marginal.places.iter().enumerate() {
            let Some([least, low, median, high, greatest]) = place.quartiles else { continue };
            let middle = room * (i as f64 + 0.5);
            let half = 0.3 * room;
            whiskers.to(middle, scale.at(least)).line(middle, scale.at(greatest));
            boxes.rectangle((middle - half, middle + half), (scale.at(low), scale.at(high)));
            medians.to(middle - half, scale.at(median)).line(middle + half, scale.at(median));
        }
        let medians_of = || marginal.places.iter().filter_map(|p| p.quartiles.map(|q| (q[2], &p.label)));
        let least = medians_of().min_by(|a, b| a.0.total_cmp(&b.0));
        let most = medians_of().max_by(|a, b| a.0.total_cmp(&b.0));
        let summary = match (least, most) {
            (Some((low, at_low)), Some((high, at_high))) => format!(
                "The median of {} lies between {} at {} and {} at {}.",
                self.by,
                text(&self.by, Some(low)),
                short(at_low, 40),
                text(&self.by, Some(high)),
                short(at_high, 40)
            ),
            _ => format!("No point has {}.", self.by),
        };
        let doc = if marginal.doc.is_empty() { String::new() } else { format!(" ({})", short(&marginal.doc, 160)) };
        Chart {
            id: format!("marginal-{number}"),
            class: "mid",
            heading: short(&marginal.name, 80),
            title: format!("{} by {}", self.by, short(&marginal.name, 80)),
            drawn:
                "For each value of the parameter, over all points that have it: a line from the least to the greatest, \
                    a box between the quartiles, a stroke at the median."
                    .to_owned(),
            summary: format!("{summary}{doc}"),
            scale,
            write: self.written(),
            read_as: "ratio",
            n_ticks: 4,
            base: Some(0.0),
            bottom: Bottom::Words(words(marginal)),
            marks: vec![
                Mark::new("line whisker", whiskers),
                Mark::new("quartiles", boxes),
                Mark::new("line median", medians),
            ],
            legend: vec![],
            axes: ("", ""),
        }
    }

    pub(super) fn all_part(&self, out: &mut Html) {
        shell::part(out, ALL);
        let s = &self.spread;
        let q = |i: usize| text(&self.by, s.quantiles.get(i).copied().flatten());
        let above = self.luck.as_ref().map_or_else(String::new, |l| {
            let n = self.top.iter().filter(|r| r.values.first().copied().flatten() > Some(l.sharpe)).count();
            let n = if n == self.top.len() && n > 0 { format!("at least {n}") } else { n.to_string() };
            format!(" Above what the best would show by luck alone, {}: {n}.", fixed(l.sharpe, 2))
        });
        let chart = Chart {
            title: format!("Distribution of {} over all points", self.by),
            summary: format!(
                "{} with {}: from {} to {}, half of them from {} to {}, the median {}.{above}",
                so_many(s.n, "point", "points"),
                self.by,
                q(0),
                q(8),
                q(3),
                q(5),
                q(4)
            ),
            axes: ("", "Points"),
            ..s.histogram(self.luck.as_ref().map(|l| l.sharpe), "Points", self.written())
        };
        chart.write_to(out);
        shell::end_part(out);
    }
}
