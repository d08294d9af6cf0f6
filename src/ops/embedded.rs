//! Where the embedded MCP stub listens, and what `run` prints about it (contract: cli, section 13).

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use log::warn;
use tokio::net::TcpListener;

use super::listener::{Problem, bind_at, in_use};
use super::own_file::OwnFile;
use crate::config::{Config, Embedded, EmbeddedMode, EmbeddedPlace};
use crate::files::{self, Missing, Rule, Spot};
use crate::sandbox;
use crate::stub::{About, Listener, Stub};

/// Only this process calls the stub.
const SOCKET_MODE: u32 = 0o600;

/// The stub, bound. Connections wait until it serves.
#[derive(Debug)]
pub struct BoundStub {
    stub: Stub,
    listener: Listener,
    /// Removed with it.
    file: Option<OwnFile>,
}

/// The stub cannot be bound.
#[derive(Debug)]
pub struct Error {
    flag: &'static str,
    place: String,
    problem: Problem,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "embedded MCP stub (--{}): {}: {}",
            self.flag, self.place, self.problem
        )
    }
}

impl std::error::Error for Error {}

impl BoundStub {
    /// Binds the stub that flags ask for, tells the configuration its port, and prints where it is.
    ///
    /// # Errors
    /// The place is taken or cannot be had.
    pub async fn bind(config: &mut Config) -> Result<Option<Self>, Error> {
        let Some(embedded) = config.embedded.clone() else {
            return Ok(None);
        };
        let (listener, origin, file) = match &embedded.place {
            EmbeddedPlace::Tcp(addr) => {
                let (listener, bound) = bind_tcp(*addr).await.map_err(|problem| Error {
                    flag: "embedded-mcp-listen-addr",
                    place: addr.to_string(),
                    problem,
                })?;
                config.stub_is_bound(bound.port());
                (Listener::Tcp(listener), format!("http://{bound}"), None)
            }
            EmbeddedPlace::Unix(path) => {
                let (listener, file) = bind_unix(path, sandbox::becomes(config)).map_err(|problem| Error {
                    flag: "embedded-mcp-unix-socket",
                    place: path.display().to_string(),
                    problem,
                })?;
                (listener, "http://localhost".to_owned(), Some(file))
            }
        };
        let Embedded {
            mode, name, version, ..
        } = embedded;
        let about = About { name, version, origin };
        announce(&about);
        warn!(url = &*about.mcp_url(), flag = mode.flag(); "embedded MCP stub serves channel main");
        Ok(Some(Self {
            stub: Stub::new(about, mode == EmbeddedMode::Stateless),
            listener,
            file,
        }))
    }

    /// The file of a unix socket, which is then no longer removed with the stub.
    pub(super) fn take_file(&mut self) -> Option<OwnFile> {
        self.file.take()
    }

    /// Serves until it is dropped.
    pub async fn serve(self) {
        self.stub.serve(self.listener).await;
    }
}

/// Lines for whoever tries things. Nobody has to read them.
fn announce(about: &About) {
    let text = format!(
        "Embedded MCP stub enabled.\n\
         MCP URL: {}\n\
         PRMD URL: {}\n\
         AS metadata URL: {}\n\
         Hint: channel main is served by this stub, with the tools server_info, echo and uppercase.\n\
         Hint: connect your own MCP server with --mcp.server-url or --mcp.command instead.\n",
        about.mcp_url(),
        about.resource_metadata_url(),
        about.server_metadata_url()
    );
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

async fn bind_tcp(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), Problem> {
    let listener = TcpListener::bind(addr).await.map_err(in_use)?;
    let bound = listener.local_addr().map_err(Problem::Io)?;
    Ok((listener, bound))
}

/// Binds the socket at a free name of a directory that exists, for the user that this process becomes.
fn bind_unix(path: &Path, user: Option<u32>) -> Result<(Listener, OwnFile), Problem> {
    let spot = Spot::of(path, Rule::creating(), Missing::Fail)?;
    let listener = bind_at(&spot, SOCKET_MODE)?;
    let (bound, found) = spot.look()?.ok_or(Problem::Io(io::ErrorKind::NotFound.into()))?;
    if let Some(user) = user.filter(|_| found.file_type().is_socket()) {
        files::give(&bound, user).map_err(Problem::Io)?;
    }
    let file = OwnFile::new(spot, bound).map_err(Problem::Io)?;
    Ok((Listener::Unix(listener), file))
}
