//! What an expression is without its numbers.

use std::sync::Arc;

use qe_factors::expr::ast::for_each_child;
use qe_factors::expr::{Arg, Ast, Node, NodeId};

use crate::compile::is_constant;

/// The text of an expression in which every part that is computed of numbers and parameters alone is the same mark.
pub(super) fn erased(ast: &Ast) -> Arc<str> {
    let mut out = Ast::new();
    let mut place: Vec<(NodeId, bool)> = Vec::with_capacity(ast.nodes().len());
    for node in ast.nodes() {
        let mut is_mark = is_leaf_of_numbers(node);
        if !is_mark && is_scalar(node) {
            is_mark = true;
            for_each_child(node, |c| is_mark &= place.get(c.idx()).is_some_and(|p| p.1));
        }
        let at = |id: NodeId| place.get(id.idx()).map_or(id, |p| p.0);
        let node = match node {
            _ if is_mark => Node::Param("_".into()),
            Node::Unary(op, a) => Node::Unary(*op, at(*a)),
            Node::Binary(op, a, b) => Node::Binary(*op, at(*a), at(*b)),
            Node::If(c, a, b) => Node::If(at(*c), at(*a), at(*b)),
            Node::Lag(a, n) => Node::Lag(at(*a), *n),
            Node::Call { name, args, output } => {
                let args = args.iter().map(|a| Arg { name: a.name.clone(), value: at(a.value) }).collect();
                Node::Call { name: name.clone(), args, output: output.clone() }
            }
            leaf => leaf.clone(),
        };
        if let Some(id) = out.push(node) {
            place.push((id, is_mark));
        }
    }
    out.root().map_or_else(|| "".into(), |root| out.print(root).into())
}

fn is_leaf_of_numbers(node: &Node) -> bool {
    matches!(node, Node::Number(_) | Node::Bool(_) | Node::Param(_))
}

/// Whether a node computes one row of its children.
fn is_scalar(node: &Node) -> bool {
    match node {
        Node::Unary(..) | Node::Binary(..) | Node::If(..) => true,
        Node::Call { name, output: None, .. } => {
            let mut alone = Ast::new();
            alone.push(Node::Call { name: name.clone(), args: Box::new([]), output: None });
            is_constant(&alone)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use qe_factors::expr::parse;

    use super::*;

    #[test]
    fn numbers_go_and_structure_stays() {
        let of = |text: &str| erased(&parse(text).unwrap()).to_string();
        assert_eq!(of("rsi(close, period=14) < 30"), "rsi(close, period=$_) < $_");
        assert_eq!(of("rsi(close, period=2 * $n + 1) < -30"), "rsi(close, period=$_) < $_");
        assert_eq!(of("max($a, 3) * close[2] > (1 - 0.02) * open"), "$_ * close[2] > $_ * open");
        assert_eq!(of("$flag or not true"), "$_");
        assert_eq!(of("tf(\"1h\", close) > lag(x, $n)"), "tf(\"1h\", close) > lag(x, $_)");
        assert_eq!(of("close > 3 and close > 3"), "close > $_ and close > $_");
    }
}
