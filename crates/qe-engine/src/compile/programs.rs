//! The list of expressions of a strategy, and where a point finds what came of them.

use std::sync::Arc;

use qe_core::point::PointTable;
use qe_factors::expr::{Ast, Compiled, Schema, compile_scoped};
use qe_factors::plan::{Scope, Ty};

use super::{Fault, Filling, Listed, constants, is_constant, own, ty};
use crate::error::{Error, Result};
use crate::expand::{Expanded, Expr, Wants};
use crate::program::{EntryOrder, Exit, Program, Size, Source};

/// All expressions of a strategy, in one list, and the places of each in it.
pub(super) struct Listing {
    pub(super) listed: Vec<Listed>,
    /// What exits are called.
    pub(super) reasons: Vec<Arc<str>>,
    entry: [Option<usize>; 2],
    gates: Vec<usize>,
    level: [Option<usize>; 2],
    exits: [Vec<(usize, u16)>; 2],
    size: usize,
    scale: Option<usize>,
    strength: Option<usize>,
    weight: Option<usize>,
    crisis: Option<usize>,
    /// Which of the expressions that are compiled each is; `None` for a number of parameters alone, which needs no
    /// column.
    compiled: Vec<Option<usize>>,
    /// Numbers of each point: bars of an order, cooldowns, limit, lot, least units.
    numbers: Vec<(&'static str, Ast)>,
}

/// The longest that anything is counted in bars.
const MAX_BARS: f64 = 1e6;

impl Listing {
    /// The expressions of a strategy, with what no point has put in.
    pub(super) fn new(x: &Expanded, filling: &Filling, crisis: Option<Arc<str>>) -> Result<Self> {
        let mut listed: Vec<Listed> = Vec::new();
        let mut add = |field: &str, expr: &Expr, scope: Scope, wants: Wants| -> Result<usize> {
            let ast = filling.fill(field, &expr.ast)?;
            listed.push(Listed { field: field.to_owned(), ast, scope, wants });
            Ok(listed.len() - 1)
        };
        let sides = ["long", "short"];
        let (mut entry, mut level) = ([None, None], [None, None]);
        for (i, side) in sides.iter().enumerate() {
            if let Some(expr) = &x.entry[i] {
                entry[i] = Some(add(&format!("entry.{side}"), expr, Scope::SERIES, Wants::Condition)?);
            }
            if let Some(expr) = x.order.as_ref().and_then(|order| order.level[i].as_ref()) {
                level[i] = Some(add(&format!("entry.order.{side}"), expr, Scope::SERIES, Wants::Number)?);
            }
        }
        let mut gates = Vec::with_capacity(x.gates.len());
        for gate in &x.gates {
            gates.push(add("filters", gate, Scope::GATE, Wants::Condition)?);
        }
        let (mut exits, mut reasons) = ([Vec::new(), Vec::new()], Vec::<Arc<str>>::new());
        for (own, list) in exits.iter_mut().zip(&x.exits) {
            for exit in list {
                let wants = match exit.kind {
                    crate::program::ExitKind::When => Wants::Condition,
                    _ => Wants::Number,
                };
                let idx = add(&exit.field, &exit.expr, Scope::EXIT, wants)?;
                let known = reasons.iter().position(|r| *r == exit.reason);
                let reason = known.unwrap_or_else(|| {
                    reasons.push(Arc::clone(&exit.reason));
                    reasons.len() - 1
                });
                let reason = u16::try_from(reason).map_err(|_| {
                    Error::spec("exits", "there are more than 65536 reasons", "give fewer exits, or the same `reason`")
                })?;
                own.push((idx, reason));
            }
        }
        let size = add("sizing", &x.size.expr, Scope::SIZE, Wants::Number)?;
        let mut optional = |field: &str, expr: &Option<Expr>, scope: Scope| match expr {
            Some(expr) => add(field, expr, scope, Wants::Number).map(Some),
            None => Ok(None),
        };
        let scale = optional("sizing.scale", &x.size.scale, Scope::SIZE)?;
        let strength = optional("entry.strength", &x.strength, Scope::SERIES)?;
        let weight = optional("sizing.target_weight", &x.weight, Scope::SERIES)?;
        let crisis = match crisis {
            Some(text) => {
                let ast = own("costs.crisis", &text)?;
                Some(add("costs.crisis", &Expr::of("costs.crisis", &ast)?, Scope::SERIES, Wants::Number)?)
            }
            None => None,
        };
        let one = Expr::of("entry.order", &own("entry.order", "1")?)?;
        let bars = x.order.as_ref().map_or(&one, |order| &order.bars);
        let numbers = [
            ("entry.order.bars", bars),
            ("execution.cooldown.bars", &x.cooldown[0]),
            ("execution.cooldown.sessions", &x.cooldown[1]),
            ("sizing.limit_frac", &x.size.limit_frac),
            ("sizing.lot", &x.size.lot),
            ("sizing.min_units", &x.size.min_units),
        ];
        let numbers = numbers.into_iter().map(|(field, e)| Ok((field, filling.fill(field, &e.ast)?)));
        let numbers = numbers.collect::<Result<_>>()?;
        let mut n_compiled = 0..;
        let is_number = |l: &Listed| l.wants != Wants::Condition && is_constant(&l.ast);
        let compiled = listed.iter().map(|l| if is_number(l) { None } else { n_compiled.next() }).collect();
        Ok(Self {
            listed,
            reasons,
            entry,
            gates,
            level,
            exits,
            size,
            scale,
            strength,
            weight,
            crisis,
            compiled,
            numbers,
        })
    }

    /// The expressions that are more than a number.
    pub(super) fn to_compile(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter().zip(&self.compiled).filter(|(_, place)| place.is_some()).map(|(listed, _)| listed)
    }

    /// All of them, for all points.
    pub(super) fn compile(&self, schema: &Schema, points: &PointTable) -> Result<Compiled> {
        let all: Vec<(&str, &Ast, Scope)> = self.to_compile().map(|l| (&*l.field, &l.ast, l.scope)).collect();
        Ok(compile_scoped(&all, schema, Some(points))?)
    }

    /// Where the factor on spreads is found.
    pub(super) fn crisis(&self, compiled: &Compiled) -> Option<Source> {
        compiled.output(self.compiled[self.crisis?]?, 0).map(Source::Output)
    }

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
