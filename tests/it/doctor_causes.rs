//! Broken configurations, ways and control planes, one cause each: `doctor` names that cause first, and shows no secret.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::support;
use crate::support::cases::{Case, all, case, closed_port};
use crate::support::doctor::SECRET;
use crate::support::tls::{Authority, long_expired, not_yet_valid, of_an_authority};
use crate::support::{Answer, Doctor, Manner, Proxy};

/// From the configuration outwards.
const CONFIGURATION: &[Case] = &[
    case(
        "two files are chosen",
        || Doctor::healthy().arg("--config=/a.yaml").arg("--profile=b"),
        "config_source",
        "mutually exclusive",
    ),
    case(
        "the profile does not exist",
        || Doctor::healthy().arg("--profile=nowhere"),
        "profile_load",
        "nowhere",
    ),
    case(
        "a key of the file is misspelt",
        || with_file("control_plane:\n  tunel_id: x\n"),
        "profile_load",
        "tunnel_id",
    ),
    case("the file is no YAML", || with_file("a: [\n"), "profile_load", ".yaml:"),
    case(
        "the tunnel id is missing",
        || Doctor::healthy().no_env("CONTROL_PLANE_TUNNEL_ID"),
        "tunnel_id",
        "tunnel ID is required",
    ),
    case(
        "the key is missing",
        || Doctor::healthy().no_env("CONTROL_PLANE_API_KEY"),
        "control_plane_api_key",
        "CONTROL_PLANE_API_KEY",
    ),
    case(
        "the key stands in the file",
        || with_file(&format!("control_plane:\n  api_key: {SECRET}\n")).no_env("CONTROL_PLANE_API_KEY"),
        "control_plane_api_key",
        "file:",
    ),
    case(
        "the key's file can be read by others",
        world_readable_key,
        "control_plane_api_key",
        "chmod",
    ),
    case(
        "the base URL has no scheme",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("user:{SECRET}@host")),
        "control_plane_base_url",
        "control-plane.base-url",
    ),
    case(
        "there is no MCP server",
        || Doctor::healthy().no_env("MCP_SERVER_URL"),
        "mcp_target",
        "main channel is required",
    ),
    case(
        "the CA bundle is missing",
        || Doctor::healthy().env("CA_BUNDLE", "/nowhere/ca.pem"),
        "ca_bundle",
        "/nowhere/ca.pem",
    ),
    case(
        "the CA bundle is no PEM",
        || {
            let doctor = Doctor::healthy();
            let path = doctor.file("bundle.pem", "hello", 0o644);
            doctor.env("CA_BUNDLE", path.display().to_string())
        },
        "ca_bundle",
        "no certificates found",
    ),
    case(
        "the client key is another one's",
        mismatched_identity,
        "client_certificate",
        "does not match",
    ),
    case(
        "the client certificate has expired",
        || {
            let doctor = Doctor::healthy();
            let expired = doctor.authority.client_with("client", long_expired);
            doctor.identity(expired)
        },
        "client_certificate",
        "expired on 2002-02-03",
    ),
];

/// The way to the control plane.
const ROUTE: &[Case] = &[
    case(
        "the name does not resolve",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", "https://no-such-host.invalid"),
        "control_plane_route",
        "no address",
    ),
    case(
        "nobody listens",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("http://{}", closed_port())),
        "control_plane_connect",
        "refused",
    ),
    case(
        "the proxy is not there",
        || proxied(&format!("http://user:{SECRET}@{}", closed_port())),
        "control_plane_connect",
        "connecting to the proxy",
    ),
    case(
        "the name of the proxy does not resolve",
        || proxied("http://no-such-proxy.invalid:3128"),
        "control_plane_route",
        "the proxy no-such-proxy.invalid",
    ),
    case(
        "the proxy wants other credentials",
        || behind(Manner::Demand("Basic never"), &format!("user:{SECRET}@")),
        "control_plane_proxy",
        "407",
    ),
    case(
        "the proxy does not allow the destination",
        || behind(Manner::Say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), ""),
        "control_plane_proxy",
        "403",
    ),
    case(
        "the proxy cannot reach the destination",
        || behind(Manner::Say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), ""),
        "control_plane_proxy",
        "502",
    ),
    case(
        "the proxy hangs",
        || behind(Manner::Hang, ""),
        "control_plane_proxy",
        "no answer in time",
    ),
    case(
        "the proxy closes",
        || behind(Manner::Close, ""),
        "control_plane_proxy",
        "proxy",
    ),
    case(
        "what should be a proxy is none",
        || behind(Manner::Say("220 mail.example ESMTP\r\n\r\n"), ""),
        "control_plane_proxy",
        "no HTTP proxy",
    ),
];

/// TLS with the control plane.
const TLS: &[Case] = &[
    case(
        "the certificate has expired",
        || over_tls(|authority| authority.server_with(&["localhost"], long_expired)),
        "control_plane_tls",
        "expired",
    ),
    case(
        "the certificate is an authority's",
        || over_tls(|authority| authority.server_with(&["localhost"], of_an_authority)),
        "control_plane_tls",
        "that of an authority (CA:TRUE)",
    ),
    case(
        "the certificate is not valid yet",
        || over_tls(|authority| authority.server_with(&["localhost"], not_yet_valid)),
        "control_plane_tls",
        "not valid",
    ),
    case(
        "the authority is unknown",
        || over_tls(|_| Authority::named("a stranger").server(&["localhost"])),
        "control_plane_tls",
        "a stranger",
    ),
    case(
        "the certificate is for another name",
        || over_tls(|authority| authority.server(&["elsewhere.example"])),
        "control_plane_tls",
        "elsewhere.example",
    ),
    case(
        "a client certificate is wanted, TLS 1.3",
        || over_tls(|authority| authority.server_for(&["localhost"], authority, true)),
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "a client certificate is wanted, TLS 1.2",
        || over_tls(|authority| authority.server_for(&["localhost"], authority, false)),
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "the client certificate is of another authority",
        || {
            let doctor = over_tls(|authority| authority.server_for(&["localhost"], authority, true));
            doctor.identity(Authority::named("another").client("client"))
        },
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "the port speaks plain HTTP",
        plain_where_tls_is_due,
        "control_plane_tls",
        "does not speak TLS",
    ),
];

/// What the control plane says.
const CONTROL: &[Case] = &[
    case(
        "the key is wrong",
        || Doctor::healthy().control(refusal(401, "invalid_api_key")),
        "control_plane_auth",
        "401: the control plane does not accept the API key",
    ),
    case(
        "the key may not use the tunnel",
        || Doctor::healthy().control(refusal(403, "tunnel_use_forbidden")),
        "control_plane_auth",
        "403: the control plane knows the API key",
    ),
    case(
        "the tunnel id is another one's",
        || Doctor::healthy().env("CONTROL_PLANE_TUNNEL_ID", "tunnel_99999999999999999999999999999999"),
        "control_plane_auth",
        "404",
    ),
    case(
        "the control plane redirects",
        || Doctor::healthy().control(Answer::new(302, &[("Location", "https://elsewhere.example/")], "")),
        "control_plane_auth",
        "redirects",
    ),
    case(
        "a login page stands in for the control plane",
        || {
            Doctor::healthy().control(Answer::new(
                200,
                &[("Content-Type", "text/html")],
                "<html>log in</html>",
            ))
        },
        "control_plane_auth",
        "no control plane",
    ),
    case(
        "the control plane is not well",
        || Doctor::healthy().control(Answer::new(503, &[], "try later")),
        "control_plane_auth",
        "503",
    ),
    case(
        "the control plane hangs up",
        || Doctor::healthy().control(Answer::default().close()),
        "control_plane_auth",
        "ended before the answer",
    ),
];

#[test]
fn mistakes_in_the_configuration_are_named_first() {
    all(CONFIGURATION);
}

#[test]
fn the_hop_that_fails_on_the_way_is_named_first() {
    all(ROUTE);
}

#[test]
fn what_is_wrong_with_tls_is_named_first() {
    all(TLS);
}

#[test]
fn what_the_control_plane_refuses_is_named_first() {
    all(CONTROL);
}

fn with_file(text: &str) -> Doctor {
    let doctor = Doctor::healthy();
    let path = doctor.file("config.yaml", text, 0o600);
    doctor.arg("--config").arg(path.display().to_string())
}

fn world_readable_key() -> Doctor {
    let doctor = Doctor::healthy();
    let path = doctor.file("key", SECRET, 0o644);
    doctor
        .no_env("CONTROL_PLANE_API_KEY")
        .arg(format!("--control-plane.api-key=file:{}", path.display()))
}

fn mismatched_identity() -> Doctor {
    let doctor = Doctor::healthy();
    let (certificate, _) = doctor.authority.client("one");
    let (_, key) = doctor.authority.client("other");
    doctor.identity((certificate, key))
}

/// The control plane is well, and reached through a proxy.
fn proxied(proxy: &str) -> Doctor {
    let doctor = over_tls(|authority| authority.server(&["localhost"]));
    doctor.env("CONTROL_PLANE_HTTP_PROXY", proxy)
}

fn behind(manner: Manner, userinfo: &str) -> Doctor {
    let proxy = Proxy::http(manner);
    proxied(&proxy.url_with(userinfo)).keep(proxy)
}

fn over_tls(server: impl FnOnce(&Authority) -> std::sync::Arc<rustls::ServerConfig>) -> Doctor {
    let doctor = Doctor::healthy();
    let config = server(&doctor.authority);
    doctor.control_over("localhost", config)
}

/// A web server answers what it does not understand in plain text.
fn plain_where_tls_is_due() -> Doctor {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("https://{address}"))
}

/// An error answer that repeats what it should not.
fn refusal(status: u16, code: &str) -> Answer {
    Answer::json(
        status,
        format!(
            r#"{{"error":{{"message":"key {} is not good","type":"x","code":"{code}"}}}}"#,
            support::client::API_KEY
        ),
    )
}
