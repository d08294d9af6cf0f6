//! A stdio server with `sandbox: strict` has what its binding lists, and the programs and libraries of the system.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::server::{change_trust, rename_own};
use super::server_useful::{read_system, run_shell, start_thread};
use crate::config::{ServerNetwork, ServerSandbox};
use crate::limits::SANDBOX_PROBE_CONNECT_TIMEOUT;
use crate::probes::probe::{Attempt, By, Expected, Failure, Place, Probe, Target};
use crate::probes::scene::{Facts, Scene};
use crate::sys::attempts::{Call, calls};

/// The first version of landlock that looks at ports; a server that lists ports is not started without.
const PORTS: u8 = 4;

/// Directories in which distributions keep keys of services.
const PRIVATE: [&str; 2] = ["/etc/ssl/private", "/etc/pki/tls/private"];

pub(super) const PROBES: &[Probe] = &[
    beyond(
        "read a file that is not listed",
        "Everything else that this user owns.",
        |scene| Ok(File::open(unlisted(scene)?).map(drop)?),
    ),
    beyond(
        "write a file that is not listed",
        "A start-up file that runs what they like.",
        |scene| Ok(OpenOptions::new().write(true).open(unlisted(scene)?).map(drop)?),
    ),
    beyond(
        "create a file in a place that is not listed",
        "A foothold that survives a restart.",
        |scene| {
            let path = unlisted(scene)?.with_file_name(format!("created-{}", std::process::id()));
            OpenOptions::new().write(true).create_new(true).open(&path)?;
            Ok(fs::remove_file(path)?)
        },
    ),
    beyond("list a directory that is not listed", "What this user has.", |scene| {
        Ok(fs::read_dir(unlisted(scene)?.parent().unwrap_or(Path::new("/root"))).map(drop)?)
    }),
    beyond("write into /usr", "Programs of others.", |_| {
        let path = format!("/usr/.tunnel-client-probe-{}", std::process::id());
        OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(fs::remove_file(path)?)
    }),
    beyond("read the client's keys", "The tunnel, in the client's name.", |scene| {
        let key = scene.facts.files.secrets.first().ok_or(Failure::NotHere)?;
        Ok(File::open(key).map(drop)?)
    }),
    beyond(
        "rename what leads to the client's files",
        "Another configuration.",
        rename_own,
    ),
    beyond(
        "list the keys of this host",
        "Connections in the name of this host.",
        |_| {
            let directory = PRIVATE.iter().find(|path| Path::new(path).is_dir());
            Ok(fs::read_dir(directory.ok_or(Failure::NotHere)?).map(drop)?)
        },
    ),
    beyond(
        "write into the files of trust anchors",
        "Another authority, and with it another control plane that receives the key.",
        change_trust,
    ),
    beyond("read /etc/shadow", "Passwords of this host.", |_| {
        Ok(File::open("/etc/shadow").map(drop)?)
    }),
    Probe::new(
        "connect to a TCP port that is not listed",
        "Any service of this host and its network.",
        Expected::Refused(&[libc::EACCES]),
        By::Landlock(PORTS),
        Attempt::Code(|scene| Ok(TcpStream::connect(scene.tcp.ok_or(Failure::NotHere)?).map(drop)?)),
    )
    .at(Place::Strict)
    .when(lists_ports),
    Probe::new(
        "bind a TCP port",
        "A door for whoever knows it.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(|_| Ok(TcpListener::bind("127.0.0.1:0").map(drop)?)),
    )
    .at(Place::Strict)
    .when(lists_ports),
    Probe::new(
        "a TCP socket",
        "Any service of this host and its network.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(|scene| Ok(TcpStream::connect(scene.tcp.ok_or(Failure::NotHere)?).map(drop)?)),
    )
    .at(Place::Strict)
    .when(has_no_network),
    filtered(
        "a UDP socket",
        "Data goes out as questions to name servers.",
        &calls::UDP,
    )
    .when(has_no_datagrams),
    filtered(
        "multipath TCP",
        "A connection that no rule about ports sees.",
        &calls::MPTCP,
    ),
    filtered(
        "TCP Fast Open (sendto)",
        "A connection that no rule about ports sees.",
        &calls::SENDTO_FAST_OPEN,
    )
    .when(lists_ports),
    filtered(
        "TCP Fast Open (at the first write)",
        "A connection that no rule about ports sees.",
        &calls::FAST_OPEN_CONNECT,
    )
    .when(lists_ports),
    filtered("listen", "A door that the kernel chooses a port for.", &calls::LISTEN).when(lists_ports),
    Probe::new(
        "connect to a unix socket",
        "Docker, databases, the service manager.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(|scene| Ok(UnixStream::connect(scene.file("socket")).map(drop)?)),
    )
    .at(Place::Strict)
    .when(is_started),
    filtered("a raw IP socket", "Packets in the name of others.", &calls::RAW),
    filtered("signal the client (kill)", "No tunnel.", &calls::KILL).on(Target::Client),
    filtered("trace the client (ptrace)", "The key.", &calls::PTRACE).on(Target::Client),
    filtered(
        "a new user namespace (unshare)",
        "Root in a world of their own.",
        &calls::UNSHARE_USER,
    ),
    works("run a shell", "Programs of the system.", run_shell),
    works("threads", "Node, Python, Go.", start_thread),
    works("read /usr and /etc/passwd", "Libraries, languages, users.", read_system),
    works("read what is listed", "What the server is there for.", |scene| {
        let strict = listed(scene)?;
        let mut places = strict
            .read
            .iter()
            .chain(&strict.write)
            .filter(|path| path.exists())
            .peekable();
        places.peek().ok_or(Failure::NotHere)?;
        places.try_for_each(|path| match path.is_dir() {
            true => Ok(fs::read_dir(path).map(drop)?),
            false => Ok(File::open(path).map(drop)?),
        })
    }),
    works("write where that is listed", "What the server is there for.", |scene| {
        let mut places = listed(scene)?.write.iter().filter(|path| path.is_dir()).peekable();
        places.peek().ok_or(Failure::NotHere)?;
        places.try_for_each(|path| {
            let path = path.join(format!(".tunnel-client-probe-{}", std::process::id()));
            OpenOptions::new().write(true).create_new(true).open(&path)?;
            Ok(fs::remove_file(path)?)
        })
    }),
    works(
        "connect to every listed TCP port",
        "Services behind the server.",
        |scene| {
            let ServerNetwork::Tcp(ports) = &listed(scene)?.network else {
                return Err(Failure::NotHere);
            };
            ports.iter().try_for_each(|port| {
                let to = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                match TcpStream::connect_timeout(&to, SANDBOX_PROBE_CONNECT_TIMEOUT) {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                    connected => Ok(connected.map(drop)?),
                }
            })
        },
    ),
];

/// A strict server is not started where a layer is missing, nor, if it lists ports, where the kernel does not look at them.
pub(super) fn is_started(facts: &Facts) -> bool {
    if !facts.status.filters_calls() {
        return false;
    }
    let network = facts.strict.as_ref().map(|strict| &strict.network);
    match network {
        Some(ServerNetwork::Tcp(_)) => facts.status.landlock() >= PORTS,
        Some(ServerNetwork::None | ServerNetwork::Any) => facts.status.landlock() >= 1,
        None => false,
    }
}

fn network(facts: &Facts) -> Option<&ServerNetwork> {
    let strict = facts.strict.as_ref().filter(|_| is_started(facts));
    strict.map(|strict| &strict.network)
}

fn lists_ports(facts: &Facts) -> bool {
    matches!(network(facts), Some(ServerNetwork::Tcp(_)))
}

pub(super) fn has_no_network(facts: &Facts) -> bool {
    network(facts) == Some(&ServerNetwork::None)
}

pub(super) fn writes_nothing(facts: &Facts) -> bool {
    is_started(facts) && facts.strict.as_ref().is_some_and(|strict| strict.write.is_empty())
}

pub(super) fn has_no_datagrams(facts: &Facts) -> bool {
    matches!(network(facts), Some(ServerNetwork::None | ServerNetwork::Tcp(_)))
}

const fn beyond(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::out_of_reach(1, name, gains, code)
        .at(Place::Strict)
        .when(is_started)
}

const fn filtered(name: &'static str, gains: &'static str, call: &'static Call) -> Probe {
    Probe::filtered(name, gains, call).at(Place::Strict).when(is_started)
}

const fn works(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::works(name, gains, code).at(Place::Strict).when(is_started)
}

fn listed(scene: &Scene) -> Result<&ServerSandbox, Failure> {
    scene.facts.strict.as_ref().ok_or(Failure::NotHere)
}

/// A file of the same user, unless its place is listed.
fn unlisted(scene: &Scene) -> Result<std::path::PathBuf, Failure> {
    let strict = listed(scene)?;
    let path = scene.file("file");
    let mut places = strict.read.iter().chain(&strict.write);
    match places.any(|place| path.starts_with(place)) {
        true => Err(Failure::NotHere),
        false => Ok(path),
    }
}
