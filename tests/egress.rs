//! What the kernel forbids under `lockdown.require_proxy`: each way around the rules is tried.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, Protocol, SendFlags, SocketType, ipproto, sendto, socket_with};
use support::{ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, StdioServer};
use tunnel_client::config::{self, Config, Flags, Sources};
use tunnel_client::sandbox::Egress;
use tunnel_client::secrets::{Disk, Environment};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";

fn config(proxy: &str, server: &str) -> Config {
    let environment: Environment = [
        ("CONTROL_PLANE_TUNNEL_ID", ID),
        ("CONTROL_PLANE_API_KEY", "sk-test_0123456789"),
        ("CONTROL_PLANE_HTTP_PROXY", proxy),
        ("MCP_SERVER_URL", server),
        ("LOCKDOWN_REQUIRE_PROXY", "true"),
    ]
    .into_iter()
    .collect();
    let sources = Sources {
        flags: &Flags::default(),
        environment: &environment,
        file: None,
        files: &Disk,
    };
    config::load(&sources).unwrap()
}

/// Runs `attempt` in a thread that is limited as the daemon would be with this proxy and this MCP server.
fn limited<T: Send>(proxy: &str, server: &str, attempt: impl FnOnce() -> T + Send) -> T {
    let egress = Egress::of(&config(proxy, server)).unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            egress.limit_ports().unwrap();
            egress.limit_sockets_of_thread().unwrap();
            attempt()
        });
        thread.join().unwrap()
    })
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn only_the_ports_of_the_configuration_can_be_connected_to() {
    let ((_a, proxy), (_b, server), (_c, other)) = (listen(), listen(), listen());
    limited(&format!("http://{proxy}"), &format!("http://{server}/mcp"), || {
        TcpStream::connect(proxy).unwrap();
        TcpStream::connect(server).unwrap();
        let error = TcpStream::connect(other).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    });
}

#[test]
fn sockets_that_rules_about_ports_do_not_see_are_refused() {
    let (_listener, other) = listen();
    limited("http://127.0.0.1:3128", "http://127.0.0.1:3000/mcp", || {
        let open = |family, kind, protocol: Option<Protocol>| {
            socket_with(family, kind, rustix::net::SocketFlags::CLOEXEC, protocol).map(drop)
        };
        let raw = |number: u32| Protocol::from_raw(std::num::NonZeroU32::new(number).unwrap());
        for family in [AddressFamily::INET, AddressFamily::INET6] {
            for (kind, protocol) in [
                (SocketType::STREAM, Some(ipproto::MPTCP)),
                (SocketType::STREAM, Some(ipproto::SCTP)),
                (SocketType::DGRAM, None),
                (SocketType::DGRAM, Some(ipproto::UDP)),
                (SocketType::RAW, Some(raw(1))),
                (SocketType::SEQPACKET, Some(ipproto::SCTP)),
                (SocketType::from_raw(6), Some(ipproto::DCCP)),
            ] {
                assert_eq!(
                    open(family, kind, protocol),
                    Err(Errno::PERM),
                    "{family:?} {kind:?} {protocol:?}"
                );
            }
            open(family, SocketType::STREAM, None).unwrap();
            open(family, SocketType::STREAM, Some(ipproto::TCP)).unwrap();
        }
        // AF_PACKET, AF_RDS, AF_TIPC, AF_VSOCK, AF_SMC, AF_XDP and one that does not exist yet.
        for family in [17, 21, 30, 40, 43, 44, 60] {
            let family = AddressFamily::from_raw(family);
            assert_eq!(open(family, SocketType::STREAM, None), Err(Errno::PERM), "{family:?}");
        }
        open(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
        open(AddressFamily::NETLINK, SocketType::RAW, None).unwrap();

        // A connection without connect().
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let fast_open = SendFlags::from_bits_retain(0x2000_0000);
        assert_eq!(sendto(&socket, b"x", fast_open, &other), Err(Errno::PERM));
        // Other kinds of netlink than routes.
        let open_netlink = |protocol| open(AddressFamily::NETLINK, SocketType::RAW, Some(raw(protocol)));
        assert_eq!(open_netlink(9), Err(Errno::PERM), "audit");
    });
}

/// Each call with its number on this machine, as a program would make it; prints what the kernel says.
const CALLS: &str = r#"
import ctypes, errno, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
FAST_OPEN = 0x20000000
def call(name, *arguments):
    result = libc.syscall(*(ctypes.c_long(argument) for argument in arguments))
    print(name, "done" if result >= 0 else errno.errorcode[ctypes.get_errno()])
def option(name, number, value):
    with socket.socket() as tcp:
        try:
            tcp.setsockopt(socket.IPPROTO_TCP, number, value)
            print(name, "done")
        except OSError as error:
            print(name, errno.errorcode[error.errno])
with socket.socket() as tcp:
    number = tcp.fileno()
    call("sendmsg", 46 if x86 else 211, number, 0, FAST_OPEN)
    call("sendmsg-plain", 46 if x86 else 211, number, 0, 0)
    call("sendmmsg", 307 if x86 else 269, number, 0, 1, FAST_OPEN)
    call("sendmmsg-plain", 307 if x86 else 269, number, 0, 1, 0)
call("io_uring_setup", 425, 8, 0)
call("io_uring_enter", 426, -1, 0, 0, 0)
call("io_uring_register", 427, -1, 0, 0, 0)
option("fast-open-connect", 30, 1)
option("ulp", 31, b"smc")
option("nodelay", 1, 1)
"#;

#[test]
fn every_call_that_connects_without_connect_is_refused() {
    let python = || {
        let output = std::process::Command::new("python3")
            .args(["-c", CALLS])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| line.split_once(' ').unwrap());
        lines
            .map(|(call, ended)| (call.to_owned(), ended.to_owned()))
            .collect::<Vec<_>>()
    };
    // A program that is started inherits what its parent is forbidden.
    let limited = limited("http://127.0.0.1:3128", "http://127.0.0.1:3000/mcp", python);
    let plain = ["sendmsg-plain", "sendmmsg-plain", "nodelay"];
    for (call, ended) in &limited {
        assert_eq!(ended == "EPERM", !plain.contains(&call.as_str()), "{call}: {ended}");
    }
    assert_eq!(limited.len(), 10);
    // Without limits none of them is refused so.
    for (call, ended) in python() {
        assert_ne!(ended, "EPERM", "{call}");
    }
}

#[test]
fn names_need_datagrams_and_nothing_else_more() {
    limited("http://proxy.example:3128", "http://127.0.0.1:3000/mcp", || {
        let open = |kind, protocol| rustix::net::socket(AddressFamily::INET, kind, protocol).map(drop);
        open(SocketType::DGRAM, None).unwrap();
        open(SocketType::DGRAM, Some(ipproto::UDP)).unwrap();
        assert_eq!(open(SocketType::DGRAM, Some(ipproto::UDPLITE)), Err(Errno::PERM));
        assert_eq!(open(SocketType::DGRAM, Some(ipproto::ICMP)), Err(Errno::PERM));
        assert_eq!(open(SocketType::STREAM, Some(ipproto::MPTCP)), Err(Errno::PERM));
    });
}

/// The value of a line of `/proc/PID/task/TID/status`, for each thread.
fn of_threads(pid: u32, name: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let line = |thread: std::io::Result<std::fs::DirEntry>| {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.trim_start_matches(':').trim().to_owned()
    };
    threads.map(line).collect()
}

#[test]
fn a_locked_down_daemon_works_and_every_thread_of_it_is_limited() {
    let (control, mcp, proxy) = (ControlPlane::http(), McpServer::echo(), Proxy::http(Manner::Serve));
    let locked = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .env("LOCKDOWN_REQUIRE_PROXY", "true")
        .start();
    locked.await_ready();
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    let filters = of_threads(locked.pid(), "Seccomp");
    assert!(
        !filters.is_empty() && filters.iter().all(|mode| mode == "2"),
        "{filters:?}"
    );
    assert!(of_threads(locked.pid(), "NoNewPrivs").iter().all(|set| set == "1"));
    assert_eq!(
        locked
            .log_with("the kernel limits where this process connects to")
            .len(),
        2
    );
}

#[test]
fn a_daemon_with_children_says_that_the_kernel_does_not_limit_it() {
    let (control, child, proxy) = (ControlPlane::http(), StdioServer::echo(), Proxy::http(Manner::Serve));
    let locked = ClientBuilder::new(&control)
        .command(child.command())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .env("LOCKDOWN_REQUIRE_PROXY", "true")
        .start();
    locked.await_log("is not limited by the kernel, because stdio MCP servers would inherit that");
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
}
