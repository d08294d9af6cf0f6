//! The filters of stdio servers and of their broker.

use super::super::{server, strict};
use super::*;

/// Processes that a server must leave alone, as the rules in words name them.
const IDS: [u32; 2] = [4711, 4712];
const GROUPS: [u32; 1] = [5000];

fn others() -> Others {
    Others {
        ids: IDS.to_vec(),
        groups: GROUPS.to_vec(),
    }
}

/// The rules of `server` in words: other processes, namespaces, sockets of other families, and the list.
fn reaches_too_far(number: u32, arguments: &Arguments) -> bool {
    let call = i64::from(number);
    let argument = |place: usize| low(arguments[place]);
    let is_one = |value: u32| IDS.contains(&value);
    let is_group = |value: u32| GROUPS.contains(&value);
    let is_whole_group = |value: u32| GROUPS.iter().any(|group| value == group.wrapping_neg());
    let everything = Sockets {
        unix: true,
        internet: true,
        datagrams: true,
        routes: true,
    };
    let by_rule = match call {
        libc::SYS_socket => is_other_socket(everything, argument(0), argument(1), argument(2)),
        // CLONE_NEW..., of every kind.
        libc::SYS_clone => argument(0) & 0x7e02_0080 != 0,
        libc::SYS_kill => is_one(argument(0)) || is_whole_group(argument(0)),
        libc::SYS_tgkill => is_one(argument(0)) || is_one(argument(1)),
        libc::SYS_tkill
        | libc::SYS_rt_sigqueueinfo
        | libc::SYS_rt_tgsigqueueinfo
        | libc::SYS_pidfd_open
        | libc::SYS_prlimit64
        | libc::SYS_sched_setaffinity
        | libc::SYS_sched_setscheduler
        | libc::SYS_sched_setparam
        | libc::SYS_sched_setattr => is_one(argument(0)),
        // F_SETOWN
        libc::SYS_fcntl => argument(1) == 8 && (is_one(argument(2)) || is_whole_group(argument(2))),
        // PRIO_USER
        libc::SYS_setpriority => argument(0) == 2 || is_one(argument(1)) || is_group(argument(1)),
        // IOPRIO_WHO_USER
        libc::SYS_ioprio_set => argument(0) == 3 || is_one(argument(1)) || is_group(argument(1)),
        _ => false,
    };
    by_rule || listed(&[server::REFUSED], number, arguments)
}

/// Calls that Linux had in both tables up to 6.10, clone3 and pidfd_send_signal aside.
fn is_known(number: u32) -> bool {
    let own = if cfg!(target_arch = "x86_64") { 334 } else { 294 };
    (number <= own || (424..=462).contains(&number)) && !matches!(number, 424 | 435)
}

#[test]
fn the_filters_of_servers_answer_as_their_lists_say() {
    for truncates in [true, false] {
        check(
            "servers",
            Filters::of_servers(&others(), truncates).unwrap(),
            |number, arguments| {
                let refused =
                    reaches_too_far(number, arguments) || !truncates && i64::from(number) == libc::SYS_truncate;
                match (refused, is_known(number)) {
                    (true, _) => Verdict::Refuse(libc::EPERM),
                    (false, false) => Verdict::Refuse(libc::ENOSYS),
                    (false, true) => Verdict::Allow,
                }
            },
        );
    }
}

#[test]
fn the_filter_of_each_server_refuses_a_signal_to_everybody_and_nothing_else() {
    check(
        "each server",
        Filters::of_each_server().unwrap(),
        |number, arguments| {
            let everybody = i64::from(number) == libc::SYS_kill && low(arguments[0]) == u32::MAX;
            if everybody {
                Verdict::Refuse(libc::EPERM)
            } else {
                Verdict::Allow
            }
        },
    );
}

/// The rules of `strict` in words, beyond its lists.
fn is_not_listed(sockets: Sockets, writes: bool, number: u32, arguments: &Arguments) -> bool {
    let call = i64::from(number);
    let argument = |place: usize| low(arguments[place]);
    let lists = [strict::REFUSED, strict::REFUSED_ATTRIBUTES];
    match call {
        libc::SYS_prlimit64
        | libc::SYS_sched_setaffinity
        | libc::SYS_sched_setscheduler
        | libc::SYS_sched_setparam
        | libc::SYS_sched_setattr => argument(0) != 0,
        libc::SYS_setpriority | libc::SYS_ioprio_set => argument(1) != 0,
        libc::SYS_connect => !sockets.internet,
        libc::SYS_bind => !sockets.datagrams,
        // Connected pairs of this host: streams, and packets in sequence, whatever their flags.
        libc::SYS_socketpair => !(argument(0) == UNIX && matches!(argument(1) & 0xf, 1 | 5) && argument(2) == 0),
        _ => {
            reaches_past(sockets, call, arguments)
                || listed(&lists, number, arguments)
                || !writes && listed(&[strict::REFUSED_WITHOUT_FILES], number, arguments)
        }
    }
}

#[test]
fn the_filters_of_strict_servers_answer_as_their_lists_say() {
    for (internet, datagrams, writes) in [(false, false, false), (true, false, true), (true, true, false)] {
        let sockets = Sockets {
            unix: false,
            internet,
            datagrams,
            routes: internet,
        };
        check(
            "strict",
            Filters::of_strict_server(sockets, writes).unwrap(),
            |number, arguments| match is_not_listed(sockets, writes, number, arguments) {
                true => Verdict::Refuse(libc::EPERM),
                false => Verdict::Allow,
            },
        );
    }
}
