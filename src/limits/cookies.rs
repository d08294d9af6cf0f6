//! Bounds on the cookies of MCP servers.

use std::time::Duration;

use super::{KIB, MIB};

/// Bytes of a cookie, name and value: what browsers keep (RFC 6265bis, section 5.6).
pub const COOKIE_MAX: usize = 4 * KIB;
/// Bytes of one attribute of a cookie; a longer one is ignored (RFC 6265bis, section 5.6).
pub const COOKIE_ATTRIBUTE_MAX: usize = KIB;
/// The longest life of a cookie (RFC 6265bis, section 5.5); the client's own bounds are shorter.
pub const COOKIE_LIFETIME_MAX: Duration = Duration::from_secs(400 * 86_400);
/// Cookies of one session: what browsers keep for a site (RFC 6265, section 6.1).
pub const COOKIE_JAR_MAX: usize = 50;
/// Bytes of a session's cookies: servers take heads of 8 KiB and more.
pub const COOKIE_JAR_BYTES: usize = 8 * KIB;
/// What a cookie counts for beside its text.
pub const COOKIE_OVERHEAD: usize = 64;
/// Sessions of one channel whose cookies are kept. Beyond this, the caller with most loses the one that it used least recently.
pub const COOKIE_SESSIONS_MAX: usize = 2048;
/// Bytes of all cookies of one channel: 500 for each of that many sessions; those of balancers have 30 to 400.
pub const COOKIE_BYTES_MAX: usize = MIB;
/// Cookies of a session that is not used for this long are wiped: longer than a pause inside a working day. A caller that comes back
/// later may reach another replica, is told so by a 404, and initializes again.
pub const COOKIE_IDLE_MAX: Duration = Duration::from_secs(8 * 3600);
