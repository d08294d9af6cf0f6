//! `admin tunnels` of the real binary: the way to the service, and what it makes of odd answers.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use crate::support;
use crate::support::admin::{ID, KEY, failure, json_failure, service, success, tunnels};
use crate::support::tls::Authority;
use crate::support::to_the_end::text;
use crate::support::{Answer, Manner, Peer, Proxy, Request, Scratch, Server};

#[test]
fn the_request_says_who_asks_and_goes_to_the_configured_path() {
    let (server, seen) = service(Answer::json(200, format!(r#"{{"id":"{ID}"}}"#)));
    let arguments = [
        "update",
        ID,
        "--name",
        " new ",
        "--control-plane.url-path=/edge/",
        "--control-plane.base-url",
        &server.origin(),
    ];
    success(&arguments, &[("OPENAI_ADMIN_KEY", KEY)]);
    let seen = seen.lock().unwrap();
    let [request] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(
        (
            request.method.as_str(),
            request.target.as_str(),
            request.text().as_str()
        ),
        ("POST", format!("/edge/v1/tunnels/{ID}").as_str(), r#"{"name":"new"}"#)
    );
    for (name, value) in [
        ("authorization", format!("Bearer {KEY}")),
        ("accept", "application/json".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("x-tunnel-client-name", "tunnel-client-hardened".to_owned()),
        ("x-tunnel-client-version", env!("CARGO_PKG_VERSION").to_owned()),
        (
            "user-agent",
            concat!("tunnel-client-hardened/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ] {
        assert_eq!(request.header_values(name), [value], "{name}");
    }
    assert_eq!(request.header("x-tunnel-client-instance-id").unwrap().len(), 32);
    assert_eq!(
        request.header_values("host"),
        [server.origin().strip_prefix("http://").unwrap()]
    );
}

#[test]
fn redirects_are_refused_and_the_key_stays_here() {
    let (elsewhere, asked) = service(Answer::json(200, format!(r#"{{"id":"{ID}"}}"#)));
    let target = format!("{}/v1/tunnels/{ID}", elsewhere.origin());
    for status in [301, 302, 307, 308] {
        let (server, _) = service(Answer::new(status, &[("Location", &target)], ""));
        let origin = server.origin();
        let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
        let error = failure(&["get", ID], &env);
        assert!(
            error.contains(&status.to_string()) && error.contains("redirects are not followed"),
            "{error}"
        );
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn what_a_service_says_cannot_drive_the_terminal_or_show_a_key() {
    let evil = "\\u001b]0;owned\\u0007\\u009b31m\\u202e\\r\\nfake line";
    let tunnel = format!(r#"{{"id":"{ID}","name":"{evil}","description":"key {KEY}","organization_ids":["{evil}"]}}"#);
    let (server, _) = service(Answer::json(200, tunnel));
    let refusal = format!(r#"{{"error":{{"message":"{evil} {KEY}","type":"t","code":"{evil}"}}}}"#);
    let headers = [("x-request-id", KEY), ("Content-Type", "application/json")];
    let (refusing, _) = service(Answer::new(403, &headers, refusal));
    for (server, code) in [(server, 0), (refusing, 1)] {
        let origin = server.origin();
        let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
        for arguments in [["get", ID].as_slice(), &["get", ID, "--json"]] {
            let output = tunnels(arguments, &env);
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            for stream in [text(&output.stdout), text(&output.stderr)] {
                assert!(!stream.contains("admin_test"), "{stream}");
                let driving = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
                assert!(!stream.contains(driving), "{stream:?}");
                assert!(!stream.lines().any(|line| line.starts_with("fake line")), "{stream:?}");
            }
        }
    }
}

#[test]
fn odd_answers_are_named_for_what_they_are() {
    let list = ["list", "--organization-id", "o"];
    for (answer, gists) in [
        (
            Answer::new(200, &[("Content-Type", "text/html")], "<html>portal</html>"),
            ["200 OK", "url-path"],
        ),
        (
            Answer::json(200, r#"{"id":"x"}"#),
            ["no tunnel", "not the tunnel service"],
        ),
        (
            Answer::new(404, &[], "page not found"),
            ["404 Not Found page not found", "url-path"],
        ),
        (
            Answer::new(500, &[("x-request-id", "req_42")], ""),
            [
                "500 Internal Server Error (x-request-id: req_42)",
                "mitigation: try again",
            ],
        ),
        (
            Answer::short(200, "{").close(),
            ["request GET /v1/tunnels failed: ", "mitigation: check"],
        ),
        (
            Answer::default().close(),
            ["request GET /v1/tunnels failed: ", "mitigation: check"],
        ),
        (
            Answer::json(
                429,
                r#"{"error":{"code":"rate_limit_exceeded","message":"slow down","type":"t"}}"#,
            ),
            ["429 Too Many Requests slow down (rate_limit_exceeded)", "mitigation: "],
        ),
    ] {
        let (server, _) = service(answer);
        let origin = server.origin();
        let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
        let error = failure(&list, &env);
        assert!(gists.iter().all(|gist| error.contains(gist)), "{gists:?} in {error}");
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let (server, _) = service(Answer::raw(head).flood([b' '; 65536], 64 << 20));
    let origin = server.origin();
    let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let error = failure(&["get", ID], &env);
    assert!(error.contains("too large"), "{error}");
}

#[test]
fn a_change_that_may_have_been_made_is_told_from_one_that_was_not() {
    let (server, _) = service(Answer::default().close());
    let create = ["create", "--name=n", "--description=d", "--organization-id=o"];
    let may_be_done = "it may have been done all the same";
    for arguments in [&create[..], &["delete", ID, "--confirm"]] {
        let origin = server.origin();
        let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
        let error = failure(arguments, &env);
        assert!(error.contains(may_be_done), "{error}");
    }
    let env = [
        ("CONTROL_PLANE_BASE_URL", "http://127.0.0.1:1"),
        ("OPENAI_ADMIN_KEY", KEY),
    ];
    let error = failure(&create, &env);
    assert!(error.contains("refused") && !error.contains(may_be_done), "{error}");
}

#[test]
fn a_service_that_is_not_there_is_named_by_its_hop() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let origin = format!("http://{port}");
    let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let error = failure(&["get", ID], &env);
    assert!(
        error.contains(&port.to_string()) && error.contains("refused"),
        "{error}"
    );
    let problem = json_failure(&["get", ID], &env);
    assert!(
        problem["status_code"].is_null() && problem["method"] == "GET",
        "{problem}"
    );
}

/// A private file, as keys must be.
fn private(scratch: &Scratch, name: &str, text: &str) -> String {
    let path = scratch.write(name, text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn answers_get() -> support::http::Handler {
    Arc::new(|_: &Request, _: &Peer| Answer::json(200, format!(r#"{{"id":"{ID}"}}"#)))
}

#[test]
fn proxies_of_the_settings_and_of_the_environment_lead_to_the_service() {
    let (scratch, authority) = (Scratch::new(), Authority::new());
    let bundle = scratch.write("ca.pem", authority.pem()).display().to_string();
    let server = Server::tcp(Some(authority.server(&["service.example"])), answers_get());
    let base = format!("https://service.example:{}", server.socket_address().port());
    for (name, flag) in [
        ("HTTPS_PROXY", None),
        ("", Some("--http-proxy")),
        ("", Some("--control-plane.http-proxy")),
    ] {
        let proxy = Proxy::http(Manner::Serve);
        let url = proxy.url();
        let mut arguments = vec!["get", ID, "--ca-bundle", &bundle];
        arguments.extend(flag.map(|flag| [flag, url.as_str()]).into_iter().flatten());
        let mut variables = vec![("CONTROL_PLANE_BASE_URL", base.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
        variables.extend((!name.is_empty()).then_some((name, url.as_str())));
        assert!(success(&arguments, &variables).contains(ID));
        let head = proxy.head();
        assert!(
            head.starts_with("CONNECT service.example:") && !head.contains(KEY),
            "{head}"
        );
    }
    let broken = [
        ("CONTROL_PLANE_BASE_URL", base.as_str()),
        ("OPENAI_ADMIN_KEY", KEY),
        ("HTTPS_PROXY", "socks5://user:hunter2@p"),
    ];
    let error = failure(&["get", ID], &broken);
    assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
    let refusing = Proxy::http(Manner::Say(
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    ));
    let url = refusing.url_with("user:hunter2@");
    let env = [("CONTROL_PLANE_BASE_URL", base.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let error = failure(&["get", ID, "--http-proxy", &url, "--ca-bundle", &bundle], &env);
    assert!(
        error.contains("407") && error.contains("proxy") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn a_service_that_wants_a_client_certificate_gets_it() {
    let (scratch, authority) = (Scratch::new(), Authority::new());
    let bundle = scratch.write("ca.pem", authority.pem()).display().to_string();
    let tls = authority.server_for(&["127.0.0.1"], &authority, true);
    let server = Server::tcp(Some(tls), answers_get());
    let (certificate, key) = authority.client("admin");
    let certificate = private(&scratch, "client.pem", &certificate);
    let key = private(&scratch, "client.key", &key);
    let origin = server.origin();
    let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let plain = ["get", ID, "--ca-bundle", &bundle];
    let with = [
        &plain[..],
        &[
            "--control-plane.client-cert",
            &certificate,
            "--control-plane.client-key",
            &key,
        ],
    ]
    .concat();
    assert!(success(&with, &env).contains(ID));
    let without = failure(&plain, &env);
    assert!(without.contains("client certificate"), "{without}");
    let half = failure(
        &[&plain[..], &["--control-plane.client-cert", &certificate]].concat(),
        &env,
    );
    assert!(half.contains("missing client-key"), "{half}");
    let untrusted = failure(&["get", ID], &env);
    assert!(
        untrusted.contains("TLS with 127.0.0.1") && untrusted.contains("--ca-bundle"),
        "{untrusted}"
    );
}

#[test]
fn an_unencrypted_service_is_worth_a_word_but_not_to_scripts() {
    let variables = [
        ("CONTROL_PLANE_BASE_URL", "http://service.invalid"),
        ("OPENAI_ADMIN_KEY", KEY),
    ];
    let stderr = failure(&["get", ID], &variables);
    assert!(
        stderr.starts_with("warning: control-plane.base-url is not https"),
        "{stderr}"
    );
    json_failure(&["get", ID], &variables);
}
