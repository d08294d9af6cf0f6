//! What the integration tests share: the real binary, real sockets, and our own OpenAPI document that every answer must
//! keep.
#![allow(unreachable_pub, reason = "test support")]

pub mod client;
pub mod contract;
pub mod http;
#[path = "../../../../tests/it/support/needs.rs"]
pub mod needs;
pub mod pace;
pub mod relay;
pub mod scratch;
pub mod tls;
pub mod wait;

use std::time::Duration;

/// Nothing in a test waits longer for what must happen: far longer than it takes on a machine that is 20 times slower
/// than an idle one.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The tunnel that every relay of the tests has.
pub const TUNNEL: &str = "tunnel_00000000000000000000000000000001";
/// A second one.
pub const OTHER_TUNNEL: &str = "tunnel_00000000000000000000000000000002";
/// A tunnel that no relay has.
pub const NO_TUNNEL: &str = "tunnel_00000000000000000000000000000009";

/// Keys: scopes are in the names.
pub const USE_KEY: &str = "test-key-read-use";
/// Manages.
pub const MANAGE_KEY: &str = "test-key-read-manage";
/// Calls.
pub const CALL_KEY: &str = "test-key-connect";
/// Calls as somebody else.
pub const OTHER_CALL_KEY: &str = "test-key-connect-other";
/// Client of the second tunnel only.
pub const TIED_KEY: &str = "test-key-tied-to-other";

/// The keys file's lines.
pub fn keys() -> String {
    format!(
        "client read,use {USE_KEY}\nmanager read,manage {MANAGE_KEY}\ncaller connect {CALL_KEY}\n\
         other-caller connect {OTHER_CALL_KEY}\ntied read,use,connect@{OTHER_TUNNEL} {TIED_KEY}\n"
    )
}
