//! Where a command's words go.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Standard output for results, standard error for progress and errors.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    progress: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, progress: !quiet && !json && io::stderr().is_terminal() }
    }

    /// The same without progress: for parts of work that has a bar of its own.
    pub(crate) fn without_progress(&self) -> Self {
        Self { json: self.json, progress: false }
    }

    /// The result of a command: as JSON, or as the text given.
    pub(crate) fn result(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(value)? } else { text() };
        match writeln!(io::stdout().lock(), "{}", shown(text.trim_end())) {
            // Whoever reads may stop reading: `qe … | head`.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other.context("cannot write to standard output")?),
        }
    }

    /// An error, with its causes.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let text = if self.json {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            serde_json::json!({ "error": causes.join(": ") }).to_string()
        } else {
            format!("error: {error:#}")
        };
        // If standard error is closed, there is nobody left to tell.
        let _ = writeln!(io::stderr().lock(), "{}", shown(&text));
    }

    /// A bar over `n` steps of a kind of work; hidden unless somebody watches.
    pub(crate) fn bar(&self, n: u64, what: &str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(n).with_message(what.to_owned());
        let template = "{msg:>12} {bar:30} {pos}/{len} {elapsed} (about {eta} to go)";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// Whether a character steers a terminal, or turns the order of the text round: names out of files may have any.
fn is_steering(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// A text as it may be shown: characters that steer are spelled, in the way that JSON and TOML read again.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_steering(c) {
            out += &format!("\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_and_all_else_stays() {
        let plain = "Größe\t1\n日本 {\"a\": \"\\u001b\"}";
        assert!(matches!(shown(plain), Cow::Borrowed(text) if text == plain));
        assert_eq!(shown("a\u{1b}[31mb\rc\u{7f}\u{9b}"), "a\\u001b[31mb\\u000dc\\u007f\\u009b");
        assert_eq!(shown("SPY\u{202e}gpj\u{2069}"), "SPY\\u202egpj\\u2069");
    }
}
