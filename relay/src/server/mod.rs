//! HTTP/1.1: connections, bodies, answers. What the paths mean stands in [`route`].

mod activity;
mod admission;
mod body;
mod connection;
mod counted;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod handshakes;
mod listener;
mod pace;
mod path;
mod patience;
mod places;
mod response;
mod route;
mod seldom;
mod sse;

pub(crate) use body::{BodyError, Held, Memory, no_memory, read_body};
pub(crate) use connection::{Connection, Ends, EofHold, Via};
pub(crate) use listener::{Listener, serve};
pub(crate) use response::{
    Body, EventSource, Events, api, api_charged, bytes_of, empty, json, refusal_headers, refuse_api,
};
pub(crate) use sse::event;
