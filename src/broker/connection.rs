//! The daemon's end of the pair of sockets.

use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg};
use secrecy::zeroize::Zeroizing;

use super::protocol::{PIECE, Reply, Request, SIZE};
use crate::limits::{BROKER_PIECE_MAX, BROKER_SPECIFICATIONS_MAX};

/// A message of the broker.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) reply: Reply,
    /// The standard input and the standard output of a server.
    pub(super) pipes: Option<(OwnedFd, OwnedFd)>,
}

/// Sends a request without waiting.
pub(super) fn send(socket: BorrowedFd<'_>, request: Request) -> io::Result<()> {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let bytes = request.encode();
    retry_on_intr(|| rustix::net::send(socket, &bytes, flags))?;
    Ok(())
}

/// The next message, without waiting; `None` when the broker is gone.
///
/// # Errors
/// `WouldBlock` when there is none yet; `InvalidData` for what is no message.
pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<Option<Message>> {
    let mut buffer = [0; SIZE + 1];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = match retry_on_intr(|| recvmsg(socket, &mut [IoSliceMut::new(&mut buffer)], &mut control, flags)) {
        Ok(received) => received,
        Err(Errno::CONNRESET) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Taken out in any case, so that they are closed.
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            descriptors.extend(more);
        }
    }
    let no_message = || io::Error::new(io::ErrorKind::InvalidData, "no message of the broker");
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(no_message());
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    let bytes = buffer.get(..received.bytes).unwrap_or_default();
    let reply = Reply::decode(bytes).map_err(|_| no_message())?;
    let mut descriptors = descriptors.into_iter();
    let pipes = match (descriptors.next(), descriptors.next(), descriptors.next()) {
        (None, None, None) => None,
        (Some(stdin), Some(stdout), None) => Some((stdin, stdout)),
        _ => return Err(no_message()),
    };
    Ok(Some(Message { reply, pipes }))
}

/// Sends what is written to it as pieces of the specifications. Its one buffer is wiped: values can be secrets of the servers.
pub(super) struct SpecificationWriter<'s> {
    socket: BorrowedFd<'s>,
    piece: Zeroizing<Vec<u8>>,
    total: usize,
}

impl<'s> SpecificationWriter<'s> {
    pub(super) fn new(socket: BorrowedFd<'s>) -> Self {
        let mut piece = Zeroizing::new(Vec::with_capacity(BROKER_PIECE_MAX));
        piece.push(PIECE);
        Self {
            socket,
            piece,
            total: 0,
        }
    }

    /// Says that this was all.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.piece.len() > 1 {
            self.send_piece()?;
        }
        self.send_piece()
    }

    fn send_piece(&mut self) -> io::Result<()> {
        let sent = retry_on_intr(|| rustix::net::send(self.socket, &self.piece, SendFlags::NOSIGNAL))?;
        if sent != self.piece.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.piece.truncate(1);
        Ok(())
    }
}

impl Write for SpecificationWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == BROKER_PIECE_MAX {
            self.send_piece()?;
        }
        let taken = bytes.len().min(BROKER_PIECE_MAX - self.piece.len());
        self.total += taken;
        if self.total > BROKER_SPECIFICATIONS_MAX {
            let problem =
                format!("they have more than {BROKER_SPECIFICATIONS_MAX} bytes; pass fewer or shorter variables");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
