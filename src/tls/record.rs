//! What a peer sent and asked for during a handshake, kept for whoever explains it to people.
//!
//! The decision stays with the verifier of every connection; what stands here only listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::facts::CertFacts;
use super::identity::Identity;
use crate::limits::TLS_CHAIN_MAX;

/// Filled during one handshake.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Seen>);

/// What was seen.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// The peer's certificates as they came, at most [`TLS_CHAIN_MAX`].
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The peer asked for a client certificate.
    pub(super) asked: bool,
    /// We showed one.
    pub(super) sent: bool,
}

impl Record {
    /// What is known of the peer's certificates, its own first; nothing when it showed none.
    pub(crate) fn chain(&self) -> Vec<CertFacts> {
        self.lock().chain.iter().map(|der| CertFacts::of(der)).collect()
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes the chain, then asks the verifier of every connection.
#[derive(Debug)]
pub(super) struct Verifier {
    inner: Arc<dyn ServerCertVerifier>,
    record: Arc<Record>,
}

impl Verifier {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>, record: Arc<Record>) -> Self {
        Self { inner, record }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).take(TLS_CHAIN_MAX);
        self.record.lock().chain = chain.map(|c| c.clone().into_owned()).collect();
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Notes that the peer asks, then shows the same certificate as ever.
#[derive(Debug)]
pub(super) struct Certificates {
    identity: Option<Arc<Identity>>,
    record: Arc<Record>,
}

impl Certificates {
    pub(super) fn new(identity: Option<Arc<Identity>>, record: Arc<Record>) -> Self {
        Self { identity, record }
    }
}

impl ResolvesClientCert for Certificates {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let key = self.identity.as_ref().map(|identity| Arc::clone(identity.key()));
        let mut seen = self.record.lock();
        seen.asked = true;
        seen.sent = key.as_ref().is_some_and(|key| key.key.choose_scheme(schemes).is_some());
        key
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}
