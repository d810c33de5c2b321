//! Random small equations, as a search for equations makes them: over 1,594 rows of 496 features, built in code.

use std::sync::Arc;

use qe_core::columns::{Axis, Columns};
use qe_core::error::Result;
use qe_core::rng::Stream;
use qe_factors::plan::scalar::{Bin, Un};
use qe_factors::plan::{Graph, Id};

/// Rows of the table.
pub const N_ROWS: usize = 1594;
/// Features of the table.
pub const N_FEATURES: usize = 496;

/// The table, and the names of its columns.
///
/// # Errors
/// When the table cannot be made, which no input causes.
pub fn table() -> Result<(Columns, Arc<[Arc<str>]>)> {
    let mut stream = Stream::new(1, "bench.features", 0);
    let names: Arc<[Arc<str>]> = (0..N_FEATURES).map(|i| format!("x{i}").into()).collect();
    let mut table = Columns::new(Axis::instants((0..N_ROWS as i64).collect::<Vec<_>>())?);
    for name in names.iter() {
        table.push(Arc::clone(name), (0..N_ROWS).map(|_| stream.normal()).collect::<Vec<f64>>())?;
    }
    Ok((table, names))
}

/// How many nodes equations have, as they are written: before equal parts are shared and constants folded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    /// Columns, constants and operations.
    pub nodes: usize,
    /// Operations alone.
    pub operations: usize,
}

/// Draws an equation of at most this depth into a graph. Of its leaves 70% are features and the others constants, each a
/// number of its own; a quarter of the operations are `exp` or `log` where those are wanted.
pub fn draw(graph: &mut Graph, stream: &mut Stream, depth: u32, exp_and_log: bool, count: &mut Count) -> Id {
    count.nodes += 1;
    if depth == 0 || stream.uniform() < 0.1 {
        let feature = stream.uniform() < 0.7;
        return if feature { graph.column(stream.below(N_FEATURES as u64) as u32) } else { graph.num(stream.normal()) };
    }
    count.operations += 1;
    if exp_and_log && stream.uniform() < 0.25 {
        let a = draw(graph, stream, depth - 1, exp_and_log, count);
        return graph.un(if stream.uniform() < 0.5 { Un::Exp } else { Un::Log }, a);
    }
    let a = draw(graph, stream, depth - 1, exp_and_log, count);
    let b = draw(graph, stream, depth - 1, exp_and_log, count);
    graph.bin([Bin::Add, Bin::Sub, Bin::Mul, Bin::Div][stream.below(4) as usize], a, b)
}
