//! The contract of indicators, for ours and for a user's own: feature `testing`.
//!
//! [`check_indicator`] panics with the indicator, its parameters and the row where the contract is broken.

use qe_core::param::{Kind, Param, Value};
use qe_core::rng::Stream;

use crate::indicators::{Indicator, Signature};
use crate::kernel::Kernel;

/// How many rows the checks run over.
const N: usize = 700;

/// Checks an indicator with its default parameters, with small ones, and with others that its ranges allow.
///
/// # Panics
/// When it breaks its contract.
#[track_caller]
pub fn check_indicator(signature: &Signature) {
    for seed in 0..4 {
        let named = choose(&(signature.params)(), seed);
        let named: Vec<(&str, Value)> = named.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        let shown: Vec<String> = named.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let place = format!("{}({})", signature.name, shown.join(", "));
        match signature.with(&named) {
            Ok(indicator) => check(signature, indicator.as_ref(), &place, seed),
            // Values may be refused together, but the defaults may not.
            Err(error) => assert!(seed > 0, "{place}: {error}"),
        }
    }
}

/// Values for all parameters: the defaults for seed 0, the lowest for 1, some in between for others.
fn choose(params: &[Param], seed: u64) -> Vec<(String, Value)> {
    let mut stream = Stream::new(seed, "indicator parameters", 0);
    let value = |p: &Param, unit: f64| match (&p.kind, seed) {
        (_, 0) => p.default.clone(),
        (Kind::Int { min, .. }, 1) => Value::Int(*min),
        (Kind::Int { min, max, .. }, _) => Value::Int(min + (unit * ((*max).min(60) - min) as f64) as i64),
        (Kind::Float { .. }, 1) => p.default.clone(),
        (Kind::Float { min, .. }, _) => match p.default {
            // Near the default: the bounds may be far out.
            Value::Float(d) => Value::Float(min + (d - min) * (0.5 + unit / 2.0)),
            _ => p.default.clone(),
        },
        _ => p.from_unit(unit),
    };
    params.iter().map(|p| (p.name.clone(), value(p, stream.uniform()))).collect()
}

/// Columns that an indicator could be fed: bars where it reads fields of bars, walks otherwise.
fn columns(signature: &Signature, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(seed, "indicator inputs", 0);
    let mut close = 100.0_f64;
    let mut rows: Vec<[f64; 5]> = Vec::with_capacity(N);
    for _ in 0..N {
        let open = close + stream.uniform() - 0.5;
        close = open + 2.0 * (stream.uniform() - 0.5);
        let (high, low) = (open.max(close) + stream.uniform(), open.min(close) - stream.uniform());
        rows.push([open, high, low, close, (1000.0 * stream.uniform()).ceil()]);
    }
    let field = |name: &str| ["open", "high", "low", "close", "volume"].iter().position(|f| *f == name);
    let column = |i: usize, name: Option<&str>| match name.and_then(field) {
        Some(f) => rows.iter().map(|r| r[f]).collect(),
        None => rows.iter().map(|r| 50.0 + (r[i % 4] - r[(i + 1) % 4]) + r[4] / 500.0).collect(),
    };
    signature.inputs.iter().enumerate().map(|(i, input)| column(i, input.default)).collect()
}

/// Runs a kernel over rows in pieces of the lengths that `cut` gives.
fn run(
    indicator: &dyn Indicator,
    n_out: usize,
    x: &[Vec<f64>],
    first: usize,
    cut: impl FnMut() -> usize,
) -> Vec<Vec<f64>> {
    run_kernel(|first| indicator.kernel(first as u64), n_out, x, first, cut)
}

/// The same for a kernel of any kind, given its first row.
fn run_kernel(
    kernel: impl Fn(usize) -> Box<dyn Kernel>,
    n_out: usize,
    x: &[Vec<f64>],
    first: usize,
    mut cut: impl FnMut() -> usize,
) -> Vec<Vec<f64>> {
    let n = x.first().map_or(0, Vec::len);
    let mut kernel = kernel(first);
    let mut out = vec![vec![-7.0; n]; n_out];
    let mut at = first;
    while at < n {
        let end = (at + cut()).min(n);
        // A copy of a kernel goes on as the kernel itself.
        kernel = kernel.boxed_clone();
        let inputs: Vec<&[f64]> = x.iter().map(|c| &c[at..end]).collect();
        let mut slices: Vec<&mut [f64]> = out.iter_mut().map(|o| &mut o[at..end]).collect();
        kernel.run(&inputs, &mut slices);
        at = end;
    }
    out
}

/// Fails at the first row from `from` on where bits differ; all NaN are one.
#[track_caller]
fn same(place: &str, what: &str, got: &[Vec<f64>], want: &[Vec<f64>], from: usize) {
    for (j, (g, w)) in got.iter().zip(want).enumerate() {
        for i in from..w.len().min(g.len()) {
            let equal = g[i].to_bits() == w[i].to_bits() || (g[i].is_nan() && w[i].is_nan());
            assert!(equal, "{place}: {what}: output {j}, row {i}: {:?} is not {:?}", g[i], w[i]);
        }
    }
}

#[track_caller]
fn check(signature: &Signature, indicator: &dyn Indicator, place: &str, seed: u64) {
    let n_out = signature.outputs.len();
    let x = columns(signature, seed);
    let whole = run(indicator, n_out, &x, 0, || usize::MAX / 2);
    let lookback = indicator.lookback();

    let rows = run(indicator, n_out, &x, 0, || 1);
    same(place, "row by row", &rows, &whole, 0);
    let mut stream = Stream::new(seed, "cuts", 0);
    let blocks = run(indicator, n_out, &x, 0, || 1 + (stream.uniform() * 90.0) as usize);
    same(place, "in blocks", &blocks, &whole, 0);

    for cut in [0, 1, 2, 37, N / 2] {
        let past: Vec<Vec<f64>> = x.iter().map(|c| c[..cut].to_vec()).collect();
        let seen = run(indicator, n_out, &past, 0, || usize::MAX / 2);
        same(place, "it must not see the future", &seen, &whole, 0);
        assert!(seen.iter().all(|o| o.len() == cut), "{place}: output is as long as input");
    }

    for (j, out) in whole.iter().enumerate() {
        let name = signature.outputs[j];
        let warm = out.iter().position(|v| !v.is_nan()).unwrap_or(N);
        assert_eq!(warm, lookback.min(N), "{place}: {name} begins at its lookback");
        assert!(out.iter().all(|v| !v.is_infinite()), "{place}: {name} is infinite");
    }
    for j in (0..n_out).filter(|_| n_out > 1) {
        let alone = |_: usize| indicator.kernel_for(0, 1 << j);
        let got = run_kernel(alone, n_out, &x, 0, || 1 + (stream.uniform() * 90.0) as usize);
        same(place, "one output alone", &got[j..=j], &whole[j..=j], 0);
    }
    missing(signature, indicator, place, &x, &whole);
    slices(indicator, n_out, place, &x, &whole);
    hostile(indicator, n_out, place, signature.inputs.len());
}

/// A NaN, and what has left.
#[track_caller]
fn missing(signature: &Signature, indicator: &dyn Indicator, place: &str, x: &[Vec<f64>], whole: &[Vec<f64>]) {
    let (n_out, lookback, at) = (signature.outputs.len(), indicator.lookback(), 300);
    for (i, input) in signature.inputs.iter().enumerate() {
        for odd in [f64::NAN, 1e200] {
            let mut with = x.to_vec();
            with[i][at] = odd;
            let got = run(indicator, n_out, &with, 0, || 64);
            same(place, "before the odd value", &got.iter().map(|o| o[..at].to_vec()).collect::<Vec<_>>(), whole, 0);
            if odd.is_nan() {
                let any = got.iter().any(|o| (at..(at + lookback + 1).min(N)).any(|row| o[row].is_nan()));
                assert!(any || lookback >= at, "{place}: a NaN in {} goes unnoticed", input.name);
                let last = got.iter().all(|o| !o[N - 1].is_nan());
                assert!(last || at + lookback >= N - 1, "{place}: a NaN in {} never leaves", input.name);
            }
            if indicator.is_windowed() {
                same(place, &format!("{odd} has left {}", input.name), &got, whole, at + lookback + 1);
            }
        }
    }
}

/// A slice agrees with the whole once it has settled.
#[track_caller]
fn slices(indicator: &dyn Indicator, n_out: usize, place: &str, x: &[Vec<f64>], whole: &[Vec<f64>]) {
    let first = 113;
    let slice = run(indicator, n_out, x, first, || usize::MAX / 2);
    if indicator.is_windowed() {
        assert_eq!(indicator.settle(1e-9), indicator.lookback(), "{place}: a window settles at once");
        same(place, "a slice", &slice, whole, first + indicator.lookback());
        return;
    }
    let settled = first.saturating_add(indicator.settle(1e-9));
    for (j, (got, want)) in slice.iter().zip(whole).enumerate() {
        let scale = want.iter().filter(|v| !v.is_nan()).fold(1.0, |a: f64, v| a.max(v.abs()));
        for i in settled..N {
            let close = (got[i] - want[i]).abs() <= 1e-6 * scale || (got[i].is_nan() && want[i].is_nan());
            assert!(close, "{place}: output {j} is not settled at row {i}: {} and {}", got[i], want[i]);
        }
    }
}

/// Inputs that must not panic, and by which no infinity is made from nothing.
#[track_caller]
fn hostile(indicator: &dyn Indicator, n_out: usize, place: &str, n_in: usize) {
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -1.0, 1e-300];
    let mut stream = Stream::new(9, "hostile", 0);
    let columns: Vec<Vec<f64>> =
        (0..n_in).map(|_| (0..N).map(|_| odd[(stream.uniform() * odd.len() as f64) as usize]).collect()).collect();
    let rows = run(indicator, n_out, &columns, 0, || 1);
    let whole = run(indicator, n_out, &columns, 0, || usize::MAX / 2);
    same(place, "hostile values, row by row", &rows, &whole, 0);
    for constant in [0.0, 7.5] {
        let flat = vec![vec![constant; N]; n_in];
        let out = run(indicator, n_out, &flat, 0, || 50);
        assert!(out.iter().flatten().all(|v| !v.is_infinite()), "{place}: infinite where all is {constant}");
    }
}
