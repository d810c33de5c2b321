//! The contract of building blocks, for ours and for a user's own: feature `testing`.
//!
//! A block is a text with slots, so it is tested as the text that it expands to, at the defaults and at both ends of
//! every slot, over bars of a seeded walk: it compiles to what its family is; it says nothing that a later bar changes;
//! it is there from its lookback on; missing and hostile bars make no signal; the rules of the two sides mirror each
//! other; a whole run over it adds up. A check panics with the block, what was put into it, and what is wrong.
//!
//! A slot that takes an expression and has no default is given the `series` of the caller.

mod bars;
mod conditions;
mod exits;
mod fillings;
mod sizers;

pub use conditions::{check_condition, check_mirror};
pub use exits::check_exit;
pub use sizers::check_sizer;
