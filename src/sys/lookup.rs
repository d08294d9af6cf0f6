//! Addresses of a name, by the C library (getaddrinfo(3)), which the standard library asks as well, without telling the reason when
//! there is none.

use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr;

/// Why there is no address.
#[derive(Debug)]
pub enum Failure {
    /// The name is not known.
    Unknown,
    /// The name is known and has no address.
    NoAddress,
    /// There was no answer, or none that says more than that it failed: glibc and musl make no difference between the two.
    Again,
    /// The question was refused.
    Refused,
    /// A system call failed.
    System(io::Error),
    /// Anything else: a number of `netdb.h`.
    Other(libc::c_int),
}

/// The numbers are the same in glibc and musl (`netdb.h`).
const NO_DATA: libc::c_int = -5;
const NO_SUCH_FAMILY: libc::c_int = -9;

/// At most `most` addresses of a host, in the library's order.
///
/// # Errors
/// [`Failure`].
pub fn addresses(host: &str, port: u16, most: usize) -> Result<Vec<SocketAddr>, Failure> {
    let host = CString::new(host).map_err(|_| Failure::Unknown)?;
    // SAFETY: all zero is an addrinfo: numbers, and pointers that are null.
    let mut hints: libc::addrinfo = unsafe { zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = ptr::null_mut();
    // SAFETY: the name ends with a zero byte, there is no service, and hints and the place for the list live beyond the call.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    match code {
        0 => {}
        libc::EAI_NONAME => return Err(Failure::Unknown),
        NO_DATA | NO_SUCH_FAMILY => return Err(Failure::NoAddress),
        libc::EAI_AGAIN => return Err(Failure::Again),
        libc::EAI_FAIL => return Err(Failure::Refused),
        libc::EAI_SYSTEM => return Err(Failure::System(io::Error::last_os_error())),
        other => return Err(Failure::Other(other)),
    }
    let mut found = Vec::new();
    let mut next = list;
    while !next.is_null() && found.len() < most {
        // SAFETY: the library's list is whole until it is freed, and nobody else has it.
        let entry = unsafe { &*next };
        found.extend(address(entry, port));
        next = entry.ai_next;
    }
    // SAFETY: the list that getaddrinfo made, once, and no reference to it is left.
    unsafe { libc::freeaddrinfo(list) };
    Ok(found)
}

fn address(entry: &libc::addrinfo, port: u16) -> Option<SocketAddr> {
    let holds =
        |size: usize| !entry.ai_addr.is_null() && usize::try_from(entry.ai_addrlen).is_ok_and(|len| len >= size);
    match entry.ai_family {
        libc::AF_INET if holds(size_of::<libc::sockaddr_in>()) => {
            // SAFETY: the family says what it is, and it is long enough.
            let found: libc::sockaddr_in = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(found.sin_addr.s_addr));
            Some(SocketAddr::from((ip, port)))
        }
        libc::AF_INET6 if holds(size_of::<libc::sockaddr_in6>()) => {
            // SAFETY: as above.
            let found: libc::sockaddr_in6 = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(found.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, port, 0, found.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn addresses_come_with_the_port_and_within_the_bound() {
        let found = addresses("127.0.0.1", 80, 8).unwrap();
        assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
        let found = addresses("::1", 443, 8).unwrap();
        assert_eq!(found, ["[::1]:443".parse().unwrap()]);
        assert!(addresses("127.0.0.1", 80, 0).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_a_name_is_not_known() {
        assert!(matches!(addresses("a\0b", 1, 1), Err(Failure::Unknown)));
        assert!(addresses("", 1, 1).is_err());
    }
}
