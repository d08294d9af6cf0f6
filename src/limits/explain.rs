//! Bounds of `logs explain`.

use super::{KIB, MIB};

/// Bytes of a log line that is read: texts of our own lines are cut far below.
pub const EXPLAIN_LINE_MAX: usize = 64 * KIB;
/// Lines that are told of one request: a call writes a handful.
pub const EXPLAIN_LINES_MAX: usize = 1000;
/// Names of one request: its caller may give the same id to every call.
pub const EXPLAIN_NAMES_MAX: usize = 100;
/// Bytes of standard input, which is kept; files are not.
pub const EXPLAIN_INPUT_MAX: usize = 64 * MIB;
