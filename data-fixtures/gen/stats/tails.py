"""tails.csv: distribution tails and quantiles with 50 digits (the doubles of the arguments are taken as exact)."""
import mpmath as mp
import scipy.stats as st

from _common_stats import write

mp.mp.dps = 60
M = mp.mpf


def ncdf(x):
    return mp.erfc(-M(x) / mp.sqrt(2)) / 2


def t_sf(x, v):
    x, v = M(x), M(v)
    if x < 0:
        return 1 - t_sf(-x, v)
    return mp.betainc(v / 2, M(1) / 2, 0, v / (v + x * x), regularized=True) / 2


def chi2_sf(x, k):
    return mp.gammainc(M(k) / 2, M(x) / 2, mp.inf, regularized=True)


def chi2_cdf(x, k):
    return mp.gammainc(M(k) / 2, 0, M(x) / 2, regularized=True)


def f_sf(x, a, b):
    x, a, b = M(x), M(a), M(b)
    return mp.betainc(b / 2, a / 2, 0, b / (b + a * x), regularized=True)


def f_cdf(x, a, b):
    x, a, b = M(x), M(a), M(b)
    return mp.betainc(a / 2, b / 2, 0, a * x / (b + a * x), regularized=True)


def root(f, p, guess):
    """The x with f(x) = p, by iteration in 60 digits from a guess."""
    p, guess = M(p), M(guess)
    if guess == 0:
        return guess
    lo, hi = guess * (1 - M("1e-6")), guess * (1 + M("1e-6"))
    x = mp.findroot(lambda x: f(x) / p - 1, (lo, hi), solver="anderson", tol=mp.mpf("1e-70"), verify=False)
    assert abs(f(x) / p - 1) < mp.mpf("1e-30"), (p, guess, x)
    return x


rows = []


def add(name, x, value, tol, a=0, b=0):
    rows.append((name, x, a, b, value, str(tol)))


for x in [-37.5, -30, -20.3, -12.25, -8, -5.5, -3, -1.96, -1, -0.1, 0, 0.3, 1, 2.5, 4, 8.2]:
    add("normal_pdf", x, mp.npdf(x), 1e-13)
    # Conditioning of a double argument: x^2 times the rounding of x / sqrt 2.
    add("normal_cdf", x, ncdf(x), 5e-16 * max(4, x * x))
    add("normal_sf", -x, ncdf(x), 5e-16 * max(4, x * x))
for p in [1e-300, 1e-100, 1e-20, 1e-11, 1e-10, 1e-5, 0.01, 0.074, 0.076, 0.2, 0.3, 0.4999, 0.6, 0.9, 0.93, 0.975, 0.999, 1 - 1e-9]:
    add("normal_ppf", p, root(ncdf, p, st.norm.ppf(p)), 2e-15)
for v in [1, 2, 3.5, 10, 59, 1000]:
    for x in [-40, -2.5, -0.3, 0, 1e-6, 0.5, 1, 2, 4, 30, 1e4]:
        add("student_t_cdf", x, t_sf(-x, v), 1e-13, v)
        add("student_t_sf", x, t_sf(x, v), 1e-13, v)
    for p in [1e-8, 1e-3, 0.2, 0.4999999, 0.6, 0.975, 0.9999]:
        add("student_t_ppf", p, root(lambda x: t_sf(-x, v), p, st.t.ppf(p, v)), 2e-14, v)
for k in [1, 2, 5, 30, 250]:
    for x in [1e-6, 0.5, 3, 20, 100, 400]:
        add("chi2_cdf", x, chi2_cdf(x, k), 2e-13, k)
        add("chi2_sf", x, chi2_sf(x, k), 2e-13, k)
    for p in [1e-4, 0.05, 0.5, 0.95, 0.9999]:
        add("chi2_ppf", p, root(lambda x: chi2_cdf(x, k), p, st.chi2.ppf(p, k)), 2e-14, k)
for a, b in [(1, 1), (2, 10), (5, 30), (30, 7), (100, 200)]:
    for x in [1e-3, 0.2, 1, 2.5, 12, 200]:
        add("f_cdf", x, f_cdf(x, a, b), 2e-13, a, b)
        add("f_sf", x, f_sf(x, a, b), 2e-13, a, b)
    for p in [1e-3, 0.1, 0.5, 0.95, 0.999]:
        add("f_ppf", p, root(lambda x: f_cdf(x, a, b), p, st.f.ppf(p, a, b)), 2e-14, a, b)
for n, p in [(4, 0.5), (20, 0.05), (100, 0.3), (1000, 0.01)]:
    for k in sorted({0, 1, 2, n // 4, n // 2, n - 1}):
        exact = mp.fsum(mp.binomial(n, j) * M(p) ** j * (1 - M(p)) ** (n - j) for j in range(k + 1, n + 1))
        add("binomial_sf", k, exact, 3e-13, n, p)
rows = [r for r in rows if r[4] == 0 or abs(r[4]) > 1e-300]
write("tails.csv", "tails and quantiles; a, b are the parameters (df; df1, df2; n, p)", f"mpmath {mp.__version__}, 60 digits",
      "column tol, relative", ["function", "x", "a", "b", "value", "tol"], rows)
