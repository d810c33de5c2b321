//! A run with some causes of one side and some of the other, and what it wins.

use std::collections::BTreeMap;

use super::cause::{Cause, Made};
use crate::error::Result;
use crate::run::{RunOptions, pnl};
use crate::spec::{FillSpec, Profile};

/// What a run wins whose causes are those of B where `is_b` says so, and else those of A.
///
/// A parameter that only one of the two has goes with the rules that it stands in. The profile is left behind: what it
/// decides is written out.
///
/// # Errors
/// When such a run cannot be: the market lacks a column, a parameter may not be what it is on the other side, it is not
/// warm in time.
pub(super) fn won(a: &Made<'_>, b: &Made<'_>, is_b: impl Fn(Cause) -> bool) -> Result<f64> {
    let of = |cause| if is_b(cause) { b } else { a };
    let (rules, params) = (of(Cause::Spec), of(Cause::Params));
    let mut spec = rules.side.spec.clone();
    spec.profile = Profile::Research;
    spec.costs = Some(of(Cause::Costs).settings.costs.clone());
    let (fill, capital) = (of(Cause::Fill), &of(Cause::Capital).settings);
    spec.execution.fill = Some(FillSpec(fill.settings.fill));
    spec.execution.path = fill.path;
    spec.execution.holding = Some(of(Cause::Holding).settings.holding);
    (spec.execution.capital, spec.execution.leverage) = (Some(capital.capital), Some(capital.leverage));
    // Each may be what it is, whatever it may be elsewhere.
    for (name, param) in &mut spec.params {
        if let Some(value) = params.params.get(name) {
            param.admit(value);
        }
    }
    let value = |(name, own): (&String, _)| (name.clone(), params.params.get(name).unwrap_or(own).clone());
    let params: BTreeMap<_, _> = rules.params.iter().map(value).collect();
    let stretch = of(Cause::Stretch).side.options;
    let options =
        RunOptions { params, eval_start: stretch.eval_start, eval_end: stretch.eval_end, ..RunOptions::default() };
    pnl(&spec, of(Cause::Data).side.market, &options)
}
