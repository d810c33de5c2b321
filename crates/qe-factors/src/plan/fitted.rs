//! What was fitted, as a computation of a plan: nothing for rows that open before its training window's end; and which
//! nodes of a graph read of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Other;
use super::graph::{Graph, Id, Op};
use crate::indicators::Indicator;
use crate::keep;
use crate::kernel::Kernel;
use crate::learned::Learned;

/// Something fitted, heard out of sample only. Its inputs are the rows' opening times as bits, then its own.
#[derive(Debug, Clone)]
pub(crate) struct OutOfSample {
    pub(crate) what: Arc<dyn Learned>,
    /// From which opening time on it is heard.
    pub(crate) from: i64,
}

impl Indicator for OutOfSample {
    fn lookback(&self) -> usize {
        self.what.lookback()
    }

    fn settle(&self, eps: f64) -> usize {
        self.what.settle(eps)
    }

    fn is_windowed(&self) -> bool {
        self.what.is_windowed()
    }

    fn n_bytes(&self) -> usize {
        self.what.n_bytes()
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        Box::new(State { inner: self.what.kernel(first_row), from: self.from })
    }
}

#[derive(Debug, Clone)]
struct State {
    inner: Box<dyn Kernel>,
    from: i64,
}

keep!(State { inner } given { from });

impl Kernel for State {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        let [open, inputs @ ..] = inputs else { return };
        // It sees all rows: what it remembers of earlier ones is the past of later ones.
        self.inner.run(inputs, out);
        for (i, _) in open.iter().enumerate().take_while(|(_, open)| (open.to_bits() as i64) < self.from) {
            out.iter_mut().for_each(|o| o[i] = f64::NAN);
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

/// The names of things that were fitted, and from which opening time on all of them are heard.
type Things = (Vec<Arc<str>>, i64);

/// What was fitted among everything that each node of a graph needs.
pub(super) struct Heard {
    /// The set of each node; none at all where nothing was fitted.
    of_node: Vec<u32>,
    /// The first is empty. A plan has many nodes and few sets.
    sets: Vec<Things>,
    known: HashMap<Things, u32>,
    joined: HashMap<(u32, u32), u32>,
}

impl Heard {
    /// Of all nodes of a graph, whose columns from `n_own` on are outputs of other symbols' plans.
    pub(super) fn new(graph: &Graph, others: &[Other], n_own: usize) -> Self {
        let none: Things = (Vec::new(), i64::MIN);
        let known = HashMap::from([(none.clone(), 0)]);
        let mut heard = Self { of_node: Vec::new(), sets: vec![none], known, joined: HashMap::new() };
        let of_others = others.iter().flat_map(|o| o.columns.iter().zip(o.plan.outputs()));
        let of_others: HashMap<usize, u32> = of_others
            .filter(|(_, output)| !output.fitted.is_empty())
            .map(|(column, o)| (*column as usize, heard.set((o.fitted.clone(), o.heard_from.unwrap_or(i64::MIN)))))
            .collect();
        if graph.fitted.is_empty() && of_others.is_empty() {
            return heard;
        }
        let mut marks = graph.fitted.iter().peekable();
        for i in 0..graph.len() {
            let mut all = 0;
            for child in graph.children(Id(i as u32)) {
                all = heard.join(all, heard.of_node[child.idx()]);
            }
            while let Some((_, names, from)) = marks.next_if(|(call, ..)| call.idx() == i) {
                let own = heard.set((names.clone(), *from));
                all = heard.join(all, own);
            }
            if let Op::Column(c) = graph.nodes[i].op
                && c as usize >= n_own
            {
                all = of_others.get(&(c as usize)).copied().unwrap_or(0);
            }
            heard.of_node.push(all);
        }
        heard
    }

    /// What was fitted in all that a node needs, and from which opening time on all of it is heard.
    pub(super) fn of(&self, id: Id) -> (Vec<Arc<str>>, Option<i64>) {
        let set = self.of_node.get(id.idx()).copied().unwrap_or(0);
        let (names, from) = &self.sets[set as usize];
        (names.clone(), Some(*from).filter(|t| *t > i64::MIN))
    }

    fn set(&mut self, things: Things) -> u32 {
        let sets = &mut self.sets;
        *self.known.entry(things).or_insert_with_key(|things| {
            sets.push(things.clone());
            sets.len() as u32 - 1
        })
    }

    fn join(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        } else if a == 0 {
            return b;
        }
        if let Some(&set) = self.joined.get(&(a, b)) {
            return set;
        }
        let (of_a, of_b) = (&self.sets[a as usize], &self.sets[b as usize]);
        let mut names: Vec<Arc<str>> = of_a.0.iter().chain(&of_b.0).cloned().collect();
        names.sort();
        names.dedup();
        let both = (names, of_a.1.max(of_b.1));
        let set = self.set(both);
        self.joined.insert((a, b), set);
        set
    }
}
