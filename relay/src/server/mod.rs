//! HTTP/1.1: connections, bodies, answers. What the paths mean stands in [`route`].

mod body;
mod connection;
mod listener;
mod response;
mod route;

pub(crate) use body::{BodyError, Held, Memory, read_body};
pub(crate) use connection::{Connection, EofHold};
pub(crate) use listener::{Listener, serve};
pub(crate) use response::{Body, EventSource, Events, api, bytes_of, empty, json, refusal_headers, refuse_api};
