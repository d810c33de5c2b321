"""What equal trades went through: a page of equal trades says little if nothing happened to them."""

from .match import Pair, is_equal, is_near
from .rules import Question

# Under its key: what it is, in the order of the page.
MET = {
    "closed": "left by an order at the market",
    "stop": "stopped at the level",
    "stop_gap": "stopped at the open, past the level",
    "target": "left at the target",
    "target_gap": "left at the open, past the target",
    "both": "met stop and target in one bar",
    "limit": "entered at the limit",
    "limit_gap": "entered at the open, better than the limit",
    "session": "closed with the session",
    "open": "still open at the end",
}


def count(case):
    """How many equal trades of a case went through each of these."""
    counts = dict.fromkeys(MET, 0)
    theirs = {(t.entry_row, t.side): t for t in case.theirs.trades}
    for trade in case.ours.trades:
        other = theirs.get((trade.entry_row, trade.side))
        if other is None or not is_equal(trade, other):
            continue
        for key in _met(Question(case, Pair(trade, other)), trade):
            counts[key] += 1
    return counts


def _met(q, trade):
    if q.plan.limit is not None:
        rows = range(trade.entry_row - q.plan.limit_bars, trade.entry_row)
        levels = [q.close[row] * (1 - q.plan.limit_of(q.case.series)) for row in rows if row >= 0]
        yield "limit" if any(is_near(trade.entry_price, level) for level in levels) else "limit_gap"
    if trade.exit_row is None:
        yield "open"
        return
    row, side = trade.exit_row, trade.side
    stop, target = _levels(q, trade)
    if stop is not None and target is not None and q.meets(row, stop, side) and q.meets(row, target, -side):
        yield "both"
    at = q.open[row]
    if q.is_past(at, stop, side) and is_near(trade.exit_price, at):
        yield "stop_gap"
    elif stop is not None and is_near(trade.exit_price, stop):
        yield "stop"
    elif q.is_past(at, target, -side) and is_near(trade.exit_price, at):
        yield "target_gap"
    elif target is not None and is_near(trade.exit_price, target):
        yield "target"
    elif q.plan.is_flat_at_end and q.case.series.last_of_session()[row]:
        yield "session"
    else:
        yield "closed"


def _levels(q, trade):
    """The levels as they stand in the bar of the exit: a trailing one has moved."""
    stop, target = q.levels()
    far = q.plan.stop_of(q.case.series) if q.plan.stop is not None else 0.0
    if q.plan.trail == "close":
        stop = q.close[trade.entry_row - 1 : trade.exit_row].max() * (1 - far)
    elif q.plan.trail == "high":
        peak = q.high[trade.entry_row : trade.exit_row].max(initial=trade.entry_price)
        stop = peak * (1 - far)
    return stop, target
