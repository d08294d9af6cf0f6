//! A throw-away certificate authority for the loopback servers.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate authority; its servers are `localhost` and `127.0.0.1`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    name: String,
}

impl Authority {
    pub fn new() -> Self {
        Self::named("test authority")
    }

    pub fn named(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// The key of a server, used as if it were an authority's.
    pub fn of_server(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Self::signed_by_itself(name, params, change)
    }

    /// An authority whose certificate was changed before it was signed.
    pub fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self::signed_by_itself(name, params, change)
    }

    fn signed_by_itself(
        name: &str,
        mut params: CertificateParams,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            name: name.to_owned(),
        }
    }

    /// A server with a certificate that nobody else signed, and that certificate.
    pub fn self_signed(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (Arc<ServerConfig>, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let server = config(certificate.der().clone(), &key, None, rustls::ALL_VERSIONS);
        (server, certificate.pem())
    }

    /// A certificate of the same authority that ended in 2002.
    pub fn expired_pem(&self) -> String {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, &*self.name);
        long_expired(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    /// The authority's certificate, for `CA_BUNDLE`.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server identity valid for the given names (DNS names or IP addresses).
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.server_with(names, |_| {})
    }

    /// The same with a certificate that was changed before it was signed: its dates, say.
    pub fn server_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let (certificate, key) = self.issue(names, change);
        config(certificate, &key, None, rustls::ALL_VERSIONS)
    }

    /// A server that wants a client certificate of `clients`, over TLS 1.2 or 1.3 only.
    pub fn server_for(&self, names: &[&str], clients: &Self, tls13: bool) -> Arc<ServerConfig> {
        let versions: &[_] = match tls13 {
            true => &[&rustls::version::TLS13],
            false => &[&rustls::version::TLS12],
        };
        let (certificate, key) = self.issue(names, |_| {});
        config(certificate, &key, Some((clients, true)), versions)
    }

    /// A server that asks for a client certificate of `clients` and takes whoever has none.
    pub fn server_that_asks(&self, names: &[&str], clients: &Self) -> Arc<ServerConfig> {
        let (certificate, key) = self.issue(names, |_| {});
        config(certificate, &key, Some((clients, false)), rustls::ALL_VERSIONS)
    }

    /// A server that wants a client certificate of one of the `clients`, and whose own certificate can be exchanged.
    pub fn rotating_server(&self, names: &[&str], clients: &[&Self]) -> (Arc<ServerConfig>, Rotating) {
        let rotating = Rotating(Arc::new(Mutex::new(self.certified(names, |_| {}))));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in clients {
            let certificate = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
            roots.add(certificate).unwrap();
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_cert_resolver(Arc::new(rotating.clone()));
        (Arc::new(config), rotating)
    }

    fn certified(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Arc<CertifiedKey> {
        let (certificate, key) = self.issue(names, change);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        Arc::new(CertifiedKey::new(vec![certificate], signer))
    }

    /// A client certificate and its key, PEM.
    pub fn client(&self, name: &str) -> (String, String) {
        self.client_with(name, |_| {})
    }

    /// The same with a certificate that was changed before it was signed.
    pub fn client_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (CertificateDer<'static>, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key)
    }
}

/// The certificate of a server that is exchanged while it runs.
#[derive(Debug, Clone)]
pub struct Rotating(Arc<Mutex<Arc<CertifiedKey>>>);

impl Rotating {
    /// From now on the server shows a certificate of `authority`.
    pub fn exchange(&self, authority: &Authority, names: &[&str]) {
        *self.0.lock().unwrap() = authority.certified(names, |_| {});
    }

    /// From now on it shows one that has ended.
    pub fn expire(&self, authority: &Authority, names: &[&str]) {
        *self.0.lock().unwrap() = authority.certified(names, long_expired);
    }
}

impl ResolvesServerCert for Rotating {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.lock().unwrap()))
    }
}

/// Valid from 2001 to 2002.
pub fn long_expired(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(2002, 2, 3);
}

/// An authority's certificate, as openssl req -x509 makes it when nothing else is said.
pub fn of_an_authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

/// Valid from 2090 on.
pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2090, 1, 2);
    params.not_after = rcgen::date_time_ymd(2091, 1, 1);
}

fn config(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    clients: Option<(&Authority, bool)>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some((clients, required)) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match required {
                true => verifier,
                false => verifier.allow_unauthenticated(),
            };
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}
