"""conformance: the same strategies by us, vectorbt, backtesting.py and Nautilus, trade by trade and bar by bar.

Thirteen strategies over real series of `--data`, where it is given, simulated ones and a drawn one. The peers are run
as black boxes; what they are told is in `_conformance/plan.py`, and no number of theirs comes from ours. A trade that
differs is explained by a rule, or fails the script; so does worth that is farther than 1e-9 apart.

Nautilus needs another pandas than vectorbt, and so a venv of its own: `--nautilus` names its Python. Without it the
others run. The page is written by `cargo xtask conformance`; without `--page` a summary is printed.
Run: cargo xtask conformance
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version

from _common import arguments, print_table
from _conformance import by_backtesting, by_vectorbt, kept, nautilus, ours, page, series
from _conformance.explain import explain
from _conformance.match import TOLERANCE, Case, Pair, paired
from _conformance.met import count
from _conformance.plan import PLANS
from _conformance.tamper import unnoticed
from _conformance.worth import worth_apart

SPECS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conformance")


@dataclass(frozen=True)
class Result:
    """One plan on one series by us and a peer, compared."""

    case: Case
    n_equal: int
    pairs: list[Pair]
    apart: float
    share: float
    met: dict[str, int] = field(default_factory=dict)


def add_options(parser):
    parser.add_argument("--data", metavar="DIR", help="the folder of the real series")
    parser.add_argument("--nautilus", metavar="PYTHON", help="a Python that has nautilus_trader")
    parser.add_argument("--page", metavar="FILE.md", help="write the page here")
    parser.add_argument("--kept", metavar="FILE.csv", help="write every trade that differs here, without prices")
    parser.add_argument("--rows", metavar="FILE.csv", help="write every trade that differs here, with all digits")


def compared(case):
    """Counts what is equal, and explains what is not."""
    n_equal, pairs = paired(case)
    explain(case, pairs)
    apart, share = worth_apart(case, pairs)
    return Result(case, n_equal, pairs, apart, share, count(case))


def run_plan(args, plan, one, words, folder, has_nautilus):
    """A plan on a series by us and by each peer that can say it."""
    # A commission of half of the spread stands for it at backtesting.py, whose prices are then the market's.
    is_raw = {"backtesting.py": plan.half_spread > 0 and not plan.spread_is_said}
    runs = {
        "vectorbt": lambda: by_vectorbt.run(plan, one),
        "backtesting.py": lambda: by_backtesting.run(plan, one),
        "nautilus": lambda: nautilus.run(args.nautilus, plan, one, folder),
    }
    asked = plan.asked(one)
    for peer in plan.peers:
        if peer != "nautilus" or has_nautilus:
            mine = ours.run(args.qe, SPECS, plan, one, words, folder, is_raw.get(peer, False))
            yield compared(Case(plan, one, peer, asked, mine, runs[peer]()))


def run_all(args, every, folder, has_nautilus):
    for one in every:
        words = series.write(one, folder)
        for plan in PLANS:
            if plan.is_flat_at_end and not one.is_intraday:
                continue
            yield from run_plan(args, plan, one, words, folder, has_nautilus)
        print(f"{one.name}: {len(one.bars):,} bars, done")


def versions(qe, found):
    told = subprocess.run([qe, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    peers = [("Quant Engine", told)]
    peers += [(name, version(name)) for name in ("vectorbt", "backtesting", "TA-Lib", "numpy", "pandas")]
    return peers + [("nautilus_trader", found or "was not installed, and is left out")]


def summary(results):
    for peer in dict.fromkeys(r.case.peer for r in results):
        mine = [r for r in results if r.case.peer == peer]
        rules = Counter(p.rule for r in mine for p in r.pairs)
        yield [
            peer,
            len(mine),
            sum(len(r.case.ours.trades) for r in mine),
            sum(len(r.case.theirs.trades) for r in mine),
            sum(r.n_equal for r in mine),
            sum(rules.values()),
            rules["unexplained"],
            max(r.apart for r in mine),
        ]


def write(args, results, text):
    """Writes the files that were asked for, and tells where the kept one does not hold what the page says of it."""
    if args.rows:
        page.write_rows(args.rows, results)
    if args.kept:
        kept.write(args.kept, results)
    if args.page:
        with open(args.page, "w") as file:
            file.write(text)
    return list(kept.disagreements(args.kept, text)) if args.kept else []


def failures(results, missed):
    """What must not be."""
    for r in results:
        name = f"{r.case.plan.name} on {r.case.series.name}, {r.case.peer}"
        for pair in r.pairs:
            if pair.rule == "unexplained":
                yield f"{name}: no rule explains\n    ours   {pair.ours}\n    theirs {pair.theirs}"
        if not r.apart <= TOLERANCE:
            yield f"{name}: worth is {r.apart:.3g} apart"
    yield from (f"a trade that was made wrong was explained: {name}" for name in missed)


def main():
    args = arguments(__doc__, add_options)
    found = nautilus.version(args.nautilus)
    if found is None:
        print("nautilus_trader is not there (--nautilus): left out")
    with tempfile.TemporaryDirectory(prefix="qe-conformance-") as folder:
        real = series.real(args.data)
        if not real:
            print("the real series are not there (--data): left out")
        every = real + series.simulated(args.qe, os.path.join(folder, "simulated"), args.seed)
        every.append(series.wild(args.seed))
        results = list(run_all(args, every, folder, found is not None))
    tried, missed = 0, []
    for result in results:
        n, names = unnoticed(result.case, result.pairs)
        tried, missed = tried + n, missed + names
    head = ["peer", "runs", "trades of ours", "theirs", "equal", "differ", "unexplained", "worth apart"]
    print_table(head, list(summary(results)))
    print(f"{tried} trades were made wrong on purpose, and {tried - len(missed)} were found")
    kept_name = args.kept and os.path.relpath(args.kept, os.path.dirname(args.page or args.kept))
    files = kept_name, args.rows and os.path.relpath(args.rows)
    text = page.text(results, every, PLANS, versions(args.qe, found), files, tried)
    wrong = [*failures(results, missed), *write(args, results, text)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
