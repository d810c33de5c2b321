//! Other rows in the place of those that are not known at a cut: taken out, left out, multiplied, drawn, put in another
//! order; and bars of which a part is known made whole again.

use qe_core::rng::Stream;

use super::{Cut, Tampering};
use crate::market::Parts;

/// What is known of the rows at a cut: how many are complete, and of how many the open is known.
pub(super) struct Known {
    pub(super) rows: usize,
    pub(super) opens: usize,
}

/// Takes out all values that are not known.
pub(super) fn blank(parts: &mut Parts, known: &Known) {
    for (i, (_, x)) in parts.columns.iter_mut().enumerate() {
        let from = if i == 0 { known.opens } else { known.rows };
        x[from..].fill(f64::NAN);
    }
    if let Some(spread) = &mut parts.spread {
        spread[known.rows..].fill(f64::NAN);
    }
}

/// Leaves out rows.
pub(super) fn keep(parts: &mut Parts, stays: impl Fn(usize) -> bool) {
    fn retain<T: Copy>(x: &mut Vec<T>, stays: &impl Fn(usize) -> bool) {
        let mut row = 0;
        x.retain(|_| {
            row += 1;
            stays(row - 1)
        });
    }
    retain(&mut parts.open, &stays);
    retain(&mut parts.available, &stays);
    parts.columns.iter_mut().for_each(|(_, x)| retain(x, &stays));
    let masks = &mut parts.masks;
    for mask in [&mut masks.tradable, &mut masks.borrowable, &mut masks.corporate_action] {
        retain(mask, &stays);
    }
    if let Some(spread) = &mut parts.spread {
        retain(spread, &stays);
    }
    if let Some(fine) = &mut parts.fine {
        retain(&mut fine.rows, &stays);
    }
}

/// Multiplies prices, those of fine bars too.
pub(super) fn scale(parts: &mut Parts, cut: Cut, known: &Known, factors: &[f64]) {
    for (i, (_, x)) in parts.columns.iter_mut().take(4).enumerate() {
        let from = if i == 0 { known.opens } else { known.rows };
        x[from..].iter_mut().zip(&factors[from - known.rows..]).for_each(|(v, factor)| *v *= factor);
    }
    if let Some(fine) = &mut parts.fine {
        for (row, factor) in (known.rows..).zip(factors) {
            let later = fine.after(row, cut.time);
            let open = later.clone().next().filter(|_| row < known.opens).map(|at| (at, fine.prices[0][at]));
            fine.prices.iter_mut().for_each(|x| x[later.clone()].iter_mut().for_each(|v| *v *= factor));
            if let Some((at, open)) = open {
                fine.put(at, [open, fine.prices[1][at].max(open), fine.prices[2][at].min(open), fine.prices[3][at]]);
            }
        }
    }
}

/// Other values of volume and of the columns beside prices.
pub(super) fn others(parts: &mut Parts, known: &Known, r: &mut Stream) {
    for (i, (_, x)) in parts.columns.iter_mut().enumerate().skip(4) {
        for v in &mut x[known.rows..] {
            *v = match r.below(10) {
                0 => f64::NAN,
                1 | 2 if i > 4 => -*v,
                _ => *v * (3.0 * r.uniform()) + if i > 4 { r.normal() } else { 0.0 },
            };
        }
    }
}

/// Other rows in the place of rows.
pub(super) fn swap(parts: &mut Parts, known: &Known, r: &mut Stream) {
    let mut order: Vec<usize> = (known.rows..parts.open.len()).collect();
    r.shuffle(&mut order);
    let from = known.rows;
    let open = parts.columns[0].1[from..known.opens].to_vec();
    fn put<T: Copy>(x: &mut [T], order: &[usize], from: usize) {
        if x.is_empty() {
            return;
        }
        let moved: Vec<T> = order.iter().map(|row| x[*row]).collect();
        x[from..].copy_from_slice(&moved);
    }
    parts.columns.iter_mut().for_each(|(_, x)| put(x, &order, from));
    parts.columns[0].1[from..known.opens].copy_from_slice(&open);
    if let Some(spread) = &mut parts.spread {
        put(spread, &order, from);
    }
}

/// Other masks and spreads. What may be done in a bar is known with its open.
pub(super) fn halt(parts: &mut Parts, known: &Known, r: &mut Stream) {
    let n = parts.open.len();
    let masks = &mut parts.masks;
    for (mask, is_free) in
        [(&mut masks.tradable, true), (&mut masks.borrowable, true), (&mut masks.corporate_action, false)]
    {
        if mask.is_empty() {
            mask.resize(n, is_free);
        }
        mask[known.opens..].iter_mut().for_each(|v| *v = r.bernoulli(0.4) != is_free);
    }
    if let Some(spread) = &mut parts.spread {
        let of = |r: &mut Stream| if r.bernoulli(0.2) { f64::NAN } else { 0.1 * r.uniform() };
        spread[known.rows..].iter_mut().for_each(|v| *v = of(r));
    }
}

/// Other fine bars within the same bars.
pub(super) fn stir(parts: &mut Parts, cut: Cut, known: &Known, r: &mut Stream) {
    let Some(fine) = &mut parts.fine else { return };
    let (high, low) = (&parts.columns[1].1, &parts.columns[2].1);
    for row in known.rows..fine.rows.len() {
        if high[row].is_nan() || low[row].is_nan() {
            continue;
        }
        for (i, at) in fine.after(row, cut.time).enumerate() {
            let mut price = || low[row] + (high[row] - low[row]) * r.uniform();
            let [drawn, close, a, b] = [price(), price(), price(), price()];
            let open = if i == 0 && row < known.opens { fine.prices[0][at] } else { drawn };
            fine.put(at, [open, open.max(close).max(a).max(b), open.min(close).min(a).min(b), close]);
        }
    }
}

/// Makes one bar of what is known of it and what is not: its extremes hold its open, and its fine bars, of which those that
/// are known stay as they are, and of the one that is not complete the open does. Where rows are others altogether the rest
/// of their fine bars is gone. Which prices a bar lacks stays: what rests in the market looks at whole bars alone, and
/// takes that as known with the open.
pub(super) fn mend(parts: &mut Parts, cut: Cut, known: &Known, lacks: &[[bool; 3]], tampering: Tampering) {
    let keeps_fine = matches!(tampering, Tampering::Path | Tampering::Shocked | Tampering::Fewer);
    if let Some(fine) = &mut parts.fine
        && !keeps_fine
    {
        for row in known.rows..fine.rows.len() {
            let later = fine.after(row, cut.time);
            let begun = later.start..later.end.min(later.start + usize::from(row < known.opens));
            begun.clone().for_each(|at| fine.put(at, [fine.prices[0][at]; 4]));
            fine.rows[row][1] = begun.end as u32;
        }
    }
    let is_blank = matches!(tampering, Tampering::Truncated | Tampering::Missing);
    let [(_, open), (_, high), (_, low), (_, close), ..] = &mut parts.columns[..] else { return };
    for (row, lacks) in (known.rows..known.opens.min(open.len())).zip(lacks) {
        let fine = parts.fine.as_ref().map(|fine| (fine, fine.rows[row][0] as usize..fine.rows[row][1] as usize));
        let fine = fine.filter(|(_, at)| !at.is_empty());
        // A bar as far as it is known.
        let last = match &fine {
            Some((fine, at)) if is_blank => fine.prices[3][at.end - 1],
            _ => open[row],
        };
        let mut extremes = [open[row], last];
        for (x, lacks) in [&mut *high, &mut *low, &mut *close].into_iter().zip(lacks) {
            x[row] = match (*lacks, x[row].is_nan()) {
                (true, _) => f64::NAN,
                (false, true) => last,
                (false, false) => x[row],
            };
        }
        extremes[1] = if close[row].is_nan() { last } else { close[row] };
        let fine = fine.into_iter().flat_map(|(fine, at)| fine.prices.iter().flat_map(move |x| x[at.clone()].to_vec()));
        for v in extremes.into_iter().chain(fine).filter(|v| !v.is_nan()) {
            // What is missing stays so.
            high[row] = if high[row] < v { v } else { high[row] };
            low[row] = if low[row] > v { v } else { low[row] };
        }
    }
}
