//! HTTP/1.1: connections, bodies, answers. What the paths mean stands in [`route`].

mod body;
mod connection;
mod counted;
mod listener;
mod places;
mod response;
mod route;
mod seldom;
mod sse;

pub(crate) use body::{BodyError, Held, Memory, read_body};
pub(crate) use connection::{Connection, EofHold, Local};
pub(crate) use listener::{Listener, serve};
pub(crate) use response::{Body, EventSource, Events, api, bytes_of, empty, json, refusal_headers, refuse_api};
pub(crate) use sse::event;
