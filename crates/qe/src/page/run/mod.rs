//! The run page as data: what a reader of one backtest wants to see, reduced for drawing, of a size that does not grow
//! with the bars.

mod charts;
mod days;
mod head;
mod notes;
mod spread;
mod tables;
mod trading;
mod view;
mod worth;

use qe_engine::market::Market;
use qe_engine::metrics::{self, Performance, Unit};
use qe_engine::range::PolicyRange;
use qe_engine::run::{Report, RunIdentity};
use qe_engine::{Error, Result};
use serde::Serialize;

use super::draw::{Band, Line, TimeAxis};
use super::stress::CostStress;

use days::Days;
pub use days::{Rolling, Year};
pub use notes::{Note, Tone, Verdict};
pub use spread::{Distribution, PROBABILITIES};
pub(crate) use tables::shade;
pub use trading::{Excursions, ExitRow, Marks, RefusedRow, TradeRow};
pub use worth::{Benchmark, Beside, Fall};

/// The metrics that need a benchmark: where the run was given none, the page computes them beside its own.
const BESIDE: [&str; 6] = ["alpha_annual", "beta", "down_capture", "information_ratio", "tracking_error", "up_capture"];

/// How many falls, and how many round trips at each end, are told.
const N_TOLD: usize = 5;

/// What a page shows beside its run.
#[derive(Debug, Clone, Default)]
pub struct RunPageOptions {
    /// What it is compared with: its own symbol, bought and held, if nothing is said.
    pub benchmark: Option<Benchmark>,
    /// What the run came to under every path policy.
    pub policies: Option<PolicyRange>,
    /// What it came to at other costs.
    pub stress: Option<CostStress>,
    /// Over how many days figures roll.
    pub rolling_days: Option<usize>,
    /// What somebody has made of it.
    pub verdict: Option<Verdict>,
    /// What else must be known before any figure is read, a sentence each.
    pub notes: Vec<String>,
    /// The strategy as it was run: [`spec_text`](crate::page::spec_text).
    pub spec: Option<String>,
}

/// A metric of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureRow {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The figure; `None` where it is undefined.
    pub value: Option<f64>,
    /// Whether the page computed it beside its benchmark, because the run was given none.
    pub is_beside: bool,
    #[serde(skip)]
    unit: Unit,
}

/// The price with entries and exits on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PriceChart {
    /// What it is.
    pub title: String,
    /// The round trip that it is about, if it is about one.
    pub trade: Option<TradeRow>,
    /// Its bars in time.
    pub axis: TimeAxis,
    /// Closes.
    pub close: Line,
    /// Lows and highs.
    pub band: Band,
    /// Entries and exits.
    pub marks: Marks,
}

/// What a run page shows.
#[derive(Debug, Clone, Serialize)]
pub struct RunPage {
    /// What it is a result of.
    pub identity: RunIdentity,
    /// What somebody has made of it.
    pub verdict: Option<Verdict>,
    /// What must be known before any figure is read.
    pub notes: Vec<Note>,
    /// How many bars were scored.
    pub n_bars: usize,
    /// How many days.
    pub n_days: usize,
    /// Money at the beginning.
    pub capital: f64,
    /// Worth at the end.
    pub final_equity: f64,
    /// All metrics, by name.
    pub figures: Vec<FigureRow>,
    /// What it is compared with.
    pub beside: Beside,
    /// The scored bars in time.
    pub axis: TimeAxis,
    /// What 1 became.
    pub growth: Line,
    /// What 1 became in the benchmark.
    pub benchmark: Line,
    /// How far worth was below its peak, 0 or less.
    pub underwater: Line,
    /// The deepest falls.
    pub falls: Vec<Fall>,
    /// When they were, as the open of each fall's bars, nanoseconds UTC: peak, trough, end.
    pub fall_times: Vec<[Option<i64>; 3]>,
    /// Figures of the last so many days.
    pub rolling: Rolling,
    /// Returns by month.
    pub years: Vec<Year>,
    /// Trades on the price.
    pub price: PriceChart,
    /// The best and the worst round trip on the bars around them.
    pub close_ups: Vec<PriceChart>,
    /// How far round trips went against their position.
    pub excursions: Excursions,
    /// The best round trips, and the worst.
    pub extremes: [Vec<TradeRow>; 2],
    /// How many round trips there are, an open one included.
    pub n_trades: usize,
    /// Daily returns.
    pub spread: Distribution,
    /// Why positions were left.
    pub exits: Vec<ExitRow>,
    /// Why orders were refused or made smaller.
    pub refused: Vec<RefusedRow>,
    /// What the run came to under every path policy.
    pub policies: Option<PolicyRange>,
    /// What it came to at other costs.
    pub stress: Option<CostStress>,
    /// The strategy as it was run, in TOML.
    pub spec: Option<String>,
}

impl RunPage {
    /// The page of a run over a market.
    ///
    /// # Errors
    /// When the report is not of this market, or the benchmark has other days than the run.
    pub fn of(report: &Report, market: &Market, options: &RunPageOptions) -> Result<Self> {
        let rows = report.curve.rows.clone();
        let n = rows.len();
        let fault = |reason: String, mend: &str| Error::Market {
            place: format!("the page of {} on {}", report.identity.strategy, market.key()),
            reason,
            mend: mend.into(),
        };
        if n == 0 || rows.end > market.len() || report.curve.equity.len() != n {
            let reason =
                format!("the report tells of bars {} to {}, and the market has {}", rows.start, rows.end, market.len());
            return Err(fault(reason, "give the market that was run"));
        }
        let days = Days::of(market, rows.clone());
        if days.dates.len() != report.daily.len() {
            let reason =
                format!("the report tells of {} days, and its bars lie on {}", report.daily.len(), days.dates.len());
            return Err(fault(reason, "give the market that was run"));
        }
        let benchmark = match &options.benchmark {
            Some(given) => given.clone(),
            None => Benchmark::buy_and_hold(report, market)?,
        };
        if benchmark.daily.len() != days.dates.len() || benchmark.growth.as_ref().is_some_and(|g| g.len() != n) {
            let reason = format!(
                "the benchmark {} has {} daily returns, and the run {} days",
                benchmark.name,
                benchmark.daily.len(),
                days.dates.len()
            );
            return Err(fault(reason, "give one return for each scored day, and one growth for each scored bar"));
        }
        let capital = report.ledger.capital;
        let equity = &report.curve.equity;
        let (under, falls) = worth::underwater(capital, equity, N_TOLD);
        let open = &market.columns().axis().open()[rows.clone()];
        let time = |at: Option<u32>| at.map(|at| open[at as usize]);
        let order = trading::best_first(&report.trades);
        let told = |places: &mut dyn Iterator<Item = &usize>| -> Vec<TradeRow> {
            places.take(N_TOLD).map(|i| TradeRow::of(&report.trades[*i])).collect()
        };
        // Of a few each is one of the best or one of the worst.
        let n_best = order.len().div_ceil(2);
        let extremes = [told(&mut order.iter().take(n_best)), told(&mut order.iter().rev().take(order.len() - n_best))];
        Ok(Self {
            identity: report.identity.clone(),
            verdict: options.verdict.clone(),
            notes: notes::of(report, options),
            n_bars: n,
            n_days: days.dates.len(),
            capital,
            final_equity: report.figures.equity,
            figures: figures(report, &benchmark, market),
            beside: Beside::of(&benchmark, market.days_per_year()),
            axis: TimeAxis::of(open, &days.dates, &days.begins),
            growth: worth::growth(capital, equity),
            benchmark: benchmark.line(n, &days.ends),
            underwater: Line::of(&under),
            fall_times: falls.iter().map(|f| [time(f.peak), time(Some(f.trough)), time(f.over)]).collect(),
            falls,
            rolling: Rolling::of(
                options.rolling_days,
                (&report.daily, &benchmark.daily),
                market.days_per_year(),
                (n, &days.ends),
            ),
            years: days::years(&days.dates, &report.daily),
            price: price(report, market, rows, "Trades on the price".into())?,
            close_ups: close_ups(report, market, &order)?,
            excursions: Excursions::of(&report.trades),
            extremes,
            n_trades: report.trades.len(),
            spread: Distribution::of(&report.daily, true),
            exits: trading::exits(&report.trades),
            refused: trading::refusals(&report.ledger.refused),
            policies: options.policies.clone(),
            stress: options.stress.clone(),
            spec: options.spec.clone(),
        })
    }

    /// A figure by its name; `None` where it is undefined, or no metric has this name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|f| f.name == name)?.value
    }
}

/// All metrics: those of the run, and beside the page's benchmark those that the run could not tell without one.
fn figures(report: &Report, benchmark: &Benchmark, market: &Market) -> Vec<FigureRow> {
    let beside = Performance {
        daily: &report.daily,
        benchmark: Some(&benchmark.daily),
        days_per_year: market.days_per_year(),
        steps_per_year: market.steps_per_year(),
        ..Performance::default()
    };
    let is_bare = BESIDE.iter().all(|name| report.summary.get(name).is_none());
    let row = |metric: &metrics::Metric| {
        let is_beside = is_bare && BESIDE.contains(&metric.name);
        let value = if is_beside { metric.of(&beside) } else { report.summary.get(metric.name) };
        FigureRow { name: metric.name, about: metric.about, unit: metric.unit, value, is_beside }
    };
    metrics::ALL.iter().map(row).collect()
}

/// The price of some rows, with the trades on it.
fn price(report: &Report, market: &Market, rows: std::ops::Range<usize>, title: String) -> Result<PriceChart> {
    let days = Days::of(market, rows.clone());
    let of = |name: &str| Ok::<_, Error>(market.columns().get(name)?.to_f64());
    let (low, high) = (of("low")?, of("high")?);
    Ok(PriceChart {
        title,
        trade: None,
        axis: TimeAxis::of(&market.columns().axis().open()[rows.clone()], &days.dates, &days.begins),
        close: Line::of(&market.marks()[rows.clone()]),
        band: Band::of(&low[rows.clone()], &high[rows.clone()]),
        marks: Marks::of(&report.trades, rows.start, rows.len()),
    })
}

/// The best and the worst round trip, each on the bars around it.
fn close_ups(report: &Report, market: &Market, order: &[usize]) -> Result<Vec<PriceChart>> {
    let ends = match order {
        [] => vec![],
        [only] => vec![("The only round trip", only)],
        [best, .., worst] => vec![("The best round trip", best), ("The worst round trip", worst)],
    };
    let rows = report.curve.rows.clone();
    let close_up = |(title, place): (&str, &usize)| {
        let trade = &report.trades[*place];
        let around = worth::around(trade.entry_row, trade.exit_row, rows.end);
        let chart = price(report, market, around.start.max(rows.start)..around.end, title.to_owned())?;
        Ok(PriceChart { trade: Some(TradeRow::of(trade)), ..chart })
    };
    ends.into_iter().map(close_up).collect()
}
