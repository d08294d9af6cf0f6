//! The body of a poll answer (`src/wire/command.rs`). Oracle: serde_json's own tree of the same bytes.

use bytes::Bytes;
use tunnel_client::wire::command;

/// Feeds `data` as the body of a poll answer.
pub fn check(data: &[u8]) {
    let _ = command::parse_list(&Bytes::copy_from_slice(data));
}
