//! Privileges do not come back, and the cage does not open.

use crate::probes::probe::Probe;
use crate::sys::attempts::calls;

pub(super) const PROBES: &[Probe] = &[
    Probe::killed("become root (setuid)", "Everything.", &calls::SETUID),
    Probe::killed("become root (setresuid)", "Everything.", &calls::SETRESUID),
    Probe::killed(
        "take the group of root (setgid)",
        "Files of that group.",
        &calls::SETGID,
    ),
    Probe::killed("change groups (setgroups)", "Files of other groups.", &calls::SETGROUPS),
    Probe::killed(
        "take capabilities back (capset)",
        "A part of root's rights.",
        &calls::CAPSET,
    ),
    Probe::killed(
        "ask for capabilities (prctl)",
        "A part of root's rights.",
        &calls::PRCTL_BOUNDING,
    ),
    Probe::killed(
        "take back no new privileges (prctl)",
        "Programs that run as root.",
        &calls::PRCTL_NO_NEW_PRIVILEGES,
    ),
    Probe::killed(
        "become readable for debuggers (prctl)",
        "The key, for any process of this user.",
        &calls::PRCTL_DUMPABLE,
    ),
    Probe::killed(
        "change the filter (prctl)",
        "Calls that were forbidden.",
        &calls::PRCTL_SECCOMP,
    ),
    Probe::killed(
        "change the filter (seccomp)",
        "Calls that were forbidden.",
        &calls::SECCOMP,
    ),
    Probe::killed(
        "make rules of landlock",
        "Code of the kernel that few look at.",
        &calls::LANDLOCK,
    ),
    Probe::killed("raise a limit (setrlimit)", "Processes again.", &calls::SETRLIMIT),
    Probe::killed("raise a limit (prlimit64)", "Processes again.", &calls::PRLIMIT64_OWN),
    Probe::killed(
        "read the user's keyring (keyctl)",
        "Tickets and keys of this user.",
        &calls::KEYCTL,
    ),
    Probe::killed("add a key (add_key)", "Tickets and keys of this user.", &calls::ADD_KEY),
    Probe::killed(
        "ask for a key (request_key)",
        "Tickets and keys of this user.",
        &calls::REQUEST_KEY,
    ),
    Probe::killed(
        "a new user namespace (unshare)",
        "Root in a world of their own, and the kernel's code for it.",
        &calls::UNSHARE_USER,
    ),
    Probe::killed(
        "a new user namespace (clone)",
        "Root in a world of their own, and the kernel's code for it.",
        &calls::CLONE_USER,
    ),
    Probe::killed(
        "new mounts (unshare)",
        "Other files in place of those that are there.",
        &calls::UNSHARE_MOUNTS,
    ),
    Probe::killed(
        "enter a namespace (setns)",
        "The host of this container.",
        &calls::SETNS,
    ),
    Probe::killed("mount", "Other files in place of those that are there.", &calls::MOUNT),
    Probe::killed(
        "mount (fsopen)",
        "Other files in place of those that are there.",
        &calls::FSOPEN,
    ),
    Probe::killed(
        "mount (move_mount)",
        "Other files in place of those that are there.",
        &calls::MOVE_MOUNT,
    ),
    Probe::killed(
        "mount (open_tree)",
        "Other files in place of those that are there.",
        &calls::OPEN_TREE,
    ),
    Probe::killed(
        "change a mount (mount_setattr)",
        "Files that could only be read.",
        &calls::MOUNT_SETATTR,
    ),
    Probe::killed("unmount", "What lies under a mount.", &calls::UMOUNT),
    Probe::killed(
        "another root (pivot_root)",
        "The host of this container.",
        &calls::PIVOT_ROOT,
    ),
    Probe::killed("another root (chroot)", "The host of this container.", &calls::CHROOT),
];
