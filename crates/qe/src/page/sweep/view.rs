//! The sweep page as HTML.

use super::map::{Cell, HeatMap, How};
use super::marginal::Marginal;
use super::{PointRow, SweepPage};
use crate::page::draw::{Bottom, Chart, Mark, Path, Scale};
use crate::page::html::{Html, short};
use crate::page::number::{NONE, count, fixed, instant, of as so_many, percent, significant};
use crate::page::shell::{self, Column, Part, Table};

const MAP: Part = ("map", "Map of two parameters");
const EACH: Part = ("each", "Each parameter alone");
const ALL: Part = ("all", "All points");
const TABLE: Part = ("table", "Best and worst points");
const FAILED: Part = ("failed", "Points that failed");

/// The metrics that are shares of one.
const FRACTIONS: [&str; 7] =
    ["total_return", "cagr", "max_drawdown", "vol_annual", "daily_mean", "daily_std", "win_rate"];

/// A metric of an outcome as text: by its own unit, which may be another than in a report (averages of trades are money
/// here).
fn text(name: &str, value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(x) if FRACTIONS.contains(&name) => percent(x),
        Some(x) if x.fract() == 0.0 => fixed(x, 0),
        Some(x) if x.abs() >= 1000.0 => significant(x),
        Some(x) => fixed(x, 3),
    }
}

/// The same, in little room.
fn brief(name: &str, x: f64) -> String {
    match x {
        x if FRACTIONS.contains(&name) => fixed(100.0 * x, 1),
        x if x.abs() >= 1e6 => format!("{x:.1e}").replace('-', "−"),
        x if x.abs() >= 100.0 => fixed(x, 0),
        x => fixed(x, 2),
    }
}

impl SweepPage {
    /// It as one HTML file, which needs nothing else.
    pub fn html(&self) -> String {
        let mut out = shell::begin("sweep", &self.strategy);
        self.header(&mut out);
        let mut parts = vec![MAP, EACH, ALL, TABLE];
        parts.extend((!self.failed.is_empty()).then_some(FAILED));
        shell::contents(&mut out, &parts);
        out.raw("<main id=\"main\" class=\"wrap\">\n<section aria-label=\"Key figures\">\n");
        self.tiles(&mut out);
        out.raw("</section>\n");
        self.map_part(&mut out);
        self.each_part(&mut out);
        self.all_part(&mut out);
        self.table_part(&mut out);
        self.failed_part(&mut out);
        let foot = format!(
            "Times are UTC. Made by Quant Engine {} from sweep {}; the same outcomes give the same file.",
            self.crate_version,
            self.sweep_id.short()
        );
        shell::end(out, &foot, &[])
    }

    fn header(&self, out: &mut Html) {
        let markets: Vec<&str> = self.markets.iter().take(8).map(String::as_str).collect();
        let more = self.markets.len() - markets.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.raw("<header class=\"wrap\">\n<p class=\"eyebrow\">Sweep · ").foreign(&short(&markets.join(", "), 160));
        out.text(&more).raw("</p>\n<h1>").foreign(&short(&self.strategy, 160)).raw("</h1>\n<p class=\"lede\">");
        let scored = self.scored.map_or_else(String::new, |range| {
            let end = if range.end == i64::MAX { "the end".to_owned() } else { instant(range.end) + " UTC" };
            let start =
                if range.start == i64::MIN { "the beginning".to_owned() } else { instant(range.start) + " UTC" };
            format!(", scored from {start} to {end}")
        });
        out.text(&format!("{} tried{scored}, {} done.", so_many(self.n_points, "point", "points"), count(self.n_done)));
        out.raw("</p>\n<ul class=\"notes\" aria-label=\"To be known before any figure is read\">\n");
        out.raw("<li><strong>Note: </strong>");
        out.text(&format!("The best of {} is good by luck too. ", so_many(self.n_points, "point", "points")));
        if let Some(luck) = &self.luck {
            out.text(&format!(
                "Were none of them worth anything, and all independent, the best of so many would show a Sharpe ratio \
                 of about {} over {} years. Neighbours are not independent, so luck gives somewhat less than that.",
                fixed(luck.sharpe, 2),
                fixed(luck.t_years, 1)
            ));
        }
        out.raw("</li>\n");
        if self.is_same_bar {
            out.raw("<li class=\"bad\"><strong>Warning: </strong>Same-bar fill: decisions are filled at the price ");
            out.raw("that they were made from, which nobody can have for certain.</li>\n");
        }
        for edge in &self.at_edge {
            let end = if edge.is_greatest { "greatest" } else { "least" };
            let text =
                format!("The best point stands at the {end} value of {} that was tried, {}.", edge.name, edge.value);
            out.raw("<li><strong>Note: </strong>").foreign(&text).raw("</li>\n");
        }
        out.raw("</ul>\n<dl class=\"identity\">\n");
        let mut line = |name: &'static str, class: &'static str, value: &str| {
            out.raw("<div").raw(if value.len() > 34 { " class=\"long\"" } else { "" }).raw("><dt>").raw(name);
            out.raw("</dt><dd").attr("class", class).raw(">").foreign(value).raw("</dd></div>\n");
        };
        line("Sweep id", "id", &self.sweep_id.to_string());
        line("Specification id", "id", &self.spec_id.to_string());
        line("Skeleton id", "id", &self.skeleton_id.to_string());
        line("Cost model id", "id", &self.cost_model_id.to_string());
        line("Fill timing", if self.is_same_bar { "warn" } else { "" }, &self.fill_timing.to_string());
        line("Version of the engine", "", self.crate_version);
        for (name, value) in &self.fixed {
            line("The same at all points", "param", &format!("{name} = {}", short(value, 200)));
        }
        for axis in &self.axes {
            line("Differs", "param", &format!("{}: {}", axis.name, so_many(axis.n_values, "value", "values")));
        }
        out.raw("</dl>\n</header>\n");
    }

    fn tiles(&self, out: &mut Html) {
        let of_row = |row: Option<&PointRow>| row.and_then(|r| r.values.first().copied().flatten());
        let at = |row: Option<&PointRow>| row.map_or_else(String::new, |r| format!("at {}", self.at(r)));
        let median = self.spread.quantiles.get(4).copied().flatten();
        let failed = self.failed.iter().map(|f| f.n).sum::<usize>();
        let best = self.top.first();
        let tiles = [
            (format!("Best {}", self.by), text(&self.by, of_row(best)), at(best)),
            (
                "Best on a plateau".to_owned(),
                text(&self.by, of_row(self.best_plateau.as_ref())),
                at(self.best_plateau.as_ref()),
            ),
            (format!("Median {}", self.by), text(&self.by, median), "of all that have it".to_owned()),
            (
                "On a plateau".to_owned(),
                self.n_plateau.map_or(NONE.to_owned(), count),
                match self.n_plateau {
                    Some(n) => {
                        format!("{} of the points that have it", percent(n as f64 / self.n_with().max(1) as f64))
                    }
                    None => "no point has a neighbour".to_owned(),
                },
            ),
            ("Failed".to_owned(), count(failed), format!("{} done without {}", count(self.n_undefined), self.by)),
        ];
        out.raw("<dl class=\"tiles\">\n");
        for (name, value, beside) in tiles {
            out.raw("<div><dt>").text(&name).raw("</dt><dd class=\"big\">").text(&value).raw("</dd>");
            if !beside.is_empty() {
                out.raw("<dd class=\"beside\">").foreign(&short(&beside, 160)).raw("</dd>");
            }
            out.raw("</div>\n");
        }
        out.raw("</dl>\n");
    }

    fn n_with(&self) -> usize {
        self.n_done - self.n_undefined
    }

    /// A point by its parameters.
    fn at(&self, row: &PointRow) -> String {
        let params = self.axes.iter().zip(&row.params).map(|(axis, value)| format!("{} {value}", axis.name));
        params.collect::<Vec<_>>().join(", ")
    }

    fn map_part(&self, out: &mut Html) {
        shell::part(out, MAP);
        if self.maps.is_empty() {
            out.raw("<p>No parameter differs between points: there is nothing to map.</p>\n");
        }
        let text = format!(
            "Plateau: a place whose neighbours (left, right, above and below, one step among what was tried; words \
             have none) all have {} within {} of its own, and that has at least one neighbour in each direction of \
             numbers. What was not tried is no neighbour; what failed is one, and breaks the plateau. Plateaus say \
             that a small step changes little, not that a place is good: look for those that are both.",
            self.by,
            text(&self.by, Some(self.tolerance))
        );
        if !self.maps.is_empty() {
            out.element("<p>", &text, "</p>\n");
        }
        for (i, map) in self.maps.iter().enumerate() {
            self.map(map, i, out);
        }
        shell::end_part(out);
    }

    fn map(&self, map: &HeatMap, number: usize, out: &mut Html) {
        let values: Vec<f64> = map.cells.iter().flatten().filter_map(|c| c.value).collect();
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(*v), e.1.max(*v)));
        let ramp = Ramp { low, high };
        let what = match map.how {
            How::Single => format!("{} of each point", self.by),
            How::Best => format!("The best {} over all other parameters", self.by),
            How::Mean => format!("The mean {} over all other parameters", self.by),
        };
        let across = if map.y.is_empty() { String::new() } else { format!(" and {} (upwards)", map.y) };
        let unit = if FRACTIONS.contains(&self.by.as_str()) { ", in percent" } else { "" };
        let caption = format!(
            "{what}{unit}, by {} (from left to right){across}. ★ the best place; framed: on a plateau, {} of {} \
             places; hatched: all points failed.",
            map.x,
            count(map.n_plateau()),
            count(map.cells.len() * map.x_labels.len())
        );
        let id = format!("map-{number}");
        out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").attr("aria-labelledby", &format!("{id}-c"));
        let is_small = map.x_labels.len() > 20;
        out.raw("><table").attr("id", &id).attr("class", if is_small { "heat small" } else { "heat" });
        out.raw("><caption").attr("id", &format!("{id}-c")).raw("><span>").foreign(&caption);
        out.raw("</span></caption><thead><tr><th class=\"corner\" scope=\"col\">").foreign(&short(&map.y, 40));
        out.raw(if map.y.is_empty() { "" } else { " ↑ " }).foreign(&short(&map.x, 40)).raw(" →</th>");
        for label in &map.x_labels {
            out.raw("<th scope=\"col\">").foreign(&short(label, 24)).raw("</th>");
        }
        out.raw("</tr></thead><tbody>\n");
        for (row, cells) in map.cells.iter().enumerate().rev() {
            out.raw("<tr><th scope=\"row\">").foreign(&short(map.y_labels.get(row).map_or("", String::as_str), 24));
            out.raw("</th>");
            cells.iter().for_each(|cell| self.cell(cell, &ramp, out));
            out.raw("</tr>\n");
        }
        out.raw("</tbody></table></div>\n");
        if low <= high {
            ramp.legend(|v| text(&self.by, Some(v)), out);
        }
    }

    fn cell(&self, cell: &Cell, ramp: &Ramp, out: &mut Html) {
        let Some(value) = cell.value else {
            match cell.n {
                0 => out.raw("<td><span class=\"vh\">not tried</span></td>"),
                _ => out.raw("<td class=\"fail\"><span class=\"vh\">failed</span></td>"),
            };
            return;
        };
        let mut class = ramp.class(value);
        class += if cell.is_plateau { " plateau" } else { "" };
        class += if cell.is_best { " best" } else { "" };
        out.raw("<td").attr("class", &class).raw(">");
        out.raw(if cell.is_best { "<span aria-hidden=\"true\">★</span>" } else { "" }).text(&brief(&self.by, value));
        out.raw(if cell.is_best { "<span class=\"vh\"> best</span>" } else { "" });
        out.raw(if cell.is_plateau { "<span class=\"vh\"> plateau</span>" } else { "" }).raw("</td>");
    }

    fn each_part(&self, out: &mut Html) {
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
        let every = n.div_ceil(8).max(1);
        let words = marginal.places.iter().enumerate().step_by(every).enumerate();
        let label = |(k, (i, place)): (usize, (usize, &super::MarginalPlace))| {
            ((i as f64 + 0.5) / n as f64, short(&place.label, 12), k % 2 == 1)
        };
        let words = words.map(label).collect();
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
            write: if FRACTIONS.contains(&self.by.as_str()) { crate::page::number::percent_to } else { fixed },
            read_as: "ratio",
            n_ticks: 4,
            base: Some(0.0),
            bottom: Bottom::Words(words),
            marks: vec![
                Mark::new("line whisker", whiskers),
                Mark::new("quartiles", boxes),
                Mark::new("line median", medians),
            ],
            legend: vec![],
            axes: ("", ""),
        }
    }

    fn all_part(&self, out: &mut Html) {
        shell::part(out, ALL);
        let s = &self.spread;
        let luck = self.luck.as_ref().map(|l| l.sharpe);
        let ends = s.edges.first().into_iter().chain(s.edges.last()).copied();
        let across = Scale::linear(ends.chain(luck).chain([0.0]));
        let scale = Scale::from_zero(s.counts.iter().map(|n| *n as f64));
        let (mut boxes, mut line) = (Path::default(), Path::default());
        for (n, w) in s.counts.iter().zip(s.edges.windows(2)).filter(|(n, _)| **n > 0) {
            boxes.rectangle((1000.0 * across.at(w[0]), 1000.0 * across.at(w[1])), (0.0, scale.at(*n as f64)));
        }
        let mut legend = vec![("box", "Points".to_owned())];
        if let Some(luck) = luck {
            let x = 1000.0 * across.at(luck);
            line.to(x, 0.0).line(x, 1.0);
            legend.push(("s2", "The best by luck alone".to_owned()));
        }
        let q = |i: usize| text(&self.by, s.quantiles.get(i).copied().flatten());
        let above = self.luck.as_ref().map_or_else(String::new, |l| {
            let n = self.top.iter().filter(|r| r.values.first().copied().flatten() > Some(l.sharpe)).count();
            let n = if n == self.top.len() && n > 0 { format!("at least {n}") } else { n.to_string() };
            format!(" Above what the best would show by luck alone, {}: {n}.", fixed(l.sharpe, 2))
        });
        let chart = Chart {
            id: "all-chart".into(),
            class: "mid",
            heading: String::new(),
            title: format!("Distribution of {} over all points", self.by),
            drawn: format!("{} boxes of equal width.", s.counts.len()),
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
            scale,
            write: fixed,
            read_as: "count",
            n_ticks: 4,
            base: None,
            bottom: Bottom::Values(
                across,
                if FRACTIONS.contains(&self.by.as_str()) { crate::page::number::percent_to } else { fixed },
            ),
            marks: vec![Mark::new("boxes", boxes), Mark::new("line luck", line)],
            legend,
            axes: ("", "Points"),
        };
        chart.write_to(out);
        shell::end_part(out);
    }

    fn table_part(&self, out: &mut Html) {
        shell::part(out, TABLE);
        let n_shown = self.top.len() + self.bottom.len();
        if n_shown == 0 {
            out.element("<p>", &format!("No point has {}.", self.by), "</p>\n");
            shell::end_part(out);
            return;
        }
        let order = if self.is_lowest_first { "less is better" } else { "more is better" };
        let caption = format!(
            "The {} best and the {} worst of {} by {} ({order}); {} are not shown",
            count(self.top.len()),
            count(self.bottom.len()),
            so_many(self.n_with(), "point", "points"),
            self.by,
            count(self.n_with() - n_shown)
        );
        let mut columns: Vec<Column<'_>> = vec![("Place", true)];
        columns.extend(self.metrics.iter().map(|m| (m.as_str(), true)));
        columns.extend(self.axes.iter().map(|a| (a.name.as_str(), a.is_ordered)));
        if self.n_plateau.is_some() {
            columns.push(("Plateau", false));
        }
        columns.push(("Point", true));
        let table = Table::begin(out, "points-table", &caption, &columns, true);
        for row in self.top.iter().chain(&self.bottom) {
            let mut cells = vec![count(row.rank)];
            cells.extend(self.metrics.iter().zip(&row.values).map(|(name, v)| text(name, *v)));
            cells.extend(row.params.iter().map(|p| p.replace('-', "−")));
            if self.n_plateau.is_some() {
                cells.push(if row.is_plateau == Some(true) { "yes" } else { "no" }.to_owned());
            }
            cells.push(row.point_id.to_string());
            table.row(out, &cells);
        }
        table.end(out);
        if self.n_plateau.is_some() {
            let words = "Plateau here: among all points, over every parameter of numbers, by the same tolerance.";
            out.element("<p class=\"hint\">", words, "</p>\n");
        }
        shell::end_part(out);
    }

    fn failed_part(&self, out: &mut Html) {
        if self.failed.is_empty() {
            return;
        }
        shell::part(out, FAILED);
        let columns = [("Failed as", false), ("Points", true), ("The first of their reasons", false)];
        let table = Table::begin(out, "failed-table", "Points that were not done, by reason", &columns, false);
        for f in &self.failed {
            table.row(out, &[short(&f.kind, 200), count(f.n), short(&f.example, 600)]);
        }
        table.end(out);
        shell::end_part(out);
    }
}

/// The colours of a map: diverging from zero where there are values on both sides, and else from little to much.
struct Ramp {
    low: f64,
    high: f64,
}

impl Ramp {
    fn is_diverging(&self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    /// The greatest distance from zero.
    fn reach(&self) -> f64 {
        self.high.max(-self.low)
    }

    fn class(&self, v: f64) -> String {
        if self.is_diverging() {
            return format!("d{}", crate::page::run::shade(v, self.reach()));
        }
        let share = (v - self.low) / (self.high - self.low);
        format!("q{}", if share.is_finite() { (12.0 * share).round().clamp(0.0, 12.0) as usize } else { 6 })
    }

    fn legend(&self, write: impl Fn(f64) -> String, out: &mut Html) {
        let (low, high, kind) =
            if self.is_diverging() { (-self.reach(), self.reach(), 'd') } else { (self.low, self.high, 'q') };
        out.raw("<p class=\"ramp\"><span>").text(&write(low)).raw("</span><span class=\"steps\" aria-hidden=\"true\">");
        for k in 0..=12 {
            out.raw("<i").attr("class", &format!("{kind}{k}")).raw("></i>");
        }
        out.raw("</span><span>").text(&write(high)).raw("</span></p>\n");
    }
}
