//! Exits: expressions that read the open position.

mod atr_stop;
mod atr_trailing_stop;
mod bracket;
mod donchian_exit;
mod factor_reversion;
mod opposite_signal;
mod percent_stop;
mod percent_target;
mod percent_trailing;
mod session_end;
mod time_stop;

use super::ExitBlock;

/// All of them, by name.
pub const ALL: &[&ExitBlock] = &[
    &atr_stop::EXIT,
    &atr_trailing_stop::EXIT,
    &bracket::EXIT,
    &donchian_exit::EXIT,
    &factor_reversion::EXIT,
    &opposite_signal::EXIT,
    &percent_stop::EXIT,
    &percent_target::EXIT,
    &percent_trailing::EXIT,
    &session_end::EXIT,
    &time_stop::EXIT,
];
