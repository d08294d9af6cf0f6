//! Doors to event streams, messages and cookies of MCP servers.

use std::time::Duration;

use bytes::Bytes;

pub use super::cookies::fuzzing as cookies;
use super::message::{self, Found};
use super::sse;

/// An event with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message(Vec<u8>),
    /// Of another type: its name, cut.
    Other(String),
}

/// A stream of events.
#[derive(Debug, Default)]
pub struct Stream(sse::Parser);

impl Stream {
    /// Adds a piece and appends its events; false when an event is too large.
    pub fn push(&mut self, piece: &[u8], events: &mut Vec<Event>) -> bool {
        self.0.push(piece);
        loop {
            match self.0.next() {
                Ok(Some(event)) => events.push(event.into()),
                Ok(None) => return true,
                Err(sse::TooLarge) => return false,
            }
        }
    }

    /// The stream is over.
    pub fn finish(&mut self) -> Option<Event> {
        self.0.finish().map(Event::from)
    }

    /// A new connection continues the stream.
    pub fn restart(&mut self) {
        self.0.restart();
    }

    /// Gives back the room of a large event.
    pub fn give_back(&mut self) -> bool {
        self.0.give_back()
    }

    /// Bytes of the incomplete event.
    pub fn pending(&self) -> usize {
        self.0.pending()
    }

    /// The last event id.
    pub fn last_id(&self) -> Option<&str> {
        self.0.last_id()
    }

    /// The pause that the server asked for.
    pub fn retry(&self) -> Option<Duration> {
        self.0.retry()
    }
}

impl From<sse::Event> for Event {
    fn from(event: sse::Event) -> Self {
        match event {
            sse::Event::Message(data) => Self::Message(data.to_vec()),
            sse::Event::Other(name) => Self::Other(name.into()),
        }
    }
}

/// What a message is to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The answer.
    Answer,
    /// A notification.
    Notification,
    /// A request of the server: method, and id as JSON text.
    Request(String, String),
    /// An array.
    Array,
    /// No part of the call: its kind, and its form as it is logged.
    Odd(&'static str, String),
}

/// Judges a message by the id of the call, as JSON text.
pub fn look(data: &Bytes, asked: &str) -> Look {
    match message::look(data, asked) {
        Found::Answer => Look::Answer,
        Found::Notification => Look::Notification,
        Found::Request { method, id } => Look::Request(method, id),
        Found::Array => Look::Array,
        Found::Odd { odd, form, .. } => Look::Odd(odd.label(), form.into_owned()),
    }
}

/// The elements of an array.
pub fn elements(data: &Bytes) -> Option<Vec<Bytes>> {
    message::elements(data)
}
