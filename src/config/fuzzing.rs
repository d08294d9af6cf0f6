//! Doors to the parsers of values.

use std::time::Duration;

use super::checked::Proxy;
use super::values::{NoProxy, argv, duration as durations};

/// Reads a duration in Go's syntax; the error is the end of a sentence.
pub fn duration(text: &str) -> Result<Duration, String> {
    durations::parse(text).map_err(|error| error.to_string())
}

/// Whether a list of `NO_PROXY` sends requests to a host directly.
pub fn is_direct(no_proxy: &str, host: &str, port: u16) -> bool {
    NoProxy::parse(no_proxy).is_direct(host, port)
}

/// Reads the URL of a proxy; the error is the end of a sentence.
pub fn proxy(text: &str) -> Result<Proxy, String> {
    Proxy::parse(text, "http-proxy").map_err(|error| error.to_string())
}

/// Splits a command into words, whether or not the first can be a program.
pub fn words(command: &str) -> Result<Vec<String>, String> {
    let words = argv::words(command).map_err(|error| error.to_string())?;
    Ok(words.into_iter().map(|word| word.text).collect())
}
