"""Why a trade differs: each rule is a question to the bars of that trade, and to the two runs.

A rule explains a trade only where the bars say that it had to come so: the levels are worked out here from the plan and
the bars, and both sides' prices must be those that their rules give. The first rule that holds is the reason.
"""

import math
from fractions import Fraction

import numpy as np

from .match import is_near
from .plan import mean


def is_sound(q, tied):
    """Whether our trade is what the plan asks for: its signal, the prices of market orders, and what it came to."""
    trade, plan, half = q.ours, q.plan, q.plan.half_spread
    is_raw = q.case.peer == "backtesting.py" and not plan.spread_is_said
    paid, fee = (0.0, plan.fee + half) if is_raw else (half, plan.fee)
    signals = q.case.asked.long if trade.side > 0 else q.case.asked.short
    if plan.limit is None:
        at = q.open if plan.fill == "next_open" else q.close
        decided = trade.entry_row - (0 if plan.fill == "signal_close" else 1)
        is_asked = signals[decided] or tied[decided] or tied[max(decided - 1, 0)]
        if not is_asked or not is_near(trade.entry_price, at[trade.entry_row] * (1 + trade.side * paid)):
            return False
    if trade.exit_row is None:
        return True
    market = trade.exit_price / (1 - trade.side * paid)
    reach = 1e-9 * market
    is_inside = q.low[trade.exit_row] - reach <= market <= q.high[trade.exit_row] + reach
    turned = trade.entry_price + trade.exit_price
    gain = trade.units * (trade.side * (trade.exit_price - trade.entry_price) - fee * turned)
    return is_inside and is_near(trade.pnl, gain, of=trade.entry_price * trade.units)


class Question:
    """What rules ask of one pair: its levels, and what its bars did."""

    def __init__(self, case, pair):
        self.case, self.plan, self.pair = case, case.plan, pair
        self.ours, self.theirs = pair.ours, pair.theirs
        self.open, self.high, self.low = (case.column(f) for f in ("open", "high", "low"))
        self.close = case.column("close")

    def levels(self):
        """The stop and the target of the entry, if there are."""
        plan, trade = self.plan, self.ours
        if plan.stop is None:
            return None, None
        base = self.close[trade.entry_row - 1] if plan.stop_from == "signal" else trade.entry_price
        if plan.trail == "high":
            base = trade.entry_price
        far = plan.stop_of(self.case.series)
        target = None if plan.target is None else base * (1 + trade.side * far * plan.target)
        return base * (1 - trade.side * far), target

    def is_past(self, price, level, side):
        """Whether a price is at a level or beyond: `side` 1 below it, -1 above."""
        return level is not None and side * (level - price) >= 0

    def meets(self, row, level, side):
        """Whether a bar reaches a level from above (1) or from below (-1)."""
        return self.is_past(self.low[row] if side > 0 else self.high[row], level, side)


def entry_bar(q):
    """We left in the bar of the entry, at a level that the bar met and its open did not; the peer was still in."""
    a, b = q.ours, q.theirs
    if a.exit_row != a.entry_row or b.last_row <= a.exit_row:
        return False
    stop, target = q.levels()
    for level, side in ((stop, a.side), (target, -a.side)):
        if level is not None and is_near(a.exit_price, level):
            return q.meets(a.entry_row, level, side) and not q.is_past(q.open[a.entry_row], level, side)
    return False


def gap_past_level(q):
    """The peer was out at the entry's own open, which was past a level; we were still in."""
    a, b = q.ours, q.theirs
    if b.exit_row != b.entry_row or a.last_row < b.exit_row or not is_near(b.exit_price, q.open[b.entry_row]):
        return False
    stop, target = q.levels()
    return q.is_past(q.open[b.entry_row], stop, a.side) or q.is_past(q.open[b.entry_row], target, -a.side)


def open_is_first(q):
    a, b = q.ours, q.theirs
    stop, target = q.levels()
    if target is None or a.exit_row is None or a.exit_row != b.exit_row:
        return False
    at = q.open[a.exit_row]
    is_ours = is_near(a.exit_price, at) and q.is_past(at, target, -a.side)
    return is_ours and is_near(b.exit_price, stop) and q.meets(a.exit_row, stop, a.side)


def stop_before_open(q):
    """Our exit was decided in the row before and filled at the open; theirs at a level that the same bar met."""
    a, b = q.ours, q.theirs
    if a.exit_row is None or a.exit_row != b.exit_row or not is_near(a.exit_price, q.open[a.exit_row]):
        return False
    out = q.case.asked.out_long if a.side > 0 else q.case.asked.out_short
    if not out[a.exit_row - 1]:
        return False
    levels = [(level, side) for level, side in zip(q.levels(), (a.side, -a.side)) if level is not None]
    return any(is_near(b.exit_price, level) and q.meets(a.exit_row, level, side) for level, side in levels)


def one_fill_a_bar(q):
    """We entered at the open of a bar in which the peer's trade of the other side ended by a level."""
    a = q.ours
    for b in q.case.theirs.trades:
        if b.exit_row == a.entry_row and b.side == -a.side:
            far = q.plan.stop_of(q.case.series)
            base = q.close[b.entry_row - 1] if q.plan.stop_from == "signal" else b.entry_price
            levels = [(base * (1 - b.side * far), b.side), (base * (1 + b.side * far * q.plan.target), -b.side)]
            return any(q.meets(a.entry_row, level, side) for level, side in levels)
    return False


def peak_of_entry_bar(q):
    """Both prices are those of the two peaks, and ours is higher because of the bar of the entry."""
    far, (a, b) = q.plan.stop_of(q.case.series), (q.ours, q.theirs)

    def filled(trade, first):
        if trade.exit_row is None:
            return True
        peak = max(trade.entry_price, q.high[trade.entry_row + first : trade.exit_row].max(initial=0.0))
        return is_near(trade.exit_price, min(q.open[trade.exit_row], peak * (1 - far)))

    until = min(a.last_row, b.last_row, len(q.open) - 1)
    after = q.high[a.entry_row + 1 : until].max(initial=a.entry_price)
    is_higher = a.exit_row != a.entry_row and q.high[a.entry_row] > max(after, a.entry_price)
    return is_higher and filled(a, 0) and filled(b, 1)


def pays_spread(q):
    """Their entry is at the market's price with the whole spread."""
    b = q.theirs
    return q.plan.spread_is_said and is_near(b.entry_price, q.open[b.entry_row] * (1 + b.side * 2 * q.plan.half_spread))


def spread_at_entry(q):
    """Same rows; their prices are the market's with the whole spread at the entry."""
    a, b = q.ours, q.theirs
    if q.case.peer != "backtesting.py" or a.exit_row != b.exit_row or not pays_spread(q):
        return False
    if b.exit_row is None:
        return True
    gain = b.side * (b.exit_price - b.entry_price) * b.units
    return is_near(b.exit_price, q.open[b.exit_row]) and is_near(b.pnl, gain, of=b.entry_price)


def _bought(q, run, row):
    """The units that the plan's share of worth at a row's close buys at the entry's price, fee included."""
    return q.plan.fraction * run.equity[row] / (q.ours.entry_price * (1 + q.plan.fee))


def _is_whole(q):
    """Theirs is a share of their worth in whole units. A fee at a close is in their worth one bar later."""
    row = q.ours.entry_row - (1 if q.plan.fill == "next_open" else 0)
    return q.theirs.units == math.floor(_bought(q, q.case.theirs, row) * (1 + 1e-12))


def _is_share(q):
    return is_near(q.theirs.units, _bought(q, q.case.theirs, q.ours.entry_row - 1))


def size(q):
    """Whether the sizes are equal, or by which rule they are not; nothing if by none."""
    if is_near(q.ours.units, q.theirs.units):
        return "equal"
    if q.plan.fraction is None or q.plan.lot is not None:
        return None
    if not is_near(q.ours.units, _bought(q, q.case.ours, q.ours.entry_row - 1)):
        return None
    if q.case.peer == "backtesting.py":
        return "whole_units" if _is_whole(q) else None
    return "share_of_worth" if _is_share(q) else None


def last_bar(q):
    """Ours was filled at the last close, and theirs never."""
    last = len(q.open) - 1
    a, b = q.ours, q.theirs
    if q.case.peer != "backtesting.py" or q.plan.fill == "next_open" or a is None:
        return False
    if b is None:
        return a.entry_row == last
    return a.exit_row == last and b.exit_row is None


def cut_session(q):
    """They left at the last bar of a session that should have gone on; we did not."""
    a, b, series = q.ours, q.theirs, q.case.series
    if not q.plan.is_flat_at_end or b.exit_row is None or a.last_row <= b.exit_row:
        return False
    return bool(series.last_of_session()[b.exit_row]) and not series.ends_session(b.exit_row)


def ties(plan, close):
    """Rows in which the plan's averages are equal in decimals, though doubles may tell them apart."""
    rows = np.zeros(len(close), dtype=bool)
    if plan.averages is None:
        return rows
    means = [mean(close, period) for period in plan.averages]
    for row in np.flatnonzero(np.abs(means[0] - means[1]) < 1e-9 * close):
        exact = [sum(Fraction(repr(x)) for x in close[row - n + 1 : row + 1].tolist()) / n for n in plan.averages]
        rows[row] = exact[0] == exact[1]
    return rows


def tie(q, tied):
    """A decision of either was made in a row of a tie, or in the one after, where a crossing looks back at it."""
    delay = 0 if q.plan.fill == "signal_close" else 1
    a, b = q.ours, q.theirs
    rows = [t.entry_row for t in (a, b) if t is not None and (a is None or b is None)]
    if a is not None and b is not None:
        rows = [t.exit_row for t in (a, b) if t.exit_row is not None]
    return any(tied[max(row - delay - back, 0)] for row in rows for back in (0, 1))
