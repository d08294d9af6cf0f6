//! The kernel and the machine: doors that have been broken before stay shut.

use crate::probes::probe::Probe;
use crate::sys::attempts::calls;

pub(super) const PROBES: &[Probe] = &[
    Probe::killed("io_uring (setup)", "Calls that no filter sees.", &calls::IO_URING_SETUP),
    Probe::killed("io_uring (enter)", "Calls that no filter sees.", &calls::IO_URING_ENTER),
    Probe::killed(
        "io_uring (register)",
        "Calls that no filter sees.",
        &calls::IO_URING_REGISTER,
    ),
    Probe::killed(
        "load a program into the kernel (bpf)",
        "Code in the kernel.",
        &calls::BPF,
    ),
    Probe::killed(
        "count events (perf_event_open)",
        "What other processes do; many holes of before.",
        &calls::PERF_EVENT_OPEN,
    ),
    Probe::killed(
        "load a module (init_module)",
        "Code in the kernel.",
        &calls::INIT_MODULE,
    ),
    Probe::killed(
        "load a module (finit_module)",
        "Code in the kernel.",
        &calls::FINIT_MODULE,
    ),
    Probe::killed(
        "remove a module",
        "A kernel without a part of its guards.",
        &calls::DELETE_MODULE,
    ),
    Probe::killed("load another kernel (kexec_load)", "The machine.", &calls::KEXEC_LOAD),
    Probe::killed("restart the machine", "Nothing works.", &calls::REBOOT),
    Probe::killed(
        "swap to a file (swapon)",
        "The memory of all, on a disk.",
        &calls::SWAPON,
    ),
    Probe::killed("stop swapping (swapoff)", "Memory runs out.", &calls::SWAPOFF),
    Probe::killed("accounting (acct)", "The record of what was run here.", &calls::ACCT),
    Probe::killed("quotas (quotactl)", "Disks fill up.", &calls::QUOTACTL),
    Probe::killed("name of the host", "Others trust the wrong name.", &calls::SETHOSTNAME),
    Probe::killed(
        "set the clock (settimeofday)",
        "Certificates that have ended are good again.",
        &calls::SETTIMEOFDAY,
    ),
    Probe::killed(
        "set the clock (clock_settime)",
        "Certificates that have ended are good again.",
        &calls::CLOCK_SETTIME,
    ),
    Probe::killed(
        "set the clock (adjtimex)",
        "Certificates that have ended are good again.",
        &calls::ADJTIMEX,
    ),
    Probe::killed("read the kernel's log", "Addresses in the kernel.", &calls::SYSLOG),
    Probe::killed(
        "type into the terminal (TIOCSTI)",
        "Commands as if by whoever sits there.",
        &calls::TYPE_INTO_TERMINAL,
    ),
    Probe::killed(
        "control the console (TIOCLINUX)",
        "Commands as if by whoever sits there.",
        &calls::CONSOLE_CONTROL,
    ),
    Probe::killed(
        "a call that no kernel has",
        "What the next kernel adds.",
        &calls::UNKNOWN,
    ),
    #[cfg(target_arch = "x86_64")]
    Probe::killed("hardware (iopl)", "The machine.", &calls::IOPL),
    #[cfg(target_arch = "x86_64")]
    Probe::killed(
        "segments of memory (modify_ldt)",
        "Code of the kernel that few look at.",
        &calls::MODIFY_LDT,
    ),
    Probe::killed(
        "load another kernel (kexec_file_load)",
        "The machine.",
        &calls::KEXEC_FILE_LOAD,
    ),
];
