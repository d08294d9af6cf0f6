//! The client's side: metadata, long polls, responses.

mod delivery;
mod headers;
mod payload;
mod poll;
mod presence;
mod response;

pub(crate) use delivery::Delivery;
pub(crate) use poll::{PollQuery, poll};
pub(crate) use presence::Presence;
pub(crate) use response::response;
