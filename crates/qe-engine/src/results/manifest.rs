//! The record of a run, `run.json`: what it was made from and what it came to, enough to make it again and compare.
//!
//! It holds the identity, the strategy with every default written, the options, and how the data were given, in words of
//! whoever gave them. What is read is checked: the marks of the format, its version, that no field is strange, that the
//! identity is the one of its fields, and that the strategy is the one of the identity.

use std::collections::BTreeMap;

use qe_core::ident::{Id, id_of};
use qe_core::instrument::AssetClass;
use qe_core::param::Value;
use qe_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::metrics::summary::Summary;
use crate::outcome;
use crate::run::{Report, RunIdentity, RunOptions};
use crate::spec::StrategySpec;

/// The version of the record that this crate writes, and the one that it reads.
pub const MANIFEST_VERSION: u32 = 1;

/// What marks a file as one of ours.
const FORMAT: &str = "quant-engine run";

/// The record of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// `quant-engine run`.
    pub format: String,
    /// [`MANIFEST_VERSION`].
    pub version: u32,
    /// What it is a result of.
    pub identity: RunIdentity,
    /// The class of the instrument, where that is known.
    pub asset_class: Option<AssetClass>,
    /// The strategy with every default written, in TOML.
    pub spec: String,
    /// How it was run.
    pub options: StoredOptions,
    /// How the data were given: whatever the caller needs to give them again.
    pub data: serde_json::Value,
    /// Money at the beginning.
    pub capital: f64,
    /// What it won, in money.
    pub pnl: f64,
    /// All metrics.
    pub summary: Summary,
    /// The numbers that a sweep tells of the same point, by [`outcome::NAMES`]; an undefined one is null.
    pub outcome: BTreeMap<String, Option<f64>>,
    /// The hash of all of the above as it was when it was made or written, by which a record that was changed is known.
    pub sum: Id,
}

/// [`RunOptions`] as they are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredOptions {
    /// Parameters that were not as by default.
    pub params: BTreeMap<String, Value>,
    /// From when on it was to be scored.
    pub eval_start: Option<Timestamp>,
    /// Until when.
    pub eval_end: Option<Timestamp>,
    /// Daily returns that it was compared with; a missing one is null.
    pub benchmark: Option<Vec<Option<f64>>>,
    /// The seed.
    pub seed: u64,
}

impl From<&RunOptions> for StoredOptions {
    fn from(options: &RunOptions) -> Self {
        let finite = |x: &f64| Some(*x).filter(|x| x.is_finite());
        Self {
            params: options.params.clone(),
            eval_start: options.eval_start.map(Timestamp),
            eval_end: options.eval_end.map(Timestamp),
            benchmark: options.benchmark.as_ref().map(|b| b.iter().map(finite).collect()),
            seed: options.seed,
        }
    }
}

impl From<&StoredOptions> for RunOptions {
    fn from(stored: &StoredOptions) -> Self {
        let number = |x: &Option<f64>| x.unwrap_or(f64::NAN);
        Self {
            params: stored.params.clone(),
            eval_start: stored.eval_start.map(|t| t.0),
            eval_end: stored.eval_end.map(|t| t.0),
            benchmark: stored.benchmark.as_ref().map(|b| b.iter().map(number).collect()),
            seed: stored.seed,
        }
    }
}

impl RunManifest {
    /// The record of a run; `data` is how the data were given.
    ///
    /// # Errors
    /// When the strategy cannot be written as TOML, or what it won is no finite number.
    pub fn new(
        spec: &StrategySpec,
        options: &RunOptions,
        report: &Report,
        class: Option<AssetClass>,
        data: serde_json::Value,
    ) -> Result<Self> {
        let pnl = report.pnl();
        if !pnl.is_finite() {
            let reason = format!("what it won is {pnl}");
            return Err(Error::stored("pnl", reason, "look for prices or sizes beyond all measure"));
        }
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let outcome = outcome::NAMES.iter().zip(report.outcome());
        let mut made = Self {
            format: FORMAT.to_owned(),
            version: MANIFEST_VERSION,
            identity: report.identity.clone(),
            asset_class: class,
            spec: spec.with_defaults_written()?.to_toml()?,
            options: options.into(),
            data,
            capital: report.ledger.capital,
            pnl,
            summary: report.summary.clone(),
            outcome: outcome.map(|(name, x)| ((*name).to_owned(), finite(x))).collect(),
            sum: report.identity.run_id,
        };
        made.sum = made.own_sum()?;
        Ok(made)
    }

    /// The hash of all but itself.
    fn own_sum(&self) -> Result<Id> {
        let Self {
            format,
            version,
            identity,
            asset_class,
            spec,
            options,
            data,
            capital,
            pnl,
            summary,
            outcome,
            sum: _,
        } = self;
        let made_of = (format, version, identity, asset_class, spec, options, data);
        Ok(id_of("run record v1", &(made_of, capital, pnl, summary, outcome))?)
    }

    /// It as JSON: equal runs give equal bytes.
    ///
    /// # Errors
    /// When a parameter is a number that JSON cannot hold.
    pub fn to_json(&self) -> Result<String> {
        let summed = Self { sum: self.own_sum()?, ..self.clone() };
        let mut text = serde_json::to_string_pretty(&summed)
            .map_err(|e| Error::stored("run.json", e.to_string(), "give parameters that are finite numbers"))?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a record, and checks that it is whole and one of its own.
    ///
    /// # Errors
    /// When it is cut, is none of ours, is of another version, has a strange field, or was changed.
    pub fn from_json(text: &str) -> Result<Self> {
        let place = "run.json";
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| {
            let (reason, mend) = match e.is_eof() {
                true if text.trim().is_empty() => ("it is empty".to_owned(), "write it again from the run"),
                true => (format!("it is cut, in line {}", e.line()), "write it again from the run"),
                false => (format!("it is no JSON: {e}"), "give the run.json of a run"),
            };
            Error::stored(place, reason, mend)
        })?;
        if value.get("format").and_then(|f| f.as_str()) != Some(FORMAT) {
            let reason = format!("it is no record of a run: its `format` is not {FORMAT:?}");
            return Err(Error::stored(place, reason, "give a file that ends in .run.json"));
        }
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(MANIFEST_VERSION) => {}
            other => {
                let version = other.map_or_else(|| "missing".to_owned(), |v| v.to_string());
                let reason = format!("its version is {version}, and this crate reads {MANIFEST_VERSION}");
                return Err(Error::stored(place, reason, "read it with the version of the engine that wrote it"));
            }
        }
        // From the text: what is wrong is told with its line.
        let run: Self = serde_json::from_str(text)
            .map_err(|e| Error::stored(place, e.to_string(), "docs/results.md lists the fields"))?;
        run.check()?;
        Ok(run)
    }

    /// The strategy.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn spec(&self) -> Result<StrategySpec> {
        StrategySpec::from_toml(&self.spec)
    }

    /// How it was run.
    pub fn options(&self) -> RunOptions {
        (&self.options).into()
    }

    /// Fails where a part was changed by itself.
    fn check(&self) -> Result<()> {
        let mend = "take the file as it was written; where its data have moved, say where they are now";
        if self.identity.own_id()? != self.identity.run_id {
            return Err(Error::stored("run.json, identity", "its run_id is not the one of its fields", mend));
        }
        if self.identity.is_same_bar != self.identity.fill_timing.is_same_bar() {
            return Err(Error::stored("run.json, identity", "is_same_bar is not what fill_timing says", mend));
        }
        // Another version of the crate may give another id to the same text.
        if self.identity.crate_version == env!("CARGO_PKG_VERSION") {
            let spec = self.spec()?;
            if spec.spec_id()? != self.identity.spec_id {
                return Err(Error::stored("run.json, spec", "it is not the strategy of the identity", mend));
            }
        }
        if self.sum != self.own_sum()? {
            return Err(Error::stored("run.json", "it was changed: its sum is not the one of its fields", mend));
        }
        Ok(())
    }
}
