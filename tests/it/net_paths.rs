//! The way to a peer, step by step, over real sockets: each step is told, and the first that fails is named with its
//! cause.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use tunnel_client::config::Identity;
use tunnel_client::net::{Cause, Hop, NetError, Step, Via};
use tunnel_client::tls::{self, AnchorSource};

use crate::support::cases::closed_port;
use crate::support::site::{Site, facts, port, server, walk};
use crate::support::tls::{Authority, long_expired, not_yet_valid};

// ---- direct --------------------------------------------------------------------------------------------------------

#[test]
fn a_walk_tells_addresses_connection_and_certificates() {
    let (site, names) = (Site::new(), ["localhost", "127.0.0.1"]);
    let server = server(Some(site.authority.server(&names)));
    let hops = site
        .walk(&format!("https://localhost:{}/x?secret", port(&server)), Via::Direct)
        .complete();
    let [
        Hop::Resolved { host, addresses },
        Hop::Connected { peer },
        Hop::Encrypted(facts),
    ] = &hops[..]
    else {
        panic!("{hops:?}")
    };
    assert_eq!(host, "localhost");
    assert!(addresses.contains(&server.socket_address()), "{addresses:?}");
    assert_eq!(*peer, server.socket_address().to_string());
    assert_eq!(facts.version, "TLS 1.3");
    assert_eq!(facts.chain[0].names, names);
    assert!(facts.chain[0].issuer.contains("test authority"), "{facts:?}");
    assert!(facts.anchor.as_ref().unwrap().contains("test authority"), "{facts:?}");
    assert_eq!(facts.anchor_from, Some(AnchorSource::Bundle));
    assert!(!facts.client_certificate_asked && !facts.client_certificate_sent);
}

#[test]
fn a_name_without_an_address_fails_at_resolve() {
    let error = Site::new()
        .walk("http://no-such-host.invalid/", Via::Direct)
        .fails(Step::Resolve);
    // Which of them, the name servers of this machine decide.
    let (Cause::Unresolved(why), NetError::Dns(also)) = (&error.cause, error.error) else {
        panic!("{error:?}");
    };
    assert_eq!(*why, also);
    assert_eq!(
        error.to_string(),
        format!("resolving no-such-host.invalid:80: the name has no address: {why}")
    );
}

#[test]
fn a_port_that_nobody_listens_on_fails_at_connect() {
    let address = closed_port();
    let error = Site::new()
        .walk(&format!("https://{address}/"), Via::Direct)
        .fails(Step::Connect);
    assert_eq!(error.cause, Cause::Io(io::ErrorKind::ConnectionRefused));
    assert_eq!(error.error, NetError::Refused);
    assert_eq!(
        error.to_string(),
        format!("connecting to {address}: connection refused")
    );
}

#[test]
fn a_socket_that_is_missing_fails_at_connect_and_names_its_path() {
    let site = Site::new();
    let path = site.files.file("none.sock");
    let error = site
        .walk("http://localhost/mcp", Via::Unix(path.clone()))
        .fails(Step::Connect);
    assert_eq!(error.error, NetError::Refused);
    assert_eq!(
        error.to_string(),
        format!("connecting to {}: there is no such socket", path.display())
    );
}

// ---- certificates of servers ---------------------------------------------------------------------------------------

#[test]
fn an_expired_certificate_is_named_with_its_date() {
    let site = Site::new();
    let server = server(Some(site.authority.server_with(&["127.0.0.1"], long_expired)));
    let cause = site.walk(&server.origin(), Via::Direct).fails_in_tls();
    assert!(
        matches!(
            cause,
            tls::Cause::Expired {
                not_after: Some(_),
                issuer: None
            }
        ),
        "{cause:?}"
    );
    assert_eq!(cause.to_string(), "the certificate expired on 2002-02-03 00:00:00 UTC");
}

#[test]
fn a_certificate_of_the_future_is_named_with_its_date() {
    let site = Site::new();
    let server = server(Some(site.authority.server_with(&["127.0.0.1"], not_yet_valid)));
    let cause = site.walk(&server.origin(), Via::Direct).fails_in_tls();
    assert!(matches!(cause, tls::Cause::NotYetValid { .. }), "{cause:?}");
    assert!(cause.to_string().contains("2090-01-02"), "{cause}");
}

#[test]
fn an_unknown_issuer_is_named() {
    let server = server(Some(Authority::named("somebody else").server(&["127.0.0.1"])));
    let cause = Site::new().walk(&server.origin(), Via::Direct).fails_in_tls();
    let tls::Cause::UnknownIssuer {
        issuer: Some(issuer), ..
    } = &cause
    else {
        panic!("{cause:?}")
    };
    assert_eq!(issuer, "CN=somebody else");
}

#[test]
fn a_certificate_for_other_names_is_told_with_these_names() {
    let site = Site::new();
    let server = server(Some(site.authority.server(&["a.example", "192.0.2.7"])));
    let cause = site.walk(&server.origin(), Via::Direct).fails_in_tls();
    let tls::Cause::WrongName { presented, .. } = &cause else {
        panic!("{cause:?}")
    };
    assert_eq!(presented, &["a.example", "192.0.2.7"]);
}

#[test]
fn a_peer_that_speaks_no_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let _peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(Site::new().walk(&url, Via::Direct).fails_in_tls(), tls::Cause::NotTls);
}

// ---- client certificates -------------------------------------------------------------------------------------------

#[test]
fn a_client_certificate_opens_the_way_and_its_absence_or_a_wrong_one_is_named() {
    let site = Site::new();
    for tls13 in [true, false] {
        let server = server(Some(site.authority.server_for(&["127.0.0.1"], &site.authority, tls13)));
        let with =
            |identity: Option<&Identity>| walk(&site.connector(&server.origin(), Via::Direct, identity).unwrap());
        let good = site.identity(site.authority.client("ours"));
        let hops = with(Some(&good)).complete();
        assert_eq!(facts(&hops).version, if tls13 { "TLS 1.3" } else { "TLS 1.2" });
        assert!(facts(&hops).client_certificate_asked && facts(&hops).client_certificate_sent);

        assert_eq!(
            with(None).fails_in_tls(),
            tls::Cause::ClientCertificateRequired,
            "TLS 1.3: {tls13}"
        );

        let wrong = site.identity(Authority::named("strangers").client("ours"));
        let cause = with(Some(&wrong)).fails_in_tls();
        assert!(
            matches!(cause, tls::Cause::ClientCertificateRefused(_)),
            "TLS 1.3: {tls13}, {cause:?}"
        );

        let expired = site.identity(site.authority.client_with("ours", long_expired));
        let cause = with(Some(&expired)).fails_in_tls();
        assert_eq!(
            cause,
            tls::Cause::ClientCertificateRefused("certificate_expired"),
            "TLS 1.3: {tls13}"
        );
    }
}

#[test]
fn every_mistake_in_a_client_certificate_names_the_setting_and_the_file() {
    let site = Site::new();
    let good = site.authority.client("ours");
    let other = site.authority.client("theirs");

    let mismatch = site.identity((good.0.clone(), other.1.clone()));
    let text = site.problem(&mismatch);
    assert!(
        text.starts_with("invalid mcp.client_cert: ") && text.contains("client.key"),
        "{text}"
    );
    assert!(text.contains("private key does not match"), "{text}");

    for (pair, gist) in [
        ((String::new(), good.1.clone()), "no certificate found"),
        (("-----BEGIN CERTIFICATE-----\n!\n".to_owned(), good.1.clone()), "is cut off"),
        (
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(), good.1.clone()),
            "it is damaged",
        ),
        ((good.0.clone(), good.0.clone()), "no private key found"),
        ((good.0.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"), good.1.clone()), "rules of trust"),
        ((good.0.replace("-----BEGIN", "----BEGIN"), good.1.clone()), "damaged or misplaced BEGIN"),
        ((good.0.clone(), good.1.replace("-----END", "----END")), "is cut off"),
        (
            (good.0.clone(), good.1.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
            "protected by a passphrase",
        ),
        (
            (good.0.clone(), "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n".to_owned()),
            "protected by a passphrase",
        ),
        (
            (good.0.clone(), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned()),
            "the private key cannot be used",
        ),
    ] {
        let text = site.problem(&site.identity(pair));
        assert!(text.contains(gist), "{gist}: {text}");
    }

    let exposed = site.identity(good.clone());
    std::fs::set_permissions(&exposed.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let text = site.problem(&exposed);
    assert!(
        text.contains("client key path ") && text.contains("chmod 0600"),
        "{text}"
    );

    let missing = Identity {
        key: site.files.file("nowhere.key"),
        ..site.identity(good)
    };
    let text = site.problem(&missing);
    assert!(
        text.contains("nowhere.key") && text.contains("cannot be read"),
        "{text}"
    );
}

/// PKCS#1 and SEC1; what `openssl x509 -req` issues without an extension file is of version 1.
#[test]
fn old_forms_of_keys_and_certificates_are_taken() {
    let site = Site::new();
    let data = |name: &str| {
        let path = format!("{}/tests/data/identity/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    for kind in ["rsa", "ec"] {
        let (certificate, key) = (data(&format!("{kind}.crt")), data(&format!("{kind}.key")));
        let identity = site.identity((certificate.clone(), key));
        site.connector("https://127.0.0.1/", Via::Direct, Some(&identity))
            .unwrap();

        let (_, other) = site.authority.client("other");
        let text = site.problem(&site.identity((certificate, other)));
        assert!(text.contains("private key does not match"), "{text}");
    }
}
