//! A stored run, made again from its record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use qe_engine::StrategySpec;
use qe_engine::market::Market;
use qe_engine::results::RunManifest;
use qe_engine::run::{self, Report, RunOptions};

use super::given::{Given, one};
use super::left_out::LeftOut;
use super::output::Output;
use super::reads::mended;

/// How the names of records end.
const ENDING: &str = ".run.json";

/// A record, and where it stands.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) path: PathBuf,
    pub(crate) manifest: RunManifest,
    pub(crate) given: Given,
}

/// A stored run, and what comes of it now.
#[derive(Debug)]
pub(crate) struct Repeated {
    pub(crate) stored: Stored,
    pub(crate) spec: StrategySpec,
    pub(crate) market: Arc<Market>,
    pub(crate) options: RunOptions,
    pub(crate) report: Report,
    /// What of files was left out.
    pub(crate) left_out: Option<LeftOut>,
}

impl Stored {
    /// Reads a record: a file, or a folder that has one. Its data are in the files that it names, or in these.
    pub(crate) fn read(run: &Path, data: &[String]) -> Result<Self> {
        let path = find(run)?;
        let place = || path.display().to_string();
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let Ok(text) = String::from_utf8(bytes) else {
            bail!(
                "{}: it is no record of a run, but something else than text; name the file that ends in {ENDING}",
                path.display()
            );
        };
        let manifest = RunManifest::from_json(&text).with_context(place)?;
        let given: Given = serde_json::from_value(manifest.data.clone()).map_err(|e| {
            anyhow::anyhow!(
                "{}, data: it does not say how the data are given ({e}); write the record by `qe backtest --out DIR`",
                path.display()
            )
        })?;
        Ok(Self { given: given.moved_to(data, &manifest.identity)?, manifest, path })
    }

    /// What is said where its data cannot be read.
    pub(crate) fn unread(&self) -> String {
        format!("{}: the run cannot be made again; where its data have moved, --data names them", self.path.display())
    }

    /// Loads its data, and runs it again.
    pub(crate) fn repeat(self, out: &Output) -> Result<Repeated> {
        let place = || format!("{}: the run cannot be made again", self.path.display());
        let spec = self.manifest.spec().with_context(place)?;
        let options = self.manifest.options();
        let (markets, _, left_out) = self.given.load(spec.execution.path, out).with_context(|| self.unread())?;
        let market = one(&markets).with_context(place)?;
        let report = run::run(&spec, &market, &options).map_err(mended).with_context(place)?;
        let (stored, now) = (&self.manifest.identity, &report.identity);
        if stored.run_id == now.run_id && self.manifest.pnl.to_bits() != report.pnl().to_bits() {
            bail!(
                "{}: it says that {} was won, and the same run wins {}: the file was changed, or written by another build \
                 of the engine; take it as it was written, or run it again",
                self.path.display(),
                self.manifest.pnl,
                report.pnl()
            );
        }
        Ok(Repeated { spec, market, options, report, left_out, stored: self })
    }
}

impl Repeated {
    /// Fails if the data are others than those that it was made from.
    pub(crate) fn ensure_same_data(&self) -> Result<()> {
        let (stored, now) = (&self.stored.manifest.identity, &self.report.identity);
        if stored.data_id == now.data_id {
            return Ok(());
        }
        bail!(
            "{}: the data are others than those that it was made from: {} now, {} then; give those with --data, or run \
             the strategy over the new ones by `qe backtest`",
            self.stored.path.display(),
            now.data_id.short(),
            stored.data_id.short()
        );
    }

    /// Which version of the engine made it, if it was another one whose result may differ.
    pub(crate) fn other_version(&self) -> Option<&str> {
        let (stored, now) = (&self.stored.manifest.identity, &self.report.identity);
        (stored.crate_version != now.crate_version).then_some(&*stored.crate_version)
    }
}

/// The record that is meant: the file itself, or the only one of a folder.
fn find(run: &Path) -> Result<PathBuf> {
    if !run.is_dir() {
        return Ok(run.to_owned());
    }
    let place = || format!("cannot read {}", run.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(run).with_context(place)? {
        let path = entry.with_context(place)?.path();
        if path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.ends_with(ENDING) && !n.starts_with('.')) {
            found.push(path);
        }
    }
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("{}: no file in it ends in {ENDING}; make one by `qe backtest … --out DIR`", run.display()),
        several => {
            let names: Vec<String> = several.iter().take(8).map(|p| p.display().to_string()).collect();
            let more = if several.len() > 8 { ", …" } else { "" };
            bail!("{}: there are several runs in it; name one of {}{more}", run.display(), names.join(", "));
        }
    }
}
