//! Servers whose own certificate stands in the bundle.
//!
//! `openssl req -x509`, the usual way to a certificate of one's own, makes one that is an authority and a server at once. As an
//! end of a chain webpki refuses it; Go, and the people who put it into the bundle, take it for what it is. So what stands in
//! the bundle byte for byte, with names in it, is trusted as it is: for these names, in its time, for servers.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::facts::{CertFacts, Validity};
use super::provider;
use super::roots::Roots;
use super::unsuitable::{All, Unsuitable};

/// webpki's verdict, but for servers that the bundle knows.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None`: no authority is trusted, only servers.
    webpki: Option<Arc<dyn ServerCertVerifier>>,
    roots: Roots,
}

impl Verifier {
    /// Trusts `roots`; `None` when there is nothing in them.
    pub(super) fn of(roots: &Roots) -> Option<Arc<dyn ServerCertVerifier>> {
        let webpki = WebPkiServerVerifier::builder_with_provider(roots.store(), provider::provider()).build();
        let webpki = webpki.ok().map(|webpki| webpki as Arc<dyn ServerCertVerifier>);
        if webpki.is_none() && roots.bundle().servers.is_empty() {
            return None;
        }
        Some(Arc::new(Self {
            webpki,
            roots: roots.clone(),
        }))
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
        let verdict = match &self.webpki {
            Some(webpki) => webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(refuse(CertificateError::UnknownIssuer)),
        };
        let known = || self.roots.bundle().servers.iter().any(|server| server == end_entity);
        match verdict {
            Err(_) if known() => as_it_is(end_entity, server_name, now),
            Err(error) => Err(with_the_rest(
                self.clearer(error, end_entity, intermediates),
                end_entity,
            )),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider::provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, &algorithms).map_err(|error| about_key(error, cert))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider::provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms).map_err(|error| about_key(error, cert))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl Verifier {
    /// A verdict of webpki in other words, where its own mean something else: it has one for a signature that is not the issuer's and
    /// for one of a key that is too short; and rustls one for a certificate that has ended and for one that ends before it begins.
    fn clearer(&self, error: Error, own: &CertificateDer<'_>, issuers: &[CertificateDer<'_>]) -> Error {
        match &error {
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                let chain = std::iter::once(own).chain(issuers);
                let keys = issuers.iter().filter_map(Unsuitable::key_of);
                match keys.chain(self.roots.keys_above(chain)).next() {
                    Some(key) => unsuitable(key),
                    None => error,
                }
            }
            Error::InvalidCertificate(CertificateError::Expired) => unsuitable(Unsuitable::Validity),
            _ => error,
        }
    }
}

/// A signature of the handshake that is not accepted because of the key.
fn about_key(error: Error, certificate: &CertificateDer<'_>) -> Error {
    match (&error, Unsuitable::key_of(certificate)) {
        (Error::InvalidCertificate(CertificateError::BadSignature), Some(key)) => unsuitable(key),
        _ => error,
    }
}

/// A verdict on the server's own certificate, and what else is wrong with that: the next one must not fail for it.
fn with_the_rest(error: Error, own: &CertificateDer<'_>) -> Error {
    let Error::InvalidCertificate(verdict) = &error else {
        return error;
    };
    let faults = CertFacts::of(own).defects;
    let is_of_own = match verdict {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            faults.contains(&Unsuitable::NoNames)
        }
        verdict => Unsuitable::of(verdict).is_some_and(|verdict| faults.iter().any(|fault| fault.is_like(&verdict))),
    };
    match is_of_own && faults.len() > 1 {
        true => refuse(CertificateError::Other(OtherError(Arc::new(All(faults))))),
        false => error,
    }
}

fn unsuitable(why: Unsuitable) -> Error {
    refuse(CertificateError::Other(OtherError(Arc::new(why))))
}

/// Name, time and purpose: all that a certificate that is trusted itself still has to say. That the server holds its key is
/// verified by the signature of the handshake, as ever.
fn as_it_is(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let facts = CertFacts::of(certificate);
    match facts.validity(UNIX_EPOCH + Duration::from_secs(now.as_secs())) {
        _ if facts.not_after.is_none() || facts.not_before.is_none() => {
            return Err(refuse(CertificateError::BadEncoding));
        }
        Validity::Expired => return Err(refuse(CertificateError::Expired)),
        Validity::NotYetValid => return Err(refuse(CertificateError::NotValidYet)),
        Validity::Valid => {}
    }
    if !facts.purposes.server {
        return Err(refuse(CertificateError::InvalidPurpose));
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    Ok(ServerCertVerified::assertion())
}

fn refuse(error: CertificateError) -> Error {
    Error::InvalidCertificate(error)
}
