"""Bars of so many trades, shares or dollars, by a plain walk over whole numbers.

Prices are counted in quarters and thresholds in fractions, so nothing is rounded. The same numbers come out of
mlfinpy 0.1.2 (get_tick_bars and its like), which is no part of the peers' Python because it wants an older NumPy.
"""

from fractions import Fraction

from _common_data import uniforms
from _common import write_golden

N = 4000
CASES = [
    ("ticks", Fraction(7)),
    ("ticks", Fraction(64)),
    ("volume", Fraction(333)),
    ("volume", Fraction(201, 2)),
    ("dollars", Fraction(1234567, 10)),
    ("dollars", Fraction(50000)),
]


def trades():
    """Time, price in quarters, size."""
    u, at, quarters, rows = uniforms(2013), 0, 6400, []
    for _ in range(N):
        wait, step, size = (next(u) for _ in range(3))
        at += int(wait * 3)
        quarters += int(step * 3) - 1
        rows.append((at, quarters, 1 + int(size * size * 60)))
    return rows


def bars(kind, threshold):
    held, gathered = [], Fraction(0)
    for trade in trades():
        held.append(trade)
        gathered += {"ticks": 1, "volume": trade[2], "dollars": Fraction(trade[1], 4) * trade[2]}[kind]
        if gathered >= threshold:
            yield held
            held, gathered = [], Fraction(0)


if __name__ == "__main__":
    names = ["kind", "threshold", "opened", "known", "open", "high", "low", "close", "volume", "trades"]
    columns = {name: [] for name in names}
    for kind, threshold in CASES:
        for held in bars(kind, threshold):
            prices = [quarters / 4 for _, quarters, _ in held]
            row = [kind, float(threshold), held[0][0], held[-1][0], prices[0], max(prices), min(prices), prices[-1]]
            for name, value in zip(names, [*row, sum(size for *_, size in held), len(held)]):
                columns[name].append(value)
    write_golden(
        "data/activity_bars.csv",
        generator=__file__,
        source="Python fractions, agrees with mlfinpy 0.1.2",
        tolerance="exact",
        parameters={"seed": 2013, "n": N},
        columns=columns,
    )
