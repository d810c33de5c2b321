//! Where a point finds what came of the expressions: its program.

use std::sync::Arc;

use qe_core::point::PointTable;
use qe_factors::expr::{Ast, Compiled};
use qe_factors::plan::Ty;

use super::{Fault, Listing, constants, ty};
use crate::error::Result;
use crate::expand::{Expanded, Wants};
use crate::program::{EntryOrder, Exit, Program, Size, Source};

/// The longest that anything is counted in bars.
const MAX_BARS: f64 = 1e6;

impl Listing {
    /// A program for each point of a table that was compiled, or what is wrong there; and the first that is wrong.
    #[expect(clippy::type_complexity, reason = "a result for each point, and one of them")]
    pub(super) fn programs(
        &self,
        x: &Expanded,
        compiled: &Compiled,
        points: &PointTable,
    ) -> Result<(Vec<Result<Arc<Program>, Fault>>, Option<Fault>)> {
        let mut constant: Vec<Option<usize>> = vec![None; self.listed.len()];
        let mut named: Vec<(&str, &Ast)> = self.numbers.iter().map(|(field, ast)| (*field, ast)).collect();
        for ((listed, compiled), place) in self.listed.iter().zip(&self.compiled).zip(&mut constant) {
            if compiled.is_none() {
                *place = Some(named.len());
                named.push((&listed.field, &listed.ast));
            }
        }
        let values = constants::values(&named, points)?;
        let at = Places { listing: self, compiled, constant: &constant, values: &values };
        let programs: Vec<_> = (0..points.len()).map(|point| at.program(x, point).map(Arc::new)).collect();
        let first = programs.iter().find_map(|p| p.as_ref().err());
        let first = first.map(|f| Fault { field: f.field.clone(), reason: f.reason.clone(), mend: f.mend.clone() });
        Ok((programs, first))
    }
}

/// Where points find what came of the expressions.
struct Places<'a> {
    listing: &'a Listing,
    compiled: &'a Compiled,
    constant: &'a [Option<usize>],
    values: &'a [Vec<f64>],
}

impl Places<'_> {
    fn program(&self, x: &Expanded, point: usize) -> Result<Program, Fault> {
        let l = self.listing;
        let mut lookback = 0;
        let mut source = |expression: usize| self.source(expression, point, &mut lookback);
        let mut pair = |places: [Option<usize>; 2]| -> Result<[Option<Source>; 2], Fault> {
            let [long, short] = places.map(|place| place.map(&mut source).transpose());
            Ok([long?, short?])
        };
        let (entry, level) = (pair(l.entry)?, pair(l.level)?);
        let gates = l.gates.iter().map(|g| source(*g)).collect::<Result<_, _>>()?;
        let mut exits = [Vec::new(), Vec::new()];
        for ((out, places), list) in exits.iter_mut().zip(&l.exits).zip(&x.exits) {
            for ((idx, reason), exit) in places.iter().zip(list) {
                out.push(Exit { kind: exit.kind, source: source(*idx)?, reason: *reason });
            }
        }
        let (size, scale) = (source(l.size)?, l.scale.map(&mut source).transpose()?);
        let (strength, weight) = (l.strength.map(&mut source).transpose()?, l.weight.map(&mut source).transpose()?);
        let n_bars = self.count(0, point, 1.0)?;
        let order = match &x.order {
            None => EntryOrder::Market,
            Some(order) if order.is_limit => EntryOrder::Limit { level, n_bars },
            Some(_) => EntryOrder::Stop { level, n_bars },
        };
        Ok(Program {
            entry,
            gates,
            order,
            exits,
            size: Size {
                kind: x.size.kind,
                source: size,
                scale,
                limit_frac: self.amount(3, point, f64::INFINITY)?,
                lot: self.amount(4, point, f64::MAX)?,
                min_units: self.amount(5, point, f64::MAX)?,
            },
            opposite: x.opposite.into(),
            cooldown_bars: self.count(1, point, 0.0)?,
            cooldown_sessions: self.count(2, point, 0.0)?,
            strength,
            weight,
            lookback,
        })
    }

    /// Where an expression is found at a point; `lookback` grows to what it needs.
    fn source(&self, expression: usize, point: usize, lookback: &mut usize) -> Result<Source, Fault> {
        let listed = &self.listing.listed[expression];
        if let Some(values) = self.constant[expression].and_then(|place| self.values.get(place)) {
            return Ok(Source::Number(values.get(point).copied().unwrap_or(f64::NAN)));
        }
        let fault = |reason: &str, mend: &str| Fault {
            field: listed.field.clone(),
            reason: reason.to_owned(),
            mend: mend.to_owned(),
        };
        let Some(compiled) = self.listing.compiled[expression] else {
            return Err(fault("nothing came of it", "report this"));
        };
        match (listed.wants, ty(self.compiled, compiled, point)) {
            (Wants::Condition, Some(Ty::Num)) => {
                return Err(fault("it is a number there", "compare it with something"));
            }
            (Wants::Number, Some(Ty::Cond)) => return Err(fault("it is a condition there", "write `if(..., 1, 0)`")),
            _ => {}
        }
        let outputs = self.compiled.plan().outputs();
        let mut needs = |output: usize| *lookback = outputs.get(output).map_or(0, |o| o.lookback).max(*lookback);
        if let Some(output) = self.compiled.output(compiled, point) {
            needs(output);
            return Ok(Source::Output(output));
        }
        match self.compiled.rule_idx(compiled, point).and_then(|idx| Some((idx, self.compiled.rules().get(idx)?))) {
            Some((idx, rule)) => {
                rule.inputs().iter().for_each(|input| needs(*input));
                Ok(Source::Rule(idx))
            }
            None => Err(fault("nothing came of it", "report this")),
        }
    }

    /// A whole number of bars or sessions.
    fn count(&self, number: usize, point: usize, least: f64) -> Result<u32, Fault> {
        let (field, x) = self.number(number, point);
        if x >= least && x <= MAX_BARS && x.fract() == 0.0 {
            return Ok(x as u32);
        }
        let mend = format!("give a whole number from {least} to {MAX_BARS}");
        Err(Fault { field: field.to_owned(), reason: format!("{x} is out of range"), mend })
    }

    /// A number that is at least 0.
    fn amount(&self, number: usize, point: usize, most: f64) -> Result<f64, Fault> {
        let (field, x) = self.number(number, point);
        if x >= 0.0 && x <= most {
            return Ok(x);
        }
        let mend = "give a number that is not below 0".to_owned();
        Err(Fault { field: field.to_owned(), reason: format!("{x} is out of range"), mend })
    }

    fn number(&self, number: usize, point: usize) -> (&str, f64) {
        let value = self.values.get(number).and_then(|v| v.get(point)).copied().unwrap_or(f64::NAN);
        (self.listing.numbers.get(number).map_or("", |n| n.0), value)
    }
}
