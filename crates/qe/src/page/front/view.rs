//! The front page as HTML.

use std::collections::{BTreeMap, BTreeSet};

use qe_core::timeframe::Timeframe;

use super::{FrontPage, FrontRow};
use crate::page::draw::Chart;
use crate::page::html::{Html, short};
use crate::page::number::{NONE, change, count, fixed, instant, of as so_many, percent};
use crate::page::run::shade;
use crate::page::shell::{self, Part, Table};

const PAGES: Part = ("pages", "Pages");
const MAP: Part = ("map", "Every strategy on every market");
const ALL: Part = ("all", "All runs");
const TABLE: Part = ("table", "Table");

/// What stands for a fill at the price that was decided from.
const SAME_BAR: &str = "same bar";

impl FrontPage {
    /// It as one HTML file, which needs nothing else; its links lead to files of the same folder.
    pub fn html(&self) -> String {
        let mut out = shell::begin("front page", &self.title);
        self.header(&mut out);
        shell::contents(&mut out, &[PAGES, MAP, ALL, TABLE]);
        out.raw("<main id=\"main\" class=\"wrap\">\n<section aria-label=\"Key figures\">\n");
        self.tiles(&mut out);
        out.raw("</section>\n");
        self.pages(&mut out);
        self.map(&mut out);
        self.all(&mut out);
        self.table(&mut out);
        let foot =
            format!("Times are UTC. Made by Quant Engine {}; the same runs give the same file.", self.crate_version);
        shell::end(out, &foot, &[])
    }

    fn header(&self, out: &mut Html) {
        out.raw("<header class=\"wrap\">\n<p class=\"eyebrow\">").foreign(&short(&self.data, 160)).raw("</p>\n<h1>");
        out.foreign(&short(&self.title, 160)).raw("</h1>\n<p class=\"lede\">");
        let text = format!(
            "{} at the defaults of their strategies, all scored from {} to {} UTC.",
            so_many(self.rows.len(), "run", "runs"),
            instant(self.scored.start),
            instant(self.scored.end)
        );
        out.text(&text).raw("</p>\n<ul class=\"notes\" aria-label=\"To be known before any figure is read\">\n");
        let mut note = |text: &str| {
            out.raw("<li><strong>Note: </strong>").text(text).raw("</li>\n");
        };
        let tried = so_many(self.rows.len(), "run", "runs");
        match &self.luck {
            Some(luck) => note(&format!(
                "The best of {tried} is good by luck too. Were none of them worth anything, and all independent, the \
                 best of so many would show a Sharpe ratio of about {} over {} years. They trade the same prices, so \
                 luck gives somewhat less than that.",
                fixed(luck.sharpe, 2),
                fixed(luck.t_years, 1)
            )),
            None => note(&format!("{tried} were tried, and the best of many is good by luck too.")),
        }
        self.notes.iter().for_each(|text| note(text));
        if self.n_failed > 0 {
            note(&format!("{} failed; the table says why.", so_many(self.n_failed, "run", "runs")));
        }
        let n_same_bar = self.rows.iter().filter(|row| row.is_same_bar).count();
        if n_same_bar > 0 {
            out.raw("<li class=\"bad\"><strong>Warning: </strong>");
            out.text(&format!(
                "{} filled on the same bar, at the price that the decision was made from, which nobody can have for \
                 certain; where that is so, it is said.",
                if n_same_bar == 1 { "1 run is".to_owned() } else { format!("{} runs are", count(n_same_bar)) }
            ));
            out.raw("</li>\n");
        }
        out.raw("</ul>\n</header>\n");
    }

    fn tiles(&self, out: &mut Html) {
        let ranked = self.ranked();
        let median = self.spread.quantiles.get(4).copied().flatten();
        let ratio = |x: Option<f64>| x.map_or(NONE.to_owned(), |x| fixed(x, 2));
        let of = |row: Option<&FrontRow>| (ratio(row.and_then(FrontRow::sharpe)), row.map_or(String::new(), name));
        let (best, worst) = (of(ranked.first()), of(ranked.last()));
        let figures = self.rows.iter().filter_map(|row| row.told.as_ref().ok());
        let n_won = figures.clone().filter(|f| f.total_return > 0.0).count();
        let luck = match &self.luck {
            Some(luck) => {
                let n = ranked.iter().filter(|row| row.sharpe() > Some(luck.sharpe)).count();
                (fixed(luck.sharpe, 2), format!("the best of {} by luck alone; above it: {n}", count(luck.n)))
            }
            None => (NONE.to_owned(), format!("of {}", so_many(self.rows.len(), "run", "runs"))),
        };
        let tiles = [
            ("Best Sharpe, daily", best.0, best.1),
            ("Luck line", luck.0, luck.1),
            ("Median Sharpe", ratio(median), format!("of {} that have one", count(ranked.len()))),
            ("Worst Sharpe", worst.0, worst.1),
            ("Won money", count(n_won), format!("of {} that were done", count(figures.count()))),
        ];
        out.raw("<dl class=\"tiles\">\n");
        for (label, value, beside) in tiles {
            out.raw("<div><dt>").raw(label).raw("</dt><dd class=\"big\">").text(&value).raw("</dd>");
            if !beside.is_empty() {
                out.raw("<dd class=\"beside\">").foreign(&short(&beside, 120)).raw("</dd>");
            }
            out.raw("</div>\n");
        }
        out.raw("</dl>\n");
    }

    fn pages(&self, out: &mut Html) {
        shell::part(out, PAGES);
        if self.links.is_empty() {
            out.raw("<p>There are no pages beside this one.</p>\n");
            shell::end_part(out);
            return;
        }
        out.raw("<ul class=\"links\">\n");
        for link in &self.links {
            out.raw("<li><span class=\"beside\">").foreign(&link.kind).raw("</span> <a");
            out.attr("href", &relative(&link.file)).raw("><strong>").foreign(&short(&link.title, 120));
            out.raw("</strong></a><p>").foreign(&link.about);
            out.raw("</p></li>\n");
        }
        out.raw("</ul>\n");
        shell::end_part(out);
    }

    /// Strategies downwards, timeframes to the right, symbols within them.
    fn map(&self, out: &mut Html) {
        shell::part(out, MAP);
        out.raw("<p>A row that is of one colour says something of its strategy, a group of columns of its timeframe, ");
        out.raw("one column of each group of its symbol. A single strong colour says little.</p>\n");
        let strategies: BTreeSet<&str> = self.rows.iter().map(|row| row.strategy.as_str()).collect();
        let symbols: BTreeSet<&str> = self.rows.iter().map(|row| row.symbol.as_str()).collect();
        let timeframes: BTreeSet<Timeframe> = self.rows.iter().map(|row| row.timeframe).collect();
        out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"runs-map-c\">");
        out.raw("<table id=\"runs-map\" class=\"heat dense\"><caption id=\"runs-map-c\"><span>The daily Sharpe ratio ");
        out.raw("of each run, by strategy, timeframe and symbol</span></caption><thead><tr><td></td>");
        for timeframe in &timeframes {
            out.raw("<th scope=\"colgroup\"").attr("colspan", &symbols.len().to_string()).raw(">");
            out.show(timeframe).raw("</th>");
        }
        out.raw("</tr><tr><th scope=\"col\">Strategy</th>");
        for _ in &timeframes {
            for symbol in &symbols {
                out.raw("<th scope=\"col\">").foreign(&short(symbol, 24)).raw("</th>");
            }
        }
        out.raw("</tr></thead><tbody>\n");
        let known: BTreeMap<_, &FrontRow> =
            self.rows.iter().map(|r| ((r.strategy.as_str(), r.timeframe, r.symbol.as_str()), r)).collect();
        for strategy in &strategies {
            out.raw("<tr><th scope=\"row\">").foreign(&short(strategy, 40)).raw("</th>");
            for timeframe in &timeframes {
                for (i, symbol) in symbols.iter().enumerate() {
                    cell(known.get(&(strategy, *timeframe, symbol)).copied(), self.reach, i == 0, out);
                }
            }
            out.raw("</tr>\n");
        }
        out.raw("</tbody></table></div>\n<p class=\"ramp\"><span>").text(&fixed(-self.reach, 1)).raw(" or less</span>");
        out.raw("<span class=\"steps\" aria-hidden=\"true\">");
        for k in 0..=12 {
            out.raw("<i").attr("class", &format!("d{k}")).raw("></i>");
        }
        out.raw("</span><span>").text(&fixed(self.reach, 1)).raw(" or more</span></p>\n");
        shell::end_part(out);
    }

    fn all(&self, out: &mut Html) {
        shell::part(out, ALL);
        let s = &self.drawn;
        if s.n == 0 {
            out.raw("<p>No run has a Sharpe ratio.</p>\n");
            shell::end_part(out);
            return;
        }
        let beyond = match self.spread.n - s.n {
            0 => String::new(),
            n => format!(
                " {} too far out to be drawn.",
                if n == 1 { "1 is".to_owned() } else { format!("{} are", count(n)) }
            ),
        };
        let q = |i: usize| self.spread.quantiles.get(i).copied().flatten().map_or(NONE.to_owned(), |x| fixed(x, 2));
        let chart = Chart {
            title: "Distribution of the daily Sharpe ratio over all runs".to_owned(),
            summary: format!(
                "{}: from {} to {}, half of them from {} to {}, the median {}.{beyond}",
                so_many(self.spread.n, "run", "runs"),
                q(0),
                q(8),
                q(3),
                q(5),
                q(4)
            ),
            axes: ("Sharpe, daily", "Runs"),
            ..s.histogram(self.luck.as_ref().map(|l| l.sharpe), "Runs", fixed)
        };
        chart.write_to(out);
        shell::end_part(out);
    }

    fn table(&self, out: &mut Html) {
        shell::part(out, TABLE);
        let caption = format!(
            "All {}, the best by daily Sharpe ratio first; falls are those at the closes of bars",
            so_many(self.rows.len(), "run", "runs")
        );
        let columns = [
            ("Strategy", false),
            ("Sharpe, daily", true),
            ("Return", true),
            ("Deepest fall, by bars", true),
            ("Round trips", true),
            ("Symbol", false),
            ("Bars", false),
            ("Remark", false),
        ];
        let table = Table::begin(out, "runs-table", &caption, &columns, true);
        for row in &self.rows {
            let figures = match &row.told {
                Ok(f) => [
                    f.sharpe_daily.map_or(NONE.to_owned(), |x| fixed(x, 3)),
                    change(f.total_return),
                    percent(-f.max_drawdown),
                    count(f.n_trades as usize),
                ],
                Err(_) => [const { NONE }; 4].map(str::to_owned),
            };
            let mut remarks: Vec<String> = Vec::new();
            remarks.extend(row.is_same_bar.then(|| SAME_BAR.to_owned()));
            match &row.told {
                Ok(f) if f.is_ruined => remarks.push("ruined".to_owned()),
                Err(reason) => remarks.push(format!("failed: {}", short(reason, 200))),
                Ok(_) => {}
            }
            let mut cells = vec![short(&row.strategy, 80)];
            cells.extend(figures);
            cells.extend([short(&row.symbol, 40), row.timeframe.to_string(), remarks.join("; ")]);
            table.row(out, &cells);
        }
        table.end(out);
        shell::end_part(out);
    }
}

/// A run in words.
fn name(row: &FrontRow) -> String {
    let fill = if row.is_same_bar { format!(" ({SAME_BAR})") } else { String::new() };
    format!("{} on {} {}{fill}", row.strategy, row.symbol, row.timeframe)
}

/// A place of the map, and whether it is the first of its group.
fn cell(row: Option<&FrontRow>, reach: f64, is_first: bool, out: &mut Html) {
    let of = |class: &str| if is_first { format!("{class} first") } else { class.to_owned() };
    let mut td = |class: &str, text: &str, hidden: &'static str| {
        out.raw("<td").attr("class", &of(class)).raw(">").text(text);
        if !hidden.is_empty() {
            out.raw("<span class=\"vh\">").raw(hidden).raw("</span>");
        }
        out.raw("</td>");
    };
    match row.map(|row| (row.sharpe(), row.told.is_ok())) {
        None => td("none", "", "not tried"),
        Some((Some(x), _)) => td(&format!("d{}", shade(x, reach)), &fixed(x, 1), ""),
        Some((None, true)) => td("none", NONE, " undefined"),
        Some((None, false)) => td("fail", "", "failed"),
    }
}

/// A file of the same folder as a link that cannot lead elsewhere: all but plain characters are percent-encoded.
fn relative(file: &str) -> String {
    file.bytes().fold("./".to_owned(), |mut link, b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => link.push(char::from(b)),
            _ => link += &format!("%{b:02X}"),
        }
        link
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_beside_the_page() {
        assert_eq!(relative("best.html"), "./best.html");
        assert_eq!(relative("javascript:x/ü\""), "./javascript%3Ax%2F%C3%BC%22");
    }
}
