//! Interface of delivery to the service.

use std::fmt::Debug;

use crate::monitor::Failed;
use crate::wire::api_error::ErrorStatus;
use crate::wire::command::Route;
use crate::wire::response::Parts;

/// Sends responses to the service.
pub trait Post: Debug + Send + Sync + 'static {
    /// Credentials that the requests carry.
    type Credentials: Credentials;

    /// Posts one response, one attempt.
    fn post(&self, route: &Route, body: Parts) -> impl Future<Output = Result<(), PostError>> + Send;

    /// The credentials, to be watched for a replacement.
    fn credentials(&self) -> Self::Credentials;
}

/// Credentials that can be replaced at any time, in numbered generations.
pub trait Credentials: Send {
    /// Number of the active generation.
    fn number(&self) -> u64;

    /// Number of the active generation; [`Credentials::changed`] waits for a later one.
    fn seen(&mut self) -> u64;

    /// Returns when another generation is active than was last seen.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}

/// A post that failed.
#[derive(Debug)]
pub enum PostError {
    /// There was no answer.
    Unanswered {
        /// Why, for the log.
        reason: String,
        /// The hop that failed, or `timeout`.
        hop: &'static str,
        /// False when not one byte was written.
        written: bool,
    },
    /// The answer is an error status.
    Status(ErrorStatus),
}

impl PostError {
    /// The same in words of `/health`.
    pub(super) fn shown(&self) -> Failed {
        match self {
            Self::Unanswered { hop, .. } => Failed::at(hop),
            Self::Status(answer) => Failed::with_status(answer.status),
        }
    }
}
