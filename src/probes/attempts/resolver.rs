//! The threads that resolve names share the client's memory, so they are shut in as well: files of name resolution, questions to
//! name servers.

use std::fs::{File, OpenOptions};
use std::net::{TcpStream, ToSocketAddrs as _};

use crate::probes::probe::{Failure, Place, Probe};
use crate::sys::attempts::calls;

const R: Place = Place::Resolver;

pub(super) const PROBES: &[Probe] = &[
    Probe::out_of_reach(
        1,
        "read a file of the same user",
        "Everything that this user owns.",
        |scene| Ok(File::open(scene.file("file")).map(drop)?),
    )
    .at(R),
    Probe::out_of_reach(
        1,
        "write a file of the same user",
        "A foothold that survives a restart.",
        |scene| Ok(OpenOptions::new().write(true).open(scene.file("file")).map(drop)?),
    )
    .at(R),
    Probe::out_of_reach(
        1,
        "write /etc/hosts",
        "The control plane under another address.",
        |_| Ok(OpenOptions::new().write(true).open("/etc/hosts").map(drop)?),
    )
    .at(R),
    Probe::out_of_reach(
        4,
        "connect to another TCP port",
        "Any service of this host and its network.",
        |scene| {
            let to = scene.tcp.ok_or(Failure::NotHere)?;
            Ok(TcpStream::connect(to).map(drop)?)
        },
    )
    .at(R),
    Probe::filtered(
        "multipath TCP",
        "A connection that no rule about ports sees.",
        &calls::MPTCP,
    )
    .at(R),
    Probe::filtered("a raw IP socket", "Packets in the name of others.", &calls::RAW).at(R),
    Probe::filtered(
        "a netlink socket (audit)",
        "The record of what was done here.",
        &calls::AUDIT,
    )
    .at(R),
    Probe::filtered(
        "TCP Fast Open (sendto)",
        "A connection that no rule about ports sees.",
        &calls::SENDTO_FAST_OPEN,
    )
    .at(R),
    Probe::killed("run a shell", "Commands of their own.", &calls::EXECVE).at(R),
    Probe::killed("fork", "A process that outlives this one.", &calls::CLONE).at(R),
    Probe::killed(
        "make memory code (mprotect)",
        "Code of their own in this process.",
        &calls::MPROTECT_EXECUTABLE,
    )
    .at(R),
    Probe::killed(
        "signal another process (kill)",
        "Other services of this user end.",
        &calls::KILL,
    )
    .at(R),
    Probe::killed(
        "trace another process (ptrace)",
        "All that another process knows.",
        &calls::PTRACE,
    )
    .at(R),
    Probe::killed("listen", "A door for whoever knows it.", &calls::LISTEN).at(R),
    Probe::killed("io_uring (setup)", "Calls that no filter sees.", &calls::IO_URING_SETUP).at(R),
    Probe::works(
        "resolve localhost",
        "Names of the control plane, of proxies, of servers.",
        |_| Ok(("localhost", 1).to_socket_addrs().map(drop)?),
    )
    .at(R),
];
