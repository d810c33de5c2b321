//! The contract and the goldens of every indicator.

mod alphas;
mod contract;
mod expr_text;
mod golden;
mod plan;
