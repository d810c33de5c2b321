//! How a sweep stays within its budget: how many points go together, and what is done where they are too many.
//!
//! What a run takes is counted before it begins ([`Need`]). What it takes to compile points is known from a few of them.
//! Points that turn out to be too many are halved: what comes of a point does not depend on the others. One that alone
//! takes more than is allowed is an error that says how much would do.

use super::{Compiled, Rooms, Row, Sweep};
use crate::batch::{self, Stretch};
use crate::blocks::Block;
use crate::error::{Error, Result};
use crate::market::Market;
use crate::need::{self, Need};

/// More than a point of any but the strangest strategy takes while it is compiled, and its walk: fewer than fit with this
/// need no closer look.
const PLENTY: usize = 20 << 10;

/// Of how many points it is known how much all take while they are compiled.
const PROBE: usize = 16;

impl Sweep {
    /// The bytes that a thread may take; an eighth of all is for blocks, where they are made.
    fn bytes_of_thread(&self, n_blocks: usize) -> usize {
        let of_blocks = if n_blocks == 0 { 0 } else { self.options.max_bytes.div_ceil(8) };
        (self.options.max_bytes - of_blocks) / self.pool.threads().max(1)
    }

    /// How much must be allowed so that a thread may take so many bytes.
    fn bytes_for(&self, n_bytes: usize, n_blocks: usize) -> usize {
        let all = n_bytes.saturating_mul(self.pool.threads().max(1));
        if n_blocks == 0 { all } else { all.saturating_add(all / 7 + 8) }
    }

    /// How many points are told before their blocks are handed over: a few groups, in at most an eighth of the budget.
    pub(super) fn points_at_once(&self, n_blocks: usize) -> usize {
        let groups = self.options.group.max(1).saturating_mul(4 * self.pool.threads().max(1));
        groups.min(self.options.max_bytes / 16 / of_row(n_blocks)).max(1)
    }

    /// How many of some points are compiled together, each of which takes `of_point` bytes beside its walk: fewer may turn
    /// out to be run together.
    pub(super) fn group_size(
        &self,
        rows: &[usize],
        of_point: usize,
        compile: impl FnOnce(&[usize]) -> Result<Compiled>,
    ) -> Result<usize> {
        let most = rows.len().div_ceil(self.pool.threads().max(1)).clamp(1, self.options.group.max(1));
        // Half is for what points share: buffers, tables, sections.
        let bytes = (self.bytes_of_thread(0) / 2).saturating_sub(need::COMPILING);
        if most.saturating_mul(of_point + PLENTY) <= bytes || most == 1 {
            return Ok(most);
        }
        let probe: Vec<usize> = rows.iter().copied().step_by(rows.len().div_ceil(PROBE)).collect();
        let plan = compile(&probe)?;
        let compiled = need::while_compiled(need::of_plan(&plan.0), plan.1.len());
        let each = compiled / probe.len() + need::of_walks(&plan.0) / probe.len() + of_point;
        Ok((bytes / each.max(1)).clamp(1, most))
    }

    /// Runs the points of a plan over some stretches, if all that this takes is allowed: so many blocks are made of each.
    pub(super) fn stretches(
        &self,
        Compiled(plan, place): &Compiled,
        market: &Market,
        stretches: &[Stretch],
        n_blocks: usize,
        rooms: &Rooms,
    ) -> Result<Vec<batch::Told>> {
        let allowed = self.bytes_of_thread(n_blocks);
        let needs: Vec<Need> = stretches.iter().map(|s| Need::new(plan, market, s)).collect();
        // The rows of distinct programs, and those of points; and the days of one point together.
        let days: usize = stretches.iter().map(|s| need::room_of_days(market, s.rows.clone())).sum();
        let told = (plan.programs.len() + place.len()) * of_row(n_blocks) + 3 * 8 * days;
        // Counted once: it is as long as the plan.
        let of_plan = need::of_plan(plan);
        let beside = of_plan + size_of_val(&place[..]) + told;
        let (mut kept, mut least) = (0, need::COMPILING + need::while_compiled(of_plan, place.len()));
        for need in &needs {
            least = least.max(beside + kept + need.least());
            kept += need.kept;
        }
        if least > allowed {
            let n_bytes = self.bytes_for(least, n_blocks);
            return Err(Error::Memory { place: plan.name.to_string(), n_bytes, allowed: self.options.max_bytes });
        }
        let mut out = Vec::with_capacity(stretches.len());
        let mut kept = 0;
        for (stretch, need) in stretches.iter().zip(&needs) {
            let stretch = Stretch { max_bytes: allowed - beside - kept, ..stretch.clone() };
            let n_rows = need.n_rows(stretch.max_bytes);
            out.push(batch::run_in(rooms.take(), plan, market, &stretch, n_rows)?);
            kept += need.kept;
        }
        Ok(out)
    }

    /// What comes of points of a market that may be too many to go together: halved until they are not.
    ///
    /// # Errors
    /// When one point alone takes more than is allowed.
    pub(super) fn within<T>(
        &self,
        rows: &[usize],
        compile: impl Fn(&[usize]) -> Result<Compiled> + Copy,
        market: &Market,
        run: impl Fn(&Compiled) -> Result<Vec<T>> + Copy,
    ) -> Result<Vec<T>> {
        match (compile(rows).and_then(|plan| run(&plan)), rows) {
            (Err(Error::Memory { .. }), [_, _, ..]) => {
                let (head, tail) = rows.split_at(rows.len() / 2);
                let mut told = self.within(head, compile, market, run)?;
                told.extend(self.within(tail, compile, market, run)?);
                Ok(told)
            }
            (Err(Error::Memory { n_bytes, allowed, .. }), _) => {
                let place = format!("one point of {} over {}, on each thread", self.spec.name, market.key());
                Err(Error::Memory { place, n_bytes, allowed })
            }
            (told, _) => told,
        }
    }
}

/// The bytes of what is told of a point.
fn of_row(n_blocks: usize) -> usize {
    size_of::<Row>() + n_blocks * size_of::<Block>()
}
