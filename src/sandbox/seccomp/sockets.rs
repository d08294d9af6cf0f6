//! Which sockets there may be. Rules of landlock see TCP alone; what would go past them is refused here with EPERM.
//! The same calls by their numbers of x32 are on no list of calls, so they are not made at all.

use seccompiler::SeccompCmpOp::{self, MaskedEq};
use seccompiler::{BackendError, SeccompRule};

use super::calls::{IS, IS_NOT, Test};
use super::{Rules, rule};

/// Which sockets are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(in crate::sandbox) struct Sockets {
    /// Of this host.
    pub(in crate::sandbox) unix: bool,
    /// TCP.
    pub(in crate::sandbox) internet: bool,
    /// UDP, for name servers.
    pub(in crate::sandbox) datagrams: bool,
    /// Netlink, for the addresses of this host.
    pub(in crate::sandbox) routes: bool,
}

const INTERNET: [u64; 2] = [libc::AF_INET as u64, libc::AF_INET6 as u64];
const UNIX: u64 = libc::AF_UNIX as u64;
const NETLINK: u64 = libc::AF_NETLINK as u64;

/// The kind of a socket, without its flags (`SOCK_TYPE_MASK` in linux/net.h).
const KIND: SeccompCmpOp = MaskedEq(0xf);
const STREAM: u64 = libc::SOCK_STREAM as u64;
const DATAGRAM: u64 = libc::SOCK_DGRAM as u64;
/// Raw, reliably delivered, sequenced, DCCP, packet (linux/net.h).
const OTHER_KINDS: [u64; 5] = [3, 4, 5, 6, 10];

/// Connects and sends in one call, which landlock's hook does not see.
const FAST_OPEN: u64 = libc::MSG_FASTOPEN as u64;

impl Sockets {
    /// What is refused.
    pub(super) fn refused(self) -> Result<Rules, BackendError> {
        let fast_open = |place| Ok::<_, BackendError>(vec![rule(&[(place, MaskedEq(FAST_OPEN), FAST_OPEN)])?]);
        let option = |option: u64| rule(&[(1, IS, libc::IPPROTO_TCP as u64), (2, IS, option)]);
        Ok(Rules::from([
            (libc::SYS_socket, self.families()?),
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
        ]))
    }

    /// Families reach further than TCP: `AF_SMC` and `AF_RDS` speak to other hosts over TCP of their own, `AF_VSOCK` to the
    /// hypervisor, `AF_PACKET` to the wire, `AF_ALG` to the kernel's ciphers.
    pub(super) fn families(self) -> Result<Vec<SeccompRule>, BackendError> {
        let families = [
            (self.unix, UNIX),
            (self.routes, NETLINK),
            (self.internet, INTERNET[0]),
            (self.internet, INTERNET[1]),
        ];
        let none_of: Vec<Test> = families
            .into_iter()
            .filter(|(needed, _)| *needed)
            .map(|(_, family)| (0, IS_NOT, family))
            .collect();
        if none_of.is_empty() {
            // Of no family: a call without tests is refused each time.
            return Ok(Vec::new());
        }
        let mut rules = vec![rule(&none_of)?];
        if self.routes {
            rules.push(rule(&[(0, IS, NETLINK), (2, IS_NOT, libc::NETLINK_ROUTE as u64)])?);
        }
        for family in INTERNET {
            // MPTCP (RFC 8684), SCTP and whatever comes next: landlock sees TCP alone.
            rules.push(rule(&[
                (0, IS, family),
                (1, KIND, STREAM),
                (2, IS_NOT, 0),
                (2, IS_NOT, libc::IPPROTO_TCP as u64),
            ])?);
            rules.push(match self.datagrams {
                true => rule(&[
                    (0, IS, family),
                    (1, KIND, DATAGRAM),
                    (2, IS_NOT, 0),
                    (2, IS_NOT, libc::IPPROTO_UDP as u64),
                ])?,
                false => rule(&[(0, IS, family), (1, KIND, DATAGRAM)])?,
            });
            for kind in OTHER_KINDS {
                rules.push(rule(&[(0, IS, family), (1, KIND, kind)])?);
            }
        }
        Ok(rules)
    }
}
