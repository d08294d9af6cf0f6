//! Channels to processes that a stdio server with `sandbox: strict` did not start: sockets whose peer changes, and memory and
//! queues that are found by a number or a name.

use std::os::unix::net::{UnixDatagram, UnixStream};

use super::strict::{has_no_datagrams, has_no_network, is_started, writes_nothing};
use crate::probes::probe::{Attempt, By, Expected, Failure, Place, Probe, Target as Attacked};
use crate::probes::scene::Scene;
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
        |_| every(&[&calls::SOCKETPAIR_DATAGRAM, &calls::SOCKETPAIR_RAW]),
    ),
    filtered("connect an end of a pair", "A peer that it was not given.", |_| {
        every(&[&calls::CONNECT_NOTHING])
    })
    .when(has_no_network),
    filtered(
        "name an end of a pair (bind)",
        "The name of a service that others ask for.",
        |_| every(&[&calls::BIND_NOTHING]),
    )
    .when(has_no_datagrams),
    filtered("shared memory (System V)", "Memory of other programs.", |_| {
        every(&[
            &calls::SHMGET_OTHERS,
            &calls::SHMAT_OTHERS,
            &calls::SHMCTL,
            &calls::SHMDT,
        ])
    }),
    filtered("queues (System V)", "Messages of other programs.", |_| {
        every(&[&calls::MSGGET, &calls::MSGSND, &calls::MSGRCV, &calls::MSGCTL])
    }),
    filtered("semaphores (System V)", "Other programs stand still.", |_| {
        every(&[&calls::SEMGET, &calls::SEMOP, &calls::SEMTIMEDOP, &calls::SEMCTL])
    }),
    filtered("queues (POSIX)", "Messages of other programs.", |_| {
        every(&[
            &calls::MQ_OPEN,
            &calls::MQ_UNLINK,
            &calls::MQ_TIMEDSEND,
            &calls::MQ_TIMEDRECEIVE,
            &calls::MQ_NOTIFY,
            &calls::MQ_GETSETATTR,
        ])
    }),
    filtered(
        "limits and priorities of another process",
        "Programs of the same user end, or wait.",
        |scene| {
            let calls = [
                &calls::PRLIMIT64,
                &calls::SETPRIORITY,
                &calls::SCHED_SETSCHEDULER,
                &calls::SCHED_SETPARAM,
                &calls::SCHED_SETATTR,
                &calls::SCHED_SETAFFINITY,
                &calls::IOPRIO_SET,
            ];
            every_on(scene.process(Attacked::Other)?, calls.into_iter())
        },
    ),
    filtered("owners and attributes of files", "Files for other users.", |_| {
        let newer = [
            &calls::FCHOWN,
            &calls::CHOWN,
            &calls::SETXATTR,
            &calls::LSETXATTR,
            &calls::FSETXATTR,
            &calls::REMOVEXATTR,
            &calls::LREMOVEXATTR,
            &calls::FREMOVEXATTR,
        ];
        every_on(0, newer.into_iter().chain(OLDER[0].iter().copied()))
    }),
    filtered("modes and times of files", "Files for other users.", |_| {
        let newer = [&calls::FCHMOD, &calls::CHMOD, &calls::FCHMODAT2, &calls::UTIMENSAT];
        every_on(0, newer.into_iter().chain(OLDER[1].iter().copied()))
    })
    .when(writes_nothing),
    Probe::works("a pair of sockets", "Node and Python talk to their helpers.", |_| {
        Ok(UnixStream::pair().map(drop)?)
    })
    .at(Place::Strict)
    .when(is_started),
];

/// The architecture's own calls for modes, owners and times of files.
#[cfg(target_arch = "x86_64")]
const OLDER: [&[&Call]; 2] = [
    &[&calls::OLD_CHOWN, &calls::LCHOWN],
    &[&calls::OLD_CHMOD, &calls::UTIME, &calls::UTIMES, &calls::FUTIMESAT],
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: [&[&Call]; 2] = [&[], &[]];

/// Probe with harmless calls, each of which has to be refused.
const fn filtered(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::new(
        name,
        gains,
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(code),
    )
    .at(Place::Strict)
    .when(is_started)
}

/// Makes each call, and reports the first one that is not refused.
fn every(calls: &[&Call]) -> Result<(), Failure> {
    every_on(0, calls.iter().copied())
}

fn every_on<'a>(victim: u32, calls: impl Iterator<Item = &'a Call>) -> Result<(), Failure> {
    let mut refusal = Failure::NotHere;
    for call in calls {
        match call.attempt(victim) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => refusal = Failure::Refused(error),
            outcome => return Ok(outcome?),
        }
    }
    Err(refusal)
}
