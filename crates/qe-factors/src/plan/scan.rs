//! Recursion over rows: states that each row makes from the last ones and from series.
//!
//! It begins in the first row in which all series and all beginnings are known: the states are their beginnings there. In
//! later rows each is its step; one that comes out missing is missing in that row and stays what it was for the next.

use crate::indicators::Indicator;
use crate::keep;
use crate::kernel::Kernel;

use super::local::Local;

/// A recursion. Its inputs are the beginnings of its states and then the inputs of its program; its outputs the states.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) local: Local,
    /// The register of each state's step.
    pub(crate) steps: Vec<u32>,
    /// What each slot of the program is: the last value of a state, or its value in this row.
    pub(crate) slots: Vec<Slot>,
}

/// What a slot of a recursion's program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// What a state was in the row before.
    Prev(u32),
    /// What a state, which stands before the one that reads it, is in this row.
    Now(u32),
}

impl Indicator for Scan {
    fn lookback(&self) -> usize {
        0
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        let n = self.steps.len();
        Box::new(State {
            scan: self.clone(),
            begun: false,
            states: vec![f64::NAN; n],
            shown: vec![f64::NAN; n],
            slots: vec![f64::NAN; self.slots.len()],
            row: vec![f64::NAN; self.local.inputs().len()],
            registers: vec![f64::NAN; self.local.n_registers()],
        })
    }
}

#[derive(Debug, Clone)]
struct State {
    scan: Scan,
    begun: bool,
    states: Vec<f64>,
    shown: Vec<f64>,
    slots: Vec<f64>,
    row: Vec<f64>,
    registers: Vec<f64>,
}

keep!(State { begun, states, shown } given { scan } scratch { slots, row, registers });

impl Kernel for State {
    fn run(&mut self, inputs: &[&[f64]], out: &mut [&mut [f64]]) {
        let n_states = self.states.len();
        let n = out.first().map_or(0, |o| o.len());
        for i in 0..n {
            self.row.iter_mut().zip(&inputs[n_states..]).for_each(|(to, x)| *to = x[i]);
            if self.begun {
                self.step();
            } else if inputs.iter().all(|x| !x[i].is_nan()) {
                self.begun = true;
                self.states.iter_mut().zip(inputs).for_each(|(state, x)| *state = x[i]);
                self.shown.copy_from_slice(&self.states);
            }
            out.iter_mut().zip(&self.shown).for_each(|(o, v)| o[i] = *v);
        }
    }

    fn boxed_clone(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl State {
    fn step(&mut self) {
        let last = &self.states;
        for (value, slot) in self.slots.iter_mut().zip(&self.scan.slots) {
            if let Slot::Prev(k) = slot {
                *value = last[*k as usize];
            }
        }
        // A state that reads another's value of this row stands after it: one pass for each.
        let by_row = self.scan.slots.iter().any(|s| matches!(s, Slot::Now(_)));
        let passes = if by_row { self.scan.steps.len() } else { 1 };
        for pass in 0..passes {
            self.scan.local.run(&self.row, &self.slots, &mut self.registers);
            let done = if by_row { pass..pass + 1 } else { 0..self.scan.steps.len() };
            for k in done {
                self.shown[k] = self.registers[self.scan.steps[k] as usize];
                for (value, slot) in self.slots.iter_mut().zip(&self.scan.slots) {
                    if *slot == Slot::Now(k as u32) {
                        *value = self.shown[k];
                    }
                }
            }
        }
        for (state, &value) in self.states.iter_mut().zip(&self.shown) {
            if !value.is_nan() {
                *state = value;
            }
        }
    }
}
