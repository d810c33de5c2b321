//! Orders of all kinds at random: money is neither made nor lost, nothing panics, and all of it comes out the same twice.

use std::collections::BTreeMap;

use qe_core::rng::Stream;
use qe_data::events::Events;
use qe_engine::broker::{
    BarStrategy, BrokerReport, Desk, Distance, Filled, Order, OrderId, OrderKind, OrderState, Processing, Quantity,
    Seen, Side, Spec, TimeInForce, Update, run,
};
use qe_engine::costs::{CostModel, Crisis};
use qe_engine::fills::{At, Count, FillTiming, PathPolicy};
use qe_engine::ledger::{Carry, Cause, Refusal};
use qe_engine::market::Market;
use qe_engine::program::SizeKind;
use qe_engine::trades::Trade;

use crate::random::{Given, market, one};
use crate::support::Sum;

/// Places whatever comes to its mind.
struct Wild {
    r: Stream,
    n_markets: usize,
    /// How many orders it places at a time, and how many in all.
    busy: f64,
    n_placed: usize,
    known: Vec<OrderId>,
    /// Currency per point and unit of each market.
    each: Vec<f64>,
    /// The most that all positions may be worth, in times of worth, when something is opened.
    most: f64,
    /// The last order that was filled, and what it cost.
    last: (OrderId, f64),
    /// How often it was refused to take back an order of a margin call.
    n_kept: usize,
    /// When an order was given other prices.
    changed: BTreeMap<OrderId, i64>,
}

impl Wild {
    /// A number that makes sense, mostly.
    fn number(&mut self, scale: f64) -> f64 {
        match self.r.below(60) {
            0 => one(&mut self.r, &[f64::NAN, f64::INFINITY, 0.0, -scale, f64::MAX, 5e-324]),
            _ => scale * self.r.uniform() * 2.0,
        }
    }

    fn price(&mut self, near: f64) -> f64 {
        let near = if near.is_nan() { 100.0 } else { near };
        match self.r.below(60) {
            0 => one(&mut self.r, &[f64::NAN, f64::NEG_INFINITY, 0.0, -near]),
            1..20 => near,
            _ => near + (self.r.below(41) as f64 - 20.0) * one(&mut self.r, &[0.01, 0.5, 1.0]),
        }
    }

    fn quantity(&mut self) -> Quantity {
        match self.r.below(10) {
            0..3 => Quantity::Units(self.number(50.0)),
            3 => Quantity::Value(self.number(5_000.0)),
            4 => Quantity::Fraction(self.number(0.7)),
            5 => Quantity::Sized {
                size: self.number(0.5),
                kind: one(&mut self.r, &[SizeKind::Fraction, SizeKind::Value, SizeKind::Units]),
                limit_frac: one(&mut self.r, &[0.3, 1.0, f64::INFINITY]),
                lot: one(&mut self.r, &[0.0, 1.0]),
                min_units: one(&mut self.r, &[0.0, 2.0]),
            },
            6 => Quantity::TargetUnits(self.number(40.0) - 40.0),
            7 => Quantity::TargetValue(self.number(4_000.0) - 4_000.0),
            8 => Quantity::TargetWeight(self.number(1.0) - 1.0),
            _ => Quantity::All,
        }
    }

    fn kind(&mut self, near: f64) -> OrderKind {
        match self.r.below(8) {
            0..3 => OrderKind::Market {
                timing: match self.r.below(4) {
                    0 => Some(FillTiming {
                        at: one(&mut self.r, &[At::Open, At::Close]),
                        delay: self.r.below(4) as u32,
                        count: one(&mut self.r, &[Count::Bars, Count::Bars, Count::Sessions]),
                    }),
                    _ => None,
                },
            },
            3 | 4 => OrderKind::Limit { price: self.price(near) },
            5 => OrderKind::Stop { price: self.price(near) },
            6 => OrderKind::StopLimit { stop: self.price(near), limit: self.price(near) },
            _ => OrderKind::Trail {
                by: match self.r.bernoulli(0.5) {
                    true => Distance::Price(self.number(3.0)),
                    false => Distance::Fraction(self.number(0.02)),
                },
                best: self.r.bernoulli(0.2).then_some(near).filter(|x| !x.is_nan()),
            },
        }
    }

    fn order(&mut self, desk: &mut Desk<'_, '_>) -> Order {
        let market = if self.r.below(200) == 0 { 99 } else { self.r.below(self.n_markets as u64) as u32 };
        let near = desk.price(market as usize);
        let group = desk.group();
        Order {
            kind: self.kind(near),
            tif: match self.r.below(14) {
                0 => TimeInForce::Ioc,
                1 => TimeInForce::Fok,
                2 => TimeInForce::AtOpen,
                3 => TimeInForce::AtClose,
                4 => TimeInForce::Gtd(desk.now() + self.r.below(20) as i64 * 600_000_000_000),
                5 | 6 => TimeInForce::Day,
                7 => TimeInForce::Gtc,
                _ => TimeInForce::Bars(self.r.below(5) as u32),
            },
            oco: self.r.bernoulli(0.2).then_some(group),
            parent: match self.known.last() {
                Some(last) if self.r.bernoulli(0.15) => Some(*last),
                _ => None,
            },
            reduce_only: self.r.bernoulli(0.3),
            from_flat: self.r.bernoulli(0.1),
            ..Order::market(market, one(&mut self.r, &[Side::Buy, Side::Sell]), self.quantity())
        }
    }

    /// What is opened is not more than leverage leaves, at the prices of the moment and before its costs.
    fn check_gross(&mut self, fill: &Filled, desk: &Desk<'_, '_>) {
        let each = self.each[fill.market];
        let traded = fill.units.abs() * each;
        let cost = fill.fee + (fill.price - fill.raw).abs() * traded;
        let before = if self.last.0 == fill.order { self.last.1 } else { 0.0 };
        // Through zero it is two fills, and both are paid by what was there before.
        self.last = if fill.held * fill.units < 0.0 || fill.held == 0.0 || desk.units(fill.market) != fill.held {
            (fill.order, cost)
        } else {
            (OrderId(0), 0.0)
        };
        if fill.held * fill.units <= 0.0 || fill.held != desk.units(fill.market) {
            return;
        }
        let worth = desk.equity() + cost + before;
        let gross = (0..self.n_markets).map(|m| match desk.units(m) {
            0.0 => 0.0,
            units => (units * self.each[m] * desk.price(m)).abs(),
        });
        // What a sale brings, and not what it is worth, is what it takes.
        let gross = gross.sum::<f64>() - traded * (fill.raw - fill.price).max(0.0) + fill.fee.min(0.0);
        let most = self.most * worth;
        // A weight counts on the maker's rebate, which a least fee takes again.
        let rebate = 1.1e-4 * self.most * traded * fill.raw;
        assert!(gross <= most + rebate + 1e-9 * gross.max(1.0), "{gross} of {most}, {before} {cost}: {fill:?}");
    }

    fn act(&mut self, desk: &mut Desk<'_, '_>) {
        while self.r.bernoulli(self.busy) {
            let order = self.order(desk);
            let id = desk.submit(order);
            self.n_placed += 1;
            self.known.push(id);
            if self.r.bernoulli(0.3) {
                let twin = Order { kind: self.kind(desk.price(order.market as usize)), ..order };
                self.known.push(desk.submit(twin));
                self.n_placed += 1;
            }
            if self.r.bernoulli(0.2) {
                let near = desk.price(0);
                let kind = self.kind(near);
                let any = one(&mut self.r, &self.known);
                if desk.replace(any, kind) {
                    // Of fills of this very instant it may be told later.
                    self.changed.insert(any, desk.now());
                }
                let quantity = self.quantity();
                desk.resize(any, quantity);
            }
            if self.r.bernoulli(0.2) {
                let any = one(&mut self.r, &self.known);
                let was_there = desk.order(any).is_some();
                assert_eq!(desk.cancel(any), was_there);
                assert!(!desk.cancel(any));
            }
            if self.r.below(100) == 0 {
                desk.cancel_all(0);
            }
        }
    }
}

impl BarStrategy for Wild {
    fn on_bars(&mut self, _: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        self.act(desk);
    }

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        assert!(fill.price >= 0.0 && fill.fee.is_finite() && fill.units != 0.0, "{fill:?}");
        let is_changed = self.changed.get(&fill.order) == Some(&desk.now());
        if let Some(open) = desk.order(fill.order).filter(|_| !is_changed) {
            assert!(is_good(&open.order, fill.units, fill.price), "{fill:?} of {open:?}");
        }
        self.check_gross(fill, desk);
        if self.r.bernoulli(0.1) {
            self.act(desk);
        }
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        if update.why == Refusal::MarginCall {
            for open in desk.open_orders().iter().filter(|open| open.order.cause == Cause::MarginCall) {
                let quantity = self.quantity();
                assert!(!desk.cancel(open.id) && !desk.resize(open.id, quantity));
                assert!(!desk.replace(open.id, OrderKind::Market { timing: None }));
                self.n_kept += 1;
            }
        }
        if self.r.bernoulli(0.02) {
            self.act(desk);
        }
    }
}

fn spec(r: &mut Stream) -> Spec {
    let costs = CostModel {
        spread_frac: one(r, &[0.0, 0.0006, 0.05]),
        market_spread_times: one(r, &[0.0, 0.0, 1.0]),
        slippage_bps: one(r, &[0.0, 3.0]),
        taker_fee_bps: one(r, &[0.0, 5.0]),
        maker_fee_bps: one(r, &[0.0, -1.0]),
        fee_per_unit: one(r, &[0.0, 0.01]),
        min_fee: one(r, &[0.0, 0.0, 2.0]),
        impact_coef: one(r, &[0.0, 0.0, 0.0, 0.1]),
        borrow_annual: one(r, &[0.0, 0.3]),
        funding_annual: one(r, &[0.0, 0.2, -0.2]),
        funding_hours: one(r, &[0, 8]),
        crisis: one(r, &[None, None, Some(Crisis { calm_annual: 0.2, slope: 1.0, cap: 5.0, period: 5 })]),
    };
    Spec {
        leverage: one(r, &[1.0, 1.0, 3.0, 50.0]),
        fill: one(r, &[FillTiming::NEXT_OPEN, FillTiming::NEXT_CLOSE, FillTiming::SIGNAL_CLOSE]),
        path: one(r, &PathPolicy::ALL),
        costs,
        processing: one(r, &[Processing::AsGiven, Processing::SellsFirst]),
        volume_frac: one(r, &[None, None, Some(1.0), Some(0.5)]),
        maintenance_frac: one(r, &[0.0, 0.0, 0.1, 0.5]),
        position_limit_frac: one(r, &[None, None, Some(0.5)]),
        gross_limit_frac: one(r, &[None, None, Some(2.0)]),
        flat_at_session_end: r.bernoulli(0.2),
        ..Spec::default()
    }
}

/// A limit is not filled on the other side, and its price, costs included, is never worse than its level.
fn is_good(order: &Order, units: f64, price: f64) -> bool {
    let s = order.side.sign();
    match order.kind {
        OrderKind::Limit { price: limit } | OrderKind::StopLimit { limit, .. } => {
            order.quantity == Quantity::All || (s * units > 0.0 && s * price <= s * limit)
        }
        _ => true,
    }
}

/// What the ledger alone makes of the marks: cash and worth at each instant, and by how much the report is off.
fn check(report: &BrokerReport, markets: &[Market], trades: &[Trade]) {
    let (f, capital) = (&report.ledger.fills, report.spec.capital);
    let axis = |line: usize| markets[line].columns().axis();
    let marks: Vec<Vec<f64>> = markets.iter().map(marks).collect();
    // Opens, and what is paid at them, come after the mark of their instant.
    let mut moves: Vec<(i64, u8, usize, bool)> = Vec::new();
    for i in 0..f.len() {
        let (line, row) = (f.line[i] as usize, f.row[i] as usize);
        let time = if f.phase[i] == 0 { axis(line).open()[row] } else { axis(line).available()[row] };
        moves.push((time, u8::from(f.phase[i] == 0), i, true));
    }
    assert!(moves.windows(2).all(|w| (w[0].0, w[0].1) <= (w[1].0, w[1].1)), "fills are not in order");
    for (i, c) in report.ledger.carries.iter().enumerate() {
        moves.push((axis(c.line as usize).open()[c.row as usize], 1, i, false));
    }
    // A payment is before the fill that came next.
    let order = |i: usize, is_fill: bool| match is_fill {
        true => 2 * i + 1,
        false => 2 * report.ledger.carries[i].n_fills as usize,
    };
    moves.sort_by_key(|m| (m.0, m.1, order(m.2, m.3)));
    let (mut cash, mut held, mut at) = (Sum::of(capital), vec![0.0; markets.len()], 0);
    let mut gross_turned = capital;
    for (i, time) in report.times.iter().enumerate() {
        while at < moves.len() && (moves[at].0, moves[at].1) <= (*time, 0) {
            let (_, _, i, is_fill) = moves[at];
            if is_fill {
                let line = f.line[i] as usize;
                let exposure = f.units[i] * report.ledger.lines[line].multiplier;
                let money = exposure * f.price[i];
                let size = money.abs().max(cash.value().abs()).max(f.cash[i].abs());
                assert!(f.rounding[i].abs() <= 1e-15 * size, "{} is no last digit of {size}", f.rounding[i]);
                cash.add_product(-exposure, f.price[i]);
                cash.add(-f.fee[i]);
                cash.add(f.rounding[i]);
                held[line] += f.units[i];
                gross_turned += money.abs();
                let far = (held[line] - f.held[i]).abs();
                assert!(far <= 1e-9 * f.units[i].abs().max(held[line].abs()).max(1.0), "{far} units of {line}");
                held[line] = f.held[i];
            } else {
                let Carry { money, rounding, .. } = report.ledger.carries[i];
                let size = cash.value().abs().max(money.abs());
                assert!(rounding.abs() <= 1e-15 * size, "{rounding} is no last digit of {size}");
                cash.add(-money);
                cash.add(rounding);
            }
            at += 1;
        }
        if report.ruin.is_some_and(|r| r.time <= *time) {
            assert_eq!((report.worth[i], report.cash[i]), (0.0, 0.0));
            continue;
        }
        let mut worth = cash.clone();
        for (line, units) in held.iter().enumerate().filter(|(_, units)| **units != 0.0) {
            let row = axis(line).available().partition_point(|t| t <= time);
            let mark = match row.checked_sub(1) {
                Some(row) => marks[line][row],
                None => unreachable!("held before the first close"),
            };
            worth.add_product(units * report.ledger.lines[line].multiplier, mark);
        }
        worth.add(-report.worth[i]);
        let far = worth.value().abs();
        assert!(far <= 1e-9 * report.worth[i], "instant {i}: {} is {far} off", report.worth[i]);
        assert!(report.worth[i] > 0.0);
    }
    if report.ruin.is_none() {
        let won: f64 = trades.iter().map(|t| t.pnl).sum();
        let last = report.worth.last().copied().unwrap_or(capital);
        let most = 1e-9 * capital.max(last).max(gross_turned * 1e-3);
        assert!((capital + won - last).abs() <= most, "round trips won {won}, and {capital} is {last} now");
    } else {
        assert_eq!(at, moves.len(), "something happened after ruin");
    }
    let mut filled: BTreeMap<OrderId, f64> = BTreeMap::new();
    for (id, units) in report.fill_orders.iter().zip(&f.units) {
        *filled.entry(*id).or_default() += units;
    }
    let mut last: BTreeMap<OrderId, usize> = BTreeMap::new();
    last.extend(report.fill_orders.iter().enumerate().map(|(i, id)| (*id, i)));
    // An order that is filled has kept its level since its last fill.
    for order in report.orders.iter().filter(|o| o.state == OrderState::Filled) {
        let fill = last.get(&order.id);
        assert!(fill.is_none_or(|i| is_good(&order.order, f.units[*i], f.price[*i])), "{order:?}");
    }
    for order in &report.orders {
        assert_eq!(order.filled, filled.get(&order.id).copied().unwrap_or(0.0), "{order:?}");
        assert!(order.state != OrderState::Rejected || order.filled == 0.0 || order.why.is_some(), "{order:?}");
        assert_eq!(order.ended_at.is_none(), order.state.is_alive());
    }
}

/// Closes at which positions are marked.
fn marks(market: &Market) -> Vec<f64> {
    let column = |name: &str| market.columns().get(name).unwrap().to_f64();
    let (open, close) = (column("open"), column("close"));
    let mut last = f64::NAN;
    let has_closed = |row: usize| close[..=row].iter().any(|c| !c.is_nan());
    (0..market.len())
        .map(|row| {
            let new = if has_closed(row) { close[row] } else { open[row] };
            last = if new.is_nan() { last } else { new };
            last
        })
        .collect()
}

/// How many positions margin calls closed: each at the first open of its market that can fill all of it.
fn check_calls(report: &BrokerReport, markets: &[Market], given: &[Given]) -> usize {
    let f = &report.ledger.fills;
    let mut n_closed = 0;
    for call in &report.margin_calls {
        for (line, market) in markets.iter().enumerate() {
            let axis = market.columns().axis();
            let column = |name: &str| market.columns().get(name).unwrap().to_f64();
            let (open, volume) = (column("open"), column("volume"));
            let times = axis.open();
            let can_fill = |row: &usize| times[*row] >= call.time && !given[line].blocked[*row] && !open[*row].is_nan();
            let Some(row) = (0..market.len()).find(can_fill) else { continue };
            let of_line: Vec<usize> = (0..f.len()).filter(|i| f.line[*i] == line as u32).collect();
            // At the call, and before what is filled at that very open.
            let is_told = |i: &&usize| {
                let (at, phase) = (f.row[**i] as usize, f.phase[**i]);
                if phase == 0 { times[at] < call.time } else { axis.available()[at] <= call.time }
            };
            let is_called = of_line.iter().rfind(is_told).is_some_and(|i| f.held[*i] != 0.0);
            let held = of_line.iter().rfind(|i| (f.row[**i] as usize) < row).map_or(0.0, |i| f.held[*i]);
            let has_room = report.spec.volume_frac.is_none_or(|frac| frac * volume[row] >= held.abs());
            if !is_called || held == 0.0 || !has_room || report.ruin.is_some_and(|ruin| ruin.time <= times[row]) {
                continue;
            }
            let at_open = of_line.iter().filter(|i| f.row[**i] as usize == row && f.phase[**i] == 0);
            let is_closed = at_open.into_iter().any(|i| f.held[*i] == 0.0);
            assert!(is_closed, "{held} of {line} are held behind the open of row {row}: {call:?}");
            n_closed += 1;
        }
    }
    n_closed
}

fn wild(seed: u64) -> (Vec<Market>, Vec<Given>, BrokerReport, [usize; 2]) {
    let mut r = Stream::new(seed, "broker: random orders", 0);
    let spec = spec(&mut r);
    let n_markets = 1 + r.below(3) as usize;
    let n = 20 + r.below(150) as usize;
    let (markets, given): (Vec<Market>, Vec<Given>) = (0..n_markets).map(|_| market(&mut r, n)).unzip();
    let each = given.iter().map(|given| given.multiplier).collect();
    let most = spec.leverage.min(spec.gross_limit_frac.unwrap_or(f64::INFINITY));
    let busy = one(&mut r, &[0.3, 0.6, 0.85]);
    let mut strategy = Wild {
        r,
        n_markets,
        busy,
        n_placed: 0,
        known: vec![OrderId(0)],
        each,
        most,
        last: (OrderId(0), 0.0),
        n_kept: 0,
        changed: BTreeMap::new(),
    };
    let report = run(&spec, &markets, &Events::default(), &mut strategy).unwrap();
    (markets, given, report, [strategy.n_placed, strategy.n_kept])
}

fn told(report: &BrokerReport) -> impl PartialEq + std::fmt::Debug + use<> {
    let f = &report.ledger.fills;
    let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    (bits(&f.price), bits(&f.units), bits(&f.fee), bits(&report.worth), report.events.len(), report.orders.len())
}

#[test]
fn money_is_conserved_over_a_million_random_orders() {
    let (mut n_orders, mut n_fills, mut n_ruined, mut n_called, mut n_reversed) = (0, 0, 0, 0, 0);
    let (mut n_short, mut n_parts, mut n_closed, mut n_kept) = (0, 0, 0, 0);
    let mut seed = 0;
    while n_orders < 1_000_000 {
        seed += 1;
        let (markets, given, report, [n, kept]) = wild(seed);
        let trades: Vec<Trade> = markets.iter().enumerate().flat_map(|(m, of)| report.trades(m, of)).collect();
        check(&report, &markets, &trades);
        n_closed += check_calls(&report, &markets, &given);
        (n_orders, n_kept) = (n_orders + n, n_kept + kept);
        let f = &report.ledger.fills;
        n_fills += f.len();
        n_ruined += usize::from(report.ruin.is_some());
        n_called += report.margin_calls.len();
        n_short += f.held.iter().filter(|held| **held < 0.0).count();
        // One order that closes all of a position, and opens one of the other side.
        let is_reversed = |i: &usize| {
            let ids = &report.fill_orders;
            ids[*i] == ids[*i - 1] && f.held[*i - 1] == 0.0 && f.held[*i] * f.units[*i - 1] > 0.0
        };
        n_reversed += (1..f.len()).filter(is_reversed).count();
        let mut rows: BTreeMap<OrderId, Vec<u32>> = BTreeMap::new();
        for (id, row) in report.fill_orders.iter().zip(&f.row).filter(|(id, _)| id.0 != 0) {
            rows.entry(*id).or_default().push(*row);
        }
        // Orders that were filled in more than one bar.
        n_parts += rows.values().filter(|rows| rows.iter().any(|row| *row != rows[0])).count();
        if seed % 20 == 0 {
            assert_eq!(told(&report), told(&wild(seed).2), "seed {seed}");
        }
    }
    let told = format!(
        "{n_fills} fills, {n_short} of them short, {n_parts} orders in parts, {n_ruined} ruined, {n_reversed} through zero, \
         {n_called} margin calls, {n_closed} positions closed by them, {n_kept} kept"
    );
    assert!(n_fills > 100_000 && n_ruined > 80 && n_called > 200 && n_reversed > 5_000, "{told}");
    assert!(n_short > 20_000 && n_parts > 500 && n_closed > 100 && n_kept > 50, "{told}");
}
