//! The audit log: what was recorded is not rewritten, and its key is not read. The thread that writes it shares the client's memory, so it is
//! shut in as well: to files that are open.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::probes::probe::{By, Failure, Place, Probe};
use crate::probes::scene::{Facts, Scene};
use crate::sys::attempts::calls;

const A: Place = Place::Audit;

pub(super) const PROBES: &[Probe] = &[
    audit(Probe::out_of_reach(
        1,
        "read the audit log",
        "Who called what, from the beginning.",
        |scene| Ok(File::open(file(scene)?).map(drop)?),
    )),
    audit(Probe::out_of_reach(
        1,
        "open the audit log to overwrite it",
        "Records are lost, which only an anchor shows.",
        |scene| Ok(OpenOptions::new().write(true).open(file(scene)?).map(drop)?),
    )),
    audit(Probe::out_of_reach(
        1,
        "read the key of the audit log",
        "The key of the next run: records of their own under a genuine seal.",
        |scene| Ok(File::open(key(scene)?).map(drop)?),
    )),
    audit(Probe::out_of_reach(
        1,
        "write the key of the audit log",
        "A chain of their own.",
        |scene| Ok(OpenOptions::new().write(true).open(key(scene)?).map(drop)?),
    )),
    audit(Probe::out_of_reach(
        1,
        "read a file of the same user",
        "Everything that this user owns.",
        |scene| Ok(File::open(scene.file("file")).map(drop)?),
    ))
    .at(A),
    audit(Probe::out_of_reach(
        1,
        "append to the audit log by its name",
        "Another file in its place, which is not noticed.",
        |scene| Ok(OpenOptions::new().append(true).open(file(scene)?).map(drop)?),
    ))
    .at(A),
    audit(Probe::out_of_reach(
        1,
        "read the key of the audit log",
        "The key of the next run: records of their own under a genuine seal.",
        |scene| Ok(File::open(key(scene)?).map(drop)?),
    ))
    .at(A),
    audit(
        Probe::out_of_reach(
            4,
            "connect to another TCP port",
            "Any service of this host and its network.",
            |scene| {
                let to = scene.tcp.ok_or(Failure::NotHere)?;
                Ok(TcpStream::connect(to).map(drop)?)
            },
        )
        .with(By::Seccomp, &[libc::EPERM]),
    )
    .at(A),
    audit(Probe::filtered(
        "multipath TCP",
        "A connection that no rule about ports sees.",
        &calls::MPTCP,
    ))
    .at(A),
    audit(Probe::filtered(
        "a raw IP socket",
        "Packets in the name of others.",
        &calls::RAW,
    ))
    .at(A),
    audit(Probe::filtered(
        "a netlink socket (audit)",
        "The record of what was done here.",
        &calls::AUDIT,
    ))
    .at(A),
    audit(Probe::killed("run a shell", "Commands of their own.", &calls::EXECVE)).at(A),
    audit(Probe::killed(
        "fork",
        "A process that outlives this one.",
        &calls::CLONE,
    ))
    .at(A),
    audit(Probe::killed(
        "make memory code (mprotect)",
        "Code of their own in this process.",
        &calls::MPROTECT_EXECUTABLE,
    ))
    .at(A),
    audit(Probe::killed(
        "signal another process (kill)",
        "Other services of this user end.",
        &calls::KILL,
    ))
    .at(A),
    audit(Probe::killed(
        "trace another process (ptrace)",
        "All that another process knows.",
        &calls::PTRACE,
    ))
    .at(A),
    audit(Probe::killed(
        "truncate an open file",
        "The audit log is gone.",
        &calls::FTRUNCATE,
    ))
    .at(A),
    audit(Probe::killed(
        "rename a file",
        "One file in place of another.",
        &calls::RENAME,
    ))
    .at(A),
    audit(Probe::killed("listen", "A door for whoever knows it.", &calls::LISTEN).with(By::Seccomp, &[libc::EPERM]))
        .at(A),
    audit(Probe::killed(
        "io_uring (setup)",
        "Calls that no filter sees.",
        &calls::IO_URING_SETUP,
    ))
    .at(A),
    audit(Probe::works(
        "write to what is open",
        "Records, and lines of the log.",
        |_| {
            let _ = SystemTime::now();
            Ok(io::stderr().write_all(b"")?)
        },
    ))
    .at(A),
];

/// Only where there is an audit log.
const fn audit(probe: Probe) -> Probe {
    probe.when(|facts: &Facts| facts.files.audit.is_some())
}

fn file(scene: &Scene) -> Result<&PathBuf, Failure> {
    scene.facts.files.audit.as_ref().ok_or(Failure::NotHere)
}

fn key(scene: &Scene) -> Result<&PathBuf, Failure> {
    scene.facts.files.audit_key.as_ref().ok_or(Failure::NotHere)
}
