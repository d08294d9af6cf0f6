//! Polls: their queries, and commands as they are written.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;

use super::{PollQuery, write_command};
use crate::auth::Keys;
use crate::connector::fuzzing::{OWN_KEY, forwarded};
use crate::ids::{CallerTag, Channel, RequestId, ShardToken, TunnelId};
use crate::limits;
use crate::queue::{Command, Payload};
use crate::server::Held;

/// Commands of one poll.
pub const COMMANDS_MAX: usize = limits::POLL_COMMANDS;
/// Channels of one poll.
pub const CHANNELS_MAX: usize = limits::POLL_CHANNELS;

/// A query: channels, number of commands, wait.
#[must_use]
pub fn query(text: Option<&str>) -> Option<(Vec<String>, usize, Duration)> {
    let PollQuery { ask, wait } = PollQuery::parse(text).ok()?;
    Some((ask.channels.iter().map(ToString::to_string).collect(), ask.limit, wait))
}

/// A command that was written.
#[derive(Debug)]
pub struct Written {
    /// `request_id`.
    pub request: String,
    /// `shard_token`.
    pub shard_token: String,
    /// `caller`.
    pub caller: String,
}

/// Appends the command that a caller's message becomes; `None` for a request without a key or a channel that is refused. Without a
/// message it ends a session.
pub fn write(
    channel: &str,
    headers: &HeaderMap,
    message: Option<Bytes>,
    wait: Duration,
    body: &mut Vec<u8>,
) -> Option<Written> {
    let keys = Keys::of(&format!("caller connect {OWN_KEY}")).ok()?;
    let tunnel = TunnelId::parse("tunnel_00000000000000000000000000000000")?;
    let request = RequestId::random();
    let command = Command {
        request,
        shard_token: ShardToken::random(request),
        key: "caller".into(),
        channel: Channel::parse(channel)?,
        created_at: SystemTime::UNIX_EPOCH,
        deadline: Instant::now() + wait,
        caller: CallerTag::new(&tunnel, "caller"),
        headers: forwarded(headers, &keys)?,
        payload: message.map_or(Payload::SessionTermination, |message| {
            Payload::JsonRpc(Held::from(message))
        }),
    };
    write_command(&command, body);
    Some(Written {
        request: command.request.to_string(),
        shard_token: command.shard_token.to_string(),
        caller: command.caller.to_string(),
    })
}
