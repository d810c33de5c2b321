//! What each sleeve won, and what came of it by strategy, by symbol and by day.
//!
//! Of a sleeve it is what its fills and payments brought, and what its position is worth at the last mark. It is computed from
//! the ledger, not from purses; that the parts sum to what the account won is a check of both.

use qe_core::time::Date;
use serde::Serialize;

use super::run::Sleeve;
use crate::broker::BrokerReport;
use crate::market::Market;

/// What a part of a portfolio came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Part {
    /// What it won: fills, payments, and what is held at the last mark.
    pub pnl: f64,
    /// Spread, slippage and fees.
    pub costs: f64,
    /// What holding cost; below 0 where it brought something.
    pub carry: f64,
    /// The value that was traded.
    pub traded: f64,
    /// Fills.
    pub n_fills: u64,
    /// Round trips that are over.
    pub n_trades: u64,
}

/// What each part won.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribution {
    /// Each sleeve, in their order.
    pub sleeves: Vec<Part>,
    /// Each strategy of the portfolio, by the places of its `sleeves`, over its symbols.
    pub groups: Vec<Part>,
    /// Each symbol over all strategies, in the order in which they first come.
    pub symbols: Vec<(String, Part)>,
    /// All of it.
    pub whole: Part,
    /// What the account won, less the sum of the parts: rounding.
    pub residual: f64,
    /// The days on which some sleeve had a bar, ascending.
    pub days: Vec<Date>,
    /// What each sleeve won on each day, day by day: row `d` begins at `d * n_sleeves`.
    pub daily: Vec<f64>,
}

impl Attribution {
    pub(super) fn new(report: &BrokerReport, sleeves: &[Sleeve], markets: &[Market]) -> Self {
        let n = sleeves.len();
        let mut days: Vec<Date> = markets.iter().flat_map(|m| m.dates().iter().copied()).collect();
        days.sort_unstable();
        days.dedup();
        let mut parts = vec![Part::default(); n];
        // Money that each sleeve took in or paid, with the row in which it did, in the order in which it did.
        let mut flows: Vec<Vec<(u32, f64, f64)>> = vec![Vec::new(); n];
        let f = &report.ledger.fills;
        for i in 0..f.len() {
            let m = f.line[i] as usize;
            let multiplier = markets[m].multiplier();
            let exposure = f.units[i] * multiplier;
            flows[m].push((f.row[i], -(exposure * f.price[i] + f.fee[i]), f.held[i] * multiplier));
            let part = &mut parts[m];
            part.costs += (f.price[i] - f.raw[i]).abs() * exposure.abs() + f.fee[i];
            part.traded += exposure.abs() * f.raw[i];
            part.n_fills += 1;
            part.n_trades += u64::from(f.held[i] == 0.0);
        }
        let mut paid: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n];
        for carry in &report.ledger.carries {
            let m = carry.line as usize;
            paid[m].push((carry.row, carry.money));
            parts[m].carry += carry.money;
        }
        let mut daily = vec![0.0; days.len() * n];
        for (m, market) in markets.iter().enumerate() {
            let (mut fill, mut carry, mut won, mut exposure, mut before) = (0, 0, 0.0, 0.0, 0.0);
            let known = market.columns().axis().available();
            // After ruin nothing is won or lost any more.
            let n_rows = report.ruin.map_or(market.len(), |ruin| known.partition_point(|t| *t <= ruin.time));
            for (d, end) in market.day_end().iter().enumerate() {
                let row = (*end as usize).min(n_rows.saturating_sub(1));
                while fill < flows[m].len() && flows[m][fill].0 <= *end {
                    won += flows[m][fill].1;
                    exposure = flows[m][fill].2;
                    fill += 1;
                }
                while carry < paid[m].len() && paid[m][carry].0 <= *end {
                    won -= paid[m][carry].1;
                    carry += 1;
                }
                let now = match exposure {
                    0.0 => won,
                    exposure => won + exposure * market.marks()[row],
                };
                if let Ok(day) = days.binary_search(&market.dates()[d]) {
                    daily[day * n + m] = now - before;
                }
                before = now;
            }
            parts[m].pnl = before;
        }
        let sum = |of: &dyn Fn(usize) -> bool| {
            let mut all = Part::default();
            parts.iter().enumerate().filter(|(m, _)| of(*m)).for_each(|(_, part)| all.add(part));
            all
        };
        let n_groups = sleeves.iter().map(|s| s.group + 1).max().unwrap_or(0);
        let groups = (0..n_groups).map(|g| sum(&|m| sleeves[m].group == g)).collect();
        let mut symbols: Vec<(String, Part)> = Vec::new();
        for sleeve in sleeves {
            if !symbols.iter().any(|(name, _)| **name == *sleeve.symbol) {
                symbols.push((sleeve.symbol.to_string(), sum(&|m| sleeves[m].symbol == sleeve.symbol)));
            }
        }
        let whole = sum(&|_| true);
        let end = report.worth.last().copied().unwrap_or(report.spec.capital);
        // What is owed beyond ruin is lost too, but not by the account.
        let owed = report.ruin.map_or(0.0, |ruin| ruin.owed);
        let residual = end - owed - report.spec.capital - whole.pnl;
        Self { sleeves: parts, groups, symbols, whole, residual, days, daily }
    }

    /// What each sleeve won on a day, by its place among [`Attribution::days`].
    pub fn day(&self, day: usize) -> &[f64] {
        let n = self.sleeves.len();
        self.daily.get(day * n..(day + 1) * n).unwrap_or(&[])
    }
}

impl Part {
    fn add(&mut self, other: &Self) {
        self.pnl += other.pnl;
        self.costs += other.costs;
        self.carry += other.carry;
        self.traded += other.traded;
        self.n_fills += other.n_fills;
        self.n_trades += other.n_trades;
    }
}
