//! The relay's certificate, and the clients' certificates if they are asked for. Nothing outside names rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

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

/// Reads the files; the error names the option at fault.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = certificates(&files.cert, "--tls-cert")?;
    let fail = |error: &dyn std::fmt::Display| format!("--tls-key {}: {error}", files.key.display());
    let key = crate::files::open(&files.key).map_err(|error| fail(&error))?;
    let key = PrivateKeyDer::from_pem_reader(key).map_err(|error| fail(&error))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path, "--client-ca")? {
                roots
                    .add(certificate)
                    .map_err(|error| format!("--client-ca {}: {error}", path.display()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if files.require_client_cert {
                verifier
            } else {
                verifier.allow_unauthenticated()
            };
            let verifier = verifier
                .build()
                .map_err(|error| format!("--client-ca {}: {error}", path.display()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        format!(
            "--tls-cert {} with --tls-key {}: {error}",
            files.cert.display(),
            files.key.display()
        )
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{option} {}: {error}", path.display());
    let file = crate::files::open(path).map_err(|error| fail(&error))?;
    let certificates = CertificateDer::pem_reader_iter(file);
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| fail(&error))?;
    if certificates.is_empty() {
        return Err(fail(&"no certificate in it"));
    }
    Ok(certificates)
}
