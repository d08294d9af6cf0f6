//! Commands through dispatch, between a server and a service that are made of nothing but memory.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use dispatch_alone::delivery::{Credentials, Post, PostError, Responder};
use dispatch_alone::dispatch::audit::Records;
use dispatch_alone::dispatch::server::{Ack, Call, Events, Outcome, Server};
use dispatch_alone::dispatch::{Arrival, Bounds, Dispatcher};
use dispatch_alone::monitor::{Health, Metrics, Monitor, Progress};
use dispatch_alone::wire::caller::Caller;
use dispatch_alone::wire::command::{Headers, Route, parse_list};
use dispatch_alone::wire::headers::ResponseHeaders;
use dispatch_alone::wire::response::Parts;
use tokio::time::timeout;

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers each call with one message before the reply.
#[derive(Debug)]
struct Echo;

impl Server for Echo {
    async fn call<E: Events>(&self, call: Call<'_>, events: &mut E) -> Outcome {
        let headers = ResponseHeaders::default();
        let note = Bytes::from_static(br#"{"jsonrpc":"2.0","method":"note"}"#);
        assert!(events.send(note, &headers).await);
        Outcome::Reply {
            code: 200,
            headers,
            payload: format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, call.id).into(),
        }
    }

    async fn notify(&self, _: &Bytes, _: &str, _: &Headers, _: Caller) -> Ack {
        Ack::of(202)
    }

    async fn answer(&self, _: &Bytes, _: &str, _: &Headers, _: Caller) -> Ack {
        Ack::of(404)
    }

    async fn end_session(&self, _: &Headers, _: Caller) -> Ack {
        Ack::of(405)
    }

    fn is_judged_by_calls(&self) -> bool {
        true
    }
}

/// Keeps what is posted.
#[derive(Debug, Default)]
struct Posted(Mutex<Vec<String>>);

impl Post for Posted {
    type Credentials = Unchanged;

    async fn post(&self, _: &Route, body: Parts) -> Result<(), PostError> {
        let body = String::from_utf8(body.concat()).unwrap();
        self.0.lock().unwrap().push(body);
        Ok(())
    }

    fn credentials(&self) -> Unchanged {
        Unchanged
    }
}

struct Unchanged;

impl Credentials for Unchanged {
    fn number(&self) -> u64 {
        1
    }

    fn seen(&mut self) -> u64 {
        1
    }

    async fn changed(&mut self) {
        pending().await
    }
}

/// Posts of a dispatcher that got these commands, once it is idle, and what it knows of its server.
async fn posts_of(commands: &str) -> (Vec<String>, String) {
    let monitor = Arc::new(Monitor {
        health: Health::new(["main"].into_iter()),
        metrics: Metrics::new(4, 2),
        progress: Progress::default(),
    });
    let posted = Arc::new(Posted::default());
    let responder = Responder::new(Arc::clone(&posted), Arc::clone(&monitor), 2);
    let bounds = Bounds {
        poll_channels: Vec::new(),
        max_inflight: 4,
        max_concurrent: 2,
        connection_max_ttl: PATIENCE,
        pass_error_text: true,
    };
    let dispatcher = Dispatcher::new(
        vec![("main".into(), Echo)],
        bounds,
        responder,
        Arc::clone(&monitor),
        Records::default(),
    );
    assert_eq!(dispatcher.room().await.places, 4);
    let arrival = Arrival {
        received: Instant::now(),
        server_requests: false,
        request_id: None,
    };
    for parsed in parse_list(&Bytes::copy_from_slice(commands.as_bytes())).unwrap() {
        dispatcher.submit(parsed, &arrival);
    }
    dispatcher.drained().await;
    let posts = std::mem::take(&mut *posted.0.lock().unwrap());
    monitor.health.poll_succeeded();
    (posts, monitor.health.readiness().text)
}

fn run(commands: &str) -> (Vec<String>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let ended = runtime
        .unwrap()
        .block_on(async { timeout(PATIENCE, posts_of(commands)).await });
    ended.unwrap()
}

#[test]
fn a_call_is_answered_once_after_what_precedes_its_answer() {
    let (posts, readiness) = run(
        r#"{"commands":[{"request_id":"r1","shard_token":"s","jsonrpc":{"jsonrpc":"2.0","id":"a","method":"tools/list"}}]}"#,
    );
    let [note, reply] = posts.as_slice() else {
        panic!("{posts:?}")
    };
    assert!(
        note.contains(r#""resp_type":"jsonrpc_notify""#) && note.contains(r#""method":"note""#),
        "{note}"
    );
    assert!(
        reply.contains(r#""request_id":"r1""#) && reply.contains(r#""id":"a","result":{}"#),
        "{reply}"
    );
    assert_eq!(readiness, "ready", "an answered call shows that the server works");
}

#[test]
fn each_command_has_one_terminal_answer() {
    let (posts, _) = run(r#"{"commands":[
            {"request_id":"r1","shard_token":"s","jsonrpc":{"jsonrpc":"2.0","method":"notifications/initialized"}},
            {"request_id":"r2","shard_token":"s","channel":"other","jsonrpc":{"jsonrpc":"2.0","id":1,"method":"ping"}},
            {"request_id":"r3","shard_token":"s"}]}"#);
    for (request, answer) in [
        ("r1", r#""resp_code":202,"resp_type":"notify_ack""#),
        ("r2", r#"unsupported channel \"other\""#),
        ("r3", r#""resp_code":400"#),
    ] {
        let of_it = posts
            .iter()
            .filter(|post| post.contains(&format!(r#""request_id":"{request}""#)));
        let of_it: Vec<&String> = of_it.collect();
        assert!(
            matches!(of_it.as_slice(), [one] if one.contains(answer)),
            "{request}: {of_it:?}"
        );
    }
}
