"""The page: what was run, trades and worth at a glance, differences by rule, and rows of trades that differ."""

import csv
from collections import Counter, defaultdict

from .kept import COLUMNS
from .met import MET
from .reasons import SIZES, TEXTS

# Rows that are shown in full: all that no rule explains, and of each rule and peer the first, from many series.
SHOWN = 56


def text(results, series, plans, versions, files, tried):
    """The whole page as Markdown. `files` are the names of the file that is kept and of the other, if they are."""
    parts = [_head(versions, *files), _series(series), _plans(plans, results), _glance(results, series, plans)]
    parts += [_met(results), _rules(results, tried), _rows(results, files[0])]
    return "\n".join(parts)


def _table(head, rows, numbers=()):
    bars = ["---:" if i in numbers else "---" for i in range(len(head))]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, bars, *rows]) + "\n"


_ABOUT = """\
The same strategies over the same bars by us and by other backtesters, as black boxes, trade by trade and bar by
bar. Ours are the files in `benches/peers/conformance/`; the peers are told the same in their own words
(`benches/peers/_conformance/plan.py`), with indicators of numpy, pandas and TA-Lib. A trade is *equal* when it is
entered and left in the same bars, on the same side, with prices and size within 1e-9, and what a unit came to
within 1e-9 of the price paid. Of each trade that is not, a rule must explain why: a question to the bars of that
trade (`_conformance/rules.py`); and our trade must be what the strategy asks for. The command fails where no rule
explains a trade, or where worth is farther than 1e-9 apart.
"""

_REAL = """\
Real prices are from public repositories and packages, and are no part of this one.
"""

_NOT_RUN = """\
Not run: orders that rest to enter by vectorbt, which has none; `session_end` on daily bars, each of which ends a
session; stops, limits, spreads and shares of worth by Nautilus, which was matched for market orders of units.
Nautilus fills an order of a bar at that bar's close; with a latency, by the next event, which is the next bar's
close, or a trade at the next open where one is told beside the bars.
"""

_GLANCE = """\
One number: as many trades, all equal. Else ours / theirs / equal, and in brackets how many more were in the same
bars at the same prices of the market, and differ in size or in when a spread is charged. *Worth apart* is the
farthest over the series, bar by bar: of worth itself, relative, up to the first trade that differs; from there on
of what it does from bar to bar outside of trades that differ, and for each unit in those that differ in size alone.
*Bars* is the share of bars that this is, of the series with the least; bars of fills at a close with a fee are not
compared where a peer books that fee with the next bar.
"""

_TRIED = """\
To see that rules do not explain anything whatever, {tried:,} trades of ours were made wrong on purpose, one at a
time (a price, the size, the side, the bar of the exit, what it came to, or left out): none was explained.
"""


_KEPT = """\
All {n_all:,} are in [{name}]({name}), one row for each, sorted. They hold no price, size
or money, as those of real series may not be kept here, but how far apart the two sides are, with at most four digits
that count: 0 is what is equal as above, and a field is empty where a side has no trade.
"""


_UNITS = """\
Side, size, entry, exit and what it came to.
Of real series the first trade's entry price is told as 100 and its size as 100, and all else in these. Times are UTC.
"""


def _head(versions, kept_name, rows_name):
    told = ", ".join(f"{name} {version}" for name, version in versions)
    made = "Made by `cargo xtask conformance`; do not edit."
    if kept_name:
        made += f" It writes every trade that differs to [{kept_name}]({kept_name}), without prices"
        made += f", and to `{rows_name}`, which is not kept, with all of them." if rows_name else "."
    return f"# Conformance\n\n{made}\n\n{told}.\n\n{_ABOUT}"


def _series(series):
    rows = [(s.name, s.about, f"{len(s.bars):,}", s.span()) for s in series]
    lines = ["## Series\n", _table(["series", "what it is", "bars", "first and last day"], rows, {2})]
    if not any(s.is_real for s in series):
        lines.append("The real series are left out: their data were not there.\n")
    else:
        lines.append(_REAL)
    return "\n".join(lines)


def _plans(plans, results):
    ran = {(r.case.plan.name, r.case.peer) for r in results}
    peers = list(dict.fromkeys(r.case.peer for r in results))
    rows = [(f"`{p.name}`", p.says, ", ".join(x for x in peers if (p.name, x) in ran)) for p in plans]
    return "\n".join(["## Strategies\n", _table(["strategy", "what it tries", "run by us and by"], rows), _NOT_RUN])


def _glance(results, series, plans):
    lines = ["## At a glance\n", _GLANCE]
    for peer in dict.fromkeys(r.case.peer for r in results):
        lines.append(f"### {peer}\n")
        of = {(r.case.plan.name, r.case.series.name): r for r in results if r.case.peer == peer}
        rows = []
        for plan in plans:
            mine = [of[plan.name, s.name] for s in series if (plan.name, s.name) in of]
            if not mine:
                continue
            cells = [_cell(of.get((plan.name, s.name))) for s in series]
            worst, least = max(r.apart for r in mine), min(r.share for r in mine)
            rows.append((f"`{plan.name}`", *cells, "0" if worst == 0 else f"{worst:.1e}", f"{least:.0%}"))
        head = ["strategy", *(s.name for s in series), "worth apart", "bars"]
        lines.append(_table(head, rows, set(range(1, len(head)))))
    return "\n".join(lines)


def _cell(result):
    if result is None:
        return ""
    ours, theirs, n_equal = len(result.case.ours.trades), len(result.case.theirs.trades), result.n_equal
    if ours == theirs == n_equal:
        return f"{ours}"
    sized = sum(p.rule in SIZES for p in result.pairs)
    return f"{ours} / {theirs} / {n_equal}" + (f" (+{sized})" if sized else "")


def _met(results):
    peers = list(dict.fromkeys(r.case.peer for r in results))
    counts = {peer: Counter() for peer in peers}
    for r in results:
        counts[r.case.peer].update(r.met)
    rows = [(said, *(f"{counts[p][key]:,}" for p in peers)) for key, said in MET.items()]
    rows.append(("**all equal trades**", *(f"{sum(r.n_equal for r in results if r.case.peer == p):,}" for p in peers)))
    head = ["what equal trades went through", *peers]
    return "## What was met\n\n" + _table(head, rows, set(range(1, len(head))))


def _rules(results, tried):
    counts = Counter((p.rule, r.case.peer) for r in results for p in r.pairs)
    peers = list(dict.fromkeys(r.case.peer for r in results))
    rows = []
    for rule, (why, where) in TEXTS.items():
        if rule == "unexplained" or any(counts[rule, p] for p in peers):
            rows.append((f"`{rule}`", *(f"{counts[rule, p]:,}" for p in peers), why, where))
    head = ["rule", *peers, "why", "where it stands"]
    told = _TRIED.format(tried=tried)
    return "## Differences by rule\n\n" + _table(head, rows, set(range(1, 1 + len(peers)))) + "\n" + told


def _rows(results, kept_name):
    shown = _chosen(results)
    rows = [
        (f"`{r.case.plan.name}`", r.case.series.name, r.case.peer, *_both(r, p), f"`{p.rule}`")
        for r, p in shown
    ]
    n_all = sum(len(r.pairs) for r in results)
    head = ["strategy", "series", "peer", "ours", "theirs", "rule"]
    lead = f"{len(rows)} of {n_all:,}: of each rule and peer the first of some series. {_UNITS}"
    kept = ""
    if kept_name:
        columns = _table(["column", "what it holds"], [(f"`{name}`", said) for name, said in COLUMNS.items()])
        kept = f"{_KEPT.format(n_all=n_all, name=kept_name)}\n{columns}\n"
    return f"## Trades that differ\n\n{kept}{lead}\n" + _table(head, rows)


def _chosen(results):
    """Rows to be shown: of each rule and peer in turn one, if possible of a series not shown for it yet."""
    groups = defaultdict(list)
    for r in results:
        for place, pair in enumerate(r.pairs):
            groups[pair.rule, r.case.peer].append((place, r, pair))
    unexplained = [(r, p) for key, group in groups.items() if key[0] == "unexplained" for _, r, p in group]
    for group in groups.values():
        seen = Counter()
        ranks = []
        for place, r, pair in group:
            seen[r.case.series.name] += 1
            ranks.append((seen[r.case.series.name], not r.case.series.is_real, place))
        group[:] = [item for _, item in sorted(zip(ranks, group), key=lambda x: x[0])]
    order = [key for rule in TEXTS for key in groups if key[0] == rule and rule != "unexplained"]
    picked = defaultdict(list)
    turn = 0
    while sum(map(len, picked.values())) < SHOWN and any(len(groups[key]) > turn for key in order):
        for key in order:
            if len(groups[key]) > turn and sum(map(len, picked.values())) < SHOWN:
                picked[key].append(groups[key][turn][1:])
        turn += 1
    return unexplained + [item for key in order for item in picked[key]]


def _both(result, pair):
    """Two trades as they are told; of a real series in shares of the first's entry price and size."""
    first = pair.ours or pair.theirs
    price, units = (first.entry_price, first.units) if result.case.series.is_real else (100.0, 100.0)
    return [_told(result, trade, price / 100, units / 100) for trade in (pair.ours, pair.theirs)]


def _told(result, trade, price, units):
    if trade is None:
        return "none"
    way = "long" if trade.side > 0 else "short"
    when = result.case.series.when
    start = f"{way} {_number(trade.units / units)}, {when(trade.entry_row)} at {_number(trade.entry_price / price)}"
    if trade.exit_row is None:
        return f"{start}, open"
    won = _number(trade.pnl / (price * units))
    return f"{start}, to {when(trade.exit_row)} at {_number(trade.exit_price / price)}: {won}"


def _number(x):
    return f"{x + 0.0:.8g}"


def write_rows(path, results):
    """Every trade that differs, with all digits."""
    fields = ["entry_row", "exit_row", "side", "units", "entry_price", "exit_price", "pnl"]
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        sides = [f"{who}_{field}" for who in ("ours", "theirs") for field in fields]
        out.writerow(["strategy", "series", "peer", "rule", "entry_time", *sides])
        for r in results:
            for pair in r.pairs:
                told = [getattr(t, field, None) for t in (pair.ours, pair.theirs) for field in fields]
                time = r.case.series.bars.index[pair.entry_row].isoformat()
                out.writerow([r.case.plan.name, r.case.series.name, r.case.peer, pair.rule, time, *told])
