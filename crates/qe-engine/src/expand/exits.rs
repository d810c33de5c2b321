//! Exits: each becomes rules of the long and of the short side.

use std::collections::BTreeMap;

use qe_factors::expr::Ast;
use qe_factors::plan::Scope;

use super::conditions::Of;
use super::{Check, ExitExpr, Expander, Expr, Wants};
use crate::catalog::{self, suggestion};
use crate::error::{Error, Result};
use crate::program::ExitKind;
use crate::spec::{BlockUse, ExitRule, ExitSpec, Side};

impl Expander<'_> {
    /// The exits of both sides. A side that is never entered has none.
    pub(super) fn exits(&mut self, entry: &[Option<Expr>; 2]) -> Result<[Vec<ExitExpr>; 2]> {
        let spec = self.spec;
        let mut out = [Vec::new(), Vec::new()];
        for (i, exit) in spec.exits.iter().enumerate() {
            let field = format!("exits[{i}].{}", exit.rule.name());
            let sides: Vec<Side> = [Side::Long, Side::Short]
                .into_iter()
                .filter(|side| exit.side.is_none_or(|only| only == *side) && entry[side.idx()].is_some())
                .collect();
            if exit.side.is_some() && sides.is_empty() {
                let reason = "it is for a side that is never entered";
                return Err(Error::spec(format!("exits[{i}].side"), reason, "leave it out, or give that entry"));
            }
            if let ExitRule::Block(block) = &exit.rule {
                self.exit_block(&field, exit, block, &sides, &mut out)?;
                continue;
            }
            let (kind, ast) = match &exit.rule {
                ExitRule::When(condition) => {
                    let of = Of { side: None, scope: Scope::EXIT };
                    (ExitKind::When, self.condition(&field, condition, of)?)
                }
                ExitRule::Target(text) => (ExitKind::Target, self.ast(&field, text, Scope::EXIT, Wants::Number)?),
                ExitRule::Trail(text) => (ExitKind::Trail, self.ast(&field, text, Scope::EXIT, Wants::Number)?),
                ExitRule::Stop(text) => (ExitKind::Stop, self.ast(&field, text, Scope::EXIT, Wants::Number)?),
                ExitRule::Block(_) => continue,
            };
            let expr = Expr::of(&field, &ast)?;
            let reason = exit.reason.as_deref().unwrap_or(exit.rule.name());
            for side in sides {
                let (expr, field) = (expr.clone(), field.clone());
                out[side.idx()].push(ExitExpr { kind, expr, reason: reason.into(), field });
            }
        }
        Ok(out)
    }

    fn exit_block(
        &mut self,
        field: &str,
        exit: &ExitSpec,
        block: &BlockUse,
        sides: &[Side],
        out: &mut [Vec<ExitExpr>; 2],
    ) -> Result<()> {
        let Some(known) = catalog::exit(&block.name) else {
            let own = ["when", "stop", "target", "trail", "side", "reason"];
            let names: Vec<&str> = catalog::exits::ALL.iter().map(|b| b.name).chain(own).collect();
            let reason = format!("no exit is named `{}`", block.name);
            return Err(Error::spec(field, reason, suggestion(&block.name, &names)));
        };
        let (slots, switches) = self.slots(field, &(known.slots)(), &block.args, Scope::EXIT)?;
        if known.flat_at_session_end {
            if exit.side.is_some() {
                return Err(Error::spec(field, "the end of a session is for both sides", "leave `side` out"));
            }
            self.flat_at_session_end = true;
        }
        let is_meant =
            |only: Option<(&str, &str)>| only.is_none_or(|(name, v)| switches.get(name).is_some_and(|s| s == v));
        for rule in known.rules.iter().filter(|rule| is_meant(rule.only)) {
            for &side in sides {
                let slots = self.with_other_entry(field, rule.texts[side.idx()], &slots, side)?;
                let ast = self.filled(field, rule.texts[side.idx()], &slots)?;
                let wants = if rule.kind == ExitKind::When { Wants::Condition } else { Wants::Number };
                let expr = Expr::of(field, &ast)?;
                self.checks.push(Check { field: field.to_owned(), ast, scope: Scope::EXIT, wants });
                let reason = match &exit.reason {
                    Some(reason) => reason.as_str().into(),
                    None => format!("{}{}", known.name, rule.suffix).into(),
                };
                out[side.idx()].push(ExitExpr { kind: rule.kind, expr, reason, field: field.to_owned() });
            }
        }
        Ok(())
    }

    /// The slots, and the condition that enters the other side where the text asks for it.
    fn with_other_entry(
        &self,
        field: &str,
        text: &str,
        slots: &BTreeMap<String, Ast>,
        side: Side,
    ) -> Result<BTreeMap<String, Ast>> {
        let mut slots = slots.clone();
        if text.contains("$other_entry") {
            let Some(other) = &self.signals[1 - side.idx()] else {
                let mend = "give an entry of the other side, or write `when`";
                return Err(Error::spec(field, "there is no opposite signal: one side alone is entered", mend));
            };
            slots.insert("other_entry".into(), other.clone());
        }
        Ok(slots)
    }
}
