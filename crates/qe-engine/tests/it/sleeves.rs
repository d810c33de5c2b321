//! Sleeves in trouble: ruined, late, out of money; and random strategies alone in a portfolio.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::ledger::{Cause, Refusal};
use qe_engine::market::Market;
use qe_engine::portfolio::{PortfolioOptions, PortfolioReport, PortfolioSpec, run};
use qe_engine::run::{RunOptions, run as run_one};
use qe_engine::{Result, StrategySpec};

use crate::random::{market, one};

const DAY: i64 = 86_400_000_000_000;

/// Days from so many after the first of January 2024 on: each opens at the last close.
fn days(symbol: &str, after: usize, closes: &[f64]) -> Market {
    days_of(symbol, after, closes, &vec![1e6; closes.len()])
}

/// The same, of so much volume each.
fn days_of(symbol: &str, after: usize, closes: &[f64], volume: &[f64]) -> Market {
    let first = i64::from(Date::new(2024, 1, 1).unwrap().days()) + after as i64;
    let open: Vec<i64> = (0..closes.len() as i64).map(|i| (first + i) * DAY).collect();
    let known: Vec<i64> = open.iter().map(|t| t + DAY).collect();
    let opens: Vec<f64> = (0..closes.len()).map(|i| closes[i.saturating_sub(1)]).collect();
    let high: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.max(*c)).collect();
    let low: Vec<f64> = opens.iter().zip(closes).map(|(o, c)| o.min(*c)).collect();
    let prices = [opens, high, low, closes.to_vec(), volume.to_vec()];
    let bars = Bars::new(symbol, Timeframe::D1, Axis::new(open, known).unwrap(), prices).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

/// A portfolio of strategies that are given as text, by their places.
fn go(text: &str, strategies: &[&str], markets: &[Market]) -> Result<PortfolioReport> {
    let spec = PortfolioSpec::from_toml(&format!("version = 1\nname = \"test\"\n{text}"))?;
    let give = |name: &str| StrategySpec::from_toml(strategies[name.parse::<usize>().unwrap()]);
    run(&spec, give, markets, &PortfolioOptions::default())
}

fn sleeve(strategy: usize, symbol: &str, weight: f64) -> String {
    format!("[[sleeves]]\nstrategy = \"{strategy}\"\nsymbols = [\"{symbol}\"]\nweight = {weight:?}\n")
}

fn strategy(body: &str) -> String {
    format!("version = 1\nname = \"s\"\n{body}")
}

/// The worth of each sleeve at the end of each day, from its fills and the money that it was given.
fn worth_of(report: &PortfolioReport, sleeve: usize) -> Vec<f64> {
    let given = report.broker.spec.purses[sleeve];
    let mut won = given;
    (0..report.attribution.days.len())
        .map(|day| {
            won += report.attribution.day(day)[sleeve];
            won
        })
        .collect()
}

#[test]
fn a_sleeve_that_lost_all_opens_nothing_with_the_money_of_others() {
    // Ten sold short at 100 with 500 of its own: at 160 it has lost 600. It covers, and would sell ten more.
    let short = strategy(
        "[entry]\nshort = \"close > 0\"\n[[exits]]\nwhen = \"close > 155\"\n[sizing]\nunits = \"10\"\n\
         limit_frac = \"inf\"\n[execution]\nleverage = 5.0\n[costs]\n",
    );
    let hold = strategy("[entry]\nlong = \"close > 0\"\n[sizing]\nfraction = \"0.5\"\n[costs]\n");
    let closes = [100.0, 100.0, 100.0, 160.0, 160.0, 120.0, 120.0, 110.0, 110.0, 100.0];
    let markets = [days("A", 0, &closes), days("B", 0, &[50.0; 10])];
    let text = format!(
        "capital = 10000.0\nleverage = 5.0\nrebalance = {{ every = {{ sessions = 1 }} }}\n{}{}",
        sleeve(0, "A", 0.05),
        sleeve(1, "B", 0.9)
    );
    let never = text.replace("{ sessions = 1 }", "\"never\"");
    for text in [text, never] {
        let report = go(&text, &[&short, &hold], &markets).unwrap();
        let f = &report.broker.ledger.fills;
        let of_short: Vec<f64> = (0..f.len()).filter(|i| f.line[*i] == 0).map(|i| f.held[i]).collect();
        assert!(of_short.len() >= 2 && of_short[0] < 0.0, "{of_short:?}");
        let end = of_short.iter().position(|held| *held == 0.0).unwrap();
        assert_eq!(of_short.len(), end + 1, "it was ruined and traded on: {of_short:?}");
        assert!(worth_of(&report, 0).last().unwrap() < &0.0);
        let moved_after: Vec<_> = report.broker.moves.iter().filter(|m| m.market == 0 && m.money > 0.0).collect();
        assert!(moved_after.iter().all(|m| m.time < report.broker.times[3]), "{moved_after:?}");
        assert!(report.attribution.residual.abs() < 1e-7);
    }
}

#[test]
fn a_sleeve_that_begins_later_has_its_money_until_then() {
    let hold = strategy("[entry]\nlong = \"close > 0\"\n[sizing]\nfraction = \"1\"\nlimit_frac = \"inf\"\n[costs]\n");
    let markets = [days("A", 0, &[100.0; 60]), days("B", 40, &[50.0; 20])];
    let text = format!("capital = 1000.0\n{}{}", sleeve(0, "A", 0.5), sleeve(0, "B", 0.5));
    let report = go(&text, &[&hold], &markets).unwrap();
    let f = &report.broker.ledger.fills;
    assert_eq!((f.line.as_slice(), f.units.as_slice()), ([0, 1].as_slice(), [5.0, 10.0].as_slice()));
    assert_eq!(f.row, [1, 1]);
    assert!(report.broker.worth.iter().all(|w| *w == 1000.0));
    assert_eq!(report.attribution.days.len(), 60);
}

#[test]
fn drawdown_is_one_line_where_money_is_moved() {
    // Five at 100 with 500: 600 at best, 450 when it is left, a quarter below. Five less ten quarters are bought then; also
    // where what it won was taken from it each day, and given back as it lost.
    let careful = strategy(
        "[entry]\nlong = \"close > 0\"\n[[exits]]\nwhen = \"close < 91\"\n\
         [sizing]\nunits = \"5 - 10 * drawdown\"\nlimit_frac = \"inf\"\n[costs]\n",
    );
    let hold = strategy("[entry]\nlong = \"close > 0\"\n[sizing]\nfraction = \"0.5\"\n[costs]\n");
    let closes = [100.0, 100.0, 120.0, 110.0, 100.0, 90.0, 90.0, 95.0, 95.0];
    let markets = [days("A", 0, &closes), days("B", 0, &[50.0; 9])];
    for every in ["\"never\"", "{ sessions = 1 }"] {
        let text = format!(
            "capital = 1000.0\nrebalance = {{ every = {every} }}\n{}{}",
            sleeve(0, "A", 0.5),
            sleeve(1, "B", 0.5)
        );
        let report = go(&text, &[&careful, &hold], &markets).unwrap();
        assert_eq!(report.broker.moves.is_empty(), every == "\"never\"");
        let f = &report.broker.ledger.fills;
        let entries = (0..f.len()).filter(|i| f.line[*i] == 0 && f.cause[*i] == Cause::Entry);
        let entries: Vec<(u32, f64)> = entries.map(|i| (f.row[i], f.units[i])).collect();
        assert_eq!(entries.len(), 2, "{every}: {entries:?}");
        assert_eq!((entries[0], entries[1].0), ((1, 5.0), 7), "{every}");
        assert!((entries[1].1 - 2.5).abs() < 1e-9, "{every}: {entries:?}");
    }
}

#[test]
fn sales_of_weights_come_before_purchases_whatever_the_order_of_sleeves() {
    // Each has half of 1,000, and the gross limit is 500. The seller cuts all of its own to 0.6 as the buyer takes 0.4 of
    // its: 300 and 200. Three fifths of the whole account would be more than it holds, and would look like a purchase.
    let seller = strategy(
        "[sizing]\ntarget_weight = { weight = \"if(volume > 5e6, 0.6, 1)\" }\nlimit_frac = \"inf\"\n[costs]\n",
    );
    let buyer = strategy(
        "[sizing]\ntarget_weight = { weight = \"if(volume > 5e6, 0.4, 0)\" }\nlimit_frac = \"inf\"\n[costs]\n",
    );
    let volume: Vec<f64> = (0..10).map(|row| if row < 5 { 1e6 } else { 1e7 }).collect();
    let markets = ["A", "B"].map(|symbol| days_of(symbol, 0, &[100.0; 10], &volume));
    for order in [[0, 1], [1, 0]] {
        let sleeves: String = order.map(|i| sleeve(i, ["A", "B"][i], 0.5)).concat();
        let text = format!("capital = 1000.0\nlimits = {{ gross_frac = 0.5 }}\n{sleeves}");
        let report = go(&text, &[&seller, &buyer], &markets).unwrap();
        let f = &report.broker.ledger.fills;
        let symbol = |i: usize| &*report.sleeves[f.line[i] as usize].symbol;
        let fills: Vec<(u32, &str, f64)> = (0..f.len()).map(|i| (f.row[i], symbol(i), f.units[i])).collect();
        assert_eq!(fills, [(1, "A", 5.0), (6, "A", -2.0), (6, "B", 2.0)], "{order:?}");
        assert!(report.broker.events.is_empty(), "{order:?}: {:?}", report.broker.events);
    }
}

#[test]
fn a_sleeve_that_is_on_its_way_out_is_not_cut_and_that_is_told() {
    // Of A 1,204 of 1,804 are held at the look, which is more than a half; it leaves with the next open.
    let leave = strategy(
        "[entry]\nlong = \"close == 100\"\n[[exits]]\nwhen = \"close == 301\"\n[sizing]\nfraction = \"1\"\n[costs]\n",
    );
    let hold = strategy("[entry]\nlong = \"close > 0\"\n[sizing]\nfraction = \"1\"\n[costs]\n");
    let a: Vec<f64> =
        (0..40).map(|row| [100.0, 300.0, 301.0][usize::from(row >= 10) + usize::from(row >= 31)]).collect();
    let markets = [days("A", 0, &a), days("B", 0, &[50.0; 40])];
    let text = format!(
        "capital = 1000.0\nrebalance = {{ every = \"month\", drift_band = 0.9 }}\n\
         limits = {{ position_frac = 0.5, enforced = true }}\n{}{}",
        sleeve(0, "A", 0.4),
        sleeve(1, "B", 0.4)
    );
    let report = go(&text, &[&leave, &hold], &markets).unwrap();
    let f = &report.broker.ledger.fills;
    assert_eq!((f.row.as_slice(), f.held.as_slice()), ([1, 1, 32].as_slice(), [4.0, 8.0, 0.0].as_slice()));
    let told: Vec<_> = report.broker.events.iter().map(|e| (e.market, e.row, e.side, e.why)).collect();
    assert_eq!(told, [(0, 31, -1.0, Refusal::OnTheWay)]);
}

/// A strategy as text, of all kinds.
pub(crate) fn random_strategy(r: &mut Stream, is_flat: bool) -> String {
    let both = r.below(3);
    let mut text = String::from("[entry]\n");
    if both != 0 {
        text += &format!("long = \"{}\"\n", one(r, &["close > close[1]", "volume > 0.7", "close > sma(close, 5)"]));
    }
    if both != 1 {
        text += &format!("short = \"{}\"\n", one(r, &["close < close[1]", "volume < 0.3", "close < sma(close, 5)"]));
    }
    let order = match r.below(5) {
        0 => Some(("limit", "close - 1", "close + 1")),
        1 => Some(("limit", "close + 1", "close - 1")),
        2 => Some(("stop", "high", "low")),
        _ => None,
    };
    if let Some((kind, long, short)) = order {
        let long = if both != 0 { format!("long = \"{long}\", ") } else { String::new() };
        let short = if both != 1 { format!("short = \"{short}\", ") } else { String::new() };
        text += &format!("order = {{ {kind} = {{ {long}{short}bars = {} }} }}\n", 1 + r.below(3));
    }
    let exits = [
        "when = \"volume > 0.8\"",
        "when = \"pos.bars >= 4\"",
        "stop = \"entry.price - pos.side * 3\"",
        "target = \"entry.price + pos.side * 4\"",
        "trail = \"2\"",
        "stop = \"max_since_entry(close) - 5\"\nside = \"long\"",
    ];
    for exit in exits {
        if r.bernoulli(0.4) && (both != 0 || !exit.contains("side = \"long\"")) {
            text += &format!("[[exits]]\n{exit}\n");
        }
    }
    let size =
        ["fraction = \"0.7\"", "fraction = \"1\"", "value = \"0.4 * equity\"", "units = \"7\"", "value = \"2500\""];
    text += &format!("[sizing]\n{}\nlimit_frac = \"{}\"\n", one(r, &size), one(r, &["inf", "1.0", "0.5"]));
    text += &format!("lot = {}\n", one(r, &["0.0", "1.0", "0.1"]));
    text += &format!(
        "[execution]\ncapital = 10000.0\nleverage = {}\nfill = {}\npath = \"{}\"\nopposite = \"{}\"\n\
         cooldown = {{ bars = {}, sessions = {} }}\n",
        one(r, &["1.0", "2.0"]),
        one(
            r,
            &[
                "\"next_open\"",
                "\"next_close\"",
                "\"signal_close\"",
                "{ at = \"open\", delay = 2, count = \"bars\" }",
                "{ at = \"open\", delay = 1, count = \"sessions\" }",
                "{ at = \"close\", delay = 0, count = \"sessions\" }",
            ]
        ),
        one(r, &["pessimistic", "optimistic", "open_high_low_close", "nearest_extreme"]),
        one(r, &["ignore", "close", "reverse"]),
        one(r, &[0, 0, 2]),
        one(r, &[0, 0, 0, 1]),
    );
    if is_flat {
        text += &format!("[session]\nflat_at_end = true\nno_entry_last_bars = {}\n", r.below(3));
    }
    text += &format!(
        "[costs]\nspread_frac = {}\nslippage_bps = {}\ntaker_fee_bps = {}\nmaker_fee_bps = {}\nmin_fee = {}\n\
         borrow_annual = {}\nfunding_annual = {}\nfunding_hours = {}\nimpact_coef = {}\nmarket_spread_times = {}\n{}",
        one(r, &[0.0, 0.001, 0.02]),
        one(r, &[0.0, 3.0]),
        one(r, &[0.0, 5.0]),
        one(r, &[0.0, -0.5, 2.0]),
        one(r, &[0.0, 0.0, 1.0]),
        one(r, &[0.0, 0.3]),
        one(r, &[0.0, 0.2]),
        one(r, &[0, 8]),
        one(r, &[0.0, 0.0, 0.1]),
        one(r, &[0.0, 0.0, 1.0]),
        one(r, &["", "", "crisis = { calm_annual = 0.2, slope = 1.0, cap = 5.0, period = 5 }\n"]),
    );
    strategy(&text)
}

#[test]
fn a_random_strategy_alone_in_a_portfolio_is_its_run_to_the_bit() {
    let (mut n_fills, mut n_ruined) = (0, 0);
    for seed in 0..600 {
        let mut r = Stream::new(seed, "sleeves", 0);
        let (market, _) = market(&mut r, 300);
        let is_flat = r.bernoulli(0.2);
        let text = random_strategy(&mut r, is_flat);
        let spec = StrategySpec::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let leverage = if text.contains("leverage = 2.0") { 2.0 } else { 1.0 };
        let head = format!("capital = 10000.0\nleverage = {leverage:?}\n{}", sleeve(0, "X", 1.0));
        let alone = run_one(&spec, &market, &RunOptions::default()).unwrap();
        let whole = go(&head, &[&text], std::slice::from_ref(&market)).unwrap();
        let (a, b) = (&alone.ledger.fills, &whole.broker.ledger.fills);
        let fill = |f: &qe_engine::ledger::Fills, i: usize| {
            let x = [f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i]].map(f64::to_bits);
            format!("{} {} {} {} {x:?} {:?}", f.row[i], f.phase[i], f.units[i], f.price[i], f.cause[i])
        };
        for i in 0..a.len().max(b.len()) {
            let x = (i < a.len()).then(|| fill(a, i));
            let y = (i < b.len()).then(|| fill(b, i));
            let events = &whole.broker.events;
            let told = &whole.broker.events[events.len().saturating_sub(5)..];
            assert_eq!(x, y, "seed {seed}, fill {i}\n{text}\n{told:?}\n{:?}", alone.ledger.refused);
        }
        let from = whole.broker.times.len() - alone.curve.equity.len();
        if let Some(ruin) = whole.broker.ruin {
            n_ruined += 1;
            assert!(ruin.owed >= 0.0);
        } else {
            let bits = |worth: &[f64]| worth.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
            assert_eq!(bits(&whole.broker.worth[from..]), bits(&alone.curve.equity), "seed {seed}\n{text}");
        }
        assert!(whole.attribution.residual.abs() <= 1e-6, "seed {seed}: {}", whole.attribution.residual);
        n_fills += a.len();
    }
    assert!(n_fills > 20_000 && n_ruined > 10, "{n_fills} fills, {n_ruined} ruined");
}

/// Prices of each sleeve's market as the broker knows them at each fill, and what holds when something is opened then: gross
/// value is at most so many times worth, that of a symbol so much of it, both before what the trade costs. How often.
fn check_openings(report: &PortfolioReport, most: f64, position: f64) -> usize {
    let (f, n) = (&report.broker.ledger.fills, report.sleeves.len());
    let axis = |line: usize| report.markets[line].columns().axis();
    let column = |line: usize, name: &str| report.markets[line].columns().get(name).unwrap().to_f64().to_vec();
    // Paths, then closes, what is filled at them, opens, what is filled there.
    let mut prices: Vec<(i64, u8, usize, f64)> = Vec::new();
    for line in 0..n {
        let (open, close) = (column(line, "open"), column(line, "close"));
        prices.extend((0..open.len()).map(|row| (axis(line).open()[row], 3, line, open[row])));
        prices.extend((0..open.len()).map(|row| (axis(line).available()[row], 1, line, close[row])));
    }
    prices.sort_by_key(|p| (p.0, p.1));
    let (mut price, mut held, mut next, mut n_opened) = (vec![f64::NAN; n], vec![0.0; n], 0, 0);
    // What the half of a trade cost that closed what was held before.
    let mut closing = (0, 0.0);
    for i in 0..f.len() {
        let (line, row, raw) = (f.line[i] as usize, f.row[i] as usize, f.raw[i]);
        let key = match f.phase[i] {
            0 => (axis(line).open()[row], 4),
            phase => (axis(line).available()[row], phase.saturating_sub(1) * 2),
        };
        while prices.get(next).is_some_and(|p| (p.0, p.1) <= key) {
            price[prices[next].2] = prices[next].3;
            next += 1;
        }
        price[line] = raw;
        let before = std::mem::replace(&mut held[line], f.held[i]);
        let order = report.broker.fill_orders[i].0;
        let cost = f.fee[i] + (f.price[i] - raw).abs() * f.units[i].abs();
        let paid = if closing.0 == order { closing.1 } else { 0.0 };
        closing = if f.held[i] == 0.0 { (order, cost) } else { (0, 0.0) };
        let is_opening = f.held[i] * f.units[i] > 0.0 && f.held[i].abs() > before.abs();
        let value = |m: usize| if held[m] == 0.0 { 0.0 } else { held[m] * price[m] };
        // Within a bar another's price may be one that met an order of which nothing was filled.
        let is_known = f.phase[i] != 1 || (0..n).all(|m| m == line || held[m] == 0.0);
        if !is_opening || !is_known {
            continue;
        }
        let worth = f.cash[i] + (0..n).map(value).sum::<f64>() + cost + paid;
        // What a sale brings, and not what it is worth, is what it takes.
        let less = f.units[i].abs() * (raw - f.price[i]).max(0.0);
        let gross = (0..n).map(|m| value(m).abs()).sum::<f64>() - less;
        let symbol = &report.sleeves[line].symbol;
        let of_symbol = (0..n).filter(|m| report.sleeves[*m].symbol == *symbol);
        let of_symbol = of_symbol.map(|m| value(m).abs()).sum::<f64>() - less;
        let is_within = |value: f64, most: f64| value <= most * worth + 1e-9 * value.max(1.0);
        assert!(is_within(gross, most), "fill {i}: {gross} of {most} times {worth}");
        assert!(is_within(of_symbol, position), "fill {i}, {symbol}: {of_symbol} of {position} times {worth}");
        n_opened += 1;
    }
    n_opened
}

#[test]
fn random_portfolios_conserve_money_and_limits_hold_when_something_is_opened() {
    let (mut n_fills, mut n_opened, mut n_long, mut n_short) = (0, 0, 0, 0);
    let mut capped = [0; 3];
    for seed in 0..240 {
        let mut r = Stream::new(seed, "sleeves", 1);
        let n = 2 + r.below(3) as usize;
        let costs = "[costs]\nspread_frac = 0.0005\nborrow_annual = 0.1\nmin_fee = 0.1\n";
        let markets: Vec<Market> = (0..3)
            .map(|m| {
                let mut last = 100.0;
                let closes: Vec<f64> = (0..120)
                    .map(|_| {
                        last *= 1.0 + (r.uniform() - 0.5) * one(&mut r, &[0.02, 0.1]);
                        last
                    })
                    .collect();
                days(["A", "B", "C"][m], r.below(30) as usize, &closes)
            })
            .collect();
        let weights = ["if(close > close[1], 0.9, 0.2)", "if(close > sma(close, 5), 1, -0.5)"];
        let texts: Vec<String> = (0..n)
            .map(|_| match r.bernoulli(0.25) {
                true => strategy(&format!(
                    "[sizing]\ntarget_weight = {{ weight = \"{}\" }}\nlimit_frac = \"inf\"\n[costs]\n",
                    one(&mut r, &weights)
                )),
                false => random_strategy(&mut r, false),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let weight = one(&mut r, &[1.0, 0.8]) / n as f64;
        let position = one(&mut r, &[0.3, 0.6, 3.0]);
        let leverage: f64 = one(&mut r, &[1.0, 2.0, 4.0]);
        let gross: Option<f64> = one(&mut r, &[None, Some(0.4), Some(0.8), Some(1.5)]);
        let mut text = format!(
            "capital = 10000.0\nleverage = {leverage:?}\npath = \"pessimistic\"\nrebalance = {{ every = {}, \
             drift_band = {:?}, which = \"{}\" }}\nlimits = {{ position_frac = {position:?}, {}enforced = {} }}\n{costs}",
            one(&mut r, &["\"week\"", "\"month\"", "{ sessions = 1 }", "{ sessions = 3 }"]),
            one(&mut r, &[0.0, 0.02, 0.1]),
            one(&mut r, &["all", "outside"]),
            gross.map_or(String::new(), |gross| format!("gross_frac = {gross:?}, ")),
            r.bernoulli(0.5),
        );
        for i in 0..n {
            text += &sleeve(i, one(&mut r, &["A", "B", "C"]), weight);
        }
        let report = go(&text, &texts, &markets).unwrap_or_else(|e| panic!("{seed}: {e}\n{text}"));
        let b = &report.broker;
        assert!(report.attribution.residual.abs() < 1e-6, "{seed}: {}", report.attribution.residual);
        let (dates, worth) = b.days(&report.markets);
        assert_eq!(dates, report.attribution.days, "{seed}");
        let mut before = 10_000.0;
        for (d, worth) in worth.iter().enumerate() {
            let won: f64 = report.attribution.day(d).iter().sum();
            let owed = b.ruin.map_or(0.0, |ruin| ruin.owed);
            let is_near = (won - (worth - before)).abs() < 1e-6
                || (*worth == 0.0 && (won + owed - (worth - before)).abs() < 1e-6);
            assert!(is_near, "{seed}, day {d} of {}: {won} {}", worth, worth - before);
            before = *worth;
        }
        n_fills += b.ledger.fills.len();
        n_long += b.ledger.fills.held.iter().filter(|held| **held > 0.0).count();
        n_short += b.ledger.fills.held.iter().filter(|held| **held < 0.0).count();
        n_opened += check_openings(&report, gross.unwrap_or(leverage).min(leverage), position);
        let whys = [Refusal::CappedByGross, Refusal::CappedByLimit, Refusal::CappedByLeverage];
        for (n, why) in capped.iter_mut().zip(whys) {
            *n += b.events.iter().filter(|e| e.why == why && e.order.is_some()).count();
        }
    }
    let told = format!("{n_fills} fills, {n_opened} open, {n_long} long, {n_short} short, {capped:?} are capped");
    assert!(n_fills > 15_000 && n_opened > 8_000 && n_long > 8_000 && n_short > 2_500, "{told}");
    assert!(capped[0] > 500 && capped[1] > 1_000 && capped[2] > 5, "{told}");
}
