//! Causes that lie between here and the server: certificates, and proxies that answer in its place. `doctor` does not take
//! them for the server's, and its advice is about them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use rustls::ServerConfig;

use crate::support::doctor::SECRET;
use crate::support::tls::Authority;
use crate::support::{Answer, Doctor, Examined, Manner, Peer, Proxy, Request, Server};

/// What nginx says after a handshake without complaint.
const NO_CERTIFICATE: &str = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head></html>";

/// A server over TLS that answers every request with this, named by a variable.
fn answering(doctor: Doctor, tls: Arc<ServerConfig>, variable: &str, answer: Answer) -> Doctor {
    let server = Server::tcp(Some(tls), Arc::new(move |_: &Request, _: &Peer| answer.clone()));
    let bundle = doctor.files.file("ca.pem").display().to_string();
    doctor
        .env("CA_BUNDLE", bundle)
        .env(variable, format!("{}/", server.origin()))
        .keep(server)
}

fn asking(doctor: &Doctor) -> Arc<ServerConfig> {
    doctor.authority.server_that_asks(&["127.0.0.1"], &doctor.authority)
}

/// The first failure, with everything that is said about it.
#[track_caller]
fn first_failure(doctor: &Doctor) -> (Examined, String, String) {
    let examined = doctor.examine();
    let first = examined.report["failed_checks"][0]
        .as_str()
        .unwrap_or("nothing")
        .to_owned();
    let said = examined.said(&first);
    (examined, first, said)
}

/// The first piece of advice.
fn advice(examined: &Examined, id: &str) -> String {
    examined.check(id)["next"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_400_of_a_server_that_asked_for_a_certificate_is_about_the_certificate() {
    for (variable, id, setting) in [
        (
            "CONTROL_PLANE_BASE_URL",
            "control_plane_auth",
            "control_plane.client_cert",
        ),
        ("MCP_SERVER_URL", "mcp_server_reachable", "mcp.client_cert"),
    ] {
        let doctor = Doctor::healthy();
        let tls = asking(&doctor);
        let doctor = answering(doctor, tls, variable, Answer::new(400, &[], NO_CERTIFICATE));
        let (examined, first, said) = first_failure(&doctor);
        assert_eq!(first, id, "{said}");
        assert!(
            examined
                .summary(id)
                .contains("asked for a client certificate, and got none"),
            "{said}"
        );
        assert!(advice(&examined, id).contains(setting), "{said}");
    }
}

#[test]
fn a_400_to_the_wrong_certificate_is_about_the_certificate_and_shows_the_title_of_the_page() {
    let doctor = Doctor::healthy();
    let tls = asking(&doctor);
    let certificate = doctor.authority.client("client");
    let page = Answer::new(400, &[], NO_CERTIFICATE);
    let doctor = answering(doctor, tls, "CONTROL_PLANE_BASE_URL", page).identity(certificate);
    let (examined, first, said) = first_failure(&doctor);
    assert_eq!(first, "control_plane_auth", "{said}");
    assert!(
        examined
            .summary(&first)
            .contains("does not seem to accept the one that it got"),
        "{said}"
    );
    assert!(
        said.contains("a page with the title") && !said.contains("<head>"),
        "{said}"
    );
}

#[test]
fn an_error_in_json_is_the_servers_own_although_it_asked_for_a_certificate() {
    let error = r#"{"error":{"message":"no","type":"x","code":"invalid_tunnel_id_format"}}"#;
    for (variable, id) in [
        ("CONTROL_PLANE_BASE_URL", "control_plane_auth"),
        ("MCP_SERVER_URL", "mcp_server_reachable"),
    ] {
        let doctor = Doctor::healthy();
        let tls = asking(&doctor);
        let doctor = answering(doctor, tls, variable, Answer::json(400, error));
        let (examined, first, said) = first_failure(&doctor);
        assert_eq!(first, id, "{said}");
        assert!(!examined.summary(id).contains("certificate"), "{said}");
        assert!(!advice(&examined, id).contains("certificate"), "{said}");
    }
}

#[test]
fn a_400_of_a_server_that_asked_for_nothing_is_its_own() {
    let doctor = Doctor::healthy();
    let tls = doctor.authority.server(&["127.0.0.1"]);
    let doctor = answering(doctor, tls, "CONTROL_PLANE_BASE_URL", Answer::new(400, &[], ""));
    let (_, first, said) = first_failure(&doctor);
    assert_eq!(first, "control_plane_auth", "{said}");
    assert!(!said.contains("client certificate"), "{said}");
}

#[test]
fn what_a_forwarding_proxy_answers_is_not_put_down_to_the_key() {
    for (answer, advised) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\n<html>",
            "user and password",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\n<html>",
            "look into its log",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "look into its log",
        ),
    ] {
        let proxy = Proxy::http(Manner::Say(answer));
        let url = proxy.url_with(&format!("user:{SECRET}@"));
        let doctor = Doctor::healthy().env("CONTROL_PLANE_HTTP_PROXY", url).keep(proxy);
        let (examined, first, said) = first_failure(&doctor);
        assert_eq!(first, "control_plane_auth", "{said}");
        assert!(
            examined.summary(&first).contains("or from the proxy http://127.0.0.1:"),
            "{said}"
        );
        assert!(advice(&examined, &first).contains(advised), "{said}");
    }
}

#[test]
fn what_the_control_plane_itself_says_through_a_forwarding_proxy_stays_its_own() {
    let proxy = Proxy::http(Manner::Serve);
    let refusal = Answer::json(401, r#"{"error":{"message":"no","type":"x","code":"invalid_api_key"}}"#);
    let doctor = Doctor::healthy()
        .control(refusal)
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .keep(proxy);
    let (examined, first, said) = first_failure(&doctor);
    assert_eq!(first, "control_plane_auth", "{said}");
    assert!(
        examined.summary(&first).contains("does not accept the API key"),
        "{said}"
    );
}

#[test]
fn a_forwarding_proxy_that_wants_a_user_is_named_before_an_mcp_server() {
    let proxy = Proxy::http(Manner::Demand("Basic never"));
    let doctor = Doctor::healthy().env("MCP_HTTP_PROXY", proxy.url()).keep(proxy);
    let (examined, first, said) = first_failure(&doctor);
    assert_eq!(first, "mcp_server_reachable", "{said}");
    assert!(examined.summary(&first).contains("407"), "{said}");
    assert!(
        advice(&examined, &first).contains("write user and password into the proxy's URL in mcp.http-proxy"),
        "{said}"
    );
}

/// What a proxy offers decides what helps: a password that it never looks at does not, and locks accounts.
#[test]
fn the_advice_about_a_407_follows_the_schemes_that_were_offered() {
    const LINES: [(&str, &str, &str); 5] = [
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
            "Negotiate, NTLM",
            "px or cntlm",
        ),
        (
            "HTTP/1.1 407 x\r\nproxy-authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
            "NTLM",
            "px or cntlm",
        ),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"a, Basic\", nonce=\"x\"\r\nContent-Length: 0\r\n\r\n",
            "Digest",
            "px or cntlm",
        ),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate, Basic realm=x\r\nContent-Length: 0\r\n\r\n",
            "not the user and password",
            "correct user and password",
        ),
        (
            "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n",
            "not the user and password",
            "correct user and password",
        ),
    ];
    for (answer, said, advised) in LINES {
        for (setting, check) in [
            ("https", "control_plane_proxy"),
            ("http", "control_plane_auth"),
            ("mcp", "mcp_server_reachable"),
        ] {
            let proxy = Proxy::http(Manner::Say(answer));
            let url = proxy.url_with(&format!("user:{SECRET}@"));
            let doctor = match setting {
                "https" => Doctor::healthy()
                    .env("CONTROL_PLANE_BASE_URL", "https://control.example")
                    .env("CONTROL_PLANE_HTTP_PROXY", url),
                "http" => Doctor::healthy().env("CONTROL_PLANE_HTTP_PROXY", url),
                _ => Doctor::healthy().env("MCP_HTTP_PROXY", url),
            };
            let (examined, first, text) = first_failure(&doctor.keep(proxy));
            assert_eq!(first, check, "{text}");
            assert!(examined.summary(&first).contains(said), "{text}");
            let steps = advice(&examined, &first);
            assert!(steps.contains(advised), "{steps}");
            assert_eq!(
                steps.contains("correct user and password"),
                advised.contains("correct"),
                "{steps}"
            );
        }
    }
}

/// The control plane is behind this proxy, over TLS.
fn tunnelled(answer: &'static str) -> Doctor {
    let doctor = Doctor::healthy();
    let tls = doctor.authority.server(&["localhost"]);
    let proxy = Proxy::http(Manner::Say(answer));
    doctor
        .control_over("localhost", tls)
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .keep(proxy)
}

#[test]
fn the_advice_fits_what_the_proxy_said_to_connect() {
    for (answer, advised) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "allow CONNECT to localhost:"),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "it is the proxy that looks the name up",
        ),
        (
            "HTTP/1.1 500 Unable to connect\r\n\r\n",
            "it is the proxy that looks the name up",
        ),
        ("HTTP/1.1 405 Not Allowed\r\n\r\n", "names an HTTP proxy"),
        ("HTTP/1.1 501 Unsupported method\r\n\r\n", "names an HTTP proxy"),
    ] {
        let (examined, first, said) = first_failure(&tunnelled(answer));
        assert_eq!(first, "control_plane_proxy", "{said}");
        assert!(advice(&examined, &first).contains(advised), "{answer}: {said}");
    }
}

#[test]
fn a_proxy_that_answers_in_the_servers_place_is_suspected() {
    let (_, first, said) = first_failure(&tunnelled("HTTP/1.1 200 OK\r\n\r\n<html>please log in</html>"));
    assert_eq!(first, "control_plane_tls", "{said}");
    assert!(
        said.contains("does not speak TLS") && said.contains("answered in its place"),
        "{said}"
    );
}

#[test]
fn certificates_that_no_server_may_use_are_told_from_untrusted_ones() {
    type Change = fn(&mut CertificateParams);
    let authority: Change = |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let clients_only: Change = |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (change, gist, advised) in [
        (authority, "that of an authority (CA:TRUE)", "CA:FALSE"),
        (clients_only, "not for TLS servers", "serverAuth"),
    ] {
        let doctor = Doctor::healthy();
        let tls = doctor.authority.server_with(&["localhost"], change);
        let (examined, first, said) = first_failure(&doctor.control_over("localhost", tls));
        assert_eq!(first, "control_plane_tls", "{said}");
        assert!(examined.summary(&first).contains(gist), "{said}");
        assert!(advice(&examined, &first).contains(advised), "{said}");
    }
}

#[test]
fn another_authority_of_the_same_name_is_suspected() {
    let doctor = Doctor::healthy();
    let tls = Authority::new().server(&["localhost"]);
    let (_, first, said) = first_failure(&doctor.control_over("localhost", tls));
    assert_eq!(first, "control_plane_tls", "{said}");
    assert!(said.contains("another authority of the same name"), "{said}");
}

#[test]
fn the_chain_is_shown_when_it_is_not_trusted() {
    let doctor = Doctor::healthy();
    let tls = Authority::named("a stranger").server(&["localhost"]);
    let (examined, first, said) = first_failure(&doctor.control_over("localhost", tls));
    assert_eq!(first, "control_plane_tls", "{said}");
    let evidence = examined.check(&first)["evidence"].to_string();
    assert!(
        evidence.contains("certificate 1: ") && evidence.contains("issued by CN=a stranger"),
        "{said}"
    );
    assert!(said.contains("intermediate"), "{said}");
}

/// A proxy that inspects TLS cannot pass the client certificate on, and asks for none: all looks well, and nobody is known.
#[test]
fn a_peer_that_does_not_ask_for_the_client_certificate_is_told() {
    let doctor = Doctor::healthy();
    let tls = doctor.authority.server(&["localhost"]);
    let (certificate, key) = doctor.authority.client("ours");
    let doctor = doctor.control_over("localhost", tls).identity((certificate, key));
    let examined = doctor.examine();
    assert_eq!(examined.status("control_plane_tls"), "WARN", "{:#}", examined.report);
    let said = examined.said("control_plane_tls");
    assert!(
        said.contains("did not ask for the client certificate in control_plane.client_cert")
            && said.contains("inspects TLS"),
        "{said}"
    );
}

/// Neither one that asks, nor one without a certificate for it.
#[test]
fn a_peer_that_asks_or_need_not_ask_is_not_suspected() {
    let doctor = Doctor::healthy();
    let asks = doctor.authority.server_that_asks(&["localhost"], &doctor.authority);
    let pair = doctor.authority.client("ours");
    let examined = doctor.control_over("localhost", asks).identity(pair).examine();
    assert_eq!(examined.status("control_plane_tls"), "PASS", "{:#}", examined.report);
    let doctor = Doctor::healthy();
    let plain = doctor.authority.server(&["localhost"]);
    let examined = doctor.control_over("localhost", plain).examine();
    assert_eq!(examined.status("control_plane_tls"), "PASS", "{:#}", examined.report);
}

/// Whatever a server makes of a caller without a proof, a proxy in between may have swallowed it.
#[test]
fn a_failing_mcp_server_that_did_not_ask_is_told_with_that() {
    let doctor = Doctor::healthy();
    let tls = doctor.authority.server(&["127.0.0.1"]);
    let (certificate, key) = doctor.authority.client("ours");
    let certificate = doctor.file("mcp.pem", &certificate, 0o644).display().to_string();
    let key = doctor.file("mcp.key", &key, 0o600).display().to_string();
    let doctor = answering(doctor, tls, "MCP_SERVER_URL", Answer::new(403, &[], ""))
        .env("MCP_CLIENT_CERT", certificate)
        .env("MCP_CLIENT_KEY", key);
    let (_, first, said) = first_failure(&doctor);
    assert_eq!(first, "mcp_server_reachable", "{said}");
    assert!(
        said.contains("did not ask for the client certificate in mcp.client_cert"),
        "{said}"
    );
}
