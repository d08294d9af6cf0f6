//! An HTTP proxy on TCP or TLS: opens tunnels, forwards requests in absolute form, or misbehaves as told. Each head that
//! it gets is recorded.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::wait::eventually;

/// What the proxy does with a request.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Its work. Names end at 127.0.0.1, whatever they are.
    Serve,
    /// Its work, for requests with this `Proxy-Authorization`; 407 for the others.
    Demand(&'static str),
    /// Answers with these bytes and closes.
    Say(&'static str),
    /// Opens the tunnel with these bytes, in one write with what follows from the peer.
    OpenWith(&'static str),
    /// Its work, but whoever ends one direction of a tunnel has ended both, as with squid and tinyproxy.
    Brusque,
    /// Reads and never answers.
    Hang,
    /// Closes at once.
    Close,
}

/// A running proxy; ends with its owner.
pub struct Proxy {
    address: SocketAddr,
    tls: bool,
    heads: Arc<Mutex<Vec<String>>>,
    _stop: oneshot::Sender<()>,
}

impl Proxy {
    pub fn http(manner: Manner) -> Self {
        Self::start(None, manner)
    }

    pub fn https(tls: Arc<ServerConfig>, manner: Manner) -> Self {
        Self::start(Some(tls), manner)
    }

    /// A proxy where another one was.
    pub fn at(address: SocketAddr, manner: Manner) -> Self {
        let listener = eventually("the address of the proxy before", || {
            std::net::TcpListener::bind(address).ok()
        });
        Self::on(listener, None, manner)
    }

    fn start(tls: Option<Arc<ServerConfig>>, manner: Manner) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener, tls, manner)
    }

    fn on(listener: std::net::TcpListener, tls: Option<Arc<ServerConfig>>, manner: Manner) -> Self {
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self {
            address,
            tls: tls.is_some(),
            heads: Arc::clone(&heads),
            _stop: stop,
        };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, tls, manner, heads) => {}
                }
            });
        });
        proxy
    }

    /// For settings.
    pub fn url(&self) -> String {
        self.url_with("")
    }

    /// With `user:password@` or nothing before the host.
    pub fn url_with(&self, userinfo: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{userinfo}{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The heads of all requests so far, as they came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Waits for the first head.
    pub fn head(&self) -> String {
        eventually("a request at the proxy", || self.heads().first().cloned())
    }
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, manner: Manner, heads: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (manner, heads, tls) = (manner.clone(), Arc::clone(&heads), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, manner, heads).await,
                Some(config) => match tokio_rustls::TlsAcceptor::from(config).accept(stream).await {
                    Ok(stream) => serve(stream, manner, heads).await,
                    Err(_) => None,
                },
            }
        });
    }
}

async fn serve<S>(mut client: S, manner: Manner, heads: Arc<Mutex<Vec<String>>>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if matches!(manner, Manner::Close) {
        return None;
    }
    loop {
        let head = read_head(&mut client).await?;
        heads.lock().unwrap().push(head.clone());
        match manner {
            Manner::Hang => {
                return std::future::pending().await;
            }
            Manner::Say(answer) => {
                client.write_all(answer.as_bytes()).await.ok()?;
                return client.shutdown().await.ok();
            }
            Manner::Demand(authorization)
                if !head.contains(&format!("\r\nProxy-Authorization: {authorization}\r\n"))
                    && !head.contains(&format!("\r\nproxy-authorization: {authorization}\r\n")) =>
            {
                let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
                client.write_all(refusal.as_bytes()).await.ok()?;
                continue;
            }
            _ => {}
        }
        let opening = match manner {
            Manner::OpenWith(text) => text,
            _ => "HTTP/1.1 200 Connection established\r\n\r\n",
        };
        let mut words = head.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        if method == "CONNECT" {
            let mut peer = dial(&target).await?;
            client.write_all(opening.as_bytes()).await.ok()?;
            client.flush().await.ok()?;
            if matches!(manner, Manner::Brusque) {
                let ((mut from_client, mut to_client), (mut from_peer, mut to_peer)) =
                    (tokio::io::split(client), tokio::io::split(peer));
                tokio::select! {
                    _ = tokio::io::copy(&mut from_client, &mut to_peer) => {}
                    _ = tokio::io::copy(&mut from_peer, &mut to_client) => {}
                }
                return None;
            }
            tokio::io::copy_bidirectional(&mut client, &mut peer).await.ok()?;
            return None;
        }
        // The first request opens the way; the peer gets it in origin form and without what is the proxy's.
        let rest = target.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/')?);
        let mut peer = dial(authority).await?;
        let kept: Vec<&str> = head
            .split("\r\n")
            .skip(1)
            .filter(|line| !line.to_ascii_lowercase().starts_with("proxy-"))
            .collect();
        let origin = format!("{method} {path} HTTP/1.1\r\n{}", kept.join("\r\n"));
        peer.write_all(origin.as_bytes()).await.ok()?;
        tokio::io::copy_bidirectional(&mut client, &mut peer).await.ok()?;
        return None;
    }
}

async fn dial(authority: &str) -> Option<TcpStream> {
    let (_, port) = authority.rsplit_once(':')?;
    TcpStream::connect(("127.0.0.1", port.parse().ok()?)).await.ok()
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
