//! Every bound of the appliance in one place, each with its reason.
//!
//! A number that an operator may set lives in the configuration; what stands here protects the process itself.

mod answers;
mod audit;
mod broker;
mod bundle;
mod cookies;
mod explain;
mod health;
mod logs;
mod memory;
mod page;
mod routing;
mod service_manager;
mod stdio;
mod stub;

use std::time::Duration;

pub use answers::*;
pub use audit::*;
pub use broker::*;
pub use bundle::*;
pub use cookies::*;
pub use explain::*;
pub use health::*;
pub use logs::*;
pub use memory::*;
pub use page::*;
pub use routing::*;
pub use service_manager::*;
pub use stdio::*;
pub use stub::*;

/// Bytes in one KiB.
const KIB: usize = 1024;
/// Bytes in one MiB.
const MIB: usize = 1024 * KIB;

// ---- control plane ---------------------------------------------------------------------------------------------

/// How long the service may hold a poll that leaves out channels: whatever becomes free meanwhile waits for its end.
pub const PARTIAL_POLL_TIMEOUT: Duration = Duration::from_millis(500);
/// A shorter wait is not learnt from polls that a proxy cut off: polls would come in too quick a succession (contract: wire, section 4).
pub const LEARNT_WAIT_MIN: Duration = Duration::from_secs(5);
/// Commands taken from one poll answer, however many were asked for: each costs memory many times its bytes.
pub const POLL_COMMANDS_MAX: usize = 1000;
/// Commands asked for with one poll (contract: wire, section 4).
pub const POLL_BATCH_MAX: usize = 25;
/// Headers of one command, values counted: far above what servers take, and far below what a header map holds.
pub const COMMAND_HEADERS_MAX: usize = 1024;
/// One poll answer. Refusing a larger one loses its commands, so this is generous: 25 commands of 5 MiB.
pub const POLL_BODY_MAX: usize = 128 * MIB;
/// An error answer of the control plane; the rest is not read and the connection is closed (contract: wire, section 4).
pub const API_ERROR_BODY_MAX: usize = 64 * KIB;
/// Characters of an error answer that is no JSON (contract: wire, section 4).
pub const API_ERROR_TEXT_MAX: usize = 1024;
/// The acknowledgement of a response carries a dozen bytes.
pub const ACK_BODY_MAX: usize = 64 * KIB;
/// Attempts to deliver one response (contract: wire, section 7).
pub const DELIVERY_ATTEMPTS: u32 = 3;
/// First and last step of the backoff of polls and deliveries (contract: wire, section 4).
pub const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// See [`BACKOFF_MIN`].
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// The most that `Retry-After` can ask for (contract: wire, section 4).
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// First and last step of the backoff after 401, 403 and 404 on a poll: a tunnel made a moment ago is found soon, and a revoked
/// key is no burden (contract: wire, section 4).
pub const AUTH_RETRY_MIN: Duration = Duration::from_secs(2);
/// See [`AUTH_RETRY_MIN`].
pub const AUTH_RETRY_MAX: Duration = Duration::from_secs(60);
/// A poll that fails again for the same reason is a warning again after this: often enough to be found, and an outage of a
/// night fills no disk.
pub const FAILURE_REMINDER: Duration = Duration::from_secs(60);
/// An empty poll answer faster than this counts towards backoff (contract: wire, section 4).
pub const EMPTY_POLL_MIN: Duration = Duration::from_millis(250);
/// After this, a poll that is held open on a good connection counts as a sign of life.
pub const POLL_HELD_OPEN: Duration = Duration::from_secs(1);
/// An idle connection to the control plane is closed after this; common load balancers cut at 60 s.
pub const CONTROL_IDLE_MAX: Duration = Duration::from_secs(50);
/// How long start-up waits for the tunnel's name before it logs the banner without it (contract: wire, section 3; cli, section 3).
pub const METADATA_WAIT: Duration = Duration::from_secs(2);

/// Characters of a request id, and of a progress token, as JSON: copies of them are kept while a call is open. Real ones have up to
/// forty.
pub const ID_MAX: usize = 16 * KIB;
/// Requests of a server during one call that wait for their caller's answer.
pub const QUESTIONS_MAX: usize = 256;

// ---- connections -----------------------------------------------------------------------------------------------

/// The most that one step of a connection may be given; a longer wait is no way to reach anybody.
pub const STEP_TIMEOUT_MAX: Duration = Duration::from_secs(300);
/// How long one address has before the next one is tried beside it (RFC 8305, section 5).
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);
/// Names that may wait for a resolver thread.
pub const RESOLVE_QUEUE: usize = 64;
/// Addresses of one name that are tried.
pub const ADDRESSES_MAX: usize = 8;
/// Addresses of one name that are looked at, before rules and the order of RFC 8305 choose among them.
pub const RESOLVED_MAX: usize = 64;
/// The head of a proxy's answer to CONNECT; it needs no more than a line, some send a dozen fields.
pub const PROXY_HEAD_MAX: usize = 16 * KIB;
/// Peers that are named because they do not ask for a client certificate; as many as there can be servers, and a proxy.
pub const UNASKED_PEERS_MAX: usize = BINDINGS_MAX + 2;
/// A resolv.conf has a dozen lines.
pub const RESOLV_CONF_MAX: u64 = 64 * KIB as u64;
/// A name server that fails says so within this; a silent one is asked for 1 s at least (resolv.conf(5), `timeout`), for 5 s as a rule.
pub const RESOLVER_PROMPT: Duration = Duration::from_millis(800);
/// How long a user and password that a proxy refused are not sent to it again. Directories lock accounts after three to ten wrong
/// passwords within half an hour; a proxy whose directory was out of reach for a moment is tried again soon enough.
pub const PROXY_REFUSED_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The same after several refusals: it doubles up to this.
pub const PROXY_REFUSED_PAUSE_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a walk for people waits for a server's verdict on a client certificate, which TLS 1.3 sends after the
/// handshake; a server that has none stays silent, so all of it is spent.
pub const TLS_VERDICT_WAIT: Duration = Duration::from_millis(500);
/// Certificates of a peer that are kept for people; real chains have two to four.
pub const TLS_CHAIN_MAX: usize = 10;
/// Names of one certificate that are shown; some have hundreds.
pub const CERTIFICATE_NAMES_MAX: usize = 8;
/// Characters of one name in a certificate that are shown.
pub const CERTIFICATE_TEXT_MAX: usize = 200;
/// Bits of an RSA key whose signatures the cryptography verifies (ring, `RSA_PKCS1_2048_8192_SHA256` and its like).
pub const RSA_BITS_MIN: usize = 2048;
/// Bits of the largest such key.
pub const RSA_BITS_MAX: usize = 8192;
/// A PEM file of trust anchors; the public set has 220 KiB, and corporate bundles hold it with comments.
pub const CA_BUNDLE_MAX: usize = 4 * MIB;
/// Certificates of one set of trust anchors; the public set has 150.
pub const ANCHORS_MAX: usize = 4096;
/// Entries of a bundle that are named because something is wrong with them; the rest is counted.
pub const BUNDLE_NOTES_MAX: usize = 20;
/// A PEM file of one certificate and its issuers.
pub const CERTIFICATE_FILE_MAX: usize = 256 * KIB;
/// Stack that is wiped after each use of a private key: ring's largest frames, for RSA with 8192 bits, have half of this.
pub const SIGNING_STACK: usize = 64 * KIB;
/// Input buffer of a command's single request; the head of the answer must fit.
pub const BLOCKING_INPUT: usize = 64 * KIB;
/// Output buffer of a command's single request; each line of its head must fit, the longest holds a key.
pub const BLOCKING_OUTPUT: usize = 16 * KIB;
/// Stack of a resolver thread; `getaddrinfo` of musl needs a few KiB, glibc's NSS modules more.
pub const RESOLVER_STACK: usize = 256 * KIB;
/// What hyper may buffer of one connection before it stops reading; also bounds a response head.
pub const CONNECTION_BUFFER_MAX: usize = 64 * KIB;
/// Most bytes that one read takes from a connection: less than hyper's first buffer (8 KiB), because one read that fills it makes
/// hyper take a larger one, in which parts of messages stay.
pub const CONNECTION_READ_MAX: usize = 8 * KIB - 1;
/// Length of the shared filler in the place of an `Authorization` (`net/sealed.rs`): common tokens are shorter, longer ones get their own.
pub const FILLER_SHARED: usize = 4 * KIB;
/// Slices in one write of a request's head: its line, the header's three parts, the rest of the head, and the first parts of the body.
pub const WRITE_SLICES: usize = 16;
/// An idle connection to an MCP server. Common servers (Node, uvicorn) close theirs after 5 s, and a request that
/// races with that cannot be repeated safely.
pub const MCP_IDLE_MAX: Duration = Duration::from_secs(4);
/// An idle connection to an MCP server that says nothing about how long it keeps it is used again for calls up to this age. gunicorn
/// closes after 2 s, and some sites set 1 s; at less than two calls a second a new connection for each costs nothing.
pub const MCP_IDLE_RECENT: Duration = Duration::from_millis(500);
/// How long before a peer's `Keep-Alive: timeout` a connection is given up (of short ones half): its clock started before ours, and a
/// request needs time to arrive.
pub const KEEP_ALIVE_MARGIN: Duration = Duration::from_secs(1);
/// A peer that closed a kept connection before its time gets a new one for each call for this long. A restart looks the same, and costs
/// no more than that.
pub const KEPT_DISTRUST: Duration = Duration::from_secs(60);
/// A connection that was idle for longer than this is looked at for its end before it is used: the news may wait in the kernel.
pub const IDLE_LOOK: Duration = Duration::from_millis(100);
/// A connection that is used again is ready within this, or it is replaced.
pub const KEPT_READY_TIMEOUT: Duration = Duration::from_millis(250);
/// From the start of the daemon until pages of the program that only the start needed are given back to the system.
pub const START_SETTLES: Duration = Duration::from_secs(1);
/// How often idle connections past their age are looked for.
pub const IDLE_SWEEP: Duration = Duration::from_secs(5);

// ---- keys and certificates in force ----------------------------------------------------------------------------

/// Looking at files more often than this gains nothing, and costs power for years.
pub const RELOAD_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Files that change together (a certificate and its key) change one after the other: they are read when they were the same
/// for this long.
pub const RELOAD_SETTLE: Duration = Duration::from_secs(1);
/// Looks at files that do not come to rest, before they are read as they are.
pub const RELOAD_SETTLE_LOOKS: u32 = 10;
/// How often the dates of certificates in force are looked at.
pub const EXPIRY_INTERVAL: Duration = Duration::from_secs(3600);
/// How long after the end of a certificate it is told: it has surely ended then.
pub const EXPIRY_MARGIN: Duration = Duration::from_secs(1);
/// How long before its end a certificate is worth a warning, each once: time to have a new one issued, to hurry, and to act.
pub const EXPIRY_WARNINGS: [Duration; 3] = [
    Duration::from_secs(30 * 24 * 3600),
    Duration::from_secs(7 * 24 * 3600),
    Duration::from_secs(24 * 3600),
];

// ---- MCP over HTTP ---------------------------------------------------------------------------------------------

/// A 2xx JSON answer of an MCP server.
pub const MCP_BODY_MAX: usize = 64 * MIB;
/// An answer with another status (contract: mcp, section 2).
pub const MCP_ERROR_BODY_MAX: usize = 100 * KIB;
/// One server-sent event.
pub const SSE_EVENT_MAX: usize = 64 * MIB;
/// Attempts to resume a broken event stream (contract: mcp, section 3).
pub const SSE_RESUME_MAX: u32 = 5;
/// First pause before a stream is resumed, growing by half each time (contract: mcp, section 3).
pub const SSE_RESUME_PAUSE: Duration = Duration::from_secs(1);
/// The least and the most that a server's `retry:` field can ask for.
pub const SSE_RETRY_MIN: Duration = Duration::from_millis(100);
/// See [`SSE_RETRY_MIN`].
pub const SSE_RETRY_MAX: Duration = Duration::from_secs(30);
/// Length of an event id that is kept for `Last-Event-ID`; as that of a session, which is such a handle too.
pub const SSE_ID_MAX: usize = 16 * KIB;
/// Same-origin redirects that keep the method (307, 308), followed for one request.
pub const REDIRECTS_MAX: u32 = 5;
/// Answering a server's request on the side (ping, refusal).
pub const SIDE_POST_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests of the server in one call that may be answered on the side at once.
pub const SIDE_POSTS_MAX: usize = 16;
/// How long a stream or an acknowledged body may take to end after what counts has come, for the sake of its connection.
pub const TAIL_TIMEOUT: Duration = Duration::from_secs(1);
/// What such a tail may hold.
pub const TAIL_MAX: usize = 16 * KIB;
/// One attempt of the start-up probe (contract: mcp, section 9).
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// All requests of one start-up probe: `initialize`, `server/discover`, a look at certificates, the end of the session.
pub const STARTUP_PROBE_TIMEOUT: Duration = PROBE_TIMEOUT.saturating_mul(4);
/// Longest pause between two looks at the main MCP server (contract: mcp, section 9). With the second look that has to fail it is
/// found within 10 s that an idle server is gone, also where packets are dropped: two looks of [`PROBE_TIMEOUT`] follow each other then.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// Pause after a look that failed, doubling up to [`PROBE_INTERVAL`] once the server is given up: one that restarts is found again
/// soon.
pub const PROBE_RETRY_MIN: Duration = Duration::from_secs(1);
/// Least time between two looks that failed calls cause: a probe opens a session.
pub const PROBE_SPACING: Duration = Duration::from_secs(5);
/// Probes in a row that must fail before a server that answered is called unreachable: one that restarts within
/// [`PROBE_RETRY_MIN`] was not.
pub const PROBES_FAILED: u32 = 2;
/// The same for probes without an answer: a server that does one thing at a time may be busy with a call.
pub const PROBES_SILENT: u32 = 3;
/// First and last pause between probes during `startup_wait_timeout` (contract: mcp, section 9).
pub const STARTUP_RETRY_MIN: Duration = Duration::from_millis(50);
/// See [`STARTUP_RETRY_MIN`].
pub const STARTUP_RETRY_MAX: Duration = Duration::from_secs(1);

/// Values of headers with advice (`Retry-After`, rate limits) that pass with one answer: real servers send up to eight.
pub const ADVICE_HEADERS_MAX: usize = 12;
/// Bytes of one of them; the longest are policies of rate limits.
pub const ADVICE_VALUE_MAX: usize = 256;

// ---- checks before start ---------------------------------------------------------------------------------------

/// Wrappers (`env`, shells) that the preflight of a stdio command looks through (contract: cli, section 6).
pub const PREFLIGHT_DEPTH: usize = 4;
/// What Linux reads of a program to find its interpreter (linux/binfmts.h, `BINPRM_BUF_SIZE`).
pub const SHEBANG_MAX: usize = 256;
/// Bytes read of the settings of a virtual environment of python (`pyvenv.cfg`); common ones have 200.
pub const VENV_SETTINGS_MAX: u64 = 16 * 1024;
/// Segments of a program that are looked at for its loader; common programs have a dozen.
pub const ELF_SEGMENTS_MAX: u16 = 128;
/// A path in Linux (linux/limits.h).
pub const PATH_MAX: usize = 4096;
/// Characters of a path in a message.
pub const PATH_ECHO_MAX: usize = 256;

// ---- dispatch --------------------------------------------------------------------------------------------------

/// Bodies at least this large, and at least seven eighths of the poll answer that brought them, are shared with it; others are
/// copied, so that a slow command does not keep a whole batch in memory.
pub const SHARE_BODY_MIN: usize = 64 * KIB;
/// Commands beyond the queue's size that are still queued. Polls ask for no more than there is room for, but while a
/// server's request waits for its caller they go on, one command at a time, because the answer comes that way; calls
/// that come instead find these places, and then an error.
pub const QUEUE_RESERVE: usize = 16;
/// A caller's id without a session may be meant by a late cancellation for this long after its call ended.
pub const CANCEL_MEMORY: Duration = Duration::from_secs(60);
/// Such ids that are remembered; older ones are forgotten first.
pub const CANCEL_MEMORY_MAX: usize = 1024;
/// A cancelled call may still be answered within this; servers need not, and most do not.
pub const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// Work that was accepted is finished within this after SIGTERM (contract: wire, section 11), which leaves the usual 30 s of service
/// managers enough for the terminal errors.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(25);
/// After that, the rest gets terminal errors within this.
pub const DRAIN_ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The end after the drain: children, each with its three steps and its last words, then the broker and the janitor.
pub const END_TIMEOUT: Duration = STDIO_STOP_STEP
    .saturating_mul(3)
    .saturating_add(STDIO_LAST_WORDS)
    .saturating_add(BROKER_END_TIMEOUT)
    .saturating_add(JANITOR_END_TIMEOUT);
/// How long a poll answer that may be on its way is waited for after SIGTERM.
pub const DRAIN_POLL_TIMEOUT: Duration = Duration::from_secs(2);

// ---- operations ------------------------------------------------------------------------------------------------

/// Requests to the health listener that are served at once.
pub const HEALTH_CONNECTIONS: usize = 32;
/// A request to the health listener must arrive within this, so that silent connections cannot keep out a probe for long.
pub const HEALTH_HEADER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one start waits for another that replaces a socket in the same directory; that takes a millisecond.
pub const UNIX_SOCKET_TURN: Duration = Duration::from_secs(2);
/// Pause between two looks whether it is done.
pub const UNIX_SOCKET_TURN_PAUSE: Duration = Duration::from_millis(5);
/// Pause after a listener could not accept, so that a lack of descriptors is no busy loop.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// One connection to the health listener, however many requests it carries.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(60);
/// Deliveries that failed in a row and make the process not ready.
pub const DELIVERY_FAILURES_UNREADY: u32 = 3;

// ---- commands beside the daemon ------------------------------------------------------------------------------------

/// One probe of `health` (contract: cli, section 8).
pub const HEALTH_PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// Reading the metrics for `health --require-control-plane-poll` (contract: cli, section 8).
pub const HEALTH_METRICS_TIMEOUT: Duration = Duration::from_secs(2);
/// What `health` shows of an answer's body (contract: cli, section 8).
pub const HEALTH_BODY_MAX: usize = 4 * KIB;
/// What `health` reads of an answer; the Go client's metrics have 128 KiB when it is idle.
pub const HEALTH_ANSWER_MAX: usize = 4 * MIB;
/// A file that holds a URL.
pub const HEALTH_URL_FILE_MAX: usize = URL_MAX;
/// A file that holds a process id.
pub const PID_FILE_MAX: usize = 64;
/// `sun_path` of a unix socket address, without its final zero (unix(7)).
pub const UNIX_SOCKET_PATH_MAX: usize = 107;
/// One request of `admin tunnels`, all of it (contract: cli, section 9).
pub const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer to it: a list of thousands of tunnels.
pub const ADMIN_BODY_MAX: usize = 8 * MIB;
/// Characters of one organization, workspace or tenant id; `tunnel-relay` takes as many.
pub const PRINCIPAL_ID_MAX: usize = 256;
/// Ids of one kind given with one command; `tunnel-relay` takes as many.
pub const PRINCIPALS_MAX: usize = 100;
/// Characters of a tunnel's name and description together: whatever the service allows, a slip is told here.
pub const TUNNEL_TEXT_MAX: usize = 64 * KIB;

// ---- what an operator may write ---------------------------------------------------------------------------------------

/// Places in the local queue (contract: config, section 2).
pub const INFLIGHT_MAX: usize = 10_000;
/// Commands that may run at once; more than the queue can hold would never be used.
pub const CONCURRENT_MAX: usize = 10_000;
/// Poll timeout and guardrail together (contract: config, section 2).
pub const POLL_TOTAL_MAX: Duration = Duration::from_secs(600);
/// The guardrail stays below this (contract: config, section 2).
pub const GUARDRAIL_LIMIT: Duration = Duration::from_secs(60);
/// Every time that may not be zero: the wire counts in whole milliseconds.
pub const TIME_MIN: Duration = Duration::from_millis(1);
/// Any other time: longer ones are slips, and clock arithmetic stays far from overflow.
pub const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Characters of one duration; the longest sensible one has a dozen.
pub const DURATION_TEXT_MAX: usize = 64;
/// Bytes of one URL; servers commonly refuse request lines above 8 KiB.
pub const URL_MAX: usize = 8 * 1024;
/// Bytes of the organization id, which becomes a header.
pub const ORGANIZATION_ID_MAX: usize = 256;
/// Bytes of an API key, which becomes a header.
pub const API_KEY_MAX: usize = 4 * 1024;
/// Bytes of a file that holds one secret; the buffer is allocated whole, so that it never moves.
pub const SECRET_FILE_MAX: usize = 16 * 1024;
/// Bytes of a file that holds one value that is no secret: a URL or a command.
pub const VALUE_FILE_MAX: usize = 64 * KIB;
/// Extra headers of one setting: servers commonly refuse more than a hundred in all.
pub const EXTRA_HEADERS_MAX: usize = 64;
/// Bytes of the name of a credential of the service manager: that of a file (`NAME_MAX` in limits.h).
pub const CREDENTIAL_NAME_MAX: usize = 255;
/// Bytes of the name of an extra header, and of a header of a command.
pub const HEADER_NAME_MAX: usize = 256;
/// Bytes of the value of an extra header; servers commonly refuse heads above 8 KiB or 16 KiB.
pub const HEADER_VALUE_MAX: usize = 8 * KIB;
/// Channels that are polled by name: as many as the service takes (contract: wire, section 2).
pub const POLL_CHANNELS_MAX: usize = 32;
/// Targets of the harpoon channel (contract: oauth-and-harpoon, section 3).
pub const HARPOON_TARGETS_MAX: usize = 10_000;
/// Bytes of the largest answer of a target (contract: config, section 2).
pub const HARPOON_RESPONSE_MAX: usize = 102_400;
/// Redirects between targets (contract: config, section 2).
pub const HARPOON_REDIRECTS_MAX: usize = 5;
/// Bytes of one host suffix or pattern.
pub const HARPOON_PATTERN_MAX: usize = 1024;
/// Log lines kept for the status page (contract: config, section 2).
pub const UI_EVENTS_MAX: usize = 100_000;
/// Entries of `NO_PROXY`; each is tried for every URL.
pub const NO_PROXY_MAX: usize = 1024;
/// How long a pipe in the place of a secret file may be silent: what a shell puts there starts at once.
pub const SECRET_PIPE_TIMEOUT: Duration = Duration::from_secs(10);
/// Symbolic links on the way to one file, as in Linux (path_resolution(7)).
pub const SYMLINKS_MAX: usize = 40;
/// Looks at the way to a file that is being exchanged; one exchange takes one more look.
pub const FILE_LOOKS: usize = 8;
/// Networks, and hosts, that a lockdown names; each is compared for each connection.
pub const LOCKDOWN_ENTRIES_MAX: usize = 256;
/// Entries of directories on the way to the client's files, of which each costs a rule at every start of a server: some
/// microseconds.
pub const HIDDEN_SIBLINGS_MAX: usize = 10_000;
/// Names of the client's files, of links on the way to them and of what mounts make of both. Each is compared with each mount.
pub const HIDDEN_NAMES_MAX: usize = 4096;
/// Files that earlier cages of a server have hidden: several generations of [`HIDDEN_NAMES_MAX`]. Each takes some 50 bytes in the
/// broker.
pub const HIDDEN_IDENTITIES_MAX: usize = 16_384;
/// Bytes of `/proc/self/mountinfo`: some ten thousand mounts, more than hosts of containers have.
pub const MOUNTS_BYTES_MAX: usize = 4 << 20;
/// Processes that are looked at before a secret that its mode lets others read is accepted: more than hosts with a mount namespace
/// for the client have, and each takes some tens of microseconds.
pub const NEIGHBOURS_MAX: usize = 65_536;
/// Bytes of `/etc/passwd` and `/etc/group`: some ten thousand users.
pub const USER_FILE_MAX: usize = 1 << 20;
/// Descriptors of one call: its connection to the MCP server and that for its answer, each while up to four addresses are tried.
pub const DESCRIPTORS_OF_A_WORKER: u64 = 8;
/// Descriptors of everything else: listener and its connections, pipes of all stdio servers, files that are read.
pub const DESCRIPTORS_RESERVED: u64 = 512;
/// Ports that are open beside those of the configuration: more is no limit any longer.
pub const DISCOVERY_PORTS_MAX: usize = 64;
/// Channels: the service takes 32, of which one is kept for the built-in one (contract: wire, section 2).
pub const BINDINGS_MAX: usize = 31;
/// Variables that a binding sets for its server.
pub const SERVER_VARIABLES_MAX: usize = 64;
/// Bytes of the value of one; the kernel takes 128 KiB with the name (execve(2), MAX_ARG_STRLEN).
pub const SERVER_VARIABLE_MAX: usize = 64 * KIB;
/// Paths, and ports, that the sandbox of one server names; each is a rule of the kernel.
pub const SERVER_RULES_MAX: usize = 64;
/// Patterns of passed environment variables; each is tried for each variable at every start of a child.
pub const PASS_ENV_MAX: usize = 256;
/// Bytes of one configuration file; one with every setting and all 31 channels has a hundredth of this.
pub const CONFIG_FILE_MAX: usize = MIB;
/// Keys, values and collections of one configuration file.
pub const CONFIG_NODES_MAX: usize = 50_000;
/// Collections inside one another in a configuration file; the settings need five.
pub const CONFIG_DEPTH_MAX: usize = 32;
/// Merges (`<<`) that reach one another through aliases.
pub const CONFIG_MERGE_DEPTH_MAX: usize = 16;
/// Bytes that a configuration file has once its aliases are replaced by what they stand for.
pub const CONFIG_EXPANDED_MAX: usize = 4 * MIB;
/// What a key, a value or a collection counts in [`CONFIG_EXPANDED_MAX`] beside its text: about what it takes in memory. A
/// file without aliases cannot reach that bound: it would need twice its [`CONFIG_NODES_MAX`].
pub const CONFIG_NODE_COST: usize = 16;
/// Mistakes in the form of a configuration file that are reported; a file that is not ours has one a line.
pub const CONFIG_MISTAKES_MAX: usize = 20;
/// Mistakes in values that are reported: as many as anybody mends at once.
pub const CONFIG_ERRORS_MAX: usize = 50;
/// Characters of an unknown key that is compared with the known ones; the longest of those has 39.
pub const CONFIG_KEY_COMPARED_MAX: usize = 64;
/// Names of profiles in the message about a missing one.
pub const PROFILES_SHOWN_MAX: usize = 20;
/// Entries of the profile directory that are looked at.
pub const PROFILES_MAX: usize = 10_000;
/// Characters of one value in `config show`.
pub const EFFECTIVE_TEXT_MAX: usize = 1024;
/// Characters of a wrong value that a message repeats.
pub const ECHO_MAX: usize = 40;

// ---- doctor ---------------------------------------------------------------------------------------------------------

/// Characters of one line of a report; what others say beyond it is cut. A command for the longest host name fits.
pub const DOCTOR_TEXT_MAX: usize = 640;
/// A certificate that ends within this is worth a word: enough time to have a new one signed.
pub const DOCTOR_EXPIRY_WARNING: Duration = EXPIRY_WARNINGS[0];
/// Clocks that differ by more make fresh certificates and tokens fail.
pub const DOCTOR_CLOCK_MAX: Duration = Duration::from_secs(300);
/// The whole walk: servers that are not reached by then are skipped. A person waits for it.
pub const DOCTOR_TIMEOUT: Duration = Duration::from_secs(60);
/// One MCP `initialize`; longer than the probe of the daemon, which looks again and again.
pub const DOCTOR_INITIALIZE_TIMEOUT: Duration = Duration::from_secs(10);
/// Asking the service for the tunnel; long polls are not part of it.
pub const DOCTOR_METADATA_TIMEOUT: Duration = Duration::from_secs(10);
/// From the start of a stdio server to its answer: runners such as npx and uvx may fetch the server first.
pub const DOCTOR_START_TIMEOUT: Duration = Duration::from_secs(30);
/// Looking for OAuth metadata, over all candidates (contract: oauth-and-harpoon, section 1).
pub const DOCTOR_OAUTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Asking the MCP endpoint itself for its challenge, part of that (contract: oauth-and-harpoon, section 1).
pub const DOCTOR_CHALLENGE_TIMEOUT: Duration = Duration::from_secs(1);
/// One OAuth metadata document (contract: oauth-and-harpoon, section 1).
pub const DOCTOR_OAUTH_BODY_MAX: usize = MIB;
/// Asking who listens on the health address.
pub const DOCTOR_NEIGHBOUR_TIMEOUT: Duration = Duration::from_millis(500);
/// Bytes read of a file in /proc or /etc, or of a URL or PID file.
pub const DOCTOR_FILE_MAX: usize = MIB;
/// Processes that are looked at to find who holds a port.
pub const DOCTOR_PROCESSES_MAX: usize = 65_536;

/// One attempt to get out of the sandbox, and the setting up of what is attacked: milliseconds of work.
pub const SANDBOX_PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// All attempts, a few hundred, each twice: ten seconds' work, and minutes on a machine that is busy or emulated. A person waits
/// for it.
pub const SANDBOX_PROBES_TIMEOUT: Duration = Duration::from_secs(600);
/// A connection to this host that is refused or not at once.
pub const SANDBOX_PROBE_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes kept of what a process says that makes an attempt: paths and ports of the configuration.
pub const SANDBOX_PROBE_OUTPUT_MAX: usize = 256 * KIB;
/// Ports that are drawn to find one that the configuration does not name.
pub const SANDBOX_PROBE_PORTS_TRIED: usize = 64;
