"""black.csv: undiscounted Black prices out of the money, 80 digits, the doubles of the arguments taken as exact."""
import itertools

import mpmath as mp

from _common_stats import write

mp.mp.dps = 80


def ncdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


rows = []
for k, t, vol in itertools.product([100.0, 100.01, 101.0, 97.0, 120.0, 60.0, 300.0, 1000.0, 1.0], [1 / 365, 0.25, 1.0, 10.0], [0.01, 0.2, 0.6, 2.5]):
    F, K = mp.mpf(100), mp.mpf(k)
    s = mp.mpf(vol) * mp.sqrt(mp.mpf(t))
    d1 = mp.log(F / K) / s + s / 2
    d2 = d1 - s
    call, put = F * ncdf(d1) - K * ncdf(d2), K * ncdf(-d2) - F * ncdf(-d1)
    if min(call, put) < mp.mpf("1e-290"):
        continue
    # How a relative change of forward, strike and total volatility by one rounding changes the price.
    h2 = (mp.log(F / K) / s) ** 2
    rows.append((100.0, k, t, vol, call, put, float(h2)))
write("black.csv", "Black 1976, undiscounted; h2 = (ln(F/K)/s)^2, the sensitivity to the rounding of s", f"mpmath {mp.__version__}, 80 digits",
      "1e-14 + 4e-16 h2, relative", ["forward", "strike", "t_years", "vol_annual", "call", "put", "h2"], rows)
