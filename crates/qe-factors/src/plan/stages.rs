//! In which stage each node of a plan is computed: before, between or after operations across symbols.

use super::graph::{Graph, Id, Op};

/// Outputs are taken together until so many operations across symbols are new, which may run side by side.
const SIDE_BY_SIDE: usize = 8;

/// The stage of each node that outputs need: at least that of its latest child, and of one that works across symbols the
/// stage after it.
///
/// A few outputs are made at a time, and nodes that they are the first to need stand as late as their readers among them
/// do: so little has to be kept from stage to stage.
pub(super) fn stage_of_each(graph: &Graph, outputs: &[Id]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let across = |i: usize| u32::from(matches!(graph.nodes[i].op, Op::Cross(_)));
    let children = |i: usize| graph.children(Id(i as u32)).iter().map(|c| c.idx());
    let (mut stage_of, mut earliest) = (vec![NONE; graph.len()], vec![NONE; graph.len()]);
    let mut is_new = vec![false; graph.len()];
    let mut first = 0;
    let mut outputs = outputs.iter().map(|id| id.idx()).peekable();
    while outputs.peek().is_some() {
        // What these outputs need and none before them has needed.
        let (mut new, mut n_across) = (Vec::new(), 0);
        while let Some(output) = outputs.next_if(|_| n_across < SIDE_BY_SIDE) {
            let mut todo = vec![output];
            while let Some(i) = todo.pop() {
                if earliest[i] == NONE {
                    earliest[i] = first;
                    n_across += across(i) as usize;
                    new.push(i);
                    todo.extend(children(i));
                }
            }
        }
        // Children have lower numbers than their readers.
        new.sort_unstable();
        for &i in &new {
            let made = |c: usize| if stage_of[c] == NONE { earliest[c] } else { stage_of[c] };
            earliest[i] = children(i).map(|c| made(c) + across(i)).fold(first, u32::max);
        }
        new.iter().for_each(|&i| is_new[i] = true);
        for &i in new.iter().rev() {
            // None of them reads it: it is an output.
            if stage_of[i] == NONE {
                stage_of[i] = earliest[i];
            }
            for child in children(i).filter(|&c| is_new[c]) {
                stage_of[child] = stage_of[child].min(stage_of[i] - across(i));
            }
        }
        new.iter().for_each(|&i| is_new[i] = false);
        first = new.iter().map(|&i| earliest[i]).fold(first, u32::max);
    }
    // An output of a kernel is there when the kernel is.
    for i in 0..graph.len() {
        if matches!(graph.nodes[i].op, Op::Output(_)) {
            stage_of[i] = stage_of[graph.nodes[i].args[0].idx()];
        }
    }
    stage_of
}
