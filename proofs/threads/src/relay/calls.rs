//! Callers that wait: answers that race with each other, with streamed messages, with a caller that leaves, and with the end of a key.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use shuttle::future::{block_on, spawn};
use tokio::time::Instant;

use crate::auth::Revocation;
use crate::calls::{Call, Calls, Ended, Event, Expect, Inbox, Reply};
use crate::error::{Code, Refusal};
use crate::ids::{Channel, RequestId, ShardToken, TunnelId};
use crate::run::Model;

pub(crate) const MODELS: &[Model] = &[
    ("calls: of two answers and a removed key one ends the call", one_end),
    ("calls: streamed messages come in order and before the end", in_order),
    (
        "calls: a caller that leaves gives back its place, whatever comes meanwhile",
        left,
    ),
];

/// Two years, which the model checker takes for never: time ends no call here.
fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(2 * 366 * 86_400)
}

pub(crate) fn call(tunnel: &TunnelId) -> Call {
    let request = RequestId::random();
    Call {
        tunnel: tunnel.clone(),
        channel: Channel::main(),
        shard_token: ShardToken::random(request),
        expect: Expect::Termination,
        streams: true,
        session: None,
        key: "key".into(),
        revocation: Revocation::default(),
        headers: "{}".into(),
        deadline: deadline(),
        ended: Ended::default(),
    }
}

pub(crate) fn reply() -> Reply {
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: None,
    }
}

fn open(calls: &Arc<Calls>, tunnel: &TunnelId) -> (Inbox, ShardToken) {
    let call = call(tunnel);
    let token = call.shard_token;
    let Some(inbox) = calls.open(call) else {
        unreachable!("there is a place")
    };
    (inbox, token)
}

fn one_end() {
    block_on(async {
        let (calls, tunnel) = (Arc::<Calls>::default(), TunnelId::random());
        let (mut inbox, token) = open(&calls, &tunnel);
        let request = token.request();
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let calls = Arc::clone(&calls);
            tasks.push(spawn(async move { usize::from(calls.finish(request, Ok(reply()))) }));
        }
        let ending = Arc::clone(&calls);
        tasks.push(spawn(async move {
            ending.finish_all(|_| true, || Refusal::new(Code::InvalidApiKey, "the key was removed"));
            0
        }));
        let event = inbox.next().await;
        let mut finished = 0;
        for task in tasks {
            finished += task.await.unwrap_or(9);
        }
        match event {
            Event::Terminal(Ok(_)) => assert_eq!(finished, 1),
            Event::Terminal(Err(refusal)) => assert_eq!((finished, refusal.code), (0, Code::InvalidApiKey)),
            Event::Streamed(_) => unreachable!("nothing was streamed"),
        }
        assert_eq!(calls.len(), 0);
    });
}

fn in_order() {
    block_on(async {
        let (calls, tunnel) = (Arc::<Calls>::default(), TunnelId::random());
        let (mut inbox, token) = open(&calls, &tunnel);
        let answering = Arc::clone(&calls);
        let answered = spawn(async move {
            for number in 0..3_u8 {
                let Ok((_, stream)) = answering.find(&tunnel, token.request(), &token) else {
                    unreachable!("the call is open")
                };
                assert!(stream.send(Bytes::from(vec![number]), HeaderMap::new()).await.is_ok());
            }
            assert!(answering.finish(token.request(), Ok(reply())));
        });
        for number in 0..3 {
            match inbox.next().await {
                Event::Streamed(streamed) => assert_eq!(streamed.message[..], [number]),
                Event::Terminal(_) => unreachable!("the end came before message {number}"),
            }
        }
        assert!(matches!(inbox.next().await, Event::Terminal(Ok(_))));
        assert!(answered.await.is_ok());
    });
}

fn left() {
    block_on(async {
        let (calls, tunnel) = (Arc::<Calls>::default(), TunnelId::random());
        let (inbox, token) = open(&calls, &tunnel);
        let leaving = spawn(async move { drop(inbox) });
        let answering = Arc::clone(&calls);
        let answered = spawn(async move {
            let sent = match answering.find(&tunnel, token.request(), &token) {
                Ok((_, stream)) => stream.send(Bytes::from_static(b"1"), HeaderMap::new()).await.is_ok(),
                Err(_) => false,
            };
            (sent, answering.finish(token.request(), Ok(reply())))
        });
        assert!(leaving.await.is_ok());
        assert!(answered.await.is_ok());
        assert_eq!(calls.len(), 0);
        // Its place is free: as many calls fit as before.
        let tunnel = TunnelId::random();
        let again: Vec<_> = (0..3).map(|_| open(&calls, &tunnel)).collect();
        assert_eq!(calls.len(), 3);
        drop(again);
        assert_eq!(calls.len(), 0);
    });
}
