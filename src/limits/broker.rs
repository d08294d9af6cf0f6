//! Bounds on the broker, the janitor and what stdio servers may do with them.

use std::time::Duration;

use super::{KIB, MIB};

/// Servers that a broker knows; there are as many as bindings, and room for a few of another kind.
pub const BROKER_SERVERS_MAX: usize = 64;
/// Bytes of everything that a broker is told at once. What one server is given the kernel bounds at 2 MiB (execve(2)).
pub const BROKER_SPECIFICATIONS_MAX: usize = 16 * MIB;
/// Bytes of one piece of that: far below what a socket takes as one message (`net.core.wmem_default`, 208 KiB), and a buffer that
/// a small process can bear.
pub const BROKER_PIECE_MAX: usize = 16 * KIB;
/// Runs that may be under way at once: that of each server, and one that is still dying.
pub const BROKER_RUNS_MAX: usize = 2 * BROKER_SERVERS_MAX;
/// From the start of a broker until it is ready, which takes milliseconds.
pub const BROKER_READY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a broker waits at its end for processes that it killed: the kernel alone keeps them, which for thousands of processes that
/// were forked from one another takes seconds. Together with the drain it stays below the usual 30 s of service managers.
pub const BROKER_END_TIMEOUT: Duration = Duration::from_secs(4);
/// How long it waits for what the last server left behind and it killed; meanwhile it starts nothing.
pub const BROKER_CLEAR_TIMEOUT: Duration = Duration::from_secs(1);
/// Looks at the processes in which a broker stops those that it finds, before it kills them all: each finds what was started during the
/// one before, and a stopped process starts none.
pub const BROKER_STOPS_MAX: usize = 8;
/// Between looks at that, when nothing has ended.
pub const BROKER_CLEAR_INTERVAL: Duration = Duration::from_millis(10);
/// Children reaped before it looks at requests again: servers can leave more of them than it is told of.
pub const BROKER_REAPS_MAX: usize = 256;
/// Bytes of one line of a server's standard error, with what stands before it: what a pipe takes whole (`PIPE_BUF` in pipe(7)).
pub const BROKER_LINE_MAX: usize = 4096;
/// What is asked of one server's standard error at once.
pub const BROKER_STDERR_READ: usize = 4 * KIB;
/// Bytes of all servers' standard errors that are passed on before it looks at requests again. They can be as many lines.
pub const BROKER_STDERR_TURN: usize = 32 * KIB;
/// How long servers are held up when the broker's own standard error takes no more; then lines are left out.
pub const BROKER_STDERR_PATIENCE: Duration = Duration::from_millis(500);
/// Bytes that are read of a server's standard error after its end: what its pipe can hold (pipe(7)).
pub const BROKER_LAST_WORDS: usize = 64 * KIB;
/// How long a broker takes at its end to pass on the last words of its servers.
pub const BROKER_WORDS_TIMEOUT: Duration = Duration::from_secs(1);
/// Added to a server's `oom_score_adj`: as if it used a fifth more of the memory (proc(5)), so that it goes before the client.
pub const SERVER_OOM_SCORE: i32 = 200;
/// The greatest (linux/oom.h).
pub const OOM_SCORE_ADJ_MAX: i32 = 1000;
/// Between looks at a broker that is about to be gone.
pub const BROKER_REAP_INTERVAL: Duration = Duration::from_millis(2);

/// From the start of a janitor until it is ready, which takes milliseconds.
pub const JANITOR_READY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bound of the wait for the janitor at the end of the client: it removes three files at most.
pub const JANITOR_END_TIMEOUT: Duration = Duration::from_secs(2);
/// Between looks at a janitor that is about to be gone.
pub const JANITOR_REAP_INTERVAL: Duration = Duration::from_millis(1);
/// Bytes of what a janitor is told: three paths, each byte of which takes up to six in JSON.
pub const JANITOR_MESSAGE_MAX: usize = 96 * KIB;
