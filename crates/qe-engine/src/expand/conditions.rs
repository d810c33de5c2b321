//! Conditions: texts, blocks, and those that must agree; and how filters join entries.

use qe_factors::expr::{Ast, Binary, Node, NodeId};
use qe_factors::plan::Scope;

use super::{Expander, Expr, Wants, reads_account};
use crate::catalog::{self, suggestion};
use crate::error::{Error, Result};
use crate::spec::{Condition, Side};

/// How deep conditions may stand in one another.
const MAX_NESTED: usize = 50;

impl Expander<'_> {
    /// A condition as one expression.
    pub(super) fn condition(&mut self, field: &str, condition: &Condition, of: Of) -> Result<Ast> {
        self.nested(field, condition, of, 0)
    }

    fn nested(&mut self, field: &str, condition: &Condition, of: Of, depth: usize) -> Result<Ast> {
        if depth > MAX_NESTED {
            return Err(Error::spec(
                field,
                format!("it is nested more than {MAX_NESTED} deep"),
                "write `and` and `or`",
            ));
        }
        match condition {
            Condition::Text(text) => self.ast(field, text, of.scope, Wants::Condition),
            Condition::All(members) | Condition::Any(members) => {
                let (word, op) =
                    if matches!(condition, Condition::All(_)) { ("all", Binary::And) } else { ("any", Binary::Or) };
                if members.is_empty() {
                    // That all of nothing agree would be a signal in every bar.
                    let reason = "it has no members, so nothing agrees";
                    return Err(Error::spec(format!("{field}.{word}"), reason, "name the conditions, or leave it out"));
                }
                let mut trees = Vec::with_capacity(members.len());
                for (i, member) in members.iter().enumerate() {
                    trees.push(self.nested(&format!("{field}.{word}[{i}]"), member, of, depth + 1)?);
                }
                Ok(joined(op, trees))
            }
            Condition::Block(block) => {
                let Some(known) = catalog::condition(&block.name) else {
                    let all = catalog::entries::ALL.iter().chain(catalog::filters::ALL);
                    let names: Vec<&str> = all.map(|b| b.name).chain(["all", "any"]).collect();
                    let reason = format!("no condition is named `{}`", block.name);
                    return Err(Error::spec(field, reason, suggestion(&block.name, &names)));
                };
                let field = format!("{field}.{}", block.name);
                if let (Some(wanted), Some(side)) = (of.side, known.side)
                    && wanted != side
                {
                    let [own, other] = if side == Side::Long { ["long", "short"] } else { ["short", "long"] };
                    let reason = format!("it speaks for {own}, and this is entry.{other}");
                    return Err(Error::spec(field, reason, "use its counterpart, or write the expression you mean"));
                }
                let (slots, _) = self.slots(&field, &(known.slots)(), &block.args, of.scope)?;
                let ast = self.filled(&field, known.text, &slots)?;
                let check = super::Check { field, ast: ast.clone(), scope: of.scope, wants: Wants::Condition };
                self.checks.push(check);
                Ok(ast)
            }
        }
    }

    /// The conditions that enter, filters joined, and what is asked of the account besides.
    pub(super) fn entries(&mut self) -> Result<([Option<Expr>; 2], Vec<Expr>)> {
        let spec = self.spec;
        let (mut filters, mut gates) = (Vec::new(), Vec::new());
        for (i, filter) in spec.filters.iter().enumerate() {
            let field = format!("filters[{i}]");
            let ast = self.condition(&field, filter, Of { side: None, scope: Scope::GATE })?;
            match reads_account(&ast) {
                true => gates.push(Expr::of(&field, &ast)?),
                false => filters.push(ast),
            }
        }
        let mut entry = [None, None];
        let sides = [
            (Side::Long, "entry.long", &spec.entry.long, &spec.entry.long_filters),
            (Side::Short, "entry.short", &spec.entry.short, &spec.entry.short_filters),
        ];
        for (side, field, condition, own) in sides {
            let Some(condition) = condition else {
                if !own.is_empty() {
                    let reason = format!("there is no {field}");
                    return Err(Error::spec(format!("{field}_filters"), reason, "give it, or leave the filters out"));
                }
                continue;
            };
            let signal = self.condition(field, condition, Of { side: Some(side), scope: Scope::SERIES })?;
            self.signals[side.idx()] = Some(signal.clone());
            let mut all = vec![signal];
            for (i, filter) in own.iter().enumerate() {
                let field = format!("{field}_filters[{i}]");
                let ast = self.condition(&field, filter, Of { side: Some(side), scope: Scope::GATE })?;
                if reads_account(&ast) {
                    let reason = "it reads the account, which is asked once for both sides";
                    return Err(Error::spec(field, reason, "put it under `filters`"));
                }
                all.push(ast);
            }
            all.extend(filters.iter().cloned());
            // What always holds says nothing.
            let says = |ast: &Ast| !matches!(ast.nodes(), [Node::Bool(true)]);
            let mut all: Vec<Ast> =
                all.into_iter().enumerate().filter(|(i, a)| *i == 0 || says(a)).map(|a| a.1).collect();
            if all.len() > 1 && !says(&all[0]) {
                all.remove(0);
            }
            entry[side.idx()] = Some(Expr::of(field, &joined(Binary::And, all))?);
        }
        Ok((entry, gates))
    }
}

/// Of what a condition is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of {
    /// The side that it speaks for.
    pub(super) side: Option<Side>,
    /// What it may read.
    pub(super) scope: Scope,
}

/// Several trees joined by an operator, from the left.
fn joined(op: Binary, trees: Vec<Ast>) -> Ast {
    let mut trees = trees.into_iter();
    let Some(mut out) = trees.next() else { return Ast::new() };
    for tree in trees {
        let (Some(left), base) = (out.root(), out.nodes().len() as u32) else { continue };
        for node in tree.nodes() {
            out.push(shifted(node, base));
        }
        if let Some(right) = out.root() {
            out.push(Node::Binary(op, left, right));
        }
    }
    out
}

/// A node whose children stand further behind.
fn shifted(node: &Node, by: u32) -> Node {
    let to = |id: &NodeId| NodeId(id.0 + by);
    match node {
        Node::Unary(op, a) => Node::Unary(*op, to(a)),
        Node::Binary(op, a, b) => Node::Binary(*op, to(a), to(b)),
        Node::If(c, a, b) => Node::If(to(c), to(a), to(b)),
        Node::Lag(a, n) => Node::Lag(to(a), *n),
        Node::Call { name, args, output } => {
            let mut args = args.clone();
            args.iter_mut().for_each(|arg| arg.value = to(&arg.value));
            Node::Call { name: name.clone(), args, output: output.clone() }
        }
        leaf => leaf.clone(),
    }
}
