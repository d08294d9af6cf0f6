//! Single requests of commands: every way that the daemon knows, answers as they came, failures told truthfully.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use tunnel_client::config::{HttpUrl, Identity};
use tunnel_client::net::blocking::{BlockingClient, BlockingError};
use tunnel_client::net::{NetError, Step, Via};
use tunnel_client::tls;

use crate::support::cases::closed_port;
use crate::support::site::{Site, port, proxy, server};
use crate::support::tls::Authority;
use crate::support::{Answer, Manner, Proxy, Server};

const WITHIN: Duration = Duration::from_secs(10);

fn client(site: &Site, url: &str, via: Via, identity: Option<&Identity>) -> BlockingClient {
    let connector = site.connector(url, via, identity).unwrap();
    BlockingClient::new(&HttpUrl::parse(url).unwrap(), connector).unwrap()
}

fn get(client: &BlockingClient, path: &str) -> Result<(u16, String), BlockingError> {
    let answer = client.send(&Method::GET, path, HeaderMap::new(), None, 1000, WITHIN)?;
    Ok((answer.status, String::from_utf8(answer.body).unwrap()))
}

#[test]
fn single_requests_go_over_every_way() {
    let site = Site::new();
    let (plain, encrypted) = (server(None), site.server());
    let (http_proxy, tls_proxy) = (
        Proxy::http(Manner::Serve),
        Proxy::https(site.authority.server(&["127.0.0.1"]), Manner::Serve),
    );
    let socket = site.files.file("s");
    let _unix = Server::unix(
        &socket,
        Arc::new(|request, _| Answer::json(200, format!("GET {}", request.target))),
    );
    let http = format!("http://peer.example:{}", port(&plain));
    let https = format!("https://peer.example:{}", port(&encrypted));
    for (url, via) in [
        (plain.origin(), Via::Direct),
        (encrypted.origin(), Via::Direct),
        (http.clone(), proxy(&http_proxy, None)),
        (https.clone(), proxy(&http_proxy, None)),
        (http, proxy(&tls_proxy, None)),
        (https, proxy(&tls_proxy, None)),
        ("http://localhost".to_owned(), Via::Unix(socket)),
    ] {
        let client = client(&site, &url, via.clone(), None);
        for _ in 0..2 {
            assert_eq!(
                get(&client, "/a?b").unwrap(),
                (200, "GET /a?b".to_owned()),
                "{url} {via:?}"
            );
        }
    }
    let heads = http_proxy.heads();
    let first = format!("GET http://peer.example:{}/a?b HTTP/1.1\r\n", port(&plain));
    assert!(heads[0].starts_with(&first), "{heads:?}");
}

#[test]
fn a_single_request_carries_method_headers_and_body_and_nothing_else() {
    let site = Site::new();
    let seen = Arc::new(Mutex::new(None));
    let record = Arc::clone(&seen);
    let server = Server::tcp(
        None,
        Arc::new(move |request, _| {
            *record.lock().unwrap() = Some(request.clone());
            Answer::new(302, &[("Location", "/elsewhere")], "{}")
        }),
    );
    let client = client(&site, &server.origin(), Via::Direct, None);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer k".parse().unwrap());
    let answer = client
        .send(&Method::POST, "/v1/tunnels", headers, Some(b"{\"a\":1}"), 1000, WITHIN)
        .unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("/elsewhere")));
    assert_eq!(server.connections(), 1, "redirects are not followed");
    let request = seen.lock().unwrap().clone().unwrap();
    assert_eq!(
        (request.method.as_str(), request.text().as_str()),
        ("POST", "{\"a\":1}")
    );
    let mut names: Vec<_> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    assert_eq!(names, ["authorization", "content-length", "host"]);
}

#[test]
fn single_requests_fail_truthfully() {
    let site = Site::new();
    let dead = client(&site, &format!("http://{}", closed_port()), Via::Direct, None);
    assert!(matches!(get(&dead, "/"), Err(BlockingError::Hop(hop)) if hop.step == Step::Connect));

    let large = Server::tcp(None, Arc::new(|_, _| Answer::json(200, "x".repeat(1001))));
    let large = client(&site, &large.origin(), Via::Direct, None);
    assert!(matches!(get(&large, "/"), Err(BlockingError::Net(NetError::TooLarge))));

    let stalled = Server::tcp(None, Arc::new(|_, _| Answer::raw("").stall()));
    let stalled = client(&site, &stalled.origin(), Via::Direct, None);
    let start = Instant::now();
    let answer = stalled.send(
        &Method::GET,
        "/",
        HeaderMap::new(),
        None,
        1000,
        Duration::from_millis(300),
    );
    assert!(
        matches!(answer, Err(BlockingError::Net(NetError::Timeout))),
        "{answer:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(30));

    let closed = Server::tcp(None, Arc::new(|_, _| Answer::raw("").close()));
    let closed = client(&site, &closed.origin(), Via::Direct, None);
    assert!(
        matches!(get(&closed, "/"), Err(BlockingError::Net(NetError::Eof))),
        "{:?}",
        get(&closed, "/")
    );

    assert!(matches!(get(&closed, "no-slash"), Err(BlockingError::Request)));
}

#[test]
fn a_forwarding_proxy_that_wants_credentials_is_named_not_the_peer() {
    let site = Site::new();
    let demanding = Proxy::http(Manner::Demand("Basic dXNlcjpwYTU1"));
    let server = server(None);
    let url = format!("http://peer.example:{}", port(&server));
    let without = client(&site, &url, proxy(&demanding, None), None);
    assert!(matches!(
        get(&without, "/"),
        Err(BlockingError::Net(NetError::ProxyDemand(demand))) if demand.status == 407 && !demand.sent && demand.schemes.has_basic()
    ));
    let with = client(&site, &url, proxy(&demanding, Some("user:pa55")), None);
    assert_eq!(get(&with, "/").unwrap().0, 200);
}

#[test]
fn a_client_certificate_that_is_missed_after_the_handshake_is_named() {
    let site = Site::new();
    let server = server(Some(site.authority.server_for(&["127.0.0.1"], &site.authority, true)));
    let without = client(&site, &server.origin(), Via::Direct, None);
    let error = get(&without, "/").unwrap_err();
    let expected = NetError::Tls(tls::Fault::ClientCertificateRequired);
    assert!(
        matches!(&error, BlockingError::Hop(hop) if hop.error == expected),
        "{error:?}"
    );
    let identity = site.identity(site.authority.client("ours"));
    let with = client(&site, &server.origin(), Via::Direct, Some(&identity));
    assert_eq!(get(&with, "/").unwrap().0, 200);
}

#[test]
fn an_issuer_that_is_not_trusted_is_named_and_turns_no_text_around() {
    let site = Site::new();
    let stranger = Authority::named("a\u{202e}stranger").server(&["127.0.0.1"]);
    let server = Server::tcp(Some(stranger), Arc::new(|_, _| Answer::json(200, "{}")));
    let client = client(&site, &server.origin(), Via::Direct, None);
    let error = get(&client, "/").unwrap_err();
    assert!(
        error.to_string().contains("not trusted: CN=a\u{fffd}stranger"),
        "{error}"
    );
}
