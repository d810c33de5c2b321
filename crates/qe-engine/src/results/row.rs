//! One row of metrics, before it stands in a table.

use std::collections::BTreeMap;

use qe_core::ident::Id;
use qe_core::instrument::AssetClass;
use qe_core::time::Timestamp;
use serde::Serialize;

use super::schema::{SCHEMA_VERSION, SchemaColumn};
use super::table::{Cell, Dtype, Values};
use super::undefined::reasons;
use crate::error::{Error, Result};
use crate::metrics::summary::{SharpeMethod, Summary};
use crate::run::RunIdentity;
use crate::spec::FillSpec;

/// What a row is made from.
pub(super) struct Row<'a> {
    pub(super) origin: &'static str,
    pub(super) identity: &'a RunIdentity,
    pub(super) class: Option<AssetClass>,
    pub(super) capital: f64,
    pub(super) point_id: Option<u64>,
    pub(super) status: &'static str,
    pub(super) failure: Option<&'a str>,
    /// By the names of a sweep's outcome.
    pub(super) told: BTreeMap<&'a str, Option<f64>>,
    pub(super) summary: Option<&'a Summary>,
}

impl Row<'_> {
    /// What it is a result of, and how it ended.
    pub(super) fn head(&self) -> Result<BTreeMap<&'static str, Cell>> {
        let i = self.identity;
        let text = |s: &str| Cell::Text(s.into());
        let id = |id: &Id| Cell::Text(id.to_string().into());
        let time = |t: Timestamp| Cell::Time(t.0);
        let some = |is: bool, cell: Cell| if is { cell } else { Cell::Null };
        let mut reads = i.reads.clone();
        reads.extend(i.compared.as_ref().map(|c| (format!("{} symbols compared", c.symbols.len()), c.id)));
        Ok(BTreeMap::from([
            ("schema_version", Cell::UInt(SCHEMA_VERSION)),
            ("origin", text(self.origin)),
            ("run_id", id(&i.run_id)),
            ("point_id", self.point_id.map_or(Cell::Null, Cell::UInt)),
            ("status", text(self.status)),
            ("failure", self.failure.map_or(Cell::Null, text)),
            ("strategy", Cell::Text(i.strategy.clone())),
            ("asset_class", text(&class_word(self.class))),
            ("symbol", text(&i.symbol)),
            ("frequency", text(&i.frequency)),
            ("params", json(&i.params)?),
            ("spec_id", id(&i.spec_id)),
            ("skeleton_id", id(&i.skeleton_id)),
            ("spec_version", Cell::UInt(u64::from(i.spec_version))),
            ("data_id", id(&i.data_id)),
            ("calendar_id", i.calendar_id.as_ref().map_or(Cell::Null, id)),
            ("reads", some(!reads.is_empty(), json(&reads)?)),
            ("vendor", i.vendor.as_deref().map_or(Cell::Null, text)),
            ("as_of", i.as_of.map_or(Cell::Null, time)),
            ("start", time(i.start)),
            ("eval_start", time(i.eval_start)),
            ("end", time(i.end)),
            ("stretches", some(!i.stretches.is_empty(), json(&i.stretches)?)),
            ("warmup", json(&i.warmup)?),
            ("cost_model_id", id(&i.cost_model_id)),
            ("fill_timing", json(&FillSpec(i.fill_timing))?),
            ("is_same_bar", Cell::Bool(i.is_same_bar)),
            ("holding", json(&i.holding)?),
            ("path_policy", json(&i.path_policy)?),
            ("seed", Cell::UInt(i.seed)),
            ("crate_version", text(&i.crate_version)),
            ("capital", Cell::Float(self.capital)),
            ("sharpe_method", json(&self.summary.map_or(SharpeMethod::DailyAggV1, |s| s.sharpe_method))?),
        ]))
    }

    /// Its metrics, and why some are undefined.
    pub(super) fn figures(
        &self,
        columns: &[(SchemaColumn, Values)],
        cells: &mut BTreeMap<&'static str, Cell>,
    ) -> Result<()> {
        if self.failure.is_some() {
            return Ok(());
        }
        let mut figures: BTreeMap<&str, Option<f64>> = BTreeMap::new();
        if let Some(summary) = self.summary {
            figures.extend(summary.figures.iter().map(|(name, v)| (name.as_str(), *v)));
        }
        // What a sweep tells too has the same bits there.
        figures.extend(self.told.iter().map(|(name, v)| (*name, *v)));
        let won = figures.get("final_equity").copied().flatten().map(|equity| equity - self.capital);
        figures.insert("pnl", won);
        for (column, _) in columns {
            if let Some(Some(x)) = figures.get(column.name) {
                let cell = match column.dtype {
                    Dtype::Bool => Cell::Bool(*x != 0.0),
                    // Counts are whole, and far below where floats are not.
                    Dtype::Int => Cell::Int(*x as i64),
                    _ => Cell::Float(*x),
                };
                cells.insert(column.name, cell);
            }
        }
        let is_floored = figures.get("vol_floor_applied").copied().flatten() == Some(1.0);
        let why = reasons(&figures, is_floored);
        if !why.is_empty() {
            cells.insert("undefined", json(&why)?);
        }
        Ok(())
    }
}

/// A class as it is written.
pub(super) fn class_word(class: Option<AssetClass>) -> String {
    let word = class.and_then(|class| serde_json::to_value(class).ok());
    word.as_ref().and_then(|word| word.as_str()).unwrap_or("unknown").to_owned()
}

pub(super) fn finite(x: f64) -> Option<f64> {
    Some(x).filter(|x| x.is_finite())
}

/// A value as JSON; a word without its quotes.
fn json(value: &impl Serialize) -> Result<Cell> {
    let value = serde_json::to_value(value).map_err(|e| {
        Error::stored(
            "a row of metrics",
            e.to_string(),
            "give parameters that are finite numbers, words, or yes and no",
        )
    })?;
    Ok(Cell::Text(match value {
        serde_json::Value::String(word) => word.into(),
        other => other.to_string().into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_a_word() {
        assert_eq!(class_word(Some(AssetClass::Etf)), "etf");
        assert_eq!(class_word(None), "unknown");
    }
}
