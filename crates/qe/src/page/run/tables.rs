//! The tables of a run page.

use qe_engine::range::{PolicyRange, Span, Way};

use super::charts::fall_time;
use super::trading::{TradeRow, words};
use super::{PROBABILITIES, RunPage};
use crate::page::html::Html;
use crate::page::number::{NONE, change, count, figure, fixed, instant, money, of as so_many, percent, significant};
use crate::page::shell::Table;
use crate::page::stress::{CostStress, Stressed};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The most years of the table of months.
const MOST_YEARS: usize = 60;

/// Returns by month, each with a colour by its size.
pub(crate) fn months(page: &RunPage, out: &mut Html) {
    let left_out = page.years.len().saturating_sub(MOST_YEARS);
    let years = &page.years[left_out..];
    let greatest = years.iter().flat_map(|y| y.months).flatten().map(f64::abs).fold(0.0, f64::max);
    out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"months-c\">");
    out.raw("<table id=\"months-table\" class=\"months\"><caption id=\"months-c\"><span>Returns by month in percent, ");
    out.raw("compounded, as far as days were scored");
    if left_out > 0 {
        out.text(&format!(": the last {MOST_YEARS} years, {left_out} earlier ones are left out"));
    }
    out.raw("</span></caption><thead><tr><th scope=\"col\">Year</th>");
    for month in MONTHS {
        out.raw("<th scope=\"col\" class=\"n\">").raw(month).raw("</th>");
    }
    out.raw("<th scope=\"col\" class=\"n\">Total</th></tr></thead><tbody>\n");
    for year in years {
        out.raw("<tr><th scope=\"row\">").show(year.year).raw("</th>");
        for month in year.months {
            match month {
                None => out.raw("<td class=\"n none\"><span class=\"vh\">none</span></td>"),
                Some(r) => {
                    let class = format!("n d{}", shade(r, greatest));
                    out.raw("<td").attr("class", &class).raw(">").text(&fixed(100.0 * r, 1)).raw("</td>")
                }
            };
        }
        out.raw("<td class=\"n total\">").text(&fixed(100.0 * year.total, 1)).raw("</td></tr>\n");
    }
    out.raw("</tbody></table></div>\n");
}

/// The shade of a value between the greatest loss and the greatest gain: 0 to 12, 6 for nothing.
pub(crate) fn shade(v: f64, greatest: f64) -> usize {
    if greatest > 0.0 && v.is_finite() { (6.0 + (6.0 * v / greatest).round()).clamp(0.0, 12.0) as usize } else { 6 }
}

/// All metrics.
pub(crate) fn figures(page: &RunPage, out: &mut Html) {
    let columns = [("Metric", false), ("Value", true), ("Unit", false), ("What it is", false)];
    let caption = format!("All {} metrics; {NONE} where one is undefined", page.figures.len());
    let table = Table::begin(out, "figures-table", &caption, &columns, true);
    for f in &page.figures {
        let name = if f.is_beside { format!("{} †", f.name) } else { f.name.to_owned() };
        table.row(out, &[name, figure(f.value, f.unit), words(&format!("{:?}", f.unit)), f.about.to_owned()]);
    }
    table.end(out);
    if page.figures.iter().any(|f| f.is_beside) {
        out.raw("<p class=\"hint\">† The run was given no benchmark: computed for this page beside ");
        out.foreign(&page.beside.name).raw(".</p>\n");
    }
}

/// The deepest falls.
pub(crate) fn falls(page: &RunPage, out: &mut Html) {
    if page.falls.is_empty() {
        return;
    }
    let columns =
        [("Deepest falls", false), ("Depth", true), ("Peak", false), ("Lowest", false), ("Peak again", false)];
    let table = Table::begin(out, "falls-table", "The deepest falls from a peak, at closes", &columns, false);
    for (i, (fall, [peak, trough, over])) in page.falls.iter().zip(&page.fall_times).enumerate() {
        let cells = [
            (i + 1).to_string(),
            percent(-fall.depth),
            fall_time(*peak, "beginning"),
            fall_time(*trough, NONE),
            fall_time(*over, "not yet"),
        ];
        table.row(out, &cells);
    }
    table.end(out);
}

/// The best and the worst round trips.
pub(crate) fn extremes(page: &RunPage, out: &mut Html) {
    let columns = [
        ("Round trip", false),
        ("Entered, UTC", false),
        ("Left", false),
        ("Side", false),
        ("At", true),
        ("Left at", true),
        ("Won", true),
        ("Of the position’s value", true),
        ("Worst on the way", true),
        ("Bars", true),
        ("Left for", false),
    ];
    let [best, worst] = &page.extremes;
    if best.is_empty() {
        return;
    }
    let table = Table::begin(out, "extremes-table", "The best and the worst round trips, by money", &columns, true);
    let mut rows = |name: &str, of: &[TradeRow]| {
        for (i, t) in of.iter().enumerate() {
            let cells = [
                format!("{name} {}", i + 1),
                instant(t.entry_time),
                t.exit_time.map_or(NONE.to_owned(), instant),
                if t.side > 0.0 { "long" } else { "short" }.to_owned(),
                significant(t.entry),
                significant(t.exit),
                money(t.pnl),
                percent(t.pnl_frac),
                percent(-t.mae_frac),
                count(t.n_bars as usize),
                t.reason.clone(),
            ];
            table.row(out, &cells);
        }
    };
    rows("Best", best);
    rows("Worst", worst);
    table.end(out);
}

/// Why positions were left.
pub(crate) fn exits(page: &RunPage, out: &mut Html) {
    if page.exits.is_empty() {
        out.raw("<p>No round trip was closed.</p>\n");
        return;
    }
    let columns = [
        ("Left for", false),
        ("Round trips", true),
        ("That won", true),
        ("Money", true),
        ("Each", true),
        ("Bars each", true),
    ];
    let table = Table::begin(out, "exits-table", "Closed round trips by the reason of their exit", &columns, true);
    for e in &page.exits {
        let won = percent(e.n_won as f64 / e.n as f64);
        let cells = [e.reason.clone(), count(e.n), won, money(e.pnl), percent(e.mean_frac), fixed(e.mean_bars, 1)];
        table.row(out, &cells);
    }
    table.end(out);
}

/// Why orders were refused.
pub(crate) fn refused(page: &RunPage, out: &mut Html) {
    if page.refused.is_empty() {
        out.raw("<p>No order was refused or made smaller.</p>\n");
        return;
    }
    let columns = [("Refused or made smaller for", false), ("Orders", true), ("Long", true), ("Short", true)];
    let table = Table::begin(out, "refused-table", "Orders that were not filled as they were given", &columns, true);
    for r in &page.refused {
        table.row(out, &[r.reason.clone(), count(r.n_long + r.n_short), count(r.n_long), count(r.n_short)]);
    }
    table.end(out);
}

/// Quantiles of daily returns.
pub(crate) fn quantiles(page: &RunPage, out: &mut Html) {
    let columns = [("Share of days below", true), ("Return", true)];
    let table = Table::begin(out, "quantiles-table", "Quantiles of daily returns, all days", &columns, false);
    for (p, q) in PROBABILITIES.iter().zip(&page.spread.quantiles) {
        let name = match *p {
            0.0 => "least".to_owned(),
            1.0 => "greatest".to_owned(),
            p => format!("{} %", fixed(100.0 * p, 0)),
        };
        table.row(out, &[name, q.map_or(NONE.to_owned(), percent)]);
    }
    table.end(out);
}

/// What the order of prices within a bar could make of it.
pub(crate) fn policies(range: &PolicyRange, out: &mut Html) {
    let sharpe = |s: Option<f64>| s.map_or_else(|| NONE.to_owned(), |s| fixed(s, 3));
    let (alone, turned): (Vec<&Way>, Vec<&Way>) = range.ways.iter().partition(|w| w.turned.is_none());
    let Span { low, high } = range.pnl;
    let mut text = format!("Over all of these runs the result is {} to {}", money(low), money(high));
    if let Some(Span { low, high }) = range.sharpe {
        text += &format!(", the daily Sharpe ratio {} to {}", fixed(low, 3), fixed(high, 3));
    }
    text += &format!(
        ". Each policy was also run with its undecided bars turned the other way, one at a time: {}. At most {} of the \
         round trips had such a bar. It is a range over policies, not a bound.",
        so_many(turned.len(), "run more", "runs more"),
        percent(range.undecided_frac)
    );
    if range.n_not_turned > 0 {
        text += &format!(" {} more undecided bars were not turned.", count(range.n_not_turned));
    }
    out.element("<p>", &text, "</p>\n");
    let columns = [
        ("Order of prices within a bar", false),
        ("Result", true),
        ("Sharpe, daily", true),
        ("Round trips", true),
        ("Undecided", true),
        ("With a bar turned: least", true),
        ("most", true),
    ];
    let table = Table::begin(out, "policies-table", "The same run under each path policy", &columns, false);
    for way in alone {
        let of = turned.iter().filter(|t| t.policy == way.policy).map(|t| t.pnl).chain([way.pnl]);
        let (least, most) = of.fold((f64::INFINITY, f64::NEG_INFINITY), |e, v| (e.0.min(v), e.1.max(v)));
        let cells = [
            words(&format!("{:?}", way.policy)),
            money(way.pnl),
            sharpe(way.sharpe),
            count(way.n_trades as usize),
            count(way.n_undecided as usize),
            money(least),
            money(most),
        ];
        table.row(out, &cells);
    }
    table.end(out);
}

/// What came of it at other costs.
pub(crate) fn stress(stress: &CostStress, out: &mut Html) {
    let columns = [
        ("Times the costs", true),
        ("Total return", true),
        ("Sharpe, daily", true),
        ("Deepest fall, by days", true),
        ("Round trips", true),
        ("Paid", true),
        ("Cost model", false),
        ("", false),
    ];
    let table = Table::begin(out, "stress-table", "The same run at multiples of its costs", &columns, false);
    for row in &stress.rows {
        let none = || NONE.to_owned();
        let times = format!("{}×", if row.times.fract() == 0.0 { fixed(row.times, 0) } else { fixed(row.times, 2) });
        let cells = match &row.told {
            Ok(Stressed {
                total_return, sharpe_daily, max_drawdown, n_trades, paid, cost_model_id, is_ruined, ..
            }) => [
                times,
                change(*total_return),
                sharpe_daily.map_or_else(none, |s| fixed(s, 3)),
                max_drawdown.map_or_else(none, |d| percent(-d)),
                count(*n_trades as usize),
                money(*paid),
                cost_model_id.short(),
                if *is_ruined { "ruined" } else { "" }.to_owned(),
            ],
            Err(why) => [times, none(), none(), none(), none(), none(), none(), why.clone()],
        };
        table.row(out, &cells);
    }
    table.end(out);
}
