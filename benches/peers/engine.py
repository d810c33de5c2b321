"""engine: 5,000 SMA crossings over five years of five-minute bars, and a breakout with a stop over a year of minutes.

W1, the sweep: fast 5..54 x slow 60..159 (60..1059 with `--points-mult 10`), four numbers a point. W2, the breakout,
with a stop looked at by close and one that rests in the market, one unit, trade by trade. `_engine.py` says both
exactly. W2 runs as a spec in the batch kernel, as a strategy at the event-driven broker, and bar by bar as it is traded
live: the same trades. Both of the latter compare their fills with the batch kernel's before anything is timed.

Peers of both are loops in numba: a plain loop for each point; lanes across points, blocked over time; work per trade
with prefix sums and range tables. Polars runs one point. With `--slow` also vectorbt (its numba engine, and its Rust
engine where it is installed), backtesting.py and, where its venv is, nautilus. What runs a part of the points only is
scaled, and the part is said. Each runs in a process of its own and says the seconds of its calls after one to warm
up. They take turns, so that a busy moment meets all; what two threads reach can only be seen where two cores are
free.

Outputs are compared first: the peers' with those of numba's plain loop, then ours, to 1e-9 of the larger of 1 and the
value. Peak memory is of the whole process; Python, numba and its compiler are about 150 MB of it.
The broker's other cases have no peer: `broker_case rebalance RUNS` and `broker_case portfolio RUNS`, beside our command.
Run: cargo xtask bench engine --peers
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from _common import arguments, print_table
from _factors import FIELDS, N_ROWS, differing, farthest, minutes, run_case, write_bars

TOLERANCE = 1e-9
# How many points the slow peers run, and how many one call of vectorbt holds in memory.
SLOW_POINTS = {"vectorbt": 100, "vectorbt-rust": 100, "backtesting.py": 1, "polars": 1}
CASH = 1e15


def add_options(parser):
    parser.add_argument("--slow", action="store_true", help="vectorbt and backtesting.py too, on a part of the points")
    parser.add_argument("--bars-mult", type=int, default=1, metavar="N", help="N times as many bars for the sweep")
    parser.add_argument("--points-mult", type=int, default=1, metavar="N", help="N times as many slow averages")
    parser.add_argument("--only", choices=["sweep", "breakout"], help="one of the two")
    parser.add_argument("--keep", metavar="DIR", help="leave the bars and the plain loop's outputs here")


def program(qe):
    """The path of our case program, or nothing."""
    path = os.path.join(os.path.dirname(qe), "engine_case") if qe else ""
    return path if os.access(path, os.X_OK) else None


def broker_program(case):
    """The path of the program of the broker's cases, beside the other, or nothing."""
    path = os.path.join(os.path.dirname(case), "broker_case") if case else ""
    return path if os.access(path, os.X_OK) else None


def nautilus_python():
    """Nautilus' Python, in a venv beside ours, or nothing."""
    path = os.path.join(sys.prefix + "-nautilus", "bin", "python")
    return path if os.access(path, os.X_OK) else None


def read_bars(path):
    return dict(zip(FIELDS, np.fromfile(path).reshape(len(FIELDS), -1)))


def some_points(count, n_points):
    """Numbers of points that are spread over fast and slow averages."""
    return np.arange(count) * (n_points // count - 1) if count > 1 else np.array([n_points // 2 + 37])


def windows_of(points, n_slow):
    from _engine import FAST

    return FAST[points // n_slow], 60 + points % n_slow


def state(bars, fast, slow):
    """Where a point wants to be inside at each open, with averages by pandas; for peers that take signals."""
    import pandas as pd

    close = pd.Series(bars["close"])
    inside = (close.rolling(fast).mean() > close.rolling(slow).mean()).to_numpy()
    return np.r_[False, inside[:-1]]


def sweep_by_vectorbt(bars, points, n_slow, engine):
    """`fees` of 0.0003 with all cash are exactly cash / (price x 1.0003) units bought and price x 0.9997 got."""
    import pandas as pd
    import vectorbt as vbt

    vbt.settings.array_wrapper["freq"] = "5min"
    vbt.settings.returns["year_freq"] = pd.Timedelta("5min") * 19_656
    vbt.settings["engine"] = engine
    fast, slow = windows_of(points, n_slow)
    close = pd.Series(bars["close"])
    open_ = bars["open"][:, None]

    def compute():
        means = {w: vbt.MA.run(close, w).ma.to_numpy() for w in np.unique(np.r_[fast, slow])}
        inside = np.empty((len(close), len(points)), dtype=bool)
        for i, (f, s) in enumerate(zip(fast, slow)):
            inside[0, i] = False
            inside[1:, i] = (means[f] > means[s])[:-1]
        pf = vbt.Portfolio.from_signals(close, inside, ~inside, price=open_, fees=0.0003, init_cash=1.0, engine=engine)
        columns = [pf.sharpe_ratio(), -pf.max_drawdown(), pf.total_return(), pf.trades.closed.count()]
        return np.array([np.asarray(column, dtype=float) for column in columns]).T

    return compute


def sweep_by_backtesting(bars, points, n_slow):
    """Whole units only, so the cash is large. Its own Sharpe ratio is of days: ours is computed from its equity."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    df = pd.DataFrame({field.capitalize(): bars[field] for field in FIELDS})
    df.index = pd.date_range("2000-01-01", periods=len(df), freq="5min")
    (fast,), (slow,) = windows_of(points, n_slow)

    class Crossing(Strategy):
        def init(self):
            close = pd.Series(self.data.Close)
            # It begins one bar after the last NaN of its indicators, and would lose a signal of the bar before.
            self.fast = self.I(lambda: close.rolling(fast).mean().fillna(0.0).to_numpy(), plot=False)
            self.slow = self.I(lambda: close.rolling(slow).mean().fillna(np.inf).to_numpy(), plot=False)

        def next(self):
            above = self.fast[-1] > self.slow[-1]
            if above and not self.position:
                self.buy(size=1 - 1e-15)
            elif not above and self.position:
                self.position.close()

    def compute():
        done = Backtest(df, Crossing, cash=CASH, commission=0.0003).run()
        equity = done["_equity_curve"]["Equity"].to_numpy() / CASH
        returns = equity / np.r_[1.0, equity[:-1]] - 1
        sharpe = returns.mean() / returns.std(ddof=1) * np.sqrt(19_656)
        fall = (1 - equity / np.maximum.accumulate(np.r_[1.0, equity])[1:]).max()
        return np.array([[sharpe, fall, equity[-1] - 1, len(done["_trades"])]])

    return compute


def sweep_by_polars(bars, points, n_slow):
    import polars as pl

    df = pl.DataFrame(bars)
    (fast,), (slow,) = windows_of(points, n_slow)
    o, c = pl.col("open"), pl.col("close")
    above = pl.col("close").rolling_mean(int(fast)) > pl.col("close").rolling_mean(int(slow))
    now, before = above.shift(1).fill_null(False), above.shift(2).fill_null(False)
    gain = (
        pl.when(now & before)
        .then(c / c.shift(1))
        .when(now)
        .then(c / (o * 1.0003))
        .when(before)
        .then(o * 0.9997 / c.shift(1))
        .otherwise(1.0)
    )
    query = (
        df.lazy()
        .select(now=now, before=before, gain=gain)
        .with_columns(equity=pl.col("gain").cum_prod(), returns=pl.col("gain") - 1)
        .select(
            (pl.col("returns").mean() / pl.col("returns").std() * np.sqrt(19_656)).alias("sharpe"),
            (1 - pl.col("equity") / pl.max_horizontal(pl.col("equity").cum_max(), 1.0)).max().alias("fall"),
            (pl.col("equity").last() - 1).alias("total"),
            (pl.col("before") & ~pl.col("now")).sum().cast(pl.Float64).alias("trades"),
        )
    )
    return lambda: query.collect().to_numpy()


def breakout_by_vectorbt(bars):
    """The stop by close as an order function; the channel by vectorbt, the average range by TA-Lib through it."""
    import pandas as pd
    import vectorbt as vbt
    from numba import njit
    from vectorbt.portfolio import nb
    from vectorbt.portfolio.enums import NoOrder

    vbt.settings["engine"] = "numba"
    high, low, close = (pd.Series(bars[field]) for field in ["high", "low", "close"])
    open_ = bars["open"]

    @njit
    def order(c, open_, close, highest, atr, now):
        t = c.i
        wanted, now[0] = now[0], 0.0
        inside = c.position_now > 0.0
        after = wanted > 0.0 or (inside and wanted == 0.0)
        if after:
            level = close[t] - 5.0 * atr[t]
            now[1] = max(now[1], level)
            if close[t] < now[1]:
                now[0] = -1.0
        elif close[t] > highest[t]:
            now[1] = close[t] - 5.0 * atr[t]
            now[0] = 1.0
        if wanted == 0.0:
            return NoOrder
        return nb.order_nb(size=wanted, price=open_[t], fees=0.0003)

    def compute():
        highest = high.vbt.rolling_max(240).to_numpy()
        highest = np.r_[np.nan, highest[:-1]]
        atr = vbt.talib("ATR").run(high, low, close, timeperiod=60).real.to_numpy()
        args = (open_, bars["close"], highest, atr, np.zeros(2))
        pf = vbt.Portfolio.from_order_func(close, order, *args, init_cash=1e6)
        done = pf.trades.closed.values
        columns = [done["entry_idx"], done["entry_price"], done["exit_idx"], done["exit_price"]]
        return np.array(columns, dtype=float).T, float(done["pnl"].sum())

    return compute


def breakout_by_backtesting(bars):
    import pandas as pd
    import talib
    from backtesting import Backtest, Strategy

    df = pd.DataFrame({field.capitalize(): bars[field] for field in FIELDS})
    df.index = pd.date_range("2000-01-01", periods=len(df), freq="1min")

    class Breakout(Strategy):
        def init(self):
            high, low, close = (np.asarray(x) for x in (self.data.High, self.data.Low, self.data.Close))
            # No NaN, as in the sweep.
            highest = np.r_[np.nan, talib.MAX(high, 240)[:-1]]
            self.highest = self.I(lambda: np.nan_to_num(highest, nan=np.inf, posinf=np.inf), plot=False)
            self.atr = self.I(lambda: np.nan_to_num(talib.ATR(high, low, close, 60)), plot=False)

        def next(self):
            close = self.data.Close[-1]
            if self.position:
                self.level = max(self.level, close - 5 * self.atr[-1])
                if close < self.level:
                    self.position.close()
            elif close > self.highest[-1]:
                self.level = close - 5 * self.atr[-1]
                self.buy(size=1)

    def compute():
        done = Backtest(df, Breakout, cash=1e6, commission=0.0003).run()["_trades"]
        rows = done[["EntryBar", "EntryPrice", "ExitBar", "ExitPrice"]].to_numpy(dtype=float)
        return rows, float((rows[:, 3] * 0.9997 - rows[:, 1] * 1.0003).sum())

    return compute


def peer_sweep(which, bars, threads, points_mult):
    if which.startswith("numba-"):
        from _engine import FAST, slow_windows, sweep_in_numba

        sweep, slow = sweep_in_numba(which.removeprefix("numba-"), threads), slow_windows(points_mult)
        return lambda: sweep(bars["open"], bars["close"], FAST, slow, threads)
    n_slow = 100 * points_mult
    points = some_points(SLOW_POINTS[which], 50 * n_slow)
    if which.startswith("vectorbt"):
        return sweep_by_vectorbt(bars, points, n_slow, "rust" if which.endswith("rust") else "numba")
    return {"backtesting.py": sweep_by_backtesting, "polars": sweep_by_polars}[which](bars, points, n_slow)


def peer_breakout(which, bars, case):
    if which.startswith("numba-"):
        import _engine

        prices = [bars[field] for field in FIELDS[:4]]
        if which == "numba-one":
            return lambda: _engine.breakout_fused(*prices, case == "resting")
        return lambda: (_engine.breakout_resting if case == "resting" else _engine.breakout_close)(*prices)
    return {"vectorbt": breakout_by_vectorbt, "backtesting.py": breakout_by_backtesting}[which](bars)


def run_peer(workload, which, path, runs, detail, mult, out):
    """What a peer does, as the process that does only this. The first call compiles, and does not count."""
    bars, said = read_bars(path), {}
    call = peer_sweep(which, bars, int(detail), int(mult)) if workload == "sweep" else peer_breakout(which, bars, detail)
    result = call()
    if workload == "breakout":
        result, said["total_pnl"] = result
    if out:
        np.ascontiguousarray(result, dtype=float).tofile(out)
    said["seconds"] = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        call()
        said["seconds"].append(time.perf_counter() - start)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({**said, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


class Turns:
    """Contestants that are run in turn: a name to a call `(runs, out)` that gives what the process says."""

    def __init__(self, folder):
        self.contestants, self.out = {}, os.path.join(folder, "out.f64")
        self.env = {**os.environ, "NUMBA_CACHE_DIR": os.path.join(folder, "numba"), "TQDM_DISABLE": "1"}

    def add_ours(self, name, words, more):
        self.contestants[name] = lambda runs, out: run_case(*words, runs, *more, *([out] if out else []))

    def add_peer(self, name, workload, which, bars, detail, mult=1, threads=1):
        env = {**self.env, "NUMBA_NUM_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads)}
        argv = [sys.executable, os.path.abspath(__file__), "--case", workload, which, bars]

        def call(runs, out):
            words = [*argv, str(runs), str(detail), str(mult), out]
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=env)
            return json.loads(done.stdout.splitlines()[-1])

        self.contestants[name] = call

    def add_nautilus(self, name, python, bars):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_nautilus.py")

        def call(runs, out):
            done = subprocess.run([python, script, bars, out], stdout=subprocess.PIPE, text=True, check=True)
            return json.loads(done.stdout.splitlines()[-1])

        self.contestants[name] = call

    def output(self, name):
        """What one computes, four numbers a row, and what it says."""
        if os.path.exists(self.out):
            os.unlink(self.out)
        said = self.contestants[name](1, self.out)
        return np.fromfile(self.out).reshape(-1, 4), said

    def run(self, rounds, slow=(), calls=3):
        """Seconds and peaks by name. The slow run once in a round, the others a few times."""
        seconds, peak = ({name: [] for name in self.contestants} for _ in range(2))
        for _ in range(rounds):
            for name, call in self.contestants.items():
                said = call(1 if name in slow else calls, "")
                seconds[name] += said["seconds"]
                peak[name].append(said["peak_bytes"])
        return seconds, peak


def check(name, theirs, reference, who="the plain loop", tolerance=TOLERANCE):
    """Ends the script where rows of numbers differ."""
    if theirs.shape != reference.shape:
        sys.exit(f"{name}: {theirs.shape} numbers, {reference.shape} of {who}")
    wrong = differing(theirs, reference, tolerance)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        a, b = theirs[row, column], reference[row, column]
        sys.exit(f"{name}: {wrong.sum()} numbers differ; row {row}, number {column}: {a!r}, and {b!r} of {who}")
    print(f"{name}: {theirs.size} numbers agree with {who}, at most {farthest(theirs, reference):.2g} apart")


def fastest(seconds, begins, ends=""):
    """The name with the least median."""
    names = [name for name in seconds if name.startswith(begins) and name.endswith(ends)]
    return min(names, key=lambda name: statistics.median(seconds[name]))


def table(turns, seconds, peak, base, ours, work, scale):
    """Rows of a table: a base is the best peer, `work` what one second is divided by, in units of a nanosecond."""
    rows = []
    for name in turns.contestants:
        factor = scale.get(name, 1.0)
        wall = [factor * s for s in seconds[name]]
        median = statistics.median(wall)
        our = median / statistics.median(seconds[ours]) if ours else None
        best = median / statistics.median(seconds[base])
        spread = f"{min(wall):.4g} to {max(wall):.4g}"
        rows.append([name, median, spread, median / work * 1e9, best, our, max(peak[name]) / 1e6])
    return rows


def sweep(args, folder, case):
    from _engine import FAST, N_BARS, five_minutes, slow_windows

    n_bars, n_points = N_BARS * args.bars_mult, len(FAST) * len(slow_windows(args.points_mult))
    path = os.path.join(args.keep or folder, "w1_bars.raw")
    write_bars(five_minutes(args.seed, n_bars), path)
    turns, scale, slow = Turns(folder), {}, []
    for threads in (1, 2):
        if case:
            turns.add_ours(f"ours, {threads}", [case, "sweep", path], [threads, args.points_mult])
        for which in ("plain", "lanes", "trades"):
            name = f"numba {which}, {threads}"
            turns.add_peer(name, "sweep", f"numba-{which}", path, threads, args.points_mult, threads)
    if case:
        turns.add_ours("plain Rust loop, 1", [case, "plain-sweep", path], [args.points_mult])
    extra = ["polars"]
    if args.slow:
        extra += ["vectorbt", "backtesting.py"]
        import importlib.util

        if importlib.util.find_spec("vectorbt_rust"):
            extra.append("vectorbt-rust")
        else:
            print("vectorbt's Rust engine is not installed: vectorbt-rust")
    for which in extra:
        points, name = SLOW_POINTS[which], f"{which}, 1"
        turns.add_peer(name, "sweep", which, path, 1, args.points_mult)
        scale[name] = n_points / points
        if which != "polars":
            slow.append(name)

    reference, _ = turns.output("numba plain, 1")
    if args.keep:
        reference.tofile(os.path.join(args.keep, "w1_ref.raw"))
    sharpe, trades = reference[:, 0], reference[:, 3]
    print(f"sweep: {n_points} points, {n_bars} bars, {trades.mean():.1f} closed trades a point", end="")
    print(f" ({trades.min():.0f} to {trades.max():.0f}), Sharpe ratios {sharpe.min():.3g} to {sharpe.max():.3g}")
    ours = [name for name in turns.contestants if name.startswith("ours")]
    for name in [n for n in turns.contestants if n not in ours] + ours:
        result, _ = turns.output(name)
        wanted = reference
        if name in scale:
            wanted = reference[some_points(SLOW_POINTS[name.split(",")[0]], n_points)]
        check(name, result, wanted)
    seconds, peak = turns.run(args.runs, slow)
    best, best_of_two = (fastest(seconds, "numba", f", {threads}") for threads in (1, 2))
    head = ["who, threads", "seconds, median", "range", "ns / bar, point", "this / best numba, 1", "this / ours, 1", "peak MB"]
    print()
    print_table(head, table(turns, seconds, peak, best, ours[0] if ours else None, n_bars * n_points, scale))
    for name, factor in scale.items():
        points = SLOW_POINTS[name.split(",")[0]]
        part = f"{points} of {n_points} points ({100 * points / n_points:.3g} %)"
        print(f"{name} ran {part}; its seconds are times {factor:g}, its memory is not")
    if ours:
        for our, their in zip(ours, (best, best_of_two)):
            ratio = statistics.median(seconds[their]) / statistics.median(seconds[our])
            print(f"{our}: {ratio:.3g} times as fast as the best numba at as many threads, {their}")


def breakout(args, folder, case):
    path = os.path.join(args.keep or folder, "w2_bars.raw")
    write_bars(minutes(args.seed), path)
    for kind in ("close", "resting"):
        turns, slow, late = Turns(folder), [], {}
        if case:
            turns.add_ours("ours", [case, "breakout", path], [kind])
            turns.add_ours("plain Rust loop", [case, "plain-breakout", path], [kind])
            if broker := broker_program(case):
                word = "resting" if kind == "resting" else "closes"
                turns.add_ours("our broker", [broker, "w2", path], [word])
                turns.add_ours("our live stepper", [broker, "live-w2", path], [word])
        turns.add_peer("numba plain", "breakout", "numba-plain", path, kind)
        turns.add_peer("numba one loop", "breakout", "numba-one", path, kind)
        if args.slow and kind == "close":
            slow = ["vectorbt order function", "backtesting.py"]
            turns.add_peer(slow[0], "breakout", "vectorbt", path, kind)
            turns.add_peer(slow[1], "breakout", "backtesting.py", path, kind)
            if python := nautilus_python():
                turns.add_nautilus("nautilus", python, path)
            else:
                print("nautilus is not installed: it is left out")
        reference, said = turns.output("numba plain")
        if args.keep:
            reference.tofile(os.path.join(args.keep, f"w2_{kind}_ref.raw"))
        pnl = said["total_pnl"]
        print(f"\nbreakout, stop {kind}: {N_ROWS} bars, {len(reference)} closed trades, pnl {pnl!r}")
        for name in sorted(turns.contestants, key=lambda n: n.startswith("our")):
            result, said = turns.output(name)
            check(name, result, reference)
            if abs(said["total_pnl"] - pnl) > TOLERANCE * max(1.0, abs(pnl)):
                sys.exit(f"{name}: pnl {said['total_pnl']!r}, and {pnl!r} of the plain loop")
            if name in ("backtesting.py", "nautilus"):
                # Seconds a run: the one that was compared tells.
                late[name] = (turns.contestants.pop(name), said)
        # A call takes milliseconds: enough of them that the first do not tell.
        seconds, peak = turns.run(args.runs, slow, calls=30)
        for name, (call, said) in late.items():
            turns.contestants[name] = call
            seconds[name], peak[name] = said["seconds"], [said["peak_bytes"]]
        best = fastest(seconds, "numba")
        head = ["who", "seconds, median", "range", "ns / bar", "this / best numba", "this / ours", "peak MB"]
        print()
        print_table(head, table(turns, seconds, peak, best, "ours" if case else None, N_ROWS, {}))


def main():
    if len(sys.argv) == 9 and sys.argv[1] == "--case":
        return run_peer(*sys.argv[2:])
    args = arguments(__doc__, add_options, alone=True)
    case = None if args.peers_only else program(args.qe)
    if case is None and not args.peers_only:
        print("no engine_case beside our command (cargo build --release -p benches): peers only")
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"seed {args.seed}, load averages {load}, {args.runs} rounds in turn")
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as folder:
        if args.only != "breakout":
            sweep(args, folder, case)
        if args.only != "sweep":
            breakout(args, folder, case)


if __name__ == "__main__":
    main()
