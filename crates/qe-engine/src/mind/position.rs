//! The open position as decisions see it, and the levels that rest to close it.

/// An open position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Position {
    pub(crate) side: f64,
    pub(crate) units: f64,
    /// What was paid for each, spread and slippage included.
    pub(crate) price: f64,
    pub(crate) row: usize,
    /// At the bar's open (0), within it (1), at its close (2).
    pub(crate) phase: u8,
    pub(crate) bars: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    /// Cash before it was opened.
    pub(crate) cash_before: f64,
    /// Whether some bar did not say which way it went.
    pub(crate) is_undecided: bool,
}

impl Position {
    #[inline(always)]
    pub(crate) fn new(side: f64, units: f64, price: f64, raw: f64, row: usize, phase: u8, cash_before: f64) -> Self {
        Self { side, units, price, row, phase, bars: 0.0, high: raw, low: raw, cash_before, is_undecided: false }
    }

    /// Sees a bar that is complete: high, low and close.
    #[inline]
    pub(super) fn see(&mut self, row: usize, [high, low, close]: [f64; 3]) {
        let is_new = self.row == row;
        // An entry at this very close has been open for no bar yet.
        self.bars += f64::from(u8::from(!(is_new && self.phase == 2)));
        // Of the bar of an entry within it, or at its close, only the close is known to have come after.
        let is_whole = !is_new || self.phase == 0;
        self.high = self.high.max(if is_whole { high } else { close });
        self.low = self.low.min(if is_whole { low } else { close });
    }
}

/// The nearest levels that rest, and whose they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Levels {
    pub(crate) stop: f64,
    pub(crate) target: f64,
    pub(crate) trail: f64,
    pub(crate) reasons: [u16; 3],
}

impl Levels {
    pub(crate) const NONE: Self = Self { stop: f64::NAN, target: f64::NAN, trail: f64::NAN, reasons: [0; 3] };

    /// Those that a price is not at or beyond already.
    pub(crate) fn not_beyond(self, side: f64, price: f64) -> Self {
        let rests = |level: f64, is_met: bool| if is_met { f64::NAN } else { level };
        Self {
            stop: rests(self.stop, side * price <= side * self.stop),
            target: rests(self.target, side * price >= side * self.target),
            ..self
        }
    }
}
