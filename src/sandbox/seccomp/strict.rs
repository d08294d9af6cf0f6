//! Filter of a stdio server with `sandbox: strict`: fewer sockets, and no channel to a process that it did not start. `server` has
//! the calls that are refused to all servers.

use seccompiler::SeccompCmpOp::MaskedEq;
use seccompiler::{BackendError, SeccompRule};

use super::calls::{ANY, Call, IS_NOT};
use super::sockets::Sockets;
use super::{Rules, add, rule};

const REFUSED: &[Call] = &[
    // A socket without a port gets one from the kernel here, which landlock does not see.
    (libc::SYS_listen, ANY),
    // System V: any process of the same user finds them by their number (sysvipc(7)).
    (libc::SYS_shmget, ANY),
    (libc::SYS_shmat, ANY),
    (libc::SYS_shmctl, ANY),
    (libc::SYS_shmdt, ANY),
    (libc::SYS_msgget, ANY),
    (libc::SYS_msgsnd, ANY),
    (libc::SYS_msgrcv, ANY),
    (libc::SYS_msgctl, ANY),
    (libc::SYS_semget, ANY),
    (libc::SYS_semop, ANY),
    (libc::SYS_semtimedop, ANY),
    (libc::SYS_semctl, ANY),
    // POSIX queues: their names are in no directory that landlock covers (mq_overview(7)).
    (libc::SYS_mq_open, ANY),
    (libc::SYS_mq_unlink, ANY),
    (libc::SYS_mq_timedsend, ANY),
    (libc::SYS_mq_timedreceive, ANY),
    (libc::SYS_mq_notify, ANY),
    (libc::SYS_mq_getsetattr, ANY),
];

/// Without a network all sockets come in pairs: none of them has a name, or searches for one.
const REFUSED_WITHOUT_NETWORK: &[Call] = &[(libc::SYS_connect, ANY), (libc::SYS_bind, ANY)];

/// Refused calls, with the arguments that are refused.
pub(super) fn refused(sockets: Sockets) -> Result<Rules, BackendError> {
    let mut rules = sockets.refused()?;
    add(&mut rules, REFUSED)?;
    if !sockets.internet {
        add(&mut rules, REFUSED_WITHOUT_NETWORK)?;
    }
    rules.insert(libc::SYS_socketpair, pairs()?);
    Ok(rules)
}

/// Pairs of sockets except those whose ends remain connected to each other: `AF_UNIX`, streams or packets in sequence. Each
/// datagram can be sent to any address (unix(7)), and the kernel turns raw ones into datagrams too.
fn pairs() -> Result<Vec<SeccompRule>, BackendError> {
    Ok(vec![
        rule(&[(0, IS_NOT, libc::AF_UNIX as u64)])?,
        // SOCK_STREAM is 1 and SOCK_SEQPACKET 5: of the four bits for the kind the first one is set, the second and the fourth are not.
        rule(&[(1, MaskedEq(0b0001), 0)])?,
        rule(&[(1, MaskedEq(0b0010), 0b0010)])?,
        rule(&[(1, MaskedEq(0b1000), 0b1000)])?,
        rule(&[(2, IS_NOT, 0)])?,
    ])
}
