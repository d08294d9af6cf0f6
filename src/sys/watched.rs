//! A descriptor that the event loop watches.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Has the event loop tell when `descriptor` can be read. To be called within it.
///
/// # Errors
/// The kernel refuses to watch it.
pub fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open as long as it lives and is always the same descriptor, and the result owns it: nobody gets a
    // mutable reference by which it could be exchanged, because the result is only shared.
    let watched = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
    watched.map_err(io::Error::from)
}
