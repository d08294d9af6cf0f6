"""System calls of kernel versions: from some number on, calls do not exist yet, and prctl() has fewer options."""

from __future__ import annotations

from dataclasses import dataclass

# linux/prctl.h, with the version that brought each.
PRCTL_SINCE = {
    62: (5, 14),  # PR_SCHED_CORE
    65: (6, 3),  # PR_SET_MDWE
    66: (6, 3),  # PR_GET_MDWE
    67: (6, 4),  # PR_SET_MEMORY_MERGE
    68: (6, 4),  # PR_GET_MEMORY_MERGE
    0x53564D41: (5, 17),  # PR_SET_VMA
    0x41555856: (6, 4),  # PR_GET_AUXV
}
# The last system call of each version: from 424 on, all machines number them alike. Before 5.1 the last of x86_64.
LAST_CALL = {
    (4, 18): 334,  # rseq
    (5, 4): 435,  # clone3
    (5, 10): 440,  # process_madvise
    (5, 15): 448,  # process_mrelease
    (6, 1): 450,  # set_mempolicy_home_node
    (6, 4): 450,
    (6, 8): 461,  # lsm_list_modules
    (6, 12): 462,  # mseal
}


@dataclass(frozen=True)
class Calls:
    """The system calls of one kernel."""

    last: int
    unknown_prctl: tuple[int, ...]

    @staticmethod
    def named(which: str) -> Calls:
        """Those of `--kernel`."""
        major, _, minor = which.partition(".")
        version = (int(major), int(minor))
        unknown = tuple(option for option, since in PRCTL_SINCE.items() if version < since)
        return Calls(LAST_CALL[version], unknown)


NAMES = tuple(f"{major}.{minor}" for major, minor in LAST_CALL)
