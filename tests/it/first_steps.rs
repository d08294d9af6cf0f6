//! From an empty home directory to a served call in three commands, against the relay, for stdio and for HTTP.
//!
//! Needs `tunnel-relay` beside `tunnel-client`, as a build of the workspace puts it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::tls::Authority;
use crate::support::wait::{BOUND, eventually, within};
use crate::support::{Manner, Proxy};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
const RUNTIME_KEY: &str = "first-steps-runtime-key-0123456789";
const CALLER_KEY: &str = "first-steps-caller-key-0123456789";

/// A stdio server of a few lines, as a newcomer has one.
const SERVER: &str = r#"
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "first", "version": "1"}}
    else:
        result = {"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

/// A child process that ends with the test.
struct Process(Child);

impl Process {
    fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Asks it to end; its exit code.
    fn terminate(&mut self) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        within(Duration::from_secs(40), "exit", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A relay and somebody's home directory.
struct Site {
    home: Home,
    base_url: String,
    /// Whom callers trust, if the relay speaks TLS.
    authority: Option<Authority>,
    _relay: Process,
}

impl Site {
    fn new() -> Self {
        Self::start(None)
    }

    /// The relay has a certificate of a company's own authority.
    fn with_tls() -> Self {
        Self::start(Some(Authority::named("Enterprise Root")))
    }

    fn start(authority: Option<Authority>) -> Self {
        let home = Home::new();
        home.program("bin/python", "#!/bin/sh\nexec python3 \"$@\"\n");
        let url_file = home.file("relay.url");
        let mut relay = relay();
        relay
            .args(["serve", "--listen", "127.0.0.1:0", "--tunnel", ID, "--url-file"])
            .arg(&url_file)
            .env(
                "TUNNEL_RELAY_KEYS",
                format!("runtime read,use {RUNTIME_KEY}\ncaller connect {CALLER_KEY}\n"),
            );
        if let Some(authority) = &authority {
            let (certificate, key) = authority.client("127.0.0.1");
            let (certificate, key) = (home.write("relay.pem", &certificate), home.write("relay.key", &key));
            relay.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
            home.write("enterprise-ca.pem", authority.pem());
        }
        let relay = Process::start(relay);
        Self {
            base_url: url_in(&url_file),
            home,
            authority,
            _relay: relay,
        }
    }

    /// What the shell of a newcomer has set: the key, where the relay is, and a health port of its own.
    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CONTROL_PLANE_API_KEY", RUNTIME_KEY.to_owned()),
            ("CONTROL_PLANE_BASE_URL", self.base_url.clone()),
            ("HEALTH_LISTEN_ADDR", "127.0.0.1:0".to_owned()),
            ("HEALTH_URL_FILE", self.home.file("health.url").display().to_string()),
        ]
    }

    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        self.succeed_with(arguments, &[])
    }

    #[track_caller]
    fn succeed_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> String {
        let variables = self.variables();
        let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<_> = variables.chain(more.iter().copied()).collect();
        self.home.run(arguments, &variables).success()
    }

    fn serve(&self, arguments: &[&str]) -> Process {
        self.serve_with(arguments, &[])
    }

    /// Runs the daemon until it is ready.
    fn serve_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Process {
        let mut command = self.home.command(arguments);
        command.envs(self.variables()).envs(more.iter().copied());
        let client = Process::start(command);
        let url = url_in(&self.home.file("health.url"));
        let ready = format!("{url}/readyz");
        eventually("readiness", || {
            (exchange(None, "GET", &ready, &[], "")?.0 == 200).then_some(())
        });
        client
    }

    /// Calls the tool `echo` as a caller at the other end of the tunnel does.
    fn call_echo(&self, text: &str) -> Value {
        let url = format!("{}/v1/mcp/{ID}", self.base_url);
        let call = |message: Value, session: Option<String>| {
            let key = format!("Bearer {CALLER_KEY}");
            let mut headers = vec![
                ("Authorization", key.as_str()),
                ("Content-Type", "application/json"),
                ("Accept", "application/json, text/event-stream"),
            ];
            headers.extend(session.as_deref().map(|session| ("Mcp-Session-Id", session)));
            exchange(self.authority.as_ref(), "POST", &url, &headers, &message.to_string()).expect("the relay answers")
        };
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                            "clientInfo": {"name": "t", "version": "1"}});
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let (status, head, body) = call(initialize, None);
        assert_eq!(status, 200, "{head}\n{body}");
        let session = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("mcp-session-id")
                .then(|| value.trim().to_owned())
        });
        let (status, head, body) = call(
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            session.clone(),
        );
        assert_eq!(status, 202, "{head}\n{body}");
        let params = json!({"name": "echo", "arguments": {"text": text}});
        let (status, head, body) = call(
            json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}),
            session,
        );
        assert_eq!(status, 200, "{head}\n{body}");
        serde_json::from_str(&body).unwrap()
    }
}

fn relay() -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_tunnel-client")).with_file_name("tunnel-relay");
    assert!(
        binary.exists(),
        "{} is missing: cargo build --workspace",
        binary.display()
    );
    let mut command = Command::new(binary);
    command.env_clear();
    command
}

/// The URL that a process writes once it listens.
fn url_in(file: &PathBuf) -> String {
    let read = || fs::read_to_string(file).ok().filter(|text| !text.is_empty());
    eventually("URL file", read).trim().trim_end_matches('/').to_owned()
}

/// One request on its own connection: status, head and body; `None` when nobody listens.
fn exchange(
    trusted: Option<&Authority>,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<(u16, String, String)> {
    let (_, rest) = url.split_once("://").expect("a URL");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let answer = match trusted {
        None => converse(stream, &request),
        Some(authority) => converse(secured(authority, stream), &request),
    };
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap();
    Some((status, head.to_owned(), body.to_owned()))
}

fn converse(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// TLS with 127.0.0.1, trusting one authority.
fn secured(authority: &Authority, stream: TcpStream) -> impl Read + Write {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

#[test]
fn three_commands_serve_a_program_on_this_host() {
    let site = Site::new();
    let script = site.home.write("my server/server.py", SERVER);
    let command = format!("python '{}'", script.display());
    let created = site.succeed(&[
        "init",
        "--sample",
        "sample_mcp_stdio_local",
        "--profile",
        "local-stdio",
        "--tunnel-id",
        ID,
        "--mcp-command",
        &command,
    ]);
    assert!(!created.contains("Still needed"), "{created}");
    let report = site.succeed(&["doctor", "--profile", "local-stdio", "--explain"]);
    assert!(
        report.contains("RESULT ok\nNEXT   tunnel-client run --profile local-stdio\n") && !report.contains(RUNTIME_KEY),
        "{report}"
    );
    let mut client = site.serve(&["run", "--profile", "local-stdio"]);
    let answer = site.call_echo("over stdio");
    assert_eq!(answer["result"]["content"][0]["text"], "over stdio");
    assert_eq!(client.terminate(), Some(0));
}

#[test]
fn three_commands_serve_an_http_server_from_every_sample_that_takes_one() {
    let site = Site::new();
    let stub_url = site.home.file("stub.url");
    let mut stub = relay();
    stub.args(["mcp-stub", "--url-file"]).arg(&stub_url);
    let _stub = Process::start(stub);
    let url = url_in(&stub_url);
    for sample in ["sample_mcp_remote_no_auth", "sample_mcp_with_dcr"] {
        let arguments = [
            "--sample",
            sample,
            "--profile",
            sample,
            "--tunnel-id",
            ID,
            "--mcp-server-url",
            &url,
        ];
        site.succeed(&[&["init"], &arguments[..]].concat());
        let report = site.succeed(&["doctor", "--profile", sample, "--explain"]);
        assert!(report.contains("RESULT ok\n"), "{report}");
        let mut client = site.serve(&["run", "--profile", sample]);
        let answer = site.call_echo(sample);
        assert_eq!(answer["result"]["content"][0]["text"], sample, "{answer}");
        assert_eq!(client.terminate(), Some(0));
        fs::remove_file(site.home.file("health.url")).ok();
    }
}

#[test]
fn three_commands_serve_a_network_behind_a_proxy_with_an_authority_of_its_own() {
    let site = Site::with_tls();
    let proxy = Proxy::http(Manner::Serve);
    let stub_url = site.home.file("stub.url");
    let mut stub = relay();
    stub.args(["mcp-stub", "--url-file"]).arg(&stub_url);
    let _stub = Process::start(stub);
    let url = url_in(&stub_url);
    let bundle = site.home.file("enterprise-ca.pem").display().to_string();
    let proxy_url = proxy.url();
    let variables = [
        ("HTTPS_PROXY", proxy_url.as_str()),
        ("ENTERPRISE_CA_BUNDLE", bundle.as_str()),
    ];
    let arguments = [
        "--sample",
        "sample_mcp_enterprise_proxy",
        "--tunnel-id",
        ID,
        "--mcp-server-url",
        &url,
    ];
    let created = site.succeed_with(&[&["init", "--profile", "work"], &arguments[..]].concat(), &variables);
    assert!(!created.contains("Still needed"), "{created}");
    let report = site.succeed_with(&["doctor", "--profile", "work", "--explain"], &variables);
    assert!(report.contains("RESULT ok\n"), "{report}");
    let mut client = site.serve_with(&["run", "--profile", "work"], &variables);
    let answer = site.call_echo("through the proxy");
    assert_eq!(answer["result"]["content"][0]["text"], "through the proxy", "{answer}");
    assert_eq!(client.terminate(), Some(0));
    let address = site.base_url.strip_prefix("https://").unwrap();
    let opened = format!("CONNECT {address} ");
    assert!(
        proxy.heads().iter().any(|head| head.starts_with(&opened)),
        "{:?}",
        proxy.heads()
    );
}
