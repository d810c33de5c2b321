"""The file that is kept beside the page: a row for each trade that differs, without a price, a size or money.

Real prices may not be kept here, so it says how far apart two trades are, and not where they were.
"""

import csv
import re
from collections import Counter

import numpy as np

from .match import is_near

# Under its name: what a column holds, in the page's words.
COLUMNS = {
    "strategy": "as above",
    "series": "as above",
    "peer": "as above",
    "entry": "the bar of the entry, of both: trades are compared that were entered in the same bar on the same side",
    "side": "`long` or `short`, of both",
    "our_exit": "the bar in which ours was left, `open` if it never was; empty without a trade of ours",
    "their_exit": "the same of theirs, `=` if it is that of ours",
    "differs": "`only ours`, `only theirs`; `left later`, `left earlier`: theirs was; else `prices`, `exit price`, "
    "`size`: the first of these that differs",
    "entry_bps": "how much higher theirs was entered, in basis points of our entry's price",
    "exit_bps": "how much higher theirs was left, in basis points of our entry's price too; empty where one is open",
    "size_pct": "how much larger theirs was, in per cent of our size",
    "rule": "as above",
}


def write(path, results):
    """Writes the rows of all results, in the order of their text."""
    rows = sorted(_row(r.case, pair) for r in results for pair in r.pairs)
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(rows)


def _row(case, pair):
    a, b = pair.ours, pair.theirs
    entered = case.series.when(pair.entry_row), "long" if (a or b).side > 0 else "short"
    ours, theirs = _left(case, a), _left(case, b)
    apart = _apart(a, b) if a is not None and b is not None else ("", "", "")
    left = ours, "=" if ours == theirs else theirs
    return case.plan.name, case.series.name, case.peer, *entered, *left, _differs(a, b), *apart, pair.rule


def _left(case, trade):
    if trade is None:
        return ""
    return "open" if trade.exit_row is None else case.series.when(trade.exit_row)


def _differs(a, b):
    if a is None or b is None:
        return "only theirs" if a is None else "only ours"
    if a.exit_row != b.exit_row:
        return "left later" if b.last_row > a.last_row else "left earlier"
    if not is_near(a.entry_price, b.entry_price):
        return "prices"
    if a.exit_row is not None and not is_near(a.exit_price, b.exit_price):
        return "exit price"
    # What a unit came to is explained by no rule: the command fails.
    return "gain" if is_near(a.units, b.units) else "size"


def _apart(a, b):
    """How far theirs is from ours: the entry's price, the exit's, the size."""
    out = ""
    if a.exit_row is not None and b.exit_row is not None:
        out = _share(a.exit_price, b.exit_price, a.entry_price / 1e4)
    return _share(a.entry_price, b.entry_price, a.entry_price / 1e4), out, _share(a.units, b.units, a.units / 100)


def _share(a, b, unit):
    """From `a` to `b` in units, with at most four digits that count; 0 is what the comparison calls equal."""
    if is_near(a, b):
        return "0"
    return np.format_float_positional((b - a) / unit, precision=4, unique=False, fractional=False, trim="-")


def disagreements(path, text):
    """Where the kept file does not hold the rows that the page counts: all of them, and those of each rule and peer."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    stated = re.findall(r"^\d+ of ([\d,]+):", text, re.MULTILINE)
    if stated != [f"{len(rows):,}"]:
        yield f"{path} holds {len(rows):,} rows, and the page states {' and '.join(stated) or 'no number'}"
    counts = Counter((row["rule"], row["peer"]) for row in rows)
    told = _counted(text)
    for key in sorted({*counts, *told}):
        if counts[key] != told[key]:
            yield f"{path} holds {counts[key]:,} rows of {', '.join(key)}, and the page counts {told[key]:,}"


def _counted(text):
    """The page's own counts by rule and peer, read from its table."""
    section = text.split("## Differences by rule\n", 1)[1].split("\n## ", 1)[0]
    head, _, *lines = [line for line in section.splitlines() if line.startswith("|")]
    peers = _cells(head)[1:-2]
    return Counter(
        {
            (rule.strip("`"), peer): int(number.replace(",", ""))
            for rule, *numbers in map(_cells, lines)
            for peer, number in zip(peers, numbers)
        }
    )


def _cells(line):
    return [cell.strip() for cell in line.split("|")[1:-1]]
