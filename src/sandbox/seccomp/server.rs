//! Stdio servers, and the broker that starts them: a filter is inherited, so theirs is one and the same.
//!
//! A server can be any program, so what is allowed is every call that Linux has up to a known number, but those that reach beyond
//! an ordinary program's own business. Those answer EPERM; numbers that are newer answer ENOSYS, so that C libraries do without.

use seccompiler::BackendError;
use seccompiler::SeccompCmpOp::MaskedEq;

use super::calls::{ANY, Call, IS, PASTE, TYPE_CHARACTER, Test};
use super::{Rules, add, rule};
use crate::sys::numbers;

/// The last call of the table that the architectures share (`SYS_mseal`, Linux 6.10).
const LAST_SHARED: i64 = 462;
/// The first call of that table.
const FIRST_SHARED: i64 = 424;
/// The last call of the architecture's own table (`SYS_rseq`, Linux 4.18).
#[cfg(target_arch = "x86_64")]
const LAST_OWN: i64 = 334;
/// The last call of the table of all newer architectures, aarch64 among them (asm-generic/unistd.h).
#[cfg(not(target_arch = "x86_64"))]
const LAST_OWN: i64 = numbers::KEXEC_FILE_LOAD;

/// The flags of clone(2) that make a namespace (linux/sched.h): cgroup, uts, ipc, user, pid, network, mount, time.
const NAMESPACES: [u64; 8] = [
    0x0200_0000,
    0x0400_0000,
    0x0800_0000,
    0x1000_0000,
    0x2000_0000,
    0x4000_0000,
    0x0002_0000,
    0x0000_0080,
];

/// asm-generic/sockios.h.
const FIOSETOWN: u64 = 0x8901;
/// See [`FIOSETOWN`].
const SIOCSPGRP: u64 = 0x8902;
/// asm-generic/fcntl.h.
const F_SETOWN_EX: u64 = 15;
/// linux/fcntl.h.
const F_SETLEASE: u64 = 1024;

/// Set-user-ID and set-group-ID (chmod(2)): a program of this server's user for everybody, or of a group of its.
const SET_IDS: [u64; 2] = [libc::S_ISUID as u64, libc::S_ISGID as u64];

pub(super) const REFUSED: &[Call] = &[
    // Other processes' memory, descriptors and registers.
    (libc::SYS_ptrace, ANY),
    (libc::SYS_process_vm_readv, ANY),
    (libc::SYS_process_vm_writev, ANY),
    (libc::SYS_pidfd_getfd, ANY),
    (libc::SYS_kcmp, ANY),
    // Namespaces and mounts.
    (libc::SYS_unshare, ANY),
    (libc::SYS_setns, ANY),
    (libc::SYS_mount, ANY),
    (libc::SYS_umount2, ANY),
    (libc::SYS_pivot_root, ANY),
    (libc::SYS_chroot, ANY),
    (libc::SYS_open_tree, ANY),
    (libc::SYS_move_mount, ANY),
    (libc::SYS_fsopen, ANY),
    (libc::SYS_fsconfig, ANY),
    (libc::SYS_fsmount, ANY),
    (libc::SYS_fspick, ANY),
    (libc::SYS_mount_setattr, ANY),
    // Files past the directories that lead to them, and what others do with files.
    (libc::SYS_open_by_handle_at, ANY),
    (libc::SYS_name_to_handle_at, ANY),
    (libc::SYS_fanotify_init, ANY),
    // Code in the kernel, and doors to it that are as wide.
    (libc::SYS_bpf, ANY),
    (libc::SYS_perf_event_open, ANY),
    (libc::SYS_lookup_dcookie, ANY),
    (libc::SYS_userfaultfd, ANY),
    (libc::SYS_io_uring_setup, ANY),
    (libc::SYS_io_uring_enter, ANY),
    (libc::SYS_io_uring_register, ANY),
    (libc::SYS_init_module, ANY),
    (libc::SYS_finit_module, ANY),
    (libc::SYS_delete_module, ANY),
    (libc::SYS_kexec_load, ANY),
    (numbers::KEXEC_FILE_LOAD, ANY),
    // Keys of the kernel, which belong to the user and not to the process.
    (libc::SYS_keyctl, ANY),
    (libc::SYS_add_key, ANY),
    (libc::SYS_request_key, ANY),
    // The machine.
    (libc::SYS_reboot, ANY),
    (libc::SYS_swapon, ANY),
    (libc::SYS_swapoff, ANY),
    (libc::SYS_acct, ANY),
    (libc::SYS_quotactl, ANY),
    (libc::SYS_sethostname, ANY),
    (libc::SYS_setdomainname, ANY),
    (libc::SYS_settimeofday, ANY),
    (libc::SYS_clock_settime, ANY),
    (libc::SYS_adjtimex, ANY),
    (libc::SYS_clock_adjtime, ANY),
    (libc::SYS_syslog, ANY),
    (libc::SYS_vhangup, ANY),
    // Another layout of memory, less random, for programs that are started next.
    (libc::SYS_personality, ANY),
    // Words typed into a terminal as if by its user; who is signalled when a descriptor is ready, named in memory.
    (
        libc::SYS_ioctl,
        &[
            &[(1, IS, TYPE_CHARACTER)],
            &[(1, IS, PASTE)],
            &[(1, IS, FIOSETOWN)],
            &[(1, IS, SIOCSPGRP)],
        ],
    ),
    // A lease, too: whoever opens the file waits for its holder (fcntl(2)), the broker and the client among them.
    (libc::SYS_fcntl, &[&[(1, IS, F_SETOWN_EX)], &[(1, IS, F_SETLEASE)]]),
    (libc::SYS_fchmod, SET_IDS_SECOND),
    (libc::SYS_fchmodat, SET_IDS_THIRD),
    (numbers::FCHMODAT2, SET_IDS_THIRD),
    // What only this architecture has: older names, ports and segments of the machine.
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, SET_IDS_SECOND),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_iopl, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_ioperm, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_modify_ldt, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_uselib, ANY),
];

/// Refused modes, by the place of the mode among the arguments.
const SET_IDS_SECOND: &[&[Test]] = &[
    &[(1, MaskedEq(SET_IDS[0]), SET_IDS[0])],
    &[(1, MaskedEq(SET_IDS[1]), SET_IDS[1])],
];
/// See [`SET_IDS_SECOND`].
const SET_IDS_THIRD: &[&[Test]] = &[
    &[(2, MaskedEq(SET_IDS[0]), SET_IDS[0])],
    &[(2, MaskedEq(SET_IDS[1]), SET_IDS[1])],
];

/// Answer ENOSYS although they are known. The flags of clone3(2) lie in memory, where a filter does not see them; C libraries use
/// clone(2) then. A descriptor of a process can be had in ways that no filter sees (`/proc/PID`, `SO_PEERPIDFD`), so signals go to
/// numbers, as kill(2) sends them.
pub(super) const UNSEEN: [i64; 2] = [libc::SYS_clone3, libc::SYS_pidfd_send_signal];

/// Processes that a server must leave alone. Landlock does not know signals before version 6, and never looks at limits and
/// priorities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Others {
    /// Threads and processes.
    pub(in crate::sandbox) ids: Vec<u32>,
    /// Groups of processes.
    pub(in crate::sandbox) groups: Vec<u32>,
}

/// Every call that is known.
pub(super) fn known() -> Result<Rules, BackendError> {
    let numbers = (0..=LAST_OWN).chain(FIRST_SHARED..=LAST_SHARED);
    Ok(numbers
        .filter(|number| !UNSEEN.contains(number))
        .map(|number| (number, Vec::new()))
        .collect())
}

/// What is refused.
pub(super) fn refused(others: &Others) -> Result<Rules, BackendError> {
    // Only which sockets: Fast Open is its own business where no rule about ports is in force.
    let sockets = super::Sockets {
        unix: true,
        internet: true,
        datagrams: true,
        routes: true,
    };
    let mut rules = Rules::from([(libc::SYS_socket, sockets.families()?)]);
    add(&mut rules, REFUSED)?;
    let mut namespaces = Vec::with_capacity(NAMESPACES.len());
    for flag in NAMESPACES {
        namespaces.push(rule(&[(0, MaskedEq(flag), flag)])?);
    }
    rules.insert(libc::SYS_clone, namespaces);
    refuse_others(&mut rules, others)?;
    Ok(rules)
}

/// Calls refused to servers and not to their broker: a signal to all processes of the user at once (-1 in 32 bits), by which the
/// broker ends its own descendants. No other call uses -1 this way: the process ids of `rt_sigqueueinfo` and `tkill` are positive.
pub(super) fn refused_to_each() -> Result<Rules, BackendError> {
    Ok(Rules::from([(
        libc::SYS_kill,
        vec![rule(&[(0, IS, u64::from(u32::MAX))])?],
    )]))
}

/// Signals, limits and priorities of processes that are not the server's own.
fn refuse_others(rules: &mut Rules, others: &Others) -> Result<(), BackendError> {
    let named = others.ids.iter().map(|id| u64::from(*id));
    for id in named {
        let first = [
            libc::SYS_kill,
            libc::SYS_tkill,
            libc::SYS_tgkill,
            libc::SYS_rt_sigqueueinfo,
            libc::SYS_rt_tgsigqueueinfo,
            libc::SYS_pidfd_open,
            libc::SYS_prlimit64,
            libc::SYS_sched_setaffinity,
            libc::SYS_sched_setscheduler,
            libc::SYS_sched_setparam,
            libc::SYS_sched_setattr,
        ];
        for number in first {
            rules.entry(number).or_default().push(rule(&[(0, IS, id)])?);
        }
        // The signal comes later, and may be any one (`F_SETSIG` in fcntl(2)).
        rules
            .entry(libc::SYS_fcntl)
            .or_default()
            .push(rule(&[(1, IS, libc::F_SETOWN as u64), (2, IS, id)])?);
        // The thread of another process is named second here.
        rules.entry(libc::SYS_tgkill).or_default().push(rule(&[(1, IS, id)])?);
        for number in [libc::SYS_setpriority, libc::SYS_ioprio_set] {
            rules.entry(number).or_default().push(rule(&[(1, IS, id)])?);
        }
    }
    // Groups, as -GROUP in 32 bits. `refused_to_each` covers signals to all processes of the user at once.
    for group in &others.groups {
        let number = u64::from(group.wrapping_neg());
        rules.entry(libc::SYS_kill).or_default().push(rule(&[(0, IS, number)])?);
        rules
            .entry(libc::SYS_fcntl)
            .or_default()
            .push(rule(&[(1, IS, libc::F_SETOWN as u64), (2, IS, number)])?);
    }
    for group in &others.groups {
        for number in [libc::SYS_setpriority, libc::SYS_ioprio_set] {
            rules
                .entry(number)
                .or_default()
                .push(rule(&[(1, IS, u64::from(*group))])?);
        }
    }
    // Every process of a user: PRIO_USER, and IOPRIO_WHO_USER (linux/ioprio.h).
    rules
        .entry(libc::SYS_setpriority)
        .or_default()
        .push(rule(&[(0, IS, libc::PRIO_USER as u64)])?);
    rules
        .entry(libc::SYS_ioprio_set)
        .or_default()
        .push(rule(&[(0, IS, 3)])?);
    Ok(())
}
