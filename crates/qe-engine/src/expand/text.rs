//! One expression: from its text, or from a block's text and what stands in its slots.

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_core::error::nearest;
use qe_core::param::Value;
use qe_factors::expr::{Ast, MAX_SUBSTITUTED, Node, NodeId, Unary, canonical_calls, parse, point_at, substitute};
use qe_factors::plan::Scope;

use super::{Check, Expander, PERIODS_PER_YEAR, Wants};
use crate::catalog::{Slot, suggestion};
use crate::error::{Error, Result};

/// An expression in its canonical form.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    /// The canonical text.
    pub(crate) text: Arc<str>,
    /// Its tree.
    pub(crate) ast: Ast,
}

impl Expr {
    /// A tree in its canonical form.
    pub(crate) fn of(field: &str, ast: &Ast) -> Result<Self> {
        let too_long = || Error::spec(field, "it is too long once series and blocks are put in", "make it shorter");
        let ast = canonical_calls(ast);
        let Some(root) = ast.root() else {
            return Err(Error::spec(field, "the expression is empty", "write one, such as `close > sma(close, 20)`"));
        };
        // A tree that was put together prints in the same way as it reads once it was read.
        let text = ast.print_whole(root).ok_or_else(too_long)?;
        let ast = parse(&text).map_err(|e| Error::expression(field, e.into()))?;
        let text = match ast.root() {
            Some(root) => ast.print_whole(root).ok_or_else(too_long)?,
            None => text,
        };
        Ok(Self { text: text.into(), ast })
    }
}

/// A value as a tree.
pub(crate) fn literal(value: &Value) -> Ast {
    let mut ast = Ast::new();
    let number = |ast: &mut Ast, x: f64| {
        let id = ast.push(Node::Number(x.abs()));
        if let (Some(id), true) = (id, x.is_sign_negative() && !x.is_nan() && x != 0.0) {
            ast.push(Node::Unary(Unary::Neg, id));
        }
    };
    match value {
        Value::Bool(v) => {
            ast.push(Node::Bool(*v));
        }
        Value::Int(v) => number(&mut ast, *v as f64),
        Value::Float(v) => number(&mut ast, *v),
        Value::Text(text) => {
            ast.push(Node::Text(text.as_str().into()));
        }
    }
    ast
}

impl Expander<'_> {
    /// An expression that people wrote, series put in, and noted to be checked by itself.
    pub(super) fn ast(&mut self, field: &str, text: &str, scope: Scope, wants: Wants) -> Result<Ast> {
        let ast = self.read(field, text)?;
        let check = Check { field: field.to_owned(), ast: ast.clone(), scope, wants };
        self.checks.push(check);
        Ok(ast)
    }

    /// As [`Expander::ast`], in its canonical form.
    pub(super) fn expr(&mut self, field: &str, text: &str, scope: Scope, wants: Wants) -> Result<Expr> {
        let ast = self.ast(field, text, scope, wants)?;
        Expr::of(field, &ast)
    }

    /// An expression of parameters alone.
    pub(super) fn constant(&mut self, field: &str, text: &str, wants: Wants) -> Result<Expr> {
        let ast = self.ast(field, text, Scope::MARKET, wants)?;
        if !crate::compile::is_constant(&ast) {
            let mend = "use numbers, $parameters, arithmetic, and functions of one row";
            return Err(Error::spec(field, format!("`{}` is not of parameters alone", text.trim()), mend));
        }
        Expr::of(field, &ast)
    }

    /// Reads a text, looks whether its parameters exist, and puts series in.
    fn read(&self, field: &str, text: &str) -> Result<Ast> {
        let ast = parse(text).map_err(|e| Error::expression(field, e.into()))?;
        for (i, node) in ast.nodes().iter().enumerate() {
            let Node::Param(name) = node else { continue };
            if !self.spec.params.contains_key(&**name) && &**name != PERIODS_PER_YEAR {
                let names: Vec<&str> = self.spec.params.keys().map(String::as_str).collect();
                let mend = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `${near}`?"),
                    None if names.is_empty() => "there are none: state it under [params]".to_owned(),
                    None => format!("there are ${}", names.join(", $")),
                };
                return Err(refused(field, &ast, i, &format!("no parameter is named `{name}`"), &mend));
            }
        }
        let with = |node: &Node| match node {
            Node::Field(name) => self.series.get(&**name),
            _ => None,
        };
        substitute(&ast, with).ok_or_else(|| too_long(field))
    }

    /// The text of a block, filled: what is put into its slots by name.
    pub(super) fn filled(&self, field: &str, text: &str, slots: &BTreeMap<String, Ast>) -> Result<Ast> {
        let ast = parse(text).map_err(|e| Error::expression(field, e.into()))?;
        let with = |node: &Node| match node {
            Node::Param(name) => slots.get(&**name),
            _ => None,
        };
        substitute(&ast, with).ok_or_else(|| too_long(field))
    }

    /// What is put into the slots of a block, and how its switches stand.
    pub(super) fn slots(
        &mut self,
        field: &str,
        slots: &[Slot],
        args: &BTreeMap<String, Value>,
        scope: Scope,
    ) -> Result<(BTreeMap<String, Ast>, BTreeMap<String, String>)> {
        let known: Vec<&str> = slots.iter().map(Slot::name).collect();
        if let Some(name) = args.keys().find(|name| !known.contains(&name.as_str())) {
            let mend = if known.is_empty() { "it takes nothing".to_owned() } else { suggestion(name, &known) };
            return Err(Error::spec(format!("{field}.{name}"), "the block takes no such thing", mend));
        }
        let (mut filled, mut switches) = (BTreeMap::new(), BTreeMap::new());
        for slot in slots {
            let (name, place) = (slot.name(), format!("{field}.{}", slot.name()));
            let given = args.get(name);
            let refused =
                |e: qe_core::Error| Error::spec(place.clone(), e.to_string(), "or give an expression in quotes");
            let tree = match (slot, given) {
                (Slot::Switch(param), given) => {
                    let value = given.unwrap_or(&param.default);
                    let value = param.check(value).map_err(|e| {
                        Error::spec(place.clone(), e.to_string(), "it decides which rule is meant, so no parameter can")
                    })?;
                    switches.insert(name.to_owned(), value.to_string());
                    continue;
                }
                (_, Some(Value::Text(text))) => self.ast(&place, text, scope, Wants::Anything)?,
                (Slot::Number(param), Some(value)) => literal(&param.check(value).map_err(refused)?),
                (Slot::Number(param), None) => literal(&param.default),
                (Slot::Series { .. }, Some(value)) => literal(value),
                (Slot::Series { default: Some(text), .. }, None) => self.read(&place, text)?,
                (Slot::Series { doc, .. }, None) => {
                    return Err(Error::spec(
                        place,
                        format!("it must be given: {doc}"),
                        "write an expression in quotes",
                    ));
                }
            };
            filled.insert(name.to_owned(), tree);
        }
        Ok((filled, switches))
    }
}

fn too_long(field: &str) -> Error {
    let reason = format!("it has more than {MAX_SUBSTITUTED} parts once series and blocks are put in");
    Error::spec(field, reason, "make it shorter")
}

/// An error at a node of an expression.
fn refused(field: &str, ast: &Ast, node: usize, reason: &str, mend: &str) -> Error {
    let at = ast.span(NodeId(node as u32));
    let shown = point_at(ast.text(), at.clone(), reason, mend);
    Error::expression(field, qe_factors::Error::Meaning { shown, reason: reason.to_owned(), at })
}
