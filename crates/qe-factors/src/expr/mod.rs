//! The expression language: text to syntax tree and back.

pub mod ast;

pub use ast::{Arg, Ast, Binary, Node, NodeId, Unary};
