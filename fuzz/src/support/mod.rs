//! What several oracles need.

pub mod planted;
pub mod text;
