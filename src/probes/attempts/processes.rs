//! Processes: none is made, no program is run, and others are left alone.

use std::fs::{File, OpenOptions};
use std::process::Command;

use crate::probes::probe::Probe;
use crate::sys::attempts::calls;

pub(super) const PROBES: &[Probe] = &[
    Probe::killed("run a shell (execve)", "Commands of their own.", &calls::EXECVE),
    Probe::killed("run a shell (execveat)", "Commands of their own.", &calls::EXECVEAT),
    #[cfg(target_arch = "x86_64")]
    Probe::killed(
        "run a shell by its number of x32",
        "Past a filter that knows one table of calls.",
        &calls::X32_EXECVE,
    ),
    Probe::killed(
        "a file in memory (memfd_create)",
        "A program that is on no disk.",
        &calls::MEMFD_CREATE,
    ),
    Probe::killed_in("start a program (posix_spawn)", "Commands of their own.", |_| {
        let started = Command::new("/bin/sh").args(["-c", ":"]).status();
        Ok(started.map(drop)?)
    }),
    Probe::killed("fork", "A process that outlives this one.", &calls::CLONE),
    Probe::killed("fork (clone3)", "A process that outlives this one.", &calls::CLONE3),
    Probe::killed_in("start a thread", "Work beside the client's, unseen.", |_| {
        let started = std::thread::Builder::new().spawn(|| ());
        let _ = started?.join();
        Ok(())
    }),
    Probe::killed(
        "signal another process (kill)",
        "Other services of this user end.",
        &calls::KILL,
    ),
    Probe::killed(
        "signal every process (kill -1)",
        "All services of this user end.",
        &calls::KILL_ALL,
    ),
    Probe::killed(
        "signal another process (tkill)",
        "Other services of this user end.",
        &calls::TKILL,
    ),
    Probe::killed(
        "signal another process (tgkill)",
        "Other services of this user end.",
        &calls::TGKILL,
    ),
    Probe::killed(
        "signal with a value (rt_sigqueueinfo)",
        "Other services are told lies.",
        &calls::RT_SIGQUEUEINFO,
    ),
    Probe::killed(
        "hold another process (pidfd_open)",
        "Signals and descriptors of other processes.",
        &calls::PIDFD_OPEN,
    ),
    Probe::killed(
        "signal by descriptor (pidfd_send_signal)",
        "Other services of this user end.",
        &calls::PIDFD_SEND_SIGNAL,
    ),
    Probe::killed(
        "take a descriptor of another process",
        "Connections and files of other processes.",
        &calls::PIDFD_GETFD,
    ),
    Probe::killed(
        "trace another process (ptrace)",
        "All that another process knows and does.",
        &calls::PTRACE,
    ),
    Probe::killed(
        "read memory of another process",
        "Secrets of other services.",
        &calls::PROCESS_VM_READV,
    ),
    Probe::killed(
        "write memory of another process",
        "Code in other services.",
        &calls::PROCESS_VM_WRITEV,
    ),
    Probe::killed(
        "compare processes (kcmp)",
        "Addresses in the kernel, in the end.",
        &calls::KCMP,
    ),
    Probe::out_of_reach(
        1,
        "read another process's environment",
        "Secrets of other services.",
        |scene| Ok(File::open(format!("/proc/{}/environ", scene.victim)).map(drop)?),
    )
    .in_process_files(),
    Probe::out_of_reach(
        1,
        "open another process's memory",
        "All that another process knows.",
        |scene| Ok(File::open(format!("/proc/{}/mem", scene.victim)).map(drop)?),
    )
    .in_process_files(),
    Probe::out_of_reach(1, "open the memory of process 1", "The whole system.", |_| {
        Ok(File::open("/proc/1/mem").map(drop)?)
    })
    .in_process_files(),
    Probe::out_of_reach(
        1,
        "open a descriptor of another process",
        "Its files, with its rights.",
        |scene| Ok(File::open(format!("/proc/{}/fd/0", scene.victim)).map(drop)?),
    )
    .in_process_files(),
    Probe::out_of_reach(
        1,
        "write own memory as a file",
        "Code where none can be written.",
        |_| Ok(OpenOptions::new().write(true).open("/proc/self/mem").map(drop)?),
    ),
    Probe::out_of_reach(
        1,
        "read the map of own memory",
        "Where code is, to be used for other ends.",
        |_| Ok(File::open("/proc/self/maps").map(drop)?),
    ),
    Probe::out_of_reach(1, "read own environment", "What the client was started with.", |_| {
        Ok(File::open("/proc/self/environ").map(drop)?)
    }),
    Probe::out_of_reach(
        1,
        "spare itself from being killed for memory",
        "Others end when memory runs out.",
        |_| {
            let adjustment = OpenOptions::new().write(true).open("/proc/self/oom_score_adj");
            Ok(adjustment.map(drop)?)
        },
    ),
    Probe::killed(
        "limits of another process (prlimit64)",
        "Other services run out of files.",
        &calls::PRLIMIT64,
    ),
    Probe::killed(
        "priority of another process",
        "Other services stand still.",
        &calls::SETPRIORITY,
    ),
    Probe::killed(
        "processors of another process",
        "Other services stand still.",
        &calls::SCHED_SETAFFINITY,
    ),
    Probe::killed(
        "disk priority of another process",
        "Other services stand still.",
        &calls::IOPRIO_SET,
    ),
    Probe::killed(
        "signals of a descriptor (F_SETOWN)",
        "Other services of this user end.",
        &calls::FILE_OWNER,
    ),
    Probe::killed("a timer", "Signals at times of their choice.", &calls::TIMER_CREATE),
];
