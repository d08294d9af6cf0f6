//! The client under test as a child process with a clean environment.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::control::{ControlPlane, TUNNEL};
use super::kernel::Kernel;
use super::program;
use super::proof::give;
use super::scratch::Scratch;
use super::wait::{BOUND, eventually, settles, within};

/// The API key every test uses.
pub const API_KEY: &str = "sk-test-0123456789abcdefABCDEF";

/// Settings of a client that is not started yet.
pub struct ClientBuilder {
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    servers: Vec<String>,
    commands: Vec<String>,
    directory: Scratch,
    kernel: Kernel,
    user: Option<u32>,
    unreadable: bool,
}

impl ClientBuilder {
    /// A client of `control` with short timeouts, JSON logs at debug level and an ephemeral health listener.
    pub fn new(control: &ControlPlane) -> Self {
        Self::for_url(&control.url())
    }

    pub fn for_url(base_url: &str) -> Self {
        let directory = Scratch::new();
        let url_file = directory.file("health.url");
        let environment = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", directory.path().display().to_string()),
            ("TMPDIR", std::env::temp_dir().display().to_string()),
            ("CONTROL_PLANE_BASE_URL", base_url.to_owned()),
            ("CONTROL_PLANE_TUNNEL_ID", TUNNEL.to_owned()),
            ("CONTROL_PLANE_API_KEY", API_KEY.to_owned()),
            ("CONTROL_PLANE_POLL_TIMEOUT", "2s".to_owned()),
            ("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "1s".to_owned()),
            ("LOG_LEVEL", "debug".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("HEALTH_LISTEN_ADDR", "127.0.0.1:0".to_owned()),
            ("HEALTH_URL_FILE", url_file.display().to_string()),
        ];
        Self {
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            arguments: vec!["run".to_owned()],
            servers: Vec::new(),
            commands: Vec::new(),
            directory,
            kernel: Kernel::default(),
            user: None,
            unreadable: false,
        }
    }

    /// Adds an entry of `MCP_SERVER_URL`.
    pub fn server(mut self, entry: impl Into<String>) -> Self {
        self.servers.push(entry.into());
        self
    }

    /// Adds an entry of `MCP_COMMAND`.
    pub fn command(mut self, entry: impl Into<String>) -> Self {
        self.commands.push(entry.into());
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    pub fn no_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub fn arg(mut self, text: &str) -> Self {
        self.arguments.push(text.to_owned());
        self
    }

    /// As on this kernel.
    pub fn on(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Starts the client as this user, and gives the client's directory to that user. Needs root.
    pub fn started_by(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// Its user can execute the program and not read it. For a client that is [`Self::started_by`] somebody.
    pub fn unreadable(mut self) -> Self {
        self.unreadable = true;
        self
    }

    pub fn workers(self, count: usize) -> Self {
        self.env("MCP_MAX_CONCURRENT_REQUESTS", count.to_string())
    }

    /// The client's own directory, for files that its settings name.
    pub fn directory(&self) -> &Scratch {
        &self.directory
    }

    pub fn start(self) -> Client {
        let Some(user) = self.user else {
            let command = self.kernel.command(&binary());
            return self.start_with(command);
        };
        // Build products, and the simulation, may lie where only root may enter.
        let copy = self.directory.file("tunnel-client");
        program::copy(&binary(), &copy);
        give(self.directory.path(), user);
        if self.unreadable {
            program::close(&copy);
        }
        let mut command = self.kernel.command(Path::new("setpriv"));
        command.args([
            &format!("--reuid={user}"),
            &format!("--regid={user}"),
            "--clear-groups",
            "--",
        ]);
        command.arg(copy);
        self.start_with(command)
    }

    /// Started by a shell script, whose arguments are the client's command line.
    pub fn start_by(self, script: &str) -> Client {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).arg(binary());
        self.start_with(command)
    }

    fn start_with(mut self, mut command: Command) -> Client {
        if !self.servers.is_empty() {
            self.environment
                .insert("MCP_SERVER_URL".to_owned(), self.servers.join("\n"));
        }
        if !self.commands.is_empty() {
            self.environment
                .insert("MCP_COMMAND".to_owned(), self.commands.join("\n"));
        }
        let mut child = command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().unwrap(), &log);
        collect(child.stderr.take().unwrap(), &log);
        Client {
            child,
            log,
            directory: self.directory,
        }
    }
}

/// The binary under test: the one that cargo built, or another build of it, such as the static one.
pub fn binary() -> PathBuf {
    let other = std::env::var_os("TUNNEL_CLIENT_TEST_BINARY");
    other.map_or_else(|| env!("CARGO_BIN_EXE_tunnel-client").into(), PathBuf::from)
}

/// A running client; killed when dropped.
pub struct Client {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    directory: Scratch,
}

impl Client {
    /// A client of `control` with one HTTP server at `url`.
    pub fn http(control: &ControlPlane, url: &str) -> Self {
        ClientBuilder::new(control).server(url).start()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn directory(&self) -> &Scratch {
        &self.directory
    }

    // ---- signals and exit ----

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    #[track_caller]
    pub fn wait_exit(&mut self, bound: Duration) -> ExitStatus {
        within(bound, "exit of the client", || self.child.try_wait().unwrap())
    }

    pub fn running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    // ---- log ----

    /// Every line of stdout and stderr so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Lines that contain `text`.
    pub fn log_with(&self, text: &str) -> Vec<String> {
        self.log().into_iter().filter(|line| line.contains(text)).collect()
    }

    #[track_caller]
    pub fn await_log(&self, text: &str) -> String {
        eventually(&format!("log line with {text:?}"), || {
            self.log_with(text).into_iter().next()
        })
    }

    // ---- health ----

    #[track_caller]
    pub fn health_url(&self) -> String {
        let path = self.directory.file("health.url");
        eventually("health URL file", || std::fs::read_to_string(&path).ok())
    }

    /// Status and body of a path at the health listener.
    #[track_caller]
    pub fn health(&self, path: &str) -> (u16, String) {
        let url = self.health_url();
        let host = url
            .strip_prefix("http://")
            .unwrap_or_else(|| panic!("not a base URL: {url:?}"));
        let (status, _, body) = get(host, path);
        (status, body)
    }

    /// A component at `/health`.
    #[track_caller]
    pub fn component(&self, name: &str) -> serde_json::Value {
        let (status, body) = self.health(&format!("/health/{name}"));
        assert_eq!(status, 200, "{name}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Waits until a component is as wanted, and gives it.
    #[track_caller]
    pub fn await_component(
        &self,
        name: &str,
        what: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        settles(BOUND, &format!("{name} is {what}"), || {
            let component = self.component(name);
            if wanted(&component) {
                Ok(component)
            } else {
                Err(component)
            }
        })
    }

    pub fn ready(&self) -> (u16, String) {
        self.health("/readyz")
    }

    #[track_caller]
    pub fn await_ready(&self) {
        self.await_readiness(BOUND, "200", |status, _| status == 200);
    }

    /// Waits until `/readyz` is as wanted and gives its body.
    #[track_caller]
    pub fn await_readiness(&self, bound: Duration, what: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        settles(bound, &format!("/readyz is {what}"), || {
            let (status, body) = self.ready();
            if wanted(status, &body) {
                Ok(body)
            } else {
                Err((status, body))
            }
        })
    }

    /// The value of the first series whose line starts with `series`.
    #[track_caller]
    pub fn metric(&self, series: &str) -> Option<f64> {
        let (status, body) = self.health("/metrics");
        assert_eq!(status, 200, "{body}");
        let line = body.lines().find(|line| line.starts_with(series))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the client:");
            for line in self
                .log
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .iter()
                .rev()
                .take(100)
                .rev()
            {
                eprintln!("{line}");
            }
        }
    }
}

fn collect(stream: impl Read + Send + 'static, log: &Arc<Mutex<Vec<String>>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            log.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// One GET on its own connection: status, head and body.
pub fn get(host: &str, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap();
    (status, head.to_owned(), body.to_owned())
}
