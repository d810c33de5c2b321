"""The strategies of the page as the peers are told them, and what comes back from a run: trades and worth.

The strategy that our command runs is the file of the same name in `conformance/`; what is here says the same once more,
with indicators of pandas, numpy and TA-Lib. Nothing is taken from our output.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import talib

CAPITAL = 100_000.0
ALL = ("vectorbt", "backtesting.py", "nautilus")


@dataclass(frozen=True)
class Trade:
    """A round trip; without an exit it is open at the end."""

    entry_row: int
    exit_row: int | None
    side: int
    units: float
    entry_price: float
    exit_price: float | None
    pnl: float | None

    @property
    def last_row(self):
        return 1 << 60 if self.exit_row is None else self.exit_row


@dataclass(frozen=True)
class Run:
    """What somebody made of a strategy: trades in order, worth at each close, and where it is not comparable."""

    trades: list[Trade]
    equity: np.ndarray
    # Rows in which worth is booked at another time, by a rule that the page names.
    hidden: np.ndarray | None = None


@dataclass(frozen=True)
class Signals:
    """Conditions as of each row's close."""

    long: np.ndarray
    short: np.ndarray
    out_long: np.ndarray
    out_short: np.ndarray


@dataclass(frozen=True)
class Plan:
    """A strategy in the words that peers understand."""

    name: str
    says: str
    signals: Callable
    # Bars that its indicators need before the first decision.
    warm: int
    fill: str = "next_open"
    units: float | None = 1.0
    fraction: float | None = None
    lot: float | None = None
    # Of the value of each fill; and half of the spread, of the price.
    fee: float = 0.0
    half_spread: float = 0.0
    # backtesting.py is told the spread as its own, and not as a commission of half of it.
    spread_is_said: bool = False
    # The distance of the stop on daily bars, what it is measured from, and the target's in distances of the stop.
    stop: float | None = None
    stop_from: str = "signal"
    target: float | None = None
    # What a trailing stop follows.
    trail: str | None = None
    limit: float | None = None
    limit_bars: int = 0
    # The lengths of two averages that are compared: 1 is the close itself.
    averages: tuple[int, int] | None = None
    hold: int | None = None
    cooldown: int = 0
    is_reversed: bool = False
    is_flat_at_end: bool = False
    peers: tuple[str, ...] = ("vectorbt", "backtesting.py")

    def sets(self, series):
        """The parameters of our file for a series."""
        sets = {}
        if self.stop is not None:
            sets["stop_frac"] = self.stop_of(series)
        if self.limit is not None:
            sets["limit_frac"] = self.limit_of(series)
        return sets

    def stop_of(self, series):
        return None if self.stop is None else self.stop * series.scale

    def limit_of(self, series):
        return None if self.limit is None else self.limit * series.scale

    def asked(self, series):
        """The signals of a series, none before the indicators are there."""
        made = self.signals(series.bars)
        cold = np.arange(len(series.bars)) < self.warm
        return Signals(*[np.where(cold, False, np.asarray(getattr(made, f), bool)) for f in Signals.__annotations__])


def _nothing(bars):
    return np.zeros(len(bars), dtype=bool)


def mean(x, period):
    """Windows one by one: running sums would keep a rounding, and turn ties round."""
    out = np.full(len(x), np.nan)
    out[period - 1 :] = np.lib.stride_tricks.sliding_window_view(x, period).mean(axis=1)
    return out


def _rsi(bars):
    return talib.RSI(bars["close"].to_numpy(), 14)


def _crosses(a, b):
    """Where `a` is above `b` and was not, and the other way."""
    before_a, before_b = np.r_[np.nan, a[:-1]], np.r_[np.nan, np.broadcast_to(b, a.shape)[:-1]]
    return (before_a <= before_b) & (a > b), (before_a >= before_b) & (a < b)


def _averages(bars):
    close = bars["close"].to_numpy()
    return _crosses(mean(close, 10), mean(close, 30))


def _channel(bars, period):
    """The highest high and the lowest low of the bars before."""
    high = bars["high"].rolling(period).max().shift(1).to_numpy()
    low = bars["low"].rolling(period).min().shift(1).to_numpy()
    return high, low


def _crossing(bars):
    up, down = _averages(bars)
    return Signals(up, _nothing(bars), down, _nothing(bars))


def _both_crossings(bars):
    up, down = _averages(bars)
    return Signals(up, down, down, up)


def _low_rsi(entry, out):
    def signals(bars):
        rsi = _rsi(bars)
        return Signals(rsi < entry, _nothing(bars), rsi > out, _nothing(bars))

    return signals


def _rsi_recovers(bars):
    up, _ = _crosses(_rsi(bars), 40.0)
    return Signals(up, _nothing(bars), _nothing(bars), _nothing(bars))


def _momentum(bars):
    close = bars["close"].to_numpy()
    before = bars["close"].shift(20).to_numpy()
    return Signals(close > before, _nothing(bars), close < before, _nothing(bars))


def _breakout(bars):
    close = bars["close"].to_numpy()
    return Signals(close > _channel(bars, 20)[0], _nothing(bars), close < _channel(bars, 10)[1], _nothing(bars))


def _breakouts(with_exits):
    def signals(bars):
        close = bars["close"].to_numpy()
        (top, bottom), (near_top, near_bottom) = _channel(bars, 20), _channel(bars, 10)
        outs = (close < near_bottom, close > near_top) if with_exits else (_nothing(bars), _nothing(bars))
        return Signals(close > top, close < bottom, *outs)

    return signals


def _breakouts_past_average(bars):
    close, (top, bottom) = bars["close"].to_numpy(), _channel(bars, 20)
    average = mean(close, 20)
    return Signals(close > top, close < bottom, close < average, close > average)


def _three_closes(bars):
    step = bars["close"].diff()
    down = (step < 0) & (step.shift(1) < 0) & (step.shift(2) < 0)
    up = (step > 0) & (step.shift(1) > 0) & (step.shift(2) > 0)
    return Signals(down, up, _nothing(bars), _nothing(bars))


PLANS = [
    Plan("cross_next_open", "market orders at the next open, long only, units, free", _crossing, 30,
         averages=(10, 30), peers=ALL),
    Plan("cross_with_spread", "the same with a spread, said to backtesting.py as its own", _crossing, 30,
         averages=(10, 30), half_spread=0.0002, spread_is_said=True),
    Plan("rsi_same_close", "at the signal's close, half of worth, fees", _low_rsi(35, 55), 14, fill="signal_close",
         units=None, fraction=0.5, fee=0.0005),
    Plan("momentum_next_close", "market orders at the next close, units, fees", _momentum, 20, fill="next_close",
         fee=0.001, peers=ALL),
    Plan("whole_units", "at the next open, nine tenths of worth in whole units, fees", _breakout, 20, units=None,
         fraction=0.9, lot=1.0, fee=0.001),
    Plan("reversal_spread", "long and short, turned round at the next open, half a spread on each side",
         _both_crossings, 30, averages=(10, 30), half_spread=0.0002, is_reversed=True),
    Plan("stop_from_signal", "long and short, stop and target around the signal's close, market exits",
         _breakouts(True), 20, stop=0.02, target=2.0, is_reversed=True),
    Plan("stop_from_entry", "long and short, a quarter of worth, stop and target around the price paid, fees",
         _breakouts(False), 20, stop=0.02, stop_from="entry", target=2.0, units=None, fraction=0.25, fee=0.0002),
    Plan("trailing_close", "a stop that follows the best close since the signal", _rsi_recovers, 15, stop=0.03,
         trail="close"),
    Plan("trailing_high", "a stop that follows the highest price since the entry", _rsi_recovers, 15, stop=0.03,
         trail="high"),
    Plan("limit_entry", "a limit that rests for three bars, market exits, fees", _low_rsi(40, 52), 14, limit=0.005,
         limit_bars=3, fee=0.0005, peers=("backtesting.py",)),
    Plan("time_stop", "long and short, for five bars, then three bars of rest", _three_closes, 3, hold=5, cooldown=3,
         peers=ALL),
    Plan("session_end", "long and short at the signal's close, flat at each session's end", _breakouts_past_average,
         20, averages=(1, 20), fill="signal_close", is_reversed=True, is_flat_at_end=True,
         peers=ALL),
]
