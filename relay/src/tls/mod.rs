//! The relay's certificate, and the clients' certificates if they are asked for. Nothing outside names rustls.

mod certificate;
mod verdict;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::files::Opened;
use crate::log;
use crate::mistake::Mistake;
use certificate::Certificate;
use verdict::Verdict;

/// Options that name the files.
pub(crate) const CERT: &str = "--tls-cert";
pub(crate) const KEY: &str = "--tls-key";
pub(crate) const CLIENT_CA: &str = "--client-ca";

/// What the command line says about TLS.
#[derive(Debug)]
pub(crate) struct TlsFiles {
    /// PEM, the relay's certificate first.
    pub(crate) cert: PathBuf,
    /// PEM.
    pub(crate) key: PathBuf,
    /// PEM: certificates of clients must chain to one of these.
    pub(crate) client_ca: Option<PathBuf>,
    /// Whether a peer without a certificate is turned away.
    pub(crate) require_client_cert: bool,
}

/// What was read from the files.
pub(crate) struct Tls {
    /// Performs handshakes.
    pub(crate) acceptor: TlsAcceptor,
    cert: PathBuf,
    /// The relay's own certificate first; those that can be read.
    chain: Vec<Certificate>,
    /// The authorities of clients.
    authorities: Vec<CertificateDer<'static>>,
    /// The key's file and its mode, if every user of this host can read it.
    exposed_key: Option<(PathBuf, u32)>,
}

impl Tls {
    /// Reads the files, each opened by `open`.
    pub(crate) fn load(
        files: &TlsFiles,
        open: impl Fn(&'static str, &Path) -> Result<Opened, Mistake>,
    ) -> Result<Self, Mistake> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = certificates(CERT, &files.cert, &open)?;
        let fail = |reason: String| Mistake::of_file(KEY, &files.key, reason);
        let opened = open(KEY, &files.key)?;
        let exposed_key = opened.exposed_mode().map(|mode| (files.key.clone(), mode));
        let key = PrivateKeyDer::from_pem_reader(opened.file).map_err(|error| fail(error.to_string()))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Mistake::new(CERT, error.to_string()))?;
        let mut authorities = Vec::new();
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let fail = |reason: String| Mistake::of_file(CLIENT_CA, path, reason);
                authorities = certificates(CLIENT_CA, path, &open)?;
                let mut roots = RootCertStore::empty();
                for authority in &authorities {
                    roots.add(authority.clone()).map_err(|error| fail(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if files.require_client_cert {
                    verifier
                } else {
                    verifier.allow_unauthenticated()
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| fail(error.to_string()))?)
            }
        };
        let read = chain.iter().filter_map(Certificate::read).collect();
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let cert = files.cert.display();
                fail(format!(
                    "is not the key of the first certificate in {cert}; give the pair that belongs together"
                ))
            }
            error => Mistake::of_file(CERT, &files.cert, error.to_string()),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            cert: files.cert.clone(),
            chain: read,
            authorities,
            exposed_key,
        })
    }

    /// Whether every authority of clients that `before` accepted is still accepted.
    pub(crate) fn accepts_all_of(&self, before: &Self) -> bool {
        before
            .authorities
            .iter()
            .all(|authority| self.authorities.contains(authority))
    }

    /// Whether a certificate that has ended would take the place of one that has not.
    pub(crate) fn is_step_back(&self, before: &Self, now: SystemTime) -> Option<Mistake> {
        let ended = |tls: &Self| tls.chain.first().is_some_and(|own| own.has_ended(now));
        (ended(self) && !ended(before)).then(|| {
            let reason = "the certificate has expired, and the one in use has not; put a new one into the file";
            Mistake::of_file(CERT, &self.cert, reason)
        })
    }

    /// Logs what is wrong with the files although they can be used. `names` are those that callers use for the relay.
    pub(crate) fn warn(&self, names: &[Box<str>], now: SystemTime) {
        if let Some((path, mode)) = &self.exposed_key {
            log::warn(
                "TLS key can be read by every user of this host",
                &[
                    ("file", &path.display()),
                    ("mode", &format_args!("{mode:04o}")),
                    (
                        "action",
                        &"chmod 0600 it, or 0640 with the group of the relay's user (Kubernetes: defaultMode: 0400)",
                    ),
                ],
            );
        }
        self.warn_of_certificates(names, now);
    }

    /// Logs what is wrong with the certificates, which may have come with time.
    pub(crate) fn warn_of_certificates(&self, names: &[Box<str>], now: SystemTime) {
        for (place, certificate) in self.chain.iter().enumerate() {
            let verdicts = match place {
                0 => Verdict::of_own(certificate, names, now),
                _ => Verdict::of_dates(certificate, now),
            };
            for verdict in verdicts {
                verdict.log(&self.cert, certificate);
            }
        }
    }
}

fn certificates(
    option: &'static str,
    path: &Path,
    open: impl Fn(&'static str, &Path) -> Result<Opened, Mistake>,
) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    let fail = |reason: String| Mistake::of_file(option, path, reason);
    let certificates = CertificateDer::pem_reader_iter(open(option, path)?.file);
    let certificates: Vec<_> = certificates
        .collect::<Result<_, _>>()
        .map_err(|error| fail(error.to_string()))?;
    if certificates.is_empty() {
        return Err(fail("no certificate in it".into()));
    }
    Ok(certificates)
}
