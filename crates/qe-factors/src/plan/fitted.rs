//! What was fitted, as a computation of a plan: nothing for rows that open before its training window's end.

use std::sync::Arc;

use crate::indicators::Indicator;
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
