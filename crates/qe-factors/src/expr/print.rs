//! Syntax tree to canonical text.
//!
//! Parentheses stand only where the parser needs them. The walk keeps its own stack and is cut at [`MAX_PRINTED`]
//! bytes: a tree built in code may be a million levels deep, or use a node so often that its text never ends.

use std::borrow::Cow;
use std::fmt;

use super::ast::{Arg, Ast, Binary, Node, NodeId, Unary};
use super::lex::is_plain_name;
use super::parse::MAX_LAG;

/// The most bytes that a tree is printed in; a longer text is cut there and ends with `…`.
pub const MAX_PRINTED: usize = 1 << 20;

/// How tightly something holds together, from loose to tight.
pub(crate) mod level {
    /// Anything goes.
    pub(crate) const ANY: u8 = 0;
    /// `or`
    pub(crate) const OR: u8 = 1;
    /// `and`
    pub(crate) const AND: u8 = 2;
    /// `not`
    pub(crate) const NOT: u8 = 3;
    /// `<` and its kind
    pub(crate) const COMPARE: u8 = 4;
    /// `+` and `-`
    pub(crate) const SUM: u8 = 5;
    /// `*`, `/` and `%`
    pub(crate) const PRODUCT: u8 = 6;
    /// A sign before its operand.
    pub(crate) const SIGN: u8 = 7;
    /// `^`
    pub(crate) const POWER: u8 = 8;
    /// What needs no parentheses anywhere.
    pub(crate) const ATOM: u8 = 9;
}

impl Binary {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Pow => "^",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::And => "and",
            Self::Or => "or",
        }
    }

    /// How tightly it binds.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Or => level::OR,
            Self::And => level::AND,
            Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Eq | Self::Ne => level::COMPARE,
            Self::Add | Self::Sub => level::SUM,
            Self::Mul | Self::Div | Self::Rem => level::PRODUCT,
            Self::Pow => level::POWER,
        }
    }
}

/// How tightly the text of a node holds together.
pub(crate) fn level_of(node: &Node) -> u8 {
    match node {
        Node::Number(v) if is_signed(*v) => level::SIGN,
        Node::Unary(Unary::Neg, _) => level::SIGN,
        Node::Unary(Unary::Not, _) => level::NOT,
        Node::Binary(op, ..) => op.level(),
        _ => level::ATOM,
    }
}

/// How tightly the `i`th child of a node must hold together to stand without parentheses.
pub(crate) fn level_needed(node: &Node, i: usize) -> u8 {
    match node {
        Node::Unary(Unary::Neg, _) => level::SIGN,
        Node::Unary(Unary::Not, _) => level::NOT,
        Node::Lag(..) => level::ATOM,
        Node::Binary(Binary::Pow, ..) => [level::ATOM, level::SIGN][i],
        Node::Binary(op, ..) if op.level() == level::COMPARE => level::COMPARE + 1,
        Node::Binary(op, ..) => op.level() + i as u8,
        _ => level::ANY,
    }
}

/// Whether a number is printed with a minus. A NaN has no sign.
pub(crate) fn is_signed(v: f64) -> bool {
    v.is_sign_negative() && !v.is_nan()
}

impl Ast {
    /// The canonical text of a node. It reads back as the same tree, if it is not longer than [`MAX_PRINTED`].
    pub fn print(&self, id: NodeId) -> String {
        let (mut text, is_whole) = self.walk(id);
        if !is_whole {
            text.push('…');
        }
        text
    }

    /// The canonical text of a node; `None` if it is longer than [`MAX_PRINTED`]. A cut text can stand for many trees,
    /// so what identifies an expression by its text asks here.
    pub fn print_whole(&self, id: NodeId) -> Option<String> {
        let (text, is_whole) = self.walk(id);
        is_whole.then_some(text)
    }

    fn walk(&self, root: NodeId) -> (String, bool) {
        let mut out = Out { text: String::new(), is_whole: true };
        let mut stack = vec![Frame { id: root, step: 0, in_parens: false }];
        while let (Some(top), true) = (stack.last_mut(), out.is_whole) {
            let Frame { id, step, in_parens } = *top;
            top.step += 1;
            let (node, i) = (self.as_printed(id), step as usize);
            if i == 0 && in_parens {
                out.push("(");
            }
            if let Some(child) = child(&node, i) {
                lead(&node, i, &mut out);
                let in_parens = level_of(self.node(child)) < level_needed(&node, i);
                stack.push(Frame { id: child, step: 0, in_parens });
            } else {
                tail(&node, &mut out);
                if in_parens {
                    out.push(")");
                }
                stack.pop();
            }
        }
        (out.text, out.is_whole)
    }

    /// A node; for a call that would be read back as a lag, that lag.
    fn as_printed(&self, id: NodeId) -> Cow<'_, Node> {
        let node = self.node(id);
        if let Node::Call { name, args, output: None } = node
            && &**name == "lag"
            && let [Arg { name: None, value: x }, Arg { name: None, value: rows }] = &**args
            && let Node::Number(rows) = self.node(*rows)
            && !is_signed(*rows)
            && *rows <= f64::from(MAX_LAG)
            && rows.fract() == 0.0
            && !matches!(self.node(*x), Node::Text(_))
        {
            return Cow::Owned(Node::Lag(*x, *rows as u32));
        }
        Cow::Borrowed(node)
    }
}

impl fmt::Display for Ast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().map_or(Ok(()), |root| f.write_str(&self.print(root)))
    }
}

/// A node that is being printed.
#[derive(Debug, Clone, Copy)]
struct Frame {
    id: NodeId,
    /// How many of its children are done.
    step: u32,
    in_parens: bool,
}

/// Text up to its limit.
#[derive(Debug)]
struct Out {
    text: String,
    is_whole: bool,
}

impl Out {
    fn push(&mut self, piece: &str) {
        let room = MAX_PRINTED - self.text.len();
        if piece.len() > room || !self.is_whole {
            self.is_whole = false;
            self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
        } else {
            self.text.push_str(piece);
        }
    }
}

/// The `i`th child.
fn child(node: &Node, i: usize) -> Option<NodeId> {
    match node {
        Node::Number(_) | Node::Bool(_) | Node::Text(_) | Node::Param(_) | Node::Field(_) => None,
        Node::Unary(_, a) | Node::Lag(a, _) => (i == 0).then_some(*a),
        Node::Binary(_, a, b) => [*a, *b].get(i).copied(),
        Node::If(c, a, b) => [*c, *a, *b].get(i).copied(),
        Node::Call { args, .. } => args.get(i).map(|arg| arg.value),
    }
}

/// What stands before the `i`th child.
fn lead(node: &Node, i: usize, out: &mut Out) {
    match node {
        Node::Unary(Unary::Neg, _) => out.push("-"),
        Node::Unary(Unary::Not, _) => out.push("not "),
        Node::Binary(op, ..) if i == 1 => {
            out.push(" ");
            out.push(op.symbol());
            out.push(" ");
        }
        Node::If(..) => out.push(if i == 0 { "if(" } else { ", " }),
        Node::Call { name, args, .. } => {
            if i == 0 {
                out.push(name);
                out.push("(");
            } else {
                out.push(", ");
            }
            if let Some(name) = &args[i].name {
                out.push(name);
                out.push("=");
            }
        }
        _ => {}
    }
}

/// What stands after the last child; all of a node that has none.
fn tail(node: &Node, out: &mut Out) {
    match node {
        Node::Number(v) => out.push(&number(*v)),
        Node::Bool(v) => out.push(if *v { "true" } else { "false" }),
        Node::Text(text) => quote(text, out),
        Node::Param(name) => {
            out.push("$");
            out.push(name);
        }
        Node::Field(name) => name_of_field(name, out),
        Node::Unary(..) | Node::Binary(..) => {}
        Node::If(..) => out.push(")"),
        Node::Lag(_, rows) => out.push(&format!("[{rows}]")),
        Node::Call { name, args, output } => {
            if args.is_empty() {
                out.push(name);
                out.push("(");
            }
            out.push(")");
            if let Some(output) = output {
                out.push(".");
                out.push(output);
            }
        }
    }
}

/// The shortest digits that read back to the same bits, with an exponent where zeros would be in the way.
fn number(v: f64) -> String {
    if v.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{v:?}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// A name, in backquotes where it would not be read without. It may be as long as it likes: no copy is made.
fn name_of_field(name: &str, out: &mut Out) {
    if is_plain_name(name) {
        return out.push(name);
    }
    let mut before = "`";
    for piece in name.split('`') {
        out.push(before);
        out.push(piece);
        before = "``";
    }
    out.push("`");
}

fn quote(text: &str, out: &mut Out) {
    out.push("\"");
    let mut rest = text;
    while let Some(i) = rest.find(['\\', '"', '\n', '\r', '\t']) {
        out.push(&rest[..i]);
        out.push(match rest.as_bytes()[i] {
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            b'"' => "\\\"",
            _ => "\\\\",
        });
        rest = &rest[i + 1..];
    }
    out.push(rest);
    out.push("\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(nodes: Vec<Node>) -> Ast {
        let mut ast = Ast::new();
        for node in nodes {
            ast.push(node).unwrap();
        }
        ast
    }

    fn field(name: &str) -> Node {
        Node::Field(name.into())
    }

    #[test]
    fn numbers_are_printed_short_and_read_back_to_the_same_bits() {
        let table = [
            (1.0, "1"),
            (0.5, "0.5"),
            (100_000.0, "100000"),
            (1e15, "1000000000000000"),
            (1e16, "1e16"),
            (1.5e-7, "1.5e-7"),
            (0.0001, "0.0001"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.0, "0"),
            (-0.0, "-0"),
            (-2.0, "-2"),
            (f64::MAX, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
        ];
        for (v, text) in table {
            assert_eq!(number(v), text);
            let read = crate::expr::parse(text).unwrap();
            let [Node::Number(back)] = read.nodes() else { panic!("{text}") };
            assert!(back.to_bits() == v.to_bits() || v.is_nan() && back.is_nan(), "{text}");
        }
    }

    #[test]
    fn texts_are_printed_with_escapes() {
        let ast = tree(vec![
            Node::Text("a\"b\\c\nd\te\rf'日".into()),
            Node::Call {
                name: "f".into(),
                args: Box::new([Arg { name: Some("x".into()), value: NodeId(0) }]),
                output: None,
            },
        ]);
        assert_eq!(ast.to_string(), r#"f(x="a\"b\\c\nd\te\rf'日")"#);
        assert_eq!(crate::expr::parse(&ast.to_string()).unwrap().nodes(), ast.nodes());
    }

    #[test]
    fn fields_are_printed_in_backquotes_where_they_need_them() {
        for (name, text) in
            [("close", "close"), ("adj close", "`adj close`"), ("and", "`and`"), ("`", "````"), ("a``b", "`a````b`")]
        {
            let ast = tree(vec![field(name)]);
            assert_eq!(ast.to_string(), text);
            assert_eq!(crate::expr::parse(text).unwrap().nodes(), ast.nodes());
        }
    }

    #[test]
    fn a_call_that_would_be_read_as_a_lag_is_printed_as_one() {
        let call = |rows: f64| {
            let args = [0, 1].map(|i| Arg { name: None, value: NodeId(i) });
            tree(vec![
                field("x"),
                Node::Number(rows),
                Node::Call { name: "lag".into(), args: args.into(), output: None },
            ])
        };
        assert_eq!(call(3.0).to_string(), "x[3]");
        assert_eq!(call(2.5).to_string(), "lag(x, 2.5)");
        assert_eq!(call(-1.0).to_string(), "lag(x, -1)");
        assert_eq!(call(f64::NAN).to_string(), "lag(x, nan)");
    }

    #[test]
    fn an_empty_tree_prints_nothing() {
        assert_eq!(Ast::new().to_string(), "");
    }

    #[test]
    fn chains_of_a_million_nodes_are_printed() {
        let n = 1_000_000;
        let chains: [fn(NodeId) -> Node; 5] = [
            |x| Node::Unary(Unary::Neg, x),
            |x| Node::Unary(Unary::Not, x),
            |x| Node::Binary(Binary::Add, x, NodeId(0)),
            |x| Node::Binary(Binary::Pow, NodeId(0), x),
            |x| Node::Lag(x, 1),
        ];
        for link in chains {
            let mut ast = tree(vec![field("a")]);
            for i in 0..n {
                ast.push(link(NodeId(i))).unwrap();
            }
            let text = ast.to_string();
            assert!(text.len() <= MAX_PRINTED + '…'.len_utf8());
            assert_eq!(ast.print_whole(NodeId(n)).is_none(), text.ends_with('…'));
        }
    }

    #[test]
    fn a_node_that_is_used_again_and_again_does_not_explode() {
        let mut ast = tree(vec![field("a")]);
        for i in 0..100_000 {
            ast.push(Node::Binary(Binary::Add, NodeId(i), NodeId(i))).unwrap();
        }
        let text = ast.to_string();
        assert!(text.ends_with('…') && text.len() == MAX_PRINTED + '…'.len_utf8());
        assert_eq!(ast.print_whole(ast.root().unwrap()), None);
        assert_eq!(ast.print(NodeId(2)), "a + a + (a + a)");
        assert_eq!(ast.print_whole(NodeId(1)).as_deref(), Some("a + a"));
    }

    #[test]
    fn the_cut_does_not_split_a_letter() {
        let ast = tree(vec![field(&"日".repeat(MAX_PRINTED))]);
        assert!(ast.to_string().ends_with("日…"));
        let whole = tree(vec![field(&"x".repeat(MAX_PRINTED))]);
        assert_eq!(whole.to_string().len(), MAX_PRINTED);
    }
}
