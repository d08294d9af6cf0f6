//! System calls that somebody would make who took over the process, for the probes of the sandbox.
//!
//! Each is harmless when it is done. The list is closed: nobody else can make one of these.

use std::ffi::CStr;
use std::io;
use std::os::fd::IntoRawFd as _;
use std::ptr;

use libc::c_long;
use rustix::process::{Pid, getpgid};

use super::numbers;

/// A system call and its arguments; those that are missing are 0.
#[derive(Debug)]
pub struct Call(c_long, &'static [Argument]);

#[derive(Debug, Clone, Copy)]
enum Argument {
    /// A number, never an address.
    Is(c_long),
    /// An address that no process has (mmap(2), `vm.mmap_min_addr`): the kernel answers EFAULT once it looks there.
    Nowhere,
    Text(&'static CStr),
    /// The process that the caller names.
    Victim,
    /// All processes of its group, as kill(2) names them.
    VictimGroup,
    /// Its directory in /proc, opened, which is as good as a descriptor of the process (pidfd_send_signal(2)).
    VictimDirectory,
    /// A page of memory that nothing else uses.
    Page,
    /// A TCP socket that is not connected.
    Socket,
}

use Argument::{Is, Nowhere, Page, Socket, Text, Victim, VictimDirectory, VictimGroup};

/// Bytes of [`Page`].
const PAGE: usize = 4096;
const PAGE_LENGTH: Argument = Is(4096);
const NO_DESCRIPTOR: Argument = Is(-1);
/// A key of System V IPC that no other process uses (sysvipc(7)).
const UNUSED_KEY: Argument = Is(0x7c1e_a7f1);
const HERE: Argument = Is(libc::AT_FDCWD as c_long);
const EXECUTABLE: Argument = Is((libc::PROT_READ | libc::PROT_EXEC) as c_long);
const SET_USER_ID: Argument = Is(0o4755);
const SET_GROUP_ID: Argument = Is(0o2755);
/// A signal that does nothing to a process that does not wait for it.
const HARMLESS: Argument = Is(libc::SIGURG as c_long);
const TCP: Argument = Is(libc::IPPROTO_TCP as c_long);
const FAST_OPEN: Argument = Is(libc::MSG_FASTOPEN as c_long);
/// `__X32_SYSCALL_BIT` (asm/unistd.h).
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;

/// Defines calls: what they are called here, their number, their arguments.
macro_rules! calls {
    ($($(#[$attribute:meta])* $name:ident = $number:expr, [$($argument:expr),*];)*) => {
        $($(#[$attribute])* pub const $name: Call = Call($number, &[$($argument),*]);)*
    };
}

/// The calls, by name.
#[allow(missing_docs, reason = "a call's name is what there is to say of it")]
pub mod calls {
    use super::*;

    calls! {
        // Programs and processes.
        EXECVE = libc::SYS_execve, [Text(c"/bin/sh")];
        EXECVEAT = libc::SYS_execveat, [HERE, Text(c"/bin/sh"), Is(0), Is(0), Is(0)];
        MEMFD_CREATE = libc::SYS_memfd_create, [Text(c"probe")];
        CLONE = libc::SYS_clone, [Is(libc::CLONE_SIGHAND as c_long)];
        CLONE3 = libc::SYS_clone3, [];
        KILL = libc::SYS_kill, [Victim, HARMLESS];
        KILL_ALL = libc::SYS_kill, [Is(-1), Is(0)];
        KILL_GROUP = libc::SYS_kill, [VictimGroup, Is(0)];
        TKILL = libc::SYS_tkill, [Victim, HARMLESS];
        TGKILL = libc::SYS_tgkill, [Victim, Victim, HARMLESS];
        RT_SIGQUEUEINFO = libc::SYS_rt_sigqueueinfo, [Victim, HARMLESS, Nowhere];
        RT_TGSIGQUEUEINFO = libc::SYS_rt_tgsigqueueinfo, [Victim, Victim, HARMLESS, Nowhere];
        PIDFD_OPEN = libc::SYS_pidfd_open, [Victim];
        PIDFD_SEND_SIGNAL = libc::SYS_pidfd_send_signal, [NO_DESCRIPTOR, HARMLESS];
        PIDFD_SEND_SIGNAL_PROC = libc::SYS_pidfd_send_signal, [VictimDirectory, HARMLESS];
        PIDFD_GETFD = libc::SYS_pidfd_getfd, [NO_DESCRIPTOR];
        PTRACE = libc::SYS_ptrace, [Is(PTRACE_SEIZE), Victim];
        PROCESS_VM_READV = libc::SYS_process_vm_readv, [Victim];
        PROCESS_VM_WRITEV = libc::SYS_process_vm_writev, [Victim];
        KCMP = libc::SYS_kcmp, [Victim, Victim, Is(1)];
        PRLIMIT64 = libc::SYS_prlimit64, [Victim, Is(libc::RLIMIT_NOFILE as c_long)];
        PRLIMIT64_OWN = libc::SYS_prlimit64, [Is(0), Is(libc::RLIMIT_NPROC as c_long), Nowhere];
        SETPRIORITY = libc::SYS_setpriority, [Is(libc::PRIO_PROCESS as c_long), Victim, Is(19)];
        // A user that nobody has.
        SETPRIORITY_USER = libc::SYS_setpriority, [Is(libc::PRIO_USER as c_long), Is(0x7fff_fff0), Is(19)];
        SCHED_SETSCHEDULER = libc::SYS_sched_setscheduler, [Victim, Is(0), Nowhere];
        SCHED_SETPARAM = libc::SYS_sched_setparam, [Victim, Nowhere];
        SCHED_SETATTR = libc::SYS_sched_setattr, [Victim, Nowhere];
        SCHED_SETAFFINITY = libc::SYS_sched_setaffinity, [Victim, Is(8), Nowhere];
        IOPRIO_SET = libc::SYS_ioprio_set, [Is(1), Victim, Is(3 << 13)];
        TIMER_CREATE = libc::SYS_timer_create, [Is(0), Nowhere];
        // Memory.
        MMAP_EXECUTABLE = libc::SYS_mmap, [Is(0), PAGE_LENGTH, EXECUTABLE, Is(PRIVATE), NO_DESCRIPTOR];
        MPROTECT_EXECUTABLE = libc::SYS_mprotect, [Page, PAGE_LENGTH, EXECUTABLE];
        PKEY_MPROTECT = libc::SYS_pkey_mprotect, [Page, PAGE_LENGTH, EXECUTABLE, Is(-1)];
        SHMGET = libc::SYS_shmget, [Is(0), PAGE_LENGTH, Is(-1)];
        SHMAT = libc::SYS_shmat, [Is(-1), Is(0), Is(libc::SHM_EXEC as c_long)];
        // Numbers and keys without any object behind them.
        SHMGET_OTHERS = libc::SYS_shmget, [UNUSED_KEY];
        SHMAT_OTHERS = libc::SYS_shmat, [NO_DESCRIPTOR];
        SHMCTL = libc::SYS_shmctl, [NO_DESCRIPTOR, Is(libc::IPC_STAT as c_long), Nowhere];
        SHMDT = libc::SYS_shmdt, [Nowhere];
        MSGGET = libc::SYS_msgget, [UNUSED_KEY];
        MSGSND = libc::SYS_msgsnd, [NO_DESCRIPTOR, Nowhere];
        MSGRCV = libc::SYS_msgrcv, [NO_DESCRIPTOR, Nowhere];
        MSGCTL = libc::SYS_msgctl, [NO_DESCRIPTOR, Is(libc::IPC_STAT as c_long), Nowhere];
        SEMGET = libc::SYS_semget, [UNUSED_KEY];
        SEMOP = libc::SYS_semop, [NO_DESCRIPTOR, Nowhere, Is(1)];
        SEMTIMEDOP = libc::SYS_semtimedop, [NO_DESCRIPTOR, Nowhere, Is(1)];
        SEMCTL = libc::SYS_semctl, [NO_DESCRIPTOR, Is(0), Is(libc::IPC_STAT as c_long), Nowhere];
        MQ_OPEN = libc::SYS_mq_open, [Nowhere];
        MQ_UNLINK = libc::SYS_mq_unlink, [Nowhere];
        MQ_TIMEDSEND = libc::SYS_mq_timedsend, [NO_DESCRIPTOR, Nowhere];
        MQ_TIMEDRECEIVE = libc::SYS_mq_timedreceive, [NO_DESCRIPTOR, Nowhere];
        MQ_NOTIFY = libc::SYS_mq_notify, [NO_DESCRIPTOR];
        MQ_GETSETATTR = libc::SYS_mq_getsetattr, [NO_DESCRIPTOR];
        USERFAULTFD = libc::SYS_userfaultfd, [Is(-1)];
        PERSONALITY = libc::SYS_personality, [Is(libc::ADDR_NO_RANDOMIZE as c_long)];
        // Files.
        UNLINK = libc::SYS_unlinkat, [HERE, Nowhere];
        // AT_REMOVEDIR.
        REMOVE_DIRECTORY = libc::SYS_unlinkat, [HERE, Nowhere, Is(libc::AT_REMOVEDIR as c_long)];
        RENAME = libc::SYS_renameat2, [HERE, Nowhere, HERE, Nowhere];
        LINK = libc::SYS_linkat, [HERE, Nowhere, HERE, Nowhere];
        SYMLINK = libc::SYS_symlinkat, [Nowhere, HERE, Nowhere];
        CHMOD = libc::SYS_fchmodat, [HERE, Nowhere];
        CHOWN = libc::SYS_fchownat, [HERE, Nowhere, Is(0), Is(0)];
        MKDIR = libc::SYS_mkdirat, [HERE, Nowhere];
        MKNOD = libc::SYS_mknodat, [HERE, Nowhere];
        TRUNCATE = libc::SYS_truncate, [Nowhere];
        FTRUNCATE = libc::SYS_ftruncate, [NO_DESCRIPTOR];
        UTIMENSAT = libc::SYS_utimensat, [HERE, Nowhere];
        SETXATTR = libc::SYS_setxattr, [Nowhere, Nowhere];
        GETDENTS = libc::SYS_getdents64, [NO_DESCRIPTOR];
        CHDIR = libc::SYS_chdir, [Text(c"/")];
        OPEN_BY_HANDLE_AT = libc::SYS_open_by_handle_at, [HERE, Nowhere];
        NAME_TO_HANDLE_AT = libc::SYS_name_to_handle_at, [HERE, Nowhere];
        FANOTIFY_INIT = libc::SYS_fanotify_init, [Is(0)];
        INOTIFY_INIT = libc::SYS_inotify_init1, [Is(0)];
        OPENAT2 = libc::SYS_openat2, [HERE, Text(c"/"), Nowhere, Is(24)];
        SENDFILE = libc::SYS_sendfile, [NO_DESCRIPTOR, NO_DESCRIPTOR];
        // Sockets.
        CONNECT_NOTHING = libc::SYS_connect, [NO_DESCRIPTOR, Nowhere, Is(16)];
        BIND_NOTHING = libc::SYS_bind, [NO_DESCRIPTOR, Nowhere, Is(16)];
        BIND = libc::SYS_bind, [Socket, Nowhere];
        LISTEN = libc::SYS_listen, [Socket, Is(1)];
        SOCKETPAIR = libc::SYS_socketpair, [Is(libc::AF_UNIX as c_long), Is(libc::SOCK_STREAM as c_long), Is(0), Nowhere];
        SOCKETPAIR_DATAGRAM = libc::SYS_socketpair, [Is(libc::AF_UNIX as c_long), Is(libc::SOCK_DGRAM as c_long), Is(0), Nowhere];
        SOCKETPAIR_RAW = libc::SYS_socketpair, [Is(libc::AF_UNIX as c_long), Is(libc::SOCK_RAW as c_long), Is(0), Nowhere];
        SENDTO_FAST_OPEN = libc::SYS_sendto, [Socket, Text(c"x"), Is(1), FAST_OPEN, Nowhere, Is(16)];
        SENDMSG_FAST_OPEN = libc::SYS_sendmsg, [Socket, Nowhere, FAST_OPEN];
        SENDMMSG_FAST_OPEN = libc::SYS_sendmmsg, [Socket, Nowhere, Is(1), FAST_OPEN];
        FAST_OPEN_CONNECT = libc::SYS_setsockopt, [Socket, TCP, Is(libc::TCP_FASTOPEN_CONNECT as c_long), Nowhere, Is(4)];
        UPPER_PROTOCOL = libc::SYS_setsockopt, [Socket, TCP, Is(libc::TCP_ULP as c_long), Nowhere, Is(4)];
        MPTCP = libc::SYS_socket, [Is(INET), Is(STREAM), Is(libc::IPPROTO_MPTCP as c_long)];
        MPTCP_6 = libc::SYS_socket, [Is(INET6), Is(STREAM), Is(libc::IPPROTO_MPTCP as c_long)];
        SCTP = libc::SYS_socket, [Is(INET), Is(STREAM), Is(libc::IPPROTO_SCTP as c_long)];
        SCTP_SEQUENCED = libc::SYS_socket, [Is(INET), Is(libc::SOCK_SEQPACKET as c_long), Is(libc::IPPROTO_SCTP as c_long)];
        DCCP = libc::SYS_socket, [Is(INET), Is(6), Is(libc::IPPROTO_DCCP as c_long)];
        UDP = libc::SYS_socket, [Is(INET), Is(libc::SOCK_DGRAM as c_long)];
        UDP_6 = libc::SYS_socket, [Is(INET6), Is(libc::SOCK_DGRAM as c_long)];
        PING = libc::SYS_socket, [Is(INET), Is(libc::SOCK_DGRAM as c_long), Is(libc::IPPROTO_ICMP as c_long)];
        RAW = libc::SYS_socket, [Is(INET), Is(libc::SOCK_RAW as c_long), Is(libc::IPPROTO_RAW as c_long)];
        PACKET = libc::SYS_socket, [Is(libc::AF_PACKET as c_long), Is(libc::SOCK_RAW as c_long)];
        NETLINK = libc::SYS_socket, [Is(libc::AF_NETLINK as c_long), Is(libc::SOCK_RAW as c_long)];
        AUDIT = libc::SYS_socket, [Is(libc::AF_NETLINK as c_long), Is(libc::SOCK_RAW as c_long), Is(libc::NETLINK_AUDIT as c_long)];
        VSOCK = libc::SYS_socket, [Is(libc::AF_VSOCK as c_long), Is(STREAM)];
        ALG = libc::SYS_socket, [Is(libc::AF_ALG as c_long), Is(libc::SOCK_SEQPACKET as c_long)];
        SMC = libc::SYS_socket, [Is(43), Is(STREAM)];
        RDS = libc::SYS_socket, [Is(21), Is(libc::SOCK_SEQPACKET as c_long)];
        TIPC = libc::SYS_socket, [Is(30), Is(STREAM)];
        XDP = libc::SYS_socket, [Is(libc::AF_XDP as c_long), Is(libc::SOCK_RAW as c_long)];
        BLUETOOTH = libc::SYS_socket, [Is(libc::AF_BLUETOOTH as c_long), Is(libc::SOCK_RAW as c_long)];
        // Identity, privileges, the cage itself.
        SETUID = libc::SYS_setuid, [Is(0)];
        SETRESUID = libc::SYS_setresuid, [Is(0), Is(0), Is(0)];
        SETGID = libc::SYS_setgid, [Is(0)];
        SETGROUPS = libc::SYS_setgroups, [Is(0)];
        CAPSET = libc::SYS_capset, [Nowhere, Nowhere];
        PRCTL_BOUNDING = libc::SYS_prctl, [Is(libc::PR_CAPBSET_READ as c_long)];
        PRCTL_NO_NEW_PRIVILEGES = libc::SYS_prctl, [Is(libc::PR_SET_NO_NEW_PRIVS as c_long)];
        PRCTL_DUMPABLE = libc::SYS_prctl, [Is(libc::PR_SET_DUMPABLE as c_long), Is(1)];
        PRCTL_SECCOMP = libc::SYS_prctl, [Is(libc::PR_SET_SECCOMP as c_long)];
        SECCOMP = libc::SYS_seccomp, [Is(1), Is(0), Nowhere];
        LANDLOCK = libc::SYS_landlock_create_ruleset, [Is(0), Is(0), Is(1)];
        SETRLIMIT = libc::SYS_setrlimit, [Is(libc::RLIMIT_NPROC as c_long), Nowhere];
        KEYCTL = libc::SYS_keyctl, [Is(0), Is(-3)];
        ADD_KEY = libc::SYS_add_key, [Nowhere];
        REQUEST_KEY = libc::SYS_request_key, [Nowhere];
        // Namespaces and mounts.
        UNSHARE_USER = libc::SYS_unshare, [Is(libc::CLONE_NEWUSER as c_long)];
        UNSHARE_MOUNTS = libc::SYS_unshare, [Is(libc::CLONE_NEWNS as c_long)];
        CLONE_USER = libc::SYS_clone, [Is((libc::CLONE_NEWUSER | libc::CLONE_SIGHAND) as c_long)];
        SETNS = libc::SYS_setns, [NO_DESCRIPTOR];
        MOUNT = libc::SYS_mount, [Nowhere, Nowhere, Nowhere];
        UMOUNT = libc::SYS_umount2, [Nowhere];
        PIVOT_ROOT = libc::SYS_pivot_root, [Nowhere, Nowhere];
        CHROOT = libc::SYS_chroot, [Text(c"/")];
        OPEN_TREE = libc::SYS_open_tree, [HERE, Nowhere];
        MOVE_MOUNT = libc::SYS_move_mount, [HERE, Nowhere, HERE, Nowhere];
        FSCONFIG = libc::SYS_fsconfig, [NO_DESCRIPTOR];
        FSMOUNT = libc::SYS_fsmount, [NO_DESCRIPTOR];
        FSPICK = libc::SYS_fspick, [HERE, Nowhere];
        FSOPEN = libc::SYS_fsopen, [Nowhere];
        MOUNT_SETATTR = libc::SYS_mount_setattr, [HERE, Nowhere];
        // The kernel and the machine.
        BPF = libc::SYS_bpf, [Is(0), Nowhere, Is(72)];
        PERF_EVENT_OPEN = libc::SYS_perf_event_open, [Nowhere, Is(0), Is(-1), Is(-1)];
        IO_URING_SETUP = libc::SYS_io_uring_setup, [Is(8), Nowhere];
        IO_URING_ENTER = libc::SYS_io_uring_enter, [NO_DESCRIPTOR];
        IO_URING_REGISTER = libc::SYS_io_uring_register, [NO_DESCRIPTOR];
        INIT_MODULE = libc::SYS_init_module, [Nowhere, Is(0), Nowhere];
        FINIT_MODULE = libc::SYS_finit_module, [NO_DESCRIPTOR, Nowhere];
        DELETE_MODULE = libc::SYS_delete_module, [Nowhere];
        // More segments than there may be: nothing is loaded, and nothing that is loaded is dropped.
        KEXEC_LOAD = libc::SYS_kexec_load, [Is(0), Is(1_000_000)];
        KEXEC_FILE_LOAD = numbers::KEXEC_FILE_LOAD, [NO_DESCRIPTOR, NO_DESCRIPTOR];
        LOOKUP_DCOOKIE = libc::SYS_lookup_dcookie, [Is(0), Nowhere];
        // Without its magic numbers it does nothing.
        REBOOT = libc::SYS_reboot, [];
        SWAPON = libc::SYS_swapon, [Nowhere];
        SWAPOFF = libc::SYS_swapoff, [Nowhere];
        ACCT = libc::SYS_acct, [Nowhere];
        QUOTACTL = libc::SYS_quotactl, [Is(-1), Nowhere];
        SETHOSTNAME = libc::SYS_sethostname, [Nowhere, Is(1)];
        SETDOMAINNAME = libc::SYS_setdomainname, [Nowhere, Is(1)];
        SETTIMEOFDAY = libc::SYS_settimeofday, [Nowhere];
        CLOCK_SETTIME = libc::SYS_clock_settime, [Is(0), Nowhere];
        CLOCK_ADJTIME = libc::SYS_clock_adjtime, [Is(0), Nowhere];
        ADJTIMEX = libc::SYS_adjtimex, [Nowhere];
        // The size of the kernel's log.
        SYSLOG = libc::SYS_syslog, [Is(10)];
        TYPE_INTO_TERMINAL = libc::SYS_ioctl, [Is(0), Is(libc::TIOCSTI as c_long), Nowhere];
        CONSOLE_CONTROL = libc::SYS_ioctl, [Is(0), Is(libc::TIOCLINUX as c_long), Nowhere];
        SOCKET_OWNER = libc::SYS_fcntl, [Socket, Is(libc::F_SETOWN as c_long), Victim];
        SOCKET_OWNER_GROUP = libc::SYS_fcntl, [Socket, Is(libc::F_SETOWN as c_long), VictimGroup];
        // F_SETOWN_EX and FIOSETOWN (linux/fcntl.h, asm-generic/sockios.h).
        SOCKET_OWNER_EX = libc::SYS_fcntl, [Socket, Is(15), Nowhere];
        SOCKET_OWNER_IOCTL = libc::SYS_ioctl, [Socket, Is(0x8901), Nowhere];
        // F_SETLEASE and F_UNLCK (linux/fcntl.h, asm-generic/fcntl.h).
        LEASE = libc::SYS_fcntl, [NO_DESCRIPTOR, Is(1024), Is(2)];
        FCHMOD_SET_ID = libc::SYS_fchmod, [NO_DESCRIPTOR, SET_USER_ID];
        FCHMODAT_SET_ID = libc::SYS_fchmodat, [HERE, Text(c""), SET_GROUP_ID];
        FCHMODAT2_SET_ID = numbers::FCHMODAT2, [HERE, Text(c""), SET_USER_ID, Is(0)];
        FCHMOD = libc::SYS_fchmod, [NO_DESCRIPTOR, Is(0o600)];
        FCHMODAT2 = numbers::FCHMODAT2, [HERE, Text(c""), Is(0o600), Is(0)];
        FCHOWN = libc::SYS_fchown, [NO_DESCRIPTOR, Is(-1), Is(-1)];
        LSETXATTR = libc::SYS_lsetxattr, [Text(c""), Nowhere, Nowhere, Is(0), Is(0)];
        FSETXATTR = libc::SYS_fsetxattr, [NO_DESCRIPTOR, Nowhere, Nowhere, Is(0), Is(0)];
        REMOVEXATTR = libc::SYS_removexattr, [Text(c""), Nowhere];
        LREMOVEXATTR = libc::SYS_lremovexattr, [Text(c""), Nowhere];
        FREMOVEXATTR = libc::SYS_fremovexattr, [NO_DESCRIPTOR, Nowhere];
        FILE_OWNER = libc::SYS_fcntl, [Is(0), Is(libc::F_SETOWN as c_long), Victim];
        // A call that no kernel has.
        UNKNOWN = 9999, [];
    }

    #[cfg(target_arch = "x86_64")]
    calls! {
        CHMOD_SET_ID = libc::SYS_chmod, [Text(c""), SET_GROUP_ID];
        OLD_CHMOD = libc::SYS_chmod, [Text(c""), Is(0o600)];
        OLD_CHOWN = libc::SYS_chown, [Text(c""), Is(-1), Is(-1)];
        LCHOWN = libc::SYS_lchown, [Text(c""), Is(-1), Is(-1)];
        UTIME = libc::SYS_utime, [Text(c""), Is(0)];
        UTIMES = libc::SYS_utimes, [Text(c""), Is(0)];
        FUTIMESAT = libc::SYS_futimesat, [HERE, Text(c""), Is(0)];
        USELIB = libc::SYS_uselib, [Nowhere];
        IOPERM = libc::SYS_ioperm, [Is(0), Is(1), Is(0)];
        IOPL = libc::SYS_iopl, [Is(0)];
        MODIFY_LDT = libc::SYS_modify_ldt, [Is(1), Nowhere];
        X32_SOCKET = X32 | libc::SYS_socket, [Is(INET), Is(libc::SOCK_DGRAM as c_long)];
        X32_EXECVE = X32 | 520, [Nowhere];
    }
}

const INET: c_long = libc::AF_INET as c_long;
const INET6: c_long = libc::AF_INET6 as c_long;
const STREAM: c_long = libc::SOCK_STREAM as c_long;
const PRIVATE: c_long = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as c_long;
/// linux/ptrace.h; it stops nobody.
const PTRACE_SEIZE: c_long = 0x4206;

impl Call {
    /// Number of the system call.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.0
    }

    /// Makes the call; `victim` is a process.
    ///
    /// # Errors
    /// What the kernel answers.
    pub fn attempt(&self, victim: u32) -> io::Result<()> {
        let mut words: [c_long; 6] = [0; 6];
        for (word, argument) in words.iter_mut().zip(self.1) {
            *word = argument.word(victim)?;
        }
        let [a, b, c, d, e, f] = words;
        // SAFETY: the call is one of those above, because nobody else can make a `Call`. None of them writes to memory of this
        // process or takes any of it away: where they expect an address they get none, one that is not mapped, a text that is never
        // written to, or, for a change of its protection, a page that nothing else uses. None of them returns in a second process
        // or thread: those that would are asked with flags that the kernel refuses. Closing nothing, they leave descriptors alone.
        let result = unsafe { libc::syscall(self.0, a, b, c, d, e, f) };
        match result {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

impl Argument {
    fn word(self, victim: u32) -> io::Result<c_long> {
        match self {
            Is(number) => Ok(number),
            Nowhere => Ok(1),
            Text(text) => Ok(text.as_ptr().expose_provenance().cast_signed() as c_long),
            Victim => Ok(c_long::from(victim)),
            VictimGroup => group(victim),
            VictimDirectory => {
                let directory = std::fs::File::open(format!("/proc/{victim}"))?;
                Ok(c_long::from(directory.into_raw_fd()))
            }
            Page => page(),
            Socket => socket(),
        }
    }
}

fn group(victim: u32) -> io::Result<c_long> {
    let victim = i32::try_from(victim).ok().and_then(Pid::from_raw);
    let group = getpgid(Some(victim.ok_or(io::ErrorKind::InvalidInput)?))?;
    Ok(-c_long::from(group.as_raw_nonzero().get()))
}

/// Stays as long as the process, which is not long.
fn page() -> io::Result<c_long> {
    let access = rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE;
    // SAFETY: the kernel chooses the place, so that nothing is replaced.
    let page = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), PAGE, access, rustix::mm::MapFlags::PRIVATE) };
    Ok(page?.expose_provenance().cast_signed() as c_long)
}

fn socket() -> io::Result<c_long> {
    // SAFETY: numbers in, a number out.
    match unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) } {
        -1 => Err(io::Error::last_os_error()),
        descriptor => Ok(c_long::from(descriptor)),
    }
}
