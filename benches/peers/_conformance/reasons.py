"""The rules that explain a trade that differs: why, in the page's words, and where the rule stands."""

TEXTS = {
    "entry_bar": (
        "the level was met in the bar of the entry: ours rests from the fill on; vectorbt takes one signal a bar, "
        "and its stops begin in the bar after",
        "simulation.md, What rests; vectorbt, `StopEntryPrice`",
    ),
    "told_late": (
        "the level was met in the bar of the entry: ours is known with the price paid and rests at once; a "
        "strategy of backtesting.py learns that price at the bar's close",
        "simulation.md, What rests; backtesting.py, `Trade.sl`",
    ),
    "gap_past_level": (
        "the open of the entry was past the stop or the target already: ours does not rest in that bar; "
        "backtesting.py fills it at once at the same open",
        "simulation.md, What rests",
    ),
    "open_is_first": (
        "the bar opened past the target and met the stop later: ours is filled at the open, the first price of "
        "the bar's path; the peer lets the stop come first",
        "simulation.md, What rests (a target fills at the open where that gaps in its favour)",
    ),
    "stop_before_open": (
        "an exit was due at the open of a bar that met a level later: ours leaves at the open; vectorbt lets "
        "every stop come before every other signal of its bar",
        "simulation.md, Time, 1 and 4; vectorbt, `StopExitPrice`",
    ),
    "one_fill_a_bar": (
        "the peer left by a stop in this bar, and has one fill a bar: ours left at the open and was turned round",
        "simulation.md, Time, 1; vectorbt, `StopExitPrice`",
    ),
    "peak_of_entry_bar": (
        "the highest price since the entry was in the bar of the entry: ours counts that bar, as the position was "
        "open in it; vectorbt's peak begins at the price paid and takes in the bars after",
        "simulation.md, The position's fields (`pos.high`)",
    ),
    "spread_at_entry": (
        "backtesting.py charges the whole spread at the entry and none at the exit; ours half on each side",
        "simulation.md, Prices; backtesting.py, `Backtest(spread=)`",
    ),
    "whole_units": (
        "backtesting.py buys whole units of its own worth; ours has no lot here",
        "simulation.md, Sizes; backtesting.py, `Order.size`",
    ),
    "share_of_worth": (
        "rows and prices are equal, and the size is the same share of a worth that an earlier difference has "
        "moved apart",
        "simulation.md, Sizes",
    ),
    "last_bar": (
        "due at the close of the last bar: ours is filled there; backtesting.py fills at a close when it sees the "
        "next bar, and there is none",
        "simulation.md, Time, 5 and 9; backtesting.py, `Backtest(trade_on_close=)`",
    ),
    "cut_session": (
        "the bars of a session stop before its end: ours is flat at the bar that ends with the session by the "
        "calendar, and where none does at the next open; the peer was told the last bar that there is, which nobody "
        "knows before",
        "simulation.md, Time, 6 and below",
    ),
    "tie": (
        "two averages are equal in decimals, and rounding decides whether they cross; they are summed in other "
        "orders",
        "the input, not the simulation",
    ),
    "follows": (
        "the other side was still in a trade that differs by one of the rules above, or was out of it already",
        "simulation.md, Decisions",
    ),
    "unexplained": (
        "no rule explains it",
        "",
    ),
}

# Rules of trades that were in the same rows at the market's same prices.
SIZES = {"share_of_worth", "spread_at_entry", "whole_units"}
