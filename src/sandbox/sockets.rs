//! A seccomp filter against connections that landlock's rules about TCP ports do not see.
//!
//! It refuses with EPERM and leaves everything else alone. Each entry says why it is there.

use std::collections::BTreeMap;
use std::fmt;

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

/// What is known of an argument: its place, and the test that it must pass for the call to be refused.
type Test = (u8, seccompiler::SeccompCmpOp, u64);

/// Families of sockets that the client uses: unix sockets, IPv4, IPv6, and netlink, by which the C library looks for the
/// addresses of this host. Others reach further: `AF_SMC` and `AF_RDS` speak to other hosts over TCP of their own, `AF_VSOCK` to
/// the hypervisor, `AF_PACKET` to the wire.
const FAMILIES: [u64; 4] = [
    libc::AF_UNIX as u64,
    libc::AF_INET as u64,
    libc::AF_INET6 as u64,
    libc::AF_NETLINK as u64,
];
const INTERNET: [u64; 2] = [libc::AF_INET as u64, libc::AF_INET6 as u64];

/// The kind of a socket, without its flags (`SOCK_TYPE_MASK` in linux/net.h).
const KIND: seccompiler::SeccompCmpOp = MaskedEq(0xf);
const STREAM: u64 = libc::SOCK_STREAM as u64;
const DATAGRAM: u64 = libc::SOCK_DGRAM as u64;
/// Raw, reliably delivered, sequenced, DCCP, packet (linux/net.h).
const OTHER_KINDS: [u64; 5] = [3, 4, 5, 6, 10];

/// `__X32_SYSCALL_BIT` (asm/unistd.h).
const X32: i64 = 0x4000_0000;

/// Connects and sends in one call, which landlock's hook does not see.
const FAST_OPEN: u64 = libc::MSG_FASTOPEN as u64;

/// The filter.
#[derive(Debug)]
pub(super) struct Filter(BpfProgram);

/// Why there is no filter.
#[derive(Debug)]
pub enum Error {
    /// It cannot be made: this machine is of a kind that it was not written for.
    Make(BackendError),
    /// The kernel does not take it.
    Apply(seccompiler::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(error) => error.fmt(f),
            Self::Apply(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl Filter {
    /// For a process that has names to resolve, or none: then it needs no datagrams either.
    pub(super) fn new(names: bool) -> Result<Self, Error> {
        let filter = SeccompFilter::new(
            rules(names).map_err(Error::Make)?,
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM as u32),
            std::env::consts::ARCH.try_into().map_err(Error::Make)?,
        );
        filter.and_then(BpfProgram::try_from).map(Self).map_err(Error::Make)
    }

    pub(super) fn apply(&self) -> Result<(), Error> {
        seccompiler::apply_filter(&self.0).map_err(Error::Apply)
    }

    pub(super) fn apply_to_all_threads(&self) -> Result<(), Error> {
        seccompiler::apply_filter_all_threads(&self.0).map_err(Error::Apply)
    }
}

fn rules(names: bool) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let fast_open = |place| Ok::<_, BackendError>(vec![rule(&[(place, MaskedEq(FAST_OPEN), FAST_OPEN)])?]);
    let option = |option: u64| rule(&[(1, Eq, libc::IPPROTO_TCP as u64), (2, Eq, option)]);
    let mut rules = BTreeMap::from([
        (libc::SYS_socket, sockets(names)?),
        // TCP Fast Open (RFC 7413): a connection without connect().
        (libc::SYS_sendto, fast_open(3)?),
        (libc::SYS_sendmsg, fast_open(2)?),
        (libc::SYS_sendmmsg, fast_open(3)?),
        // The same by way of a later write, and a TCP socket that becomes one of SMC.
        (
            libc::SYS_setsockopt,
            vec![
                option(libc::TCP_FASTOPEN_CONNECT as u64)?,
                option(libc::TCP_ULP as u64)?,
            ],
        ),
        // Whoever has a ring opens sockets and sends without the calls above.
        (libc::SYS_io_uring_setup, Vec::new()),
        (libc::SYS_io_uring_enter, Vec::new()),
        (libc::SYS_io_uring_register, Vec::new()),
    ]);
    if cfg!(target_arch = "x86_64") {
        // The same calls by the numbers of x32 (arch/x86/entry/syscalls/syscall_64.tbl), which some kernels still know: most have a
        // bit more, some are others.
        let other = [
            (libc::SYS_sendmsg, 518),
            (libc::SYS_sendmmsg, 538),
            (libc::SYS_setsockopt, 541),
        ];
        for (number, tests) in rules.clone() {
            let number = other
                .iter()
                .find(|(known, _)| *known == number)
                .map_or(number, |(_, other)| *other);
            rules.insert(X32 | number, tests);
        }
    }
    Ok(rules)
}

fn sockets(names: bool) -> Result<Vec<SeccompRule>, BackendError> {
    let mut rules = vec![
        rule(&FAMILIES.map(|family| (0, Ne, family)))?,
        // Of netlink only routes: the addresses of this host.
        rule(&[(0, Eq, libc::AF_NETLINK as u64), (2, Ne, libc::NETLINK_ROUTE as u64)])?,
    ];
    for family in INTERNET {
        // MPTCP (RFC 8684), SCTP and whatever comes next: landlock sees TCP alone.
        rules.push(rule(&[
            (0, Eq, family),
            (1, KIND, STREAM),
            (2, Ne, 0),
            (2, Ne, libc::IPPROTO_TCP as u64),
        ])?);
        match names {
            true => rules.push(rule(&[
                (0, Eq, family),
                (1, KIND, DATAGRAM),
                (2, Ne, 0),
                (2, Ne, libc::IPPROTO_UDP as u64),
            ])?),
            false => rules.push(rule(&[(0, Eq, family), (1, KIND, DATAGRAM)])?),
        }
        for kind in OTHER_KINDS {
            rules.push(rule(&[(0, Eq, family), (1, KIND, kind)])?);
        }
    }
    Ok(rules)
}

/// A call is refused when all tests hold.
fn rule(tests: &[Test]) -> Result<SeccompRule, BackendError> {
    let conditions = tests
        .iter()
        .map(|(place, test, value)| SeccompCondition::new(*place, Dword, test.clone(), *value));
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}
