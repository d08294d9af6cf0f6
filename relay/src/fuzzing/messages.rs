//! JSON-RPC messages as the relay reads them.

use crate::json::{self, Kind, Malformed};
use crate::limits;

/// Longest id, as JSON text.
pub const ID_MAX: usize = limits::RPC_ID;
/// Longest method.
pub const METHOD_MAX: usize = limits::RPC_METHOD;

/// Kind of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Class {
    /// A request.
    Call {
        /// JSON text.
        id: String,
        /// The method.
        method: String,
    },
    /// A message without an answer.
    Notification,
    /// An answer.
    Response {
        /// JSON text.
        id: Option<String>,
        /// It carries an error.
        error: bool,
    },
    /// Not JSON.
    NotJson,
    /// Not a message.
    NotMessage,
}

/// Classifies a body.
#[must_use]
pub fn classify(body: &[u8]) -> Class {
    match json::classify(body) {
        Ok(Kind::Call { id, method }) => Class::Call {
            id: id.into(),
            method: method.into(),
        },
        Ok(Kind::Notification) => Class::Notification,
        Ok(Kind::Response { id, error }) => Class::Response {
            id: id.map(Into::into),
            error,
        },
        Err(Malformed::Json(_)) => Class::NotJson,
        Err(Malformed::Message(_)) => Class::NotMessage,
    }
}

/// Whether two ids are the same.
#[must_use]
pub fn same_id(left: &str, right: &str) -> bool {
    json::same_id(left, right)
}

/// Whether an id answers a request.
#[must_use]
pub fn answers(asked: &str, answered: &str) -> bool {
    json::answers(asked, answered)
}

/// An error that lacks its id, under this one.
#[must_use]
pub fn with_id(message: &str, id: &str) -> Option<Vec<u8>> {
    json::with_id(message, id)
}

/// An error of the relay's own.
#[must_use]
pub fn rpc_error(id: Option<&str>, code: i32, message: &str, data: &str) -> Vec<u8> {
    json::rpc_error(id, code, message, data, "req_0").into()
}
