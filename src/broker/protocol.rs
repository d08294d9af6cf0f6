//! What daemon and broker say to each other: messages of 16 bytes.
//!
//! Byte 0 is the kind, byte 1 a detail, bytes 2 and 3 an index, bytes 4 to 7 a value, bytes 8 to 15 the number of a run; numbers
//! in the order of this machine, because both ends are one binary. What a message does not use is zero. Anything else is no
//! message, and ends the connection.
//!
//! Before them go the specifications, as pieces of a JSON text: [`PIECE`] and up to [`BROKER_PIECE_MAX`] bytes. A piece without
//! bytes ends it.
//!
//! [`BROKER_PIECE_MAX`]: crate::limits::BROKER_PIECE_MAX

use std::array;

use rustix::process::{Pid, Signal};

use crate::sys::child::Failure;

/// The first byte of a piece of the specifications.
pub const PIECE: u8 = 1;

/// Bytes of every other message.
pub const SIZE: usize = 16;

/// From the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Start the server of this index. The number of the run is greater than any before.
    Start {
        /// Its place among the specifications.
        index: u16,
        /// What the run is called from now on; never 0.
        run: u64,
    },
    /// Send its process group SIGTERM or SIGKILL. It may have ended meanwhile.
    Signal {
        /// The run.
        run: u64,
        /// The signal.
        kill: Kill,
    },
}

/// A signal that ends a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// From the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It knows its specifications, and is shut in.
    Ready,
    /// The server runs. With the message come our end of its standard input and our end of its standard output.
    Started {
        /// The run.
        run: u64,
        /// The process, whose group and session have the same number.
        pid: i32,
    },
    /// The server could not be started.
    Failed {
        /// The run.
        run: u64,
        /// Why.
        failure: Failure,
    },
    /// The server ended, and what it left in its group was killed.
    Exited {
        /// The run.
        run: u64,
        /// As wait(2) gives it.
        status: i32,
    },
    /// Processes started by servers that did not end within the bound.
    Remaining(Remaining),
}

/// Processes that were killed and are still alive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remaining {
    /// Number of processes, at most [`u16::MAX`]. 0: unknown.
    pub count: u16,
    /// Ids of the first ones; 0 in unused places.
    pub first: [i32; 3],
}

/// The bytes are no message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMessage;

const START: u8 = 2;
const SIGNAL: u8 = 3;
const READY: u8 = 4;
const STARTED: u8 = 5;
const FAILED: u8 = 6;
const EXITED: u8 = 7;
const REMAINING: u8 = 8;

const TERM: u8 = 1;
const KILL: u8 = 2;

const OF_PROGRAM: u8 = 1;
const OF_CAGE: u8 = 2;

/// The greatest error number of the kernel (`MAX_ERRNO`).
const ERRNO_MAX: i32 = 4095;

impl Request {
    /// As it is sent.
    #[must_use]
    pub fn encode(self) -> [u8; SIZE] {
        let none = Fields::default();
        match self {
            Self::Start { index, run } => Fields {
                kind: START,
                index,
                run,
                ..none
            },
            Self::Signal { run, kill } => Fields {
                kind: SIGNAL,
                detail: match kill {
                    Kill::Term => TERM,
                    Kill::Kill => KILL,
                },
                run,
                ..none
            },
        }
        .encode()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoMessage> {
        let fields = Fields::decode(bytes)?;
        let run = fields.run;
        let request = match (fields.kind, fields.detail) {
            (START, _) => Self::Start {
                index: fields.index,
                run,
            },
            (SIGNAL, TERM) => Self::Signal { run, kill: Kill::Term },
            (SIGNAL, KILL) => Self::Signal { run, kill: Kill::Kill },
            _ => return Err(NoMessage),
        };
        // What the kind does not use is zero: a message has one form.
        (request.encode() == bytes).then_some(request).ok_or(NoMessage)
    }
}

impl Reply {
    /// As it is sent.
    #[must_use]
    pub fn encode(self) -> [u8; SIZE] {
        let none = Fields::default();
        match self {
            Self::Ready => Fields { kind: READY, ..none },
            Self::Started { run, pid } => Fields {
                kind: STARTED,
                value: pid,
                run,
                ..none
            },
            Self::Failed { run, failure } => {
                let (detail, value) = match failure {
                    Failure::Program(number) => (OF_PROGRAM, number),
                    Failure::Cage(number) => (OF_CAGE, number),
                };
                Fields {
                    kind: FAILED,
                    detail,
                    value,
                    run,
                    ..none
                }
            }
            Self::Exited { run, status } => Fields {
                kind: EXITED,
                value: status,
                run,
                ..none
            },
            Self::Remaining(Remaining {
                count,
                first: [first, second, third],
            }) => Fields {
                kind: REMAINING,
                index: count,
                value: first,
                run: u64::from(second.cast_unsigned()) | u64::from(third.cast_unsigned()) << 32,
                ..none
            },
        }
        .encode()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoMessage> {
        let fields = Fields::decode(bytes)?;
        let (run, value) = (fields.run, fields.value);
        let is_errno = (1..=ERRNO_MAX).contains(&value);
        let reply = match (fields.kind, fields.detail) {
            (READY, _) => Self::Ready,
            (STARTED, _) if value > 0 => Self::Started { run, pid: value },
            (FAILED, OF_PROGRAM) if is_errno => Self::Failed {
                run,
                failure: Failure::Program(value),
            },
            (FAILED, OF_CAGE) if is_errno => Self::Failed {
                run,
                failure: Failure::Cage(value),
            },
            (EXITED, _) => Self::Exited { run, status: value },
            (REMAINING, _) => {
                let half = |bits: u64| i32::try_from(bits & u64::from(u32::MAX)).map_err(|_| NoMessage);
                let first = [value, half(run)?, half(run >> 32)?];
                if value < 0 {
                    return Err(NoMessage);
                }
                Self::Remaining(Remaining {
                    count: fields.index,
                    first,
                })
            }
            _ => return Err(NoMessage),
        };
        (reply.encode() == bytes).then_some(reply).ok_or(NoMessage)
    }
}

impl Remaining {
    /// Describes these processes.
    #[must_use]
    pub fn new(pids: impl ExactSizeIterator<Item = Pid>) -> Self {
        let count = u16::try_from(pids.len()).unwrap_or(u16::MAX);
        let mut ids = pids.map(|pid| pid.as_raw_nonzero().get());
        Self {
            count,
            first: array::from_fn(|_| ids.next().unwrap_or_default()),
        }
    }

    /// Text for people: the number and the known ids.
    #[must_use]
    pub fn shown(&self) -> (String, String) {
        let count = match self.count {
            0 => "unknown".to_owned(),
            count => count.to_string(),
        };
        let ids: Vec<String> = self.first.iter().filter(|pid| **pid > 0).map(i32::to_string).collect();
        let more = usize::from(self.count) > ids.len() && !ids.is_empty();
        (count, ids.join(", ") + if more { ", ..." } else { "" })
    }
}

impl From<Kill> for Signal {
    fn from(kill: Kill) -> Self {
        match kill {
            Kill::Term => Self::TERM,
            Kill::Kill => Self::KILL,
        }
    }
}

#[derive(Default)]
struct Fields {
    kind: u8,
    detail: u8,
    index: u16,
    value: i32,
    run: u64,
}

impl Fields {
    fn encode(&self) -> [u8; SIZE] {
        let [i0, i1] = self.index.to_ne_bytes();
        let [v0, v1, v2, v3] = self.value.to_ne_bytes();
        let [r0, r1, r2, r3, r4, r5, r6, r7] = self.run.to_ne_bytes();
        [
            self.kind,
            self.detail,
            i0,
            i1,
            v0,
            v1,
            v2,
            v3,
            r0,
            r1,
            r2,
            r3,
            r4,
            r5,
            r6,
            r7,
        ]
    }

    fn decode(bytes: &[u8]) -> Result<Self, NoMessage> {
        let Ok([kind, detail, i0, i1, v0, v1, v2, v3, run @ ..]) = <[u8; SIZE]>::try_from(bytes) else {
            return Err(NoMessage);
        };
        Ok(Self {
            kind,
            detail,
            index: u16::from_ne_bytes([i0, i1]),
            value: i32::from_ne_bytes([v0, v1, v2, v3]),
            run: u64::from_ne_bytes(run),
        })
    }
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    const REQUESTS: [Request; 3] = [
        Request::Start { index: 7, run: 1 << 40 },
        Request::Signal {
            run: 1,
            kill: Kill::Term,
        },
        Request::Signal {
            run: 2,
            kill: Kill::Kill,
        },
    ];

    const REPLIES: [Reply; 6] = [
        Reply::Ready,
        Reply::Remaining(Remaining {
            count: 589,
            first: [4711, 4712, i32::MAX],
        }),
        Reply::Started { run: 1, pid: 4711 },
        Reply::Failed {
            run: 1,
            failure: Failure::Program(2),
        },
        Reply::Failed {
            run: 1,
            failure: Failure::Cage(1),
        },
        Reply::Exited {
            run: u64::MAX,
            status: 9,
        },
    ];

    #[test]
    fn a_message_survives_the_way() {
        for request in REQUESTS {
            assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
        for reply in REPLIES {
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
        }
    }

    #[test]
    fn what_is_shorter_longer_or_the_other_ends_is_no_message() {
        for request in REQUESTS {
            let bytes = request.encode();
            for length in 0..SIZE {
                assert_eq!(Request::decode(&bytes[..length]), Err(NoMessage));
            }
            assert_eq!(Request::decode(&[&bytes[..], &[0]].concat()), Err(NoMessage));
            assert_eq!(Reply::decode(&bytes), Err(NoMessage));
        }
        for reply in REPLIES {
            assert_eq!(Request::decode(&reply.encode()), Err(NoMessage));
        }
    }

    #[test]
    fn no_message_has_a_second_form() {
        for bytes in REQUESTS.map(Request::encode) {
            for at in 0..SIZE {
                for bit in 0..8 {
                    let mut other = bytes;
                    other[at] ^= 1 << bit;
                    if let Ok(request) = Request::decode(&other) {
                        assert_eq!(request.encode(), other, "{request:?}");
                    }
                }
            }
        }
        let mut padded = Request::Signal {
            run: 1,
            kill: Kill::Term,
        }
        .encode();
        padded[2] = 1;
        assert_eq!(Request::decode(&padded), Err(NoMessage), "an index where none belongs");
    }

    #[test]
    fn numbers_that_the_kernel_does_not_give_are_refused() {
        for reply in [
            Reply::Started { run: 1, pid: 0 },
            Reply::Started { run: 1, pid: -1 },
            Reply::Failed {
                run: 1,
                failure: Failure::Program(0),
            },
            Reply::Failed {
                run: 1,
                failure: Failure::Cage(4096),
            },
            Reply::Remaining(Remaining {
                count: 1,
                first: [1, -1, 1],
            }),
            Reply::Remaining(Remaining {
                count: 1,
                first: [-1, 1, 1],
            }),
        ] {
            assert_eq!(Reply::decode(&reply.encode()), Err(NoMessage), "{reply:?}");
        }
    }
}
