//! HTTP/1.1 by hand on a blocking socket: tests look at bytes and break connections as they like.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::pace::pause;
use super::{PATIENCE, contract};

/// A request.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    /// With this key instead of its own.
    pub fn with_key(self, key: &str) -> Self {
        self.without("Authorization").key(key)
    }

    /// Takes answers of this type alone.
    pub fn accepting(self, types: &str) -> Self {
        self.without("Accept").header("Accept", types)
    }

    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| name != header);
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").body(body)
    }

    /// The bytes; `Host` is the given one unless the request has its own.
    pub fn bytes(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str(&format!("Host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method == "POST" {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.body].concat()
    }
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The stable code of an API error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().into()
    }

    /// The stable code of a JSON-RPC error.
    pub fn rpc_code(&self) -> String {
        self.json()["error"]["data"]["code"].as_str().unwrap_or_default().into()
    }

    /// The data of each event of a stream.
    pub fn events(&self) -> Vec<String> {
        events(self.text())
    }
}

/// The data of each event in a text, several data lines joined.
pub fn events(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|event| {
            event
                .lines()
                .filter_map(|line| line.strip_prefix("data: "))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .filter(|data| !data.is_empty())
        .collect()
}

/// What bytes travel on.
pub trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// A connected socket that takes a few KiB until they are read.
pub fn narrow_socket(addr: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::for_address(addr), socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&addr.into()).unwrap();
    socket.into()
}

/// A connection whose answer is read at some KiB a second, until this is dropped.
pub struct Sipping {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sipping {
    pub fn start(connection: Connection) -> Self {
        let mut connection = connection;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) && connection.wire.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0)
            {
                pause("a peer that reads slowly", Duration::from_millis(500));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Sipping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// One connection.
pub struct Connection {
    wire: Box<dyn Wire>,
    socket: TcpStream,
    host: String,
}

impl Connection {
    pub fn plain(addr: SocketAddr) -> Self {
        let socket = TcpStream::connect(addr).unwrap();
        let wire = socket.try_clone().unwrap();
        Self::over(Box::new(wire), socket)
    }

    /// With room for a few KiB in the kernel only: what is not read stays with the relay.
    pub fn narrow(addr: SocketAddr) -> Self {
        let socket = narrow_socket(addr);
        Self::over(Box::new(socket.try_clone().unwrap()), socket)
    }

    /// Connects from one of the addresses of this host; all of 127.0.0.0/8 belong to it.
    pub fn from_address(source: [u8; 4], addr: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::for_address(addr), socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&addr.into()).unwrap();
        let socket = TcpStream::from(socket);
        Self::over(Box::new(socket.try_clone().unwrap()), socket)
    }

    pub fn over(wire: Box<dyn Wire>, socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE * 2)).unwrap();
        socket.set_nodelay(true).unwrap();
        let host = socket.peer_addr().unwrap().to_string();
        Self { wire, socket, host }
    }

    pub fn write(&mut self, request: &Request) {
        let bytes = request.bytes(&self.host);
        self.wire.write_all(&bytes).unwrap();
        self.wire.flush().unwrap();
    }

    /// Ends our sending side.
    pub fn half_close(&self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        socket2::SockRef::from(&self.socket)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// A request and its answer, which keeps the contract.
    pub fn exchange(&mut self, request: &Request) -> Answer {
        self.write(request);
        let answer = self.answer();
        contract::check(request, &answer);
        answer
    }

    /// The next answer.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        answer.body = if answer
            .header("transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"))
        {
            let mut body = Vec::new();
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
            body
        } else {
            let length = answer
                .header("content-length")
                .map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            self.wire.read_exact(&mut body).unwrap();
            body
        };
        answer
    }

    /// The next answer, if it begins to come in time.
    pub fn answer_within(&mut self, time: Duration) -> Option<Answer> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let begun = self.socket.peek(&mut [0]).is_ok();
        self.socket.set_read_timeout(Some(PATIENCE * 2)).unwrap();
        begun.then(|| self.answer())
    }

    /// The head of the next answer.
    pub fn head(&mut self) -> Answer {
        let status = self.text_line();
        let status = status
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no status in {status:?}"))
            .parse()
            .unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.text_line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        Answer {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// The next chunk of a chunked body.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.text_line(), 16).unwrap();
        let mut chunk = vec![0; size];
        self.wire.read_exact(&mut chunk).unwrap();
        self.text_line();
        (size > 0).then_some(chunk)
    }

    /// Some bytes of a body.
    pub fn some(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.wire.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Whether the relay has closed the connection, after whatever it still sent.
    pub fn closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.wire.read_to_end(&mut rest).is_ok()
    }

    /// Reads to the end, however it comes; returns the number of bytes.
    pub fn rest(&mut self) -> usize {
        let mut rest = Vec::new();
        let _ = self.wire.read_to_end(&mut rest);
        rest.len()
    }

    /// Waits until the relay has closed the connection, in whatever way.
    pub fn wait_for_end(&mut self) {
        loop {
            match self.wire.read(&mut [0; 1024]) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection did not end"),
                Err(_) => return,
            }
        }
    }

    /// Sends bytes as they are; false when the relay takes no more.
    pub fn write_raw(&mut self, bytes: &[u8]) -> bool {
        self.wire.write_all(bytes).and_then(|()| self.wire.flush()).is_ok()
    }

    fn text_line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            match self.wire.read(&mut byte) {
                Ok(0) => panic!("the connection ended after {:?}", String::from_utf8_lossy(&line)),
                Ok(_) => line.push(byte[0]),
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&line)),
            }
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }
}
