//! One case of the broker, of portfolios or of live trading as a process of its own: prints one line of JSON. The scripts
//! under `benches/peers` run these beside the peers.
//!
//! Bars come as a file of raw numbers, as those of `engine_case`. Before anything is timed, the breakout's fills are compared
//! with the batch kernel's, to the bit, and the accounts of many markets with what their fills come to.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::hint::black_box;
use std::time::Instant;

use benches::breakout::{Breakout, minutes, text, with_levels};
use benches::case::{peak_bytes, save, timed};
use benches::counting::{Counting, allocations};
use benches::universe::{Monthly, farthest, markets};
use qe_core::calendar::Calendar;
use qe_core::timeframe::Timeframe;
use qe_data::events::Events;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::broker::{OrderId, OrderKind, Processing, Spec, run};
use qe_engine::costs::CostModel;
use qe_engine::live::{Account, Act, Bar, Feed, Fill, Live, Phase};
use qe_engine::market::Market;
use qe_engine::portfolio::{self, PortfolioOptions, PortfolioSpec};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "broker_case w2 BARS RUNS closes|resting [OUT]
broker_case live-w2 BARS RUNS closes|resting [OUT]
broker_case rebalance RUNS [SYMBOLS DAYS]
broker_case portfolio RUNS [SYMBOLS DAYS]";

const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        ["w2", bars, runs, kind @ ("closes" | "resting"), out @ ..] => {
            w2(bars, runs.parse()?, *kind == "resting", out.first().copied())?
        }
        ["live-w2", bars, runs, kind @ ("closes" | "resting"), out @ ..] => {
            live_w2(bars, runs.parse()?, *kind == "resting", out.first().copied())?
        }
        ["rebalance", runs] => rebalance(runs.parse()?, 500, 2520)?,
        ["rebalance", runs, symbols, days] => rebalance(runs.parse()?, symbols.parse()?, days.parse()?)?,
        ["portfolio", runs] => portfolio(runs.parse()?, 500, 2520)?,
        ["portfolio", runs, symbols, days] => portfolio(runs.parse()?, symbols.parse()?, days.parse()?)?,
        _ => return Err(USAGE.into()),
    };
    println!("{{\"case\":\"{}\",{said},\"peak_bytes\":{}}}", words[0], peak_bytes());
    Ok(())
}

/// Row and price of each fill of the batch kernel.
fn batch(market: &Market, is_resting: bool) -> Outcome<Vec<(u32, f64)>> {
    let plan = StrategySpec::from_toml(&text(is_resting))?.compile(&market.schema(), market.steps_per_year(), None)?;
    let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 256 << 20 };
    let (_, ledger) = run_with_ledger(&plan, 0, market, &stretch)?;
    Ok(ledger.fills.row.iter().copied().zip(ledger.fills.raw.iter().copied()).collect())
}

/// A fault where fills are not the batch kernel's to the bit.
fn compare(ours: &[(u32, f64)], batch: &[(u32, f64)]) -> Outcome<()> {
    let bits = |fill: &(u32, f64)| (fill.0, fill.1.to_bits());
    let same = ours.iter().zip(batch).take_while(|(a, b)| bits(a) == bits(b)).count();
    if same < ours.len() || same < batch.len() {
        let (a, b) = (ours.get(same), batch.get(same));
        return Err(format!("fill {same} of {}: {a:?}, and {b:?} of {} of the batch", ours.len(), batch.len()).into());
    }
    Ok(())
}

/// Writes the closed round trips, and says how many they are and what they won.
fn tell(fills: &[(u32, f64)], out: Option<&str>) -> Outcome<String> {
    let (trades, _) = fills.as_chunks::<2>();
    let rows: Vec<f64> = trades.as_flattened().iter().flat_map(|(row, raw)| [f64::from(*row), *raw]).collect();
    save(out, &rows)?;
    let pnl: f64 = trades.iter().map(|[(_, entry), (_, exit)]| exit * 0.9997 - entry * 1.0003).sum();
    Ok(format!("\"trades\":{},\"total_pnl\":{pnl:?}", trades.len()))
}

/// The breakout at the broker. `seconds` are of all of it, from bars to fills; `broker_seconds` of the broker alone.
fn w2(bars: &str, runs: usize, is_resting: bool, out: Option<&str>) -> Outcome<String> {
    let bars = minutes(bars)?;
    let calendar = Calendar::crypto();
    let costs = CostModel { spread_frac: 0.0006, ..CostModel::default() };
    let spec = Spec { capital: 1e6, leverage: 1e9, costs, ..Spec::default() };
    let mut alone = Vec::new();
    let mut go = || -> Outcome<_> {
        let markets = [Market::new(&with_levels(&bars)?, &calendar)?];
        let column = |name: &str| markets[0].columns().index_of(name).ok_or("a column is missing");
        let mut strategy = Breakout::new(column("highest")?, column("level")?, is_resting);
        let start = Instant::now();
        let report = run(&spec, &markets, &Events::default(), &mut strategy)?;
        alone.push(format!("{:.6}", start.elapsed().as_secs_f64()));
        Ok(report)
    };
    let fills_of = |f: &qe_engine::ledger::Fills| f.row.iter().copied().zip(f.raw.iter().copied()).collect::<Vec<_>>();
    let ours = fills_of(&go()?.ledger.fills);
    compare(&ours, &batch(&Market::new(&bars, &calendar)?, is_resting)?)?;
    let (seconds, _) = timed(runs, &mut go)?;
    let said = tell(&ours, out)?;
    // The first two did not count.
    Ok(format!("{seconds},\"broker_seconds\":[{}],{said}", alone[2..].join(",")))
}

/// What a venue does with the breakout's orders: one at the market for the next open, and a stop.
#[derive(Default)]
struct Venue {
    market: Option<(OrderId, bool)>,
    stop: Option<(OrderId, f64)>,
}

impl Venue {
    fn take(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Place(id, order) | Act::Replace(id, order) => match order.kind {
                    OrderKind::Stop { price } => self.stop = Some((*id, price)),
                    _ => self.market = Some((*id, order.reduce_only)),
                },
                Act::Cancel(id) => {
                    self.stop = self.stop.filter(|(own, _)| own != id);
                    self.market = self.market.filter(|(own, _)| own != id);
                }
            }
        }
    }
}

/// The breakout bar by bar, each bar with what is filled in it.
fn live_w2(path: &str, runs: usize, is_resting: bool, out: Option<&str>) -> Outcome<String> {
    let bars = minutes(path)?;
    let market = Market::new(&bars, &Calendar::crypto())?;
    let plan = StrategySpec::from_toml(&text(is_resting))?.compile(&market.schema(), market.steps_per_year(), None)?;
    let feed = Feed {
        symbol: "X".into(),
        is_traded: true,
        calendar: Calendar::crypto(),
        timeframe: Timeframe::M1,
        columns: COLUMNS.map(String::from).to_vec(),
    };
    let columns = COLUMNS.map(|name| market.columns().get(name).map(|c| c.to_f64()));
    let columns: Vec<_> = columns.into_iter().collect::<Result<_, _>>()?;
    let rows: Vec<[f64; 5]> = (0..market.len()).map(|row| std::array::from_fn(|i| columns[i][row])).collect();
    let axis = market.columns().axis();
    let (mut made, mut least) = (0, f64::INFINITY);
    let mut go = || -> Outcome<_> {
        let mut live = Live::new(&plan, 0, std::slice::from_ref(&feed))?;
        let (mut venue, mut fills) = (Venue::default(), Vec::with_capacity(rows.len() / 8));
        let (mut held, mut warm) = (0.0, 0);
        let start = Instant::now();
        for (row, values) in rows.iter().enumerate() {
            let (open_time, available) = (axis.open()[row], axis.available()[row]);
            let mut fill = |live: &mut Live<'_>, venue: &mut Venue, order, phase, raw: f64, now: f64| -> Outcome<()> {
                fills.push((row as u32, raw));
                let price = raw * if now > 0.0 { 1.0003 } else { 0.9997 };
                let time = if phase == Phase::Open { open_time } else { available };
                let fill = Fill { order, feed: 0, time, phase, raw, price, held: now, is_done: true };
                venue.take(live.filled(&fill)?);
                Ok(())
            };
            if let Some((order, is_exit)) = venue.market.take() {
                held = if is_exit { 0.0 } else { 1.0 };
                fill(&mut live, &mut venue, order, Phase::Open, values[0], held)?;
            }
            if held != 0.0
                && let Some((order, level)) = venue.stop.filter(|(_, level)| values[2] <= *level)
            {
                (held, venue.stop) = (0.0, None);
                let phase = if values[0] <= level { Phase::Open } else { Phase::Within };
                fill(&mut live, &mut venue, order, phase, level.min(values[0]), held)?;
            }
            let bar = Bar { feed: 0, open_time, available, values };
            venue.take(live.step(&[bar], &Account::UNKNOWN)?);
            if row == rows.len() / 4 {
                warm = allocations();
            }
        }
        least = least.min(start.elapsed().as_secs_f64());
        made = allocations() - warm;
        Ok(fills)
    };
    let ours = go()?;
    compare(&ours, &batch(&market, is_resting)?)?;
    let (seconds, _) = timed(runs, &mut go)?;
    let said = tell(&ours, out)?;
    let nanos = least * 1e9 / rows.len() as f64;
    Ok(format!("{seconds},\"nanos_per_bar\":{nanos:.2},\"allocations_after_a_quarter\":{made},{said}"))
}

/// Many markets brought to weights once a month.
fn rebalance(runs: usize, n_symbols: usize, n_days: usize) -> Outcome<String> {
    let markets = markets(n_symbols, n_days)?;
    let costs = CostModel { spread_frac: 0.0003, taker_fee_bps: 1.0, ..CostModel::default() };
    let spec = Spec { capital: 1e6, costs, processing: Processing::SellsFirst, ..Spec::default() };
    let mut go = || Ok(run(&spec, &markets, &Events::default(), &mut Monthly::default())?);
    let apart = farthest(&go()?, &markets)?;
    if apart.is_nan() || apart > 1e-9 {
        return Err(format!("worth is {apart} of the capital from what the fills come to").into());
    }
    let (seconds, report) = timed(runs, &mut go)?;
    let worth = report.worth.last().copied().unwrap_or(f64::NAN);
    Ok(format!("{seconds},\"fills\":{},\"worth\":{worth:?},\"apart\":{apart:e}", report.ledger.fills.len()))
}

/// Many sleeves of one strategy that holds, brought back to equal shares once a month: from the text to the attribution.
fn portfolio(runs: usize, n_symbols: usize, n_days: usize) -> Outcome<String> {
    const HOLD: &str = "version = 1\nname = \"hold\"\n[entry]\nlong = \"close > 0\"\n[sizing]\nfraction = \"1\"\n\
        [execution]\nleverage = 1.0\n[costs]\nspread_frac = 0.0003\ntaker_fee_bps = 1.0\n";
    let markets = markets(n_symbols, n_days)?;
    let symbols: Vec<String> = (0..n_symbols).map(|i| format!("\"S{i}\"")).collect();
    let text = format!(
        "version = 1\nname = \"even\"\ncapital = 1e6\nleverage = 1.0\n[rebalance]\nevery = \"month\"\n[[sleeves]]\n\
         strategy = \"hold\"\nweight = 0.95\nsymbols = [{}]\n",
        symbols.join(",")
    );
    let mut go = || {
        let spec = PortfolioSpec::from_toml(&text)?;
        Ok(portfolio::run(&spec, |_| StrategySpec::from_toml(HOLD), &markets, &PortfolioOptions::default())?)
    };
    let first = go()?;
    let apart = farthest(&first.broker, &first.markets)?.max((first.attribution.residual / 1e6).abs());
    if apart.is_nan() || apart > 1e-9 {
        return Err(format!("worth is {apart} of the capital from what the fills come to").into());
    }
    let (seconds, report) = timed(runs, &mut go)?;
    let (n_fills, n_rebalanced) = (report.broker.ledger.fills.len(), report.rebalanced.len());
    let worth = report.broker.worth.last().copied().unwrap_or(f64::NAN);
    black_box(&report);
    Ok(format!("{seconds},\"fills\":{n_fills},\"rebalanced\":{n_rebalanced},\"worth\":{worth:?},\"apart\":{apart:e}"))
}
