//! Servers and numbers of commands, as the status page shows them (contract: status, section 3).

use super::components::MAIN;
use super::{Health, Server};
use crate::monitor::component::Brief;

/// What is known of the MCP server of a channel.
#[derive(Debug)]
pub struct ServerFacts {
    /// The channel.
    pub channel: Box<str>,
    /// What its probes, or its process, have shown.
    pub server: Server,
    /// As its component shows it.
    pub brief: Brief,
}

/// Numbers of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Answered by their server.
    pub answered: u64,
    /// Without an answer of their server that could be passed on.
    pub failed: u64,
    /// Cancelled, or not performed.
    pub refused: u64,
    /// Answers that could not be delivered.
    pub undelivered: u64,
    /// Commands that run.
    pub active: usize,
    /// Commands that wait.
    pub queued: usize,
    /// Commands that may wait.
    pub queue_capacity: usize,
}

impl Health {
    /// The MCP servers that are polled, by channel.
    pub fn servers(&self) -> Vec<ServerFacts> {
        let state = self.lock();
        let facts = state.servers.all().map(|(channel, known)| ServerFacts {
            channel: channel.into(),
            server: known.server.clone(),
            brief: match channel {
                MAIN => known.brief_of_main(),
                _ => known.brief_of_other(),
            },
        });
        facts.collect()
    }

    /// Numbers of commands since the start, and of those that are here now.
    pub fn totals(&self) -> Totals {
        let state = self.lock();
        let [answered, failed, refused] = state.dispatcher.ends();
        Totals {
            answered,
            failed,
            refused,
            undelivered: state.delivery.terminal_failures,
            active: state.dispatcher.active(),
            queued: state.queue.depth,
            queue_capacity: state.queue.capacity,
        }
    }
}
