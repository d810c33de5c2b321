//! What a walk tells as it goes: nothing is kept in a sweep, everything in a ledger.

/// Why something was filled, or was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An entry.
    Entry,
    /// An exit, by its place among the strategy's reasons.
    Exit(u16),
    /// The other side's entry closed the position.
    Opposite,
    /// The session ended.
    SessionEnd,
    /// The session had ended, and no bar could close it: at the first price there was after it.
    SessionMissed,
    /// A weight was restored or changed.
    Weight,
    /// The strategy closed it, or made it smaller.
    Close,
    /// A stop.
    Stop,
    /// A target.
    Target,
    /// A trailing stop.
    Trail,
    /// The broker closed it: worth was below what positions of this value need.
    MarginCall,
}

/// Why an order was not filled as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The bar may not be traded: a halt, a mask.
    Blocked,
    /// The bar has no price.
    NoPrice,
    /// The size came to nothing: missing, zero, below the least, or less than a lot.
    NoSize,
    /// A gate was not true.
    Gate,
    /// Smaller than asked for: the limit on a position's share of equity.
    CappedByLimit,
    /// Smaller than asked for: leverage.
    CappedByLeverage,
    /// Smaller than asked for: whole lots.
    RoundedToLot,
    /// The units cannot be borrowed to sell them short.
    NotBorrowable,
    /// A corporate action falls into the bar.
    CorporateAction,
    /// What trading costs cannot be told: there are not three whole days before.
    NoCostInput,
    /// A resting entry order was not met in time.
    Expired,
    /// There is no such market.
    NoMarket,
    /// There is no such group.
    NoGroup,
    /// A price or a distance of the order is no number.
    NoLevel,
    /// The timing cannot be had: an open that is past, or one too far away.
    NoTiming,
    /// The order that it waits for is not there, or came to nothing.
    NoParent,
    /// It is over already, or never was.
    NotThere,
    /// It may only close, and nothing is held that it could close.
    NothingHeld,
    /// It may only open from flat, and something is held.
    NotFlat,
    /// What is to be held is reached by the other side.
    OtherSide,
    /// Less money than its share of the portfolio: neither the reserve nor what others gave up reaches.
    CappedByReserve,
    /// Smaller than asked for: the limit on the gross value of all positions.
    CappedByGross,
    /// Less than asked for is filled: the share of the bar's volume.
    CappedByVolume,
    /// It could not be filled at its first price, or not whole.
    NotFilled,
    /// The strategy took it back.
    Cancelled,
    /// Another order of its group was filled.
    Group,
    /// The session ended, and with it what is on its way.
    SessionEnd,
    /// There was a margin call.
    MarginCall,
    /// All is lost.
    Ruined,
    /// There were more orders in one instant, or fills in one bar, than anyone means.
    TooMany,
    /// An entry on its way, or that rested: before an event nothing is entered.
    Blackout,
    /// It is beyond a limit, and is not cut to it now: an order of its own is on its way.
    OnTheWay,
}

/// A fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fill {
    pub(crate) row: usize,
    /// Units, below 0 for a sale.
    pub(crate) units: f64,
    /// The market's price.
    pub(crate) raw: f64,
    /// What was paid or received for each.
    pub(crate) price: f64,
    pub(crate) fee: f64,
    pub(crate) cash_after: f64,
    pub(crate) units_after: f64,
    pub(crate) cause: Cause,
    /// At the bar's open (0), within it (1), at its close (2).
    pub(crate) phase: u8,
    /// Whether the bar could not decide it.
    pub(crate) is_ambiguous: bool,
    /// The row in which it was decided.
    pub(crate) signal_row: usize,
    /// How strong the entry was; NaN where nobody asked.
    pub(crate) strength: f64,
}

/// Takes what happens.
pub(crate) trait Record {
    /// Something was filled.
    fn fill(&mut self, fill: &Fill);
    /// The last fill was at a time within its bar that is known.
    fn at(&mut self, _time: i64) {}
    /// An order was refused or made smaller.
    fn refuse(&mut self, row: usize, side: f64, why: Refusal);
    /// Money was paid for holding a position.
    fn carry(&mut self, row: usize, money: f64);
    /// A bar did not say which of two ways an open position went.
    fn undecided(&mut self, row: usize);
}

/// Keeps nothing.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Record for Nothing {
    #[inline]
    fn fill(&mut self, _: &Fill) {}
    #[inline]
    fn refuse(&mut self, _: usize, _: f64, _: Refusal) {}
    #[inline]
    fn carry(&mut self, _: usize, _: f64) {}
    #[inline]
    fn undecided(&mut self, _: usize) {}
}
