//! `admin tunnels` of the real binary: against the real relay, and against servers that answer oddly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use support::relay::{MANAGE_KEY, Relay, USE_KEY};
use support::tls::Authority;
use support::{Answer, Manner, Peer, Proxy, Request, Scratch, Server};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
const KEY: &str = "sk-admin_test-0123456789";

/// Runs `admin tunnels` with nothing in its environment but `variables`.
fn tunnels(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .args(["admin", "tunnels"])
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn success(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = tunnels(arguments, variables);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout).to_owned()
}

#[track_caller]
fn json(arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&success(&arguments, variables)).unwrap()
}

/// Standard error of a command that fails with exit code 1 and prints nothing else.
#[track_caller]
fn failure(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = tunnels(arguments, variables);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr).to_owned()
}

/// The `error` of a command that fails with exit code 1 and prints JSON on standard output and nothing else.
#[track_caller]
fn json_failure(arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let output = tunnels(&arguments, variables);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let mut all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all["error"].take()
}

/// A service that gives the same answer to everything, and what it was asked.
fn service(answer: Answer) -> (Server, Arc<Mutex<Vec<Request>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let server = Server::tcp(
        None,
        Arc::new(move |request: &Request, _: &Peer| {
            record.lock().unwrap().push(request.clone());
            answer.clone()
        }),
    );
    (server, seen)
}

#[test]
fn a_tunnel_is_created_read_listed_changed_and_deleted() {
    let relay = Relay::start(&[]);
    let env = [
        ("CONTROL_PLANE_BASE_URL", relay.url()),
        ("OPENAI_ADMIN_KEY", MANAGE_KEY),
    ];
    let create = [
        "create",
        "--name",
        "Docs",
        "--description",
        "Search",
        "--organization-id",
        "org-1,org-2",
    ];
    let created = json(&create, &env);
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["organization_ids"], serde_json::json!(["org-1", "org-2"]));

    let shown = success(&["get", id], &env);
    assert_eq!(
        shown,
        format!(
            "Tunnel ID: {id}\n  Name: Docs\n  Description: Search\n  Organizations: org-1, org-2\n  Workspaces: \n"
        )
    );
    let listed = json(&["list", "--organization-id", "org-2"], &env);
    assert_eq!(listed["data"][0]["id"], id);
    assert_eq!(
        success(&["list", "--workspace-id", "org-2"], &env),
        "No tunnels found\n"
    );

    let update = [
        "update",
        id,
        "--description",
        "",
        "--organization-id",
        "",
        "--workspace-id=ws-1",
    ];
    let updated = json(&update, &env);
    assert_eq!(
        (
            &updated["name"],
            &updated["description"],
            &updated["organization_ids"],
            &updated["workspace_ids"]
        ),
        (
            &"Docs".into(),
            &"".into(),
            &serde_json::json!([]),
            &serde_json::json!(["ws-1"])
        )
    );

    let refused = failure(&["delete", id], &env);
    assert!(refused.contains("refusing to delete without --confirm"), "{refused}");
    assert!(success(&["get", id], &env).contains(id), "still there");
    let deleted = success(&["delete", id, "--confirm"], &env);
    assert!(
        deleted.starts_with(&format!("Tunnel ID: {id}\n")) && deleted.contains("Deleted: yes"),
        "{deleted}"
    );
    let gone = failure(&["get", id], &env);
    assert!(
        gone.contains("404 Not Found") && gone.contains("no such tunnel"),
        "{gone}"
    );
}

#[test]
fn a_new_tunnel_comes_with_a_word_on_when_it_is_ready() {
    let relay = Relay::start(&[]);
    let env = [
        ("CONTROL_PLANE_BASE_URL", relay.url()),
        ("OPENAI_ADMIN_KEY", MANAGE_KEY),
    ];
    let shown = success(
        &["create", "--name", "n", "--description", "d", "--workspace-id", "ws"],
        &env,
    );
    assert!(shown.contains("wait 25-30 seconds"), "{shown}");
}

#[test]
fn keys_without_the_right_are_told_apart_from_keys_that_do_not_exist() {
    let relay = Relay::start(&["--tunnel", ID]);
    let base = ("CONTROL_PLANE_BASE_URL", relay.url());
    let list = ["list", "--organization-id", "o"];
    let unknown = json_failure(&list, &[base, ("OPENAI_ADMIN_KEY", KEY)]);
    assert_eq!(unknown["status_code"], 401, "{unknown}");
    assert!(unknown["mitigation"].as_str().unwrap().contains("revoked"), "{unknown}");
    let weak = json_failure(&list, &[base, ("OPENAI_ADMIN_KEY", USE_KEY)]);
    assert_eq!(
        (&weak["status_code"], &weak["method"], &weak["path"]),
        (&403.into(), &"GET".into(), &"/v1/tunnels".into()),
        "{weak}"
    );
    assert!(weak["code"].is_string() && weak["type"].is_string(), "{weak}");
    for output in [unknown.to_string(), weak.to_string()] {
        assert!(!output.contains(KEY) && !output.contains(USE_KEY), "{output}");
    }
}

#[test]
fn reading_one_tunnel_takes_the_runtime_key_and_nothing_else_does() {
    let relay = Relay::start(&["--tunnel", ID]);
    let base = ("CONTROL_PLANE_BASE_URL", relay.url());
    for name in ["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY"] {
        assert!(success(&["get", ID], &[base, (name, USE_KEY)]).contains(ID));
        let spelled_out = ["get", ID, "--admin-key", "env:OPENAI_ADMIN_KEY"];
        assert!(success(&spelled_out, &[base, (name, USE_KEY)]).contains(ID));
        for arguments in [["delete", ID, "--confirm"].as_slice(), &["list", "--tenant-id", "t"]] {
            let error = failure(arguments, &[base, (name, MANAGE_KEY)]);
            assert!(error.contains("admin key is required"), "{error}");
        }
    }
    // The admin key comes first.
    let env = [base, ("OPENAI_ADMIN_KEY", KEY), ("CONTROL_PLANE_API_KEY", USE_KEY)];
    assert!(failure(&["get", ID], &env).contains("401"));
    let none = failure(&["get", ID], &[base]);
    assert!(none.contains("tunnel get requires a runtime or admin key"), "{none}");
}

#[test]
fn the_key_is_named_by_reference_and_never_given() {
    let relay = Relay::start(&["--tunnel", ID]);
    let scratch = Scratch::new();
    let file = scratch.write("key", &format!("{MANAGE_KEY}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let reference = format!("file:{}", file.display());
    let url = relay.url();
    for (reference, variables) in [
        (reference.as_str(), [].as_slice()),
        ("env:MY_ADMIN_KEY", &[("MY_ADMIN_KEY", MANAGE_KEY)]),
    ] {
        let arguments = ["get", ID, "--control-plane.base-url", url, "--admin-key", reference];
        assert!(success(&arguments, variables).contains(ID));
    }
    for literal in [KEY, &format!("env:{KEY}"), &format!("file:{KEY}")] {
        let error = failure(
            &["get", ID, "--control-plane.base-url", url, "--admin-key", literal],
            &[],
        );
        assert!(error.contains("admin key") && !error.contains("admin_test"), "{error}");
    }
}

#[test]
fn wrong_arguments_are_told_before_anything_is_sent() {
    let (server, seen) = service(Answer::json(200, format!(r#"{{"id":"{ID}"}}"#)));
    let origin = server.origin();
    let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let named = ["create", "--name", "n", "--description", "d"];
    let with = |more: &[&'static str]| [&named[..], more].concat();
    let too_many = (0..101).map(|n| format!("o{n}")).collect::<Vec<_>>().join(",");
    for (arguments, gist) in [
        (vec!["create"], "name is required (set --name)"),
        (
            vec!["create", "--name", "n"],
            "description is required (set --description)",
        ),
        (
            with(&[]),
            "at least one of --organization-id or --workspace-id is required",
        ),
        (
            with(&["--organization-id", "o", "--organization-id", "o"]),
            "duplicate organization-id",
        ),
        (with(&["--workspace-id", "o,p,o"]), "duplicate workspace-id"),
        (with(&["--workspace-id", "a b"]), "invalid id"),
        (
            [&named[..], &["--workspace-id", &too_many]].concat(),
            "100 times at most",
        ),
        (vec!["list"], "exactly one of"),
        (
            vec!["list", "--organization-id", "a", "--tenant-id", "b"],
            "exactly one of",
        ),
        (
            vec!["list", "--organization-id", "a", "--organization-id", "b"],
            "exactly one of",
        ),
        (vec!["update", ID], "at least one field"),
        (vec!["update", ID, "--name", " "], "needs a name"),
        (vec!["get"], "a tunnel id is needed"),
        (vec!["get", "../../v1/files"], "invalid tunnel ID"),
        (vec!["get", "tunnel_1"], "invalid tunnel ID"),
        (vec!["delete", "tunnel_%2e%2e", "--confirm"], "invalid tunnel ID"),
        (vec!["delete", ID, "--confirm=false"], "refusing to delete"),
    ] {
        let error = failure(&arguments, &env);
        assert!(
            error.contains(gist) && error.lines().count() == 1,
            "{arguments:?}: {error}"
        );
        let message = json_failure(&arguments, &env);
        assert!(message["message"].as_str().unwrap().contains(gist), "{message}");
        assert_eq!(message.as_object().unwrap().len(), 1, "{message}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

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
fn persistent_flags_stand_anywhere() {
    let (server, _) = service(Answer::json(200, format!(r#"{{"id":"{ID}","later":1}}"#)));
    let output = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .args([
            "admin",
            "--json",
            "tunnels",
            "--control-plane-base-url",
            &server.origin(),
            "get",
            ID,
        ])
        .env_clear()
        .env("OPENAI_ADMIN_KEY", KEY)
        .output()
        .unwrap();
    assert_eq!(
        text(&output.stdout),
        format!("{{\n  \"id\": \"{ID}\",\n  \"later\": 1\n}}\n")
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
            ["429 Too Many Requests rate_limit_exceeded: slow down", "mitigation: "],
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
fn a_key_file_that_others_can_read_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.write("key", KEY);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let reference = format!("file:{}", path.display());
    let error = failure(&["get", ID, "--admin-key", &reference], &[]);
    assert!(error.contains("chmod") && !error.contains("admin_test"), "{error}");
}

#[test]
fn all_mistakes_in_settings_are_told_at_once_and_in_json_too() {
    let variables = [
        ("CONTROL_PLANE_BASE_URL", "https://user:hunter2@h"),
        ("CONTROL_PLANE_URL_PATH", "edge"),
        ("OPENAI_ADMIN_KEY", "sk admin"),
        ("HTTPS_PROXY", "socks5://p"),
    ];
    let stderr = failure(&["get", ID], &variables);
    let gists = [
        "control-plane.base-url",
        "control-plane.url-path",
        "admin key is malformed",
        "HTTPS_PROXY",
    ];
    assert!(gists.iter().all(|gist| stderr.contains(gist)), "{stderr}");
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    let message = json_failure(&["get", ID], &variables)["message"].to_string();
    assert!(gists.iter().all(|gist| message.contains(gist)), "{message}");
    assert!(!message.contains("hunter2") && !stderr.contains("hunter2"));
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
