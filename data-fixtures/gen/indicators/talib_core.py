"""SMA, RSI and MACD by TA-Lib."""

import talib

from _indicators import bars, head, write

SOURCE = f"TA-Lib {talib.__ta_version__.decode().split()[0]} by its Python wrapper {talib.__version__}"


def main():
    b = bars()
    close = b["close"]
    one = lambda name, f, periods: write(
        name, generator=__file__, source=SOURCE, columns={head(name, period=p): f(p) for p in periods}
    )
    one("sma", lambda p: talib.SMA(close, p), [2, 5, 20, 60])
    one("rsi", lambda p: talib.RSI(close, p), [2, 14, 30])
    columns = {}
    for fast, slow, signal in [(12, 26, 9), (3, 10, 16)]:
        named = {"fast_period": fast, "slow_period": slow, "signal_period": signal}
        for output, values in zip(["macd", "signal", "hist"], talib.MACD(close, fast, slow, signal)):
            columns[head("macd", output, **named)] = values
    write("macd", generator=__file__, source=SOURCE, columns=columns)


if __name__ == "__main__":
    main()
