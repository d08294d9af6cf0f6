//! Where the health listener is bound: TCP, or a unix socket (contract: ops, section 1).

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::umask;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::time::{sleep, timeout};

use super::hosts::Hosts;
use super::own_file::OwnFile;
use super::unix_url;
use crate::config::{Health, Listen};
use crate::files::{self, Identity, Missing, Rule, Spot};
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
    /// Host names that requests may use.
    hosts: Arc<Hosts>,
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

/// A connection that was accepted.
pub(super) struct Accepted {
    pub(super) stream: Box<dyn Stream>,
    /// Its peer is on this host: a loopback address, or the unix socket.
    pub(super) is_local: bool,
}

/// The health listener cannot be bound.
#[derive(Debug)]
pub struct BindError {
    setting: &'static str,
    place: String,
    /// Where TCP was to be bound, as far as it is known.
    address: Option<SocketAddr>,
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
    /// The way to its directory is refused: others could make it lead elsewhere.
    Way(files::Error),
    /// The host name has no address.
    Unresolved(Option<io::Error>),
    /// The host name has this address, which other hosts reach.
    Reachable(IpAddr),
    /// The system refuses.
    Io(io::Error),
}

impl From<files::Error> for Problem {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::Io(error) => Self::Io(error),
            refused => Self::Way(refused),
        }
    }
}

impl BindError {
    /// What stands in the way.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Where TCP was to be bound, as far as it is known.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "health listener ({}): {}: {}",
            self.setting, self.place, self.problem
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("address already in use; stop who listens there or choose another"),
            Self::NotASocket => f.write_str("it exists and is no socket, so it is left alone; choose another path"),
            Self::TooLong(length) => write!(
                f,
                "the path has {length} bytes, and that of a unix socket at most {UNIX_SOCKET_PATH_MAX}; choose a shorter one"
            ),
            Self::Unknown(error) => write!(
                f,
                "it exists, and whether it is in use cannot be found out: {error}; remove it if nobody needs it"
            ),
            Self::Unresolved(Some(error)) => {
                write!(
                    f,
                    "the host name cannot be resolved: {error}; write an IP address, or name it in /etc/hosts"
                )
            }
            Self::Unresolved(None) => f.write_str("the host name has no address; write an IP address"),
            Self::Reachable(address) => write!(
                f,
                "the host name resolves to {address}, which other hosts reach; write 127.0.0.1, or add the name to health.allowed_hosts \
                 if other hosts are to reach the listener"
            ),
            Self::Way(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BindError {}

impl Listener {
    /// Binds; connections wait until they are accepted. A unix socket that nobody listens on is replaced.
    ///
    /// # Errors
    /// [`BindError`] when the place is taken or cannot be had.
    pub async fn bind(health: &Health) -> Result<Self, BindError> {
        match &health.listen {
            Listen::Tcp { host, addr } => bind_tcp(host, *addr, &health.allowed_hosts)
                .await
                .map_err(tcp(addr, Some(*addr))),
            Listen::Named { host, port, is_wide } => {
                let place = format!("{host}:{port}");
                let addr = resolve(host, *port, *is_wide).map_err(tcp(&place, None))?;
                let mut names = health.allowed_hosts.clone();
                names.push(host.clone());
                bind_tcp(host, addr, &names).await.map_err(tcp(&place, Some(addr)))
            }
            Listen::Unix(path) => bind_unix(path, &health.allowed_hosts)
                .await
                .map_err(|problem| BindError {
                    setting: "health.unix_socket, HEALTH_UNIX_SOCKET",
                    place: path.display().to_string(),
                    address: None,
                    problem,
                }),
        }
    }

    /// The file of a unix socket, which is then no longer removed with the listener.
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

    /// Host names that requests may use.
    pub(super) fn hosts(&self) -> Arc<Hosts> {
        Arc::clone(&self.hosts)
    }

    /// It is a unix socket: web pages do not reach it by a host name, unless somebody forwards a port to it.
    pub(super) fn is_unix(&self) -> bool {
        matches!(self.socket, Socket::Unix(_))
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Accepted {
                stream: Box::new(stream),
                is_local: peer.ip().to_canonical().is_loopback(),
            }),
            Socket::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted {
                stream: Box::new(stream),
                is_local: true,
            }),
        }
    }
}

/// The error of a listener on TCP.
fn tcp(place: &impl fmt::Display, address: Option<SocketAddr>) -> impl FnOnce(Problem) -> BindError {
    let place = place.to_string();
    move |problem| BindError {
        setting: "health.listen_addr, HEALTH_LISTEN_ADDR",
        place,
        address,
        problem,
    }
}

/// The address of a host name. It is looked up on this thread, before the cage is shut, because a start may make no thread yet; the
/// system's resolver bounds the time (resolv.conf(5), timeout and attempts).
fn resolve(host: &str, port: u16, is_wide: bool) -> Result<SocketAddr, Problem> {
    let found = (host, port)
        .to_socket_addrs()
        .map_err(|error| Problem::Unresolved(Some(error)))?;
    choose(&found.collect::<Vec<_>>(), is_wide)
}

/// The first IPv4 address, as the existing client binds it, otherwise the first one.
fn choose(found: &[SocketAddr], is_wide: bool) -> Result<SocketAddr, Problem> {
    if let Some(other) = found
        .iter()
        .find(|addr| !is_wide && !addr.ip().to_canonical().is_loopback())
    {
        return Err(Problem::Reachable(other.ip()));
    }
    let first = found.iter().find(|addr| addr.is_ipv4()).or(found.first());
    first.copied().ok_or(Problem::Unresolved(None))
}

async fn bind_tcp(host: &str, addr: SocketAddr, allowed: &[String]) -> Result<Listener, Problem> {
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
        hosts: Arc::new(Hosts::new(allowed)),
        file: None,
    })
}

async fn bind_unix(path: &Path, allowed: &[String]) -> Result<Listener, Problem> {
    let length = path.as_os_str().as_bytes().len();
    if length > UNIX_SOCKET_PATH_MAX {
        return Err(Problem::TooLong(length));
    }
    // Others read the URL in other directories.
    let absolute = std::path::absolute(path).map_err(Problem::Io)?;
    let spot = Spot::of(&absolute, Rule::creating(), Missing::Make(DIRECTORY_MODE))?;
    let _turn = turn(&spot).await;
    remove_stale(&spot).await?;
    let listener = bind_at(&spot, SOCKET_MODE)?;
    let (bound, _) = spot.look()?.ok_or(Problem::Io(ErrorKind::NotFound.into()))?;
    let file = OwnFile::new(spot, bound).map_err(Problem::Io)?;
    Ok(Listener {
        socket: Socket::Unix(listener),
        url: unix_url::encode(&absolute),
        addr: absolute.display().to_string(),
        hosts: Arc::new(Hosts::new(allowed)),
        file: Some(file),
    })
}

/// bind(2) takes no directory, but a path that leads through its descriptor. Where that path is longer than an address may be, the
/// socket is bound by a short name first; an entry that has the name by then is not replaced.
pub(super) fn bind_at(spot: &Spot, mode: u32) -> Result<UnixListener, Problem> {
    let bind = |spot: &Spot| {
        let _mask = Umask::set(!mode & 0o777);
        UnixListener::bind(spot.path_by_descriptor()).map_err(in_use)
    };
    if spot.path_by_descriptor().as_os_str().len() <= UNIX_SOCKET_PATH_MAX {
        return bind(spot);
    }
    let short = spot.unguessable("tc", "")?;
    let listener = bind(&short)?;
    let named = short.rename_if_free(spot).map_err(|error| in_use(error.into()));
    named.inspect_err(|_| short.discard())?;
    Ok(listener)
}

pub(super) fn in_use(error: io::Error) -> Problem {
    match error.kind() {
        ErrorKind::AddrInUse | ErrorKind::AlreadyExists => Problem::InUse,
        _ => Problem::Io(error),
    }
}

/// A lock on the directory: of two that start at once over a stale socket, one would remove the other's new one. Whoever
/// cannot have it goes on without after a while, because others may lock a directory for as long as they like.
async fn turn(spot: &Spot) -> Option<File> {
    let directory = spot.open_directory().ok()?;
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
async fn remove_stale(spot: &Spot) -> Result<(), Problem> {
    let (socket, found) = match spot.look()? {
        None => return Ok(()),
        Some((_, found)) if !found.file_type().is_socket() => return Err(Problem::NotASocket),
        Some(found) => found,
    };
    // Never waits: a listener whose queue is full answers EAGAIN, and is one.
    match UnixStream::connect(files::path_by_descriptor(&socket)).await {
        Ok(_) => Err(Problem::InUse),
        Err(error) => match error.kind() {
            // Only the file that was found to be a socket.
            ErrorKind::ConnectionRefused => spot.remove_if(Identity::from(&found)).map_err(Problem::Io),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(found: &[&str], is_wide: bool) -> Result<String, String> {
        let found: Vec<SocketAddr> = found.iter().filter_map(|text| text.parse().ok()).collect();
        match choose(&found, is_wide) {
            Ok(addr) => Ok(addr.to_string()),
            Err(Problem::Reachable(address)) => Err(address.to_string()),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_name_is_bound_when_every_address_of_it_is_a_loopback_one() {
        for (found, bound) in [
            (["127.0.0.1:1"].as_slice(), "127.0.0.1:1"),
            (&["[::1]:1", "127.0.0.2:1"], "127.0.0.2:1"),
            (&["[::1]:1"], "[::1]:1"),
            (&["[::ffff:127.0.0.1]:1"], "[::ffff:127.0.0.1]:1"),
        ] {
            assert_eq!(chosen(found, false).as_deref(), Ok(bound), "{found:?}");
        }
        for (found, other) in [
            (["127.0.0.1:1", "192.0.2.1:1"].as_slice(), "192.0.2.1"),
            (&["[2001:db8::1]:1", "127.0.0.1:1"], "2001:db8::1"),
            (&["0.0.0.0:1"], "0.0.0.0"),
            (&["[::ffff:192.0.2.1]:1"], "::ffff:192.0.2.1"),
        ] {
            assert_eq!(chosen(found, false), Err(other.to_owned()), "{found:?}");
            assert!(chosen(found, true).is_ok(), "{found:?}");
        }
        assert_eq!(chosen(&[], false), Err("Unresolved(None)".to_owned()));
    }
}
