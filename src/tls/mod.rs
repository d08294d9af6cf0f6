//! TLS of outgoing connections. Nothing outside this module names the TLS library.
//!
//! [`Roots`] are loaded once; a [`Tls`] is made of them for every hop that shows another client certificate, or none.

mod cause;
mod error;
mod facts;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod identity;
mod pem;
mod pinned;
mod provider;
mod record;
mod roots;
mod signing;
mod system;
mod unasked;
mod unsuitable;

use std::io;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

pub use cause::{Cause, Fault, NameHint};
pub use error::{Error, IdentityFile, IdentityProblem};
pub use facts::{AnchorSource, CertFacts, Purposes, TlsFacts, Validity};
pub(crate) use record::Record;
pub use roots::Roots;
pub use unsuitable::{Faults, Unsuitable};

use crate::config::{self, TlsVersion};
pub use identity::Identities;
use identity::Identity;
use unasked::{Unasked, Watched};

/// A TLS stream over `S`.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<S>;

/// What one kind of hop trusts and shows; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    roots: Roots,
    verifier: Arc<dyn ServerCertVerifier>,
    identity: Option<Arc<Identity>>,
    unasked: Unasked,
    min_version: TlsVersion,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("client_certificate", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Trusts `roots` and shows the client certificate of `identity`, loaded into `loaded` once, to peers that ask for it.
    ///
    /// # Errors
    /// When the certificate or its key cannot be used. One that has expired is no error here: see
    /// [`Self::client_certificate`].
    pub fn new(
        roots: &Roots,
        identity: Option<&config::Identity>,
        loaded: &mut Identities<'_>,
        min_version: TlsVersion,
    ) -> Result<Self, Error> {
        let verifier = pinned::Verifier::of(roots).ok_or(Error::NothingTrusted)?;
        let unasked = Unasked::of(identity.map(|files| files.setting).unwrap_or_default());
        let identity = identity.map(|files| loaded.load(files)).transpose()?;
        let config = client_config(Arc::clone(&verifier), identity.clone(), min_version)?;
        Ok(Self {
            config: Arc::new(config),
            roots: roots.clone(),
            verifier,
            identity,
            unasked,
            min_version,
        })
    }

    /// The client certificate that is shown to peers that ask, the certificate first, then its issuers.
    pub fn client_certificate(&self) -> Option<&[CertFacts]> {
        self.identity.as_ref().map(|identity| identity.facts())
    }

    /// Performs the handshake; `host` is a DNS name or an IP address.
    ///
    /// # Errors
    /// Of the transport, or of TLS: [`Cause::of`] tells which.
    pub(crate) async fn connect<S>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(identity) = &self.identity else {
            return handshake(&self.config, host, stream).await;
        };
        let watched = Arc::new(Watched::new(Arc::clone(identity)));
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = Arc::clone(&watched) as Arc<dyn ResolvesClientCert>;
        let connected = handshake(&Arc::new(config), host, stream).await?;
        if !watched.was_asked() {
            self.unasked.tell(host);
        }
        Ok(connected)
    }

    /// The same, and keeps in `record` what the peer sent and asked for, also when the handshake fails.
    ///
    /// # Errors
    /// Those of [`Self::connect`].
    pub(crate) async fn connect_recorded<S>(
        &self,
        host: &str,
        stream: S,
        record: &Arc<Record>,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let verifier = record::Verifier::new(Arc::clone(&self.verifier), Arc::clone(record));
        let mut config = client_config(Arc::new(verifier), None, self.min_version).map_err(io::Error::other)?;
        config.client_auth_cert_resolver =
            Arc::new(record::Certificates::new(self.identity.clone(), Arc::clone(record)));
        handshake(&Arc::new(config), host, stream).await
    }

    /// What is known of a connection that [`Self::connect_recorded`] made.
    pub(crate) fn facts<S>(&self, stream: &TlsStream<S>, record: &Record) -> TlsFacts {
        facts::gather(stream.get_ref().1, record, &self.roots)
    }
}

fn client_config(
    verifier: Arc<dyn ServerCertVerifier>,
    identity: Option<Arc<Identity>>,
    min_version: TlsVersion,
) -> Result<ClientConfig, Error> {
    let versions: &[&SupportedProtocolVersion] = match min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let builder = ClientConfig::builder_with_provider(provider::provider())
        .with_protocol_versions(versions)
        .map_err(|_| Error::Provider)?
        // webpki's verifier, at most with servers that the bundle knows (`pinned.rs`) and a record of what it was given.
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let shows_certificate = identity.is_some();
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity),
        None => builder.with_no_client_auth(),
    };
    // Who proves who they are does so each time; and servers that ask for certificates without a session id context (OpenSSL's
    // SSL_CTX_set_session_id_context(3), squid by default) end resumed sessions with an internal error.
    if shows_certificate {
        config.resumption = Resumption::disabled();
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn handshake<S>(config: &Arc<ClientConfig>, host: &str, stream: S) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, rustls::Error::UnsupportedNameType))?;
    tokio_rustls::TlsConnector::from(Arc::clone(config))
        .connect(name, stream)
        .await
}
