//! Sizing: what a size is, and its bounds.

use qe_core::param::Value;
use qe_factors::expr::{Ast, Node};
use qe_factors::plan::Scope;

use super::{Check, Expander, Expr, SizeExpr, Wants, literal};
use crate::catalog::{self, SizeText, suggestion};
use crate::error::{Error, Result};
use crate::program::SizeKind;
use crate::spec::SizeRule;

/// The seed's limit: no position is more than a quarter of equity.
const SEED_LIMIT: &str = "0.25";

impl Expander<'_> {
    /// The size, and the weight that is held instead of entries, if any.
    pub(super) fn size(&mut self) -> Result<(SizeExpr, Option<Expr>)> {
        let spec = self.spec;
        let sizing = &spec.sizing;
        let field = format!("sizing.{}", sizing.rule.name());
        let (mut weight, mut limit) = (None, "inf");
        let (kind, expr) = match &sizing.rule {
            SizeRule::Fraction(text) => (SizeKind::Fraction, self.expr(&field, text, Scope::SIZE, Wants::Number)?),
            SizeRule::Value(text) => (SizeKind::Value, self.expr(&field, text, Scope::SIZE, Wants::Number)?),
            SizeRule::Units(text) => (SizeKind::Units, self.expr(&field, text, Scope::SIZE, Wants::Number)?),
            SizeRule::Block(block) => {
                let Some(known) = catalog::sizer(&block.name) else {
                    let own = ["fraction", "value", "units", "scale", "limit_frac", "lot", "min_units"];
                    let names: Vec<&str> = catalog::sizers::ALL.iter().map(|b| b.name).chain(own).collect();
                    let reason = format!("no size is named `{}`", block.name);
                    return Err(Error::spec(field, reason, suggestion(&block.name, &names)));
                };
                limit = SEED_LIMIT;
                let scope = if known.what == SizeText::Weight { Scope::SERIES } else { Scope::SIZE };
                let (mut slots, _) = self.slots(&field, &(known.slots)(), &block.args, scope)?;
                slots.insert("direction".into(), self.direction());
                let ast = self.filled(&field, known.text, &slots)?;
                let expr = Expr::of(&field, &ast)?;
                self.checks.push(Check { field: field.clone(), ast, scope, wants: Wants::Number });
                match known.what {
                    SizeText::Size(kind) => (kind, expr),
                    SizeText::Weight => {
                        weight = Some(expr);
                        (SizeKind::Fraction, Expr::of(&field, &literal(&Value::Float(1.0)))?)
                    }
                }
            }
        };
        let scale = match &sizing.scale {
            Some(text) => Some(self.expr("sizing.scale", text, Scope::SIZE, Wants::Number)?),
            None => None,
        };
        let limit = sizing.limit_frac.as_ref().map_or_else(|| limit.to_owned(), |limit| limit.text());
        let size = SizeExpr {
            kind,
            expr,
            scale,
            limit_frac: self.constant("sizing.limit_frac", &limit, Wants::Constant)?,
            lot: self.constant("sizing.lot", &sizing.lot.text(), Wants::Constant)?,
            min_units: self.constant("sizing.min_units", &sizing.min_units.text(), Wants::Constant)?,
        };
        Ok((size, weight))
    }

    /// 1 where a long position is entered, and -1 where a short one is.
    fn direction(&self) -> Ast {
        match &self.signals {
            [Some(_), Some(short)] => {
                let mut ast = short.clone();
                let condition = ast.root();
                let one = ast.push(Node::Number(1.0));
                let minus = one.and_then(|one| ast.push(Node::Unary(qe_factors::expr::Unary::Neg, one)));
                if let (Some(c), Some(one), Some(minus)) = (condition, one, minus) {
                    ast.push(Node::If(c, minus, one));
                }
                ast
            }
            [None, Some(_)] => literal(&Value::Float(-1.0)),
            _ => literal(&Value::Float(1.0)),
        }
    }
}
