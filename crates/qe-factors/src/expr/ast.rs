//! The syntax tree of an expression: nodes in one vector, children before parents.
//!
//! Nothing here recurses, so neither a long nor a deep expression can overflow a stack, and every pass over a tree is one
//! loop. A tree is built from text by the parser or node by node in code; both go through [`Ast::push`], which refuses a
//! child that does not stand before its parent.

use std::ops::Range;
use std::sync::Arc;

/// A place in [`Ast::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index.
    pub fn idx(self) -> usize {
        self.0 as usize
    }
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-x`
    Neg,
    /// `not x`
    Not,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`
    Div,
    /// `x % y`: the remainder with the sign of `x`.
    Rem,
    /// `x ^ y`
    Pow,
    /// `x < y`
    Lt,
    /// `x <= y`
    Le,
    /// `x > y`
    Gt,
    /// `x >= y`
    Ge,
    /// `x == y`
    Eq,
    /// `x != y`
    Ne,
    /// `x and y`
    And,
    /// `x or y`
    Or,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `period` in `sma(close, period=20)`.
    pub name: Option<Arc<str>>,
    /// What is given.
    pub value: NodeId,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `0.5`
    Number(f64),
    /// `true`
    Bool(bool),
    /// `"1h"`: only as an argument.
    Text(Arc<str>),
    /// `$fast`
    Param(Arc<str>),
    /// `close`, or with dots `entry.price`.
    Field(Arc<str>),
    /// An operator before its operand.
    Unary(Unary, NodeId),
    /// An operator between two operands.
    Binary(Binary, NodeId, NodeId),
    /// `if(c, a, b)`, also `c ? a : b`.
    If(NodeId, NodeId, NodeId),
    /// `x[1]`, also `lag(x, 1)`.
    Lag(NodeId, u32),
    /// `macd(close, 12, 26).hist`
    Call {
        /// What is called.
        name: Arc<str>,
        /// What it is given, in the order as written.
        args: Box<[Arg]>,
        /// Which of its outputs is meant.
        output: Option<Arc<str>>,
    },
}

/// A syntax tree. The last node is the root.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ast {
    nodes: Vec<Node>,
    spans: Vec<Range<u32>>,
    text: Arc<str>,
}

impl Ast {
    /// An empty tree, to be built in code.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty tree of this text.
    pub(crate) fn of_text(text: Arc<str>) -> Self {
        Self { nodes: Vec::new(), spans: Vec::new(), text }
    }

    /// Adds a node; `None` if a child of it does not stand before it, or there are 2^32 nodes already.
    pub fn push(&mut self, node: Node) -> Option<NodeId> {
        self.push_at(node, 0..0)
    }

    /// Adds a node that stands at these bytes of the text.
    pub(crate) fn push_at(&mut self, node: Node, span: Range<u32>) -> Option<NodeId> {
        let id = u32::try_from(self.nodes.len()).ok()?;
        let mut fits = true;
        for_each_child(&node, |child| fits &= child.0 < id);
        fits.then(|| {
            self.nodes.push(node);
            self.spans.push(span);
            NodeId(id)
        })
    }

    /// Takes the last node back; nothing may refer to it.
    pub(crate) fn pop(&mut self) -> Option<Node> {
        self.spans.pop();
        self.nodes.pop()
    }

    /// The nodes, children before parents.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.idx()]
    }

    /// The root; `None` in an empty tree.
    pub fn root(&self) -> Option<NodeId> {
        self.nodes.len().checked_sub(1).map(|i| NodeId(i as u32))
    }

    /// The bytes of the text that a node stands at; an empty range for one built in code.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        self.spans.get(id.idx()).map_or(0..0, |s| s.start as usize..s.end as usize)
    }

    /// The text that was parsed; empty for a tree built in code.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Calls `f` with every child of a node, in order.
pub fn for_each_child(node: &Node, mut f: impl FnMut(NodeId)) {
    match node {
        Node::Number(_) | Node::Bool(_) | Node::Text(_) | Node::Param(_) | Node::Field(_) => {}
        Node::Unary(_, a) | Node::Lag(a, _) => f(*a),
        Node::Binary(_, a, b) => {
            f(*a);
            f(*b);
        }
        Node::If(c, a, b) => {
            f(*c);
            f(*a);
            f(*b);
        }
        Node::Call { args, .. } => args.iter().for_each(|arg| f(arg.value)),
    }
}
