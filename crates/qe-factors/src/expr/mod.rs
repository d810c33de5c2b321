//! The expression language: text to syntax tree and back, and from there to plans.

pub mod ast;
pub mod lower;

pub use ast::{Arg, Ast, Binary, Node, NodeId, Unary};
pub use lower::{Compiled, Schema, compile};

fn point_at(text: &str, at: std::ops::Range<usize>, reason: &str, mend: &str) -> String {
    format!("{reason}\n  {text}\n  {}^\n{mend}", " ".repeat(at.start))
}
