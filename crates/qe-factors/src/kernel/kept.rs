//! What remembers rows says here what of it must be kept: [`Keep`], mostly by [`keep!`](crate::keep).

use std::collections::VecDeque;
use std::marker::PhantomData;

use super::{Kernel, Tape};

/// Something whose memory can be written and read.
///
/// One visit serves both, so it visits the same things in the same order whatever they hold. What a fresh one has already
/// need not be visited: parameters, and buffers that every row writes before it reads them.
pub trait Keep {
    /// Puts everything remembered on the tape, or takes it from there.
    fn keep(&mut self, tape: &mut Tape<'_>);
}

/// Says which fields of a state are its memory, in the order in which they are written: `keep!(State { last, mean });`
///
/// Every field is named, or it does not compile: what is no memory stands behind `given`, which is what a fresh state has
/// by its parameters, or behind `scratch`, which is written by every row before it is read. A count that is used as a
/// place stands with its bound, beyond which a memory is refused.
///
/// ```
/// # use qe_factors::keep;
/// #[derive(Debug, Clone)]
/// struct State {
///     last: f64,
///     phase: usize,
///     weights: [f64; 4],
///     column: Vec<f64>,
/// }
///
/// keep!(State { last, phase < 4 } given { weights } scratch { column });
/// ```
///
/// ```compile_fail
/// # use qe_factors::keep;
/// struct State {
///     last: f64,
///     forgotten: f64,
/// }
///
/// keep!(State { last });
/// ```
#[macro_export]
macro_rules! keep {
    ($state:ident { $($kept:ident $(< $bound:expr)?),* $(,)? }
        $(given { $($given:ident),* $(,)? })? $(scratch { $($scratch:ident),* $(,)? })?) => {
        impl $crate::kernel::Keep for $state {
            fn keep(&mut self, tape: &mut $crate::kernel::Tape<'_>) {
                let Self { $($kept,)* $($($given: _,)*)? $($($scratch: _,)*)? } = self;
                $($crate::keep!(@one $kept, tape $(, $bound)?);)*
                let _ = tape;
            }
        }
    };
    ($state:ident($($kept:ident),* $(,)?)) => {
        impl $crate::kernel::Keep for $state {
            fn keep(&mut self, tape: &mut $crate::kernel::Tape<'_>) {
                let Self($($kept),*) = self;
                $($crate::kernel::Keep::keep($kept, tape);)*
                let _ = tape;
            }
        }
    };
    (@one $kept:ident, $tape:ident) => {
        $crate::kernel::Keep::keep($kept, $tape)
    };
    (@one $kept:ident, $tape:ident, $bound:expr) => {
        $tape.count($kept, $bound - 1)
    };
}

impl Keep for u64 {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        tape.word(self);
    }
}

impl Keep for i64 {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut word = *self as u64;
        tape.word(&mut word);
        *self = word as i64;
    }
}

impl Keep for f64 {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut word = self.to_bits();
        tape.word(&mut word);
        *self = Self::from_bits(word);
    }
}

impl Keep for usize {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        tape.count(self, Self::MAX);
    }
}

impl Keep for bool {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut n = usize::from(*self);
        tape.count(&mut n, 1);
        *self = n == 1;
    }
}

impl Keep for u8 {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut n = usize::from(*self);
        tape.count(&mut n, usize::from(Self::MAX));
        *self = n as Self;
    }
}

impl Keep for u32 {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut n = *self as usize;
        tape.count(&mut n, Self::MAX as usize);
        *self = n as Self;
    }
}

impl<T: ?Sized> Keep for PhantomData<T> {
    fn keep(&mut self, _: &mut Tape<'_>) {}
}

impl<T: Keep> Keep for [T] {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.iter_mut().for_each(|value| value.keep(tape));
    }
}

impl<T: Keep, const N: usize> Keep for [T; N] {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.as_mut_slice().keep(tape);
    }
}

/// As long as the parameters say: the length is not kept but looked at. What grows is a [`Tape::list`] or a queue.
impl<T: Keep> Keep for Vec<T> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        tape.same(self.len() as u64, "length");
        self.as_mut_slice().keep(tape);
    }
}

/// As long as it happens to be.
impl<T: Keep + Default> Keep for VecDeque<T> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut n = self.len();
        let most = tape.n_after();
        tape.count(&mut n, most);
        self.resize_with(n, T::default);
        self.iter_mut().for_each(|value| value.keep(tape));
    }
}

impl<T: Keep + Default> Keep for Option<T> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let mut is_there = self.is_some();
        is_there.keep(tape);
        if is_there {
            self.get_or_insert_default().keep(tape);
        } else {
            *self = None;
        }
    }
}

impl<A: Keep, B: Keep> Keep for (A, B) {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.0.keep(tape);
        self.1.keep(tape);
    }
}

impl<A: Keep, B: Keep, C: Keep> Keep for (A, B, C) {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.0.keep(tape);
        self.1.keep(tape);
        self.2.keep(tape);
    }
}

impl Keep for Box<dyn Kernel> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.as_mut().keep(tape);
    }
}
