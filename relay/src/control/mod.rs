//! The client's side: metadata, long polls, responses.

mod delivery;
mod headers;
mod payload;
mod poll;
mod presence;
mod response;

pub(crate) use delivery::Delivery;
#[cfg(fuzzing)]
pub(crate) use poll::fuzzing as poll_fuzzing;
pub(crate) use poll::{PollQuery, poll};
pub(crate) use presence::Presence;
#[cfg(fuzzing)]
pub(crate) use response::fuzzing as response_fuzzing;
pub(crate) use response::response;
