//! The way to a peer through a proxy: tunnels, trust, credentials, and each way in which a proxy can fail.

use std::time::Duration;

use tunnel_client::net::{Cause, Hop, NetError, Step, Unreached};
use tunnel_client::tls;

use crate::support::site::{Site, port, proxy, server, walk};
use crate::support::tls::Authority;
use crate::support::{Manner, Proxy};

#[test]
fn a_tunnel_leads_to_a_peer_whose_name_only_the_proxy_knows() {
    let (site, proxy_server) = (Site::new(), Proxy::http(Manner::Serve));
    let server = site.server();
    let url = format!("https://peer.example:{}/mcp", port(&server));
    let hops = site.walk(&url, proxy(&proxy_server, Some("user:pa55"))).complete();
    let [
        Hop::Resolved { addresses, .. },
        Hop::Connected { peer },
        Hop::Tunnelled { status: 200 },
        Hop::Encrypted(_),
    ] = &hops[..]
    else {
        panic!("{hops:?}")
    };
    assert_eq!(addresses, &[proxy_server.address()]);
    assert_eq!(*peer, proxy_server.address().to_string());
    let head = proxy_server.head();
    let target = format!("peer.example:{}", port(&server));
    assert_eq!(
        head,
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: Basic dXNlcjpwYTU1\r\n\r\n")
    );
}

#[test]
fn a_proxy_over_tls_gets_no_client_certificate_of_ours() {
    let site = Site::new();
    // It asks for one and takes whoever has none.
    let asks = site.authority.server_that_asks(&["127.0.0.1"], &site.authority);
    let proxy_server = Proxy::https(asks, Manner::Serve);
    let server = server(Some(site.authority.server_for(
        &["peer.example"],
        &site.authority,
        true,
    )));
    let identity = site.identity(site.authority.client("ours"));
    let url = format!("https://peer.example:{}/", port(&server));
    let connector = site
        .connector(&url, proxy(&proxy_server, None), Some(&identity))
        .unwrap();
    let hops = walk(&connector).complete();
    let [
        _,
        _,
        Hop::ProxyEncrypted(outer),
        Hop::Tunnelled { .. },
        Hop::Encrypted(inner),
    ] = &hops[..]
    else {
        panic!("{hops:?}")
    };
    assert!(outer.client_certificate_asked && !outer.client_certificate_sent);
    assert!(inner.client_certificate_sent);
}

#[test]
fn any_2xx_opens_a_tunnel() {
    let site = Site::new();
    for opening in [
        "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
        "HTTP/1.1 204 \r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\r\n\r\n",
        "HTTP/1.1 200 lines end with LF\n\n",
    ] {
        let proxy_server = Proxy::http(Manner::OpenWith(opening));
        let server = site.server();
        let url = format!("https://peer.example:{}/", port(&server));
        site.walk(&url, proxy(&proxy_server, None)).complete();
    }
}

#[test]
fn bytes_behind_the_answer_to_connect_belong_to_the_peer() {
    // The proxy opens the tunnel and speaks in the peer's place at once: a TLS alert (fatal, internal_error).
    let glued = "HTTP/1.1 200 OK\r\n\r\n\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{50}";
    let proxy_server = Proxy::http(Manner::Say(glued));
    let cause = Site::new()
        .walk("https://peer.example/", proxy(&proxy_server, None))
        .fails_in_tls();
    assert_eq!(cause, tls::Cause::Alert("internal_error"));
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_status() {
    let site = Site::new();
    for (answer, status, gist) in [
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n",
            407,
            "wants credentials",
        ),
        ("HTTP/1.0 401 Unauthorized\r\n\r\n", 401, "wants credentials"),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n<html>internal",
            403,
            "does not allow this destination",
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, "cannot reach this destination"),
        (
            "HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n",
            301,
            "refused with status 301",
        ),
    ] {
        let proxy_server = Proxy::http(Manner::Say(answer));
        let error = site
            .walk("https://peer.example/", proxy(&proxy_server, Some("user:hunter2")))
            .fails(Step::Tunnel);
        match (&error.cause, error.error) {
            (Cause::ProxyStatus(one), NetError::Proxy(Some(other))) => assert_eq!((*one, other), (status, status)),
            (Cause::ProxyDemand(one), NetError::ProxyDemand(other)) => {
                assert!(*one == other && one.status == status && one.sent, "{one:?}");
            }
            other => panic!("{other:?}"),
        }
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("CONNECT through the proxy {}: ", proxy_server.address())),
            "{text}"
        );
        assert!(
            text.contains(gist) && !text.contains("internal") && !text.contains("hunter2"),
            "{text}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
        assert_eq!((error.error.kind(), error.error.failure().status), ("dial", 502));
    }
}

#[test]
fn a_proxy_that_closes_or_speaks_another_language_is_named() {
    let site = Site::new();
    for (manner, cause) in [
        (Manner::Close, Cause::ProxyClosed),
        (Manner::Say("HTTP/1.1 200 OK\r\nVia: cut"), Cause::ProxyClosed),
        (Manner::Say("SSH-2.0-x\r\n"), Cause::NotHttp),
        (Manner::Say("220 mail\r\n"), Cause::NotHttp),
        (Manner::Say("HTTP/1.1 abc\r\n\r\n"), Cause::NotHttp),
    ] {
        let proxy_server = Proxy::http(manner.clone());
        let error = site
            .walk("https://peer.example/", proxy(&proxy_server, None))
            .fails(Step::Tunnel);
        assert_eq!(error.cause, cause, "{manner:?}");
        assert!(error.at_proxy);
    }
}

#[test]
fn a_head_without_end_is_cut() {
    let endless: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(20_000)).into_boxed_str());
    let proxy_server = Proxy::http(Manner::Say(endless));
    let error = Site::new()
        .walk("https://peer.example/", proxy(&proxy_server, None))
        .fails(Step::Tunnel);
    assert_eq!(error.cause, Cause::NotHttp);
}

#[test]
fn a_proxy_that_never_answers_fails_at_the_tunnel_in_bounded_time() {
    let proxy_server = Proxy::http(Manner::Hang);
    let start = std::time::Instant::now();
    let error = Site::new()
        .walk("https://peer.example/", proxy(&proxy_server, None))
        .fails(Step::Tunnel);
    let silent = NetError::ToProxy(Unreached::Silent(Step::Tunnel));
    assert_eq!((error.cause, error.error), (Cause::Timeout, silent));
    assert_eq!(silent.kind(), "timeout");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_tls_proxy_that_is_not_trusted_is_told_apart_from_the_peer() {
    let strangers = Authority::named("somebody else");
    let proxy_server = Proxy::https(strangers.server(&["127.0.0.1"]), Manner::Serve);
    let error = Site::new()
        .walk("https://peer.example/", proxy(&proxy_server, None))
        .fails(Step::ProxyTls);
    assert!(
        matches!(
            &error.cause,
            Cause::Tls(tls::Cause::UnknownIssuer { issuer: Some(_), .. })
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().starts_with("TLS with the proxy 127.0.0.1:"),
        "{error}"
    );
    assert!(proxy_server.heads().is_empty());
}
