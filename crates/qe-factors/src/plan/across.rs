//! A plan for one symbol among many: what works across symbols comes to it as columns.
//!
//! [`Plan::for_one_symbol`] takes a plan apart. What works across symbols becomes a plan of its own, over the panel of all of
//! them; what is made of its outputs, and all that reads one symbol, stays, and finds those outputs as columns. So a
//! strategy over one market may rank it among others: the panel's plan runs once for all markets
//! ([`Plan::eval_panel`], or instant by instant [`Plan::panel_stepper`]), and each market reads its own row.

use std::sync::Arc;

use qe_core::columns::{Columns, Shared};

use super::graph::{Id, NONE, Op};
use super::other::Whose;
use super::{Other, Plan, Stepper};
use crate::error::Result;

impl Plan {
    /// The same outputs, for one symbol among many. What works across symbols is [`Plan::across`] of it, and comes to it by
    /// [`Plan::with_across`] or [`Stepper::tell_across`]. A plan that does not work across symbols stays as it is.
    ///
    /// # Errors
    /// None that is known of.
    pub fn for_one_symbol(self) -> Result<Self> {
        if !self.is_across() {
            return Ok(self);
        }
        let is_cross = |i: usize| matches!(self.graph.nodes[i].op, Op::Cross(_));
        // Those that an output reads, directly or by way of what is of one symbol.
        let mut is_read = vec![false; self.graph.len()];
        self.ids.iter().for_each(|id| is_read[id.idx()] = true);
        for i in (0..is_read.len()).rev().filter(|i| !is_cross(*i)) {
            if is_read[i] {
                self.graph.children(Id(i as u32)).iter().for_each(|c| is_read[c.idx()] = true);
            }
        }
        let crosses: Vec<Id> =
            (0..is_read.len()).filter(|i| is_read[*i] && is_cross(*i)).map(|i| Id(i as u32)).collect();
        let own: Arc<[Arc<str>]> = self.columns[..self.n_own].into();
        let name = |id: &Id| Arc::from(format!("%{} across all symbols", id.idx()));
        let named: Vec<(Arc<str>, Id)> = crosses.iter().map(|id| (name(id), *id)).collect();
        let plan = Self::with_others(self.graph.clone(), own.clone(), self.others.to_vec(), named)?;
        let (mut graph, mut others) = (self.graph, self.others.to_vec());
        let columns: Vec<u32> = (self.columns.len() as u32..).take(crosses.len()).collect();
        for (id, column) in crosses.iter().zip(&columns) {
            let node = &mut graph.nodes[id.idx()];
            (node.op, node.args) = (Op::Column(*column), [NONE; 3]);
        }
        others.push(Other { whose: Whose::All, plan, columns });
        let ahead: Vec<u32> = self.outputs.iter().map(|o| o.ahead).collect();
        let outputs = self.outputs.into_iter().map(|o| o.name).zip(self.ids);
        Ok(Self::with_others(graph, own, others, outputs)?.with_ahead(&ahead))
    }

    /// What it reads across symbols: a plan over the panel of all of them. `None` if it reads nothing of that.
    pub fn across(&self) -> Option<&Self> {
        self.of_all().map(|o| &o.plan)
    }

    /// The names of the columns that the outputs of [`Plan::across`] come to, in order.
    pub fn columns_across(&self) -> impl Iterator<Item = &str> {
        self.of_all().into_iter().flat_map(|o| &o.columns).map(|c| &*self.columns[*c as usize])
    }

    /// The table with what the plan reads across symbols as further columns: for each output of [`Plan::across`], in order,
    /// the symbol's own value in each row.
    ///
    /// # Errors
    /// When a column has another length than the table.
    pub fn with_across(&self, table: &Columns, values: impl IntoIterator<Item = Shared<f64>>) -> Result<Columns> {
        let mut out = table.clone();
        for (name, values) in self.columns_across().zip(values) {
            out.push(name, values)?;
        }
        Ok(out)
    }

    pub(super) fn of_all(&self) -> Option<&Other> {
        self.others.last().filter(|o| o.whose == Whose::All)
    }
}

impl Stepper<'_> {
    /// Takes what the next row reads across symbols: the symbol's own values of [`Plan::across`]'s outputs, in order. They
    /// are of that row alone: what is not told for a row is missing there. `None`, and nothing is taken, if there are
    /// fewer than are read.
    pub fn tell_across(&mut self, values: &[f64]) -> Option<()> {
        let columns = self.plan.of_all().map_or(&[][..], |o| &o.columns);
        let values = values.get(..columns.len())?;
        self.others.hold(columns.iter().map(|c| *c as usize - self.plan.n_own).zip(values.iter().copied()));
        Some(())
    }

    /// What was told across symbols was of one row.
    #[inline]
    pub(super) fn forget_across(&mut self) {
        if let Some(other) = self.plan.of_all() {
            let columns = other.columns.iter().map(|c| *c as usize - self.plan.n_own);
            self.others.hold(columns.zip(std::iter::repeat(f64::NAN)));
        }
    }
}
