//! The sweep page as HTML.

mod each;
mod heat;
mod tables;

use qe_engine::results;

use super::axis::{ParamAxis, number};
use super::{PointRow, SweepPage};
use crate::page::html::{Html, short};
use crate::page::number::{NONE, count, fixed, instant, of as so_many, percent, significant};
use crate::page::shell::{self, Part};

const MAP: Part = ("map", "Map");
const EACH: Part = ("each", "Each parameter alone");
const ALL: Part = ("all", "All points");
const TABLE: Part = ("table", "Best and worst points");
const FAILED: Part = ("failed", "Points that failed");

/// Whether a number is a share of one.
fn is_fraction(name: &str) -> bool {
    results::column(name).is_some_and(|column| column.unit == "fraction")
}

/// A metric of an outcome as text: by its own unit, which may be another than in a report (averages of trades are money
/// here).
fn text(name: &str, value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(x) if is_fraction(name) => percent(x),
        Some(x) if x.fract() == 0.0 => fixed(x, 0),
        Some(x) if x.abs() >= 1000.0 => significant(x),
        Some(x) => fixed(x, 3),
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
            let end =
                if range.end == i64::MAX { "the end of the data".to_owned() } else { instant(range.end) + " UTC" };
            let start =
                if range.start == i64::MIN { "the beginning".to_owned() } else { instant(range.start) + " UTC" };
            format!(", scored from {start} to {end}")
        });
        out.text(&format!("{} tried{scored}, {} done.", so_many(self.n_points, "point", "points"), count(self.n_done)));
        out.raw("</p>\n<ul class=\"notes\" aria-label=\"To be known before any figure is read\">\n");
        out.raw("<li><strong>Note: </strong>");
        match self.n_with() {
            0 => out.text(&format!("No point has {}.", self.by)),
            1 => out.text("There is one point alone to look at: nothing to compare it with."),
            _ => {
                let tried = so_many(self.n_points, "point that was tried", "points that were tried");
                out.text(&format!("The best of {tried} is good by luck too. "))
            }
        };
        if let Some(luck) = self.luck.as_ref().filter(|_| self.n_with() > 1) {
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
        for (market, id) in &self.data {
            line("Data id", "id", &format!("{market} {id}"));
        }
        line("Fill timing", if self.is_same_bar { "warn" } else { "" }, &self.fill_timing.to_string());
        line("Version of the engine", "", self.crate_version);
        for (name, value) in &self.fixed {
            line("The same at all points", "param", &format!("{name} = {}", short(value, 200)));
        }
        for axis in &self.axes {
            let some: Vec<&str> = axis.labels.iter().take(24).map(String::as_str).collect();
            let more = if axis.labels.len() > some.len() { ", …" } else { "" };
            let values = match (axis.edges.first(), axis.edges.last()) {
                (Some(low), Some(high)) => format!("{low} to {high}"),
                _ => format!("{}{more}", some.join(", ")),
            };
            line(
                "Differs",
                "param",
                &format!("{}: {}: {values}", axis.name, so_many(axis.n_values, "value", "values")),
            );
        }
        out.raw("</dl>\n");
        shell::spec(out, &self.spec);
        out.raw("</header>\n");
    }

    fn tiles(&self, out: &mut Html) {
        let of_row = |row: Option<&PointRow>| row.and_then(|r| r.values.first().copied().flatten());
        let at = |row: Option<&PointRow>| match row.map(|r| self.at(r)) {
            Some(place) if !place.is_empty() => format!("at {place}"),
            _ => String::new(),
        };
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
                    None => "most points have no neighbours".to_owned(),
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
        let params = self.axes.iter().zip(&row.params).map(|(axis, v)| format!("{} {}", axis.name, brief(axis, v)));
        params.collect::<Vec<_>>().join(", ")
    }
}

/// The value of a parameter: of a number as many digits as an axis has, for all of them make a table wide.
fn brief(axis: &ParamAxis, value: &str) -> String {
    match value.parse() {
        Ok(x) if axis.is_ordered => number(x),
        _ => value.to_owned(),
    }
}
