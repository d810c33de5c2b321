//! What a fill comes to: units, the price of each, the fee.
//!
//! One piece of code for both engines: the walk of strategies that are data and the broker call these functions, so a fill of
//! one and of the other has the same bits. Rules: docs/simulation.md, "Sizes", "Prices", "Holding".

use crate::costs::CostModel;
use crate::ledger::Refusal;
use crate::market::Market;
use crate::program::Size;

/// Where something is dealt in.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) market: &'a Market,
    pub(crate) costs: &'a CostModel,
    pub(crate) row: usize,
    /// The market's price.
    pub(crate) raw: f64,
    /// Half the spread and the slippage; nothing for a limit.
    pub(crate) half: f64,
    pub(crate) is_maker: bool,
}

/// A fill as it is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Deal {
    /// Above 0 where a size was asked for; with a sign where a weight was.
    pub(crate) units: f64,
    pub(crate) price: f64,
    pub(crate) fee: f64,
    /// Units times the multiplier.
    pub(crate) exposure: f64,
}

/// How many units bring a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gap {
    /// Below 0 to be sold.
    pub(crate) units: f64,
    /// 1 where the weight is to grow, -1 where it is to shrink.
    pub(crate) sign: f64,
    /// Whether nothing is held after it.
    pub(crate) is_none: bool,
}

/// Half the spread and the slippage of a fill: the spread, and how much it widens, as of the last row that is complete then.
#[inline(always)]
pub(crate) fn half(market: &Market, costs: &CostModel, known: Option<usize>, widening: Option<f64>) -> f64 {
    let wide = widening.map_or(1.0, |wide| wide.max(1.0));
    costs.half_cost_of(market.spread_frac(known, costs), wide)
}

/// By what fraction a fill of so many units moves the price.
#[inline(always)]
pub(crate) fn impact(market: &Market, costs: &CostModel, row: usize, units: f64) -> f64 {
    match costs.impact_coef {
        0.0 => 0.0,
        coef => market.cost_inputs().impact(market.day()[row] as usize, units, coef),
    }
}

/// What a size comes to, on the way into a position; and by what it was made smaller, if it was.
#[inline(always)]
pub(crate) fn open(
    at: At<'_>,
    side: f64,
    size: &Size,
    number: f64,
    equity: f64,
    leverage: f64,
) -> (Result<Deal, Refusal>, Option<Refusal>) {
    let multiplier = at.market.multiplier();
    let price = at.raw * (1.0 + side * at.half);
    let (units, capped) = size.units(number, equity, price * multiplier, at.is_maker, leverage, at.costs);
    if units == 0.0 {
        return (Err(Refusal::NoSize), capped);
    }
    // By a limit too: what is opened must be left at a price, some day.
    let impact = impact(at.market, at.costs, at.row, units);
    if impact.is_nan() {
        return (Err(Refusal::NoCostInput), capped);
    }
    let impact = if at.is_maker { 0.0 } else { impact };
    let price = price + side * impact * at.raw;
    // A sale that costs more than it brings opens nothing.
    if price <= 0.0 {
        return (Err(Refusal::NoSize), capped);
    }
    let exposure = units * multiplier;
    let fee = at.costs.fee_of(units, exposure * price, at.is_maker);
    (Ok(Deal { units, price, fee, exposure }), capped)
}

/// So many units on the way out of a position of a side.
#[inline(always)]
pub(crate) fn close(at: At<'_>, side: f64, units: f64) -> Deal {
    let impact = if at.is_maker { 0.0 } else { impact(at.market, at.costs, at.row, units) };
    let price = at.raw * (1.0 - side * at.half) - side * impact * at.raw;
    // What is sold brings nothing at worst.
    let price = if price < 0.0 { 0.0 } else { price };
    let exposure = units * at.market.multiplier();
    let fee = at.costs.fee_of(units, exposure * price, at.is_maker);
    Deal { units, price, fee, exposure }
}

/// What a trade is over worth at its price. Of nothing, and of less, there is no share: what is sold there counts
/// nothing.
#[inline(always)]
pub(crate) fn turned(money: f64, equity: f64) -> f64 {
    if equity > 0.0 { money / equity } else { 0.0 }
}

/// How many units bring a weight, so many being held; `None` if no trade does. `is_free` is for what is undone without a
/// trade.
#[inline(always)]
pub(crate) fn gap(at: At<'_>, held: f64, weight: f64, equity: f64, is_free: bool) -> Option<Gap> {
    let (costs, price) = (at.costs, at.raw * at.market.multiplier());
    let bps = if at.is_maker { costs.maker_fee_bps } else { costs.taker_fee_bps };
    let each = if is_free { 0.0 } else { at.half + bps * 1e-4 + costs.fee_per_unit / price };
    gap_at(price, each, held, weight, equity)
}

/// As [`gap`], at a price of a unit, where a unit of money costs `each` to trade.
#[inline(always)]
pub(crate) fn gap_at(price: f64, each: f64, held: f64, weight: f64, equity: f64) -> Option<Gap> {
    // Nothing is held of nothing: a share of what is owed would turn the position round.
    if weight != 0.0 && equity <= 0.0 {
        return None;
    }
    let gap = weight * equity / price - held;
    let sign = if gap < 0.0 { -1.0 } else { 1.0 };
    let left = 1.0 + weight * sign * each;
    // Where a sale takes more of the worth than it brings, no trade brings the weight.
    if weight != 0.0 && left <= 0.0 {
        return None;
    }
    let wanted = gap / left;
    // Where costs leave nothing of the weight's side, the position is closed, not turned round.
    let is_none = weight == 0.0 || (held + wanted) * weight <= 0.0;
    let units = if is_none { -held } else { wanted };
    // At a price so small that units are beyond all numbers nothing is bought.
    (units != 0.0 && units.is_finite()).then_some(Gap { units, sign, is_none })
}

/// On which side of what is held a weight lies that no trade brings: costs would take more than it does, nothing is there that
/// it could be of, or units are beyond all numbers. `None` where it is what is held.
pub(crate) fn missed(at: At<'_>, held: f64, weight: f64, equity: f64) -> Option<f64> {
    let wanted = weight * equity / (at.raw * at.market.multiplier());
    let gap = if equity > 0.0 && wanted.is_finite() { wanted - held } else { weight };
    (weight != 0.0 && wanted != held).then_some(if gap < 0.0 { -1.0 } else { 1.0 })
}

/// What a change of a weight comes to, or why it is not made.
#[inline(always)]
pub(crate) fn weigh(at: At<'_>, gap: Gap, is_new: bool, is_free: bool) -> Result<Deal, (f64, Refusal)> {
    let Gap { units, sign, .. } = gap;
    let impact = if is_free { 0.0 } else { impact(at.market, at.costs, at.row, units) };
    let forbidden = if is_new { at.market.entry_refusal(at.row, sign) } else { None };
    if let Some(why) = forbidden.or(impact.is_nan().then_some(Refusal::NoCostInput)) {
        return Err((sign, why));
    }
    let impact = if at.is_maker { 0.0 } else { impact };
    let price = at.raw * (1.0 + sign * at.half) + sign * impact * at.raw;
    // A sale that costs more than it brings opens nothing, and brings nothing at worst.
    if is_new && price <= 0.0 {
        return Err((sign, Refusal::NoSize));
    }
    let price = if price < 0.0 { 0.0 } else { price };
    let exposure = units * at.market.multiplier();
    let fee = if is_free { 0.0 } else { at.costs.fee_of(units, exposure * price, at.is_maker) };
    Ok(Deal { units, price, fee, exposure })
}
