"""Nautilus' run of W2, the breakout with a stop looked at by closes, in a venv of its own: reads raw bars, writes trades.

An order of `on_bar` is filled at the next open: a trade at each open stands before its bar, and orders have a latency, as
`_conformance/by_nautilus.py` found. Highest highs and average ranges are computed before, by numpy: its own indicators begin
otherwise. Seconds are of the run of its engine alone: its data and its orders, without their making.
"""

import json
import resource
import sys
import time
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from _conformance.by_nautilus import BAR, BARS, DIGITS, INSTRUMENT, MONEY, VENUE, feed

CHANNEL, PERIOD, MULT = 240, 60, 5.0


def levels(high, low, close):
    """The highest high of the bars before, and close - 5 ATR(60) by Wilder's average from the mean of the first ranges."""
    n = len(close)
    highest = np.full(n, np.nan)
    highest[CHANNEL:] = np.lib.stride_tricks.sliding_window_view(high, CHANNEL).max(axis=1)[:-1]
    before = np.r_[np.nan, close[:-1]]
    ranges = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
    atr = np.full(n, np.nan)
    atr[PERIOD] = ranges[1 : PERIOD + 1].mean()
    for t in range(PERIOD + 1, n):
        atr[t] = (atr[t - 1] * (PERIOD - 1) + ranges[t]) / PERIOD
    return highest, close - MULT * atr


class Breakout(Strategy):
    def __init__(self, close, highest, level):
        super().__init__()
        self.close, self.highest, self.level = close.tolist(), highest.tolist(), level.tolist()
        self.row, self.is_in, self.floor = -1, False, 0.0
        self.fills = []

    def on_start(self):
        self.subscribe_bars(BARS)

    def on_bar(self, bar):
        self.row += 1
        row = self.row
        close, level = self.close[row], self.level[row]
        if not self.is_in:
            if close > self.highest[row]:
                self.is_in, self.floor = True, level
                self.order(OrderSide.BUY)
            return
        self.floor = max(self.floor, level)
        if close < self.floor:
            self.is_in = False
            self.order(OrderSide.SELL)

    def order(self, side):
        self.submit_order(self.order_factory.market(INSTRUMENT, side, Quantity.from_int(1)))

    def on_order_filled(self, event):
        self.fills.append((event.ts_event // BAR, event.last_px.as_double()))


def main():
    bars, out = sys.argv[1:3]
    open_, high, low, close, _ = np.fromfile(bars).reshape(5, -1)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(1e6, MONEY)],
        base_currency=MONEY,
        latency_model=LatencyModel(1),
        trade_execution=True,
    )
    tick, lot, fee = Price(10.0**-DIGITS, DIGITS), Quantity.from_int(1), Decimal("0.0003")
    engine.add_instrument(
        Equity(INSTRUMENT, Symbol("ONE"), MONEY, DIGITS, tick, lot, 0, 0, maker_fee=fee, taker_fee=fee)
    )
    engine.add_data(feed(np.stack([open_, high, low, close], axis=1), True))
    strategy = Breakout(close, *levels(high, low, close))
    engine.add_strategy(strategy)
    start = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - start
    fills = strategy.fills[: len(strategy.fills) // 2 * 2]
    rows = np.array(fills, dtype=float).reshape(-1, 4)
    # Its prices have ten digits; ours are the open of the bar, which they are to be.
    rows[:, 1], rows[:, 3] = open_[rows[:, 0].astype(int)], open_[rows[:, 2].astype(int)]
    apart = np.abs(np.array([price for _, price in fills]).reshape(-1, 2) - rows[:, 1::2])
    if apart.size and apart.max() > 10.0 ** (1 - DIGITS):
        sys.exit(f"nautilus: a fill is {apart.max()} from the open")
    if out:
        rows.tofile(out)
    pnl = float((rows[:, 3] * 0.9997 - rows[:, 1] * 1.0003).sum())
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"seconds": [seconds], "total_pnl": pnl, "peak_bytes": peak}))
    engine.dispose()


if __name__ == "__main__":
    main()
