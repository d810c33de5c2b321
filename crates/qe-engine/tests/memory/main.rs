//! What sweeps take of memory, and that a strategy that trades live takes none, counted by the allocator: a binary of its own, since every allocation of a process is seen.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod counting;
mod live;
mod shapes;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;
