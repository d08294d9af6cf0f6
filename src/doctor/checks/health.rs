//! The health listener: can it be bound, or is it bound already by the daemon that this configuration runs?

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::config::{Config, Listen, Selection};
use crate::doctor::neighbour::{self, Holder};
use crate::doctor::report::Check;
use crate::limits::DOCTOR_NEIGHBOUR_TIMEOUT;
use crate::ops::Listener;
use crate::ops::files::try_write;
use crate::ops::listener::Problem;

const ID: &str = "health_listener";
const SETTING: &str = "health.listen_addr";

/// Binds the listener and closes it again.
pub(in crate::doctor) async fn listener(config: &Config) -> Check {
    match &config.health.listen {
        // Binding would make the directory.
        Listen::Unix(path) if !path.parent().is_none_or(Path::exists) && path.is_absolute() => match try_write(path) {
            Ok(()) => Check::pass(ID, format!("will bind unix socket {}", path.display())),
            Err(error) => Check::fail(
                ID,
                format!("health.unix_socket: {} cannot be created: {error}", path.display()),
            )
            .next(["choose a directory that this user may write in health.unix_socket (HEALTH_UNIX_SOCKET)"]),
        },
        _ => bind(config).await,
    }
}

/// Where to look once it runs.
pub(in crate::doctor) fn ui(config: &Config, listener: &Check) -> Check {
    use crate::doctor::report::Status;
    let id = "ui";
    if listener.status == Status::Fail {
        return Check::skip(id, "blocked by health listener check");
    }
    match &config.health.listen {
        Listen::Tcp { host, addr } if addr.port() != 0 => served(id, config, &base_url(host, addr.port())),
        Listen::Named { host, port, .. } if *port != 0 => served(id, config, &base_url(host, *port)),
        _ => Check::pass(
            id,
            "see HEALTH URL in the log of run, or the file that health.url_file names (HEALTH_URL_FILE)",
        ),
    }
}

fn served(id: &str, config: &Config, base: &str) -> Check {
    let page = match &config.page {
        Some(_) => "the status page at /ui/",
        None => "no status page (admin_ui.enabled is false)",
    };
    Check::pass(id, format!("{base}/healthz, /readyz and /metrics; {page}"))
}

/// Binds as `run` does, and closes again.
async fn bind(config: &Config) -> Check {
    let listen = &config.health.listen;
    let bound = match Listener::bind(&config.health).await {
        Ok(bound) => bound,
        Err(error) => {
            return match (error.problem(), listen, error.address()) {
                (Problem::InUse, _, Some(addr)) => in_use(config, addr).await,
                (Problem::InUse, Listen::Unix(path), _) => unix_in_use(path).await,
                (problem, ..) => Check::fail(ID, error.to_string()).next([mend(problem)]),
            };
        }
    };
    let (host, port) = match listen {
        Listen::Unix(path) => return Check::pass(ID, format!("will bind unix socket {}", path.display())),
        Listen::Tcp { host, addr } => (host, addr.port()),
        Listen::Named { host, port, .. } => (host, *port),
    };
    let chosen = bound.addr().rsplit(':').next().and_then(|port| port.parse().ok());
    let place = place(host, chosen.unwrap_or(port));
    match port {
        0 => Check::pass(ID, format!("ephemeral bind ok on {place}")),
        _ => Check::pass(ID, format!("will bind {place}")),
    }
}

fn mend(problem: &Problem) -> &'static str {
    match problem {
        Problem::Io(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            "name an address of this host; 127.0.0.1:8080 is the usual one"
        }
        Problem::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            "choose a port above 1023, or for a unix socket a directory that this user may write"
        }
        Problem::Unresolved(_) | Problem::Reachable(_) => {
            "write an IP address in health.listen_addr; 127.0.0.1:8080 is the usual one"
        }
        _ => "choose another address in health.listen_addr, or another path in health.unix_socket",
    }
}

async fn in_use(config: &Config, addr: SocketAddr) -> Check {
    let mut there = addr;
    if addr.ip().is_unspecified() {
        there.set_ip(match addr {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let live = match timeout(DOCTOR_NEIGHBOUR_TIMEOUT, TcpStream::connect(there)).await {
        Ok(Ok(stream)) => neighbour::answers_live(stream).await,
        _ => false,
    };
    let holder = neighbour::holder(addr);
    match relation(config, addr.port(), live, &holder) {
        Relation::Ours(how) => Check::pass(ID, format!("{addr} is in use by the running {}", named(&holder)))
            .evidence(["/healthz says live".to_owned(), how]),
        Relation::Unclear => Check::warn(
            ID,
            format!("{addr}: address already in use, probably by the running tunnel-client"),
        )
        .evidence([
            "/healthz says live".to_owned(),
            format!("held by {}", holder.describe()),
        ])
        .next([
            "if that is the daemon of this configuration, all is well: run doctor as its user to be sure".to_owned(),
            format!("if it is another one, give each its own {SETTING}, or 127.0.0.1:0 with health.url_file"),
        ]),
        Relation::Other => Check::fail(ID, format!("{addr}: address already in use by {}", holder.describe()))
            .evidence(
                holder
                    .selectors
                    .iter()
                    .map(|(flag, value)| format!("it runs with --{flag} {value}")),
            )
            .next([
                format!("choose another port in {SETTING} (HEALTH_LISTEN_ADDR), or 127.0.0.1:0 with health.url_file"),
                format!("or end what holds it: ss -ltnp 'sport = :{}'", addr.port()),
            ]),
    }
}

/// Whose daemon it is that holds the address.
#[derive(Debug, PartialEq, Eq)]
enum Relation {
    /// This configuration's; how that was seen.
    Ours(String),
    /// It answers as one, but nothing shows whose it is.
    Unclear,
    /// Something else, or the daemon of another configuration.
    Other,
}

fn relation(config: &Config, port: u16, live: bool, holder: &Holder) -> Relation {
    if !live || is_of_another_configuration(config.selection(), holder) {
        return Relation::Other;
    }
    if let Some(how) = announced(config, port, holder) {
        return Relation::Ours(how);
    }
    match holder.pid {
        Some(_) if holder.is_client() => Relation::Ours(format!("the address is held by {}", holder.describe())),
        Some(_) => Relation::Other,
        None => Relation::Unclear,
    }
}

/// The running daemon says itself where it is.
fn announced(config: &Config, port: u16, holder: &Holder) -> Option<String> {
    if let Some(path) = &config.health.url_file {
        let url = neighbour::read(path).unwrap_or_default();
        if url.trim().rsplit(':').next() == Some(&*port.to_string()) {
            return Some(format!("{} names this address", path.display()));
        }
    }
    let path = config.pid_file.as_ref()?;
    let pid = neighbour::read(path)?.trim().parse().ok()?;
    let process = neighbour::process(pid)?;
    let same = holder.pid.is_none_or(|holder| holder == pid) && process.is_client();
    same.then(|| format!("{} names the running process {pid}", path.display()))
}

/// Whether the holder's command line names another file. Without such flags it may have read ours by way of a variable.
fn is_of_another_configuration(ours: &Selection, holder: &Holder) -> bool {
    holder.pid.is_some() && holder.reads(ours.path()) == Some(false)
}

fn named(holder: &Holder) -> String {
    match holder.pid {
        Some(_) => holder.describe(),
        None => "tunnel-client".to_owned(),
    }
}

async fn unix_in_use(path: &Path) -> Check {
    let shown = path.display();
    let live = match timeout(DOCTOR_NEIGHBOUR_TIMEOUT, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => neighbour::answers_live(stream).await,
        _ => false,
    };
    if live {
        // The path is of this configuration only, unlike a port.
        return Check::pass(ID, format!("{shown} is in use by the running tunnel-client"))
            .evidence(["/healthz on this socket says live"]);
    }
    Check::fail(ID, format!("{shown}: address already in use by another program"))
        .next(["end that program, or choose another path in health.unix_socket (HEALTH_UNIX_SOCKET)"])
}

/// What is bound: one address, or all of them, which is more than the one to type.
fn place(host: &str, port: u16) -> String {
    let base = base_url(host, port);
    let all = match host.trim_start_matches('[').trim_end_matches(']') {
        "" | "0.0.0.0" => "0.0.0.0",
        "::" => "[::]",
        _ => return base,
    };
    format!("{all}:{port}, every address of this host; from here {base}")
}

/// As an address to type: what is bound to every address is reached at the loopback one.
fn base_url(host: &str, port: u16) -> String {
    match host.trim_start_matches('[').trim_end_matches(']') {
        "" | "0.0.0.0" => format!("http://127.0.0.1:{port}"),
        "::" => format!("http://[::1]:{port}"),
        host if host.contains(':') => format!("http://[{host}]:{port}"),
        host => format!("http://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(words: &[(&str, &str)], directory: &Path) -> Holder {
        Holder {
            pid: Some(1),
            selectors: words
                .iter()
                .map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned()))
                .collect(),
            directory: Some(directory.to_owned()),
            ..Holder::default()
        }
    }

    #[test]
    fn daemons_are_told_apart_by_the_file_they_read() {
        // Any file and directory that exist.
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = here.join("src/lib.rs");
        let text = file.display().to_string();
        let profile = Selection::Profile {
            name: "a".to_owned(),
            path: "/p/a.yaml".into(),
        };
        let config = Selection::Config(file.clone());
        for (ours, theirs, other) in [
            (&profile, vec![("profile", "a")], false),
            (&profile, vec![("profile", "b")], true),
            (&profile, vec![("profile", "a"), ("profile-dir", "/p")], false),
            (&profile, vec![("profile", "a"), ("profile-dir", "/q")], true),
            (&profile, vec![("profile-file", "/p/a.yaml")], false),
            (&profile, vec![("config", "a")], true),
            (&profile, vec![], false),
            (&profile, vec![("profile-dir", "/q")], false),
            (&Selection::None, vec![], false),
            (&Selection::None, vec![("profile", "a")], true),
            (&config, vec![("config", &*text)], false),
            (&config, vec![("config", "src/lib.rs")], false),
            (&config, vec![("profile-file", "./src/../src/lib.rs")], false),
            (&config, vec![("config", "src/main.rs")], true),
            (&config, vec![("config", "lib.rs")], true),
        ] {
            let holder = holder(&theirs, here);
            assert_eq!(is_of_another_configuration(ours, &holder), other, "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn wildcards_are_shown_as_loopback() {
        for (host, url) in [
            ("0.0.0.0", "http://127.0.0.1:80"),
            ("", "http://127.0.0.1:80"),
            ("::", "http://[::1]:80"),
            ("::1", "http://[::1]:80"),
            ("localhost", "http://localhost:80"),
        ] {
            assert_eq!(base_url(host, 80), url);
        }
    }

    #[test]
    fn what_listens_on_every_address_is_said_to() {
        for (host, said) in [
            (
                "0.0.0.0",
                "0.0.0.0:80, every address of this host; from here http://127.0.0.1:80",
            ),
            (
                "",
                "0.0.0.0:80, every address of this host; from here http://127.0.0.1:80",
            ),
            ("::", "[::]:80, every address of this host; from here http://[::1]:80"),
            ("10.1.2.3", "http://10.1.2.3:80"),
        ] {
            assert_eq!(place(host, 80), said);
        }
    }
}
