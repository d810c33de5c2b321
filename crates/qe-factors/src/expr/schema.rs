//! What expressions are compiled against: columns by name, and what bars their rows are.

use std::sync::Arc;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::Timeframe;

use crate::expr::names::Names;

/// What expressions are compiled against.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(super) columns: Arc<[Arc<str>]>,
    pub(super) names: Arc<Names>,
    pub(super) bars: Option<(Timeframe, Calendar, SessionHours)>,
}

impl Schema {
    /// Columns of these names.
    pub fn new(columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let columns: Arc<[Arc<str>]> = columns.into_iter().map(Into::into).collect();
        Self { names: Arc::new(Names::new(columns.iter().cloned())), columns, bars: None }
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

    /// The same bars with these columns.
    #[must_use]
    pub fn with_columns(&self, columns: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self { bars: self.bars.clone(), ..Self::new(columns) }
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }
}
