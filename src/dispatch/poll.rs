//! Data that dispatch and the polls exchange.

use std::time::Instant;

/// Room for the commands of the next poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Commands, at least one and at most what one poll may ask for.
    pub places: usize,
    /// The channels that they may be for, sorted; empty: the service chooses.
    pub channels: Vec<Box<str>>,
    /// Channels are left out that will have room again soon.
    pub partial: bool,
}

/// Data that commands inherit from the poll answer that they came in.
#[derive(Debug)]
pub struct Arrival {
    /// When the head of the answer came: the clock of `response_timeout` starts there.
    pub received: Instant,
    /// The service can carry a server's requests.
    pub server_requests: bool,
    /// The answer's `x-request-id`.
    pub request_id: Option<Box<str>>,
}
