//! Messages between daemon and broker.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv,
    sendmsg, socketpair,
};

use super::connection::{self, SpecificationWriter};
use super::protocol::Reply;
use super::received::{self, Refused};
use super::spec::Instructions;
pub use crate::limits::{BROKER_PIECE_MAX, BROKER_SERVERS_MAX, BROKER_SPECIFICATIONS_MAX};

/// Specifications that come piece by piece.
#[derive(Default)]
pub struct Pieces(received::Pieces);

/// Specifications after a message.
#[derive(Debug)]
pub enum Specifications {
    /// More pieces follow.
    Incomplete,
    /// All of them.
    Complete(Instructions),
    /// Refused; true for what is refused because of its form as JSON.
    Refused(bool),
}

impl Pieces {
    /// Takes a message.
    pub fn add(&mut self, message: &[u8]) -> Specifications {
        match self.0.add(message) {
            Ok(None) => Specifications::Incomplete,
            Ok(Some(instructions)) => Specifications::Complete(instructions),
            Err(refused) => Specifications::Refused(refused == Refused::Unreadable),
        }
    }
}

/// Both ends of a pair of sockets.
#[derive(Debug)]
pub struct Pair {
    daemon: OwnedFd,
    broker: OwnedFd,
}

/// What the daemon makes of a message.
#[derive(Debug)]
pub enum Received {
    /// A reply; true when it came with a server's two pipes.
    Reply(Reply, bool),
    /// None yet.
    Nothing,
    /// The broker is gone.
    Gone,
    /// No message of the protocol.
    Refused,
}

impl Pair {
    /// Connects both ends.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn new() -> io::Result<Self> {
        let (daemon, broker) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok(Self { daemon, broker })
    }

    /// Sends bytes and up to eight descriptors as the broker.
    ///
    /// # Errors
    /// The system does not take them.
    pub fn send(&self, bytes: &[u8], descriptors: usize) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(8))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let all = [self.broker.as_fd(); 8];
        let some = all.get(..descriptors).unwrap_or(&all);
        if !some.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(some));
        }
        sendmsg(
            &self.broker,
            &[IoSlice::new(bytes)],
            &mut control,
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        )?;
        Ok(())
    }

    /// Receives a message as the daemon.
    #[must_use]
    pub fn receive(&self) -> Received {
        match connection::receive(self.daemon.as_fd()) {
            Ok(Some(message)) => Received::Reply(message.reply, message.pipes.is_some()),
            Ok(None) => Received::Gone,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
            Err(_) => Received::Refused,
        }
    }

    /// Sends instructions as the daemon, and returns the messages that come out.
    ///
    /// # Errors
    /// The daemon does not send them.
    pub fn instruct(&self, instructions: &Instructions) -> io::Result<Vec<Vec<u8>>> {
        let mut writer = SpecificationWriter::new(self.daemon.as_fd());
        serde_json::to_writer(&mut writer, instructions)?;
        writer.finish()?;
        let mut messages = Vec::new();
        let mut buffer = vec![0; BROKER_PIECE_MAX + 1];
        while let Ok((_, length)) = recv(&self.broker, &mut buffer[..], RecvFlags::DONTWAIT) {
            messages.push(buffer.get(..length).unwrap_or_default().to_vec());
        }
        Ok(messages)
    }

    /// The lowest number that a descriptor can have now.
    ///
    /// # Errors
    /// There is none.
    pub fn lowest_descriptor(&self) -> io::Result<i32> {
        Ok(rustix::io::dup(&self.daemon)?.as_raw_fd())
    }
}
