//! The catalogue as tables of a document: `docs/strategies.md` holds them, and a test keeps them true.

use std::fmt::Write as _;

use qe_core::param::{Kind, Param};

use super::{Slot, entries, exits, filters, sizers};

/// Tables of all blocks, as Markdown.
pub fn reference() -> String {
    let mut out = String::new();
    let mut table = |title: &str, rows: Vec<(&str, Vec<Slot>, &str, String)>| {
        let _ = writeln!(out, "### {title}\n\n| block | takes | what it is | expands to |\n| --- | --- | --- | --- |");
        for (name, slots, about, text) in rows {
            let slots: Vec<String> = slots.iter().map(slot).collect();
            let _ = writeln!(out, "| `{name}` | {} | {about} | {text} |", slots.join(", "));
        }
        let _ = writeln!(out);
    };
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let conditions = |list: &[&super::ConditionBlock]| {
        list.iter().map(|b| (b.name, (b.slots)(), b.about, code(b.text))).collect::<Vec<_>>()
    };
    table("Entries", conditions(entries::ALL));
    table("Filters", conditions(filters::ALL));
    let exits = exits::ALL.iter().map(|b| {
        let rules = b.rules.iter().map(|rule| {
            let kind = format!("{:?}", rule.kind).to_lowercase();
            let only = rule.only.map_or_else(String::new, |(name, v)| format!(" (`{name} = {v}`)"));
            format!("{kind} {}{only}", code(rule.texts[0]))
        });
        let text = if b.flat_at_session_end { "`flat_at_end` under `[session]`".to_owned() } else { String::new() };
        (b.name, (b.slots)(), b.about, rules.chain(Some(text).filter(|t| !t.is_empty())).collect::<Vec<_>>().join("; "))
    });
    table("Exits, for a long position", exits.collect());
    table("Sizers", sizers::ALL.iter().map(|b| (b.name, (b.slots)(), b.about, code(b.text))).collect());
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// A slot with its default: `period = 14`.
fn slot(slot: &Slot) -> String {
    match slot {
        Slot::Number(param) => format!("`{} = {}`", param.name, param.default),
        Slot::Switch(param) => format!("`{} = {}`{}", param.name, param.default, options(param)),
        Slot::Series { name, default: Some(text), .. } => format!("`{name} = {text}`"),
        Slot::Series { name, .. } => format!("`{name}`"),
    }
}

fn options(param: &Param) -> String {
    match &param.kind {
        Kind::Choice { options } => format!(" ({})", options.join(", ")),
        _ => String::new(),
    }
}
