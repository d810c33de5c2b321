"""Puts two runs side by side: trades by the row and side of their entry, worth bar by bar."""

from dataclasses import dataclass

from .plan import Plan, Run, Signals, Trade
from .series import Series

# Of prices, units and worth, relative; of what a trade came to, of the value that was bought.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Case:
    """One plan on one series by us and by one peer."""

    plan: Plan
    series: Series
    peer: str
    asked: Signals
    ours: Run
    theirs: Run

    def column(self, field):
        return self.series.bars[field].to_numpy()


@dataclass
class Pair:
    """A trade of both, or of one of us alone, and the rule that explains why they differ."""

    ours: Trade | None
    theirs: Trade | None
    rule: str = ""

    @property
    def entry_row(self):
        return (self.ours or self.theirs).entry_row

    def rows(self, n_rows):
        """The rows in which either holds it."""
        held = [t for t in (self.ours, self.theirs) if t is not None]
        return min(t.entry_row for t in held), min(max(t.last_row for t in held), n_rows - 1)


def is_near(a, b, of=None):
    return abs(a - b) <= TOLERANCE * (max(abs(a), abs(b)) if of is None else of)


def has_same_path(a, b):
    """Entered and left in the same rows at the same prices."""
    if a.exit_row != b.exit_row or not is_near(a.entry_price, b.entry_price):
        return False
    return a.exit_row is None or is_near(a.exit_price, b.exit_price)


def has_same_gain(a, b):
    """What a unit came to; an open trade has come to nothing yet."""
    if a.pnl is None or b.pnl is None:
        return a.pnl is b.pnl
    return is_near(a.pnl / a.units, b.pnl / b.units, of=a.entry_price)


def is_equal(a, b):
    return has_same_path(a, b) and is_near(a.units, b.units) and has_same_gain(a, b)


def paired(case):
    """How many trades are equal, and the pairs that are not, in order."""
    theirs = {}
    for trade in case.theirs.trades:
        theirs.setdefault((trade.entry_row, trade.side), []).append(trade)
    n_equal, pairs = 0, []
    for trade in case.ours.trades:
        met = theirs.get((trade.entry_row, trade.side))
        other = met.pop(0) if met else None
        if other is not None and is_equal(trade, other):
            n_equal += 1
        else:
            pairs.append(Pair(trade, other))
    pairs += [Pair(None, trade) for left in theirs.values() for trade in left]
    return n_equal, sorted(pairs, key=lambda p: (p.entry_row, p.ours is None))
