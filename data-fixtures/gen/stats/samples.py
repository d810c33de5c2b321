"""sum, moments, quantile, ranks, correlation, multiple, hac, block_length, permutation."""
import math

import arch
import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm
from arch.bootstrap import optimal_block_length
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import acf

from _common_stats import lcg, nums, write

mp.mp.dps = 50
SP = f"SciPy {scipy.__version__}, NumPy {np.__version__}"
SM = f"statsmodels {statsmodels.__version__}"
nan = math.nan
rng = np.random.default_rng(20240607)


def sums():
    rows = []
    for n, offset in [(1, 0.0), (100, -0.5), (4099, -0.5), (10000, 1000.0), (20001, -0.5)]:
        x = lcg(n, offset)
        sq = mp.fsum(mp.mpf(v) ** 2 for v in x)
        rows.append((str(n), offset, math.fsum(x), math.fsum(map(abs, x)), float(sq)))
    write("sum.csv", "sum and sum of squares of golden::lcg(n, offset)", "Python math.fsum, mpmath 50 digits",
          "2e-15 of the sum of absolute values", ["n", "offset", "fsum", "fsum_abs", "fsum_sq"], rows)


def moments():
    # tol: what double precision input allows; data near 1e8 carry their spread in few bits of exact input.
    data = [
        ("plain", [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 1e-13),
        ("normal", rng.normal(size=31).tolist(), 1e-13),
        ("fat", rng.standard_t(3, size=40).tolist(), 1e-13),
        ("returns", (rng.normal(size=25) * 1e-4 + 1e-5).tolist(), 1e-13),
        ("offset1e8", (1e8 + rng.normal(size=30)).tolist(), 1e-9),
        ("offset1e12", (1e12 + np.floor(rng.normal(size=20) * 100)).tolist(), 1e-9),
        ("tiny", (rng.normal(size=12) * 1e-60).tolist(), 1e-13),
    ]
    rows = []
    for name, x, tol in data:
        v = [mp.mpf(a) for a in x]
        n = len(v)
        mean = mp.fsum(v) / n
        m2, m3, m4 = (mp.fsum((a - mean) ** k for a in v) / n for k in (2, 3, 4))
        g1, g2 = m3 / m2 ** mp.mpf(1.5), m4 / m2**2
        G1 = g1 * mp.sqrt(n * (n - 1)) / (n - 2)
        G2 = mp.mpf(n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (g2 - 3) + 6)
        if "offset" not in name and name != "tiny":
            assert abs(float(g1) - st.skew(x)) < 1e-10 and abs(float(G1) - st.skew(x, bias=False)) < 1e-10
            assert abs(float(g2) - st.kurtosis(x, fisher=False)) < 1e-9
            assert abs(float(G2) - st.kurtosis(x, bias=False)) < 1e-9
        rows.append((name, str(tol), nums(x), mean, m2, m2 * n / (n - 1), mp.sqrt(m2 * n / (n - 1)), g1, G1, g2, G2))
    write("moments.csv", "moments of the doubles in x", f"mpmath {mp.__version__} 50 digits, formulas checked against {SP}",
          "column tol: relative for variances, of max(1, |value|) for skewness and kurtosis; mean 1e-15 of the largest |x|",
          ["name", "tol", "x", "mean", "var0", "var1", "std1", "skew_pop", "skew_sample", "kurt_pop_raw", "kurt_sample_excess"], rows)


def quantile():
    ps = [0, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.999, 1]
    rows = []
    for x in [[3.0], [1.0, 2.0], rng.normal(size=17).tolist(), [nan, 5.0, -1.0, nan, 2.0, 2.0, 8.0], rng.normal(size=30).round(1).tolist()]:
        rows.append((nums(x), nums(ps), nums(np.nanquantile(x, ps)), np.nanmedian(x), st.median_abs_deviation(x, nan_policy="omit")))
    write("quantile.csv", "quantiles (linear), median, unscaled MAD, NaN skipped", SP, "1e-15 of max(1, |value|)",
          ["x", "p", "quantile", "median", "mad"], rows)


def ranks():
    rows = []
    for x in [[], [7.0], [3.0, 1.0, 2.0, 1.0, 3.0, 3.0], rng.integers(0, 6, 20).astype(float).tolist(),
              [2.0, nan, 1.0, 2.0, nan, math.inf, -math.inf], rng.normal(size=12).tolist()]:
        a = np.array(x)
        ok = ~np.isnan(a)
        row = [nums(x)]
        for method in ["average", "min", "max", "dense", "ordinal"]:
            r = np.full(len(a), nan)
            r[ok] = st.rankdata(a[ok], method)
            row.append(nums(r))
        rows.append(row)
    write("ranks.csv", "ranks by tie rule; NaN taken out first", SP, "exact", ["x", "average", "min", "max", "dense", "ordinal"], rows)


def correlation():
    rows = []
    base = rng.normal(size=30)
    sets = [
        (base, 0.4 * base + rng.normal(size=30)),
        (rng.integers(0, 5, 25).astype(float), rng.integers(0, 4, 25).astype(float)),
        (np.where(np.arange(20) % 7 == 3, nan, np.arange(20.0)), np.where(np.arange(20) % 5 == 2, nan, rng.normal(size=20))),
        (1e8 + base, -base + 0.1 * rng.normal(size=30)),
        (np.array([1.0, 2.0]), np.array([5.0, 3.0])),
    ]
    for x, y in sets:
        ok = ~np.isnan(x) & ~np.isnan(y)
        a, b = x[ok], y[ok]
        am, bm = [mp.mpf(float(v)) for v in a], [mp.mpf(float(v)) for v in b]
        ma, mb = mp.fsum(am) / len(am), mp.fsum(bm) / len(bm)
        r = mp.fsum((p - ma) * (q - mb) for p, q in zip(am, bm)) / mp.sqrt(
            mp.fsum((p - ma) ** 2 for p in am) * mp.fsum((q - mb) ** 2 for q in bm))
        assert abs(float(r) - st.pearsonr(a, b)[0]) < 1e-7
        rows.append((nums(x), nums(y), r, st.spearmanr(a, b)[0], st.kendalltau(a, b)[0]))
    write("correlation.csv", "correlations, pairs with a NaN dropped; Pearson in mpmath, 50 digits", SP, "1e-13",
          ["x", "y", "pearson", "spearman", "kendall"], rows)


def multiple():
    rows = []
    for p in [[0.01, 0.02, 0.03, 0.04, 0.05], [0.5], [0.9, 1e-12, 0.04, 0.04, 1.0, 0.0, 0.3],
              [0.2, nan, 0.001, 0.03, nan, 0.7], rng.uniform(size=20).tolist(), (rng.uniform(size=15) ** 4).tolist()]:
        a = np.array(p)
        ok = ~np.isnan(a)
        row = [nums(p)]
        for method in ["bonferroni", "sidak", "holm", "fdr_bh", "fdr_by"]:
            out = np.full(len(a), nan)
            if method == "sidak":
                # statsmodels computes 1 - (1 - p)^m, which loses small p: mpmath instead, checked against it.
                out[ok] = [float(1 - (1 - mp.mpf(float(v))) ** int(ok.sum())) for v in a[ok]]
                assert np.allclose(out[ok], multipletests(a[ok], method=method)[1], rtol=0, atol=1e-14)
            else:
                out[ok] = multipletests(a[ok], method=method)[1]
            row.append(nums(out))
        rows.append(row)
    write("multiple.csv", "adjusted p-values; NaN taken out first; Sidak in mpmath", SM, "1e-13 relative",
          ["p", "bonferroni", "sidak", "holm", "benjamini_hochberg", "benjamini_yekutieli"], rows)


def hac():
    rows = []
    for n, phi in [(12, 0.0), (60, 0.5), (120, -0.4), (100, 0.9), (30, 0.99)]:
        e = rng.normal(size=n)
        x = np.zeros(n)
        x[0] = e[0]
        for t in range(1, n):
            x[t] = phi * x[t - 1] + e[t]
        x += 0.3
        d = x - x.mean()
        r = np.clip(np.linalg.lstsq(d[:-1, None], d[1:], rcond=None)[0][0], -0.97, 0.97)
        a = 4 * r**2 / ((1 - r) ** 2 * (1 + r) ** 2)
        andrews = min(int(np.floor(1.1447 * (a * n) ** (1 / 3))), n - 1)
        for rule, lag in [("fixed", 0), ("fixed", 4), ("newey_west", int(np.floor(4 * (n / 100) ** (2 / 9)))), ("andrews", andrews)]:
            fit = sm.OLS(x, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": False})
            se = fit.bse[0]
            rows.append((rule, str(lag), nums(x), fit.params[0], se, fit.tvalues[0], se**2 * n, nums(acf(x, nlags=5, fft=False))))
    write("hac.csv", "mean with Newey-West error (Bartlett, no small-sample factor); lags by the rule, autocorrelations 0..5",
          SM, "1e-13 of max(1, |value|), t 1e-12", ["rule", "lag", "x", "mean", "std_error", "t_stat", "lrv", "acf"], rows)


def at(g, n, m):
    w = [min(1, 2 * (1 - k / m)) for k in range(m + 1)]
    a = sum(2 * w[k] * k * g[k] for k in range(1, m + 1))
    s = g[0] + sum(2 * w[k] * g[k] for k in range(1, m + 1))
    return min((a * a / s**2 * n) ** (1 / 3), np.ceil(min(3 * np.sqrt(n), n / 3)))


def block_length():
    rows = []
    for n, phi, theta in [(50, 0.0, 0.0), (250, 0.0, 0.0), (250, 0.5, 0.0), (1000, 0.9, 0.0), (1000, -0.6, 0.0), (777, 0.3, 0.5), (2000, 0.0, 0.8), (100, 0.95, 0.0), (20, 0.5, 0.0)]:
        u = lcg(n, -0.5)
        y, last = [], 0.0
        for v in u:
            y.append(phi * (y[-1] if y else 0.0) + v + theta * last)
            last = v
        y = np.array(y)
        b = optimal_block_length(y).iloc[0]
        # The M behind the figure, found by trying all; and whether an autocorrelation sits on the band's edge.
        d = y - y.mean()
        g = [d[k:] @ d[:n - k] / n for k in range(n - 1)]
        m = [m for m in range(1, min(n - 1, 90)) if abs(at(g, n, m) - b["stationary"]) < 1e-9]
        band = 2 * np.sqrt(np.log10(n) / n)
        edge = any(abs(abs(g[k] / g[0]) / band - 1) < 0.02 for k in range(1, m[0]))
        rows.append((str(n), phi, theta, b["stationary"], b["circular"], str(m[0]), "yes" if edge else "no"))
    write("block_length.csv", "optimal block length of y[t] = phi y[t-1] + u[t] + theta u[t-1], u = golden::lcg(n, -0.5); m: the M of arch; on_edge: an autocorrelation within 2 % of the band",
          f"arch {arch.__version__} optimal_block_length", "1e-9 relative; m exact, one step on the edge",
          ["n", "phi", "theta", "stationary", "circular", "m", "on_edge"], rows)


def permutation():
    rows = []
    sets = [("mean_difference", [1.2, 3.4, 2.2, 4.1, 3.3], [0.3, 1.1, 2.0, 0.7, 1.9]),
            ("mean_difference", [1.0, 2.0, 2.0, 3.0], [2.0, 2.0, 1.0, 4.0, 3.0, 2.0]),
            ("pearson", [1.0, 2.5, 2.0, 4.0, 3.5, 6.0, 5.0], [0.5, 2.0, 2.2, 1.0, 3.0, 2.5, 2.0])]
    for name, x, y in sets:
        p = []
        for side in ["greater", "less", "two-sided"]:
            if name == "mean_difference":
                r = st.permutation_test((x, y), lambda a, b: np.mean(a) - np.mean(b), n_resamples=np.inf, alternative=side)
            else:
                r = st.permutation_test((x,), lambda a: st.pearsonr(a, y)[0], permutation_type="pairings", n_resamples=np.inf, alternative=side)
            p.append(r.pvalue)
        rows.append((name, nums(x), nums(y), r.statistic, *p))
    write("permutation.csv", "exact p-values over all orders", SP, "Monte Carlo error of 40,000 orders",
          ["statistic", "x", "y", "observed", "greater", "less", "two_sided"], rows)


for f in [sums, moments, quantile, ranks, correlation, multiple, hac, block_length, permutation]:
    f()
