"""Nautilus' side: market orders on bars. A script of its own, in a venv of its own: reads a job, writes what came.

Its timing, as found by running it: an order of `on_bar` is filled at that bar's close. With a latency it is filled by
the next event: the next bar's close, or, where a trade at each open stands before the bar, at the next open. Time is
counted in bars, since nothing here depends on the clock.
"""

import json
import sys
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

BAR = 60_000_000_000
# Digits of prices, and of money: its dollars have two, which would round every round trip.
DIGITS = 10
MONEY = Currency("USX", DIGITS, 0, "dollars with more digits", CurrencyType.FIAT)
VENUE = Venue("SIM")
INSTRUMENT = InstrumentId(Symbol("ONE"), VENUE)
BARS = BarType.from_str("ONE.SIM-1-MINUTE-LAST-EXTERNAL")


class Follow(Strategy):
    """Says what it wants at each bar; what is decided runs ahead of what is filled."""

    def __init__(self, job, signals):
        super().__init__()
        self.job, self.signals = job, signals
        self.row = -1
        self.side = 0
        self.entered = self.left = None
        self.trades, self.worth = [], []

    def on_start(self):
        self.subscribe_bars(BARS)

    def on_bar(self, bar):
        self.row += 1
        balance = self.portfolio.account(VENUE).balance_total(MONEY).as_double()
        unrealized = self.portfolio.unrealized_pnl(INSTRUMENT, price=bar.close)
        self.worth.append(balance + (unrealized.as_double() if unrealized else 0.0))
        was = self.side
        if was and self.is_out():
            self.order(-was)
            self.side = 0
            self.left = self.row + self.job["delay"]
        if self.side == 0 and (was == 0 or self.job["is_reversed"]):
            self.enter(not_side=was)

    def is_out(self):
        job, row = self.job, self.row
        if job["hold"]:
            return row - self.entered + 1 >= job["hold"]
        if job["is_flat_at_end"] and self.signals["last"][row]:
            return True
        return bool(self.signals["out_long" if self.side > 0 else "out_short"][row])

    def enter(self, not_side):
        job, row = self.job, self.row
        side = int(self.signals["long"][row]) - int(self.signals["short"][row])
        if side == 0 or side == not_side or job["is_flat_at_end"] and self.signals["last"][row]:
            return
        if self.left is not None and job["cooldown"] and row < self.left + 1 + job["cooldown"]:
            return
        self.order(side)
        self.side, self.entered = side, row + job["delay"]

    def order(self, side):
        way = OrderSide.BUY if side > 0 else OrderSide.SELL
        self.submit_order(self.order_factory.market(INSTRUMENT, way, Quantity.from_int(self.job["units"])))

    def on_position_closed(self, event):
        side = 1 if event.entry == OrderSide.BUY else -1
        units, pnl = event.peak_qty.as_double(), event.realized_pnl.as_double()
        rows = self.row_of(event.ts_opened), self.row_of(event.ts_closed)
        self.trades.append([*rows, side, units, event.avg_px_open, event.avg_px_close, pnl])

    def on_stop(self):
        for position in self.cache.positions_open():
            side = 1 if position.entry == OrderSide.BUY else -1
            row, units = self.row_of(position.ts_opened), position.peak_qty.as_double()
            self.trades.append([row, None, side, units, position.avg_px_open, None, None])

    def row_of(self, ts):
        """The bar of a fill: a bar is told at its end, and a trade at its open just after that of the one before."""
        return ts // BAR - (1 if ts % BAR == 0 else 0)


def feed(prices, with_opens):
    """Bars at their ends, and where it is asked for a trade at each open."""
    size = Quantity.from_int(1_000_000)
    data = []
    for i, row in enumerate(prices):
        if with_opens:
            at, side = i * BAR + 1000, AggressorSide.NO_AGGRESSOR
            data.append(TradeTick(INSTRUMENT, Price(row[0], DIGITS), size, side, TradeId(str(i)), at, at))
        end = (i + 1) * BAR
        data.append(Bar(BARS, *[Price(x, DIGITS) for x in row], size, end, end))
    return data


def run(job, arrays):
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    fill = job["fill"]
    words = {} if fill == "signal_close" else {"latency_model": LatencyModel(1)}
    if fill == "next_open":
        words["trade_execution"] = True
    capital = [Money(job["capital"], MONEY)]
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, capital, base_currency=MONEY, **words)
    tick, lot = Price(10.0**-DIGITS, DIGITS), Quantity.from_int(1)
    fee = Decimal(str(job["fee"]))
    names = [Symbol("ONE"), MONEY, DIGITS, tick, lot, 0, 0]
    engine.add_instrument(Equity(INSTRUMENT, *names, maker_fee=fee, taker_fee=fee))
    engine.add_data(feed(arrays["prices"], fill == "next_open"))
    strategy = Follow(job, arrays)
    engine.add_strategy(strategy)
    engine.run()
    told = {"trades": strategy.trades, "worth": strategy.worth}
    engine.dispose()
    return told


def main():
    folder = sys.argv[1]
    with open(f"{folder}/job.json") as file:
        job = json.load(file)
    told = run(job, dict(np.load(f"{folder}/arrays.npz")))
    with open(f"{folder}/told.json", "w") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main()
