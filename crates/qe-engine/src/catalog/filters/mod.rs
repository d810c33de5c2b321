//! Filters: conditions that speak for no side, joined to entries by `and`. What is unknown is a veto.

mod adx;
mod chop;
mod none;
mod sma;

use super::ConditionBlock;

/// All of them, by name.
pub const ALL: &[&ConditionBlock] =
    &[&adx::RANGING, &adx::TRENDING, &chop::RANGING, &chop::TRENDING, &none::NONE, &sma::DOWN, &sma::UP];
