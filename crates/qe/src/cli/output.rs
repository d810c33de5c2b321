//! Where a command's words go.

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
        match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
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
        let _ = writeln!(io::stderr().lock(), "{text}");
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
