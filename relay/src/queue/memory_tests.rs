#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::super::Payload;
use super::*;
use crate::ids::{CallerTag, Channel, ShardToken};

fn command_on(channel: &str, body: usize) -> Command {
    command_of("key", channel, body)
}

fn command_of(key: &str, channel: &str, body: usize) -> Command {
    let request = RequestId::random();
    Command {
        request,
        shard_token: ShardToken::random(request),
        key: key.into(),
        channel: Channel::parse(channel).unwrap(),
        created_at: SystemTime::now(),
        deadline: Instant::now() + Duration::from_secs(60),
        caller: CallerTag::new(&TunnelId::random(), "key"),
        headers: "{}".into(),
        payload: Payload::JsonRpc(Bytes::from(vec![b'x'; body]).into()),
    }
}

fn command() -> Command {
    command_on("main", 10)
}

fn ask(limit: usize) -> Ask {
    Ask {
        channels: Vec::new(),
        limit,
        bytes: limits::POLL_BYTES,
    }
}

fn requests(leases: &[Lease]) -> Vec<RequestId> {
    leases.iter().map(|lease| lease.command.request).collect()
}

struct Bench {
    tunnels: Arc<Tunnels>,
    queue: MemoryQueue,
    tunnel: TunnelId,
}

impl Bench {
    fn new() -> Self {
        let tunnel = TunnelId::random();
        let tunnels = Arc::new(Tunnels::load(None, vec![(tunnel.clone(), "bench".into())]).unwrap());
        Self {
            queue: MemoryQueue::new(Arc::clone(&tunnels)),
            tunnels,
            tunnel,
        }
    }

    async fn push(&self, command: Command, place: Place) -> RequestId {
        let request = command.request;
        self.queue.push(&self.tunnel, command, place).await.unwrap();
        request
    }

    async fn take(&self, limit: usize) -> Vec<Lease> {
        timeout(Duration::from_secs(5), self.queue.take(&self.tunnel, &ask(limit)))
            .await
            .unwrap()
            .unwrap()
    }

    async fn is_empty(&self) -> bool {
        timeout(Duration::from_millis(20), self.queue.take(&self.tunnel, &ask(25)))
            .await
            .is_err()
    }
}

#[tokio::test]
async fn commands_are_taken_in_order_and_answers_of_callers_before_calls() {
    let bench = Bench::new();
    let first = bench.push(command(), Place::Back).await;
    let second = bench.push(command(), Place::Back).await;
    let answer = bench.push(command(), Place::Front).await;
    let next_answer = bench.push(command(), Place::Front).await;
    assert_eq!(requests(&bench.take(3).await), [answer, next_answer, first]);
    assert_eq!(requests(&bench.take(3).await), [second]);
}

#[tokio::test]
async fn what_several_broken_polls_give_back_is_in_order_whichever_breaks_first() {
    let bench = Bench::new();
    let mut pushed = Vec::new();
    for _ in 0..6 {
        pushed.push(bench.push(command(), Place::Back).await);
    }
    let (first, second) = (bench.take(2).await, bench.take(2).await);
    bench.queue.give_back(&bench.tunnel, first);
    bench.queue.give_back(&bench.tunnel, second);
    assert_eq!(requests(&bench.take(25).await), pushed);
}

#[tokio::test]
async fn a_delivered_command_is_never_taken_again() {
    let bench = Bench::new();
    bench.push(command(), Place::Back).await;
    let taken = bench.take(1).await;
    bench.queue.delivered(&bench.tunnel, taken);
    assert!(bench.is_empty().await);
}

#[tokio::test]
async fn a_command_that_is_withdrawn_while_it_is_written_is_not_given_back() {
    let bench = Bench::new();
    let request = bench.push(command(), Place::Back).await;
    let taken = bench.take(1).await;
    assert_eq!(bench.queue.withdraw(&bench.tunnel, request), Whereabouts::Leased);
    bench.queue.give_back(&bench.tunnel, taken);
    assert!(bench.is_empty().await);
    assert_eq!(bench.queue.withdraw(&bench.tunnel, request), Whereabouts::Elsewhere);
}

#[tokio::test]
async fn only_a_command_that_no_client_has_counts_as_waiting() {
    let bench = Bench::new();
    let waits = |request| bench.queue.withdraw_waiting(&bench.tunnel, request);
    let request = bench.push(command(), Place::Back).await;
    let taken = bench.take(1).await;
    assert!(!waits(request));
    bench.queue.give_back(&bench.tunnel, taken);
    assert!(waits(request));
    assert!(bench.is_empty().await);
    let request = bench.push(command(), Place::Back).await;
    let taken = bench.take(1).await;
    bench.queue.delivered(&bench.tunnel, taken);
    assert!(!waits(request));
}

#[tokio::test]
async fn a_withdrawn_command_frees_its_place_and_its_bytes() {
    let bench = Bench::new();
    let request = bench.push(command_on("main", limits::QUEUE_BYTES), Place::Back).await;
    assert_eq!(
        bench.queue.push(&bench.tunnel, command(), Place::Back).await,
        Err(Refused::Full)
    );
    assert_eq!(bench.queue.withdraw(&bench.tunnel, request), Whereabouts::Waiting);
    bench.push(command(), Place::Back).await;
}

#[tokio::test]
async fn a_line_full_of_bytes_still_takes_answers_of_callers() {
    let bench = Bench::new();
    let largest = || command_on("main", limits::CALLER_BODY - 1024);
    while bench.queue.push(&bench.tunnel, largest(), Place::Back).await.is_ok() {}
    let mut answers = 0;
    while bench.queue.push(&bench.tunnel, largest(), Place::Front).await.is_ok() {
        answers += 1;
    }
    assert_eq!(answers, limits::QUEUE_RESERVE_BYTES / limits::CALLER_BODY);
}

#[tokio::test]
async fn callers_of_one_key_leave_places_and_bytes_to_others() {
    for body in [1, limits::CALLER_BODY - 1024] {
        let bench = Bench::new();
        let fill = async |key: &str| {
            let mut pushed = 0;
            let next = || command_of(key, "main", body);
            while bench.queue.push(&bench.tunnel, next(), Place::Back).await.is_ok() {
                pushed += 1;
            }
            pushed
        };
        let greedy = fill("greedy").await;
        let other = fill("other").await;
        assert!(other * 3 > greedy && other > 5, "{other} after {greedy}");
    }
}

#[tokio::test]
async fn a_full_line_still_takes_answers_of_callers() {
    let bench = Bench::new();
    for _ in 0..limits::QUEUE_COMMANDS / 2 {
        bench.push(command(), Place::Back).await;
    }
    assert_eq!(
        bench.queue.push(&bench.tunnel, command(), Place::Back).await,
        Err(Refused::Full)
    );
    // Those being written count as well: they may come back.
    let leases = bench.take(25).await;
    assert_eq!(
        bench.queue.push(&bench.tunnel, command(), Place::Back).await,
        Err(Refused::Full)
    );
    for _ in 0..limits::QUEUE_RESERVE {
        bench.push(command(), Place::Front).await;
    }
    assert_eq!(
        bench.queue.push(&bench.tunnel, command(), Place::Front).await,
        Err(Refused::Full)
    );
    bench.queue.give_back(&bench.tunnel, leases);
}

#[tokio::test]
async fn a_waiting_poll_wakes_for_its_channels_only() {
    let bench = Bench::new();
    let ask = Ask {
        channels: vec![Channel::parse("tools").unwrap()],
        ..ask(25)
    };
    let mut poll = bench.queue.take(&bench.tunnel, &ask);
    assert!(timeout(Duration::from_millis(20), &mut poll).await.is_err());
    bench.push(command(), Place::Back).await;
    assert!(timeout(Duration::from_millis(20), &mut poll).await.is_err());
    let request = bench.push(command_on("tools", 1), Place::Back).await;
    let taken = timeout(Duration::from_secs(5), poll).await.unwrap().unwrap();
    assert_eq!(requests(&taken), [request]);
}

#[tokio::test]
async fn an_answer_stays_below_its_bytes_unless_one_command_alone_is_larger() {
    let bench = Bench::new();
    let large = bench
        .push(command_on("main", limits::POLL_BYTES * 2), Place::Back)
        .await;
    bench
        .push(command_on("main", limits::POLL_BYTES / 2), Place::Back)
        .await;
    bench
        .push(command_on("main", limits::POLL_BYTES / 2), Place::Back)
        .await;
    assert_eq!(requests(&bench.take(25).await), [large]);
    assert_eq!(bench.take(25).await.len(), 1);
    assert_eq!(bench.take(25).await.len(), 1);
}

#[tokio::test]
async fn a_dropped_poll_takes_nothing() {
    let bench = Bench::new();
    let ask = ask(25);
    let mut poll = bench.queue.take(&bench.tunnel, &ask);
    assert!(timeout(Duration::from_millis(20), &mut poll).await.is_err());
    drop(poll);
    let request = bench.push(command(), Place::Back).await;
    assert_eq!(requests(&bench.take(1).await), [request]);
}

#[tokio::test]
async fn removing_a_tunnel_ends_its_polls_and_drops_its_commands() {
    let bench = Bench::new();
    bench.push(command_on("other", 1), Place::Back).await;
    let ask = Ask {
        channels: vec![Channel::main()],
        ..ask(1)
    };
    let mut poll = bench.queue.take(&bench.tunnel, &ask);
    assert!(timeout(Duration::from_millis(20), &mut poll).await.is_err());
    bench.tunnels.remove(&bench.tunnel).unwrap();
    bench.queue.remove(&bench.tunnel);
    assert_eq!(timeout(Duration::from_secs(5), poll).await.unwrap().unwrap_err(), Gone);
}

#[tokio::test]
async fn a_removed_tunnel_gets_no_new_line() {
    let bench = Bench::new();
    bench.push(command(), Place::Back).await;
    bench.tunnels.remove(&bench.tunnel).unwrap();
    bench.queue.remove(&bench.tunnel);
    // Both were let in before the tunnel was removed, and come this far after it.
    assert_eq!(
        bench.queue.push(&bench.tunnel, command(), Place::Back).await,
        Err(Refused::Gone)
    );
    let ask = ask(1);
    let poll = timeout(Duration::from_secs(5), bench.queue.take(&bench.tunnel, &ask));
    assert_eq!(poll.await.unwrap().unwrap_err(), Gone);
    assert!(lock(&bench.queue.lines).is_empty());
}
