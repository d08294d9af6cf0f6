//! The binding of the embedded MCP stub (contract: cli, section 13).

use crate::config::checked::{Binding, Target};
use crate::config::settings::{Embedded, EmbeddedPlace};
use crate::config::values::HttpUrl;
use crate::config::values::channel::MAIN;

/// Leads to the stub, directly: a proxy is somewhere else. The port is known when the stub is bound.
pub(super) fn binding(embedded: &Embedded) -> Binding {
    let (host, port, unix_socket) = match &embedded.place {
        EmbeddedPlace::Tcp(addr) => (addr.ip().to_string(), addr.port(), None),
        EmbeddedPlace::Unix(path) => ("localhost".to_owned(), 80, Some(path.clone())),
    };
    Binding {
        channel: MAIN.to_owned(),
        target: Target::Http {
            url: HttpUrl {
                tls: false,
                host,
                port,
                explicit_port: port != 80,
                path_and_query: "/mcp".to_owned(),
            },
            unix_socket,
            proxy: None,
            identity: None,
        },
    }
}
