//! Entries: conditions that speak for a side.

mod bollinger;
mod donchian;
mod factor;
mod macd;
mod rsi;
mod sma;
mod stochrsi;
mod zone;

use super::ConditionBlock;

/// All of them, by name.
pub const ALL: &[&ConditionBlock] = &[
    &bollinger::LOWER_TOUCH,
    &bollinger::UPPER_TOUCH,
    &donchian::BREAKOUT_LONG,
    &donchian::BREAKOUT_SHORT,
    &factor::ABOVE,
    &factor::BELOW,
    &macd::CROSS_BEARISH,
    &macd::CROSS_BULLISH,
    &rsi::OVERBOUGHT_REVERSAL,
    &rsi::OVERSOLD_REVERSAL,
    &sma::CROSS_DOWN,
    &sma::CROSS_UP,
    &stochrsi::CROSS_DOWN,
    &stochrsi::CROSS_UP,
    &zone::EXIT_LONG,
    &zone::EXIT_SHORT,
];
