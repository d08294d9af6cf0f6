//! What is trusted, which TLS is spoken, and where the rules of a lockdown let a connection go.

use std::net::TcpListener;

use tunnel_client::config::{Cidr, HttpUrl, Lockdown, SystemStore, Timeouts, TlsVersion, Trust};
use tunnel_client::net::{Cause, Connector, Hop, NetError, Network, NetworkError, Peer, Step, Via, Way};
use tunnel_client::secrets::Outsiders;
use tunnel_client::tls::{self, AnchorSource, Roots};

use crate::support;
use crate::support::site::{Site, facts, port, proxy, server, walk};
use crate::support::tls::{Authority, long_expired, of_an_authority};
use crate::support::{Manner, Proxy, Server};

fn connector(trust: &Trust, url: &str, via: Via) -> Result<Connector, String> {
    let url = HttpUrl::parse(url).unwrap();
    let way = Way {
        url: &url,
        via,
        identity: None,
        peer: Peer::Server,
    };
    let network = Network::of_way(trust, &Lockdown::default(), Timeouts::default(), &way);
    let network = network.map_err(|error: NetworkError| error.to_string())?;
    network.connector(&way).map_err(|error| error.to_string())
}

fn tls_of(site: &Site, trust: &Trust, server: &Server) -> Result<(String, Option<AnchorSource>), tls::Cause> {
    let _ = site;
    let walked = walk(&connector(trust, &server.origin(), Via::Direct).unwrap());
    match walked.end {
        Ok(()) => {
            let facts = facts(&walked.hops);
            Ok((facts.anchor.clone().unwrap_or_default(), facts.anchor_from))
        }
        Err(_) => Err(walked.fails_in_tls()),
    }
}

/// `openssl req -x509` makes an authority that is a server too; webpki alone refuses it.
#[test]
fn a_server_whose_own_certificate_is_the_bundle_is_trusted_for_its_names_and_its_time() {
    let site = Site::new();
    for (names, change, expected) in [
        (["127.0.0.1"], None, Ok(())),
        (["127.0.0.1"], Some(of_an_authority as fn(&mut _)), Ok(())),
        (["elsewhere.example"], Some(of_an_authority as fn(&mut _)), Err("name")),
    ] {
        let (own, pem) = Authority::self_signed(&names, change.unwrap_or(|_| {}));
        let server = server(Some(own));
        site.files.write("own.pem", &pem);
        let trust = Trust {
            bundle: Some(site.files.file("own.pem")),
            ..Trust::default()
        };
        let ended = tls_of(&site, &trust, &server);
        match (expected, ended) {
            (Ok(()), Ok((_, from))) => assert_eq!(from, Some(AnchorSource::Bundle)),
            (Err("name"), Err(tls::Cause::WrongName { .. })) => {}
            (expected, ended) => panic!("{names:?}: {expected:?} {ended:?}"),
        }
        // The same name and another key: not what stands in the bundle.
        let (impostor, _) = Authority::self_signed(&names, change.unwrap_or(|_| {}));
        let impostor = support::site::server(Some(impostor));
        tls_of(&site, &trust, &impostor).unwrap_err();
    }
}

#[test]
fn a_server_whose_own_certificate_has_ended_is_not_trusted() {
    let site = Site::new();
    let (own, pem) = Authority::self_signed(&["127.0.0.1"], long_expired);
    site.files.write("own.pem", &format!("{}{pem}", site.authority.pem()));
    let trust = Trust {
        bundle: Some(site.files.file("own.pem")),
        ..Trust::default()
    };
    tls_of(&site, &trust, &server(Some(own))).unwrap_err();
}

/// A server that is trusted as it is must not be able to make others trusted.
#[test]
fn what_a_server_of_the_bundle_signs_is_not_trusted() {
    let site = Site::new();
    for change in [
        (|_| {}) as fn(&mut rcgen::CertificateParams),
        |params| params.is_ca = rcgen::IsCa::ExplicitNoCa,
        |params| params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature],
        |params| {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        },
    ] {
        let leaf = Authority::of_server("only-this.example", change);
        site.files.write("leaf.pem", leaf.pem());
        let trust = Trust {
            bundle: Some(site.files.file("leaf.pem")),
            ..Trust::default()
        };
        let cause = tls_of(&site, &trust, &server(Some(leaf.server(&["127.0.0.1"])))).unwrap_err();
        assert!(matches!(cause, tls::Cause::UnknownIssuer { .. }), "{cause:?}");
    }
}

#[test]
fn an_authority_that_has_ended_or_not_begun_is_not_trusted() {
    let site = Site::new();
    for change in [long_expired as fn(&mut _), support::tls::not_yet_valid] {
        let authority = Authority::with("ended", change);
        site.files
            .write("ended.pem", &format!("{}{}", site.authority.pem(), authority.pem()));
        let trust = Trust {
            bundle: Some(site.files.file("ended.pem")),
            ..Trust::default()
        };
        tls_of(&site, &trust, &server(Some(authority.server(&["127.0.0.1"])))).unwrap_err();
        tls_of(&site, &trust, &site.server()).unwrap();
        // Nor as the store of the system.
        let store = SystemStore {
            file: Some(site.files.file("ended.pem")),
            required: true,
        };
        let trust = Trust {
            system: Some(store),
            ..Trust::default()
        };
        tls_of(&site, &trust, &server(Some(authority.server(&["127.0.0.1"])))).unwrap_err();
        tls_of(&site, &trust, &site.server()).unwrap();
    }
}

#[test]
fn exactly_the_sets_that_are_named_are_trusted() {
    let site = Site::new();
    let server = site.server();
    let store = SystemStore {
        file: Some(site.files.file("ca.pem")),
        required: true,
    };
    let cases = [
        (site.trust(), Ok(AnchorSource::Bundle)),
        (
            Trust {
                webpki: true,
                ..Trust::default()
            },
            Err(()),
        ),
        (
            Trust {
                system: Some(store),
                ..Trust::default()
            },
            Ok(AnchorSource::System),
        ),
        (
            Trust {
                webpki: false,
                ..site.trust()
            },
            Ok(AnchorSource::Bundle),
        ),
    ];
    for (trust, expected) in cases {
        match (tls_of(&site, &trust, &server), expected) {
            (Ok((_, from)), Ok(expected)) => assert_eq!(from, Some(expected)),
            (Err(tls::Cause::UnknownIssuer { .. }), Err(())) => {}
            (ended, _) => panic!("{trust:?}: {ended:?}"),
        }
    }
    let nothing = connector(&Trust::default(), "https://127.0.0.1/", Via::Direct).unwrap_err();
    assert!(nothing.contains("no certificate authority is trusted"), "{nothing}");
}

#[test]
fn entries_of_a_bundle_that_are_of_no_use_are_named_by_their_subject() {
    let site = Site::new();
    // Well-formed PEM of what is no certificate, in the middle.
    let junk = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
    let expired = Authority::named("old authority").expired_pem();
    site.files
        .write("mixed.pem", &format!("{junk}{}{expired}", site.authority.pem()));
    let bundle = |name: &str| Trust {
        bundle: Some(site.files.file(name)),
        ..Trust::default()
    };
    let roots = Roots::load(&bundle("mixed.pem"), &Outsiders::default()).unwrap();
    let notes = roots.notes();
    assert!(
        notes[0].starts_with("certificate 1 of ca-bundle is none that can be read"),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("certificate 3 of ca-bundle expired on 2002-02-03")
            && notes[1].ends_with("CN=old authority"),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 2);
    tls_of(&site, &bundle("mixed.pem"), &site.server()).unwrap();
    for (text, gist) in [
        ("", "no certificates found"),
        (junk, "nothing in"),
        (
            "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n",
            "certificate 1",
        ),
    ] {
        site.files.write("useless.pem", text);
        let error = Roots::load(&bundle("useless.pem"), &Outsiders::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(gist) && error.contains("useless.pem"),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn an_authority_that_may_not_sign_is_told_with_the_extension_that_is_missing() {
    let site = Site::new();
    for (change, gist) in [
        (
            (|params| params.is_ca = rcgen::IsCa::ExplicitNoCa) as fn(&mut rcgen::CertificateParams),
            "basicConstraints CA:TRUE is missing",
        ),
        (
            |params| params.is_ca = rcgen::IsCa::NoCa,
            "basicConstraints CA:TRUE is missing",
        ),
        (
            |params| params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign],
            "its keyUsage lacks keyCertSign",
        ),
    ] {
        let authority = Authority::with("no authority", change);
        site.files
            .write("useless.pem", &format!("{}{}", site.authority.pem(), authority.pem()));
        let trust = Trust {
            bundle: Some(site.files.file("useless.pem")),
            ..Trust::default()
        };
        let notes = Roots::load(&trust, &Outsiders::default()).unwrap().notes();
        assert!(notes.len() == 1 && notes[0].contains(gist), "{gist}: {notes:?}");
    }
}

/// Editors and downloads add and change what openssl reads all the same.
#[test]
fn a_bundle_in_another_form_is_read_or_its_form_is_named() {
    let site = Site::new();
    let pem = site.authority.pem();
    let bundle = Trust {
        bundle: Some(site.files.file("form.pem")),
        ..Trust::default()
    };
    for text in [
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\r\n"),
        pem.replace(" CERTIFICATE", " X509 CERTIFICATE"),
        format!("issuer: me\n{}", pem.replace('\n', "\n  ")),
    ] {
        site.files.write("form.pem", &text);
        let roots = Roots::load(&bundle, &Outsiders::default()).unwrap();
        assert_eq!(roots.notes(), Vec::<String>::new(), "{text}");
        tls_of(&site, &bundle, &site.server()).unwrap();
    }
    let (_, key) = site.authority.client("x");
    for (text, gist) in [
        (
            format!("{pem}{}", pem.replace(" CERTIFICATE", " TRUSTED CERTIFICATE")),
            "rules of trust",
        ),
        (format!("{key}{pem}"), "line 1 of ca-bundle is a private key"),
        (
            format!("{pem}\u{2013}\u{2013}BEGIN CERTIFICATE\u{2013}\u{2013}\n"),
            "looks like the begin",
        ),
    ] {
        site.files.write("form.pem", &text);
        let notes = Roots::load(&bundle, &Outsiders::default()).unwrap().notes();
        assert!(notes.len() == 1 && notes[0].contains(gist), "{notes:?}");
    }
    let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, gist) in [
        (utf16, "iconv"),
        (vec![0x30, 0x82, 0x01, 0x00], "-inform DER"),
        (pem.as_bytes()[..pem.len() - 40].to_vec(), "cut off"),
    ] {
        std::fs::write(site.files.file("form.pem"), bytes).unwrap();
        let error = Roots::load(&bundle, &Outsiders::default()).unwrap_err().to_string();
        assert!(error.contains(gist) && error.contains("form.pem"), "{error}");
    }
}

/// A mark of two bytes before the first line must not cost a certificate of the system's store.
#[test]
fn a_system_store_with_a_byte_order_mark_is_read_whole() {
    let site = Site::new();
    site.files
        .write("store.pem", &format!("\u{feff}{}", site.authority.pem()));
    let trust = Trust {
        system: Some(SystemStore {
            file: Some(site.files.file("store.pem")),
            required: true,
        }),
        ..Trust::default()
    };
    tls_of(&site, &trust, &site.server()).unwrap();
}

#[test]
fn an_old_version_of_tls_is_not_spoken_when_a_newer_one_is_asked_for() {
    let site = Site::new();
    let (certificate, key) = site.authority.client("nobody");
    let identity = site.identity((certificate, key));
    let strict = Trust {
        min_version: TlsVersion::V1_3,
        ..site.trust()
    };
    for (tls13, expected) in [(true, true), (false, false)] {
        let server = server(Some(site.authority.server_for(&["127.0.0.1"], &site.authority, tls13)));
        let url = HttpUrl::parse(&server.origin()).unwrap();
        let way = Way {
            url: &url,
            via: Via::Direct,
            identity: Some(&identity),
            peer: Peer::Server,
        };
        let network = Network::of_way(&strict, &Lockdown::default(), Timeouts::default(), &way).unwrap();
        let walked = walk(&network.connector(&way).unwrap());
        match expected {
            true => assert_eq!(facts(&walked.complete()).version, "TLS 1.3"),
            false => assert_eq!(walked.fails_in_tls(), tls::Cause::NoCommonVersion),
        }
    }
}

#[test]
fn a_proxy_over_tls_has_trust_and_a_client_certificate_of_its_own() {
    let site = Site::new();
    let proxies = Authority::named("authority of proxies");
    site.files.write("proxies.pem", proxies.pem());
    let strict = Proxy::https(proxies.server_for(&["127.0.0.1"], &site.authority, true), Manner::Serve);
    let server = site.server();
    let url = format!("https://peer.example:{}/", port(&server));
    let walk_with = |trust: &Trust| walk(&connector(trust, &url, proxy(&strict, None)).unwrap());
    let error = walk_with(&site.trust()).fails(Step::ProxyTls);
    assert!(
        matches!(error.cause, Cause::Tls(tls::Cause::UnknownIssuer { .. })),
        "{error:?}"
    );
    let without = Trust {
        proxy_bundle: Some(site.files.file("proxies.pem")),
        ..site.trust()
    };
    let ended = walk_with(&without).end.unwrap_err();
    assert!(ended.at_proxy, "{ended:?}");
    let with = Trust {
        proxy_identity: Some(site.identity(site.authority.client("ours"))),
        ..without.clone()
    };
    let hops = walk_with(&with).complete();
    let outer = hops.iter().find_map(|hop| match hop {
        Hop::ProxyEncrypted(facts) => Some(facts),
        _ => None,
    });
    assert!(outer.unwrap().client_certificate_sent);
    assert!(
        !facts(&hops).client_certificate_sent,
        "the peer is not shown the certificate for proxies"
    );
    // Authorities of proxies are none for peers, and the other way round.
    let swapped = Trust {
        bundle: Some(site.files.file("proxies.pem")),
        proxy_bundle: Some(site.files.file("ca.pem")),
        ..with
    };
    walk_with(&swapped).fails(Step::ProxyTls);
}

#[test]
fn what_the_rules_forbid_is_not_even_connected_to() {
    let site = Site::new();
    let networks = |texts: &[&str]| Lockdown {
        allowed_networks: texts.iter().map(|text| text.parse::<Cidr>().unwrap()).collect(),
        ..Lockdown::default()
    };
    let proxied = Lockdown {
        require_proxy: true,
        ..Lockdown::default()
    };
    for (rules, peer, host, allowed) in [
        (&Lockdown::default(), Peer::ControlPlane, "localhost", true),
        (&proxied, Peer::ControlPlane, "localhost", false),
        (&proxied, Peer::Server, "localhost", true),
        (&networks(&["127.0.0.0/8"]), Peer::Server, "127.0.0.1", true),
        (&networks(&["127.0.0.2", "::1"]), Peer::Server, "127.0.0.1", false),
        // What a name leads to is looked at, not the name.
        (&networks(&["10.0.0.0/8"]), Peer::Server, "localhost", false),
        (&networks(&["10.0.0.0/8"]), Peer::Own, "127.0.0.1", true),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{host}:{}/", listener.local_addr().unwrap().port());
        let connector = site.locked_down(rules, peer, &url, Via::Direct, None).unwrap();
        let ended = walk(&connector).end;
        match allowed {
            true => ended.unwrap(),
            false => {
                let error = ended.unwrap_err();
                assert_eq!(
                    (error.step, error.error),
                    (Step::Connect, NetError::Forbidden),
                    "{error}"
                );
                assert!(error.to_string().contains("lockdown"), "{error}");
            }
        }
        assert_eq!(listener.accept().is_ok(), allowed, "{rules:?} {peer:?} {host}");
    }
}

/// Where addresses are not known, names are: also those that come up while the client runs.
#[test]
fn a_server_behind_a_proxy_that_is_not_named_is_not_asked_for() {
    let (site, through) = (Site::new(), Proxy::http(Manner::Serve));
    let rules = Lockdown {
        allowed_hosts: vec!["named.example".to_owned()],
        ..Lockdown::default()
    };
    let server = site.server();
    for (host, allowed) in [("named.example", true), ("peer.example", false)] {
        let url = format!("http://{host}:{}/", port(&server));
        let connector = site
            .locked_down(&rules, Peer::Server, &url, proxy(&through, None), None)
            .unwrap();
        let ended = walk(&connector).end;
        match allowed {
            true => ended.unwrap(),
            false => assert_eq!(ended.unwrap_err().cause, Cause::NotListed),
        }
    }
}

#[test]
fn a_forbidden_control_plane_is_not_even_resolved() {
    let site = Site::new();
    let proxied = Lockdown {
        require_proxy: true,
        ..Lockdown::default()
    };
    let connector = site
        .locked_down(
            &proxied,
            Peer::ControlPlane,
            "https://control.example/",
            Via::Direct,
            None,
        )
        .unwrap();
    let walked = walk(&connector);
    assert!(walked.hops.is_empty(), "{:?}", walked.hops);
    assert_eq!(walked.end.unwrap_err().cause, Cause::Forbidden);
}
