//! What expressions are compiled against: columns by name, what bars their rows are, other symbols, and what was fitted.

use std::sync::Arc;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::Timeframe;

use crate::expr::names::Names;
use crate::learned::Learned;

/// What expressions are compiled against.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(super) columns: Arc<[Arc<str>]>,
    pub(super) names: Arc<Names>,
    pub(super) bars: Option<(Timeframe, Calendar, SessionHours)>,
    /// Other symbols, each with its schema where that is another.
    pub(super) symbols: Vec<(Arc<str>, Option<Arc<Schema>>)>,
    pub(super) fitted: Vec<FittedThing>,
}

/// Something fitted, by its name in expressions.
#[derive(Debug, Clone)]
pub(super) struct FittedThing {
    pub(super) name: Arc<str>,
    pub(super) what: Arc<dyn Learned>,
    pub(super) in_sample: bool,
}

impl Schema {
    /// Columns of these names.
    pub fn new(columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let columns: Arc<[Arc<str>]> = columns.into_iter().map(Into::into).collect();
        Self {
            names: Arc::new(Names::new(columns.iter().cloned())),
            columns,
            bars: None,
            symbols: Vec::new(),
            fitted: Vec::new(),
        }
    }

    /// The same columns, being bars of a timeframe in the regular hours of a calendar: other timeframes can be made of them.
    #[must_use]
    pub fn bars(self, timeframe: Timeframe, calendar: Calendar) -> Self {
        self.bars_in(timeframe, calendar, SessionHours::Regular)
    }

    /// As [`Schema::bars`], in other hours of the day.
    #[must_use]
    pub fn bars_in(mut self, timeframe: Timeframe, calendar: Calendar, hours: SessionHours) -> Self {
        self.bars = Some((timeframe, calendar, hours));
        self
    }

    /// The same bars, other symbols and fitted things with these columns.
    #[must_use]
    pub fn with_columns(&self, columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let Self { columns, names, .. } = Self::new(columns);
        Self { columns, names, ..self.clone() }
    }

    /// The same, and other symbols with the same columns and bars, which `sym("SPY", close)` reads. A symbol that is there
    /// already stays as it is.
    #[must_use]
    pub fn with_symbols(mut self, symbols: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        for name in symbols {
            let name = name.into();
            if !self.symbols.iter().any(|(known, _)| *known == name) {
                self.symbols.push((name, None));
            }
        }
        self
    }

    /// The same, and another symbol with columns and bars of its own, in place of one of that name.
    #[must_use]
    pub fn with_symbol(mut self, symbol: impl Into<Arc<str>>, schema: Self) -> Self {
        let symbol = symbol.into();
        self.symbols.retain(|(known, _)| *known != symbol);
        self.symbols.push((symbol, Some(Arc::new(schema))));
        self
    }

    /// The same, and something fitted, which `fitted("name", x)` applies to rows that open after its training window, in
    /// place of one of that name.
    #[must_use]
    pub fn with_fitted(self, name: impl Into<Arc<str>>, what: impl Learned + 'static) -> Self {
        self.and_fitted(name.into(), Arc::new(what), false)
    }

    /// As [`Schema::with_fitted`], applied to the rows that it was fitted on too: in-sample values, which are no test.
    #[must_use]
    pub fn with_fitted_in_sample(self, name: impl Into<Arc<str>>, what: impl Learned + 'static) -> Self {
        self.and_fitted(name.into(), Arc::new(what), true)
    }

    fn and_fitted(mut self, name: Arc<str>, what: Arc<dyn Learned>, in_sample: bool) -> Self {
        self.fitted.retain(|f| f.name != name);
        self.fitted.push(FittedThing { name, what, in_sample });
        self
    }

    /// What the expressions of another symbol are compiled against; `None` if there is no such symbol.
    pub(super) fn symbol_schema(&self, symbol: &str) -> Option<&Self> {
        self.symbols.iter().find(|(known, _)| **known == *symbol).map(|(_, own)| own.as_deref().unwrap_or(self))
    }

    /// Whether expressions come to the same against both: columns, bars, other symbols and fitted things are the same.
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { columns, names: _, bars, symbols, fitted } = self;
        let is_own_like = |a: &Option<Arc<Self>>, b: &Option<Arc<Self>>| match (a, b) {
            (Some(a), Some(b)) => a.is_like(b),
            _ => a.is_none() && b.is_none(),
        };
        let thing = |(a, b): (&FittedThing, &FittedThing)| {
            a.name == b.name && a.in_sample == b.in_sample && Arc::ptr_eq(&a.what, &b.what)
        };
        *columns == other.columns
            && *bars == other.bars
            && symbols.len() == other.symbols.len()
            && symbols.iter().zip(&other.symbols).all(|(a, b)| a.0 == b.0 && is_own_like(&a.1, &b.1))
            && fitted.len() == other.fitted.len()
            && fitted.iter().zip(&other.fitted).all(thing)
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_alike_in_all_that_expressions_read() {
        let schema = |names: &[&str]| Schema::new(names.iter().copied());
        let of = |timeframe| schema(&["open", "close"]).bars(timeframe, Calendar::crypto());
        let m5 = of(Timeframe::M5);
        assert!(m5.is_like(&of(Timeframe::M5)) && schema(&["close"]).is_like(&schema(&["close"])));
        let others = [
            of(Timeframe::M15),
            schema(&["open", "close"]),
            schema(&["close", "open"]).bars(Timeframe::M5, Calendar::crypto()),
            schema(&["open", "close"]).bars(Timeframe::M5, Calendar::us_equities()),
            m5.clone().bars_in(Timeframe::M5, Calendar::crypto(), SessionHours::Extended),
            m5.clone().with_symbols(["SPY"]),
        ];
        assert!(others.iter().all(|other| !m5.is_like(other) && !other.is_like(&m5)));
        let spy = |names: &[&str]| m5.clone().with_symbol("SPY", schema(names));
        assert!(spy(&["a"]).is_like(&spy(&["a"])) && !spy(&["a"]).is_like(&spy(&["b"])));
        assert!(!spy(&["a"]).is_like(&m5.clone().with_symbols(["SPY"])));
    }
}
