//! Random small equations, as a search for equations makes them: over 1,594 rows of 496 features, built in code.

use std::sync::Arc;

use qe_core::columns::{Axis, Columns};
use qe_core::error::Result;
use qe_core::param::Param;
use qe_core::rng::Stream;
use qe_factors::expr::{Arg, Ast, Binary, Node, NodeId};
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

/// The most constants that an equation of depth 3 has.
pub const N_CONSTANTS: usize = 8;

/// The same equation as a syntax tree: constants are the parameters `$c0`, `$c1`, …, whose values are pushed. `None` if the
/// tree is full, which no equation of such a depth is.
pub fn draw_tree(
    ast: &mut Ast,
    words: &Words,
    stream: &mut Stream,
    depth: u32,
    exp_and_log: bool,
    constants: &mut Vec<f64>,
) -> Option<NodeId> {
    if depth == 0 || stream.uniform() < 0.1 {
        if stream.uniform() < 0.7 {
            return ast.push(Node::Field(Arc::clone(&words.features[stream.below(N_FEATURES as u64) as usize])));
        }
        constants.push(stream.normal());
        return ast.push(Node::Param(Arc::clone(&words.constants[constants.len() - 1])));
    }
    if exp_and_log && stream.uniform() < 0.25 {
        let value = draw_tree(ast, words, stream, depth - 1, exp_and_log, constants)?;
        let name = Arc::clone(&words.functions[usize::from(stream.uniform() >= 0.5)]);
        return ast.push(Node::Call { name, args: vec![Arg { name: None, value }].into(), output: None });
    }
    let a = draw_tree(ast, words, stream, depth - 1, exp_and_log, constants)?;
    let b = draw_tree(ast, words, stream, depth - 1, exp_and_log, constants)?;
    ast.push(Node::Binary([Binary::Add, Binary::Sub, Binary::Mul, Binary::Div][stream.below(4) as usize], a, b))
}

/// The words of which trees are made, shared by all of them.
#[derive(Debug, Clone)]
pub struct Words {
    /// The features.
    pub features: Arc<[Arc<str>]>,
    constants: Vec<Arc<str>>,
    functions: [Arc<str>; 2],
}

impl Words {
    /// The words over features of these names.
    pub fn new(features: &Arc<[Arc<str>]>) -> Self {
        Self {
            features: Arc::clone(features),
            constants: (0..N_CONSTANTS).map(|i| format!("c{i}").into()).collect(),
            functions: ["exp", "log"].map(Arc::from),
        }
    }

    /// The parameters that stand for constants.
    pub fn params(&self) -> Vec<Param> {
        self.constants.iter().map(|name| Param::float(name, -1e9, 1e9, 0.0)).collect()
    }
}
