//! The list of all expressions of a strategy, compiled together for all points.

use std::sync::Arc;

use qe_core::point::PointTable;
use qe_factors::expr::{Ast, Compiled, Schema, compile_scoped};
use qe_factors::plan::Scope;

use super::{Filling, Listed, is_constant, own};
use crate::error::{Error, Result};
use crate::expand::{Expanded, Expr, Wants};
use crate::program::{ExitKind, Source};

/// All expressions of a strategy, in one list, and the places of each in it.
pub(super) struct Listing {
    pub(super) listed: Vec<Listed>,
    /// What exits are called.
    pub(super) reasons: Vec<Arc<str>>,
    pub(super) entry: [Option<usize>; 2],
    pub(super) gates: Vec<usize>,
    pub(super) level: [Option<usize>; 2],
    pub(super) exits: [Vec<(usize, u16)>; 2],
    pub(super) size: usize,
    pub(super) scale: Option<usize>,
    pub(super) strength: Option<usize>,
    pub(super) weight: Option<usize>,
    crisis: Option<usize>,
    /// Which of the expressions that are compiled each is; `None` for a number of parameters alone, which needs no
    /// column.
    pub(super) compiled: Vec<Option<usize>>,
    /// Numbers of each point: bars of an order, cooldowns, limit, lot, least units.
    pub(super) numbers: Vec<(&'static str, Ast)>,
}

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
                    ExitKind::When => Wants::Condition,
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

    /// All of them, for all points, over one market: what compares symbols comes to it as columns.
    pub(super) fn compile(&self, schema: &Schema, points: &PointTable) -> Result<Compiled> {
        let all: Vec<(&str, &Ast, Scope)> = self.to_compile().map(|l| (&*l.field, &l.ast, l.scope)).collect();
        Ok(compile_scoped(&all, schema, Some(points))?.for_one_symbol()?)
    }

    /// Where the factor on spreads is found.
    pub(super) fn crisis(&self, compiled: &Compiled) -> Option<Source> {
        compiled.output(self.compiled[self.crisis?]?, 0).map(Source::Output)
    }
}
