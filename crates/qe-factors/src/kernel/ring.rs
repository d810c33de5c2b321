//! The last so many values, oldest first.

use super::{Keep, Tape};

/// The last `n` values that were pushed.
#[derive(Debug, Clone)]
pub struct Ring<T = f64> {
    values: Vec<T>,
    capacity: usize,
    /// Where the next value goes once the ring is full: the oldest stands there.
    next: usize,
}

/// Oldest first, wherever that one stands.
impl<T: Keep + Copy + Default> Keep for Ring<T> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { values, capacity, next } = self;
        values.rotate_left(std::mem::take(next));
        tape.list(values, *capacity);
    }
}

impl<T: Copy> Ring<T> {
    /// An empty ring for `capacity` values, at least one.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self { values: Vec::with_capacity(capacity), capacity, next: 0 }
    }

    /// Puts a value in; the oldest comes out once the ring is full.
    #[inline]
    pub fn push(&mut self, value: T) -> Option<T> {
        if self.values.len() < self.capacity {
            self.values.push(value);
            return None;
        }
        let old = std::mem::replace(&mut self.values[self.next], value);
        self.next = if self.next + 1 == self.capacity { 0 } else { self.next + 1 };
        Some(old)
    }

    /// Whether it holds as many values as it can.
    pub fn is_full(&self) -> bool {
        self.values.len() == self.capacity
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value `age` pushes ago, 0 being the last; `None` where there is none.
    #[inline]
    pub fn back(&self, age: usize) -> Option<T> {
        let n = self.values.len();
        if age >= n {
            return None;
        }
        let last = if self.next == 0 { n - 1 } else { self.next - 1 };
        Some(self.values[if age <= last { last - age } else { n + last - age }])
    }

    /// The values, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = T> + Clone + '_ {
        let (newer, older) = self.values.split_at(self.next);
        older.iter().chain(newer).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_values_stay_in_order_and_the_oldest_leaves() {
        let mut ring = Ring::new(3);
        assert_eq!((ring.back(0), ring.is_empty()), (None, true));
        for (x, left) in [(1.0, None), (2.0, None), (3.0, None), (4.0, Some(1.0)), (5.0, Some(2.0))] {
            assert_eq!(ring.push(x), left);
        }
        assert_eq!(ring.iter().collect::<Vec<_>>(), [3.0, 4.0, 5.0]);
        assert_eq!([0, 1, 2, 3].map(|age| ring.back(age)), [Some(5.0), Some(4.0), Some(3.0), None]);
        assert!(ring.is_full());
    }

    #[test]
    fn a_ring_of_one_holds_the_last() {
        let mut ring = Ring::new(0);
        assert_eq!((ring.push(1), ring.push(2), ring.back(0), ring.len()), (None, Some(1), Some(2), 1));
    }
}
