//! The real relay: a control plane with management of tunnels.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use super::wait::BOUND;
use super::{Client, ClientBuilder, McpServer};

/// May read and manage tunnels.
pub const MANAGE_KEY: &str = "test-key-read-manage-0123456789";
/// May read and use tunnels.
pub const USE_KEY: &str = "test-key-read-use-0123456789";

/// May call tunnels.
pub const CALL_KEY: &str = "test-key-connect-0123456789";

/// A running relay; ended when dropped.
pub struct Relay {
    child: Child,
    url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// Plain HTTP on a free port, with all keys and these further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let keys = format!("manager read,manage {MANAGE_KEY}\nclient read,use {USE_KEY}\ncaller connect {CALL_KEY}\n");
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("TUNNEL_RELAY_KEYS", keys)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (found, url) = channel();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            // Read to the end: a full pipe would stop the relay.
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains("relay listening") {
                    let url = &line[line.find("http").unwrap()..];
                    let _ = found.send(url.split([' ', '"']).next().unwrap().to_owned());
                }
                lines.lock().unwrap().push(line);
            }
        });
        let url = url.recv_timeout(BOUND).expect("the relay says where it listens");
        Self { child, url, log }
    }

    /// A client of this tunnel with a server over HTTP, once it is ready.
    pub fn client(&self, server: &McpServer) -> Client {
        let client = ClientBuilder::for_url(&self.url)
            .env("CONTROL_PLANE_API_KEY", USE_KEY)
            .server(server.url())
            .start();
        client.await_ready();
        client
    }

    /// Lets it end in order.
    pub fn terminate(&mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = super::wait::within(BOUND, "the end of the relay", || self.child.try_wait().unwrap());
        assert!(ended.success(), "{ended}");
    }

    /// The lines that it has written.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Scheme, host and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One message of a caller that takes JSON only; what it is answered.
    pub fn call(&self, tunnel: &str, message: &str, headers: &[(&str, &str)]) -> Answered {
        let address = self.url.rsplit('/').next().unwrap();
        let mut request = format!(
            "POST /v1/mcp/{tunnel} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {CALL_KEY}\r\n\
             Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {}\r\n",
            message.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream.write_all(format!("{request}\r\n{message}").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        Answered {
            status,
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }
}

/// What a caller was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Answered {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The message of an error.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside our own binary; `cargo build --workspace` puts it there.
pub fn binary() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_tunnel-client")).with_file_name("tunnel-relay");
    assert!(path.exists(), "{path:?} is missing: cargo build --workspace");
    path
}
