//! The network: TCP to the ports that the configuration names, and nothing else.

use std::net::{SocketAddr, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self as unix, UnixStream};
use std::time::Duration;

use crate::limits::SANDBOX_PROBE_CONNECT_TIMEOUT;
use crate::probes::probe::{Attempt, By, Expected, Failure, Probe};
use crate::probes::scene::Scene;
use crate::sys::attempts::calls;

const PATIENCE: Duration = SANDBOX_PROBE_CONNECT_TIMEOUT;

pub(super) const PROBES: &[Probe] = &[
    Probe::out_of_reach(
        4,
        "connect to another TCP port",
        "Any service of this host and its network.",
        |scene| connect(scene.tcp),
    ),
    Probe::out_of_reach(
        4,
        "connect to another TCP port (IPv6)",
        "Any service of this host and its network.",
        |scene| connect(scene.tcp6),
    ),
    Probe::new(
        "connect to an abstract unix socket",
        "Services of the session: D-Bus, X11, agents.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(abstract_socket),
    )
    .when(|facts| !facts.unix),
    Probe::new(
        "connect to an abstract socket of others",
        "Services of the session: D-Bus, X11, agents.",
        Expected::Refused(&[libc::EPERM]),
        By::Landlock(6),
        Attempt::Code(abstract_socket),
    )
    .when(|facts| facts.unix),
    Probe::new(
        "connect to a unix socket",
        "Docker, databases, the service manager.",
        Expected::Refused(&[libc::EPERM]),
        By::Seccomp,
        Attempt::Code(|scene| Ok(UnixStream::connect(scene.file("socket")).map(drop)?)),
    )
    .when(|facts| !facts.unix),
    Probe::killed("bind a port", "A door for whoever knows it.", &calls::BIND),
    Probe::killed("listen", "A door for whoever knows it.", &calls::LISTEN),
    Probe::killed(
        "a pair of sockets",
        "Descriptors go to another process.",
        &calls::SOCKETPAIR,
    ),
    Probe::filtered(
        "TCP Fast Open (sendto)",
        "A connection that no rule about ports sees.",
        &calls::SENDTO_FAST_OPEN,
    ),
    Probe::filtered(
        "TCP Fast Open (sendmsg)",
        "A connection that no rule about ports sees.",
        &calls::SENDMSG_FAST_OPEN,
    ),
    Probe::killed(
        "TCP Fast Open (sendmmsg)",
        "A connection that no rule about ports sees.",
        &calls::SENDMMSG_FAST_OPEN,
    ),
    Probe::filtered(
        "TCP Fast Open (at the first write)",
        "A connection that no rule about ports sees.",
        &calls::FAST_OPEN_CONNECT,
    ),
    Probe::filtered(
        "another protocol over TCP (TCP_ULP)",
        "Code of the kernel that few look at.",
        &calls::UPPER_PROTOCOL,
    ),
    Probe::filtered(
        "a UDP socket",
        "Data goes out as questions to name servers.",
        &calls::UDP,
    ),
    Probe::filtered(
        "a UDP socket (IPv6)",
        "Data goes out as questions to name servers.",
        &calls::UDP_6,
    ),
    Probe::filtered("a ping socket", "Data goes out as pings.", &calls::PING),
    Probe::filtered(
        "multipath TCP",
        "A connection that no rule about ports sees.",
        &calls::MPTCP,
    ),
    Probe::filtered(
        "multipath TCP (IPv6)",
        "A connection that no rule about ports sees.",
        &calls::MPTCP_6,
    ),
    Probe::filtered("SCTP", "A connection that no rule about ports sees.", &calls::SCTP),
    Probe::filtered(
        "SCTP, in order",
        "A connection that no rule about ports sees.",
        &calls::SCTP_SEQUENCED,
    ),
    Probe::filtered("DCCP", "Code of the kernel that few look at.", &calls::DCCP),
    Probe::filtered("a raw IP socket", "Packets in the name of others.", &calls::RAW),
    Probe::filtered("a packet socket", "All that goes over the wire.", &calls::PACKET),
    Probe::filtered("a netlink socket", "Routes, firewalls, neighbours.", &calls::NETLINK),
    Probe::filtered(
        "a netlink socket (audit)",
        "The record of what was done here.",
        &calls::AUDIT,
    ),
    Probe::filtered(
        "a socket to the hypervisor (vsock)",
        "The host of this virtual machine.",
        &calls::VSOCK,
    ),
    Probe::filtered(
        "a socket of the kernel's ciphers",
        "Code of the kernel that few look at.",
        &calls::ALG,
    ),
    Probe::filtered("SMC", "TCP connections of the kernel's own.", &calls::SMC),
    Probe::filtered("RDS", "TCP connections of the kernel's own.", &calls::RDS),
    Probe::filtered("TIPC", "Code of the kernel that few look at.", &calls::TIPC),
    Probe::filtered("an XDP socket", "All that goes over the wire.", &calls::XDP),
    Probe::filtered("a bluetooth socket", "What is near.", &calls::BLUETOOTH),
    #[cfg(target_arch = "x86_64")]
    Probe::killed(
        "a UDP socket by its number of x32",
        "Past a filter that knows one table of calls.",
        &calls::X32_SOCKET,
    ),
];

fn connect(to: Option<SocketAddr>) -> Result<(), Failure> {
    Ok(TcpStream::connect_timeout(&to.ok_or(Failure::NotHere)?, PATIENCE).map(drop)?)
}

fn abstract_socket(scene: &Scene) -> Result<(), Failure> {
    let address = unix::SocketAddr::from_abstract_name(&scene.name)?;
    Ok(UnixStream::connect_addr(&address).map(drop)?)
}
