//! The map of two parameters, as a table of coloured places.

use super::{MAP, is_fraction, text};
use crate::page::html::{Html, short};
use crate::page::number::{count, fixed, of as so_many};
use crate::page::run::shade;
use crate::page::shell;
use crate::page::sweep::SweepPage;
use crate::page::sweep::map::{Cell, HeatMap, How};

/// How the numbers of a map are written in little room: with so many decimals as tell its greatest from half of it.
struct Brief {
    times: f64,
    decimals: usize,
}

impl Brief {
    fn of(name: &str, values: &[f64]) -> Self {
        let times = if is_fraction(name) { 100.0 } else { 1.0 };
        let reach = values.iter().fold(0.0_f64, |most, v| most.max(v.abs())) * times;
        let is_whole = values.iter().all(|v| v.fract() == 0.0) && times == 1.0;
        let decimals = match reach {
            _ if is_whole => 0,
            r if r >= 100.0 || r == 0.0 => 0,
            r if r >= 10.0 => 1,
            r if r >= 0.1 || !r.is_finite() => 2,
            r => (1.0 - libm::log10(r).floor()).min(12.0) as usize,
        };
        Self { times, decimals }
    }

    fn write(&self, x: f64) -> String {
        let x = self.times * x;
        if x.abs() >= 1e6 { format!("{x:.1e}").replace('-', "−") } else { fixed(x, self.decimals) }
    }
}

impl SweepPage {
    pub(super) fn map_part(&self, out: &mut Html) {
        shell::part(out, MAP);
        if self.maps.is_empty() {
            out.raw("<p>No parameter differs between points: there is nothing to map.</p>\n");
        }
        let text = format!(
            "Plateau: a place whose neighbours (left, right, above and below, one step among the places; words \
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
        let (ramp, brief) = (Ramp { low, high }, Brief::of(&self.by, &values));
        let what = match map.how {
            How::Single => format!("{} of each point", self.by),
            How::Best => format!("The best {} of the points of each place", self.by),
            How::Mean => format!("The mean {} of the points of each place", self.by),
        };
        let sizes = map.cells.iter().flatten().map(|c| c.n).filter(|n| *n > 0);
        let (least, most) = sizes.fold((usize::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        let groups = match (map.how, least == most) {
            (How::Single, _) => String::new(),
            (_, true) => format!(" There are {} at each place.", so_many(most, "point", "points")),
            (_, false) => {
                format!(" There are {least} to {most} points at a place: the best of more is better by luck alone.")
            }
        };
        let n_with = map.cells.iter().flatten().filter(|c| c.value.is_some()).count();
        let across = if map.y.is_empty() { String::new() } else { format!(" and {} (upwards)", map.y) };
        let unit = if is_fraction(&self.by) { ", in percent" } else { "" };
        let caption = format!(
            "{what}{unit}, by {} (from left to right){across}. ★ the best place; framed: on a plateau, {} of {} \
             places that have it; hatched: tried, and none has it.{groups}",
            map.x,
            count(map.n_plateau()),
            count(n_with)
        );
        let id = format!("map-{number}");
        out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").attr("aria-labelledby", &format!("{id}-c"));
        let is_turned = map.x_labels.iter().any(|l| l.chars().count() > 4);
        let class = match (map.x_labels.len(), is_turned) {
            (0..=20, _) => "heat",
            (21..=24, false) => "heat small",
            (21..=24, true) => "heat small turned",
            (_, false) => "heat small many",
            (_, true) => "heat small many turned",
        };
        out.raw("><table").attr("id", &id).attr("class", class);
        out.raw("><caption").attr("id", &format!("{id}-c")).raw("><span>").foreign(&caption);
        out.raw("</span></caption><thead><tr><th class=\"corner\" scope=\"col\">").foreign(&short(&map.y, 40));
        out.raw(if map.y.is_empty() { "" } else { " ↑ " }).foreign(&short(&map.x, 40)).raw(" →</th>");
        for label in &map.x_labels {
            out.raw("<th scope=\"col\">").foreign(&short(label, 34)).raw("</th>");
        }
        out.raw("</tr></thead><tbody>\n");
        for (row, cells) in map.cells.iter().enumerate().rev() {
            out.raw("<tr><th scope=\"row\">").foreign(&short(map.y_labels.get(row).map_or("", String::as_str), 34));
            out.raw("</th>");
            cells.iter().for_each(|cell| self.cell(cell, &ramp, &brief, out));
            out.raw("</tr>\n");
        }
        out.raw("</tbody></table></div>\n");
        if low <= high {
            ramp.legend(|v| text(&self.by, Some(v)), out);
        }
    }

    fn cell(&self, cell: &Cell, ramp: &Ramp, brief: &Brief, out: &mut Html) {
        let Some(value) = cell.value else {
            match cell.n {
                0 => out.raw("<td><span class=\"vh\">not tried</span></td>"),
                _ => out.raw("<td class=\"fail\"><span class=\"vh\">none has it</span></td>"),
            };
            return;
        };
        let mut class = ramp.class(value);
        class += if cell.is_plateau { " plateau" } else { "" };
        class += if cell.is_best { " best" } else { "" };
        out.raw("<td").attr("class", &class).attr("title", &text(&self.by, Some(value))).raw(">");
        out.raw(if cell.is_best { "<span aria-hidden=\"true\">★</span>" } else { "" }).text(&brief.write(value));
        out.raw(if cell.is_best { "<span class=\"vh\"> best</span>" } else { "" });
        out.raw(if cell.is_plateau { "<span class=\"vh\"> plateau</span>" } else { "" }).raw("</td>");
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
            return format!("d{}", shade(v, self.reach()));
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
