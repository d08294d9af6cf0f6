//! The health listener on a unix socket: who may connect, what is in the way, and that nothing is left behind.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tunnel_client::ops::unix_url;

use crate::support::client::API_KEY;
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, eventually, holds_for, needs};

struct Setup {
    control: ControlPlane,
    mcp: McpServer,
    directory: Scratch,
}

impl Setup {
    fn new() -> Self {
        Self {
            control: ControlPlane::http(),
            mcp: McpServer::echo(),
            directory: Scratch::new(),
        }
    }

    fn client_at(&self, socket: &Path) -> Client {
        ClientBuilder::new(&self.control)
            .server(self.mcp.url())
            .no_env("HEALTH_LISTEN_ADDR")
            .env("HEALTH_UNIX_SOCKET", socket.display().to_string())
            .start()
    }

    /// The one line of a client that must not start.
    #[track_caller]
    fn refused_at(&self, socket: &Path) -> String {
        let mut client = self.client_at(socket);
        assert_eq!(client.wait_exit(BOUND).code(), Some(1));
        client.await_log("health listener (health.unix_socket, HEALTH_UNIX_SOCKET)")
    }
}

/// Status line and body of a path.
fn get(socket: &Path, path: &str) -> (String, String) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[test]
fn health_is_served_on_the_socket_and_nowhere_else() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let socket = setup.directory.file("new/run/health.sock");
    let mut client = setup.client_at(&socket);
    let url = client.health_url();
    assert_eq!(unix_url::decode(&url).unwrap(), socket, "{url}");
    let line = client.await_log("health server listening");
    assert!(line.contains(&socket.display().to_string()), "{line}");
    client.await_log("tunnel-client started");
    assert_eq!(
        get(&socket, "/healthz"),
        ("HTTP/1.1 200 OK".to_owned(), "live".to_owned())
    );
    setup.control.call(Command::call("r1", "ping", "{}"), "r1");
    eventually("readiness", || (get(&socket, "/readyz").1 == "ready").then_some(()));
    assert!(get(&socket, "/metrics").1.contains("commands_polled_total 1"));

    // No name resolves to a socket: any name in a request is right.
    let mut stream = UnixStream::connect(&socket).unwrap();
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let listening = std::fs::read_to_string(format!("/proc/{}/net/tcp", client.pid())).unwrap();
    let sockets: Vec<PathBuf> = std::fs::read_dir(format!("/proc/{}/fd", client.pid()))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .collect();
    let listeners = listening
        .lines()
        .skip(1)
        .filter(|line| line.split_whitespace().nth(3) == Some("0A"));
    for listener in listeners {
        let inode = listener.split_whitespace().nth(9).unwrap();
        assert!(
            !sockets.contains(&PathBuf::from(format!("socket:[{inode}]"))),
            "TCP is served too: {listener}"
        );
    }

    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
    assert!(!exists(&socket), "left behind");
    assert!(!client.directory().file("health.url").exists(), "left behind");
}

#[test]
fn only_owner_and_group_may_connect() {
    let setup = Setup::new();
    let socket = setup.directory.file("run/health.sock");
    let client = setup.client_at(&socket);
    client.await_log("health server listening");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert!(socket.metadata().unwrap().file_type().is_socket());
    assert_eq!(mode(&socket), 0o660);
    assert_eq!(
        mode(socket.parent().unwrap()) & 0o022,
        0,
        "others could replace the socket"
    );
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(exists(&socket));
    let client = setup.client_at(&socket);
    client.await_log("health server listening");
    assert_eq!(get(&socket, "/healthz").1, "live");
}

#[test]
fn one_start_at_a_time_replaces_what_was_left_behind() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let other = std::fs::File::open(setup.directory.path()).unwrap();
    rustix::fs::flock(&other, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let client = setup.client_at(&socket);
    holds_for(Duration::from_millis(500), "its turn has not come", || {
        client.log_with("health server listening").is_empty()
    });
    drop(other);
    client.await_log("health server listening");
    assert_eq!(get(&socket, "/healthz").1, "live");
}

#[test]
fn a_socket_that_somebody_listens_on_is_left_alone() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    let other = UnixListener::bind(&socket).unwrap();
    let line = setup.refused_at(&socket);
    assert!(
        line.contains("address already in use") && line.contains("health.sock"),
        "{line}"
    );
    assert!(exists(&socket));
    other.set_nonblocking(true).unwrap();
    assert!(other.accept().is_ok(), "it was asked");
}

#[test]
fn a_listener_that_is_too_busy_to_accept_is_a_listener() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    let other = UnixListener::bind(&socket).unwrap();
    // A queue of one place, which the first connection takes.
    rustix::net::listen(&other, 0).unwrap();
    let _queued = UnixStream::connect(&socket).unwrap();
    let line = setup.refused_at(&socket);
    assert!(line.contains("address already in use"), "{line}");
    assert!(exists(&socket));
}

#[test]
fn a_second_client_does_not_take_the_socket_of_the_first() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    let first = setup.client_at(&socket);
    first.await_log("health server listening");
    let line = setup.refused_at(&socket);
    assert!(line.contains("address already in use"), "{line}");
    assert_eq!(get(&socket, "/healthz").1, "live", "the first one's socket is gone");
}

#[test]
fn a_client_that_ends_does_not_remove_the_socket_of_its_successor() {
    let setup = Setup::new();
    let socket = setup.directory.file("health.sock");
    let mut client = setup.client_at(&socket);
    client.await_log("health server listening");
    std::fs::remove_file(&socket).unwrap();
    let _successor = UnixListener::bind(&socket).unwrap();
    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
    assert!(exists(&socket));
}

#[test]
fn what_is_no_socket_is_never_removed() {
    let setup = Setup::new();
    let file = setup.directory.write("file", "precious");
    let link = setup.directory.file("link");
    symlink(setup.directory.file("target.sock"), &link).unwrap();
    drop(UnixListener::bind(setup.directory.file("target.sock")).unwrap());
    for path in [file.as_path(), link.as_path(), setup.directory.path()] {
        let line = setup.refused_at(path);
        assert!(line.contains("is no socket"), "{line}");
        assert!(exists(path), "{} was removed", path.display());
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn a_socket_of_another_kind_is_left_alone() {
    let setup = Setup::new();
    let socket = setup.directory.file("datagrams.sock");
    let _other = UnixDatagram::bind(&socket).unwrap();
    let line = setup.refused_at(&socket);
    assert!(line.contains("cannot be found out"), "{line}");
    assert!(exists(&socket));
}

#[test]
fn a_path_that_no_socket_can_have_is_refused_with_its_length() {
    let setup = Setup::new();
    let name = "s".repeat(108 - setup.directory.path().as_os_str().len() - 1);
    let mut client = setup.client_at(&setup.directory.file(&name));
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log("107 bytes");
    assert!(line.contains("HEALTH_UNIX_SOCKET"), "{line}");
    assert!(client.log_with(API_KEY).is_empty());

    let longest = setup.directory.file(&name[1..]);
    let client = setup.client_at(&longest);
    client.await_log("health server listening");
    assert_eq!(get(&longest, "/healthz").1, "live");
}
