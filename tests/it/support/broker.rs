//! A broker whose daemon is the test.

use std::fs;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::time::Duration;

use rustix::cmsg_space;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags, SocketType, recvmsg,
    socketpair,
};
use tunnel_client::broker::protocol::{PIECE, Reply, Request, SIZE};
use tunnel_client::broker::{Instructions, Specification};
use tunnel_client::limits::BROKER_PIECE_MAX;
use tunnel_client::sandbox::BrokerCage;
use tunnel_client::sandbox::server::ServerCage;

use super::client::binary;
use super::process;
use super::wait::within;

pub const BOUND: Duration = Duration::from_secs(45);

/// Waits until none of them is alive.
#[track_caller]
pub fn gone(pids: &[u32]) {
    within(BOUND, &format!("the end of {pids:?}"), || {
        pids.iter().all(|pid| !process::alive(*pid)).then_some(())
    });
}

/// A broker whose daemon is the test.
pub struct Raw {
    pub socket: Option<OwnedFd>,
    pub process: Child,
}

impl Raw {
    pub fn new() -> Self {
        Self::with_stderr(Stdio::piped())
    }

    pub fn with_stderr(stderr: Stdio) -> Self {
        Self::started_by(Process::new(binary()), stderr)
    }

    pub fn started_by(mut command: Process, stderr: Stdio) -> Self {
        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        for timeout in [Timeout::Send, Timeout::Recv] {
            set_socket_timeout(&socket, timeout, Some(BOUND)).unwrap();
        }
        let process = command
            .arg("broker")
            .env_clear()
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        Self {
            socket: Some(socket),
            process,
        }
    }

    pub fn socket(&self) -> &OwnedFd {
        self.socket.as_ref().unwrap()
    }

    /// A broker that was told of these servers, and is ready.
    pub fn ready(servers: &[Specification]) -> Self {
        Self::new().told(servers)
    }

    /// Tells it of these servers, and waits until it is ready.
    pub fn told(self, servers: &[Specification]) -> Self {
        let raw = self;
        let instructions = Instructions {
            cage: BrokerCage::default(),
            servers: servers.to_vec(),
        };
        for piece in serde_json::to_vec(&instructions).unwrap().chunks(BROKER_PIECE_MAX - 1) {
            raw.send(&[&[PIECE], piece].concat());
        }
        raw.send(&[PIECE]);
        assert_eq!(raw.receive(), (Reply::Ready, 0));
        raw
    }

    pub fn send(&self, bytes: &[u8]) {
        // A broker that has ended shows in its exit code.
        let _ = rustix::net::send(self.socket(), bytes, SendFlags::NOSIGNAL);
    }

    pub fn ask(&self, request: Request) {
        self.send(&request.encode());
    }

    /// A message, and how many descriptors came with it; they are closed.
    pub fn receive(&self) -> (Reply, usize) {
        let (reply, pipes) = self.receive_with_pipes();
        (reply, pipes.len())
    }

    pub fn receive_with_pipes(&self) -> (Reply, Vec<OwnedFd>) {
        let mut bytes = [0; SIZE + 1];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(4))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut iov = [std::io::IoSliceMut::new(&mut bytes)];
        let received = recvmsg(self.socket(), &mut iov, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
        let mut pipes = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                pipes.extend(descriptors);
            }
        }
        (Reply::decode(&bytes[..received.bytes]).unwrap(), pipes)
    }

    pub fn started(&self, index: u16, run: u64) -> (u32, Vec<OwnedFd>) {
        self.ask(Request::Start { index, run });
        match self.receive_with_pipes() {
            (Reply::Started { run: told, pid }, pipes) if told == run => (pid.unsigned_abs(), pipes),
            other => panic!("{other:?}"),
        }
    }

    /// The run ends next, of all that is told.
    #[track_caller]
    pub fn await_exit(&self, run: u64) -> i32 {
        match self.receive() {
            (Reply::Exited { run: told, status }, 0) if told == run => status,
            other => panic!("{other:?}"),
        }
    }

    /// Its exit and what it said.
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = within(BOUND, "the end of the broker", || self.process.try_wait().unwrap());
        let mut text = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status, text)
    }

    #[track_caller]
    pub fn assert_refused(self, gist: &str) {
        let (status, text) = self.end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains(gist), "{text}");
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.socket = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn server(argv: &[&str]) -> Specification {
    Specification {
        name: "docs".to_owned(),
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        environment: vec![("PATH".into(), (&std::env::var_os("PATH").unwrap_or_default()).into())],
        cage: ServerCage::default(),
    }
}

pub fn sleeper() -> Specification {
    server(&["sleep", "300"])
}

pub fn read(pipe: OwnedFd) -> String {
    let mut text = String::new();
    fs::File::from(pipe).read_to_string(&mut text).unwrap();
    text
}
