//! The value of `NOTIFY_SOCKET` (sd_notify(3)).

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use crate::limits::UNIX_SOCKET_PATH_MAX;

/// Where the service manager receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A socket in the file system.
    Path(Box<Path>),
    /// A name that is no file (unix(7)), without its first byte, which is zero.
    Abstract(Box<[u8]>),
}

impl Address {
    /// Reads the variable.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(value: &OsStr) -> Result<Self, &'static str> {
        let bytes = value.as_bytes();
        if bytes.len() > UNIX_SOCKET_PATH_MAX {
            return Err("it is longer than the address of a unix socket can be");
        }
        match bytes {
            [b'/', ..] => Ok(Self::Path(Path::new(value).into())),
            [b'@', name @ ..] if !name.is_empty() => Ok(Self::Abstract(name.into())),
            [b'v', b's', b'o', b'c', b'k', ..] => Err("addresses of AF_VSOCK are not supported"),
            _ => Err("it is neither an absolute path nor an abstract name, which begins with @"),
        }
    }

    /// The address as the system takes it.
    ///
    /// # Errors
    /// The system does not take it.
    pub(super) fn to_system(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Path(path) => SocketAddr::from_pathname(path),
            Self::Abstract(name) => SocketAddr::from_abstract_name(name),
        }
    }
}
