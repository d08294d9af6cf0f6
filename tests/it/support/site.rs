//! Walking the way to a peer: what a test connects with, and what it saw.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use tunnel_client::config::{HttpUrl, Identity, Lockdown, Proxy, Timeouts, Trust};
use tunnel_client::net::{Cause, Connector, Hop, HopError, Network, Peer, Step, Via, Way};
use tunnel_client::tls::{self, TlsFacts};

use super::answer::Answer;
use super::http::Server;
use super::scratch::Scratch;
use super::tls::Authority;

/// What a test connects with.
pub struct Site {
    pub files: Scratch,
    pub authority: Authority,
}

impl Site {
    pub fn new() -> Self {
        let (files, authority) = (Scratch::new(), Authority::new());
        files.write("ca.pem", authority.pem());
        Self { files, authority }
    }

    pub fn server(&self) -> Server {
        server(Some(self.authority.server(&["127.0.0.1", "peer.example"])))
    }

    pub fn connector(&self, url: &str, via: Via, identity: Option<&Identity>) -> Result<Connector, Arc<tls::Error>> {
        self.locked_down(&Lockdown::default(), Peer::Server, url, via, identity)
    }

    /// A connector under rules.
    pub fn locked_down(
        &self,
        rules: &Lockdown,
        peer: Peer,
        url: &str,
        via: Via,
        identity: Option<&Identity>,
    ) -> Result<Connector, Arc<tls::Error>> {
        let url = HttpUrl::parse(url).unwrap();
        let way = Way {
            url: &url,
            via,
            identity,
            peer,
        };
        let network = Network::of_way(&self.trust(), rules, Timeouts::default(), &way).unwrap();
        network.connector(&way)
    }

    /// In the authority of this site, besides those that are built in.
    pub fn trust(&self) -> Trust {
        Trust {
            webpki: true,
            bundle: Some(self.files.file("ca.pem")),
            ..Trust::default()
        }
    }

    pub fn walk(&self, url: &str, via: Via) -> Walk {
        walk(&self.connector(url, via, None).unwrap())
    }

    pub fn identity(&self, (certificate, key): (String, String)) -> Identity {
        Identity {
            certificate: self.private("client.pem", &certificate),
            key: self.private("client.key", &key),
            setting: "mcp.client_cert",
        }
    }

    fn private(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.files.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn problem(&self, identity: &Identity) -> String {
        let error = self
            .connector("https://127.0.0.1/", Via::Direct, Some(identity))
            .unwrap_err();
        assert_eq!(error.setting(), "mcp.client_cert");
        error.to_string()
    }
}

pub fn server(tls: Option<Arc<ServerConfig>>) -> Server {
    Server::tcp(
        tls,
        Arc::new(|request, _| Answer::json(200, format!("{} {}", request.method, request.target))),
    )
}

#[derive(Debug)]
pub struct Walk {
    pub hops: Vec<Hop>,
    pub end: Result<(), HopError>,
}

impl Walk {
    #[track_caller]
    pub fn complete(self) -> Vec<Hop> {
        self.end.unwrap();
        self.hops
    }

    #[track_caller]
    pub fn fails(self, step: Step) -> HopError {
        let error = self.end.unwrap_err();
        assert_eq!(error.step, step, "{error:?}");
        error
    }

    #[track_caller]
    pub fn fails_in_tls(self) -> tls::Cause {
        match self.fails(Step::Tls).cause {
            Cause::Tls(cause) => cause,
            other => panic!("{other:?}"),
        }
    }
}

pub fn walk(connector: &Connector) -> Walk {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut hops = Vec::new();
    let end = runtime.block_on(connector.walk(&mut |hop| hops.push(hop)));
    Walk { hops, end }
}

pub fn proxy(proxy: &super::proxy::Proxy, credentials: Option<&str>) -> Via {
    let url = HttpUrl::parse(&proxy.url()).unwrap();
    Via::Proxy(Proxy {
        tls: url.tls,
        host: url.host,
        port: url.port,
        credentials: credentials.map(Into::into),
        source: "http-proxy".to_owned(),
        file: None,
    })
}

pub fn facts(hops: &[Hop]) -> &TlsFacts {
    match hops.last() {
        Some(Hop::Encrypted(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

pub fn port(server: &Server) -> u16 {
    server.socket_address().port()
}
