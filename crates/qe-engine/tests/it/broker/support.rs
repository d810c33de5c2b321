//! Small markets, and strategies that are closures.

use qe_data::events::Events;
use qe_engine::broker::{BarStrategy, BrokerReport, Desk, Filled, Seen, Spec, Update, run};
use qe_engine::market::Market;

use crate::random::{market_of, times_of};

/// Hours of these bars: open, high, low, close.
pub(crate) fn hours(bars: &[[f64; 4]]) -> Market {
    with_volume(bars, &vec![1000.0; bars.len()])
}

pub(crate) fn with_volume(bars: &[[f64; 4]], volume: &[f64]) -> Market {
    let (times, step) = times_of(bars.len(), true);
    let column = |i: usize| bars.iter().map(|b| b[i]).collect::<Vec<f64>>();
    market_of(&times, step, [column(0), column(1), column(2), column(3), volume.to_vec()], true)
}

/// Bars of one price each.
pub(crate) fn flat(prices: &[f64]) -> Vec<[f64; 4]> {
    prices.iter().map(|p| [*p; 4]).collect()
}

type OnBars<'a> = Box<dyn FnMut(&Seen<'_>, &mut Desk<'_, '_>) + 'a>;
type OnFill<'a> = Box<dyn FnMut(&Filled, &mut Desk<'_, '_>) + 'a>;
type OnOrder<'a> = Box<dyn FnMut(&Update, &mut Desk<'_, '_>) + 'a>;

/// A strategy of closures.
pub(crate) struct Acts<'a> {
    pub(crate) bars: OnBars<'a>,
    pub(crate) fill: OnFill<'a>,
    pub(crate) order: OnOrder<'a>,
}

impl<'a> Acts<'a> {
    /// What it does in each row of the first market.
    pub(crate) fn at(mut act: impl FnMut(usize, &mut Desk<'_, '_>) + 'a) -> Self {
        Self {
            bars: Box::new(move |seen, desk| {
                if seen.is_fresh(0) {
                    act(seen.n_rows(0) - 1, desk);
                }
            }),
            fill: Box::new(|_, _| {}),
            order: Box::new(|_, _| {}),
        }
    }

    pub(crate) fn on_fill(self, fill: impl FnMut(&Filled, &mut Desk<'_, '_>) + 'a) -> Self {
        Self { fill: Box::new(fill), ..self }
    }

    pub(crate) fn on_order(self, order: impl FnMut(&Update, &mut Desk<'_, '_>) + 'a) -> Self {
        Self { order: Box::new(order), ..self }
    }
}

impl BarStrategy for Acts<'_> {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        (self.bars)(seen, desk);
    }

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        (self.fill)(fill, desk);
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        (self.order)(update, desk);
    }
}

pub(crate) fn go(spec: &Spec, markets: &[Market], mut acts: Acts<'_>) -> BrokerReport {
    run(spec, markets, &Events::default(), &mut acts).unwrap()
}

/// Row, phase, units and market's price of each fill.
pub(crate) fn fills(report: &BrokerReport) -> Vec<(u32, u8, f64, f64)> {
    let f = &report.ledger.fills;
    (0..f.len()).map(|i| (f.row[i], f.phase[i], f.units[i], f.raw[i])).collect()
}
