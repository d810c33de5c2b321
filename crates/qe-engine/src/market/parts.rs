//! A market taken apart into plain lists, and put together again: what it would be if other rows had come.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::columns::{Axis, Column, Columns};

use super::detail::{Detail, FineParts};
use super::{Market, Masks, Symbols};
use crate::error::Result;

/// A market as plain lists.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// When each row began, and when it was complete.
    pub(crate) open: Vec<i64>,
    pub(crate) available: Vec<i64>,
    /// The columns; the first five are open, high, low, close and volume.
    pub(crate) columns: Vec<(Arc<str>, Vec<f64>)>,
    /// What may be done in each row; an empty mask forbids nothing.
    pub(crate) masks: Masks,
    /// Between bid and ask, if that is known.
    pub(crate) spread: Option<Vec<f64>>,
    /// Bars of a lower timeframe, if there are some.
    pub(crate) fine: Option<FineParts>,
    /// The other symbols.
    pub(crate) symbols: Vec<Market>,
    /// The symbols that it is compared with.
    pub(crate) peers: Vec<Market>,
}

impl Market {
    /// What may be done in each row; an empty mask forbids nothing.
    pub(crate) fn masks(&self) -> Masks {
        self.forbidden.masks(self.len())
    }

    /// Between bid and ask, if that is known.
    pub(crate) fn spread(&self) -> Option<&[f64]> {
        self.spread.as_deref()
    }

    /// Bars of a lower timeframe, if there are some.
    pub(crate) fn fine_parts(&self) -> Option<FineParts> {
        self.detail.as_ref().map(Detail::parts)
    }

    /// Its parts.
    pub(crate) fn parts(&self) -> Parts {
        let axis = self.columns.axis();
        Parts {
            open: axis.open().to_vec(),
            available: axis.available().to_vec(),
            columns: self.columns.iter().map(|(name, x)| (name.into(), x.to_f64().to_vec())).collect(),
            masks: self.masks(),
            spread: self.spread().map(<[f64]>::to_vec),
            fine: self.fine_parts(),
            symbols: self.symbols.0.to_vec(),
            peers: self.peers.as_ref().map(|peers| peers.markets().to_vec()).unwrap_or_default(),
        }
    }

    /// A market like this one, of these parts: its symbol, calendar and instrument stay, and the groups of its peers.
    ///
    /// # Errors
    /// When the parts are those of no market.
    pub(crate) fn of_parts(&self, parts: Parts) -> Result<Self> {
        let mut columns =
            Columns::new(Axis::new(parts.open, parts.available)?).starting_at_row(self.columns.first_row());
        for ((name, values), (_, was)) in parts.columns.into_iter().zip(self.columns.iter()) {
            let values = match was {
                Column::F32(_) => Column::from(values.iter().map(|v| *v as f32).collect::<Vec<f32>>()),
                Column::F64(_) => values.into(),
            };
            columns.push(name, values)?;
        }
        let bars = Bars::from_columns(self.symbol(), self.timeframe, columns)?;
        let mut market = Self::new(&bars, &self.calendar)?.with_masks(&parts.masks)?;
        if let Some(spread) = &parts.spread {
            market = market.with_spread(spread)?;
        }
        if let Some(column) = &self.mark_column {
            market.mark_at(self.line.marks, column)?;
        }
        let detail = parts.fine.map(Detail::of_parts).transpose()?;
        let peers = self.peers.as_ref().map(|peers| peers.of_markets(&parts.peers)).transpose()?;
        Ok(Self { line: self.line.clone(), symbols: Symbols(parts.symbols.into()), peers, detail, ..market })
    }
}
