//! A stdio server can be any program, by anybody: it is kept from the client and its files, and from what reaches beyond a program's
//! own business.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};

use crate::probes::probe::{Attempt, By, Expected, Failure, Place, Probe, Target};
use crate::probes::scene::{Facts, Scene};
use crate::sys::attempts::{Call, calls};
use crate::{files, sandbox};

const HIDDEN: &[i32] = &[libc::EACCES];
/// Which one depends on what the kernel looks at first.
const CLOSED: &[i32] = &[libc::EACCES, libc::EPERM];
/// A policy of SELinux refuses with EACCES to tell the group of a process of another domain (`getpgid`), so the call has no target.
const GROUP: &[i32] = &[libc::EPERM, libc::EACCES];
/// The kernel refuses changes of a read-only file system before it asks landlock.
const NAMES: &[i32] = &[libc::EACCES, libc::EROFS];

pub(super) const PROBES: &[Probe] = &[
    hidden("read the client's keys", "The tunnel, in the client's name.", |scene| {
        let secrets = &scene.facts.files.secrets;
        any(secrets.iter().map(|path| File::open(path).map(drop)))
    }),
    hidden(
        "read the client's configuration",
        "Addresses, names, references to secrets.",
        |scene| {
            any(scene
                .facts
                .files
                .configuration
                .iter()
                .map(|path| File::open(path).map(drop)))
        },
    ),
    hidden("read the client's log", "Who called what.", |scene| {
        any(scene.facts.files.log.iter().map(|path| File::open(path).map(drop)))
    }),
    hidden(
        "read any file of the client's",
        "Certificates, bundles, profiles.",
        |scene| any(scene.facts.files.own.iter().map(|path| File::open(path).map(drop))),
    ),
    hidden(
        "write into the client's files",
        "Another key, and with it another tunnel.",
        |scene| {
            let write = |path| OpenOptions::new().write(true).open(path).map(drop);
            any(scene.facts.files.own.iter().map(write))
        },
    ),
    hidden(
        "rename what leads to the client's files",
        "Another configuration.",
        rename_own,
    )
    .with(By::Landlock(1), NAMES),
    hidden(
        "read the client's files past a mount",
        "The tunnel, in the client's name.",
        |scene| {
            let own = scene.facts.files.own.iter();
            let names = own
                .flat_map(|path| files::other_names(path))
                .filter(|path| path.exists());
            any(names.map(|path| File::open(path).map(drop)))
        },
    ),
    hidden(
        "write into the files of trust anchors",
        "Another authority, and with it another control plane that receives the key.",
        change_trust,
    ),
    hidden(
        "put a file next to those of trust anchors",
        "Another authority under the name of this one.",
        |scene| {
            let beside = |path: &PathBuf| {
                let path = path.with_file_name(format!(".tunnel-client-probe-{}", std::process::id()));
                OpenOptions::new().write(true).create_new(true).open(&path)?;
                fs::remove_file(path)
            };
            any(scene.facts.trust.iter().map(beside))
        },
    ),
    hidden(
        "read the client's keys past /proc",
        "The tunnel, in the client's name.",
        |scene| {
            let root = format!("/proc/{}/root", scene.process(Target::Client)?);
            let path = scene.facts.files.secrets.first().ok_or(Failure::NotHere)?;
            let path = Path::new(&root).join(path.strip_prefix("/").unwrap_or(path));
            Ok(File::open(path).map(drop)?)
        },
    )
    .with(By::Process, CLOSED)
    .in_process_files(),
    closed(
        "read the client's environment",
        "The key, if it came that way.",
        |scene| look(scene, Target::Client, "environ"),
    ),
    closed("read the client's memory", "The key.", |scene| {
        look(scene, Target::Client, "mem")
    }),
    closed("read the map of the client's memory", "Where the key is.", |scene| {
        look(scene, Target::Client, "maps")
    }),
    closed(
        "open a descriptor of the client",
        "Its connections and files.",
        |scene| look(scene, Target::Client, "fd/1"),
    ),
    closed("read the stack of the client", "Where the kernel is.", |scene| {
        // Whoever may open it is asked again when it is read.
        let path = format!("/proc/{}/stack", scene.process(Target::Client)?);
        let mut byte = [0];
        Ok(File::open(path)?.read(&mut byte).map(drop)?)
    }),
    closed("read the broker's environment", "What it was started with.", |scene| {
        look(scene, Target::Broker, "environ")
    }),
    closed("read the broker's memory", "What servers are started with.", |scene| {
        look(scene, Target::Broker, "mem")
    }),
    filtered("signal the client (kill)", "No tunnel.", &calls::KILL).on(Target::Client),
    filtered("signal the client (tkill)", "No tunnel.", &calls::TKILL).on(Target::Client),
    filtered("signal the client (tgkill)", "No tunnel.", &calls::TGKILL).on(Target::Client),
    filtered(
        "signal the client (rt_sigqueueinfo)",
        "No tunnel.",
        &calls::RT_SIGQUEUEINFO,
    )
    .on(Target::Client),
    filtered("signal the client's group", "No tunnel.", &calls::KILL_GROUP)
        .on(Target::Client)
        .with(By::Seccomp, GROUP),
    filtered(
        "signal every process (kill -1)",
        "All services of this user end.",
        &calls::KILL_ALL,
    ),
    filtered(
        "hold the client (pidfd_open)",
        "Signals and descriptors of the client.",
        &calls::PIDFD_OPEN,
    )
    .on(Target::Client),
    filtered(
        "signal the client by descriptor",
        "No tunnel.",
        &calls::PIDFD_SEND_SIGNAL_PROC,
    )
    .on(Target::Client)
    .in_process_files()
    .with(By::Seccomp, &[libc::ENOSYS]),
    filtered(
        "signal the client by a socket (F_SETOWN)",
        "No tunnel.",
        &calls::SOCKET_OWNER,
    )
    .on(Target::Client),
    filtered(
        "signal the client's group by a socket",
        "No tunnel.",
        &calls::SOCKET_OWNER_GROUP,
    )
    .on(Target::Client)
    .with(By::Seccomp, GROUP),
    filtered(
        "signal by a socket (F_SETOWN_EX)",
        "No tunnel.",
        &calls::SOCKET_OWNER_EX,
    ),
    filtered(
        "have openers of a file wait (F_SETLEASE)",
        "A client that stands still.",
        &calls::LEASE,
    ),
    filtered(
        "make a set-user-ID program (fchmod)",
        "The server's user, for everybody.",
        &calls::FCHMOD_SET_ID,
    ),
    filtered(
        "make a set-group-ID program (fchmodat)",
        "The server's groups, for everybody.",
        &calls::FCHMODAT_SET_ID,
    ),
    filtered(
        "make a set-user-ID program (fchmodat2)",
        "The server's user, for everybody.",
        &calls::FCHMODAT2_SET_ID,
    ),
    #[cfg(target_arch = "x86_64")]
    filtered(
        "make a set-group-ID program (chmod)",
        "The server's groups, for everybody.",
        &calls::CHMOD_SET_ID,
    ),
    filtered(
        "signal by a socket (FIOSETOWN)",
        "No tunnel.",
        &calls::SOCKET_OWNER_IOCTL,
    ),
    filtered("signal the broker (kill)", "Other servers end.", &calls::KILL).on(Target::Broker),
    filtered("hold the broker (pidfd_open)", "Other servers end.", &calls::PIDFD_OPEN).on(Target::Broker),
    Probe::new(
        "signal another process of this user",
        "Other services of this user end.",
        Expected::Refused(&[libc::EPERM]),
        By::Landlock(6),
        Attempt::Call(&calls::KILL, Target::Other),
    )
    .at(Place::Server)
    .when(default),
    filtered("trace the client (ptrace)", "The key.", &calls::PTRACE).on(Target::Client),
    filtered(
        "trace the broker (ptrace)",
        "What servers are started with.",
        &calls::PTRACE,
    )
    .on(Target::Broker),
    filtered(
        "trace another process (ptrace)",
        "All that another process knows.",
        &calls::PTRACE,
    ),
    filtered(
        "read the client's memory (vm_readv)",
        "The key.",
        &calls::PROCESS_VM_READV,
    )
    .on(Target::Client),
    filtered(
        "write the client's memory (vm_writev)",
        "Code in the client.",
        &calls::PROCESS_VM_WRITEV,
    )
    .on(Target::Client),
    filtered(
        "take a descriptor of another process",
        "Its connections and files.",
        &calls::PIDFD_GETFD,
    ),
    filtered(
        "compare processes (kcmp)",
        "Addresses in the kernel, in the end.",
        &calls::KCMP,
    ),
    filtered(
        "limits of the client (prlimit64)",
        "A client without descriptors.",
        &calls::PRLIMIT64,
    )
    .on(Target::Client),
    filtered(
        "priority of the client",
        "A client that stands still.",
        &calls::SETPRIORITY,
    )
    .on(Target::Client),
    filtered(
        "priority of all of a user",
        "A client that stands still.",
        &calls::SETPRIORITY_USER,
    ),
    filtered(
        "processors of the client",
        "A client that stands still.",
        &calls::SCHED_SETAFFINITY,
    )
    .on(Target::Client),
    filtered(
        "scheduler of the client",
        "A client that stands still.",
        &calls::SCHED_SETSCHEDULER,
    )
    .on(Target::Client),
    filtered(
        "signal the client (rt_tgsigqueueinfo)",
        "No tunnel.",
        &calls::RT_TGSIGQUEUEINFO,
    )
    .on(Target::Client),
    filtered(
        "scheduler of the client (sched_setparam)",
        "A client that stands still.",
        &calls::SCHED_SETPARAM,
    )
    .on(Target::Client),
    filtered(
        "scheduler of the client (sched_setattr)",
        "A client that stands still.",
        &calls::SCHED_SETATTR,
    )
    .on(Target::Client),
    filtered(
        "disk priority of the client",
        "A client that stands still.",
        &calls::IOPRIO_SET,
    )
    .on(Target::Client),
    hidden(
        "have the client killed for memory",
        "No tunnel when memory runs out.",
        |scene| write(format!("/proc/{}/oom_score_adj", scene.process(Target::Client)?)),
    )
    .in_process_files(),
    hidden(
        "spare itself from being killed for memory",
        "Others end when memory runs out.",
        |_| write("/proc/self/oom_score_adj"),
    ),
    hidden(
        "set the handler of cores (core_pattern)",
        "The kernel runs a program as root.",
        |_| write("/proc/sys/kernel/core_pattern"),
    ),
    hidden("open /dev/mem", "The memory of the machine.", |_| {
        Ok(File::open("/dev/mem").map(drop)?)
    }),
    hidden(
        "write to the kernel's log (/dev/kmsg)",
        "Lies for whoever reads it.",
        |_| write("/dev/kmsg"),
    ),
    hidden(
        "open /dev/userfaultfd",
        "The kernel waits in the middle of a copy.",
        |_| Ok(File::open("/dev/userfaultfd").map(drop)?),
    ),
    hidden("open a device in a directory", "A network of their own.", |_| {
        Ok(File::open("/dev/net/tun").map(drop)?)
    }),
    hidden("read a disk", "All files of this host.", |_| {
        let disk = fs::read_dir("/dev")?.flatten().find(|entry| {
            let kind = entry.file_type();
            kind.is_ok_and(|kind| kind.is_block_device())
        });
        Ok(File::open(disk.ok_or(Failure::NotHere)?.path()).map(drop)?)
    }),
    hidden("open a terminal (/dev/ptmx)", "A terminal for a shell.", |_| {
        write("/dev/ptmx")
    }),
    hidden("write /etc/hosts", "The control plane under another address.", |_| {
        write("/etc/hosts")
    })
    .when(|facts| facts.server && facts.root),
    Probe::new(
        "connect to an abstract socket of others",
        "Services of the session: D-Bus, X11, agents.",
        Expected::Refused(&[libc::EPERM]),
        By::Landlock(6),
        Attempt::Code(|scene| Ok(UnixStream::connect_addr(&SocketAddr::from_abstract_name(&scene.name)?).map(drop)?)),
    )
    .at(Place::Server)
    .when(default),
    Probe::new(
        "become root (setuid)",
        "Everything.",
        Expected::Refused(&[libc::EPERM]),
        By::Process,
        Attempt::Call(&calls::SETUID, Target::Other),
    )
    .at(Place::Server)
    .when(|facts| facts.server && !facts.root),
    #[cfg(target_arch = "x86_64")]
    Probe::new(
        "a UDP socket by its number of x32",
        "Past a filter that knows one table of calls.",
        Expected::Refused(&[libc::ENOSYS, libc::EPERM]),
        By::Seccomp,
        Attempt::Call(&calls::X32_SOCKET, Target::Other),
    )
    .at(Place::Server)
    .when(default),
    hidden(
        "read what lies beside the client's keys",
        "Other keys, and those that come next.",
        |scene| {
            let key = scene.facts.files.secrets.first().ok_or(Failure::NotHere)?;
            let directory = key.parent().ok_or(Failure::NotHere)?;
            // Where everybody keeps files, or a server lives, only the key itself is hidden.
            if !scene.facts.hides_directory {
                return Err(Failure::NotHere);
            }
            let entry = fs::read_dir(directory)?.next().ok_or(Failure::NotHere)??;
            Ok(File::open(entry.path()).map(drop)?)
        },
    ),
];

const fn default(facts: &Facts) -> bool {
    facts.server
}

pub(super) const fn filtered(name: &'static str, gains: &'static str, call: &'static Call) -> Probe {
    Probe::filtered(name, gains, call).at(Place::Server).when(default)
}

const fn hidden(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::out_of_reach(1, name, gains, code)
        .with(By::Landlock(1), HIDDEN)
        .at(Place::Server)
        .when(default)
}

/// Processes that hold secrets are closed to others of the same user.
const fn closed(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::out_of_reach(1, name, gains, code)
        .with(By::Process, CLOSED)
        .in_process_files()
        .at(Place::Server)
        .when(default)
}

/// Opens for writing the files that decide whom the client trusts.
pub(super) fn change_trust(scene: &Scene) -> Result<(), Failure> {
    let write = |path| OpenOptions::new().append(true).open(path).map(drop);
    any(scene.facts.trust.iter().map(write))
}

/// Whether any of them works, or the first refusal.
fn any(tried: impl Iterator<Item = io::Result<()>>) -> Result<(), Failure> {
    let mut refusal = Failure::NotHere;
    for outcome in tried {
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => refusal = Failure::Refused(error),
        }
    }
    Err(refusal)
}

/// Renames to itself each name that the paths of the client's files depend on, directories and links on the way among them.
pub(super) fn rename_own(scene: &Scene) -> Result<(), Failure> {
    let files = &scene.facts.files;
    let ends = files.own.iter().flat_map(|path| sandbox::names_on_the_way(path));
    let names: BTreeSet<PathBuf> = ends
        .flat_map(|end| end.ancestors().map(Path::to_owned).collect::<Vec<_>>())
        .filter(|path| path.parent().is_some() && path.symlink_metadata().is_ok())
        .collect();
    any(names.iter().map(|path| fs::rename(path, path)))
}

/// Nothing is written and nothing cut off.
fn write(path: impl AsRef<Path>) -> Result<(), Failure> {
    Ok(OpenOptions::new().write(true).open(path).map(drop)?)
}

fn look(scene: &Scene, target: Target, what: &str) -> Result<(), Failure> {
    let path = format!("/proc/{}/{what}", scene.process(target)?);
    Ok(File::open(path).map(drop)?)
}
