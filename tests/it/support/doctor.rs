//! `tunnel-client doctor` as a process, and its report.

use std::any::Any;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::Value;

use super::answer::Answer;
use super::client::{API_KEY, binary};
use super::control::{ControlPlane, TUNNEL};
use super::http::{Peer, Request, Server};
use super::mcp::McpServer;
use super::scratch::Scratch;
use super::tls::Authority;

/// What must show up in no report: beside the key, what tests put into URLs, headers and arguments.
pub const SECRET: &str = "s3cr3t-in-the-wrong-place";

/// A set-up that is examined; healthy until a test breaks it.
pub struct Doctor {
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    pub files: Scratch,
    pub authority: Authority,
    kept: Vec<Box<dyn Any>>,
}

impl Doctor {
    /// Nothing but a home directory, an id and a key.
    pub fn new() -> Self {
        let files = Scratch::new();
        let environment = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", files.path().display().to_string()),
            ("CONTROL_PLANE_TUNNEL_ID", TUNNEL.to_owned()),
            ("CONTROL_PLANE_API_KEY", API_KEY.to_owned()),
            ("HEALTH_LISTEN_ADDR", "127.0.0.1:0".to_owned()),
        ];
        let authority = Authority::new();
        files.write("ca.pem", authority.pem());
        Self {
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            arguments: Vec::new(),
            files,
            authority,
            kept: Vec::new(),
        }
    }

    /// A control plane and an MCP server over HTTP that are well.
    pub fn healthy() -> Self {
        let (control, server) = (ControlPlane::http(), McpServer::echo());
        Self::new()
            .env("CONTROL_PLANE_BASE_URL", control.url())
            .env("MCP_SERVER_URL", server.url())
            .keep(control)
            .keep(server)
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    pub fn no_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub fn arg(mut self, text: impl Into<String>) -> Self {
        self.arguments.push(text.into());
        self
    }

    /// Lets a server live as long as the set-up.
    pub fn keep(mut self, server: impl Any) -> Self {
        self.kept.push(Box::new(server));
        self
    }

    /// A control plane that answers every request like this.
    pub fn control(self, answer: Answer) -> Self {
        let server = Server::tcp(None, Arc::new(move |_: &Request, _: &Peer| answer.clone()));
        self.env("CONTROL_PLANE_BASE_URL", server.origin()).keep(server)
    }

    /// A control plane that is well, over TLS, named by `host` in the base URL.
    pub fn control_over(self, host: &str, tls: Arc<ServerConfig>) -> Self {
        let control = ControlPlane::https(tls);
        let port = control.server().socket_address().port();
        let bundle = self.files.file("ca.pem").display().to_string();
        self.env("CONTROL_PLANE_BASE_URL", format!("https://{host}:{port}"))
            .env("CA_BUNDLE", bundle)
            .keep(control)
    }

    /// An MCP server that answers every request like this.
    pub fn mcp(self, answer: Answer) -> Self {
        self.mcp_with(move |_| answer.clone())
    }

    pub fn mcp_with(self, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let server = Server::tcp(None, Arc::new(move |request: &Request, _: &Peer| handler(request)));
        self.env("MCP_SERVER_URL", format!("{}/mcp", server.origin()))
            .keep(server)
    }

    /// A stdio server in place of the one over HTTP.
    pub fn command(self, command: impl Into<String>) -> Self {
        self.no_env("MCP_SERVER_URL").env("MCP_COMMAND", command)
    }

    /// A file with these permissions.
    pub fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.files.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The client certificate for the control plane.
    pub fn identity(self, (certificate, key): (String, String)) -> Self {
        let certificate = self.file("client.pem", &certificate, 0o644).display().to_string();
        let key = self.file("client.key", &key, 0o600).display().to_string();
        self.env("CONTROL_PLANE_CLIENT_CERT", certificate)
            .env("CONTROL_PLANE_CLIENT_KEY", key)
    }

    /// The report as JSON.
    #[track_caller]
    pub fn examine(&self) -> Examined {
        let (code, stdout, stderr) = self.run(&["--json"]);
        let report = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
        assert_eq!(stderr, "", "a report that says it all: {stdout}");
        let examined = Examined { code, report };
        for check in examined.checks() {
            // Our own advice must not look like a secret to our own scrubber.
            let advice = format!("{} {}", check["why"], check["next"]);
            assert!(!advice.contains("REDACTED"), "scrubbed advice: {advice}");
        }
        examined
    }

    /// Exit code, standard output and standard error. Neither holds a secret.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(binary())
            .arg("doctor")
            .args(&self.arguments)
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.files.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        for text in [&stdout, &stderr] {
            assert!(!text.contains(API_KEY) && !text.contains(SECRET), "a secret in: {text}");
            assert!(!text.contains('\u{1b}'), "colour where there is no terminal: {text}");
        }
        (output.status.code().unwrap(), stdout, stderr)
    }
}

/// A report.
#[derive(Debug)]
pub struct Examined {
    pub code: i32,
    pub report: Value,
}

impl Examined {
    pub fn checks(&self) -> &[Value] {
        self.report["checks"].as_array().unwrap()
    }

    #[track_caller]
    pub fn check(&self, id: &str) -> &Value {
        let found = self.checks().iter().find(|check| check["id"] == id);
        found.unwrap_or_else(|| panic!("no check {id} in {:#}", self.report))
    }

    #[track_caller]
    pub fn status(&self, id: &str) -> &str {
        self.check(id)["status"].as_str().unwrap()
    }

    #[track_caller]
    pub fn summary(&self, id: &str) -> &str {
        self.check(id)["summary"].as_str().unwrap()
    }

    /// Everything that is said about a check.
    #[track_caller]
    pub fn said(&self, id: &str) -> String {
        self.check(id).to_string()
    }

    /// Ids of the checks with this status.
    pub fn with_status(&self, status: &str) -> Vec<&str> {
        let found = self.checks().iter().filter(|check| check["status"] == status);
        found.map(|check| check["id"].as_str().unwrap()).collect()
    }
}
