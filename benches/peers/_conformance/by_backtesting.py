"""backtesting.py's side: one strategy of its kind that follows any plan."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd

from .plan import CAPITAL, Run, Trade

with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtesting
    from backtesting import Backtest, Strategy

# It draws a bar of progress for each run.
backtesting.backtesting._tqdm = lambda seq, **_: seq


def run(plan, series):
    """Trades and worth by backtesting.py. At closes it books a fill's fee one bar later: those rows are hidden."""
    bars = series.bars
    frame = pd.DataFrame({field.capitalize(): bars[field].to_numpy() for field in bars.columns})
    frame.index = bars.index.tz_localize(None)
    is_at_close = plan.fill != "next_open"
    costs = {"commission": plan.fee or plan.half_spread}
    if plan.spread_is_said:
        costs = {"spread": 2 * plan.half_spread}
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        test = Backtest(frame, _strategy(plan, series), cash=CAPITAL, trade_on_close=is_at_close, **costs)
        done = test.run()
    trades = [_closed(row) for row in done["_trades"].itertuples(index=False)]
    trades += [_open(trade) for trade in done["_strategy"].trades]
    trades.sort(key=lambda t: (t.entry_row, t.last_row))
    hidden = np.zeros(len(bars), dtype=bool)
    if is_at_close and plan.fee > 0:
        for trade in trades:
            hidden[[row for row in (trade.entry_row, trade.exit_row) if row is not None]] = True
    return Run(trades, done["_equity_curve"]["Equity"].to_numpy(), hidden)


def _closed(row):
    side = 1 if row.Size > 0 else -1
    prices = float(row.EntryPrice), float(row.ExitPrice), float(row.PnL)
    return Trade(int(row.EntryBar), int(row.ExitBar), side, float(abs(row.Size)), *prices)


def _open(trade):
    side = 1 if trade.size > 0 else -1
    return Trade(int(trade.entry_bar), None, side, float(abs(trade.size)), float(trade.entry_price), None, None)


def _strategy(plan, series):
    """A class of its kind. `next` is asked at each close; what it orders is filled as the plan says."""
    asked, last = plan.asked(series), series.last_of_session()
    close, high = series.bars["close"].to_numpy(), series.bars["high"].to_numpy()
    stop, below = plan.stop_of(series), plan.limit_of(series)
    size = plan.units if plan.fraction is None else plan.fraction
    # It fills at this close or at the next open; the next close is this close of a decision of the row before.
    delay = 1 if plan.fill == "next_close" else 0

    class Follow(Strategy):
        def init(self):
            self.signal_row = None
            self.rest = None

        def next(self):
            now = len(self.data) - 1
            row = now - delay
            if row < 0:
                return
            if self.position:
                self.rest = None
                self.move_stops(now)
                is_long = self.position.is_long
                if self.is_out(row, now, is_long):
                    self.position.close()
                    if plan.is_reversed:
                        self.enter(row, now, not_side=1 if is_long else -1)
                return
            if self.rest is not None and self.waits(row):
                return
            self.enter(row, now)

        def is_out(self, row, now, is_long):
            if plan.hold is not None:
                return now - self.trades[0].entry_bar + 1 >= plan.hold
            if plan.is_flat_at_end and last[now]:
                return True
            return asked.out_long[row] if is_long else asked.out_short[row]

        def waits(self, row):
            """Whether an entry still rests. It is taken back at the exit's condition, and when its bars are over."""
            is_over = row - self.signal_row >= plan.limit_bars
            if asked.out_long[row] or is_over:
                self.rest.cancel()
                self.rest = None
            return not is_over

        def enter(self, row, now, not_side=0):
            side = int(asked.long[row]) - int(asked.short[row])
            if side == 0 or side == not_side or plan.is_flat_at_end and last[now]:
                return
            if plan.cooldown and self.closed_trades:
                if now < max(trade.exit_bar for trade in self.closed_trades[-1:]) + 1 + plan.cooldown:
                    return
            self.signal_row = row
            words = {}
            if stop is not None and plan.stop_from == "signal" and plan.trail != "high":
                words["sl"] = close[row] * (1 - side * stop)
            if plan.target is not None and plan.stop_from == "signal":
                words["tp"] = close[row] * (1 + side * stop * plan.target)
            if below is not None:
                self.rest = self.buy(size=size, limit=close[row] * (1 - below))
            else:
                (self.buy if side > 0 else self.sell)(size=size, **words)

        def move_stops(self, now):
            trade = self.trades[0]
            side = 1 if trade.size > 0 else -1
            if plan.trail == "close":
                trade.sl = close[self.signal_row : now + 1].max() * (1 - stop)
            elif plan.trail == "high":
                trade.sl = high[trade.entry_bar : now + 1].max() * (1 - stop)
            elif plan.stop_from == "entry" and stop is not None and trade.sl is None:
                trade.sl = trade.entry_price * (1 - side * stop)
                trade.tp = trade.entry_price * (1 + side * stop * plan.target)

    return Follow
