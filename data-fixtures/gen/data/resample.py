"""Minute bars and trades put together to coarser bars by pandas, session by session from the opening.

Sessions come from exchange_calendars: the weeks in which clocks change, a half day, and days with minutes missing.
"""

import exchange_calendars
import pandas as pd
from _common_data import uniforms
from _common import write_golden

DAYS = ["2024-03-08", "2024-03-11", "2024-07-03", "2024-07-05", "2024-11-01", "2024-11-04", "2024-11-29"]
AGG = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
RULES = {"5m": "5min", "15m": "15min", "1h": "1h", "4h": "4h", "1d": "24h"}


def sessions():
    calendar = exchange_calendars.get_calendar("XNYS")
    return [(calendar.session_open(day), calendar.session_close(day)) for day in DAYS]


def minutes():
    """Bars of the sessions, about one in six missing."""
    u, rows, times = uniforms(42), [], []
    for start, end in sessions():
        for at in pd.date_range(start, end, freq="1min", inclusive="left"):
            keep, a, b, up, down, size = (next(u) for _ in range(6))
            opened, closed = 100.0 + a, 100.0 + b
            if keep >= 0.16:
                times.append(at)
                rows.append((opened, max(opened, closed) + up, min(opened, closed) - down, closed, int(size * 1000)))
    return pd.DataFrame(rows, index=pd.DatetimeIndex(times), columns=list(AGG))


def trades():
    """Trades at whole steps of 7.5 seconds, so that one in eight sits on the edge of a minute."""
    u, rows, times = uniforms(7), [], []
    for start, end in sessions():
        steps = int((end - start) / pd.Timedelta("7500ms"))
        for step in range(steps + 1):
            keep, price, size = (next(u) for _ in range(3))
            if keep >= 0.9:
                times.append(start + step * pd.Timedelta("7500ms"))
                rows.append((100.0 + int(price * 400) / 4, 1 + int(size * 50)))
    return pd.DataFrame(rows, index=pd.DatetimeIndex(times), columns=["price", "size"])


def buckets(frame, rule, closed, how):
    """Each session resampled on its own, with the two ends of every bucket that holds a row."""
    for start, end in sessions():
        part = frame[(frame.index >= start) & (frame.index <= end)]
        if closed == "left":
            part = part[part.index < end]
        else:
            # pandas puts the opening instant into (start - width, start]; here it belongs to the first bucket.
            part = part.set_axis(part.index.where(part.index > start, start + pd.Timedelta("1ns")))
        cut = part.resample(RULES[rule], origin=start, closed=closed, label="left")
        out = how(cut)[cut.size() > 0]
        for at, row in out.iterrows():
            width = pd.Timedelta(RULES[rule])
            yield at, min(at + width, end), row


def table(frame, rules, how, columns, shift):
    out = {name: [] for name in ["rule", "closed", "open_s", "end_s", *columns]}
    for rule in rules:
        for closed in ["left", "right"]:
            keyed = frame.set_axis(frame.index + shift) if closed == "right" else frame
            for start, end, row in buckets(keyed, rule, closed, how):
                out["rule"].append(rule)
                out["closed"].append(closed)
                out["open_s"].append(start.value // 10**9)
                out["end_s"].append(end.value // 10**9)
                for name in columns:
                    out[name].append(float(row[name]))
    return out


def ohlcv(cut):
    return pd.concat([cut["price"].ohlc(), cut["size"].sum().rename("volume")], axis=1)


source = f"pandas {pd.__version__} resample, exchange_calendars {exchange_calendars.__version__}"
write_golden(
    "data/resample_bars.csv",
    generator=__file__,
    source=source,
    tolerance="exact",
    parameters={"seed": 42, "keep": 0.16},
    columns=table(minutes(), ["5m", "15m", "1h", "4h", "1d"], lambda c: c.agg(AGG), list(AGG), pd.Timedelta("1min")),
)
write_golden(
    "data/resample_trades.csv",
    generator=__file__,
    source=source,
    tolerance="exact",
    parameters={"seed": 7, "keep": 0.9},
    columns=table(trades(), ["5m", "1h"], ohlcv, list(AGG), pd.Timedelta(0)),
)
