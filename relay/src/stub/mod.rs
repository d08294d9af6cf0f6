//! `tunnel-relay mcp-stub`: a small MCP server for demos and tests, over HTTP, a unix socket or stdio. It has tools
//! that behave well, and tools that misbehave in every way a client must survive.

mod catalog;
mod http;
mod protocol;
mod sse;
mod stdio;
mod tools;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};

use crate::serve::write_url_file;
use protocol::Stub;

/// What the command line says.
#[derive(Debug)]
pub(crate) struct StubOptions {
    /// How the server is reached.
    pub(crate) transport: Transport,
    /// Where to write its URL.
    pub(crate) url_file: Option<PathBuf>,
}

/// How the server is reached.
#[derive(Debug)]
pub(crate) enum Transport {
    /// `host:port`.
    Tcp(String),
    /// A socket's path.
    Unix(PathBuf),
    /// stdin and stdout.
    Stdio,
}

/// Serves until the end of stdin, SIGTERM or SIGINT.
pub(crate) async fn run(options: StubOptions) -> Result<(), String> {
    let signals = |error: std::io::Error| format!("signals cannot be received: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    tokio::select! {
        ended = serve(options) => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// The process ends as a server that crashes does: at once, with what it was doing undone.
#[expect(clippy::disallowed_methods, reason = "the point is that no destructor runs")]
fn crash() -> ! {
    std::process::exit(3)
}

async fn serve(options: StubOptions) -> Result<(), String> {
    let url_file = options.url_file.as_deref();
    match options.transport {
        Transport::Stdio => stdio::serve(Arc::new(Stub::new("stdio")))
            .await
            .map_err(|error| format!("stdio: {error}")),
        Transport::Tcp(addr) => {
            let fail = |error: std::io::Error| format!("--listen {addr}: {error}");
            let listener = TcpListener::bind(&addr).await.map_err(fail)?;
            let url = format!("http://{}/mcp", listener.local_addr().map_err(fail)?);
            write_url_file(url_file, &url)?;
            crate::log::info("MCP stub listening", &[("url", &url)]);
            http::serve_tcp(listener, Arc::new(Stub::new("http"))).await
        }
        Transport::Unix(path) => {
            let listener =
                UnixListener::bind(&path).map_err(|error| format!("--unix-socket {}: {error}", path.display()))?;
            write_url_file(url_file, "http://localhost/mcp")?;
            crate::log::info("MCP stub listening", &[("unix-socket", &path.display())]);
            http::serve_unix(listener, Arc::new(Stub::new("unix"))).await
        }
    }
}
