//! The breakout with a stop that ratchets, W2, as it is given to each way of running it: as a spec, to the broker, and to who
//! trades it bar by bar.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::broker::{BarStrategy, Desk, Filled, OrderId, OrderKind, Quantity, Seen};
use qe_factors::expr::{Schema, compile_scoped, parse};
use qe_factors::plan::Scope;

use crate::case::read_numbers;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const NANOS_PER_MINUTE: i64 = 60_000_000_000;
const HIGHEST: &str = "ts_max(high, 240)[1]";
const LEVEL: &str = "close - 5 * atr(60)";

/// The spec: the stop is looked at by closes, or rests in the market.
pub fn text(is_resting: bool) -> String {
    let exit = if is_resting {
        format!("stop = \"max_since_entry({LEVEL})\"")
    } else {
        format!("when = \"close < max_since_entry({LEVEL})\"")
    };
    format!(
        "version = 1\nname = \"breakout\"\n[entry]\nlong = \"close > {HIGHEST}\"\n[[exits]]\n{exit}\n\
         [sizing]\nunits = \"1\"\nlimit_frac = \"inf\"\n[execution]\nleverage = 1e9\ncapital = 1e6\n[costs]\nspread_frac = 0.0006\n"
    )
}

/// Minutes of a file, around the clock: open, high, low, close and volume one after the other.
///
/// # Errors
/// When the file cannot be read, or holds no bars.
pub fn minutes(path: &str) -> Outcome<Bars> {
    let x = read_numbers(path)?;
    let n = x.len() / 5;
    let begin = Calendar::crypto().session_on_or_after(Date::new(1995, 1, 1)?).ok_or("no session")?.open;
    let open: Vec<i64> = (0..n as i64).map(|i| begin + i * NANOS_PER_MINUTE).collect();
    let available: Vec<i64> = open.iter().map(|t| t + NANOS_PER_MINUTE).collect();
    let columns: [Vec<f64>; 5] = std::array::from_fn(|i| x[i * n..(i + 1) * n].to_vec());
    Ok(Bars::new("X", Timeframe::M1, Axis::new(open, available)?, columns)?)
}

/// The same bars with what the breakout reads of them: the highest high, and the level of the stop.
///
/// # Errors
/// None but faults of ours.
pub fn with_levels(bars: &Bars) -> Outcome<Bars> {
    let schema = Schema::new(["open", "high", "low", "close", "volume"]);
    let (highest, level) = (parse(HIGHEST)?, parse(LEVEL)?);
    let wanted = [("highest", &highest, Scope::SERIES), ("level", &level, Scope::SERIES)];
    let compiled = compile_scoped(&wanted, &schema, None)?;
    let values = compiled.plan().eval(bars.columns())?.into_outputs();
    let column = |at: usize| {
        let output = compiled.output(at, 0).and_then(|o| values.get(o));
        output.map(|v| v.to_numbers()).ok_or("an expression has no values")
    };
    Ok(bars.clone().with("highest", column(0)?)?.with("level", column(1)?)?)
}

/// The breakout for the broker.
#[derive(Debug)]
pub struct Breakout {
    highest: usize,
    level: usize,
    is_resting: bool,
    order: Option<OrderId>,
    stop: f64,
}

impl Breakout {
    /// Over bars with these columns.
    pub fn new(highest: usize, level: usize, is_resting: bool) -> Self {
        Self { highest, level, is_resting, order: None, stop: f64::NAN }
    }
}

impl BarStrategy for Breakout {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        let last = |column: Option<&[f64]>| column.and_then(|x| x.last()).copied().unwrap_or(f64::NAN);
        let (close, level) = (last(Some(seen.closes(0))), last(seen.column_at(0, self.level)));
        if desk.units(0) == 0.0 {
            if close > last(seen.column_at(0, self.highest)) {
                desk.buy(0, 1.0).place();
                (self.stop, self.order) = (level, None);
            }
            return;
        }
        // A level that is missing raises nothing.
        self.stop = self.stop.max(level);
        if self.is_resting {
            if let Some(order) = self.order {
                desk.replace(order, OrderKind::Stop { price: self.stop });
            }
        } else if close < self.stop && self.order.is_none() {
            self.order = Some(desk.close(0).place().id);
        }
    }

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        if fill.held == 0.0 {
            self.order = None;
        } else if self.is_resting && !self.stop.is_nan() {
            self.order = Some(desk.sell(0, Quantity::All).stop(self.stop).reduce_only().place().id);
        }
    }
}
