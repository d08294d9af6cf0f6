//! Channels to processes that a stdio server with `sandbox: strict` did not start: sockets whose peer changes, and memory and
//! queues that are found by a number or a name.

use std::os::unix::net::{UnixDatagram, UnixStream};

use super::strict::{has_no_datagrams, has_no_network, is_started, writes_nothing};
use crate::probes::probe::{Attempt, By, Expected, Place, Probe, Target as Attacked};
use crate::sys::attempts::{Call, calls};

pub(super) const PROBES: &[Probe] = &[
    Probe::new(
        "datagrams to a unix socket of others",
        "The log of the system, the service manager.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(|scene| {
            let (one, _other) = UnixDatagram::pair()?;
            Ok(one.send_to(b"x", scene.file("datagrams")).map(drop)?)
        }),
    )
    .at(Place::Strict)
    .when(is_started),
    filtered(
        "a pair of sockets for datagrams",
        "A socket that sends to any other.",
        &[&calls::SOCKETPAIR_DATAGRAM, &calls::SOCKETPAIR_RAW],
    ),
    filtered(
        "connect an end of a pair",
        "A peer that it was not given.",
        &[&calls::CONNECT_NOTHING],
    )
    .when(has_no_network),
    filtered(
        "name an end of a pair (bind)",
        "The name of a service that others ask for.",
        &[&calls::BIND_NOTHING],
    )
    .when(has_no_datagrams),
    filtered(
        "shared memory (System V)",
        "Memory of other programs.",
        &[
            &calls::SHMGET_OTHERS,
            &calls::SHMAT_OTHERS,
            &calls::SHMCTL,
            &calls::SHMDT,
        ],
    ),
    filtered(
        "queues (System V)",
        "Messages of other programs.",
        &[&calls::MSGGET, &calls::MSGSND, &calls::MSGRCV, &calls::MSGCTL],
    ),
    filtered(
        "semaphores (System V)",
        "Other programs stand still.",
        &[&calls::SEMGET, &calls::SEMOP, &calls::SEMTIMEDOP, &calls::SEMCTL],
    ),
    filtered(
        "queues (POSIX)",
        "Messages of other programs.",
        &[
            &calls::MQ_OPEN,
            &calls::MQ_UNLINK,
            &calls::MQ_TIMEDSEND,
            &calls::MQ_TIMEDRECEIVE,
            &calls::MQ_NOTIFY,
            &calls::MQ_GETSETATTR,
        ],
    ),
    filtered(
        "limits and priorities of another process",
        "Programs of the same user end, or wait.",
        &[
            &calls::PRLIMIT64,
            &calls::SETPRIORITY,
            &calls::SCHED_SETSCHEDULER,
            &calls::SCHED_SETPARAM,
            &calls::SCHED_SETATTR,
            &calls::SCHED_SETAFFINITY,
            &calls::IOPRIO_SET,
        ],
    )
    .on(Attacked::Other),
    filtered(
        "owners and attributes of files",
        "Files for other users.",
        &[
            &calls::FCHOWN,
            &calls::CHOWN,
            &calls::SETXATTR,
            &calls::LSETXATTR,
            &calls::FSETXATTR,
            &calls::REMOVEXATTR,
            &calls::LREMOVEXATTR,
            &calls::FREMOVEXATTR,
            // The architecture's own.
            #[cfg(target_arch = "x86_64")]
            &calls::OLD_CHOWN,
            #[cfg(target_arch = "x86_64")]
            &calls::LCHOWN,
        ],
    ),
    filtered(
        "modes and times of files",
        "Files for other users.",
        &[
            &calls::FCHMOD,
            &calls::CHMOD,
            &calls::FCHMODAT2,
            &calls::UTIMENSAT,
            #[cfg(target_arch = "x86_64")]
            &calls::OLD_CHMOD,
            #[cfg(target_arch = "x86_64")]
            &calls::UTIME,
            #[cfg(target_arch = "x86_64")]
            &calls::UTIMES,
            #[cfg(target_arch = "x86_64")]
            &calls::FUTIMESAT,
        ],
    )
    .when(writes_nothing),
    Probe::works("a pair of sockets", "Node and Python talk to their helpers.", |_| {
        Ok(UnixStream::pair().map(drop)?)
    })
    .at(Place::Strict)
    .when(is_started),
];

/// Probe with harmless calls, each of which has to be refused.
const fn filtered(name: &'static str, gains: &'static str, calls: &'static [&'static Call]) -> Probe {
    Probe::new(
        name,
        gains,
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Calls(calls, None),
    )
    .at(Place::Strict)
    .when(is_started)
}
