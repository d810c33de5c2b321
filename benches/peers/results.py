"""results: the files of a run, read by pandas, pyarrow, polars and DuckDB, against what the command printed.

Runs two strategies by `qe backtest --out`, reads the folder with each of the four, and compares every value of every
file between them, and the figures, parameters, worth and round trips with `qe --json`. Each of the four then filters,
sorts and groups the files that have text, since a type that is only read is of no use. Nothing is timed.
Run: cargo xtask bench results --peers
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

from _common import arguments

RUNS = [
    ["DonchianBreakout", "--simulated", "--years", "1", "--symbol", "SPY", "-t", "1h", "--asset-class", "etf"],
    ["SimpleSMA", "--simulated", "--years", "2", "--symbol", "GLD", "-t", "1d"],
]


def nanoseconds(value):
    """A time of any of the readers as nanoseconds since 1970."""
    if hasattr(value, "value"):
        return value.value
    moment = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    whole = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return ((whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds) * 1_000


def plain(value):
    """A value as Python's own: what is missing is None, times are nanoseconds."""
    if value is None:
        return None
    if hasattr(value, "year"):
        return None if value != value else nanoseconds(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def by_pandas(path):
    import pandas as pd

    # Types of pandas' own turn whole numbers with gaps into floats; those of Arrow do not.
    df = pd.read_parquet(path, dtype_backend="pyarrow")
    return {name: [None if pd.isna(v) else v for v in df[name]] for name in df.columns}


def by_pyarrow(path):
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pydict()


def by_polars(path):
    import polars as pl

    return pl.read_parquet(path).to_dict(as_series=False)


def by_duckdb(path):
    import duckdb

    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        # Its Python gives times of a zone by pytz; as whole numbers they need none.
        names = [(row[0], row[1]) for row in db.execute("describe select * from read_parquet(?)", [path]).fetchall()]
        told = [f'epoch_ns("{n}") as "{n}"' if t.startswith("TIMESTAMP") else f'"{n}"' for n, t in names]
        rows = db.execute(f"select {', '.join(told)} from read_parquet(?)", [path]).fetchall()
    return {name: [row[i] for row in rows] for i, (name, _) in enumerate(names)}


READERS = [("pyarrow", by_pyarrow), ("pandas", by_pandas), ("polars", by_polars), ("DuckDB", by_duckdb)]


def read(path):
    """What all readers make of a file; fails where two differ in a name, an order or a value."""
    first = None
    for name, reader in READERS:
        table = {column: [plain(v) for v in values] for column, values in reader(path).items()}
        if first is None:
            first = table
        elif list(first) != list(table):
            sys.exit(f"{path}: {name} has the columns {list(table)}, and {READERS[0][0]} {list(first)}")
        for column, values in table.items():
            for row, (a, b) in enumerate(zip(first[column], values, strict=True)):
                if a != b or type(a) is not type(b):
                    sys.exit(f"{path}, {column}, row {row}: {name} reads {b!r}, and {READERS[0][0]} {a!r}")
    return first


def used_by_pandas(path, key, x, limit):
    import pandas as pd

    df = pd.read_parquet(path, dtype_backend="pyarrow")
    groups = df.groupby(key).size()
    filtered, by_key = df[df[x] > limit], df.sort_values([key, x])
    known = [[None if pd.isna(v) else v for v in values] for values in (filtered[key], by_key[x])]
    return *known, dict(zip(groups.index, groups))


def used_by_pyarrow(path, key, x, limit):
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    by_key = table.sort_by([(key, "ascending"), (x, "ascending")])
    groups = table.group_by(key).aggregate([([], "count_all")]).to_pydict()
    counts = {k: n for k, n in zip(groups[key], groups["count_all"]) if k is not None}
    filtered = table.filter(pc.field(x) > limit)
    same(f"{path}: taken by pyarrow", table.take([0])[key].to_pylist(), table[key].to_pylist()[:1])
    return filtered[key].to_pylist(), by_key[x].to_pylist(), counts


def used_by_polars(path, key, x, limit):
    import polars as pl

    df = pl.read_parquet(path)
    groups = df.drop_nulls(key).group_by(key).len()
    by_key = df.sort([key, x], nulls_last=True)
    return df.filter(pl.col(x) > limit)[key].to_list(), by_key[x].to_list(), dict(groups.iter_rows())


def used_by_duckdb(path, key, x, limit):
    import duckdb

    def ask(db, query, *given):
        return db.execute(query, [path, *given]).fetchall()

    with duckdb.connect() as db:
        filtered = ask(db, f'select "{key}" from read_parquet(?) where "{x}" > ?', limit)
        by_key = ask(db, f'select "{x}" from read_parquet(?) order by "{key}" nulls last, "{x}" nulls last')
        groups = ask(db, f'select "{key}", count(*) from read_parquet(?) where "{key}" is not null group by 1')
    return [row[0] for row in filtered], [row[0] for row in by_key], dict(groups)


USERS = [
    ("pyarrow", used_by_pyarrow),
    ("pandas", used_by_pandas),
    ("polars", used_by_polars),
    ("DuckDB", used_by_duckdb),
]


def use(path, table, key, x):
    """Filters, sorts and groups a file by text: rows above the middle x, all by key and x, how many of each key."""
    rows = list(zip(table[key], table[x], strict=True))
    known = sorted(v for _, v in rows if v is not None)
    limit = known[len(known) // 2] if len(known) > 1 else -math.inf
    counts = {k: table[key].count(k) for k in set(table[key]) if k is not None}
    wanted = (
        [k for k, v in rows if v is not None and v > limit],
        [v for _, v in sorted(rows, key=lambda r: (r[0] is None, r[0] or "", r[1] is None, r[1] or 0))],
        counts,
    )
    for name, user in USERS:
        filtered, ordered, groups = user(path, key, x, limit)
        found = [plain(v) for v in filtered], [plain(v) for v in ordered], {k: int(n) for k, n in groups.items()}
        for what, a, b in zip(["filtered", "sorted", "grouped"], found, wanted):
            if a != b:
                sys.exit(f"{path}, {key} and {x}: {what} by {name} it is {str(a)[:200]}, and by Python {str(b)[:200]}")


def same(what, a, b):
    if a != b:
        sys.exit(f"{what}: {a!r} in the files, {b!r} printed")


def near(what, a, b):
    if not math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6):
        sys.exit(f"{what}: {a!r} in the files, {b!r} printed")


def check(folder, told):
    """The files of a run against what was printed of it."""
    stem = os.path.commonprefix([os.path.basename(p) for p in told["written"]])
    metrics = {name: values for name, values in read(os.path.join(folder, f"{stem}parquet")).items()}
    use(os.path.join(folder, f"{stem}parquet"), metrics, "symbol", "final_equity")
    same("rows of metrics", {len(values) for values in metrics.values()}, {1})
    row = {name: values[0] for name, values in metrics.items()}
    n, n_near = 0, 0
    for name, value in told["summary"]["figures"].items():
        # What a sweep tells too has the sweep's bits in the files, and may be summed in another order in what is printed.
        if value is not None and row[name] != value and math.isclose(row[name], value, rel_tol=1e-12):
            n_near += 1
        else:
            same(name, row[name], value)
        n += 1
    for name in ["final_equity", "is_ruined"]:
        same(name, row[name], told[name])
    same("n_steps", row["n_steps"], told["n_bars"])
    for name in ["run_id", "spec_id", "data_id", "cost_model_id", "symbol", "frequency", "holding", "seed", "vendor"]:
        same(name, row[name], told["identity"][name])
    for name in ["start", "eval_start", "end"]:
        same(name, row[name], nanoseconds(datetime.fromisoformat(told["identity"][name])))
    params = told["identity"]["params"]
    same("params", json.loads(row["params"]), params)
    same("columns of params", {k.removeprefix("param_"): v for k, v in row.items() if k.startswith("param_")}, params)
    aligned = read(os.path.join(folder, f"{stem}aligned.parquet"))
    same("bars", len(aligned["ts"]), told["n_bars"])
    same("order of bars", aligned["ts"], sorted(aligned["ts"]))
    same("worth at the end", aligned["equity"][-1], told["final_equity"])
    near("the deepest fall", max(aligned["drawdown"]), row["max_drawdown_bars"])
    grown = row["capital"]
    for r in aligned["net_return"]:
        grown *= 1 + r
    near("worth by returns", grown / told["final_equity"], 1.0)
    trades = read(os.path.join(folder, f"{stem}trades.parquet"))
    use(os.path.join(folder, f"{stem}trades.parquet"), trades, "reason", "pnl")
    same("closed round trips", len([t for t in trades["exit_time"] if t is not None]), row["n_trades"])
    same("open round trips", trades["exit_time"].count(None), told["n_open"])
    for reason, exits in told["exits"].items():
        mine = [p for p, r, t in zip(trades["pnl"], trades["reason"], trades["exit_time"]) if r == reason and t is not None]
        same(f"round trips left for {reason}", len(mine), exits["n"])
        near(f"won by those left for {reason}", math.fsum(mine), exits["pnl"])
    with open(os.path.join(folder, f"{stem}run.json"), encoding="utf-8") as file:
        record = json.load(file)
    same("run_id of the record", record["identity"]["run_id"], row["run_id"])
    same("figures of the record", record["summary"]["figures"], told["summary"]["figures"])
    print(f"{stem[:-1]}: {n} figures, {n_near} of them not to the last bit, {len(metrics)} columns, {len(aligned['ts'])} bars, {len(trades['pnl'])} round trips")
    return os.path.join(folder, f"{stem}parquet")


def check_together(paths):
    """Metrics of runs of several strategies as one table, by name."""
    import duckdb
    import pandas as pd
    import polars as pl

    n = sum(len(by_pyarrow(path)["run_id"]) for path in paths)
    with duckdb.connect() as db:
        rows = db.execute("select count(*), count(distinct run_id) from read_parquet(?, union_by_name = true)", [paths])
        same("rows of DuckDB", rows.fetchone(), (n, n))
    same("rows of polars", pl.concat([pl.read_parquet(p) for p in paths], how="diagonal_relaxed").height, n)
    same("rows of pandas", len(pd.concat([pd.read_parquet(p) for p in paths])), n)
    print(f"together: {n} rows")


def main():
    args = arguments(__doc__)
    with tempfile.TemporaryDirectory(prefix="qe-results-") as folder:
        paths = []
        for run in RUNS:
            out = subprocess.run([args.qe, "--json", "backtest", *run, "--out", folder], check=True, capture_output=True)
            paths.append(check(folder, json.loads(out.stdout)))
        check_together(paths)
    print("pandas, pyarrow, polars and DuckDB read the same values, which are those that were printed, and filter, sort and group them")


if __name__ == "__main__":
    main()
