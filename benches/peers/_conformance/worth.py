"""How far worth is apart, bar by bar, where the definitions agree."""

import numpy as np

from .reasons import SIZES


def worth_apart(case, pairs):
    """The farthest that worth is apart, relative, and the share of bars that it was compared on.

    Up to the first trade that differs it is worth itself. From there on it is what worth does from bar to bar outside
    of trades that differ: in money where units are fixed, of worth where they are a share of it. In trades of the same
    rows and another size it is what worth does for each unit, of the price.
    """
    n_rows = len(case.ours.equity)
    hidden = np.zeros(n_rows, dtype=bool) if case.theirs.hidden is None else case.theirs.hidden
    first = min((p.entry_row for p in pairs), default=n_rows)
    rows = np.arange(n_rows)
    before = (rows < first) & ~hidden
    ours, theirs = case.ours.equity, case.theirs.equity
    worst = (np.abs(ours - theirs) / np.maximum(np.abs(ours), np.abs(theirs)))[before].max(initial=0.0)
    scales = _scales(case, pairs)
    # A step leads from one row to the next: what is booked late at either end, or one before, is another's.
    late = hidden | np.r_[False, hidden[:-1]] | np.r_[False, False, hidden[:-2]]
    after = (rows > first) & ~late & ~np.isnan(scales[0])
    steps = [np.r_[np.nan, np.diff(worth)][after] / scale[after] for worth, scale in zip((ours, theirs), scales)]
    worst = max(worst, np.abs(steps[0] - steps[1]).max(initial=0.0))
    return worst, (before.sum() + after.sum()) / n_rows


def _scales(case, pairs):
    """What each step of worth is divided by, for us and for them; NaN where steps cannot be compared."""
    n_rows, is_share = len(case.ours.equity), case.plan.fraction is not None
    ours, theirs = (np.r_[np.nan, run.equity[:-1]] for run in (case.ours, case.theirs))
    scales = [ours, theirs if is_share else ours.copy()]
    n_held = np.zeros(n_rows, dtype=int)
    for pair in pairs:
        start, end = pair.rows(n_rows)
        n_held[start : end + 1] += 1
        # A spread is paid at other times: only the bars between are alike.
        inner = slice(start + 1, end) if pair.rule == "spread_at_entry" else slice(start, end + 1)
        for scale, trade in zip(scales, (pair.ours, pair.theirs)):
            scale[start : end + 1] = np.nan
            if pair.rule in SIZES:
                scale[inner] = trade.units * pair.ours.entry_price
    for scale in scales:
        scale[n_held > 1] = np.nan
    return scales
