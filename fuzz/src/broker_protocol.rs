//! Messages between daemon and broker (`src/broker`): requests, replies, specifications, and what comes through the pair of sockets.
//!
//! Oracles: a message has one form, and survives the way; specifications come out as they went in, and any division into pieces gives
//! the same; a message that makes no sense ends it, and leaves no descriptor open.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use arbitrary::Arbitrary;
use tunnel_client::broker::protocol::{Kill, PIECE, Remaining, Reply, Request, SIZE};
use tunnel_client::broker::{Instructions, Specification};
use tunnel_client::fuzzing::processes::broker::{
    BROKER_PIECE_MAX, BROKER_SERVERS_MAX, BROKER_SPECIFICATIONS_MAX, Pair, Pieces, Received, Specifications,
};
use tunnel_client::sandbox::BrokerCage;
use tunnel_client::sandbox::server::ServerCage;
use tunnel_client::sys::child::Failure;

/// What is said.
#[derive(Debug, Arbitrary)]
pub enum Input<'a> {
    /// Bytes as a message of either side.
    Message(&'a [u8]),
    /// A request.
    Request(u16, u64, Option<bool>),
    /// A reply.
    Reply(u8, u64, i32, u16, [i32; 2]),
    /// Bytes as specifications, in pieces of these lengths; `true`: between what a list of specifications begins and ends with.
    Pieces(&'a [u8], Vec<u16>, bool),
    /// Messages before a piece, as they are.
    Raw(Vec<&'a [u8]>),
    /// Specifications: names, arguments, and variables.
    Servers(Vec<Server<'a>>),
    /// Bytes with descriptors.
    Socket(Vec<(&'a [u8], u8)>),
}

/// One server.
#[derive(Debug, Arbitrary)]
pub struct Server<'a> {
    name: &'a str,
    argv: Vec<&'a str>,
    environment: Vec<(&'a [u8], &'a [u8])>,
}

/// Feeds one of them.
pub fn check(input: &Input<'_>) {
    match input {
        Input::Message(bytes) => message(bytes),
        Input::Request(index, run, kill) => {
            let run = *run;
            let request = match kill {
                None => Request::Start { index: *index, run },
                Some(true) => Request::Signal { run, kill: Kill::Kill },
                Some(false) => Request::Signal { run, kill: Kill::Term },
            };
            assert_eq!(Request::decode(&request.encode()), Ok(request));
            assert!(Reply::decode(&request.encode()).is_err());
        }
        Input::Reply(kind, run, number, count, more) => reply(*kind, *run, *number, *count, *more),
        Input::Pieces(bytes, lengths, is_wrapped) => pieces(bytes, lengths, *is_wrapped),
        Input::Raw(messages) => raw(messages),
        Input::Servers(servers) => instructions(servers),
        Input::Socket(messages) => socket(messages),
    }
}

fn message(bytes: &[u8]) {
    let (request, reply) = (Request::decode(bytes), Reply::decode(bytes));
    assert!(
        request.is_err() || reply.is_err(),
        "a message of one side is none of the other"
    );
    if let Ok(request) = request {
        assert_eq!(request.encode(), bytes);
    }
    if let Ok(reply) = reply {
        assert_eq!(reply.encode(), bytes);
        let numbers = match reply {
            Reply::Started { pid, .. } => vec![pid - 1],
            Reply::Failed {
                failure: Failure::Program(number) | Failure::Cage(number),
                ..
            } => vec![number - 1, 4095 - number],
            Reply::Remaining(remaining) => remaining.first.to_vec(),
            Reply::Ready | Reply::Exited { .. } => Vec::new(),
        };
        assert!(numbers.iter().all(|number| *number >= 0), "{reply:?}");
    }
}

fn reply(kind: u8, run: u64, number: i32, count: u16, more: [i32; 2]) {
    let (reply, is_sensible) = match kind % 6 {
        0 => (Reply::Ready, true),
        1 => (Reply::Started { run, pid: number }, number > 0),
        2 => (
            Reply::Failed {
                run,
                failure: Failure::Program(number),
            },
            (1..=4095).contains(&number),
        ),
        3 => (
            Reply::Failed {
                run,
                failure: Failure::Cage(number),
            },
            (1..=4095).contains(&number),
        ),
        4 => (Reply::Exited { run, status: number }, true),
        _ => {
            let first = [number, more[0], more[1]];
            (
                Reply::Remaining(Remaining { count, first }),
                first.iter().all(|pid| *pid >= 0),
            )
        }
    };
    assert_eq!(Reply::decode(&reply.encode()).ok(), is_sensible.then_some(reply));
    assert!(Request::decode(&reply.encode()).is_err());
}

/// Feeds a text as pieces; the outcome after the end.
fn taken(text: &[u8], mut lengths: impl Iterator<Item = usize>) -> Specifications {
    let mut pieces = Pieces::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(lengths.next().unwrap_or(BROKER_PIECE_MAX - 1).clamp(1, rest.len()));
        match pieces.add(&[&[PIECE], piece].concat()) {
            Specifications::Incomplete => rest = after,
            outcome => return outcome,
        }
    }
    pieces.add(&[PIECE])
}

fn pieces(bytes: &[u8], lengths: &[u16], is_wrapped: bool) {
    let text = match is_wrapped {
        false => bytes.to_vec(),
        true => {
            let [broker, server] = [
                serde_json::to_string(&BrokerCage::default()),
                serde_json::to_string(&ServerCage::default()),
            ];
            let (broker, server) = (broker.unwrap_or_default(), server.unwrap_or_default());
            let one = [
                br#"{"name":"#,
                bytes,
                br#","environment":[],"cage":"#,
                server.as_bytes(),
                b"}",
            ]
            .concat();
            [br#"{"cage":"#, broker.as_bytes(), br#","servers":["#, &one, b"]}"].concat()
        }
    };
    let whole = taken(&text, std::iter::empty());
    let parts = taken(&text, lengths.iter().map(|length| usize::from(*length)));
    match (&whole, &parts, serde_json::from_slice::<Instructions>(&text)) {
        (Specifications::Complete(whole), Specifications::Complete(parts), Ok(read)) => {
            assert!(same(whole, parts) && same(whole, &read));
            sensible(whole);
        }
        (Specifications::Refused(a), Specifications::Refused(b), read) => assert!(a == b && *a == read.is_err()),
        _ => panic!("{whole:?} and {parts:?}"),
    }
}

fn sensible(instructions: &Instructions) {
    assert!((1..=BROKER_SERVERS_MAX).contains(&instructions.servers.len()));
    for server in &instructions.servers {
        assert!(!server.argv.is_empty() && (1..=64).contains(&server.name.len()));
        assert!(
            server
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
        );
    }
}

fn raw(messages: &[&[u8]]) {
    let (mut pieces, mut total) = (Pieces::default(), 0);
    for message in messages {
        match (pieces.add(message), *message) {
            (Specifications::Incomplete, [PIECE, piece @ ..]) => {
                total += piece.len();
                assert!(!piece.is_empty() && total <= BROKER_SPECIFICATIONS_MAX);
            }
            (Specifications::Complete(instructions), [PIECE]) => {
                sensible(&instructions);
                return;
            }
            (Specifications::Refused(is_unreadable), message) => {
                assert!(message == [PIECE] || !is_unreadable && message.first() != Some(&PIECE));
                return;
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
}

fn instructions(servers: &[Server<'_>]) {
    let servers = servers.iter().take(4).map(|server| Specification {
        name: server.name.to_owned(),
        argv: server.argv.iter().map(|word| (*word).to_owned()).collect(),
        environment: server
            .environment
            .iter()
            .map(|(name, value)| (OsStr::from_bytes(name).into(), OsStr::from_bytes(value).into()))
            .collect(),
        cage: ServerCage::default(),
    });
    let instructions = Instructions {
        cage: BrokerCage::default(),
        servers: servers.collect(),
    };
    let is_sensible = !instructions.servers.is_empty()
        && instructions.servers.iter().all(|server| {
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
            !server.argv.is_empty() && (1..=64).contains(&server.name.len()) && server.name.bytes().all(is_name)
        });
    let pair = Pair::new().expect("a pair of sockets");
    // More would wait for a reader.
    if serde_json::to_vec(&instructions).is_ok_and(|text| text.len() > 64 * 1024) {
        return;
    }
    let messages = pair.instruct(&instructions).expect("room for pieces");
    let mut pieces = Pieces::default();
    let (last, before) = messages.split_last().expect("the end");
    for message in before {
        assert!(message.len() <= BROKER_PIECE_MAX);
        assert!(matches!(pieces.add(message), Specifications::Incomplete));
    }
    match pieces.add(last) {
        Specifications::Complete(read) => assert!(is_sensible && same(&read, &instructions)),
        Specifications::Refused(is_unreadable) => assert!(!is_sensible && !is_unreadable),
        Specifications::Incomplete => panic!("the last piece ends it"),
    }
}

fn same(left: &Instructions, right: &Instructions) -> bool {
    let server = |(left, right): (&Specification, &Specification)| {
        left.name == right.name
            && left.argv == right.argv
            && left.environment == right.environment
            && left.cage == right.cage
    };
    left.cage == right.cage
        && left.servers.len() == right.servers.len()
        && left.servers.iter().zip(&right.servers).all(server)
}

fn socket(messages: &[(&[u8], u8)]) {
    let pair = Pair::new().expect("a pair of sockets");
    let lowest = pair.lowest_descriptor().expect("a descriptor");
    for (bytes, descriptors) in messages.iter().take(16) {
        let descriptors = usize::from(descriptors % 9);
        if pair.send(bytes, descriptors).is_err() {
            return;
        }
        let received = pair.receive();
        match (bytes.len(), descriptors) {
            (0, _) => assert!(matches!(received, Received::Gone | Received::Refused), "{received:?}"),
            (SIZE, 0 | 2) => match Reply::decode(bytes) {
                Ok(sent) => assert!(
                    matches!(received, Received::Reply(reply, pipes) if reply == sent && pipes == (descriptors == 2))
                ),
                Err(_) => assert!(matches!(received, Received::Refused)),
            },
            _ => assert!(matches!(received, Received::Refused), "{received:?}"),
        }
        assert_eq!(
            pair.lowest_descriptor().expect("a descriptor"),
            lowest,
            "a descriptor stays open"
        );
    }
}
