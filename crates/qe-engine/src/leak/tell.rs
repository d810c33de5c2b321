//! What a strategy as data did over a market: its ledger as acts, and what it read, said and was worth as series.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use qe_core::time::TimeRange;

use super::{Act, Said, Series, Told};
use crate::batch::{Stretch, Warmup, run_with_ledger};
use crate::error::{Error, Result};
use crate::fills::At;
use crate::ledger::{Cause, Fills, Ledger, Refusal};
use crate::market::Market;
use crate::program::{EntryOrder, Program, Source, StrategyPlan};
use crate::run::{RunOptions, plan_of};
use crate::spec::StrategySpec;

/// What a strategy did.
pub(super) fn of_spec(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<Told> {
    let plan = plan_of(spec, market, options)?;
    let range = TimeRange { start: options.eval_start.unwrap_or(i64::MIN), end: options.eval_end.unwrap_or(i64::MAX) };
    let mut rows = market.rows_in(range);
    if options.eval_start.is_none() {
        let lookback = plan.programs.first().and_then(|p| p.as_ref().ok()).map_or(0, |p| p.lookback);
        rows.start = lookback.min(rows.end);
    }
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
    of_plan(&plan, 0, market, &stretch)
}

/// What a point of a plan did over a stretch.
pub(super) fn of_plan(plan: &StrategyPlan, point: usize, market: &Market, stretch: &Stretch) -> Result<Told> {
    let fault = |reason: String| Error::Market {
        place: format!("{} on {}", plan.name, market.key()),
        reason,
        mend: "give other parameters".into(),
    };
    let program = match plan.programs.get(point) {
        Some(Ok(program)) => program,
        Some(Err(reason)) => return Err(fault(reason.to_string())),
        None => return Err(fault(format!("there is no point {point}"))),
    };
    let mut series = of_market(plan, market)?;
    series.extend(of_expressions(plan, program, market)?);
    let mut told = Told { acts: Vec::new(), series, decides_until: i64::MAX };
    let rows = stretch.rows.clone();
    let line = market.line().clone();
    // In a market that ends before it is warm nothing is done.
    let ledger = match rows.is_empty() {
        true => Ledger::new(line, plan.execution.capital, market.columns().axis()),
        false => run_with_ledger(plan, point, market, stretch)?.1,
    };
    let known = market.columns().axis().available();
    let is_market = program.order == EntryOrder::Market;
    let due = |row: usize| match is_market {
        true => plan.execution.fill.due(row, market.day(), market.day_end(), market.day_close()),
        false => row + 1,
    };
    if let Some(row) = rows.clone().rev().take_while(|row| due(*row) >= rows.end).last() {
        told.decides_until = known[row];
    }
    let is_of_decision = |why: Refusal| match why {
        // Others of the same name are of fills, and are told in trials that have all rows.
        Refusal::Gate | Refusal::NoSize | Refusal::NoPrice | Refusal::Blackout => true,
        Refusal::CappedByLimit | Refusal::CappedByLeverage => program.weight.is_some(),
        _ => false,
    };
    told.acts = of_ledger(&ledger, market, &plan.reasons, is_of_decision);
    told.series.extend(of_account(&ledger, market, rows));
    Ok(told)
}

/// What is read of a market: columns, those of other symbols as they are known in each row, masks and spreads.
fn of_market(plan: &StrategyPlan, market: &Market) -> Result<Vec<Series>> {
    let axis = market.columns().axis();
    let (open, known) = (axis.open().to_vec(), axis.available().to_vec());
    let of_plan = plan.compiled.plan();
    let table = market.table(plan, market.len(), usize::MAX)?;
    let mut names: Vec<&str> =
        of_plan.columns().chain(of_plan.columns_of_symbols()).chain(of_plan.columns_across()).collect();
    names.sort_unstable();
    names.dedup();
    let mut series = Vec::new();
    for (name, column) in names.iter().filter_map(|name| Some((name, table.get(name).ok()?))) {
        let values = column.to_f64().to_vec();
        series.push(Series { name: format!("column `{name}`"), times: known.clone(), at: At::Close, values });
    }
    let parts = market.parts();
    let masks = parts.masks;
    let masks = [
        ("mask tradable", masks.tradable, true),
        ("mask borrowable", masks.borrowable, true),
        ("mask corporate_action", masks.corporate_action, false),
    ];
    // A mask that is not there forbids nothing. What may be done in a bar is known with its open.
    for (name, mut mask, is_free) in masks {
        if mask.is_empty() {
            mask.resize(market.len(), is_free);
        }
        let values = mask.iter().map(|v| f64::from(u8::from(*v))).collect();
        series.push(Series { name: name.into(), times: open.clone(), at: At::Open, values });
    }
    if let Some(values) = parts.spread {
        series.push(Series { name: "spread".into(), times: known, at: At::Close, values });
    }
    Ok(series)
}

/// What each expression of a strategy said in each row, under the field that it stands in.
fn of_expressions(plan: &StrategyPlan, program: &Program, market: &Market) -> Result<Vec<Series>> {
    let names = names(plan, program);
    let of_plan = plan.compiled.plan();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = market.columns().axis().available();
    let values = of_plan.eval(&market.table(plan, market.len(), usize::MAX)?)?;
    let outputs = values.outputs().iter().enumerate();
    let told = outputs.filter_map(|(i, value)| Some((names.get(&i)?, value.to_numbers())));
    Ok(told.map(|(name, values)| Series { name: name.clone(), times: known.to_vec(), at: At::Close, values }).collect())
}

/// The field of each output that a program reads.
fn names(plan: &StrategyPlan, program: &Program) -> BTreeMap<usize, String> {
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    let mut name = |source: Option<Source>, field: &str| match source {
        Some(Source::Output(output)) => drop(names.entry(output).or_insert_with(|| field.to_owned())),
        Some(Source::Rule(rule)) => {
            for output in plan.compiled.rules().get(rule).map_or(&[][..], |rule| rule.inputs()) {
                names.entry(*output).or_insert_with(|| format!("what {field} reads"));
            }
        }
        Some(Source::Number(_)) | None => {}
    };
    for (i, side) in ["long", "short"].into_iter().enumerate() {
        name(program.entry[i], &format!("entry.{side}"));
        if let EntryOrder::Limit { level, .. } | EntryOrder::Stop { level, .. } = program.order {
            name(level[i], &format!("entry.order.{side}"));
        }
        for exit in &program.exits[i] {
            let reason = plan.reasons.get(usize::from(exit.reason)).map_or("", |reason| reason);
            name(Some(exit.source), &format!("exit of {side}, {reason}"));
        }
    }
    program.gates.iter().for_each(|gate| name(Some(*gate), "filters"));
    name(Some(program.size.source), "sizing");
    name(program.size.scale, "sizing.scale");
    name(program.strength, "entry.strength");
    name(program.weight, "sizing.target_weight");
    name(plan.spread_multiplier, "costs.crisis");
    names
}

/// Worth, cash and units at each close of some rows.
pub(super) fn of_account(ledger: &Ledger, market: &Market, rows: Range<usize>) -> Vec<Series> {
    let curve = ledger.curve(rows.clone(), market.marks());
    let times = &market.columns().axis().available()[rows];
    [("equity", curve.equity), ("cash", curve.cash), ("units held", curve.units)]
        .map(|(name, values)| Series { name: name.into(), times: times.to_vec(), at: At::Close, values })
        .into()
}

/// A ledger as acts; some of its refusals are of the making of a decision.
pub(super) fn of_ledger(
    ledger: &Ledger,
    market: &Market,
    reasons: &[Arc<str>],
    is_of_decision: impl Fn(Refusal) -> bool,
) -> Vec<Act> {
    let known = market.columns().axis().available();
    let text = |x: &dyn std::fmt::Debug| Said::Text(format!("{x:?}"));
    let cause = |cause: Cause| match cause {
        Cause::Exit(reason) => {
            reasons.get(usize::from(reason)).map_or_else(|| text(&cause), |r| Said::Text(r.to_string()))
        }
        cause => text(&cause),
    };
    let f = &ledger.fills;
    let fills = (0..f.len()).map(|i| of_fill(f, i, cause(f.cause[i])));
    let at_close = |row: u32, what: &'static str, fields: Vec<(&'static str, Said)>| {
        let row = row as usize;
        Act { time: known[row], at: At::Close, row, what, fields, is_of_decision: false }
    };
    let refused = ledger.refused.iter().map(|r| Act {
        is_of_decision: is_of_decision(r.why),
        ..at_close(r.row, "refusal", vec![("why", text(&r.why)), ("side", Said::Number(r.side))])
    });
    let carries = ledger.carries.iter().map(|c| at_close(c.row, "payment", vec![("money", Said::Number(c.money))]));
    let undecided = ledger.undecided.iter().map(|u| at_close(u.row, "undecided bar", Vec::new()));
    fills.chain(refused).chain(carries).chain(undecided).collect()
}

/// A fill, which has this cause.
pub(super) fn of_fill(f: &Fills, i: usize, cause: Said) -> Act {
    Act {
        time: f.time[i],
        at: if f.phase[i] == 0 { At::Open } else { At::Close },
        row: f.row[i] as usize,
        what: "fill",
        fields: vec![
            ("cause", cause),
            ("signal_row", Said::Number(f64::from(f.signal_row[i]))),
            ("phase", Said::Number(f64::from(f.phase[i]))),
            ("units", Said::Number(f.units[i])),
            ("raw", Said::Number(f.raw[i])),
            ("price", Said::Number(f.price[i])),
            ("fee", Said::Number(f.fee[i])),
            ("cash", Said::Number(f.cash[i])),
            ("held", Said::Number(f.held[i])),
            ("strength", Said::Number(f.strength[i])),
            ("is_ambiguous", Said::Text(format!("{:?}", f.is_ambiguous[i]))),
        ],
        is_of_decision: false,
    }
}
