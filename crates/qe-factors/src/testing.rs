//! The contract of indicators, for ours and for a user's own: feature `testing`.
//!
//! [`check_indicator`] panics with the indicator, its parameters and the row where the contract is broken.

use qe_core::param::{Kind, Param, Value};
use qe_core::rng::Stream;

use crate::indicators::{Indicator, Signature};
use crate::kernel::{Kernel, Tape};

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
    kept(signature, indicator, place, &x);
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

/// A kernel whose memory was kept and given to another goes on with the same bits, wherever that was.
#[track_caller]
fn kept(signature: &Signature, indicator: &dyn Indicator, place: &str, x: &[Vec<f64>]) {
    let (n_out, lookback) = (signature.outputs.len(), indicator.lookback().min(N));
    let mut odd = x.to_vec();
    for (i, column) in odd.iter_mut().enumerate() {
        column[40 + i] = f64::NAN;
        column[111] = -1e200;
        column[320 - i] = f64::INFINITY;
        (350..360).chain(500..503).for_each(|row| column[row] = column[349]);
    }
    let cuts = [0, 1, 2, 7, 37, 44, 120, 326, 352, 501, 640, N];
    let near = [lookback / 2, lookback.saturating_sub(1), lookback, lookback + 1, lookback + 9];
    let all = u32::MAX;
    let alone = (0..n_out).filter(|_| n_out > 1).map(|j| 1 << j);
    for (wanted, x, first) in [(all, x, 0), (all, &odd[..], 113)].into_iter().chain(alone.map(|w| (w, &odd[..], 0))) {
        let whole = run_kernel(|first| indicator.kernel_for(first as u64, wanted), n_out, x, first, || usize::MAX / 2);
        let is_whole = wanted == all;
        for cut in cuts.into_iter().chain(near).filter(|cut| (first..=N).contains(cut)) {
            for by_row in [false, true].into_iter().filter(|by_row| *by_row || is_whole) {
                let mut before = indicator.kernel_for(first as u64, wanted);
                feed(before.as_mut(), x, &mut vec![vec![0.0; N]; n_out], first..cut, by_row);
                let words = Tape::record(before.as_mut());
                let mut after = indicator.kernel_for(0, wanted);
                if by_row {
                    // What it has seen of something else is forgotten.
                    feed(after.as_mut(), x, &mut vec![vec![0.0; N]; n_out], 300..300 + cut / 2, false);
                }
                let place = format!("{place}: kept after row {cut}");
                Tape::play(&words, after.as_mut()).unwrap_or_else(|e| panic!("{place}: {e}"));
                assert_eq!(Tape::record(after.as_mut()), words, "{place}: what was read is written again");
                let mut got = whole.clone();
                feed(after.as_mut(), x, &mut got, cut..N, by_row);
                same(&place, "it goes on with other bits", &got, &whole, cut);
            }
        }
    }
}

/// Feeds some rows one by one, or in a few pieces.
fn feed(kernel: &mut dyn Kernel, x: &[Vec<f64>], out: &mut [Vec<f64>], rows: std::ops::Range<usize>, by_row: bool) {
    let mut at = rows.start;
    while at < rows.end {
        let end = if by_row { at + 1 } else { (at + 150).min(rows.end) };
        if by_row {
            let row: Vec<f64> = x.iter().map(|c| c[at]).collect();
            // Outputs that nobody wants stay what they are.
            let mut values: Vec<f64> = out.iter().map(|o| o[at]).collect();
            kernel.row(&row, &mut values);
            out.iter_mut().zip(values).for_each(|(o, value)| o[at] = value);
        } else {
            let inputs: Vec<&[f64]> = x.iter().map(|c| &c[at..end]).collect();
            let mut slices: Vec<&mut [f64]> = out.iter_mut().map(|o| &mut o[at..end]).collect();
            kernel.run(&inputs, &mut slices);
        }
        at = end;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::indicators::{ALL, Args, Input};
    use crate::kernel::{Ema, Step, boxed};
    use crate::{keep, ops};

    /// An average of the last two values, whose state says that the last value is written before it is read.
    #[derive(Debug, Clone)]
    struct Forgetful {
        last: f64,
        average: Ema,
    }

    keep!(Forgetful { average } scratch { last });

    impl Step<1, 1> for Forgetful {
        fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
            let before = std::mem::replace(&mut self.last, x);
            [self.average.push(x) + (x - before) * 0.5]
        }
    }

    impl Indicator for Forgetful {
        fn lookback(&self) -> usize {
            4
        }

        fn settle(&self, eps: f64) -> usize {
            Ema::settle(1.0 / 3.0, 5, eps)
        }

        fn is_windowed(&self) -> bool {
            false
        }

        fn kernel(&self, _: u64) -> Box<dyn Kernel> {
            boxed(Self { last: f64::NAN, average: Ema::of_period(5) })
        }
    }

    static FORGETFUL: Signature = Signature {
        name: "forgetful",
        aliases: &[],
        about: "forgets",
        inputs: &[Input::required("x")],
        params: Vec::new,
        outputs: &["forgetful"],
        build: |_: &Args| -> Result<Box<dyn Indicator>> {
            Ok(Box::new(Forgetful { last: f64::NAN, average: Ema::of_period(5) }))
        },
    };

    #[test]
    #[should_panic(expected = "it goes on with other bits")]
    fn a_state_that_forgets_a_field_breaks_the_contract() {
        check_indicator(&FORGETFUL);
    }

    /// What all indicators and operators have kept after some rows.
    const KEPT: &str = "147c40c2ca70";

    #[test]
    fn states_keep_what_the_number_of_their_form_says() {
        let mut all: Vec<(&str, Vec<u64>)> = Vec::new();
        for signature in ALL.iter().chain(ops::ALL) {
            let x = columns(signature, 1);
            let mut kernel = signature.with(&[]).unwrap().kernel(3);
            feed(kernel.as_mut(), &x, &mut vec![vec![0.0; N]; signature.outputs.len()], 3..93, true);
            let mut words = Tape::record(kernel.as_mut());
            // Machines differ in what is no number.
            words.iter_mut().filter(|w| f64::from_bits(**w).is_nan()).for_each(|w| *w = f64::NAN.to_bits());
            all.push((signature.name, words));
        }
        let id = qe_core::ident::id_of("kept by all", &all).unwrap().short();
        assert_eq!(
            id, KEPT,
            "states keep other things than before: count LAYOUT of plan/snapshot.rs up, and put this here"
        );
    }

    #[test]
    fn a_forged_memory_is_refused_or_leads_nowhere_bad() {
        let mut stream = Stream::new(3, "forged", 0);
        let (mut n_refused, mut n_taken) = (0, 0);
        for signature in ALL.iter().chain(ops::ALL) {
            let x = columns(signature, 2);
            let n_out = signature.outputs.len();
            for seed in [0, 2] {
                let named = choose(&(signature.params)(), seed);
                let named: Vec<(&str, Value)> = named.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
                let Ok(indicator) = signature.with(&named) else { continue };
                for cut in [3, 90] {
                    let mut before = indicator.kernel(0);
                    feed(before.as_mut(), &x, &mut vec![vec![0.0; N]; n_out], 0..cut, true);
                    let words = Tape::record(before.as_mut());
                    for _ in 0..if words.is_empty() { 0 } else { 40 } {
                        let mut forged = words.clone();
                        let at = (stream.uniform() * words.len() as f64) as usize;
                        let odd =
                            [0, 1, 2, 5, 1 << 20, u64::MAX, u64::MAX - 1, f64::NAN.to_bits(), 77.25_f64.to_bits()];
                        forged[at] = odd[(stream.uniform() * odd.len() as f64) as usize];
                        if stream.uniform() < 0.1 {
                            forged.truncate(at);
                        }
                        let mut after = indicator.kernel(0);
                        if Tape::play(&forged, after.as_mut()).is_err() {
                            n_refused += 1;
                            continue;
                        }
                        n_taken += 1;
                        let mut out = vec![vec![0.0; N]; n_out];
                        feed(after.as_mut(), &x, &mut out, cut..cut + 80, true);
                        feed(after.as_mut(), &x, &mut out, cut + 80..N, false);
                    }
                }
            }
        }
        assert!(n_refused > 1000 && n_taken > 1000, "{n_refused} {n_taken}");
    }
}
