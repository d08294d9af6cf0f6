//! Every command closes itself to others before it holds a secret: no secret in its arguments and environment, no way to its
//! memory.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support;
use crate::support::client::binary;
use crate::support::control::TUNNEL;
use crate::support::{Scratch, eventually, needs, program};

/// Secrets that must not appear anywhere.
const SECRETS: [&str; 4] = [
    "pr0xy-passw0rd-4711",
    "sk-runtime-key-0123456789",
    "sk-admin-key-0123456789",
    "t0ken-in-an-argument",
];
const PROXY_PASSWORD: &str = SECRETS[0];

/// `nobody`.
const NOBODY: u32 = 65534;

/// A command that waits for a slow peer.
struct Waiting {
    child: Child,
    /// Peer or pipe that holds it up.
    _held: Held,
}

enum Held {
    Connection { _stream: TcpStream },
    Pipe { _file: File },
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Set {
    files: Scratch,
    slow: TcpListener,
}

impl Set {
    fn new() -> Self {
        let files = Scratch::new();
        files.pipe("pipe");
        fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            files,
            slow: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.slow.local_addr().unwrap())
    }

    fn pipe(&self) -> PathBuf {
        self.files.file("pipe")
    }

    /// The command with every secret in its environment, and a password in an argument where the command has such a flag.
    fn command(&self, program: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.files.path())
            .env("PATH", "/usr/bin:/bin")
            .env("CONTROL_PLANE_TUNNEL_ID", TUNNEL)
            .env("CONTROL_PLANE_API_KEY", SECRETS[1])
            .env("OPENAI_ADMIN_KEY", SECRETS[2])
            .env("MCP_EXTRA_HEADERS", format!("X-Site: {}", SECRETS[3]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts it and returns once it waits for the slow server.
    fn connected(&self, mut command: Command) -> Waiting {
        let mut child = command.spawn().unwrap();
        self.slow.set_nonblocking(true).unwrap();
        let stream = eventually("a connection to the slow server", || {
            assert_eq!(child.try_wait().unwrap(), None, "{command:?}");
            self.slow.accept().ok().map(|(stream, _)| stream)
        });
        Waiting {
            child,
            _held: Held::Connection { _stream: stream },
        }
    }

    /// Starts it and returns once it reads the pipe.
    fn reading(&self, mut command: Command) -> Waiting {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut child = command.spawn().unwrap();
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = eventually("a reader of the pipe", || {
            assert_eq!(child.try_wait().unwrap(), None, "{command:?}");
            File::options()
                .write(true)
                .custom_flags(nonblocking)
                .open(self.pipe())
                .ok()
        });
        Waiting {
            child,
            _held: Held::Pipe { _file: file },
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Asserts that no secret is in the files that others, or the same user, may read.
#[track_caller]
fn is_closed(waiting: &Waiting) {
    for process in family(waiting.child.id()) {
        for part in ["cmdline", "environ"] {
            let mut shown = Vec::new();
            let path = format!("/proc/{process}/{part}");
            if let Ok(mut file) = File::open(&path) {
                // A file that is gone meanwhile shows no secret.
                let _ = file.read_to_end(&mut shown);
            }
            let shown = String::from_utf8_lossy(&shown);
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{path}: {shown}");
            }
        }
    }
    // The kernel gives the files in /proc/PID to root when a process must not be inspected (proc(5)).
    let own = fs::metadata(format!("/proc/{}/status", waiting.child.id())).unwrap();
    let is_roots = std::os::unix::fs::MetadataExt::uid(&own) == 0;
    assert!(is_roots, "it can be looked into by its user");
}

/// A process and its descendants.
fn family(pid: u32) -> Vec<u32> {
    let children = support::process::children(pid);
    let of_children = children.into_iter().flat_map(family);
    std::iter::once(pid).chain(of_children).collect()
}

/// The commands that connect somewhere, with a password in an argument where they have a flag for one.
fn connecting(set: &Set) -> Vec<Vec<String>> {
    let proxy = set
        .origin()
        .replace("http://", &format!("http://user:{PROXY_PASSWORD}@"));
    let base = "--control-plane.base-url=https://control.example";
    vec![
        words(&format!(
            "doctor --http-proxy {proxy} {base} --mcp.server-url http://127.0.0.1:9/mcp"
        )),
        words(&format!(
            "doctor --control-plane.http-proxy={proxy} {base} --mcp.server-url http://127.0.0.1:9/mcp"
        )),
        words(&format!(
            "admin tunnels list --organization-id org-x --http-proxy={proxy} {base}"
        )),
        words(&format!(
            "admin tunnels get {TUNNEL} --control-plane.http-proxy {proxy} {base}"
        )),
        words(&format!(
            "health --url {}",
            set.origin().replace("://", &format!("://user:{PROXY_PASSWORD}@"))
        )),
        words(&format!(
            "run --http-proxy {proxy} {base} --mcp.server-url http://127.0.0.1:9/mcp --health.listen-addr 127.0.0.1:0"
        )),
    ]
}

/// The commands that read files only.
fn reading(set: &Set) -> Vec<Vec<String>> {
    let (pipe, secret) = (set.pipe().display().to_string(), SECRETS[3]);
    let server = format!("--mcp-server-url=https://user:{secret}@mcp.example/mcp");
    let proxy = format!("--http-proxy http://user:{PROXY_PASSWORD}@127.0.0.1:9");
    vec![
        words(&format!(
            "config show --control-plane.api-key file:{pipe} {proxy} --mcp.command x_{secret}"
        )),
        words(&format!(
            "run --control-plane.api-key file:{pipe} {proxy} --mcp.command x_{secret}"
        )),
        words(&format!(
            "doctor --sandbox --control-plane.api-key file:{pipe} {proxy} --mcp.command /bin/cat"
        )),
        words(&format!("profiles add p --from-file {pipe} {server}")),
    ]
}

#[test]
fn no_command_shows_a_secret_while_it_waits_for_a_server() {
    let set = Set::new();
    for arguments in connecting(&set) {
        // A URL with a user is refused by health before it connects.
        if arguments[0] == "health" {
            continue;
        }
        is_closed(&set.connected(set.command(&binary(), &arguments)));
    }
}

#[test]
fn no_command_shows_a_secret_while_it_reads_its_configuration() {
    let set = Set::new();
    for arguments in reading(&set) {
        is_closed(&set.reading(set.command(&binary(), &arguments)));
    }
    let profile = "config_version: 1\ncontrol_plane:\n  api_key: \"file:PIPE\"\n";
    let path = set
        .files
        .write("p.yaml", &profile.replace("PIPE", &set.pipe().display().to_string()));
    let arguments = words(&format!(
        "profiles add p --from-file {} --mcp-command x_{}",
        path.display(),
        SECRETS[3]
    ));
    is_closed(&set.reading(set.command(&binary(), &arguments)));
    let reference = format!(
        "init --tunnel-id {TUNNEL} --control-plane-api-key-ref file:{} --mcp-server-url https://mcp.example/{}",
        set.pipe().display(),
        SECRETS[3]
    );
    is_closed(&set.reading(set.command(&binary(), &words(&reference))));
}

#[test]
fn the_same_user_cannot_look_into_a_command_of_an_ordinary_user() {
    if !needs::root() {
        return;
    }
    let set = Set::new();
    let copy = set.files.file("tunnel-client");
    program::copy(&binary(), &copy);
    chown(set.pipe(), Some(NOBODY), Some(NOBODY)).unwrap();
    for arguments in connecting(&set).iter().filter(|arguments| arguments[0] != "health") {
        let mut command = set.command(&copy, arguments);
        command.uid(NOBODY).gid(NOBODY);
        let waiting = set.connected(command);
        is_closed(&waiting);
        let looked = Command::new("/bin/cat")
            .arg(format!("/proc/{}/environ", waiting.child.id()))
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        assert!(!looked.status.success() && looked.stdout.is_empty(), "{looked:?}");
    }
}

/// The process starts itself again: a closed process can still do so, and its children are closed before they read any input.
#[test]
fn the_proof_of_the_sandbox_shows_no_secret_in_any_of_its_processes() {
    let set = Set::new();
    let proxy = format!("--http-proxy=http://user:{PROXY_PASSWORD}@127.0.0.1:9");
    let key = set.files.write("key", SECRETS[1]);
    let arguments = [
        words("doctor --sandbox --mcp.server-url http://127.0.0.1:9/mcp"),
        vec![format!("--control-plane.api-key=file:{}", key.display()), proxy],
    ];
    let mut command = set.command(&binary(), &arguments.concat());
    let mut child = command.spawn().unwrap();
    let mut seen = 0;
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while seen < 200 && std::time::Instant::now() < end && child.try_wait().unwrap().is_none() {
        for process in family(child.id()) {
            // Until it has run its first instructions, the kernel shows its original arguments. Checked first: once it waits, it
            // has run them.
            let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            let is_waiting = status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
            let role = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            let role = String::from_utf8_lossy(&role).into_owned();
            if is_waiting {
                seen += 1;
                assert!(!role.contains(PROXY_PASSWORD), "{role}");
            }
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
    assert!(seen > 10, "{seen}");
}
