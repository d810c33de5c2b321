//! The rules of exits: conditions over the open position, and the levels that rest from a close on.

use qe_factors::plan::Outside;

use super::state::{Frame, Levels, Walk, at_side, number};
use crate::program::{ExitKind, Source};

impl Walk {
    /// Runs the rules of the open position's exits for a row. The first condition that is met is given by its place.
    pub(super) fn run_rules(&mut self, f: Frame<'_>, row: usize, price: f64) -> Option<usize> {
        let position = self.position.as_ref()?;
        let equity = self.account.worth(price);
        let outside = Outside {
            cash: self.account.cash,
            equity,
            drawdown: self.account.drawdown(equity),
            entry_price: position.price,
            pos_bars: position.bars,
            pos_high: position.high,
            pos_low: position.low,
            pos_pnl_frac: position.side * (price / position.price - 1.0),
            pos_side: position.side,
        };
        let side = position.side;
        self.run_rules_as(f, row, side, &outside)
    }

    /// Runs the rules of a side's exits, and takes the levels that rest from now on.
    pub(super) fn run_rules_as(&mut self, f: Frame<'_>, row: usize, side: f64, outside: &Outside) -> Option<usize> {
        let at = at_side(side);
        let mut met = None;
        let mut levels = Levels::NONE;
        for (i, exit) in self.program.exits[at].iter().enumerate() {
            let value = match exit.source {
                Source::Number(x) => x,
                Source::Output(_) if exit.kind == ExitKind::When => continue,
                Source::Output(_) => number(f, exit.source, row),
                Source::Rule(idx) => {
                    let (Some(rule), Some(memory)) = (f.plan.compiled.rules().get(idx), &mut self.memories[at][i])
                    else {
                        continue;
                    };
                    self.registers.clear();
                    self.registers.extend(rule.inputs().iter().map(|o| number(f, Source::Output(*o), row)));
                    rule.run(&self.registers, outside, memory)
                }
            };
            match exit.kind {
                ExitKind::When => met = met.or((value == 1.0).then_some(i)),
                // The nearest stop, the nearest target, the shortest trail.
                ExitKind::Stop if levels.stop.is_nan() || side * value > side * levels.stop => {
                    (levels.stop, levels.reasons[0]) = (value, exit.reason);
                }
                ExitKind::Target if levels.target.is_nan() || side * value < side * levels.target => {
                    (levels.target, levels.reasons[1]) = (value, exit.reason);
                }
                // A distance below zero is none.
                ExitKind::Trail if value >= 0.0 && (levels.trail.is_nan() || value < levels.trail) => {
                    (levels.trail, levels.reasons[2]) = (value, exit.reason);
                }
                _ => {}
            }
        }
        self.levels = levels;
        met
    }
}
