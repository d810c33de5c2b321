"""Runs with a trade that was made wrong on purpose: the comparison must find each, and no rule may explain it."""

from dataclasses import replace

from .explain import MOVES_NOTHING, explain
from .match import Case, paired
from .plan import Run


def _wrongs(trade, n_rows):
    yield "a price", replace(trade, entry_price=trade.entry_price * (1 + 1e-7))
    yield "a size", replace(trade, units=trade.units * (1 + 1e-6))
    yield "the side", replace(trade, side=-trade.side)
    yield "left out", None
    if trade.exit_row is None:
        return
    yield "an exit's price", replace(trade, exit_price=trade.exit_price * (1 + 1e-7))
    yield "what it came to", replace(trade, pnl=trade.pnl + 1e-6 * trade.entry_price * trade.units)
    if trade.exit_row + 1 < n_rows:
        yield "left a bar later", replace(trade, exit_row=trade.exit_row + 1)


def unnoticed(case, pairs):
    """Makes a trade of ours wrong that is in the rows of theirs: how often, and the names of what was not found."""
    moved = [pair.rows(len(case.ours.equity)) for pair in pairs if pair.rule not in MOVES_NOTHING]
    alone = [
        i
        for i, t in enumerate(case.ours.trades)
        if all(end < t.entry_row - 1 or start > t.last_row + 1 for start, end in moved)
    ]
    if not alone:
        return 0, []
    at = alone[len(alone) // 2]
    tried, missed = 0, []
    for name, wrong in _wrongs(case.ours.trades[at], len(case.ours.equity)):
        trades = [*case.ours.trades[:at], *([] if wrong is None else [wrong]), *case.ours.trades[at + 1 :]]
        other = Case(case.plan, case.series, case.peer, case.asked, Run(trades, case.ours.equity), case.theirs)
        _, found = paired(other)
        explain(other, found)
        tried += 1
        if not any(pair.rule == "unexplained" for pair in found):
            missed.append(f"{case.plan.name} on {case.series.name}, {case.peer}: {name}")
    return tried, missed
