//! The reference page of the language, made from the lists.

use std::fmt::Write as _;

use super::words::{ACCOUNT, DERIVED, FUNCTIONS, POSITION, usage};
use crate::indicators;
use crate::ops;
use crate::plan::scalar::{BINARY, UNARY};

/// Every name of the language with what it reads, takes and gives, as a page in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Functions of the expression language\n\nMade by `qe expr list --markdown`; a test keeps it true. Inputs come \
         first, each with the field that is read when it is left out; then parameters with their defaults; then, where \
         there are several, the outputs, one of which is chosen: `macd(close).hist`.\n",
    );
    for (title, list) in [("Indicators", indicators::ALL), ("Operators with memory", ops::ALL)] {
        let _ = writeln!(page, "\n## {title}\n\n| call | also | what it is |\n| --- | --- | --- |");
        for s in list {
            let _ = writeln!(page, "| `{}` | {} | {} |", usage(s).replace('|', "\\|"), s.aliases.join(", "), s.about);
        }
    }
    let _ = writeln!(page, "\n## Other functions\n\n| call | what it is |\n| --- | --- |");
    for (name, args, about) in FUNCTIONS {
        let _ = writeln!(page, "| `{name}({args})` | {about} |");
    }
    let names = |list: Vec<&str>| list.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(page, "\nOf one number: {}.", names(UNARY.iter().map(|(n, _)| *n).collect()));
    let _ = writeln!(page, "\nOf two numbers: {}.", names(BINARY.iter().map(|(n, _)| *n).collect()));
    let _ = writeln!(
        page,
        "\n## Fields\n\nColumns by their names, in backquotes where those have other signs than letters, digits \
         and `_`, or by an end of one after `_` or `.`; and of bars:\n"
    );
    let _ = writeln!(page, "| field | what it is |\n| --- | --- |");
    for (name, what) in DERIVED {
        let _ = writeln!(page, "| `{name}` | {what} |");
    }
    let _ = writeln!(page, "| `adv20` (any number) | sma(close * volume, 20) |");
    let _ = writeln!(page, "| `session` | the day of the row's session, where rows are bars of a calendar |");
    let _ = writeln!(page, "\nOf an open position, in exits and sizes only: {}.", names(POSITION.to_vec()));
    let _ = writeln!(page, "\nOf the account, in sizes and gates only: {}.", names(ACCOUNT.to_vec()));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_the_one_that_the_lists_make() {
        let there = include_str!("../../../../docs/functions.md");
        assert!(there == reference(), "run `cargo run -- expr list --markdown > docs/functions.md`");
    }

    #[test]
    fn the_readme_counts_the_indicators_that_there_are() {
        let said = format!("{} indicators", crate::indicators::ALL.len());
        assert!(include_str!("../../../../README.md").contains(&said), "say {said:?} in README.md");
    }

    #[test]
    fn fields_that_are_made_are_what_the_page_says() {
        use crate::expr::{Schema, compile, parse};
        let schema = Schema::new(["open", "high", "low", "close", "volume"]);
        for (name, what) in DERIVED {
            let (a, b) = (parse(name).unwrap(), parse(what).unwrap());
            let compiled = compile(&[("a", &a), ("b", &b)], &schema, None).unwrap();
            assert_eq!(compiled.plan().outputs().len(), 1, "{name} is not {what}");
        }
    }
}
