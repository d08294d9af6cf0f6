//! Commands that wait for a tunnel's client.
//!
//! The trait is what several relays with a shared store would need: nothing in it says where the commands are.

mod memory;

#[cfg(fuzzing)]
pub(crate) use memory::fuzzing;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

pub(crate) use memory::MemoryQueue;

use crate::ids::{CallerTag, Channel, RequestId, ShardToken, TunnelId};
use crate::server::Held;

/// A future that the trait gives back.
pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One command of a tunnel.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its name.
    pub(crate) request: RequestId,
    /// What its answer must prove.
    pub(crate) shard_token: ShardToken,
    /// Name of its caller's key.
    pub(crate) key: Arc<str>,
    /// The MCP server it is for.
    pub(crate) channel: Channel,
    /// When it was accepted.
    pub(crate) created_at: SystemTime,
    /// When its caller stops waiting.
    pub(crate) deadline: Instant,
    /// Sender, by which the client keeps callers apart.
    pub(crate) caller: CallerTag,
    /// The caller's headers, as the JSON object that the wire has.
    pub(crate) headers: Box<str>,
    /// What is to be done.
    pub(crate) payload: Payload,
}

/// What a command asks for.
#[derive(Debug)]
pub(crate) enum Payload {
    /// Deliver this JSON-RPC message.
    JsonRpc(Held),
    /// End the MCP session that the headers name.
    SessionTermination,
}

impl Command {
    /// Bytes that it holds, near enough for a limit.
    pub(crate) fn size(&self) -> usize {
        let payload = match &self.payload {
            Payload::JsonRpc(body) => body.bytes().len(),
            Payload::SessionTermination => 0,
        };
        payload + self.headers.len() + 512
    }
}

/// Where a command goes in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind all others.
    Back,
    /// Before all that went to the back, and into the reserve when the line is full: something that was taken before waits for it.
    Front,
}

/// What a poll asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Only these channels; empty: all.
    pub(crate) channels: Vec<Channel>,
    /// At most so many commands.
    pub(crate) limit: usize,
    /// At most so many bytes, unless the first command alone has more.
    pub(crate) bytes: usize,
}

/// A command that was taken and is being written. It must be given back or reported as delivered.
#[derive(Debug)]
pub(crate) struct Lease {
    /// The command.
    pub(crate) command: Command,
    /// Its place in the line.
    rank: i64,
}

/// The tunnel was removed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// Where a command was when it was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// In the line: no client has seen it.
    Waiting,
    /// Being written: a client may have it, or get it still.
    Leased,
    /// Not in the queue: a client has it, or its tunnel is gone.
    Elsewhere,
}

/// Why a command was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The line has no place for another.
    Full,
    /// The tunnel was removed.
    Gone,
}

/// The commands of all tunnels.
pub(crate) trait Queue: Send + Sync + 'static {
    /// Adds a command and wakes the polls that wait for one.
    fn push<'a>(&'a self, tunnel: &'a TunnelId, command: Command, place: Place) -> Task<'a, Result<(), Refused>>;

    /// Takes what a poll asks for, waiting until there is something. Dropping the future takes nothing.
    fn take<'a>(&'a self, tunnel: &'a TunnelId, ask: &'a Ask) -> Task<'a, Result<Vec<Lease>, Gone>>;

    /// The commands were fully written: they are the client's now, and never delivered again.
    fn delivered(&self, tunnel: &TunnelId, leases: Vec<Lease>);

    /// The commands were not fully written: they go back to where they were.
    fn give_back(&self, tunnel: &TunnelId, leases: Vec<Lease>);

    /// Nobody waits for the answer any more: the command is dropped, or not given back if it is being written. Returns
    /// where it was.
    fn withdraw(&self, tunnel: &TunnelId, request: RequestId) -> Whereabouts;

    /// Drops a command only if no client has it, not even a part. Returns whether it did.
    fn withdraw_waiting(&self, tunnel: &TunnelId, request: RequestId) -> bool;

    /// The tunnel was removed: its commands are dropped, its polls end.
    fn remove(&self, tunnel: &TunnelId);
}
