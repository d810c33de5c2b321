//! Putting trees in the place of nodes: named series for fields, arguments for parameters.
//!
//! What is not replaced keeps its place in the text, and what is put in has the place of what it replaces, so that an
//! error within it points at the text that people wrote.

use std::ops::Range;

use super::ast::{Arg, Ast, Node, NodeId};

/// The most nodes of a tree into which others were put: a name that stands twice in a name that stands twice in a name
/// … doubles with each.
pub const MAX_SUBSTITUTED: usize = 1 << 16;

/// The tree with some of its nodes replaced by others, which are not looked at again; `None` if it had more than
/// [`MAX_SUBSTITUTED`] nodes then. An empty tree replaces nothing.
pub fn substitute<'a>(ast: &Ast, mut with: impl FnMut(&Node) -> Option<&'a Ast>) -> Option<Ast> {
    let mut out = Ast::of_text(ast.text().into());
    let mut place: Vec<NodeId> = Vec::with_capacity(ast.nodes().len());
    for (i, node) in ast.nodes().iter().enumerate() {
        let span = ast.span(NodeId(i as u32));
        let id = match with(node).filter(|tree| tree.root().is_some()) {
            Some(tree) => append(&mut out, tree, Some(span))?,
            None => push(&mut out, moved(node, |id| place.get(id.idx()).copied().unwrap_or(id)), span)?,
        };
        place.push(id);
    }
    Some(out)
}

/// Puts the nodes of a tree behind those of another, all of them at one place of its text, or at their own. Its root
/// then.
fn append(out: &mut Ast, tree: &Ast, at: Option<Range<usize>>) -> Option<NodeId> {
    let base = out.nodes().len() as u32;
    let mut last = None;
    for (i, node) in tree.nodes().iter().enumerate() {
        let span = at.clone().unwrap_or_else(|| tree.span(NodeId(i as u32)));
        last = Some(push(out, moved(node, |id| NodeId(id.0 + base)), span)?);
    }
    last
}

fn push(out: &mut Ast, node: Node, span: Range<usize>) -> Option<NodeId> {
    if out.nodes().len() >= MAX_SUBSTITUTED {
        return None;
    }
    out.push_at(node, span.start as u32..span.end as u32)
}

/// A node whose children are elsewhere.
fn moved(node: &Node, to: impl Fn(NodeId) -> NodeId) -> Node {
    match node {
        Node::Number(_) | Node::Bool(_) | Node::Text(_) | Node::Param(_) | Node::Field(_) => node.clone(),
        Node::Unary(op, a) => Node::Unary(*op, to(*a)),
        Node::Binary(op, a, b) => Node::Binary(*op, to(*a), to(*b)),
        Node::If(c, a, b) => Node::If(to(*c), to(*a), to(*b)),
        Node::Lag(a, n) => Node::Lag(to(*a), *n),
        Node::Call { name, args, output } => {
            let args = args.iter().map(|a| Arg { name: a.name.clone(), value: to(a.value) }).collect();
            Node::Call { name: name.clone(), args, output: output.clone() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn print(ast: &Ast) -> String {
        ast.print(ast.root().unwrap())
    }

    #[test]
    fn fields_and_parameters_are_replaced_once_and_all_else_stays() {
        let ast = parse("cross_above(fast, slow[2]) and rsi(close, period=$n) > -x").unwrap();
        let fast = parse("sma(fast, 3) + $n").unwrap();
        let n = parse("14").unwrap();
        let out = substitute(&ast, |node| match node {
            Node::Field(name) if &**name == "fast" => Some(&fast),
            Node::Param(_) => Some(&n),
            _ => None,
        });
        let text = print(&out.unwrap());
        assert_eq!(text, "cross_above(sma(fast, 3) + $n, slow[2]) and rsi(close, period=14) > -x");
        assert_eq!(print(&parse(&text).unwrap()), text);
    }

    #[test]
    fn the_root_itself_can_be_replaced() {
        let (ast, other) = (parse("x").unwrap(), parse("a + b").unwrap());
        assert_eq!(print(&substitute(&ast, |_| Some(&other)).unwrap()), "a + b");
        assert_eq!(print(&substitute(&ast, |_| None).unwrap()), "x");
        let empty = Ast::new();
        assert_eq!(print(&substitute(&ast, |_| Some(&empty)).unwrap()), "x");
    }

    #[test]
    fn what_is_put_in_stands_where_it_was_put() {
        let (ast, other) = (parse("1 + name").unwrap(), parse("a * b").unwrap());
        let out = substitute(&ast, |n| matches!(n, Node::Field(_)).then_some(&other)).unwrap();
        assert_eq!(out.text(), "1 + name");
        let spans: Vec<_> = (0..out.nodes().len()).map(|i| out.span(NodeId(i as u32))).collect();
        assert_eq!(spans, [0..1, 4..8, 4..8, 4..8, 0..8]);
    }

    #[test]
    fn doubling_ends() {
        let twice = parse("x + x").unwrap();
        let mut ast = twice.clone();
        let mut n_times = 0;
        while let Some(next) = substitute(&ast, |n| matches!(n, Node::Field(_)).then_some(&twice)) {
            ast = next;
            n_times += 1;
        }
        assert_eq!(n_times, 14, "2^15 fields and one less signs are the last that fit");
    }
}
