//! What remains of the sockets to the service manager and to the log: sending to where they are connected, by sendto(2) without an
//! address.
//!
//! `sockets` refuses new sockets of this host, but these exist, and a datagram socket can be connected anew or send elsewhere: to
//! `/dev/log`, or to any service that receives datagrams. Rules of landlock do not cover sockets with a path. So whatever names an
//! address is refused with EPERM for this descriptor, and so is its duplication, because a duplicate has another number. Should the
//! number ever belong to another descriptor, that one loses the same calls.

use std::os::fd::RawFd;

use seccompiler::BackendError;

use super::calls::{IS, IS_NOT};
use super::{Rules, rule};

/// Adds what is refused for this descriptor.
pub(super) fn refuse(rules: &mut Rules, descriptor: RawFd) -> Result<(), BackendError> {
    // Of a descriptor the kernel takes 32 bits, as the comparison does.
    let is_it = || (0, IS, u64::from(descriptor.cast_unsigned()));
    // The length of the address: its place in memory has 64 bits, and an address without a length is none (net/socket.c).
    let refused = [
        (libc::SYS_connect, rule(&[is_it()])?),
        (libc::SYS_sendto, rule(&[is_it(), (5, IS_NOT, 0)])?),
        (libc::SYS_sendmsg, rule(&[is_it()])?),
        (libc::SYS_sendmmsg, rule(&[is_it()])?),
        (
            libc::SYS_fcntl,
            rule(&[is_it(), (1, IS, libc::F_DUPFD_CLOEXEC as u64)])?,
        ),
    ];
    for (call, rule) in refused {
        rules.entry(call).or_default().push(rule);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::ErrorKind;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixDatagram;

    use super::super::{EPERM, Filters, SeccompAction, Sockets, filter};
    use super::*;

    /// Makes the attempt in a thread of its own, with what the main thread is refused.
    fn restricted<T: Send>(descriptor: RawFd, attempt: impl FnOnce() -> T + Send) -> T {
        let none = Sockets {
            unix: false,
            internet: true,
            datagrams: false,
            routes: false,
        };
        let mut rules = none.refused().unwrap();
        refuse(&mut rules, descriptor).unwrap();
        let filters = Filters(vec![filter(rules, SeccompAction::Allow, EPERM).unwrap()]);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                filters.apply().unwrap();
                attempt()
            });
            thread.join().unwrap()
        })
    }

    #[test]
    fn the_socket_reaches_the_service_manager_and_no_other() {
        let base = std::env::temp_dir().join(format!("tunnel-client-notify-{}", std::process::id()));
        std::fs::create_dir_all(&base).unwrap();
        let (manager, other) = (base.join("manager"), base.join("other"));
        let receives = UnixDatagram::bind(&manager).unwrap();
        let receives_not = UnixDatagram::bind(&other).unwrap();
        receives_not.set_nonblocking(true).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        socket.connect(&manager).unwrap();
        restricted(socket.as_raw_fd(), || {
            let denied = |result: std::io::Result<()>, what| {
                let kind = result.err().map(|error| error.kind());
                assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
            };
            denied(socket.connect(&other), "connect");
            denied(socket.send_to(b"elsewhere", &other).map(drop), "send_to");
            denied(socket.try_clone().map(drop), "duplicate");
            denied(UnixDatagram::unbound().map(drop), "another socket");
            socket.send(b"READY=1").unwrap();
        });
        let mut buffer = [0; 64];
        let length = receives.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
        assert_eq!(
            receives_not.recv(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        std::fs::remove_dir_all(base).unwrap();
    }
}
