//! Round trips of money that is all in: the commonest sweep, with nothing to decide per fill.
//!
//! A long program that puts all money into each position, without a least fee, opens and closes whole round trips within a
//! section. What [`super::walk`] does at their fills and marks is done here in one go and without a branch but for what is
//! rare: a new highest worth is looked for close by close, and a trip that could end in ruin is left to the walk. Every
//! number is made by the same operations in the same order, so the bits are the same.

use qe_core::wide::Loops;

use super::account::Account;
use super::days::{write_flat, write_held};
use super::record::{Cause, Fill, Record};
use super::simple::Simple;
use super::state::{Frame, Walk};
use super::tables::BLOCK;

/// Whole round trips: decisions to enter and to exit in turn, as rows of the section. It says how many decisions it took.
/// No position is open, and what was before is marked.
pub(super) struct Trips<'a, 'f, R, const FEES: bool, const DAYS: bool> {
    pub(super) walk: &'a mut Walk,
    pub(super) f: Frame<'f>,
    pub(super) simple: Simple,
    pub(super) edges: &'a [u32],
    /// The worth at the end of each day, and [`ROOM`](super::days::ROOM) more; empty where it is not wanted.
    pub(super) days: &'a mut [f64],
    pub(super) record: &'a mut R,
}

impl<R: Record, const FEES: bool, const DAYS: bool> Loops for Trips<'_, '_, R, FEES, DAYS> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self { walk, f, simple, edges, days, record } = self;
        let (costs, tables, rows) = (&f.plan.costs, f.view.tables, f.section.rows.clone());
        let turns = tables.turns();
        let half = costs.half_cost(1.0);
        let (into, out_of) = (1.0 + half, 1.0 - half);
        let (mut tally, mut next_day_in) = (walk.tally, walk.next_day_in);
        let (mut next_day, first_day, day_marks) = (walk.account.next_day, walk.first_day, f.view.day_marks);
        let Account { mut cash, mut heights, .. } = walk.account;
        let (mut sum, mut sum_sq) = (walk.account.sums[0][0], walk.account.sums[1][0]);
        let mut n_taken = 0;
        for trip in edges.as_chunks::<2>().0 {
            let (a, b) = (trip[0] as usize + 1, trip[1] as usize + 1);
            // The last turn is of the row after the section.
            if !(a < b && b + 1 < turns.len()) {
                break;
            }
            let (into_row, next_row, out_row) = (&turns[a], &turns[a + 1], &turns[b]);
            let (raw_in, raw_out) = (into_row.open, out_row.open);
            let (price_in, price_out) = (raw_in * into, raw_out * out_of);
            let (units, fee_in, fee_out) = if FEES {
                let units = costs.affordable(cash, price_in, false);
                (units, costs.fee(units, price_in, false), costs.fee(units, price_out, false))
            } else {
                (cash / price_in, 0.0, 0.0)
            };
            // No fee is nothing added.
            let paid = if FEES { units * price_in + fee_in } else { units * price_in };
            let got = if FEES { units * price_out - fee_out } else { units * price_out };
            let inside = cash - paid;
            let after = inside + got;
            let [low, high] = tables.looked_up(a, b);
            let (least, greatest) = (inside + units * low, -(-inside + units * high));
            let (first, last) = (inside + units * into_row.mark, inside + units * out_row.mark_before);
            let there = inside + units * raw_out;
            if !(units > 0.0 && least > 0.0 && after > 0.0) {
                break;
            }
            // Side by side, as one division of a vector.
            let of = [first, units * raw_in, units * raw_out, after];
            let by = [cash, cash, there, last];
            let [first, turned_in, turned_out, left] = std::array::from_fn(|i| of[i] / by[i]);
            let (first, left) = (first - 1.0, left - 1.0);
            tally.turnover += turned_in;
            tally.turnover += turned_out;
            tally.cost += (price_in - raw_in).abs() * units + fee_in;
            tally.cost += (price_out - raw_out).abs() * units + fee_out;
            sum += first;
            sum_sq += first * first;
            let start = rows.start;
            if (start + a + 1) / BLOCK == (start + b - 1) / BLOCK {
                let [s, s_sq] = next_row.sums_to(out_row);
                sum += s;
                sum_sq += s_sq;
            } else {
                let mut row = start + a + 1;
                while row < start + b {
                    let end = (start + b).min((row / BLOCK + 1) * BLOCK);
                    let [s, s_sq] = tables.sums(row, end);
                    sum += s;
                    sum_sq += s_sq;
                    row = end;
                }
            }
            sum += left;
            sum_sq += left * left;
            if greatest > heights.peak || after > heights.peak {
                heights = heights.looked([inside, units], start + a..start + b, f.view, after);
            } else {
                let least = if after < least { after } else { least };
                heights.trough = if least < heights.trough { least } else { heights.trough };
            }
            if DAYS {
                let (next, into, out_of) = (next_day - first_day, into_row.day - first_day, out_row.day - first_day);
                write_flat(days, next..into, cash);
                write_held(days, day_marks, into..out_of, inside, units);
                next_day = out_row.day;
            }
            next_day_in = next_day_in.max(into_row.day);
            tally.count(after - cash, b - a);
            tally.count_days(&mut next_day_in, out_row.day);
            let fill = Fill {
                row: start + a,
                units,
                raw: raw_in,
                price: price_in,
                fee: fee_in,
                cash_after: inside,
                units_after: units,
                cause: Cause::Entry,
                phase: 0,
                is_ambiguous: false,
                signal_row: start + a - 1,
                strength: f64::NAN,
            };
            record.fill(&fill);
            record.fill(&Fill {
                row: start + b,
                units: -units,
                raw: raw_out,
                price: price_out,
                fee: fee_out,
                cash_after: after,
                units_after: 0.0,
                cause: Cause::Exit(simple.reason),
                signal_row: start + b - 1,
                ..fill
            });
            cash = after;
            n_taken += 2;
        }
        if n_taken > 0 {
            let exit = edges[n_taken - 1] as usize + 1;
            // The row of the last exit is marked too.
            let day = turns[exit + 1].day;
            if DAYS {
                write_flat(days, next_day - first_day..day - first_day, cash);
            }
            let account = &mut walk.account;
            (account.cash, account.equity, account.marked) = (cash, cash, rows.start + exit + 1);
            account.heights = heights;
            (account.sums[0][0], account.sums[1][0]) = (sum, sum_sq);
            account.next_day = day;
            (walk.tally, walk.next_day_in) = (tally, next_day_in);
        }
        n_taken
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use qe_core::bars::Bars;
    use qe_core::calendar::Calendar;
    use qe_core::columns::Axis;
    use qe_core::ident::id_of;
    use qe_core::param::Param;
    use qe_core::point::PointTable;
    use qe_core::rng::Stream;
    use qe_core::timeframe::Timeframe;
    use qe_factors::expr::{Schema, compile_scoped, parse};
    use qe_factors::plan::Scope;

    use crate::batch::{Figures, Stretch, Warmup, run, run_with_ledger};
    use crate::costs::CostModel;
    use crate::fills::{FillTiming, Holding, PathPolicy};
    use crate::market::Market;
    use crate::program::{
        EntryOrder, Execution, Exit, ExitKind, Opposite, Program, Size, SizeKind, Source, StrategyPlan,
    };

    fn market(n: usize) -> Market {
        let mut stream = Stream::new(3, "round trips", 0);
        let mut close = 100.0;
        let mut columns: [Vec<f64>; 5] = Default::default();
        for row in 0..n {
            let open = close * (1.0 + 0.001 * stream.normal());
            // It rises for a while, so that there are new highest worths, and falls.
            close = open * (1.0 + if row % 2000 < 1200 { 0.0004 } else { -0.0006 } + 0.002 * stream.normal());
            let bar = [open, open.max(close) * 1.001, open.min(close) * 0.999, close, 1.0];
            columns.iter_mut().zip(bar).for_each(|(column, x)| column.push(x));
        }
        let open: Vec<i64> = (0..n as i64).map(|i| i * 3_600_000_000_000).collect();
        let available: Vec<i64> = open.iter().map(|t| t + 3_600_000_000_000).collect();
        let bars = Bars::new("X", Timeframe::H1, Axis::new(open, available).unwrap(), columns).unwrap();
        Market::new(&bars, &Calendar::crypto()).unwrap()
    }

    fn plan(exit: &str, size: f64, costs: CostModel) -> StrategyPlan {
        let points = PointTable::grid(vec![Param::int("fast", 1, 6, 1), Param::int("slow", 7, 12, 7)], 100).unwrap();
        let (entry, exit) = (parse("sma(close, $fast) > sma(close, $slow)").unwrap(), parse(exit).unwrap());
        let schema = Schema::new(["open", "high", "low", "close", "volume"]);
        let both = [("entry", &entry, Scope::SERIES), ("exit", &exit, Scope::EXIT)];
        let compiled = compile_scoped(&both, &schema, Some(&points)).unwrap();
        let program = |point: usize| {
            let [entry, exit] = [0, 1].map(|i| Source::Output(compiled.output(i, point).unwrap()));
            Ok(Arc::new(Program {
                entry: [Some(entry), None],
                gates: vec![],
                order: EntryOrder::Market,
                exits: [vec![Exit { kind: ExitKind::When, source: exit, reason: 0 }], vec![]],
                size: Size {
                    kind: SizeKind::Fraction,
                    source: Source::Number(size),
                    scale: None,
                    limit_frac: f64::INFINITY,
                    lot: 0.0,
                    min_units: 0.0,
                },
                opposite: Opposite::Ignore,
                cooldown_bars: 0,
                cooldown_sessions: 0,
                strength: None,
                weight: None,
                lookback: 0,
            }))
        };
        let programs = (0..points.len()).map(program).collect();
        let execution = Execution {
            capital: 10_000.0,
            leverage: 1.0,
            fill: FillTiming::NEXT_OPEN,
            holding: Holding::Units,
            path: PathPolicy::Pessimistic,
            flat_at_session_end: false,
            no_entry_last_bars: 0,
            blackout_sessions: 0,
        };
        let id = id_of("test", &1).unwrap();
        StrategyPlan {
            name: "crossings".into(),
            spec_id: id,
            skeleton_id: id,
            points,
            compiled,
            programs,
            reasons: vec!["crossed".into()],
            execution,
            costs,
            spread_multiplier: None,
            held: Default::default(),
            blackout_events: vec![],
        }
    }

    /// Alone, a point has no tables of extremes, so that each of its fills is made by the walk; where days are wanted too.
    #[test]
    fn many_points_have_the_bits_of_each_alone() {
        let market = market(9000);
        let fees = CostModel { spread_frac: 0.0004, taker_fee_bps: 2.0, fee_per_unit: 0.001, ..CostModel::default() };
        let (failure, other) = ("sma(close, $fast) <= sma(close, $slow)", "close < sma(close, $slow)");
        for (exit, size, costs) in [
            (failure, 1.0, CostModel { spread_frac: 0.0002, ..CostModel::default() }),
            (failure, 1.0, CostModel::default()),
            (other, 1.0, fees.clone()),
            (other, 0.5, fees),
        ] {
            let plan = plan(exit, size, costs);
            // Some of the shorter sections end with a day.
            for (rows, max_bytes) in [(0..9000, 1 << 30), (5..8999, 1 << 30), (0..9000, 1)] {
                let stretch = Stretch { rows, warmup: Warmup::Idle, daily: false, max_bytes };
                let all = run(&plan, &market, &stretch).unwrap();
                let by_day = Stretch { daily: true, ..stretch.clone() };
                let daily = run(&plan, &market, &by_day).unwrap();
                for point in 0..all.len() {
                    let (alone, ledger) = run_with_ledger(&plan, point, &market, &stretch).unwrap();
                    assert_eq!(all[point].as_ref(), Ok(&alone), "point {point}");
                    assert!(alone.n_trades() > 100 && ledger.fills.len() as u64 >= 2 * alone.n_trades());
                    let (by_day, _) = run_with_ledger(&plan, point, &market, &by_day).unwrap();
                    assert_eq!(daily[point].as_ref(), Ok(&by_day), "point {point}, with days");
                    assert_eq!((by_day.days.len(), by_day.days.last()), (375, Some(&by_day.equity)));
                    assert_eq!(Figures { days: vec![], ..by_day }, alone, "point {point}, without days");
                }
            }
        }
    }
}
