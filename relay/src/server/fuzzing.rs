//! Paths of requests, and ids in them.

use super::path;
use crate::ids::{Channel, RequestId, SessionId, ShardToken, TunnelId};
use crate::limits;

/// Segments of a path.
pub const SEGMENTS_MAX: usize = limits::PATH_SEGMENTS;

/// The segments of a path.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<String>> {
    path::segments(path)
}

/// Kinds of ids.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `tunnel_...`.
    Tunnel,
    /// A channel.
    Channel,
    /// `req_...`.
    Request,
    /// `shard_...`.
    ShardToken,
    /// A session.
    Session,
}

/// The id as it is written again; `None` for one that is refused.
#[must_use]
pub fn id(kind: Kind, text: &str) -> Option<String> {
    match kind {
        Kind::Tunnel => TunnelId::parse(text).map(|id| id.to_string()),
        Kind::Channel => Channel::parse(text).map(|id| id.to_string()),
        Kind::Request => RequestId::parse(text).map(|id| id.to_string()),
        Kind::ShardToken => ShardToken::parse(text).map(|id| id.to_string()),
        Kind::Session => SessionId::parse(text.as_bytes()).ok().map(|id| id.as_str().to_owned()),
    }
}
