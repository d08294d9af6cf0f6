//! Receivers of log records: a socket of this host, a syslog server over TCP or TLS.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

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

/// A socket that takes datagrams until it is closed, as a daemon that is restarted does.
pub struct Receiver {
    pub records: Records,
    end: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Receiver {
    pub fn bind(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let (records, end) = (Records::default(), Arc::new(AtomicBool::new(false)));
        let (received, ends) = (records.clone(), Arc::clone(&end));
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 1 << 18];
            while !ends.load(Ordering::Relaxed) {
                if let Ok(length) = socket.recv(&mut buffer) {
                    received.add(String::from_utf8(buffer[..length].to_vec()).unwrap());
                }
            }
        });
        Self { records, end, thread }
    }

    /// Closes it, and leaves its name in the directory.
    pub fn close(self) {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// A syslog server that takes connections one after the other.
pub struct LogServer {
    pub address: SocketAddr,
    pub records: Records,
    /// The connection that is open.
    open: Arc<Mutex<Option<TcpStream>>>,
    /// Connections are closed at once.
    refuses: Arc<AtomicBool>,
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
            refuses: Arc::default(),
            listener: listener.try_clone().unwrap(),
        };
        let (records, open) = (server.records.clone(), Arc::clone(&server.open));
        let refuses = Arc::clone(&server.refuses);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if refuses.load(Ordering::SeqCst) {
                    continue;
                }
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

    /// Ends the connection that is open, and each that is made from now on.
    pub fn go_away(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        self.hang_up();
    }

    /// Takes connections again.
    pub fn come_back(&self) {
        self.refuses.store(false, Ordering::SeqCst);
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
