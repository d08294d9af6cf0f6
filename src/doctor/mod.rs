//! `tunnel-client doctor`: walks the way that `run` goes, hop by hop, with the same code, and says which hop fails first.

#![forbid(unsafe_code)]

mod checks;
pub mod json;
mod neighbour;
mod report;
pub mod text;
mod why;

pub use report::{Check, Report, Status};
