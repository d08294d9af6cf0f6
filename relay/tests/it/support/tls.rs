//! Certificates made for one test, and connections that use them.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::http::Connection;
use super::scratch::Scratch;

/// A throw-away authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    /// Its certificate.
    pub pem: String,
}

/// A certificate and its key.
pub struct Identity {
    pub cert_pem: String,
    pub key_pem: String,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a server on loopback.
    pub fn server(&self) -> Identity {
        self.identity(&["127.0.0.1", "localhost"], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a client.
    pub fn client(&self) -> Identity {
        self.identity(&["client"], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn identity(&self, names: &[&str], purpose: ExtendedKeyUsagePurpose) -> Identity {
        self.changed(names, |params| params.extended_key_usages = vec![purpose])
    }

    /// A certificate with something changed.
    pub fn changed(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            der: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

impl Identity {
    /// Writes both files; returns their paths.
    pub fn store(&self, scratch: &Scratch, name: &str) -> (String, String) {
        let cert = scratch.file(&format!("{name}.pem"), &self.cert_pem);
        let key = scratch.file(&format!("{name}.key"), &self.key_pem);
        (cert.display().to_string(), key.display().to_string())
    }
}

/// A TLS connection that trusts the authority and shows the identity, if there is one.
pub fn connect(addr: SocketAddr, authority: &Authority, identity: Option<&Identity>) -> std::io::Result<Connection> {
    shake_hands(TcpStream::connect(addr)?, authority, identity)
}

/// The same with room for a few KiB in the kernel only.
pub fn connect_narrow(addr: SocketAddr, authority: &Authority) -> std::io::Result<Connection> {
    shake_hands(super::http::narrow_socket(addr), authority, None)
}

fn shake_hands(
    mut socket: TcpStream,
    authority: &Authority,
    identity: Option<&Identity>,
) -> std::io::Result<Connection> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_auth_cert(vec![identity.der.clone()], identity.key.clone_key())
            .unwrap(),
    };
    let name = ServerName::from(socket.peer_addr()?.ip());
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    session.complete_io(&mut socket)?;
    let copy = socket.try_clone()?;
    Ok(Connection::over(Box::new(StreamOwned::new(session, socket)), copy))
}
