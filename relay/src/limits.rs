//! Every bound of the relay in one place, each with its reason.

use std::time::Duration;

/// Bytes in one KiB.
const KIB: usize = 1024;
/// Bytes in one MiB.
const MIB: usize = 1024 * KIB;

// ---- connections -----------------------------------------------------------------------------------------------

/// Connections served at once unless `--max-connections` says otherwise: 4,096 of known peers (each waiting caller
/// holds one) and 1,024 that have not shown an accepted key yet.
pub(crate) const CONNECTIONS: usize = 5120;
/// Lower bound of `--max-connections`: a client, a few callers, and some new connections.
pub(crate) const CONNECTIONS_MIN: usize = 16;
/// Upper bound of `--max-connections`: each connection takes some 100 KiB.
pub(crate) const CONNECTIONS_MAX: usize = 1 << 20;
/// Share of the places for connections that have not shown an accepted key: one in so many. A handshake and a head take
/// a few round trips: 1,024 places admit all that arrive within 0.3 s of each other at 3,000 a second.
pub(crate) const ANONYMOUS_PART: usize = 5;
/// Connections of one address that have not shown an accepted key, unless `--max-anonymous-per-address` says otherwise:
/// a quarter of the places. After a restart all peers behind one address may connect in the same moment.
pub(crate) const ANONYMOUS_PER_ADDRESS: usize = 256;
/// Connections beyond all places that were asked to end and have not ended yet.
pub(crate) const CLOSING: usize = OWN_DESCRIPTORS / 2;
/// File descriptors that connections leave to the relay: its listener, its files, the runtime's own, and some spare.
pub(crate) const OWN_DESCRIPTORS: usize = 64;
/// Between two log lines of a kind that a peer can provoke without a key; refused requests are counted over this time.
pub(crate) const SELDOM: Duration = Duration::from_secs(1);
/// A TLS handshake: a slow one must not hold a connection's place.
pub(crate) const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// The first request head on a fresh connection: whoever connects has something to ask, and places are few.
pub(crate) const FIRST_REQUEST_HEAD: Duration = Duration::from_secs(10);
/// How long a connection that has not shown an accepted key may be idle after a request, or leave the answer unread:
/// enough for a probe or a caller that tries again with its key.
pub(crate) const ANONYMOUS_IDLE: Duration = Duration::from_secs(5);
/// Bound of the wait for the next request head on a kept connection of a known peer, and so of its idle time. Longer
/// than the 50 to 60 s after which clients and load balancers close theirs, so that they close first and no request
/// meets a closing connection.
pub(crate) const REQUEST_HEAD: Duration = Duration::from_secs(75);
/// Bytes a second that a peer must send or take while the relay waits for it: half of what the slowest usable lines
/// carry (GPRS, 9,600 baud), and about Apache's default (`mod_reqtimeout`, 500).
pub(crate) const LEAST_RATE: u32 = 512;
/// How long a head of a known peer may be slower, from its first byte: heads have few packets.
pub(crate) const HEAD_GRACE: Duration = Duration::from_secs(10);
/// How long a request body may be slower or pause: a line that changes or loses packets takes seconds to recover, and
/// TCP's retransmissions are by then 10 to 20 s apart. As in Apache's default.
pub(crate) const BODY_GRACE: Duration = Duration::from_secs(20);
/// Bytes of an answer that the kernel takes before it has sent them (`TCP_NOTSENT_LOWAT`); its own limit is megabytes,
/// which would hide slow readers and be memory that nobody counts.
pub(crate) const UNSENT: u32 = 32 * 1024;
/// How long an answer may be taken more slowly or not at all. Longer than for bodies, because the kernel takes more of
/// an answer only when half of [`UNSENT`] is sent: a reader of 1 KiB a second seems to take 16 KiB every 16 s.
pub(crate) const WRITE_GRACE: Duration = Duration::from_secs(30);
/// A whole request body: 65 MiB over a line of 2 Mbit/s.
pub(crate) const REQUEST_BODY: Duration = Duration::from_secs(300);
/// Bytes of one request head; large enough for long bearer tokens and cookies.
pub(crate) const REQUEST_HEAD_BYTES: usize = 64 * KIB;
/// Pause after `accept` failed (out of descriptors), or while a closed connection ends: the loop must not spin.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// After SIGTERM, calls that a client has taken may still be answered for this long.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);
/// After that, connections may finish what they are writing for this long.
pub(crate) const DRAIN_CONNECTIONS: Duration = Duration::from_secs(2);
/// Added to both when the service manager is asked for that time: a busy machine.
pub(crate) const DRAIN_SLACK: Duration = Duration::from_secs(5);
/// Notifications that wait while the service manager's socket is full; a reload takes two.
pub(crate) const NOTIFICATIONS: usize = 64;
/// Pause before a notification is sent again for which the kernel had no memory.
pub(crate) const NOTIFY_RETRY: Duration = Duration::from_millis(100);
/// Least time between two watchdog messages, however short the service manager's interval.
pub(crate) const WATCHDOG_PERIOD_MIN: Duration = Duration::from_millis(10);
/// How long the end waits for the last notification to be sent.
pub(crate) const NOTIFY_LAST: Duration = Duration::from_millis(200);

// ---- bodies ----------------------------------------------------------------------------------------------------

/// One message of a caller. Requests carry arguments, not files.
pub(crate) const CALLER_BODY: usize = 4 * MIB;
/// One answer of a client: the 64 MiB that the client accepts from an MCP server, and its envelope.
pub(crate) const RESPONSE_BODY: usize = 65 * MIB;
/// Values of headers that come with an answer and must reach the caller: MCP has use for a handful.
pub(crate) const RESPONSE_HEADERS: usize = 32;
/// Bytes of them, names included: the longest session id, and as much again.
pub(crate) const RESPONSE_HEADER_BYTES: usize = 2 * SESSION_ID;
/// Bytes of further headers with advice (`Retry-After`, rate limits), names included; what is beyond this is left out.
pub(crate) const RESPONSE_ADVICE_BYTES: usize = 2 * KIB;
/// Values of headers that an answer may come with, passed on or not: HTTP clients take about a hundred.
pub(crate) const RESPONSE_HEADERS_READ: usize = 1024;
/// A body of the management API.
pub(crate) const MANAGE_BODY: usize = 64 * KIB;
/// Bytes of all bodies held at once, over all tunnels: what the process may need for payloads. Shared by keys and
/// tunnels: one key may hold half of them, and a quarter on one tunnel, so two of the largest answers.
pub(crate) const BODIES: usize = 512 * MIB;
/// A body that is too large is still read and thrown away up to this size, so that its sender reads the refusal
/// instead of a reset connection.
pub(crate) const DISCARD: usize = 256 * MIB;

// ---- queue -----------------------------------------------------------------------------------------------------

/// Commands of one tunnel that are queued or being written to a client. Shared by its callers' keys: one of them may
/// have half.
pub(crate) const QUEUE_COMMANDS: usize = 2048;
/// Further places, for callers' answers to a server's request: a queue full of calls must not keep out the answer
/// that one of them waits for.
pub(crate) const QUEUE_RESERVE: usize = 128;
/// Bytes of these commands, shared likewise.
pub(crate) const QUEUE_BYTES: usize = 128 * MIB;
/// Polls of one tunnel that wait at once; more would come only from clients that lose track of their polls. Shared by
/// its clients' keys: one of them may have half.
pub(crate) const POLLS: usize = 128;
/// Commands in one poll answer (contract: wire, section 4).
pub(crate) const POLL_COMMANDS: usize = 25;
/// Channels that one poll can name: as many as a client can declare.
pub(crate) const POLL_CHANNELS: usize = 32;
/// Bytes of commands in one poll answer, unless the first alone is larger: keeps a half-written answer, which goes
/// back to the queue, cheap.
pub(crate) const POLL_BYTES: usize = 8 * MIB;
/// How long a poll may wait, whatever it asks for: below the idle limits of common proxies and load balancers.
pub(crate) const POLL_WAIT: Duration = Duration::from_secs(60);
/// How long a poll waits that names no timeout.
pub(crate) const POLL_WAIT_DEFAULT: Duration = Duration::from_secs(25);
/// A tunnel has a client while one polls, takes commands or sends a response, and for this long afterwards: enough for a
/// restart. Commands that no client took end then.
pub(crate) const CLIENT_SEEN: Duration = Duration::from_secs(20);

// ---- calls -----------------------------------------------------------------------------------------------------

/// Calls that wait for their answer, over all tunnels. Shared by keys and tunnels: one key may have a quarter on one
/// tunnel, as many as its bound of connections.
pub(crate) const CALLS: usize = 8192;
/// How long a call may take unless `--call-timeout` says otherwise.
pub(crate) const CALL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(120);
/// The most that `--call-timeout` can say.
pub(crate) const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a notification, or a caller's answer to a server's request, waits for the acknowledgement of the other
/// side (never longer than a call).
pub(crate) const ONE_WAY_WAIT: Duration = Duration::from_secs(30);
/// Streamed messages of one call that wait for a slow caller.
pub(crate) const STREAM_MESSAGES: usize = 64;
/// Bytes of them; one larger message passes alone.
pub(crate) const STREAM_BYTES: usize = 8 * MIB;
/// How long the client's request waits for room among them before it is told to come again.
pub(crate) const STREAM_WAIT: Duration = Duration::from_secs(5);
/// A caller that takes both forms gets an event stream when nothing came for this long: silent HTTP requests are cut
/// by proxies after 30 to 60 s.
pub(crate) const STREAM_AFTER: Duration = Duration::from_secs(10);
/// A comment on a silent event stream, for the same reason.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Bytes of a message's method: it is looked at, and a call keeps it. Those of MCP have less than 50.
pub(crate) const RPC_METHOD: usize = 256;
/// A server's requests to callers of one tunnel that wait for an answer.
pub(crate) const SERVER_REQUESTS: usize = 1024;
/// Characters of the id that a caller gives its request: enough for a UUID, a trace id, or several of them.
pub(crate) const CALLER_REQUEST_ID: usize = 128;
/// Bytes of a session id, from a server to its caller and back: some servers put a signed state into it. Kept to match
/// those answers; what is kept of one call shares it.
pub(crate) const SESSION_ID: usize = 16 * KIB;

// ---- management ------------------------------------------------------------------------------------------------

/// Tunnels of one relay; a list of all is one answer.
pub(crate) const TUNNELS: usize = 10_000;
/// Characters of a tunnel's name.
pub(crate) const TUNNEL_NAME: usize = 256;
/// Characters of a tunnel's description.
pub(crate) const TUNNEL_DESCRIPTION: usize = 4096;
/// Organizations, workspaces or tenants of one tunnel.
pub(crate) const PRINCIPALS: usize = 100;
/// Characters of one such id.
pub(crate) const PRINCIPAL_ID: usize = 256;
/// Bytes of the tunnels file, against reading something else by mistake.
pub(crate) const TUNNELS_FILE: usize = 64 * MIB;
/// Symbolic links on the way to one file, as in Linux (path_resolution(7)).
pub(crate) const SYMLINKS: usize = 40;
/// Attempts to open a file that is being exchanged; one exchange takes one more.
pub(crate) const FILE_LOOKS: usize = 8;

// ---- keys ------------------------------------------------------------------------------------------------------

/// Keys of one relay: each request is compared with all of them.
pub(crate) const KEYS: usize = 1024;
/// Bytes of the keys file.
pub(crate) const KEYS_FILE: usize = MIB;
/// Shortest key that is accepted in plain; the relay makes longer ones.
pub(crate) const KEY_MIN: usize = 16;
/// Longest key.
pub(crate) const KEY_MAX: usize = 512;

/// Between two looks at the files of keys and certificates unless `--reload-check-interval` says otherwise: a removed key is
/// to stop soon, and a look costs a few system calls.
pub(crate) const RELOAD_INTERVAL: Duration = Duration::from_secs(5);
/// The most that `--reload-check-interval` can say.
pub(crate) const RELOAD_INTERVAL_MAX: Duration = Duration::from_secs(24 * 3600);
/// Files that have changed are read once they look the same twice, this far apart: a certificate and its key are
/// written one after the other.
pub(crate) const RELOAD_SETTLE: Duration = Duration::from_secs(1);
/// Files that change at every look are read after so many.
pub(crate) const RELOAD_SETTLE_LOOKS: u32 = 10;
/// Mistakes of a rejected reload, and names of removed keys, that are logged.
pub(crate) const MISTAKES_LOGGED: usize = 8;
/// Between two looks at the dates of the certificates in use: a warning a day.
pub(crate) const EXPIRY_LOOK: Duration = Duration::from_secs(24 * 3600);
/// Rest of a certificate's life from which the log warns, if that is less than a third of it: two weeks for whoever
/// renews it by hand. Renewal by itself is due after two thirds.
pub(crate) const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3600);

// ---- log -------------------------------------------------------------------------------------------------------

/// Refused requests of one key (or of all peers without one) with the same code that are logged within [`SELDOM`]; the
/// others are counted.
pub(crate) const REFUSALS_LOGGED: u32 = 5;
/// Kinds of refusals that are counted at once: far more than keys that are refused within a second.
pub(crate) const REFUSAL_KINDS: usize = 4096;
/// Characters of a call's method in the log; those of MCP have less than 50.
pub(crate) const LOGGED_METHOD: usize = 64;
/// Characters of a host or an origin in the log: longer ones are seldom real.
pub(crate) const LOGGED_STRANGER: usize = 128;
/// Characters of a client's name and version in the log.
pub(crate) const LOGGED_AGENT: usize = 128;

// ---- web pages -------------------------------------------------------------------------------------------------

/// How long a browser may keep the answer to a preflight: as long as Chromium keeps one at most (Firefox: a day).
pub(crate) const PREFLIGHT_AGE: Duration = Duration::from_secs(7200);
/// Bytes of the names of headers that a page asks to send: MCP has a handful.
pub(crate) const PREFLIGHT_HEADERS: usize = 4 * KIB;
/// Segments of a path that means something, with some to spare.
pub(crate) const PATH_SEGMENTS: usize = 8;

// ---- reserves and shares ---------------------------------------------------------------------------------------

/// Bytes beside [`QUEUE_BYTES`] for callers' answers to a server's request, as [`QUEUE_RESERVE`] is for their number:
/// four of the largest.
pub(crate) const QUEUE_RESERVE_BYTES: usize = 4 * CALLER_BODY;
/// Of [`SERVER_REQUESTS`], those to the callers that share one key: a quarter, so that one cannot take all.
pub(crate) const SERVER_REQUESTS_OF_KEY: usize = SERVER_REQUESTS / 4;
/// How long a server's request outlives the call it came with: its answer may be on its way when the call's own comes.
pub(crate) const SERVER_REQUEST_GRACE: Duration = Duration::from_secs(30);
/// Bytes of a JSON-RPC id, as JSON text, of callers and of servers; as many as the client takes. It is kept when the message
/// that had it is gone.
pub(crate) const RPC_ID: usize = 16 * KIB;

// ---- audit log -------------------------------------------------------------------------------------------------

/// Records that wait for the writer: at 7,000 calls a second, a disk that stalls for a seventh of a second loses none.
pub(crate) const AUDIT_QUEUE: usize = 1024;
/// Under `--audit-on-failure block`, calls that run or whose records wait: as many as may run at once. The records of these are kept
/// when the file takes no more; further calls are refused.
pub(crate) const AUDIT_RESERVED: usize = CALLS;
/// Records of requests without an accepted key that are written within [`SELDOM`]: anybody can provoke them, and the disk is not
/// theirs to fill. Further ones are counted.
pub(crate) const AUDIT_STRANGERS: u32 = 64;
/// Records between two anchors unless `--audit-anchor-every` says otherwise.
pub(crate) const AUDIT_ANCHOR: u64 = 1000;
/// The most that `--audit-anchor-every` can say: records that the key file may not know of are found up to twice this number.
pub(crate) const AUDIT_ANCHOR_MAX: u64 = 1_000_000;
/// How long the end of the process waits for the last records.
pub(crate) const AUDIT_END: Duration = Duration::from_secs(5);
