//! The header of a run page: what it is a result of, what was made of it, what must be known, and its key figures.

use qe_engine::metrics::Unit;

use super::RunPage;
use super::notes::{Note, Tone, Verdict};
use super::trading::words;
use crate::page::html::{Html, short};
use crate::page::number::{change, figure, fixed, instant, money, of, percent};
use crate::page::shell;

/// The figures that stand on top.
const KEY: [(&str, &str); 10] = [
    ("total_return", "Total return"),
    ("cagr", "A year (CAGR)"),
    ("sharpe_daily", "Sharpe, daily"),
    ("max_drawdown", "Deepest fall, by days"),
    ("vol_annual", "Volatility, a year"),
    ("n_trades", "Round trips"),
    ("win_rate", "Round trips that won"),
    ("profit_factor", "Profit factor"),
    ("exposure", "Days in the market"),
    ("cost_share", "Costs of gross"),
];

pub(crate) fn header(page: &RunPage, out: &mut Html) {
    let i = &page.identity;
    out.raw("<header class=\"wrap\">\n<p class=\"eyebrow\">Backtest · ").foreign(&short(&i.symbol, 60));
    out.raw(" · ").text(&i.frequency).raw(" bars</p>\n<h1>").foreign(&short(&i.strategy, 160)).raw("</h1>\n");
    let span = format!(
        "{} to {} UTC, {} on {}. Money at the beginning {}, worth at the end {}.",
        instant(i.eval_start.nanos()),
        instant(i.end.nanos()),
        of(page.n_bars, "bar", "bars"),
        of(page.n_days, "day", "days"),
        money(page.capital),
        money(page.final_equity)
    );
    out.element("<p class=\"lede\">", &span, "</p>\n");
    verdict(page.verdict.as_ref(), out);
    notes(&page.notes, out);
    out.raw("</header>\n");
}

fn verdict(verdict: Option<&Verdict>, out: &mut Html) {
    let class = |tone: Tone| match tone {
        Tone::Good => "verdict good",
        Tone::Bad => "verdict bad",
        Tone::Plain => "verdict",
    };
    let none = Verdict {
        word: "No verdict yet".to_owned(),
        tone: Tone::Plain,
        reasons: vec![
            "This page shows one run. How many others were tried, and whether it holds on data that nobody \
                       has seen, is not told here."
                .to_owned(),
        ],
    };
    let verdict = verdict.unwrap_or(&none);
    out.raw("<section").attr("class", class(verdict.tone)).raw(" aria-label=\"Verdict\"><p class=\"word\">");
    out.foreign(&verdict.word).raw("</p><ul>");
    for reason in &verdict.reasons {
        out.raw("<li>").foreign(reason).raw("</li>");
    }
    out.raw("</ul></section>\n");
}

fn notes(notes: &[Note], out: &mut Html) {
    if notes.is_empty() {
        return;
    }
    out.raw("<ul class=\"notes\" aria-label=\"To be known before any figure is read\">");
    for note in notes {
        let mark = match note.tone {
            Tone::Bad => "<li class=\"bad\"><strong>Warning: </strong>",
            Tone::Good | Tone::Plain => "<li><strong>Note: </strong>",
        };
        out.raw(mark).text(&note.text).raw("</li>");
    }
    out.raw("</ul>\n");
}

/// The key figures.
pub(crate) fn tiles(page: &RunPage, out: &mut Html) {
    out.raw("<dl class=\"tiles\">\n");
    for (name, label) in KEY {
        let row = page.figures.iter().find(|f| f.name == name);
        let (value, unit) = row.map_or((None, Unit::Ratio), |f| (f.value, f.unit));
        let text = match (name, value) {
            ("total_return" | "cagr", Some(x)) => change(x),
            ("max_drawdown", Some(x)) => percent(-x),
            _ => figure(value, unit),
        };
        let beside = match name {
            "total_return" => page.beside.total_return.map(|x| format!("{} {}", change(x), page.beside.name)),
            "cagr" => page.beside.cagr.map(|x| format!("{} {}", change(x), page.beside.name)),
            "sharpe_daily" => {
                let error = page.figure("sharpe_hac_error").map(|e| format!("standard error {} (HAC)", fixed(e, 2)));
                let held = page.beside.sharpe_daily.map(|x| format!("{} {}", fixed(x, 2), page.beside.name));
                Some([error, held].into_iter().flatten().collect::<Vec<_>>().join("; "))
            }
            "max_drawdown" => page.beside.max_drawdown.map(|x| format!("{} {}", percent(-x), page.beside.name)),
            _ => None,
        };
        out.raw("<div><dt>").text(label).raw("</dt><dd class=\"big\">").text(&text).raw("</dd>");
        if let Some(beside) = beside.filter(|b| !b.is_empty()) {
            out.raw("<dd class=\"beside\">").foreign(&short(&beside, 90)).raw("</dd>");
        }
        out.raw("</div>\n");
    }
    out.raw("</dl>\n");
}

/// What it is a result of: all of its identity.
pub(crate) fn identity(page: &RunPage, out: &mut Html) {
    let i = &page.identity;
    out.raw("<p>Two runs with one run id have the same bits.</p>\n<dl class=\"identity\">\n");
    let mut line = |name: &'static str, class: &'static str, value: &str| {
        let is_long = value.len() > 34;
        out.raw("<div").raw(if is_long { " class=\"long\"" } else { "" }).raw("><dt>").raw(name).raw("</dt><dd");
        if !class.is_empty() {
            out.attr("class", class);
        }
        // What may be long scrolls, and so can be reached by keyboard.
        if value.len() > 300 {
            out.raw(" tabindex=\"0\"");
        }
        out.raw(">").foreign(value).raw("</dd></div>\n");
    };
    line("Run id", "id", &i.run_id.to_string());
    line("Strategy", "", &i.strategy);
    line("Specification id", "id", &i.spec_id.to_string());
    line("Skeleton id", "id", &i.skeleton_id.to_string());
    line("Specification version", "", &i.spec_version.to_string());
    line("Data id", "id", &i.data_id.to_string());
    if let Some(calendar) = &i.calendar_id {
        line("Calendar id", "id", &calendar.to_string());
    }
    for (symbol, id) in &i.reads {
        line("Reads", "id", &format!("{symbol} {id}"));
    }
    if let Some(compared) = &i.compared {
        line("Compares", "id", &format!("{} {}", compared.symbols.join(", "), compared.id));
    }
    line("Vendor", "", i.vendor.as_deref().unwrap_or("not known"));
    line("As of", "", &i.as_of.map_or_else(|| "not known".to_owned(), |at| instant(at.nanos()) + " UTC"));
    line("Symbol", "", &i.symbol);
    line("Frequency", "", &i.frequency);
    line("Data begin", "", &(instant(i.start.nanos()) + " UTC"));
    line("Scored from", "", &(instant(i.eval_start.nanos()) + " UTC"));
    line("Scored to", "", &(instant(i.end.nanos()) + " UTC"));
    for stretch in &i.stretches {
        line("Stretch", "", &format!("{} to {} UTC", instant(stretch.start), instant(stretch.end)));
    }
    line("Warm-up", "", &words(&format!("{:?}", i.warmup)));
    line("Cost model id", "id", &i.cost_model_id.to_string());
    line("Fill timing", if i.is_same_bar { "warn" } else { "" }, &i.fill_timing.to_string());
    line("Holding", "", &words(&format!("{:?}", i.holding)));
    line("Path within a bar", "", &words(&format!("{:?}", i.path_policy)));
    line("Seed", "", &i.seed.to_string());
    line("Version of the engine", "", &i.crate_version);
    if i.params.is_empty() {
        line("Parameters", "", "none");
    }
    for (name, value) in &i.params {
        line("Parameter", "param", &format!("{name} = {value}"));
    }
    out.raw("</dl>\n");
    if let Some(spec) = &page.spec {
        shell::spec(out, spec);
    }
}
