//! The client's side: metadata, long polls, responses.

mod delivery;
mod headers;
mod payload;
mod poll;
mod presence;
mod response;

pub(crate) use delivery::Delivery;
#[cfg(fuzzing)]
pub(crate) use poll::fuzzing as fuzzing_polls;
pub(crate) use poll::{PollQuery, poll};
pub(crate) use presence::Presence;
#[cfg(fuzzing)]
pub(crate) use response::fuzzing as fuzzing_answers;
pub(crate) use response::response;
