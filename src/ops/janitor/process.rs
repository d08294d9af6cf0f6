//! The janitor's own process.

use std::fmt;
use std::io::{self, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{AtFlags, Mode, OFlags, open, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketAddrUnix, SocketType, connect, recv,
    recvmsg, send, sockopt,
};
use rustix::process::setsid;

use super::{DONE, Entrusted, Instructions, MESSAGE, READY, SOCKETS};
use crate::limits::JANITOR_MESSAGE_MAX;
use crate::sandbox;
use crate::sys::{program, signals};

/// Reason why it ends before its task.
enum Error {
    /// It was not started by the client.
    NoClient,
    /// The system refuses a call that it needs.
    System(&'static str, io::Error),
    /// Its instructions are unreadable.
    Instructions,
    /// It cannot enter its cage.
    Sandbox(sandbox::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClient => f.write_str("it is started by tunnel-client run and does nothing without it"),
            Self::System(what, error) => write!(f, "{what}: {error}"),
            Self::Instructions => f.write_str("the instructions of the client are unreadable"),
            Self::Sandbox(error) => error.fmt(f),
        }
    }
}

/// Waits for the end of the client at the other end of standard input, then removes its files.
#[must_use]
pub fn serve() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A failure to report cannot be reported.
            let _ = writeln!(io::stderr(), "tunnel-client janitor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<(), Error> {
    let stdin = io::stdin();
    let client = stdin.as_fd();
    if sockopt::socket_type(client) != Ok(SocketType::SEQPACKET) {
        return Err(Error::NoClient);
    }
    sandbox::conceal().map_err(|error| Error::System("being closed to others", error))?;
    // A terminal and a service manager signal every process; the janitor ends after the client.
    let mut received = vec![libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT];
    received.extend(signals::unused());
    let _signals = signals::receive(&received).map_err(|error| Error::System("signals", error))?;
    setsid().map_err(|error| Error::System("a session of its own", error.into()))?;
    let Some((instructions, received)) = receive(client)? else {
        return Ok(());
    };
    let Instructions { cage, files, sockets } = instructions;
    if sockets.len() != received.len() {
        return Err(Error::Instructions);
    }
    let sockets: Vec<_> = sockets.iter().zip(received).collect();
    let directories: Vec<&Path> = files.iter().map(|file| Path::new(file.directory.as_os_str())).collect();
    // As the user that it switches to; a directory that is exchanged later is not the directory of the files.
    cage.give_up_privileges().map_err(Error::Sandbox)?;
    let opened: Vec<_> = directories.iter().map(|directory| open_directory(directory)).collect();
    let descriptors: Vec<_> = sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
    cage.shut(&directories, &descriptors).map_err(Error::Sandbox)?;
    tell(client, READY);
    program::release();
    serve_until_end(client, |asked| {
        if let Some((connected, socket)) = sockets.iter().find(|(connected, _)| connected.purpose == asked) {
            reconnect(socket, Path::new(connected.path.as_os_str()));
        }
    });
    for (index, (file, directory)) in files.iter().zip(&opened).enumerate() {
        let removed = directory
            .as_ref()
            .map_err(|error| *error)
            .and_then(|directory| remove(file, directory));
        if let (Err(error), Ok(index)) = (removed, u8::try_from(index)) {
            let [a, b, c, d] = error.raw_os_error().to_ne_bytes();
            tell(client, [index, a, b, c, d]);
        }
    }
    tell(client, DONE);
    Ok(())
}

/// `None`: the client has ended, and has removed its files itself.
fn receive(client: BorrowedFd<'_>) -> Result<Option<(Instructions, Vec<OwnedFd>)>, Error> {
    let failed = |error: Errno| Error::System("the instructions", error.into());
    // Its length first: this process stays small, and a buffer that was used is memory that stays.
    let peek = RecvFlags::PEEK | RecvFlags::TRUNC;
    let (_, length) = retry_on_intr(|| recv(client, &mut [0_u8; 1], peek)).map_err(failed)?;
    if length > JANITOR_MESSAGE_MAX {
        return Err(Error::Instructions);
    }
    let mut buffer = vec![0; length];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
    let mut with = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = retry_on_intr(|| recvmsg(client, &mut [IoSliceMut::new(&mut buffer)], &mut with, flags));
    let length = received.map_err(failed)?.bytes;
    let mut sockets = Vec::new();
    for part in with.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = part {
            sockets.extend(descriptors);
        }
    }
    match buffer.get(..length) {
        None | Some([]) => Ok(None),
        Some(message) => serde_json::from_slice(message)
            .map(|instructions| Some((instructions, sockets)))
            .map_err(|_| Error::Instructions),
    }
}

fn open_directory(directory: &Path) -> Result<OwnedFd, Errno> {
    open(
        directory,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Each message is the purpose of a socket, and then comes their end.
fn serve_until_end(client: BorrowedFd<'_>, serve: impl Fn(u8)) {
    let mut byte = [0];
    while retry_on_intr(|| recv(client, &mut byte, RecvFlags::empty())).is_ok_and(|(length, _)| length > 0) {
        serve(byte[0]);
    }
}

/// Connects a socket to whoever receives at its path now. Where nobody does, the client asks again.
fn reconnect(socket: &OwnedFd, path: &Path) {
    if let Ok(address) = SocketAddrUnix::new(path) {
        let _ = connect(socket, &address);
    }
}

/// Removes the file, unless its name belongs to another file: that of a successor, which starts before the client ends.
fn remove(file: &Entrusted, directory: &OwnedFd) -> Result<(), Errno> {
    let name = file.name.as_os_str();
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if (found.st_dev, found.st_ino) == (file.device, file.inode) => {}
        Ok(_) | Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error),
    }
    match unlinkat(directory, name, AtFlags::empty()) {
        // A file that is already gone counts as removed.
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A client that has ended does not receive it.
fn tell(client: BorrowedFd<'_>, message: [u8; MESSAGE]) {
    let _ = retry_on_intr(|| send(client, &message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT));
}
