//! What a walk takes beside its own bytes.

use std::sync::Arc;

use qe_factors::plan::Memory;

use super::state::Walk;
use crate::mind::Order;
use crate::program::{Program, Source, StrategyPlan};

impl Walk {
    /// The most bytes that the walk of a program takes beside its own: orders on their way, and what rules remember, of the
    /// open position and of every entry that is decided and not filled.
    pub(crate) fn n_bytes_beside(program: &Arc<Program>, plan: &StrategyPlan) -> usize {
        // Lists double where they grow.
        let n_ahead = (2 * (plan.execution.fill.delay as usize + 2)).next_power_of_two();
        let rules = plan.compiled.rules();
        let of_exits = |side: usize| -> usize {
            let exits = program.exits[side].iter().map(|exit| match exit.source {
                Source::Rule(idx) => rules.get(idx).map_or(0, |rule| rule.n_bytes_of_memory()),
                _ => 0,
            });
            exits.sum::<usize>() + program.exits[side].len() * size_of::<Option<Memory>>()
        };
        let asked = program.exits.iter().flatten().map(|exit| exit.source).chain(program.gates.iter().copied());
        let asked = asked.chain([program.size.source]).chain(program.size.scale);
        let of_rules = asked.filter_map(|s| if let Source::Rule(idx) = s { rules.get(idx) } else { None });
        let (mut n_inputs, mut is_ruled) = (0, false);
        of_rules.for_each(|rule| (n_inputs, is_ruled) = (rule.inputs().len().max(n_inputs), true));
        let sides = [of_exits(0), of_exits(1)];
        let begun =
            if is_ruled { n_ahead * (sides[0].max(sides[1]) + 2 * size_of::<Vec<Option<Memory>>>()) } else { 0 };
        // Sizes and gates remember while they are asked.
        n_ahead * size_of::<Order>() + sides[0] + sides[1] + begun + 2 * n_inputs.next_power_of_two() * size_of::<f64>()
    }

    /// Takes the room in which rules work, or gives it back: one for all walks.
    pub(crate) fn lend(&mut self, room: &mut Vec<f64>) {
        std::mem::swap(&mut self.room, room);
    }
}
