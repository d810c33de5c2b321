//! Benches of the workspace: criterion benches under `benches/`, cases that run as processes of their own under
//! `src/bin/`, and the scripts that run peers beside them under `peers/`.

pub mod breakout;
pub mod case;
pub mod counting;
pub mod equations;
pub mod plain;
pub mod universe;
