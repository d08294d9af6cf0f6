//! What reaches beyond a program's own business is refused to a stdio server: other kinds of sockets, namespaces, the kernel, the
//! machine.

use super::server::filtered;
use crate::probes::probe::{By, Probe};
use crate::sys::attempts::calls;

pub(super) const PROBES: &[Probe] = &[
    filtered("multipath TCP", "A connection that few firewalls see.", &calls::MPTCP),
    filtered("SCTP", "A connection that few firewalls see.", &calls::SCTP),
    filtered("a raw IP socket", "Packets in the name of others.", &calls::RAW),
    filtered("a packet socket", "All that goes over the wire.", &calls::PACKET),
    filtered(
        "a netlink socket (audit)",
        "The record of what was done here.",
        &calls::AUDIT,
    ),
    filtered(
        "a socket to the hypervisor (vsock)",
        "The host of this virtual machine.",
        &calls::VSOCK,
    ),
    filtered(
        "a socket of the kernel's ciphers",
        "Code of the kernel that few look at.",
        &calls::ALG,
    ),
    filtered("SMC", "TCP connections of the kernel's own.", &calls::SMC),
    filtered(
        "a new user namespace (unshare)",
        "Root in a world of their own.",
        &calls::UNSHARE_USER,
    ),
    filtered(
        "a new user namespace (clone)",
        "Root in a world of their own.",
        &calls::CLONE_USER,
    ),
    filtered(
        "a new user namespace (clone3)",
        "Root in a world of their own.",
        &calls::CLONE3,
    )
    .with(By::Seccomp, &[libc::ENOSYS]),
    filtered(
        "enter a namespace (setns)",
        "The host of this container.",
        &calls::SETNS,
    ),
    filtered("mount", "Other files in place of those that are there.", &calls::MOUNT),
    filtered(
        "mount (fsopen)",
        "Other files in place of those that are there.",
        &calls::FSOPEN,
    ),
    filtered(
        "mount (open_tree)",
        "Other files in place of those that are there.",
        &calls::OPEN_TREE,
    ),
    filtered(
        "mount (move_mount)",
        "Other files in place of those that are there.",
        &calls::MOVE_MOUNT,
    ),
    filtered(
        "change a mount (mount_setattr)",
        "Files that could only be read.",
        &calls::MOUNT_SETATTR,
    ),
    filtered("unmount", "What lies under a mount.", &calls::UMOUNT),
    filtered(
        "another root (pivot_root)",
        "The host of this container.",
        &calls::PIVOT_ROOT,
    ),
    filtered("another root (chroot)", "The host of this container.", &calls::CHROOT),
    filtered(
        "open by handle",
        "The client's files by another name.",
        &calls::OPEN_BY_HANDLE_AT,
    ),
    filtered(
        "watch all files (fanotify)",
        "Who reads what on this host.",
        &calls::FANOTIFY_INIT,
    ),
    filtered(
        "load a program into the kernel (bpf)",
        "Code in the kernel.",
        &calls::BPF,
    ),
    filtered("io_uring (setup)", "Calls that no filter sees.", &calls::IO_URING_SETUP),
    filtered(
        "count events (perf_event_open)",
        "What the client does.",
        &calls::PERF_EVENT_OPEN,
    ),
    filtered(
        "handle page faults (userfaultfd)",
        "The kernel waits in the middle of a copy.",
        &calls::USERFAULTFD,
    ),
    filtered(
        "load a module (init_module)",
        "Code in the kernel.",
        &calls::INIT_MODULE,
    ),
    filtered("load another kernel (kexec_load)", "The machine.", &calls::KEXEC_LOAD),
    filtered("restart the machine", "Nothing works.", &calls::REBOOT),
    filtered(
        "set the clock (clock_settime)",
        "Certificates that have ended are good again.",
        &calls::CLOCK_SETTIME,
    ),
    filtered("read the kernel's log", "Addresses in the kernel.", &calls::SYSLOG),
    filtered(
        "swap to a file (swapon)",
        "The memory of all, on a disk.",
        &calls::SWAPON,
    ),
    filtered("quotas (quotactl)", "Disks fill up.", &calls::QUOTACTL),
    filtered(
        "read the user's keyring (keyctl)",
        "Tickets and keys of this user.",
        &calls::KEYCTL,
    ),
    filtered("add a key (add_key)", "Tickets and keys of this user.", &calls::ADD_KEY),
    filtered(
        "less random memory (personality)",
        "Addresses that can be guessed.",
        &calls::PERSONALITY,
    ),
    filtered(
        "type into the terminal (TIOCSTI)",
        "Commands as if by whoever sits there.",
        &calls::TYPE_INTO_TERMINAL,
    ),
    filtered(
        "name a file by a handle",
        "The client's files by another name.",
        &calls::NAME_TO_HANDLE_AT,
    ),
    filtered(
        "mount (fsconfig)",
        "Other files in place of those that are there.",
        &calls::FSCONFIG,
    ),
    filtered(
        "mount (fsmount)",
        "Other files in place of those that are there.",
        &calls::FSMOUNT,
    ),
    filtered("mount (fspick)", "Files that could only be read.", &calls::FSPICK),
    filtered("io_uring (enter)", "Calls that no filter sees.", &calls::IO_URING_ENTER),
    filtered(
        "io_uring (register)",
        "Calls that no filter sees.",
        &calls::IO_URING_REGISTER,
    ),
    filtered(
        "load a module (finit_module)",
        "Code in the kernel.",
        &calls::FINIT_MODULE,
    ),
    filtered(
        "remove a module",
        "A kernel without a part of its guards.",
        &calls::DELETE_MODULE,
    ),
    filtered("stop swapping (swapoff)", "Memory runs out.", &calls::SWAPOFF),
    filtered("accounting (acct)", "The record of what was run here.", &calls::ACCT),
    filtered("name of the host", "Others trust the wrong name.", &calls::SETHOSTNAME),
    filtered(
        "domain of the host",
        "Others trust the wrong name.",
        &calls::SETDOMAINNAME,
    ),
    filtered(
        "set the clock (settimeofday)",
        "Certificates that have ended are good again.",
        &calls::SETTIMEOFDAY,
    ),
    filtered(
        "set the clock (adjtimex)",
        "Certificates that have ended are good again.",
        &calls::ADJTIMEX,
    ),
    filtered(
        "set the clock (clock_adjtime)",
        "Certificates that have ended are good again.",
        &calls::CLOCK_ADJTIME,
    ),
    filtered(
        "ask for a key (request_key)",
        "Tickets and keys of this user.",
        &calls::REQUEST_KEY,
    ),
    #[cfg(target_arch = "x86_64")]
    filtered("hardware (iopl)", "The machine.", &calls::IOPL),
    #[cfg(target_arch = "x86_64")]
    filtered("hardware (ioperm)", "The machine.", &calls::IOPERM),
    #[cfg(target_arch = "x86_64")]
    filtered(
        "segments of memory (modify_ldt)",
        "Code of the kernel that few look at.",
        &calls::MODIFY_LDT,
    ),
    filtered(
        "load another kernel (kexec_file_load)",
        "The machine.",
        &calls::KEXEC_FILE_LOAD,
    ),
    #[cfg(target_arch = "x86_64")]
    filtered(
        "load a library (uselib)",
        "Code of the kernel that few look at.",
        &calls::USELIB,
    ),
    filtered(
        "profiling (lookup_dcookie)",
        "Code of the kernel that few look at.",
        &calls::LOOKUP_DCOOKIE,
    ),
];
