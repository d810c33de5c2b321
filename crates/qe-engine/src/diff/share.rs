//! How much of a difference each cause carries: the Shapley value over runs that mix the causes of both sides.
//!
//! Of k causes there are 2^k mixes, and each is run. A cause carries what changing it from A's to B's adds, averaged over all
//! orders in which the causes may be changed one after the other. So what two causes do only together is halved between them,
//! no cause is first by decree, A and B exchanged turn every sign, a cause that never changes anything carries nothing, and
//! the parts add up to the whole.
//!
//! Where a mix cannot be run, no order can pass through it: causes that it sets apart are joined, the pair first that sets
//! apart the most of such mixes, until every mix that is left can be run. Both ends can, so it ends.
//! Reference: Shapley, A Value for n-Person Games (1953).

/// What groups of causes carry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Carried {
    /// The groups, each of the places of its causes.
    pub(super) groups: Vec<Group>,
    /// What the run of no cause, and that of all causes, wins.
    pub(super) ends: [f64; 2],
}

/// Causes that cannot be told apart; mostly one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The places of its causes.
    pub(super) members: Vec<usize>,
    /// Its Shapley value.
    pub(super) mean: f64,
    /// What it adds to A alone.
    pub(super) first: f64,
    /// What it adds when all others are B's already.
    pub(super) last: f64,
    /// Why its members are one, where they are several: what a mix between them failed with.
    pub(super) joined: Option<String>,
}

/// What `n` causes carry; `won` tells what a mix wins, whose causes of B are the bits of a number, or why it cannot be run.
///
/// # Errors
/// Why one of the two ends cannot be run.
pub(super) fn carried<E: ToString>(n: usize, mut won: impl FnMut(usize) -> Result<f64, E>) -> Result<Carried, E> {
    let all = (1_usize << n) - 1;
    let none = won(0)?;
    let ends = [none, if n == 0 { none } else { won(all)? }];
    let mut told: Vec<Result<f64, String>> = Vec::with_capacity(all + 1);
    for mix in 0..=all {
        told.push(match mix {
            0 => Ok(ends[0]),
            _ if mix == all => Ok(ends[1]),
            _ => won(mix).map_err(|e| e.to_string()),
        });
    }
    let (groups, why) = joined(n, &told);
    // Every mix of whole groups can be run.
    let value = |set: usize| {
        let mix = groups.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).fold(0, |mix, (_, bits)| mix | bits);
        told.get(mix).and_then(|v| v.as_ref().ok()).copied().unwrap_or(f64::NAN)
    };
    let k = groups.len();
    let values: Vec<f64> = (0..1_usize << k).map(value).collect();
    let whole = values.len() - 1;
    let group = |i: usize| {
        let bit = 1 << i;
        let mean = (0..values.len())
            .filter(|set| set & bit == 0)
            .fold(0.0, |sum, set| sum + weight(set.count_ones() as usize, k) * (values[set | bit] - values[set]));
        Group {
            members: (0..n).filter(|c| groups[i] >> c & 1 == 1).collect(),
            mean,
            first: values[bit] - values[0],
            last: values[whole] - values[whole & !bit],
            joined: why[i].clone(),
        }
    };
    Ok(Carried { groups: (0..k).map(group).collect(), ends })
}

/// The share of orders of `k` in which so many others come before one: `s! (k - s - 1)! / k!`.
fn weight(s: usize, k: usize) -> f64 {
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    factorial(s) * factorial(k - s - 1) / factorial(k)
}

/// Groups as sets of bits, such that every mix of whole groups was run; and of those that were joined why.
fn joined(n: usize, told: &[Result<f64, String>]) -> (Vec<usize>, Vec<Option<String>>) {
    let mut groups: Vec<(usize, Option<String>)> = (0..n).map(|i| (1 << i, None)).collect();
    loop {
        let is_whole = |mix: usize| groups.iter().all(|(bits, _)| mix & bits == 0 || mix & bits == *bits);
        let failed: Vec<(usize, &String)> = told
            .iter()
            .enumerate()
            .filter_map(|(mix, won)| Some((mix, won.as_ref().err()?)))
            .filter(|(mix, _)| is_whole(*mix))
            .collect();
        if failed.is_empty() {
            return groups.into_iter().unzip();
        }
        let parts = |i: usize, k: usize| {
            let (x, y) = (groups[i].0, groups[k].0);
            failed.iter().filter(move |(mix, _)| (mix & x == 0) != (mix & y == 0))
        };
        let mut best: Option<(usize, usize, usize)> = None;
        for i in 0..groups.len() {
            for k in i + 1..groups.len() {
                let n_parted = parts(i, k).count();
                if n_parted > best.map_or(0, |b| b.2) {
                    best = Some((i, k, n_parted));
                }
            }
        }
        // A mix that failed sets some pair apart: neither none of the causes nor all of them fail.
        let Some((i, k, _)) = best else { return groups.into_iter().unzip() };
        let why = parts(i, k).next().map(|(_, why)| (*why).clone());
        let (bits, of_other) = groups.remove(k);
        let own = groups[i].1.take();
        groups[i] = (groups[i].0 | bits, own.or(of_other).or(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(n: usize, won: impl Fn(usize) -> f64) -> Vec<f64> {
        let carried = carried(n, |mix| Ok::<_, String>(won(mix))).unwrap();
        carried.groups.iter().map(|g| g.mean).collect()
    }

    #[test]
    fn the_glove_game_has_its_known_value() {
        // One left glove, two right ones: a pair is worth 1. Shapley (1953): 2/3, 1/6, 1/6.
        let pair = |mix: usize| f64::from(u8::from(mix & 1 == 1 && mix & 6 != 0));
        let got = told(3, pair);
        for (got, want) in got.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
    }

    #[test]
    fn what_two_do_together_is_halved_and_what_does_nothing_carries_nothing() {
        // 10 alone, 20 alone, and 6 together; the third is idle.
        let won =
            |mix: usize| f64::from((mix & 1) as u32 * 10 + (mix >> 1 & 1) as u32 * 20 + u32::from(mix & 3 == 3) * 6);
        let carried = carried(3, |mix| Ok::<_, String>(won(mix))).unwrap();
        let means: Vec<f64> = carried.groups.iter().map(|g| g.mean).collect();
        assert!((means[0] - 13.0).abs() < 1e-14 && (means[1] - 23.0).abs() < 1e-14, "{means:?}");
        assert_eq!(means[2], 0.0);
        let ends: Vec<(f64, f64)> = carried.groups.iter().map(|g| (g.first, g.last)).collect();
        assert_eq!(ends, [(10.0, 16.0), (20.0, 26.0), (0.0, 0.0)]);
        assert_eq!(carried.ends, [0.0, 36.0]);
    }

    #[test]
    fn causes_that_a_failing_mix_sets_apart_are_joined() {
        // The first and the third only go together.
        let won = |mix: usize| match (mix & 1 == 1) == (mix & 4 == 4) {
            true => Ok(mix as f64),
            false => Err(format!("no mix {mix}")),
        };
        let carried = carried(3, won).unwrap();
        let members: Vec<&[usize]> = carried.groups.iter().map(|g| g.members.as_slice()).collect();
        assert_eq!(members, [&[0, 2][..], &[1]]);
        assert_eq!(carried.groups[0].joined.as_deref(), Some("no mix 1"));
        assert_eq!((carried.groups[0].mean, carried.groups[1].mean), (5.0, 2.0));
        assert_eq!(carried.groups[1].joined, None);
    }

    #[test]
    fn where_nothing_between_can_be_run_all_are_one() {
        let won = |mix: usize| if mix == 0 || mix == 7 { Ok(mix as f64) } else { Err("no".to_owned()) };
        let got = carried(3, won).unwrap();
        assert_eq!((got.groups.len(), got.groups[0].mean), (1, 7.0));
        assert_eq!(got.groups[0].members, [0, 1, 2]);
        assert_eq!(carried(2, |mix| if mix == 3 { Err("end") } else { Ok(0.0) }), Err("end"));
        assert_eq!(carried(0, |_| Ok::<_, String>(4.0)).unwrap(), Carried { groups: vec![], ends: [4.0, 4.0] });
    }
}
