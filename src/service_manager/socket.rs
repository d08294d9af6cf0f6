//! The socket to the service manager. It is connected once, so that sending names no address.

use std::io;
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixDatagram;

use super::address::Address;

/// A connected datagram socket that does not block.
#[derive(Debug)]
pub(super) struct Socket(UnixDatagram);

/// What became of a datagram.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is in the receiver's queue.
    Taken,
    /// There was no room.
    Full,
    /// There is no receiver.
    Gone(io::Error),
}

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// Nobody receives there, or this user may not send.
    pub(super) fn connect(address: &Address) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect_addr(&address.to_system()?)?;
        Ok(Self(socket))
    }

    /// Sends one datagram: sendto(2) without an address, the one call that the filter leaves to this descriptor.
    pub(super) fn send(&self, datagram: &[u8]) -> Sent {
        match self.0.send(datagram) {
            Ok(_) => Sent::Taken,
            Err(error) if is_full(&error) => Sent::Full,
            Err(error) => Sent::Gone(error),
        }
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Room may come back: in the receiver's queue, in the sender's buffer, in the kernel's memory.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM | libc::EINTR)
    )
}
