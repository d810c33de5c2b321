//! The rules of exits: conditions over the open position, and the levels that rest from a close on.

use qe_factors::plan::{Memory, Outside};

use super::{Levels, Mind, Sight, at_side};
use crate::program::{ExitKind, Source};

impl Mind {
    /// Runs the rules of the open position's exits for a row. The first condition that is met is given by its place.
    pub(crate) fn run_rules(&mut self, at: &impl Sight, price: f64) -> Option<usize> {
        let position = self.position.as_ref()?;
        let side = position.side;
        let outside = Outside {
            entry_price: position.price,
            pos_bars: position.bars,
            pos_high: position.high,
            pos_low: position.low,
            pos_pnl_frac: side * (price / position.price - 1.0),
            pos_side: side,
            ..Outside::NONE
        };
        self.run_rules_as(at, side, &outside)
    }

    /// Runs the rules of an entry on the row of its signal. Another position of that side may still be open, so what they
    /// remember is kept apart until it is filled.
    pub(super) fn begin(&mut self, at: &impl Sight, side: f64) {
        let (pair, levels) = (at_side(side), self.levels);
        let mut others = self.spare.pop().unwrap_or_default();
        others.clone_from(&self.memories[pair]);
        self.memories[pair].iter_mut().flatten().for_each(Memory::reset);
        self.run_rules_as(at, side, &Outside { pos_side: side, ..Outside::NONE });
        self.levels = levels;
        std::mem::swap(&mut self.memories[pair], &mut others);
        self.begun.push_back(others);
    }

    /// Runs the rules of a side's exits, and takes the levels that rest from now on.
    fn run_rules_as(&mut self, row: &impl Sight, side: f64, outside: &Outside) -> Option<usize> {
        let pair = at_side(side);
        let mut met = None;
        let mut levels = Levels::NONE;
        for (i, exit) in self.program.exits[pair].iter().enumerate() {
            let value = match exit.source {
                Source::Number(x) => x,
                Source::Output(_) if exit.kind == ExitKind::When => continue,
                Source::Output(output) => row.number(output),
                Source::Rule(idx) => {
                    let (Some(rule), Some(memory)) = (row.rule(idx), &mut self.memories[pair][i]) else { continue };
                    self.registers.clear();
                    self.registers.extend(rule.inputs().iter().map(|o| row.number(*o)));
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
