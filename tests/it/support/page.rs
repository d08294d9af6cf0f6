//! A client with a status page, and raw requests to it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::wait::BOUND;
use super::{Client, ClientBuilder, ControlPlane, eventually};

/// The token of every test.
pub const TOKEN: &str = "page-token-0123456789";

/// The header that carries it.
pub fn bearer() -> String {
    format!("Authorization: Bearer {TOKEN}")
}

/// A client that serves the page over TCP.
pub fn client_with_page(control: &ControlPlane) -> ClientBuilder {
    ClientBuilder::new(control)
        .env("ADMIN_UI_ENABLED", "true")
        .env("ADMIN_UI_TOKEN", TOKEN)
}

/// Where a listener is.
#[derive(Debug, Clone)]
pub enum Place {
    Tcp(String),
    Unix(PathBuf),
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answered {
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        values.next()
    }
}

pub trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

impl Place {
    /// Of a client that listens on TCP.
    pub fn of(client: &Client) -> Self {
        let url = client.health_url();
        Self::Tcp(url.strip_prefix("http://").unwrap().to_owned())
    }

    /// Of a socket, once it is there.
    #[track_caller]
    pub fn at(path: &Path) -> Self {
        eventually("a unix socket that answers", || UnixStream::connect(path).ok());
        Self::Unix(path.to_owned())
    }

    pub fn connect(&self) -> Box<dyn Connection> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(BOUND)).unwrap();
                Box::new(stream)
            }
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).unwrap();
                stream.set_read_timeout(Some(BOUND)).unwrap();
                Box::new(stream)
            }
        }
    }

    /// What a request of this first line and these headers is answered; without a host among them it has a good one.
    #[track_caller]
    pub fn ask(&self, line: &str, headers: &[&str]) -> Answered {
        self.send(line, headers, "")
    }

    /// The same with a body.
    #[track_caller]
    pub fn send(&self, line: &str, headers: &[&str], body: &str) -> Answered {
        let mut connection = self.connect();
        // A server that refuses a head may close before it has read the body.
        let _ = connection.write_all(request(line, headers, body).as_bytes());
        let mut bytes = Vec::new();
        let _ = connection.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        Answered {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The JSON of a path, with the token.
    #[track_caller]
    pub fn get(&self, path: &str) -> serde_json::Value {
        let answered = self.ask(&format!("GET {path}"), &[&bearer()]);
        assert_eq!(answered.status, 200, "{path}: {answered:?}");
        answered.json()
    }

    /// A stream of log lines that has begun; its first line is read.
    #[track_caller]
    pub fn stream(&self, headers: &[&str]) -> Result<BufReader<Box<dyn Connection>>, String> {
        let mut connection = self.connect();
        let token = bearer();
        let headers = [headers, &[&*token]].concat();
        connection
            .write_all(request("GET /api/logs/stream", &headers, "").as_bytes())
            .unwrap();
        let mut reader = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head:?}");
        }
        match head.starts_with("HTTP/1.1 200 ") {
            true => Ok(reader),
            false => Err(head),
        }
    }
}

fn request(line: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{line} HTTP/1.1\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        text += "Host: 127.0.0.1:8080\r\n";
    }
    for header in headers {
        text += &format!("{header}\r\n");
    }
    if !body.is_empty() && !headers.iter().any(|header| header.starts_with("Content-Length:")) {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text + "Connection: close\r\n\r\n" + body
}
