//! Sizers: how much is bought or sold. Each has the seed's limit of a quarter of equity, unless `limit_frac` says
//! otherwise.

mod capped_kelly;
mod fixed_fraction;
mod fixed_units;
mod fixed_value;
mod target_weight;
mod volatility_scaled;
mod volatility_target;

use super::Sizer;

/// All of them, by name.
pub const ALL: &[&Sizer] = &[
    &capped_kelly::SIZER,
    &fixed_fraction::SIZER,
    &fixed_units::SIZER,
    &fixed_value::SIZER,
    &target_weight::SIZER,
    &volatility_scaled::SIZER,
    &volatility_target::SIZER,
];
