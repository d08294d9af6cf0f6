//! A service manager's end of the notify protocol (sd_notify(3)): it records who sends what.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::client::ClientBuilder;
use super::scratch::Scratch;
use super::wait::BOUND;

/// A service manager that waits for notifications.
pub struct Manager {
    socket: UnixDatagram,
    address: String,
    seen: RefCell<Vec<Message>>,
    _directory: Scratch,
}

/// A datagram and the process that sent it.
#[derive(Debug, Clone)]
pub struct Message {
    pub text: String,
    pub process: u32,
}

impl Message {
    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut lines = self.text.lines().filter_map(|line| line.split_once('='));
        lines.find_map(|(known, value)| (known == name).then_some(value))
    }

    /// A value in microseconds.
    #[track_caller]
    pub fn time(&self, name: &str) -> Duration {
        let value = self.value(name).and_then(|value| value.parse().ok());
        Duration::from_micros(value.unwrap_or_else(|| panic!("no {name} in {self:?}")))
    }
}

impl Manager {
    /// With a socket in the file system, as systemd has it.
    pub fn new() -> Self {
        let directory = Scratch::new();
        let path = directory.file("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self::with(socket, path.display().to_string(), directory)
    }

    /// With a name that is no file, as some containers have it.
    pub fn with_abstract_name() -> Self {
        let directory = Scratch::new();
        let name = directory.path().display().to_string();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Self::with(
            UnixDatagram::bind_addr(&address).unwrap(),
            format!("@{name}"),
            directory,
        )
    }

    fn with(socket: UnixDatagram, address: String, directory: Scratch) -> Self {
        set_socket_passcred(&socket, true).unwrap();
        Self {
            socket,
            address,
            seen: RefCell::default(),
            _directory: directory,
        }
    }

    /// Starts the client of `builder` as one of its services.
    pub fn offer(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.env("NOTIFY_SOCKET", &self.address)
    }

    /// The next datagram, if one comes in that time.
    pub fn next_within(&self, bound: Duration) -> Option<Message> {
        let until = Instant::now() + bound;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).unwrap();
            let ready = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&timeout));
            match ready {
                Ok(0) => return None,
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("poll: {error}"),
            }
        }
        let message = receive(&self.socket);
        self.seen.borrow_mut().push(message.clone());
        Some(message)
    }

    /// Waits for a datagram that holds this line, or one that begins so.
    #[track_caller]
    pub fn await_line(&self, begin: &str) -> Message {
        self.await_message(begin, |message| {
            message.text.lines().any(|line| line.starts_with(begin))
        })
    }

    /// Waits for a datagram that is as wanted.
    #[track_caller]
    pub fn await_message(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let until = Instant::now() + BOUND;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.next_within(left) {
                Some(message) if wanted(&message) => return message,
                Some(_) => {}
                None => panic!("no {what} within {BOUND:?}, but {:#?}", self.seen()),
            }
        }
    }

    /// Everything that was received.
    pub fn seen(&self) -> Vec<Message> {
        self.seen.borrow().clone()
    }

    /// Fills the queue of the socket, so that nothing else finds room in it; returns how many datagrams that took.
    pub fn fill(&self) -> usize {
        let filler = UnixDatagram::unbound().unwrap();
        filler.set_nonblocking(true).unwrap();
        match self.address.strip_prefix('@') {
            Some(name) => filler.connect_addr(&SocketAddr::from_abstract_name(name).unwrap()),
            None => filler.connect(Path::new(&self.address)),
        }
        .unwrap();
        (0..).take_while(|_| filler.send(b"FILLER=1").is_ok()).count()
    }
}

fn receive(socket: &UnixDatagram) -> Message {
    let mut bytes = [0; 8192];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut control,
        RecvFlags::empty(),
    )
    .unwrap();
    let process = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(who) => Some(who.pid.as_raw_nonzero().get()),
        _ => None,
    });
    Message {
        text: std::str::from_utf8(&bytes[..received.bytes]).unwrap().to_owned(),
        process: u32::try_from(process.unwrap()).unwrap(),
    }
}
