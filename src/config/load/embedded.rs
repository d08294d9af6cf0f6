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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::config::settings::EmbeddedMode;

    #[test]
    fn it_leads_to_where_the_stub_listens() {
        for (place, url, socket) in [
            (
                EmbeddedPlace::Tcp("127.0.0.1:81".parse().unwrap()),
                "http://127.0.0.1:81/mcp",
                None,
            ),
            (
                EmbeddedPlace::Tcp("[::1]:80".parse().unwrap()),
                "http://[::1]/mcp",
                None,
            ),
            (
                EmbeddedPlace::Unix("/s".into()),
                "http://localhost/mcp",
                Some("/s".into()),
            ),
        ] {
            let embedded = Embedded {
                mode: EmbeddedMode::Stateful,
                place,
                name: "n".to_owned(),
                version: "1".to_owned(),
            };
            let Target::Http {
                url: found,
                unix_socket,
                proxy,
                ..
            } = binding(&embedded).target
            else {
                panic!("{embedded:?}");
            };
            assert_eq!((found, unix_socket), (HttpUrl::parse(url).unwrap(), socket));
            assert!(proxy.is_none());
        }
    }
}
