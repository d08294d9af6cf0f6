//! Where the health listener is bound: TCP, or a unix socket (spec: ops, section 1).

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::umask;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::time::{sleep, timeout};

use super::own_file::OwnFile;
use super::unix_url;
use crate::config::Listen;
use crate::limits::{UNIX_SOCKET_PATH_MAX, UNIX_SOCKET_TURN, UNIX_SOCKET_TURN_PAUSE};

/// Who may connect to the unix socket: connecting needs the right to write. The owner and the group of the process, so
/// that an agent of the group can watch; nobody else, because the metrics name channels.
const SOCKET_MODE: u32 = 0o660;
/// Of directories that are created on the way to the socket, before the process's umask.
const DIRECTORY_MODE: u32 = 0o755;

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    url: String,
    addr: String,
    /// Removed with the listener.
    file: Option<OwnFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The health listener cannot be bound.
#[derive(Debug)]
pub struct BindError {
    setting: &'static str,
    place: String,
    problem: Problem,
}

/// What stands in the way.
#[derive(Debug)]
pub enum Problem {
    /// Somebody listens there.
    InUse,
    /// Something else than a socket has the name of the unix socket.
    NotASocket,
    /// The name of the unix socket has so many bytes.
    TooLong(usize),
    /// Whether somebody listens there cannot be found out.
    Unknown(io::Error),
    /// The system refuses.
    Io(io::Error),
}

impl BindError {
    /// What stands in the way.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "health listener ({}): {}: ", self.setting, self.place)?;
        match &self.problem {
            Problem::InUse => f.write_str("address already in use; stop who listens there or choose another"),
            Problem::NotASocket => f.write_str("it exists and is no socket, so it is left alone; choose another path"),
            Problem::TooLong(length) => write!(
                f,
                "the path has {length} bytes, and that of a unix socket at most {UNIX_SOCKET_PATH_MAX}; choose a shorter one"
            ),
            Problem::Unknown(error) => write!(
                f,
                "it exists, and whether it is in use cannot be found out: {error}; remove it if nobody needs it"
            ),
            Problem::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BindError {}

impl Listener {
    /// Binds; connections wait until they are accepted. A unix socket that nobody listens on is replaced.
    ///
    /// # Errors
    /// [`BindError`] when the place is taken or cannot be had.
    pub async fn bind(listen: &Listen) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp { host, addr } => bind_tcp(host, *addr).await.map_err(|problem| BindError {
                setting: "health.listen_addr, HEALTH_LISTEN_ADDR",
                place: addr.to_string(),
                problem,
            }),
            Listen::Unix(path) => bind_unix(path).await.map_err(|problem| BindError {
                setting: "health.unix_socket, HEALTH_UNIX_SOCKET",
                place: path.display().to_string(),
                problem,
            }),
        }
    }

    /// The file of a unix socket, no longer removed with the listener.
    pub(super) fn take_file(&mut self) -> Option<OwnFile> {
        self.file.take()
    }

    /// The base URL under which others find it: `http://HOST:PORT`, or `http+unix://` and the encoded path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address with the port that the kernel chose, or the path.
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match &self.socket {
            Socket::Tcp(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as _),
            Socket::Unix(listener) => listener.accept().await.map(|(stream, _)| Box::new(stream) as _),
        }
    }
}

async fn bind_tcp(host: &str, addr: SocketAddr) -> Result<Listener, Problem> {
    let problem = |error: io::Error| match error.kind() {
        ErrorKind::AddrInUse => Problem::InUse,
        _ => Problem::Io(error),
    };
    let listener = TcpListener::bind(addr).await.map_err(problem)?;
    let bound = listener.local_addr().map_err(Problem::Io)?;
    let host = match host {
        "" | "0.0.0.0" | "::" => "localhost".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    Ok(Listener {
        socket: Socket::Tcp(listener),
        url: format!("http://{host}:{}", bound.port()),
        addr: bound.to_string(),
        file: None,
    })
}

async fn bind_unix(path: &Path) -> Result<Listener, Problem> {
    let length = path.as_os_str().as_bytes().len();
    if length > UNIX_SOCKET_PATH_MAX {
        return Err(Problem::TooLong(length));
    }
    // Others read the URL in other directories.
    let absolute = std::path::absolute(path).map_err(Problem::Io)?;
    let directory = absolute.parent().unwrap_or(&absolute);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(DIRECTORY_MODE);
    builder.create(directory).map_err(Problem::Io)?;
    let _turn = turn(directory).await;
    remove_stale(path).await?;
    let listener = {
        let _mask = Umask::set(!SOCKET_MODE & 0o777);
        UnixListener::bind(path)
    };
    let listener = listener.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Problem::InUse,
        _ => Problem::Io(error),
    })?;
    let metadata = fs::symlink_metadata(path).map_err(Problem::Io)?;
    let file = OwnFile::new(absolute.clone(), &metadata);
    Ok(Listener {
        socket: Socket::Unix(listener),
        url: unix_url::encode(&absolute),
        addr: absolute.display().to_string(),
        file: Some(file),
    })
}

/// A lock on the directory: of two that start at once over a stale socket, one would remove the other's new one. Whoever
/// cannot have it goes on without after a while, because others may lock a directory for as long as they like.
async fn turn(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    let locked = timeout(UNIX_SOCKET_TURN, async {
        loop {
            match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => sleep(UNIX_SOCKET_TURN_PAUSE).await,
                done => return done,
            }
        }
    });
    matches!(locked.await, Ok(Ok(()))).then_some(directory)
}

/// Removes a socket that its process left behind, and nothing else: what refuses a connection is one.
async fn remove_stale(path: &Path) -> Result<(), Problem> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Problem::Io(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(Problem::NotASocket),
        Ok(_) => {}
    }
    // Never waits: a listener whose queue is full answers EAGAIN, and is one.
    match UnixStream::connect(path).await {
        Ok(_) => Err(Problem::InUse),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(Problem::Io),
            ErrorKind::NotFound => Ok(()),
            ErrorKind::WouldBlock => Err(Problem::InUse),
            _ => Err(Problem::Unknown(error)),
        },
    }
}

/// The process's mask of mode bits, changed. Dropped, it is what it was.
///
/// It says who may connect from the first moment on; to change the mode afterwards, by name, could hit a file that somebody
/// put in the socket's place. The mask is the whole process's, and no other thread of ours makes files.
struct Umask(Mode);

impl Umask {
    fn set(mask: u32) -> Self {
        Self(umask(Mode::from_raw_mode(mask)))
    }
}

impl Drop for Umask {
    fn drop(&mut self) {
        umask(self.0);
    }
}
