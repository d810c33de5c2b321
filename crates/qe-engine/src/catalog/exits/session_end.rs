//! Positions are closed at the close of a session's last bar. It is no expression, since no row knows that it is the
//! last: the same as `flat_at_end = true` under `[session]`.

use crate::catalog::ExitBlock;

/// No position is held over the end of a session.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "session_end",
    about: "no position is held over the end of a session",
    source: "our own: session end",
    slots: Vec::new,
    rules: &[],
    flat_at_session_end: true,
};
