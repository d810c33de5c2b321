//! The run page as HTML.

use super::{RunPage, charts, head, tables};
use crate::page::html::Html;
use crate::page::number::count;
use crate::page::shell::{self, Part};

const GROWTH: Part = ("growth", "Return and falls");
const ROLLING: Part = ("rolling", "Rolling");
const MONTHS: Part = ("months", "Months");
const TRADES: Part = ("trades", "Trades");
const SPREAD: Part = ("spread", "Distribution");
const ROBUST: Part = ("robust", "Path policies and costs");
const ENDS: Part = ("ends", "Exits and refusals");
const FIGURES: Part = ("figures", "All metrics");
const IDENTITY: Part = ("identity", "Identity");

impl RunPage {
    /// It as one HTML file, which needs nothing else.
    pub fn html(&self) -> String {
        let mut out = shell::begin("run", &self.identity.strategy);
        head::header(self, &mut out);
        shell::contents(&mut out, &[IDENTITY, GROWTH, ROLLING, MONTHS, TRADES, SPREAD, ROBUST, ENDS, FIGURES]);
        out.raw("<main id=\"main\" class=\"wrap\">\n<section aria-label=\"Key figures\">\n");
        head::tiles(self, &mut out);
        out.raw("</section>\n");
        self.parts(&mut out);
        let foot = format!(
            "Times are UTC; days are those of the market's calendar. The bars stand side by side: nights and holidays \
             take no room. Made by Quant Engine {} from run {}; the same run gives the same file.",
            self.identity.crate_version,
            self.identity.run_id.short()
        );
        shell::end(out, &foot, &self.axis.days)
    }

    fn parts(&self, out: &mut Html) {
        let part = |out: &mut Html, part: Part, inside: &dyn Fn(&mut Html)| {
            shell::part(out, part);
            inside(out);
            shell::end_part(out);
        };
        part(out, IDENTITY, &|out| head::identity(self, out));
        part(out, GROWTH, &|out| {
            charts::growth(self).write_to(out);
            charts::underwater(self).write_to(out);
            tables::falls(self, out);
        });
        part(out, ROLLING, &|out| {
            let rolling = charts::rolling(self);
            if rolling.is_empty() {
                out.raw("<p>There are too few days to roll over.</p>\n");
            }
            out.raw("<div class=\"cols\">\n");
            rolling.iter().for_each(|chart| chart.write_to(out));
            out.raw("</div>\n");
        });
        part(out, MONTHS, &|out| tables::months(self, out));
        part(out, TRADES, &|out| {
            charts::price(&self.price, "price-chart").write_to(out);
            out.raw("<div class=\"cols\">\n");
            for (i, close_up) in self.close_ups.iter().enumerate() {
                charts::price(close_up, &format!("close-up-{i}")).write_to(out);
            }
            out.raw("</div>\n");
            tables::extremes(self, out);
            if self.excursions.n > 0 {
                out.raw("<h3>How far they went against their position</h3>\n");
                charts::excursions(self).write_to(out);
            }
        });
        part(out, SPREAD, &|out| {
            out.raw("<div class=\"cols\">\n");
            charts::spread(self).write_to(out);
            tables::quantiles(self, out);
            out.raw("</div>\n");
        });
        part(out, ROBUST, &|out| self.robust(out));
        part(out, ENDS, &|out| {
            out.raw("<div class=\"cols uneven\">\n<div><h3>Exits by reason</h3>\n");
            tables::exits(self, out);
            out.raw("</div>\n<div><h3>Refused orders by reason</h3>\n");
            tables::refused(self, out);
            out.raw("</div></div>\n");
        });
        part(out, FIGURES, &|out| {
            let undefined = self.figures.iter().filter(|f| f.value.is_none()).count();
            if undefined > 0 {
                out.element("<p>", &format!("{} of them are undefined for this run.", count(undefined)), "</p>\n");
            }
            tables::figures(self, out);
        });
    }

    fn robust(&self, out: &mut Html) {
        out.raw("<h3>Order of prices within a bar</h3>\n");
        match &self.policies {
            Some(range) => {
                charts::policies(range, self.capital).write_to(out);
                tables::policies(range, out);
            }
            None => {
                out.raw("<p>This run was not made under other path policies.</p>\n");
            }
        }
        out.raw("<h3>Costs</h3>\n");
        match &self.stress {
            Some(stress) => {
                if let Some(chart) = charts::stress(self) {
                    chart.write_to(out);
                }
                tables::stress(stress, out);
            }
            None => {
                out.raw("<p>This run was not made at other costs.</p>\n");
            }
        }
    }
}
