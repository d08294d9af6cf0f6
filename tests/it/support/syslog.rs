//! Receivers of log records: a socket of this host, a syslog server over TCP or TLS.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::wait::eventually;

/// What was received, one entry a record.
#[derive(Clone, Default)]
pub struct Records(Arc<Mutex<Vec<String>>>);

impl Records {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn await_with(&self, part: &str) -> String {
        eventually(&format!("record with {part:?}"), || {
            self.all().into_iter().find(|record| record.contains(part))
        })
    }

    fn add(&self, record: String) {
        self.0.lock().unwrap().push(record);
    }
}

/// A socket that takes datagrams.
pub fn datagrams(path: &Path) -> Records {
    let (socket, records) = (UnixDatagram::bind(path).unwrap(), Records::default());
    let received = records.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 18];
        while let Ok(length) = socket.recv(&mut buffer) {
            received.add(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    });
    records
}

/// A syslog server that takes connections one after the other.
pub struct LogServer {
    pub address: SocketAddr,
    pub records: Records,
    /// The connection that is open.
    open: Arc<Mutex<Option<TcpStream>>>,
    /// A second name of the listener, to end it.
    listener: TcpListener,
}

impl LogServer {
    pub fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), tls)
    }

    /// One that comes back where it was.
    pub fn start_at(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = eventually("the address of the syslog server", || TcpListener::bind(address).ok());
        let server = Self {
            address: listener.local_addr().unwrap(),
            records: Records::default(),
            open: Arc::default(),
            listener: listener.try_clone().unwrap(),
        };
        let (records, open) = (server.records.clone(), Arc::clone(&server.open));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *open.lock().unwrap() = Some(stream.try_clone().unwrap());
                match &tls {
                    None => read(stream, &records),
                    Some(tls) => {
                        let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
                        read(StreamOwned::new(connection, stream), &records);
                    }
                }
            }
        });
        server
    }

    /// Ends the listener and the connection that is open.
    pub fn stop(self) {
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).unwrap();
        self.hang_up();
    }

    /// Ends the connection that is open.
    pub fn hang_up(&self) {
        if let Some(stream) = self.open.lock().unwrap().take() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Frames of octet counting (RFC 6587, section 3.4.1), until the end or a fault.
fn read(mut stream: impl Read, records: &Records) {
    loop {
        let mut digits = String::new();
        let length = loop {
            let mut byte = [0];
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            match byte[0] {
                b' ' => break digits.parse::<usize>(),
                byte => digits.push(char::from(byte)),
            }
        };
        let Ok(length) = length else {
            return records.add(format!("no length: {digits:?}"));
        };
        let mut message = vec![0; length];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        records.add(String::from_utf8(message).unwrap());
    }
}
