//! Bounds on the broker, the janitor and what stdio servers may do with them.

use std::time::Duration;

use super::{KIB, MIB};

/// Servers that a broker knows; as many as bindings, and room for a few of another kind.
pub const BROKER_SERVERS_MAX: usize = 64;
/// Bytes of all instructions of a broker. The kernel bounds those of one server at 2 MiB (execve(2)).
pub const BROKER_SPECIFICATIONS_MAX: usize = 16 * MIB;
/// Bytes of one piece of the instructions: far below the size that a socket takes as one message (`net.core.wmem_default`, 208
/// KiB), and a buffer that a small process can afford.
pub const BROKER_PIECE_MAX: usize = 16 * KIB;
/// Runs that may exist at once: the run of each server, and one that is still ending.
pub const BROKER_RUNS_MAX: usize = 2 * BROKER_SERVERS_MAX;
/// Bytes of a security context that are read: the kernel shows and takes a page at most (`/proc/PID/attr`).
pub const SECURITY_CONTEXT_MAX: u64 = 4096;
/// Time from the start of a broker until it is ready; normally milliseconds.
pub const BROKER_READY_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that a broker waits at its end for processes that it killed: only the kernel keeps them alive. For thousands of processes
/// that were forked from one another this takes seconds. Together with the drain it stays below the usual 30 s of service managers.
pub const BROKER_END_TIMEOUT: Duration = Duration::from_secs(4);
/// Time that it waits for the killed leftovers of the last server; meanwhile it starts no server.
pub const BROKER_CLEAR_TIMEOUT: Duration = Duration::from_secs(1);
/// Scans for processes that a broker stops before it kills them all: each finds those that were started during the scan before, and
/// a stopped process starts none.
pub const BROKER_STOPS_MAX: usize = 8;
/// Pause between these scans, when no process has ended.
pub const BROKER_CLEAR_INTERVAL: Duration = Duration::from_millis(10);
/// Children reaped before the broker checks for requests again: servers can leave more children than it knows of.
pub const BROKER_REAPS_MAX: usize = 256;
/// Bytes of one line of a server's standard error, with its prefix: the size that a pipe takes whole (`PIPE_BUF` in pipe(7)).
pub const BROKER_LINE_MAX: usize = 4096;
/// Bytes of one read of a server's standard error.
pub const BROKER_STDERR_READ: usize = 4 * KIB;
/// Bytes of all servers' standard errors that are passed on before the broker checks for requests again. They can be as many lines.
pub const BROKER_STDERR_TURN: usize = 32 * KIB;
/// Time that servers are held up when nobody takes their lines, less the time in which there is room; after that, lines are dropped.
/// A server whose standard error is full answers no calls.
pub const BROKER_STDERR_PATIENCE: Duration = Duration::from_millis(500);
/// Bytes read from a server's standard error after its end: the capacity of its pipe (pipe(7)).
pub const BROKER_LAST_WORDS: usize = 64 * KIB;
/// Time that a broker takes at its end to pass on the last output of its servers.
pub const BROKER_WORDS_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of one read of what the broker passes on.
pub const BROKER_WORDS_READ: usize = 4 * KIB;
/// Part of the time in which lines of servers may be searched for secrets: a tenth of a processor.
pub const BROKER_WORDS_SHARE: u32 = 10;
/// Time beyond that share before lines are left out: some megabytes of lines at once, and the turns of the tunnel in between.
pub const BROKER_WORDS_BURST: Duration = Duration::from_secs(2);
/// Bytes that are left out before a pause: 6.4 MB/s, more than servers write for a reason.
pub const BROKER_WORDS_LEFT_OUT: usize = 64 * KIB;
/// The pause.
pub const BROKER_WORDS_PAUSE: Duration = Duration::from_millis(10);
/// Bytes at the end of a piece of a line that wait for the next piece, at least: for what shows by its look, its beginning and name.
pub const BROKER_WORDS_HELD_MIN: usize = KIB;
/// The same at most, whatever the longest secret is: a key of RSA with 8192 bits, thrice escaped. Lines are rarely cut, and nothing is
/// held otherwise.
pub const BROKER_WORDS_HELD_MAX: usize = 64 * KIB;
/// Bytes that a byte of a secret takes in its longest spelling: `&amp;amp;#x61;`, three layers of escapes.
pub const BROKER_WORDS_SPELLING: usize = 14;
/// Bytes of text of a line that goes out; with a name before it, a pipe takes it whole.
pub const BROKER_WORDS_LINE: usize = BROKER_LINE_MAX - 256;
/// Lines that a private key may have: those of RSA with 8192 bits, or of a PGP key with subkeys, and headers.
pub const BROKER_WORDS_KEY_LINES: usize = 256;
/// Added to a server's `oom_score_adj`: as if it used a fifth more of the memory (proc(5)), so that the kernel kills it before the
/// client.
pub const SERVER_OOM_SCORE: i32 = 200;
/// Greatest value (linux/oom.h).
pub const OOM_SCORE_ADJ_MAX: i32 = 1000;
/// Repetitions of a broker's call for which the kernel lacks memory. With the pause between them: a second, in which the kernel can
/// end the process that uses the memory.
pub const BROKER_MEMORY_RETRIES_MAX: usize = 50;
/// Pause before each repetition.
pub const BROKER_MEMORY_INTERVAL: Duration = Duration::from_millis(20);
/// Pause between checks of a broker that is about to end.
pub const BROKER_REAP_INTERVAL: Duration = Duration::from_millis(2);

/// Time from the start of a janitor until it is ready; normally milliseconds.
pub const JANITOR_READY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bound of the wait for the janitor at the end of the client: it removes at most four files.
pub const JANITOR_END_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between checks of a janitor that is about to end.
pub const JANITOR_REAP_INTERVAL: Duration = Duration::from_millis(1);
/// Bytes of a janitor's instructions: four paths of files and two of sockets, each byte of which takes up to six in JSON.
pub const JANITOR_MESSAGE_MAX: usize = 128 * KIB;
