//! Other timeframes: an expression of its own over coarser bars.

use std::sync::Arc;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::NANOS_PER_DAY;
use qe_core::timeframe::{Timeframe, Unit};
use qe_data::resample::ResampleSpec;

use super::{Low, Lower, Val};
use crate::error::Result;
use crate::expr::ast::{Arg, NodeId};
use crate::plan::{Graph, MAX_INPUTS, Plan, Scope, Tf};

impl Lower<'_> {
    /// Another timeframe: `tf("1h", rsi(close, 14))`.
    pub(super) fn tf(&mut self, id: NodeId, args: &[Arg], output: Option<&str>, point: usize) -> Result<Val> {
        let how = "write tf(\"1h\", rsi(close, 14))";
        let ([timeframe @ Arg { name: None, .. }, inner @ Arg { name: None, .. }], None) = (args, output) else {
            return Err(self.refused(id, "tf takes a timeframe and an expression", how));
        };
        if self.within == Some("tf") {
            return Err(self.refused(id, "there is a timeframe within a timeframe", "name the coarser one alone"));
        }
        let Low::Text(text) = self.low(timeframe.value)? else {
            return Err(self.refused(timeframe.value, "a timeframe is a word", how));
        };
        let to = Timeframe::parse(&text).map_err(|e| self.refused(timeframe.value, &e.to_string(), how))?;
        let Some((from, calendar, hours)) = &self.schema.bars else {
            let mend = "compile it against a Schema of bars with their timeframe and calendar";
            return Err(self.refused(id, "it is not known what bars these rows are", mend));
        };
        let spec = ResampleSpec::new(to, calendar.clone()).hours(*hours);
        spec.check_source(*from).map_err(|e| self.refused(timeframe.value, &e.to_string(), how))?;
        let mut graph = Graph::new();
        let mut lower = Lower::new(self.ast, inner.value, self.schema, &mut graph, self.points);
        (lower.scope, lower.within) = (Scope { fitted: self.scope.fitted, ..Scope::MARKET }, Some("tf"));
        let root = lower.series_root(point)?;
        if !graph.crosses.is_empty() {
            // Bars of the symbols are complete at times of their own, so there is no row to compare them in.
            let mend = "work across symbols outside of it, as in cs_rank(tf(\"1h\", close))";
            return Err(self.refused(id, "it works across symbols within a timeframe", mend));
        }
        let plan = Plan::new(graph, Arc::clone(&self.schema.columns), [(Arc::from("tf"), root)])?;
        let mut inputs = self.graph.times().to_vec();
        inputs.extend(plan.columns_read().map(|c| self.graph.column(c)));
        if inputs.len() > MAX_INPUTS {
            let reason =
                format!("it reads {} columns, and a timeframe reads {} at most", inputs.len() - 2, MAX_INPUTS - 2);
            return Err(self.refused(id, &reason, "use several timeframes"));
        }
        let is_condition = plan.is_condition(0);
        let fitted = plan.outputs().first().filter(|o| !o.fitted.is_empty());
        let fitted = fitted.map(|o| (o.fitted.clone(), o.heard_from.unwrap_or(i64::MIN)));
        let shown: Arc<str> = format!("{to}, {{{plan}}}").into();
        let rows_per_bar = rows_per_bar(*from, to, calendar, *hours);
        let row_nanos = from.nanos().unwrap_or(i64::MAX);
        let make = || Some(Arc::new(Tf { spec: spec.clone(), plan: Arc::new(plan), rows_per_bar, row_nanos }) as _);
        let Some(call) = self.graph.call_any("tf", shown, &inputs, || [Arc::from("tf")].into(), make) else {
            return Err(self.refused(id, "it cannot be computed", how));
        };
        if let Some((names, from)) = fitted {
            self.graph.mark_fitted(call, names, from);
        }
        let out = self.graph.output(call, 0);
        Ok(Val::Series(if is_condition { self.graph.to_cond(out) } else { out }))
    }
}

/// How many rows a coarser bar is made of, at most.
pub(super) fn rows_per_bar(from: Timeframe, to: Timeframe, calendar: &Calendar, hours: SessionHours) -> usize {
    if let (Some(from), Some(to)) = (from.nanos(), to.nanos()) {
        return (to / from).max(1) as usize;
    }
    // A nominal year has a few sessions less than full weeks would make.
    let of_week = ((calendar.sessions_per_year() / 52.0).ceil() as usize).clamp(1, 7);
    let sessions = |timeframe: Timeframe| match timeframe.unit() {
        Unit::Week => timeframe.n() as usize * of_week,
        // The longest month has four weeks and three days.
        Unit::Month => timeframe.n() as usize * (4 * of_week + of_week.min(3)),
        _ => timeframe.n() as usize,
    };
    match from.nanos() {
        None if from.unit() == to.unit() => (to.n() as usize).div_ceil(from.n() as usize),
        None => sessions(to).div_ceil(sessions(from)),
        Some(width) => {
            // The longest window of some weeks: days with an early close, or on which clocks are set, stand apart.
            let last = calendar.valid_to();
            let windows = calendar.sessions(last.add_days(-60), last).filter_map(|s| calendar.window(s.date, hours));
            let longest = windows.map(|w| w.end.saturating_sub(w.start)).max().unwrap_or(NANOS_PER_DAY);
            sessions(to).saturating_mul((longest as u64).div_ceil(width as u64) as usize)
        }
    }
}
