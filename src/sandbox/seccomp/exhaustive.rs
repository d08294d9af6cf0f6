//! The compiled filters against their lists: an interpreter of their instructions runs them for every number of a call and every class
//! of arguments, and what they answer is what the lists and the rules in words say.
//!
//! Numbers: 0 to 1023, the same with the bit of x32, every number that an instruction compares, and the ends of 32 bits. Where a run
//! reads no argument, its answer holds for all arguments. Where one does: every value of a list, its neighbours, each single bit and
//! values that differ only above 32 bits, one argument at a time, and three at a time for calls whose rules join several. At the end
//! every instruction that can be reached was executed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests"
)]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

mod machine;
mod servers;

use std::collections::BTreeSet;

use seccompiler::SeccompCmpOp;

use super::*;
use machine::{Arguments, Machine, Verdict};

/// `AUDIT_ARCH_X86_64`, `AUDIT_ARCH_AARCH64` (linux/audit.h).
const OWN_ARCH: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else {
    0xc000_00b7
};
/// `AUDIT_ARCH_I386`, `AUDIT_ARCH_ARM`, big-endian, none.
const OTHER_ARCHS: [u32; 5] = [0x4000_0003, 0x4000_0028, 0x8000_0015, 0, u32::MAX];
/// `__X32_SYSCALL_BIT` (asm/unistd.h).
const X32: u32 = 0x4000_0000;

const UNIX: u32 = 1;
const INET: u32 = 2;
const INET6: u32 = 10;
const NETLINK: u32 = 16;

/// The socket to the service manager.
const MANAGER: RawFd = 7;
/// The socket that the log is sent to.
const LOG: RawFd = 11;
const RECORDS: RawFd = 12;
/// Which of them a client may have.
const KEPT: [&[RawFd]; 3] = [&[], &[MANAGER], &[MANAGER, LOG]];

/// Low 32 bits, of which alone filters take notice.
fn low(value: u64) -> u32 {
    (value & u64::from(u32::MAX)) as u32
}

/// Whether a list has the call with these arguments.
fn listed(lists: &[&[Call]], number: u32, arguments: &Arguments) -> bool {
    let of_number = |call: &&Call| call.0 == i64::from(number);
    let matches = |tests: &&[Test]| {
        tests.iter().all(|(place, operator, value)| {
            let (argument, value) = (low(arguments[usize::from(*place)]), low(*value));
            match operator {
                SeccompCmpOp::Eq => argument == value,
                SeccompCmpOp::Ne => argument != value,
                SeccompCmpOp::MaskedEq(mask) => argument & low(*mask) == value & low(*mask),
                other => panic!("a comparison that no list has: {other:?}"),
            }
        })
    };
    let mut calls = lists.iter().copied().flatten().filter(of_number);
    calls.any(|(_, rows)| rows.is_empty() || rows.iter().any(&matches))
}

/// The rules of `sockets` in words: TCP, and what else is named, nothing that goes past connect().
fn reaches_past(sockets: Sockets, number: i64, arguments: &Arguments) -> bool {
    let argument = |place: usize| low(arguments[place]);
    const FAST_OPEN: u32 = 0x2000_0000;
    match number {
        libc::SYS_socket => is_other_socket(sockets, argument(0), argument(1), argument(2)),
        libc::SYS_sendto | libc::SYS_sendmmsg => argument(3) & FAST_OPEN != 0,
        libc::SYS_sendmsg => argument(2) & FAST_OPEN != 0,
        // TCP_FASTOPEN_CONNECT, TCP_ULP.
        libc::SYS_setsockopt => argument(1) == 6 && matches!(argument(2), 30 | 31),
        _ => false,
    }
}

fn is_other_socket(sockets: Sockets, family: u32, kind: u32, protocol: u32) -> bool {
    match family {
        UNIX => !sockets.unix,
        NETLINK => !sockets.routes || protocol != 0,
        INET | INET6 => match kind & 0xf {
            _ if !sockets.internet => true,
            1 => !matches!(protocol, 0 | 6),
            2 => !sockets.datagrams || !matches!(protocol, 0 | 17),
            3 | 4 | 5 | 6 | 10 => true,
            // Kinds that Linux does not have.
            _ => false,
        },
        _ => true,
    }
}

/// The rules of `appending` in words: to read, or to append.
fn writes_otherwise(number: i64, arguments: &Arguments) -> bool {
    let flags = match number {
        libc::SYS_openat => low(arguments[2]),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => low(arguments[1]),
        _ => return false,
    };
    let has = |flag: i32| flags & flag.cast_unsigned() != 0;
    let nameless = libc::O_TMPFILE & !libc::O_DIRECTORY;
    let reads = flags & 3 == 0 && !has(libc::O_CREAT);
    let appends = flags & 3 == 1 && has(libc::O_APPEND);
    !(reads || appends) || has(libc::O_TRUNC) || has(nameless)
}

/// The rules of `notify` in words: only send, and only to where it is connected.
fn misuses(kept: &[RawFd], number: i64, arguments: &Arguments) -> bool {
    kept.iter().any(|socket| low(arguments[0]) == socket.cast_unsigned())
        && match number {
            libc::SYS_connect | libc::SYS_sendmsg | libc::SYS_sendmmsg => true,
            libc::SYS_sendto => low(arguments[5]) != 0,
            libc::SYS_fcntl => low(arguments[1]) == 1030,
            _ => false,
        }
}

/// A thread of ours: what no list has ends the process, an abort of its own aside.
fn of_own(lists: &[&[Call]], refused: bool, number: u32, arguments: &Arguments) -> Verdict {
    let (process, thread) = (
        std::process::id(),
        rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned(),
    );
    let argument = |place: usize| low(arguments[place]);
    let aborts = match i64::from(number) {
        libc::SYS_tkill => argument(0) == thread && argument(1) == 6,
        libc::SYS_tgkill => argument(0) == process && argument(1) == thread && argument(2) == 6,
        _ => false,
    };
    match aborts || listed(lists, number, arguments) {
        false => Verdict::Kill,
        true if refused => Verdict::Refuse(libc::EPERM),
        true => Verdict::Allow,
    }
}

/// Values of arguments that some rule could tell apart; the same with more above 32 bits come second.
fn values(machine: &Machine) -> (Vec<u64>, Vec<u64>) {
    let constants = machine.constants().1.into_iter().map(u64::from);
    let mut all: BTreeSet<u64> = constants.collect();
    all.extend((0..32).map(|bit| 1 << bit));
    all.extend([0, u64::from(std::process::id()), u64::from(u32::MAX), u64::MAX]);
    let near = all.iter().flat_map(|value| {
        [
            value.wrapping_add(1),
            value.wrapping_sub(1),
            !value,
            value | 1 << 32,
            value | 1 << 63,
        ]
    });
    let near: BTreeSet<u64> = near.filter(|value| !all.contains(value)).collect();
    (all.into_iter().collect(), near.into_iter().collect())
}

/// A call, places of three arguments, and the values that they get.
type Joined = (i64, [usize; 3], [Vec<u64>; 3]);

/// Calls whose rules join several arguments, with the values that matter for three of them.
fn joined() -> Vec<Joined> {
    let process = u64::from(std::process::id());
    let thread = u64::try_from(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
    let small: Vec<u64> = (0..=46).chain([1 << 32, 1 << 32 | 2, u64::from(u32::MAX)]).collect();
    let kinds: Vec<u64> = (0..=16)
        .flat_map(|kind| [kind, kind | 0o2_000_000, kind | 0o4000])
        .collect();
    let protocols = vec![0, 1, 2, 6, 7, 17, 58, 132, 136, 255, 256, 262, 1 << 32 | 6, 1 << 32];
    let ids = vec![
        0,
        1,
        2,
        3,
        4711,
        4712,
        5000,
        process,
        thread,
        u64::from(0_u32.wrapping_sub(5000)),
        u64::from(u32::MAX),
    ];
    let commands = vec![0, 1, 2, 3, 4, 5, 6, 8, 9, 15, 1024, 1030, 1031];
    let flags: Vec<u64> = (0..64_u64)
        .map(|bits| bits & 3 | (bits & 4) << 4 | (bits & 8) << 6 | (bits & 16) << 6 | (bits & 32) << 17)
        .collect();
    let manager = vec![0, 6, 7, 8, 10, 11, 12, 1 << 32 | 7, 1 << 32 | 11];
    let lengths = vec![0, 1, 16, 1 << 32, 0x2000_0000, 0x2000_0001];
    let mut joined = vec![
        (
            libc::SYS_socket,
            [0, 1, 2],
            [small.clone(), kinds.clone(), protocols.clone()],
        ),
        (libc::SYS_socketpair, [0, 1, 2], [small.clone(), kinds, protocols]),
        (
            libc::SYS_setsockopt,
            [0, 1, 2],
            [manager.clone(), small.clone(), small.clone()],
        ),
        (
            libc::SYS_sendto,
            [0, 3, 5],
            [manager.clone(), lengths.clone(), lengths.clone()],
        ),
        (
            libc::SYS_sendmsg,
            [0, 2, 5],
            [manager.clone(), lengths.clone(), lengths.clone()],
        ),
        (
            libc::SYS_sendmmsg,
            [0, 3, 5],
            [manager.clone(), lengths.clone(), lengths],
        ),
        (libc::SYS_fcntl, [0, 1, 2], [manager, commands, ids.clone()]),
        (libc::SYS_openat, [0, 1, 2], [vec![0], vec![0], flags.clone()]),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, [0, 1, 2], [vec![0], flags, vec![0]]),
    ];
    for number in [
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_tgkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_setpriority,
        libc::SYS_ioprio_set,
    ] {
        joined.push((
            number,
            [0, 1, 2],
            [ids.clone(), [&ids[..], &[6]].concat(), vec![0, 6, 9]],
        ));
    }
    joined
}

/// Runs the filters for everything, and compares.
fn check(name: &str, filters: Filters, expected: impl Fn(u32, &Arguments) -> Verdict) {
    let mut machine = Machine::new(filters);
    let joined = joined();
    let numbers = (0..1024).chain((0..1024).map(|number| number | X32));
    let numbers: BTreeSet<u32> = numbers
        .chain(machine.constants().0)
        .chain([1 << 31, u32::MAX, u32::MAX - 1])
        .collect();
    let (values, near) = values(&machine);
    let mut looking = 0;
    for number in numbers {
        for arch in OTHER_ARCHS {
            assert_eq!(
                machine.run(number, arch, &[0; 6]),
                Verdict::Kill,
                "{name}: call {number} of {arch:x}"
            );
        }
        let first = machine.run(number, OWN_ARCH, &[0; 6]);
        let looks = machine.has_looked;
        looking += usize::from(looks);
        let mut compare = |arguments: &Arguments| {
            let found = if looks {
                machine.run(number, OWN_ARCH, arguments)
            } else {
                first
            };
            assert_eq!(
                found,
                expected(number, arguments),
                "{name}: call {number} with {arguments:x?}"
            );
        };
        compare(&[0; 6]);
        if number > 512 {
            continue;
        }
        let wider = near.iter().filter(|_| looks);
        for value in values.iter().chain(wider) {
            for place in 0..6 {
                let mut arguments = [0; 6];
                arguments[place] = *value;
                compare(&arguments);
            }
            // Values that are refused where the others are not.
            compare(&[*value; 6]);
        }
        for (_, places, [first, second, third]) in joined.iter().filter(|(of, ..)| looks && *of == i64::from(number)) {
            for (a, b) in first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b))) {
                for c in third {
                    let mut arguments = [0; 6];
                    (arguments[places[0]], arguments[places[1]], arguments[places[2]]) = (a, b, *c);
                    compare(&arguments);
                }
            }
        }
    }
    let missed = machine.missed();
    let instructions = machine.instructions();
    println!(
        "filter {name}: {instructions} instructions, {looking} calls whose arguments count, {} runs",
        machine.runs
    );
    assert!(
        missed.is_empty(),
        "{name}: instructions that no run executed:\n{}",
        missed.join("\n")
    );
}

#[test]
fn the_filters_of_the_main_thread_answer_as_their_lists_say() {
    let lists = [common::CALLS, main::CALLS, main::OVERLAY];
    for (unix, appends, kept) in [(false, false, KEPT[0]), (true, true, KEPT[1]), (false, true, KEPT[2])] {
        let sockets = Sockets {
            unix,
            internet: true,
            datagrams: false,
            routes: false,
        };
        let filters = Filters::of_main(unix, appends, kept.iter().copied()).unwrap();
        check("main", filters, |number, arguments| {
            let call = i64::from(number);
            let refused = reaches_past(sockets, call, arguments)
                || appends && writes_otherwise(call, arguments)
                || misuses(kept, call, arguments);
            of_own(&lists, refused, number, arguments)
        });
    }
}

#[test]
fn the_filters_of_a_resolver_answer_as_their_lists_say() {
    let lists = [common::CALLS, resolver::CALLS, resolver::OVERLAY];
    let sockets = Sockets {
        unix: false,
        internet: true,
        datagrams: true,
        routes: cfg!(not(target_env = "musl")),
    };
    for kept in KEPT {
        check(
            "resolver",
            Filters::of_resolver(kept.iter().copied()).unwrap(),
            |number, arguments| {
                let call = i64::from(number);
                let refused = reaches_past(sockets, call, arguments) || misuses(kept, call, arguments);
                of_own(&lists, refused, number, arguments)
            },
        );
    }
}

#[test]
fn the_filters_of_the_audit_thread_answer_as_their_lists_say() {
    let lists = [common::CALLS, audit::CALLS, audit::OVERLAY];
    let sockets = Sockets {
        unix: false,
        internet: false,
        datagrams: false,
        routes: false,
    };
    for kept in KEPT {
        check(
            "audit",
            Filters::of_audit(kept.iter().copied()).unwrap(),
            |number, arguments| {
                let call = i64::from(number);
                let refused = reaches_past(sockets, call, arguments) || misuses(kept, call, arguments);
                of_own(&lists, refused, number, arguments)
            },
        );
    }
}

#[test]
fn the_filter_of_the_janitor_answers_as_its_list_says() {
    let lists = [janitor::CALLS];
    for sockets in [&[][..], &[LOG], &[LOG, RECORDS]] {
        let filters = Filters::of_janitor(sockets.iter().copied()).unwrap();
        check("janitor", filters, |number, arguments| {
            let is_socket = sockets.iter().any(|socket| low(arguments[0]) == socket.cast_unsigned());
            match i64::from(number) == libc::SYS_connect && is_socket {
                true => Verdict::Allow,
                false => of_own(&lists, false, number, arguments),
            }
        });
    }
}
