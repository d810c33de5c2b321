//! What is traded: an identity that data, costs and calendars hang on.
//!
//! A symbol alone is not an identity (`VXX` is a note on futures, not the index `VIX`), so an instrument says its
//! venue and its class too, and its [`Instrument::key`] is what results are stored under.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// What kind of thing is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AssetClass {
    /// A share of a company.
    Equity,
    /// A fund or note that trades like a share.
    Etf,
    /// A number that is published and cannot be traded.
    Index,
    /// A futures contract.
    Future,
    /// A listed option.
    Option,
    /// A coin against another currency.
    Crypto,
    /// A swap without expiry, with funding.
    Perpetual,
    /// A pair of currencies.
    Forex,
}

impl AssetClass {
    /// Whether an order for it can exist at all.
    pub fn is_tradable(self) -> bool {
        self != Self::Index
    }
}

/// One instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// The ticker, as the data names it.
    pub symbol: Arc<str>,
    /// Where it trades; upper case.
    pub venue: Arc<str>,
    /// What kind of thing it is.
    pub class: AssetClass,
    /// The currency that its price is in.
    pub currency: Arc<str>,
    /// The sessions it trades in.
    pub calendar: Calendar,
    /// The smallest step of its price.
    pub tick_size: f64,
    /// The smallest step of a quantity.
    pub lot_size: f64,
    /// Currency per point of price and unit of quantity: 1 for shares, 100 for US equity options.
    pub multiplier: f64,
    /// When it expires; `None` for what does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Timestamp>,
}

impl Instrument {
    /// A US exchange-traded fund, in cents and single shares.
    pub fn us_etf(symbol: &str) -> Self {
        Self::us(symbol, AssetClass::Etf)
    }

    /// A US share, in cents and single shares.
    pub fn us_equity(symbol: &str) -> Self {
        Self::us(symbol, AssetClass::Equity)
    }

    /// A US listing of the given class.
    fn us(symbol: &str, class: AssetClass) -> Self {
        Self {
            symbol: symbol.into(),
            venue: "XNYS".into(),
            class,
            currency: "USD".into(),
            calendar: Calendar::us_equities(),
            tick_size: 0.01,
            lot_size: 1.0,
            multiplier: 1.0,
            expiry: None,
        }
    }

    /// A coin against the dollar, traded around the clock.
    pub fn crypto(symbol: &str, venue: &str) -> Self {
        Self {
            symbol: symbol.into(),
            venue: venue.to_uppercase().into(),
            class: AssetClass::Crypto,
            currency: "USD".into(),
            calendar: Calendar::crypto(),
            tick_size: 0.01,
            lot_size: 1e-8,
            multiplier: 1.0,
            expiry: None,
        }
    }

    /// Symbol, venue and class in one word: `SPY.XNYS.etf`.
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// The instrument itself if it can be used.
    ///
    /// # Errors
    /// When the symbol is empty, or a step or the multiplier is not above zero.
    pub fn validated(self) -> Result<Self> {
        if self.symbol.trim().is_empty() {
            return Err(Error::invalid("symbol", "\"\"", "an instrument needs a name", "give its ticker"));
        }
        let sizes = [("tick_size", self.tick_size), ("lot_size", self.lot_size), ("multiplier", self.multiplier)];
        for (field, value) in sizes {
            if !(value > 0.0 && value.is_finite()) {
                let field = format!("{field} of {}", self.symbol);
                return Err(Error::invalid(field, value, "it must be above zero", "give the venue's figure"));
            }
        }
        Ok(self)
    }

    /// `price` on the nearest tick.
    pub fn round_price(&self, price: f64) -> f64 {
        (price / self.tick_size).round() * self.tick_size
    }

    /// The largest tradable quantity not above `quantity`, towards zero.
    pub fn round_quantity(&self, quantity: f64) -> f64 {
        (quantity / self.lot_size).trunc() * self.lot_size
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            AssetClass::Equity => "equity",
            AssetClass::Etf => "etf",
            AssetClass::Index => "index",
            AssetClass::Future => "future",
            AssetClass::Option => "option",
            AssetClass::Crypto => "crypto",
            AssetClass::Perpetual => "perpetual",
            AssetClass::Forex => "forex",
        };
        write!(f, "{}.{}.{class}", self.symbol, self.venue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_on_futures_is_not_the_index() {
        let vxx = Instrument::us_etf("VXX");
        let vix = Instrument { class: AssetClass::Index, ..Instrument::us_etf("VIX") };
        assert_eq!(vxx.key(), "VXX.XNYS.etf");
        assert_ne!(vxx.key(), vix.key());
        assert!(vxx.class.is_tradable() && !vix.class.is_tradable());
    }

    #[test]
    fn prices_round_to_ticks_and_quantities_down_to_lots() {
        let spy = Instrument::us_etf("SPY");
        assert!((spy.round_price(430.127) - 430.13).abs() < 1e-9);
        assert_eq!((spy.round_quantity(12.9), spy.round_quantity(-12.9)), (12.0, -12.0));
    }

    #[test]
    fn impossible_sizes_are_refused_by_name() {
        let broken = Instrument { tick_size: 0.0, ..Instrument::us_etf("SPY") };
        assert!(broken.validated().unwrap_err().to_string().starts_with("tick_size of SPY: 0"));
        assert!(Instrument::us_etf(" ").validated().is_err());
    }

    #[test]
    fn it_survives_a_round_trip() {
        let btc = Instrument::crypto("BTCUSD", "binance");
        let text = serde_json::to_string(&btc).unwrap();
        assert_eq!(serde_json::from_str::<Instrument>(&text).unwrap(), btc);
        assert!(serde_json::from_str::<Instrument>(&text.replace("tick_size", "tik_size")).is_err());
    }
}
