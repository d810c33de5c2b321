//! A run beside its market, bar by bar: signal, position, returns, costs, worth.
//!
//! What a reader wants to look at, and what is asked for by name only: no sweep makes it. Returns are from close to close;
//! `gross_return` is what the position would have made without costs of that bar, so `gross_return - cost` is `net_return`.

use qe_core::columns::{Axis, Columns};

use crate::error::Result;
use crate::market::Market;
use crate::program::{Program, Source, StrategyPlan};
use crate::run::Report;

/// The names of the columns, in order.
pub const NAMES: [&str; 9] =
    ["signal", "units", "position", "asset_return", "gross_return", "cost", "net_return", "equity", "drawdown"];

/// What the entries say in each row: 1 long, -1 short, 0 neither or both; of a strategy that holds a weight, the weight that it
/// asks for, 0 where that is missing.
pub(crate) fn signal(plan: &StrategyPlan, program: &Program, market: &Market) -> Result<Vec<f64>> {
    let mut signal = vec![0.0; market.len()];
    let of_market = plan.compiled.plan();
    let values = of_market.eval(&market.table(plan, market.len(), usize::MAX)?)?;
    match program.weight {
        Some(Source::Output(output)) => {
            let weights = values.number(output).unwrap_or_default();
            signal.iter_mut().zip(weights).filter(|(_, w)| !w.is_nan()).for_each(|(s, w)| *s = *w);
        }
        Some(Source::Number(weight)) if !weight.is_nan() => signal.fill(weight),
        _ => {}
    }
    for (source, side) in program.entry.iter().zip([1.0, -1.0]) {
        match source {
            Some(Source::Output(output)) => {
                if let Some(mask) = values.condition(*output) {
                    mask.trues().for_each(|row| signal[row] += side);
                }
            }
            Some(Source::Number(1.0)) => signal.iter_mut().for_each(|s| *s += side),
            _ => {}
        }
    }
    Ok(signal)
}

impl Report {
    /// What each scored row cost: in the price, as fees, for holding; in money.
    pub(crate) fn cost_by_row(&self) -> Vec<f64> {
        let first = self.curve.rows.start;
        let mut cost = vec![0.0; self.curve.rows.len()];
        let f = &self.ledger.fills;
        for i in 0..f.len() {
            let exposure = f.units[i].abs() * self.ledger.multiplier_of(i);
            let paid = (f.price[i] - f.raw[i]).abs() * exposure + f.fee[i];
            if let Some(cost) = cost.get_mut(f.row[i] as usize - first) {
                *cost += paid;
            }
        }
        for carry in &self.ledger.carries {
            if let Some(cost) = cost.get_mut(carry.row as usize - first) {
                *cost += carry.money;
            }
        }
        cost
    }

    /// The run bar by bar, over the rows that were scored, under [`NAMES`].
    ///
    /// # Errors
    /// When it is not a report of this market.
    pub fn aligned(&self, market: &Market) -> Result<Columns> {
        let rows = self.curve.rows.clone();
        let axis = market.columns().axis().slice(rows.clone());
        let axis = Axis::new(axis.shared_open().clone(), axis.shared_available().clone())?;
        let marks = market.marks();
        let n = rows.len();
        let cost = self.cost_by_row();
        let mut out: [Vec<f64>; 9] = std::array::from_fn(|_| Vec::with_capacity(n));
        let multiplier = self.ledger.multiplier_of(0);
        let (mut before, mut peak) = (self.ledger.capital, self.ledger.capital);
        for (i, row) in rows.enumerate() {
            let (equity, units) = (self.curve.equity[i], self.curve.units[i]);
            peak = peak.max(equity);
            let over = |x: f64| if before > 0.0 { x / before } else { 0.0 };
            let net = over(equity - before);
            let asset = if row == 0 { 0.0 } else { marks[row] / marks[row - 1] - 1.0 };
            let cost = over(cost[i]);
            let position = if equity > 0.0 { units * multiplier * marks[row] / equity } else { 0.0 };
            let signal = self.signal.get(row).copied().unwrap_or(0.0);
            let values = [signal, units, position, asset, net + cost, cost, net, equity, (peak - equity) / peak];
            out.iter_mut().zip(values).for_each(|(column, v)| column.push(v));
            before = equity;
        }
        let mut columns = Columns::new(axis);
        for (name, values) in NAMES.into_iter().zip(out) {
            columns.push(name, values)?;
        }
        Ok(columns)
    }
}
