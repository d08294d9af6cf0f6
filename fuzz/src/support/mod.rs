//! What several oracles need.

pub mod http_date;
pub mod json;
pub mod messages;
pub mod pieces;
