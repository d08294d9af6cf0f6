//! TLS of outgoing connections. Nothing outside this module names the TLS library.

mod provider;
mod roots;

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

pub use roots::Error;

/// A TLS stream over `S`.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<S>;

/// A checked client configuration; cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<rustls::ClientConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Public roots, and those of `ca_bundle`.
    ///
    /// # Errors
    /// When the bundle cannot be read, holds no certificate, or holds one that is none.
    pub fn new(ca_bundle: Option<&Path>) -> Result<Self, Error> {
        let mut config = rustls::ClientConfig::builder_with_provider(provider::provider())
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Provider)?
            .with_root_certificates(roots::load(ca_bundle)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// Performs the handshake; `host` is a DNS name or an IP address.
    ///
    /// # Errors
    /// Of the transport, or of TLS: [`is_tls_error`] tells which.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, rustls::Error::UnsupportedNameType))?;
        tokio_rustls::TlsConnector::from(Arc::clone(&self.0))
            .connect(name, stream)
            .await
    }
}

/// True when an error of a stream is TLS's own: a certificate, an alert, a bad record.
pub fn is_tls_error(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}
