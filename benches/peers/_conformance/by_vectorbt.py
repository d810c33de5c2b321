"""vectorbt's side: `Portfolio.from_signals` with signals as of the row before, or as of the row that fills."""

import warnings

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit

from .plan import CAPITAL, Run, Trade


@njit
def _timed(c, long, short, hold, cooldown, memory):
    """Signals of a time stop: `memory` holds the row of the entry, and that of the last exit."""
    i = c.i
    if c.position_now != 0.0:
        if i - memory[0] >= hold:
            memory[1] = i
            return False, True, False, True
        return False, False, False, False
    if i == 0 or memory[1] >= 0 and i - 1 < memory[1] + 1 + cooldown or long[i - 1] == short[i - 1]:
        return False, False, False, False
    memory[0] = i
    return long[i - 1], False, short[i - 1], False


@njit
def _below_best_close(c, close, far):
    """The stop as a share of its base, such that it lies below the best close since the signal."""
    if c.position_now == 0.0:
        return c.curr_stop, False
    return 1.0 - close[c.init_i - 1 : c.i].max() * (1.0 - far) / c.init_price, False


def _later(x):
    return np.r_[False, x[:-1]]


def run(plan, series):
    """Trades and worth by vectorbt. It knows no order that rests to enter, and one fill a bar."""
    bars, asked = series.bars, plan.asked(series)
    close, open_ = bars["close"].to_numpy(), bars["open"].to_numpy()
    long, short, out_long, out_short = asked.long, asked.short, asked.out_long, asked.out_short
    if plan.is_flat_at_end:
        last = series.last_of_session()
        long, short, out_long, out_short = long & ~last, short & ~last, out_long | last, out_short | last
    if plan.fill != "signal_close":
        long, short, out_long, out_short = map(_later, (long, short, out_long, out_short))
    words = {
        "price": open_ if plan.fill == "next_open" else close,
        "fees": plan.fee,
        "slippage": plan.half_spread,
        "init_cash": CAPITAL,
        "upon_opposite_entry": "reverse" if plan.is_reversed else "ignore",
        "size": plan.units if plan.fraction is None else plan.fraction,
        "size_type": "amount" if plan.fraction is None else "percent",
    }
    if plan.lot is not None:
        words["size_granularity"] = plan.lot
    if plan.stop is not None:
        words |= _stops(plan, series, close, open_)
    if plan.hold is not None:
        memory = np.full(2, -1)
        words["signal_func_nb"] = _timed
        words["signal_args"] = (asked.long, asked.short, plan.hold, plan.cooldown, memory)
    else:
        words |= {"entries": long, "exits": out_long, "short_entries": short, "short_exits": out_short}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        portfolio = vbt.Portfolio.from_signals(pd.Series(close), **words)
        return Run(_trades(portfolio.trades.records), portfolio.value().to_numpy())


def _stops(plan, series, close, open_):
    words = {
        "open": open_,
        "high": series.bars["high"].to_numpy(),
        "low": series.bars["low"].to_numpy(),
        "sl_stop": plan.stop_of(series),
        "stop_exit_price": "stopmarket",
        "stop_entry_price": "price",
    }
    if plan.target is not None:
        words["tp_stop"] = plan.stop_of(series) * plan.target
    if plan.trail == "high":
        words["sl_trail"] = True
    elif plan.trail == "close":
        words |= {"adjust_sl_func_nb": _below_best_close, "adjust_sl_args": (close, plan.stop_of(series))}
        # It takes no stop above its base: the base lies above whatever the close will have been.
        words |= {"stop_entry_price": "valprice", "val_price": np.r_[np.nan, 100 * close[:-1]]}
    elif plan.stop_from == "signal":
        # The stop's base is the asset's valuation, and that is the close of the signal's row.
        words |= {"stop_entry_price": "valprice", "val_price": np.r_[np.nan, close[:-1]]}
    return words


def _trades(records):
    trades = []
    for row in records.itertuples(index=False):
        is_closed = row.status == 1
        side = 1 if row.direction == 0 else -1
        exits = (int(row.exit_idx), float(row.exit_price), float(row.pnl)) if is_closed else (None, None, None)
        trades.append(Trade(int(row.entry_idx), exits[0], side, float(row.size), float(row.entry_price), *exits[1:]))
    return sorted(trades, key=lambda t: t.entry_row)
