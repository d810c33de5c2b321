//! Prints what `docs/market.md` shows: the stylised facts of the default market, the planted edges, and how long each
//! simulation takes. `cargo run --release -p qe-data --no-default-features --example market_facts`
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::time::Instant;

use qe_core::bars::Bars;
use qe_core::par::{Pool, Threads};
use qe_core::timeframe::Timeframe;
use qe_data::market::{
    CrossSection, CrossSectionSpec, EdgeSpec, Facts, Market, MarketSpec, OptionsSpec, Regime, TickSpec, TickStream,
    edges, facts, options, planted_rule,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = MarketSpec::default();
    let mut market = None;
    for n in [1, 2] {
        let pool = Pool::new(Threads::N(NonZeroUsize::new(n).ok_or("no threads")?))?;
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            market = Some(Market::generate(&spec, &pool)?);
            best = best.min(start.elapsed().as_secs_f64());
        }
        let rows: usize = market.iter().flat_map(Market::minute_bars).map(Bars::len).sum();
        println!("etfs: {rows} minute bars, {n} threads: {best:.3} s");
    }
    let market = market.ok_or("no market")?;
    print_facts(&market)?;
    print_edges(&spec)?;

    let start = Instant::now();
    let ticks = TickSpec { sessions: 20, trades_per_session: 250_000.0, ..TickSpec::default() };
    let (mut trades, mut quotes) = (0, 0);
    for chunk in TickStream::new(&ticks)? {
        (trades, quotes) = (trades + chunk.trades.len(), quotes + chunk.quotes.len());
    }
    println!("\nticks: {trades} trades, {quotes} quotes: {:.3} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let chain = options::generate(&OptionsSpec::default(), &market)?;
    println!("options: {} rows: {:.3} s", chain.len(), start.elapsed().as_secs_f64());
    let start = Instant::now();
    let cross = CrossSection::generate(&CrossSectionSpec::default(), &Pool::new(Threads::All)?)?;
    let size = (cross.panel.n_symbols(), cross.panel.n_times());
    println!("cross section: {} names x {} days: {:.3} s", size.0, size.1, start.elapsed().as_secs_f64());
    Ok(())
}

fn print_facts(market: &Market) -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "\n| fund | vol | kurtosis 1m, 1h, 1d | acf r 1m | acf abs r 1d: 1, 5, 20 | leverage | U | overnight | volume \
         | corr SPY: all, calm, crisis | max drawdown |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for f in Facts::measure(market)? {
        let [k, a, c] = [f.kurtosis, f.acf_abs, f.correlation];
        println!(
            "| {} | {:.3} | {:.1}, {:.1}, {:.1} | {:.3} | {:.2}, {:.2}, {:.2} | {:.2} | {:.2} | {:.2} | {:.2} \
             | {:.2}, {:.2}, {:.2} | {:.2} |",
            f.symbol,
            f.vol_annual,
            k[0],
            k[1],
            k[2],
            f.acf_returns,
            a[0],
            a[1],
            a[2],
            f.leverage,
            f.u_shape,
            f.overnight_frac,
            f.volume_correlation,
            c[0],
            c[1],
            c[2],
            f.max_drawdown
        );
    }
    let days = market.bars(Timeframe::D1)?;
    let equity: Vec<&Bars> = days.iter().take(6).collect();
    for regime in Regime::ALL {
        let on = |i: usize| market.regimes().get(i).is_some_and(|r| r.regime == regime);
        let n = market.regimes().iter().filter(|r| r.regime == regime).count();
        println!(
            "mean correlation of the six equity funds, {regime:?} ({n} days): {:.2}",
            facts::mean_correlation(&equity, on)
        );
    }
    if let Some(c) = market.crisis() {
        println!("crisis: {} to {}", c.first, c.last);
    }
    Ok(())
}

/// The realised net Sharpe ratio of the planted rule, in expectation and calibrated exactly.
fn print_edges(spec: &MarketSpec) -> Result<(), Box<dyn std::error::Error>> {
    println!("\n| symbol | planted | std error | realised (noise: before costs) | with `exact` |");
    println!("|---|---|---|---|---|");
    let pool = Pool::new(Threads::All)?;
    let make = |exact| {
        let spec_of = EdgeSpec { exact, ..EdgeSpec::default() };
        edges::generate(spec.seed, spec.start, spec.years, &spec_of, &pool)
    };
    for (free, exact) in make(false)?.all().iter().zip(make(true)?.all()) {
        let spread = if free.target > 0.0 { edges::SPREAD } else { 0.0 };
        let (a, b) = (net_sharpe(&free.bars, spread), net_sharpe(&exact.bars, spread));
        println!("| {} | {} | {:.2} | {a:.3} | {b:.6} |", free.bars.symbol(), free.target, free.std_error);
    }
    Ok(())
}

fn net_sharpe(bars: &Bars, spread: f64) -> f64 {
    let positions = planted_rule(bars);
    let calendar = qe_core::calendar::Calendar::us_equities();
    let mut daily: Vec<f64> = Vec::new();
    let mut today = None;
    let (mut held, mut last) = (0.0, f64::NAN);
    for (t, close) in bars.close().iter().enumerate() {
        let next = if t == 0 { 0.0 } else { positions[t - 1] };
        let net = if t == 0 { 0.0 } else { next * (close / last - 1.0) - 0.5 * spread * f64::abs(next - held) };
        let date = calendar.day_of(bars.open_time()[t]);
        match daily.last_mut().filter(|_| today == Some(date)) {
            Some(d) => *d = (1.0 + *d) * (1.0 + net) - 1.0,
            None => daily.push(net),
        }
        (today, held, last) = (Some(date), next, *close);
    }
    let mean = qe_core::stats::mean(&daily).unwrap_or(f64::NAN);
    252_f64.sqrt() * mean / qe_core::stats::std(&daily, 1).unwrap_or(f64::NAN)
}
