//! The expression language: text to syntax tree and back, and from there to plans.
//!
//! From loose to tight, each level takes what is below it as operands:
//!
//! | written | meaning |
//! |---|---|
//! | `c ? a : b` | choice, from the right; the same as `if(c, a, b)` |
//! | `a or b`, `a \|\| b` | |
//! | `a and b`, `a && b` | |
//! | `not a` | |
//! | `< <= > >= == !=` | comparisons, which do not chain |
//! | `a + b`, `a - b` | |
//! | `a * b`, `a / b`, `a % b` | |
//! | `-a`, `!a` | `!a` is `not a` that binds as tightly as a sign |
//! | `a ^ b`, `a ** b` | from the right; `-x ^ 2` is `-(x ^ 2)` |
//! | `x[3]`, `x[$n]`, `macd(close).hist` | lag, output of a call |
//!
//! Operands are numbers (`nan` and `inf` too), `true` and `false`, names with dots (`entry.price`), names of any
//! letters in backquotes (`` `adj close` ``, where two backquotes stand for one), parameters (`$fast`), calls with
//! positional and then named arguments (`sma(close, period=20)`), and parentheses. A text in quotes can only be an
//! argument. A comment goes from `#` to the end of its line. Words of the language are in lower case. `not` must stand
//! in parentheses after an operator that binds more tightly: `a == (not b)`.
//!
//! [`parse`] and printing are inverse to each other: the printed form of a tree that was parsed reads back as the same
//! tree, and the printed form of a tree that was built in code prints the same again once read. That holds where the
//! printed form is at most [`MAX_PRINTED`] bytes long, and for names and lags that can be written: fields of any name
//! but the empty one and those of several lines.

pub mod ast;
mod canonical;
mod error;
mod lex;
mod lower;
mod names;
mod parse;
mod print;
mod reference;
mod schema;
mod substitute;
mod words;

pub use ast::{Arg, Ast, Binary, Node, NodeId, Unary};
pub use canonical::canonical_calls;
pub use error::{SyntaxError, point_at};
pub(crate) use lex::written_name;
pub use lower::{Compiled, compile, compile_scoped};
pub use names::{NameError, Names};
pub use parse::{MAX_DEPTH, MAX_LAG, MAX_TEXT, parse};
pub use print::MAX_PRINTED;
pub use reference::reference;
pub use schema::Schema;
pub use substitute::{MAX_SUBSTITUTED, substitute};
pub use words::{ACCOUNT, ACROSS, DERIVED, FUNCTIONS, POSITION, function_names};
