//! A raw HTTP/1.1 server on TCP, TLS or a unix socket: a thread a connection, each request recorded with its time and
//! its connection, each answer played step by step.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{RecvFlags, recv};
use rustls::{ServerConfig, ServerConnection};

use super::answer::{Answer, Gate, Step};
use super::pace::pause;
use super::wait::{BOUND, within};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    /// Which connection it came on, counted from 0.
    pub connection: u64,
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A recorded request.
pub type Seen = Request;

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn header_values(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The path, also of a target in absolute form, as a forward proxy may pass it on (RFC 9112, section 3.2.2).
    pub fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap();
        let authority = path.strip_prefix("http://");
        authority.map_or(path, |rest| rest.find('/').map_or("/", |at| &rest[at..]))
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?')?.1;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// One line for a record.
    pub fn line(&self, start: Instant) -> String {
        let mut body = self.text();
        if body.len() > 400 {
            let cut = (0..=400).rev().find(|at| body.is_char_boundary(*at)).unwrap();
            body.truncate(cut);
            body.push_str("...");
        }
        let at = self.at.saturating_duration_since(start).as_secs_f64();
        format!("{at:8.3}s #{} {} {} {body}", self.connection, self.method, self.target)
    }
}

/// The other end of the connection that a request came on.
pub struct Peer<'a>(&'a Socket);

impl Peer<'_> {
    /// True once the peer has closed or reset the connection (or sent more before its answer).
    pub fn gone(&self) -> bool {
        let mut byte = [0_u8; 1];
        match recv(self.0, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok(_) => true,
            Err(error) => error != rustix::io::Errno::AGAIN,
        }
    }

    /// Waits at most that long for [`Self::gone`].
    fn goes_within(&self, time: Duration) -> bool {
        let _ = poll(
            &mut [PollFd::new(self.0, PollFlags::IN)],
            Some(&time.try_into().unwrap()),
        );
        self.gone()
    }
}

/// Answers one request.
pub type Handler = Arc<dyn Fn(&Request, &Peer) -> Answer + Send + Sync>;

/// A running server.
pub struct Server {
    shared: Arc<Shared>,
    address: Address,
}

enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

struct Shared {
    handler: Handler,
    tls: Option<Arc<ServerConfig>>,
    stopped: AtomicBool,
    accepted: AtomicU64,
    open: Mutex<Vec<Weak<Socket>>>,
}

impl Server {
    pub fn tcp(tls: Option<Arc<ServerConfig>>, handler: Handler) -> Self {
        Self::tcp_at("127.0.0.1:0".parse().unwrap(), tls, handler)
    }

    /// Binds a given address: for a server that comes back where it was, once the thread of the one before has ended.
    pub fn tcp_at(address: SocketAddr, tls: Option<Arc<ServerConfig>>, handler: Handler) -> Self {
        let listener = within(BOUND, "a free address", || TcpListener::bind(address).ok());
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(tls, handler);
        let accept = Arc::clone(&shared);
        std::thread::spawn(move || accept.accept(|| listener.accept().map(|(stream, _)| Socket::Tcp(stream))));
        Self {
            shared,
            address: Address::Tcp(address),
        }
    }

    /// One that takes connections at a given address, and answers nothing until the gate opens.
    pub fn silent_at(address: SocketAddr) -> (Self, Gate) {
        let opened = Gate::new();
        let held = opened.clone();
        let server = Self::tcp_at(
            address,
            None,
            Arc::new(move |_: &Request, _: &Peer| Answer::default().hold(&held)),
        );
        (server, opened)
    }

    pub fn unix(path: &Path, handler: Handler) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let shared = Shared::new(None, handler);
        let accept = Arc::clone(&shared);
        std::thread::spawn(move || accept.accept(|| listener.accept().map(|(stream, _)| Socket::Unix(stream))));
        Self {
            shared,
            address: Address::Unix(path.to_owned()),
        }
    }

    /// `scheme://host:port`, no path.
    pub fn origin(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        match &self.address {
            Address::Tcp(address) => format!("{scheme}://{address}"),
            Address::Unix(_) => format!("{scheme}://localhost"),
        }
    }

    pub fn socket_address(&self) -> SocketAddr {
        match &self.address {
            Address::Tcp(address) => *address,
            Address::Unix(_) => panic!("a unix socket has no port"),
        }
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections that are open on our side now.
    pub fn open_connections(&self) -> usize {
        self.shared
            .open
            .lock()
            .unwrap()
            .iter()
            .filter(|weak| weak.strong_count() > 0)
            .count()
    }

    /// Closes the listener and every connection.
    pub fn stop(&self) {
        if self.shared.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        match &self.address {
            Address::Tcp(address) => drop(TcpStream::connect(address)),
            Address::Unix(path) => drop(UnixStream::connect(path)),
        }
        self.close_connections();
    }

    /// Closes every connection; the listener stays.
    pub fn close_connections(&self) {
        for socket in self
            .shared
            .open
            .lock()
            .unwrap()
            .drain(..)
            .filter_map(|weak| weak.upgrade())
        {
            socket.shutdown();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn new(tls: Option<Arc<ServerConfig>>, handler: Handler) -> Arc<Self> {
        Arc::new(Self {
            handler,
            tls,
            stopped: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        })
    }

    fn accept(self: Arc<Self>, next: impl Fn() -> io::Result<Socket>) {
        while let Ok(socket) = next() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let connection = self.accepted.fetch_add(1, Ordering::SeqCst);
            let socket = Arc::new(socket);
            self.open.lock().unwrap().push(Arc::downgrade(&socket));
            let shared = Arc::clone(&self);
            std::thread::spawn(move || {
                let _ = shared.serve(&socket, connection);
            });
        }
    }

    fn serve(&self, socket: &Socket, connection: u64) -> io::Result<()> {
        socket.no_delay();
        match &self.tls {
            None => self.requests(socket, connection, &mut BufReader::new(Plain(socket))),
            Some(config) => {
                let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                let stream = rustls::StreamOwned::new(tls, Plain(socket));
                self.requests(socket, connection, &mut BufReader::new(stream))
            }
        }
    }

    fn requests<S: Read + Write>(&self, socket: &Socket, connection: u64, io: &mut BufReader<S>) -> io::Result<()> {
        let peer = Peer(socket);
        while let Some(request) = read_request(io, connection)? {
            let answer = (self.handler)(&request, &peer);
            for step in answer.steps {
                if !self.play(step, socket, &peer, io.get_mut())? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Plays one step; false ends the connection.
    fn play(&self, step: Step, socket: &Socket, peer: &Peer, out: &mut impl Write) -> io::Result<bool> {
        match step {
            Step::Send(bytes) => {
                out.write_all(&bytes)?;
                out.flush()?;
            }
            Step::Flood(bytes, at_most) => {
                for _ in 0..at_most / bytes.len().max(1) {
                    out.write_all(&bytes)?;
                }
                out.flush()?;
            }
            Step::Pause(time) => pause("a scripted answer that pauses", time),
            Step::Hold(gate) => {
                // A peer that has closed its sending side may still read.
                while !gate.wait(Duration::from_millis(20)) {
                    if self.stopped.load(Ordering::SeqCst) {
                        return Ok(false);
                    }
                }
            }
            Step::Stall => {
                while !peer.goes_within(Duration::from_millis(20)) && !self.stopped.load(Ordering::SeqCst) {}
                return Ok(false);
            }
            Step::Close => {
                socket.shutdown();
                return Ok(false);
            }
            Step::Reset => {
                set_socket_linger(socket, Some(Duration::ZERO))?;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read_request(io: &mut impl BufRead, connection: u64) -> io::Result<Option<Request>> {
    let first = line(io)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let text = line(io)?;
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let mut request = Request {
        at: Instant::now(),
        connection,
        method,
        target,
        headers,
        body: Vec::new(),
    };
    if request.header("transfer-encoding").is_some() {
        loop {
            let size = usize::from_str_radix(line(io)?.trim(), 16).map_err(io::Error::other)?;
            let start = request.body.len();
            request.body.resize(start + size, 0);
            io.read_exact(&mut request.body[start..])?;
            line(io)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = request.header("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        request.body.resize(length, 0);
        io.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

/// One line without its end; empty at the end of the stream.
fn line(io: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    io.read_until(b'\n', &mut bytes)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn no_delay(&self) {
        if let Self::Tcp(stream) = self {
            let _ = stream.set_nodelay(true);
        }
    }

    fn shutdown(&self) {
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Reads and writes a shared socket.
struct Plain<'a>(&'a Socket);

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {
            Socket::Tcp(stream) => (&*stream).read(buffer),
            Socket::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0 {
            Socket::Tcp(stream) => (&*stream).write(bytes),
            Socket::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
