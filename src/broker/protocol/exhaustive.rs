//! Every kind and every detail, with each other field at its bounds.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;

const INDICES: [u16; 3] = [0, 1, u16::MAX];
const VALUES: [i32; 9] = [0, 1, 4095, 4096, i32::MAX, i32::MIN, -1, -4095, 1 << 24];
const RUNS: [u64; 8] = [0, 1, u64::MAX, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 63, (1 << 63) - 1];

/// The table of the protocol: which numbers a request has.
fn is_request(fields: &Fields) -> bool {
    match fields.kind {
        2 => fields.detail == 0 && fields.value == 0,
        3 => matches!(fields.detail, 1 | 2) && fields.index == 0 && fields.value == 0,
        _ => false,
    }
}

/// See [`is_request`].
fn is_reply(fields: &Fields) -> bool {
    match fields.kind {
        4 => fields.detail == 0 && fields.index == 0 && fields.value == 0 && fields.run == 0,
        5 => fields.detail == 0 && fields.index == 0 && fields.value > 0,
        6 => matches!(fields.detail, 1 | 2) && fields.index == 0 && fields.value > 0 && fields.value < 4096,
        7 => fields.detail == 0 && fields.index == 0,
        // No process id is negative.
        8 => fields.detail == 0 && fields.value >= 0 && fields.run & 0x8000_0000_8000_0000 == 0,
        _ => false,
    }
}

fn check(bytes: &[u8; SIZE], fields: &Fields) {
    let (request, reply) = (Request::decode(bytes), Reply::decode(bytes));
    assert_eq!(request.is_ok(), is_request(fields), "{bytes:?}: {request:?}");
    assert_eq!(reply.is_ok(), is_reply(fields), "{bytes:?}: {reply:?}");
    assert!(request.is_err() || reply.is_err());
    assert!(request.is_ok_and(|request| request.encode() == *bytes) || request.is_err());
    assert!(reply.is_ok_and(|reply| reply.encode() == *bytes) || reply.is_err());
}

#[test]
fn every_kind_and_detail_is_a_message_as_the_table_says_and_has_one_form() {
    let mut checked = 0;
    for kind in 0..=u8::MAX {
        // All details of the kinds that there are, and some of all others.
        let details = if kind < 16 { u8::MAX } else { 3 };
        for detail in 0..=details {
            for index in INDICES {
                for value in VALUES {
                    for run in RUNS {
                        let fields = Fields {
                            kind,
                            detail,
                            index,
                            value,
                            run,
                        };
                        check(&fields.encode(), &fields);
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("protocol of the broker: {checked} messages");
}

#[test]
fn every_error_number_near_its_bounds_is_read_or_refused() {
    for value in -5000..=5000 {
        for kind in 4..=8 {
            for detail in 0..=3 {
                let fields = Fields {
                    kind,
                    detail,
                    value,
                    run: 1,
                    ..Fields::default()
                };
                check(&fields.encode(), &fields);
            }
        }
    }
}

#[test]
fn no_text_of_another_length_is_a_message() {
    for length in (0..=2 * SIZE).filter(|length| *length != SIZE) {
        for kind in 0..=u8::MAX {
            let mut bytes = vec![0; length];
            if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            assert!(
                Request::decode(&bytes).is_err() && Reply::decode(&bytes).is_err(),
                "{bytes:?}"
            );
        }
    }
}
