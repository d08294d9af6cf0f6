#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::wire::command::Headers;

/// A router and the calls that were opened on it.
struct Pipe {
    router: Router,
    /// Caller that opens calls.
    caller: Caller,
}

impl Default for Pipe {
    fn default() -> Self {
        Self {
            router: Router::default(),
            caller: caller("a"),
        }
    }
}

fn caller(name: &str) -> Caller {
    Caller::new(&Headers::default(), Some(name))
}

impl Pipe {
    fn open(&mut self, request: &str, server_requests: bool) -> (u64, String, Arc<Inbox>) {
        let inbox = Arc::new(Inbox::default());
        let message = Message::parse(request).unwrap();
        let caller = self.caller;
        let opened = self.router.open(&message, Arc::clone(&inbox), server_requests, caller);
        let (id, line) = opened.unwrap();
        self.router.written(id);
        (id, text(&line), inbox)
    }

    fn receive(&mut self, message: &str) -> Result<Option<String>, &'static str> {
        let routed = self.router.route(&Message::parse(message).unwrap());
        routed.map(|line| line.map(|l| text(&l))).map_err(|why| match why {
            Unattributed::Ordinary(why) | Unattributed::Answer(why) => why,
        })
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The event that waits in an inbox; there must be one.
fn event(inbox: &Inbox) -> Event {
    let mut next = std::pin::pin!(inbox.next());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match next.as_mut().poll(&mut context) {
        std::task::Poll::Ready(event) => event,
        std::task::Poll::Pending => panic!("nothing arrived"),
    }
}

fn is_empty(inbox: &Inbox) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(inbox.next()).as_mut().poll(&mut context).is_pending()
}

fn reply(inbox: &Inbox) -> String {
    match event(inbox) {
        Event::Reply { payload, .. } => text(&payload),
        other => panic!("{other:?}"),
    }
}

fn call(id: &str, token: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"_meta":{{"progressToken":{token}}},"x":1.50}}}}"#
    )
}

#[test]
fn two_callers_with_the_same_ids_and_tokens_get_their_own_messages() {
    let mut pipe = Pipe::default();
    let (one, line_one, inbox_one) = pipe.open(&call("7", "\"t\""), false);
    let (two, line_two, inbox_two) = pipe.open(&call("7", "\"t\""), false);
    assert_eq!(line_one, call(&one.to_string(), &one.to_string()));
    assert_ne!(line_one, line_two);
    let progress = |token: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progress":1,"progressToken":{token}}}}}"#
        )
    };
    pipe.receive(&progress(&two.to_string())).unwrap();
    assert!(matches!(event(&inbox_two), Event::Message(m) if text(&m) == progress("\"t\"")));
    let result = |id: &str| format!(r#"{{"result":{{"n":9007199254740993}},"id":{id},"jsonrpc":"2.0"}}"#);
    pipe.receive(&result(&two.to_string())).unwrap();
    pipe.receive(&result(&one.to_string())).unwrap();
    assert_eq!(reply(&inbox_two), result("7"));
    assert_eq!(reply(&inbox_one), result("7"));
}

#[test]
fn what_names_no_call_goes_to_the_only_one_or_to_nobody() {
    let mut pipe = Pipe::default();
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}"#;
    assert!(pipe.receive(log).is_err());
    let (_, _, first) = pipe.open(&call("1", "1"), false);
    assert_eq!(pipe.receive(log), Ok(None));
    assert!(matches!(event(&first), Event::Message(m) if text(&m) == log));
    pipe.open(&call("2", "2"), false);
    assert!(pipe.receive(log).is_err());
    let foreign_token =
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}"#;
    assert!(pipe.receive(foreign_token).is_err());
}

#[test]
fn a_late_answer_is_nobodys_and_blocks_attribution_until_it_came() {
    let mut pipe = Pipe::default();
    let (given_up, ..) = pipe.open(&call("1", "1"), false);
    let told = pipe.router.close(given_up);
    assert!(text(&told[0]).contains(&format!(r#""requestId":{given_up}"#)));
    let (_, _, next) = pipe.open(&call("1", "1"), false);
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    assert!(
        pipe.receive(log).is_err(),
        "it may belong to the call that was given up"
    );
    assert!(
        pipe.receive(&format!(r#"{{"jsonrpc":"2.0","id":{given_up},"result":{{}}}}"#))
            .is_err()
    );
    assert_eq!(pipe.receive(log), Ok(None));
    assert!(matches!(event(&next), Event::Message(_)));
}

#[test]
fn an_answer_to_an_id_that_nobody_used_fails_the_only_call() {
    let mut pipe = Pipe::default();
    let (_, _, inbox) = pipe.open(&call("1", "1"), false);
    assert!(pipe.receive(r#"{"jsonrpc":"2.0","id":999,"result":{}}"#).is_err());
    assert!(
        matches!(event(&inbox), Event::Suspect(found) if found.beginning.as_ref().is_some_and(|text| text.starts_with("{\"jsonrpc\"")))
    );
}

#[test]
fn a_cancellation_carries_the_id_on_the_pipe_and_is_told_once() {
    let mut pipe = Pipe::default();
    let (id, ..) = pipe.open(&call("\"a\"", "1"), false);
    let cancel = |id: &str| {
        Bytes::from(format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ))
    };
    let line = pipe.router.cancel(id, &cancel("\"a\""));
    assert_eq!(line, Some(cancel(&id.to_string())));
    assert_eq!(pipe.router.cancel(id, &cancel("\"a\"")), None);
    assert!(pipe.router.close(id).is_empty(), "the child was told already");
}

#[test]
fn what_a_cancelled_call_still_asks_goes_to_nobody_else() {
    let mut pipe = Pipe::default();
    let (cancelled, ..) = pipe.open(&call("1", "1"), true);
    pipe.router.close(cancelled);
    let (_, _, next) = pipe.open(&call("2", "2"), true);
    let answer = pipe.receive(r#"{"jsonrpc":"2.0","id":0,"method":"sampling/createMessage"}"#);
    assert!(answer.unwrap().unwrap().contains("-32601"));
    assert!(is_empty(&next));
}

#[test]
fn initialize_is_never_cancelled() {
    let mut pipe = Pipe::default();
    let (id, ..) = pipe.open(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, false);
    assert!(pipe.router.close(id).is_empty());
}

#[test]
fn only_a_child_that_is_silent_for_long_is_hung() {
    let mut pipe = Pipe::default();
    let long_ago = Instant::now().checked_sub(STDIO_SILENCE);
    pipe.router.heard = long_ago;
    for _ in 0..STDIO_HUNG_CALLS {
        let (id, ..) = pipe.open(&call("1", "1"), false);
        pipe.router.close(id);
    }
    assert!(!pipe.router.is_hung(), "it was idle, and then callers gave up at once");
    pipe.router.silent_since = long_ago;
    assert!(pipe.router.is_hung());
    pipe.router.heard();
    assert!(!pipe.router.is_hung());
}

#[test]
fn a_child_is_silent_after_some_calls_and_some_seconds_without_a_word() {
    let mut pipe = Pipe::default();
    let long_ago = Instant::now().checked_sub(STDIO_SILENT_TIME);
    pipe.router.heard = long_ago;
    for _ in 0..STDIO_SILENT_CALLS {
        assert!(!pipe.router.is_silent());
        let (id, ..) = pipe.open(&call("1", "1"), false);
        pipe.router.close(id);
    }
    assert!(!pipe.router.is_silent(), "callers gave up at once");
    pipe.router.silent_since = long_ago;
    assert!(pipe.router.is_silent() && !pipe.router.is_hung());
    pipe.router.heard();
    assert!(!pipe.router.is_silent());
}

#[test]
fn a_token_that_two_readers_may_see_differently_never_reaches_the_child() {
    let mut pipe = Pipe::default();
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{},"_meta":{"progressToken":1}}}"#;
    let message = Message::parse(request).unwrap();
    let opened = pipe.router.open(&message, Arc::default(), false, pipe.caller);
    assert_eq!(opened, Err(Invalid::Shape));
}

#[test]
fn a_servers_request_is_asked_under_an_id_that_only_its_caller_knows() {
    let mut pipe = Pipe::default();
    let request = r#"{"jsonrpc":"2.0","id":0,"method":"sampling/createMessage","params":{}}"#;
    let (call_id, _, inbox) = pipe.open(&call("1", "1"), true);
    assert_eq!(pipe.receive(request), Ok(None));
    let Event::Request { payload, wire_id } = event(&inbox) else {
        panic!("no request")
    };
    assert_eq!(text(&payload), request.replace(":0,", &format!(":{wire_id},")));
    let answer = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"x":1}}}}"#);
    assert_eq!(
        pipe.router.answer(&Bytes::from(answer("0")), "0"),
        None,
        "a guessed id answers nothing"
    );
    let line = pipe.router.answer(&Bytes::from(answer(&wire_id)), &wire_id).unwrap();
    assert_eq!(text(&line), answer("0"));
    assert_eq!(
        pipe.router.answer(&Bytes::from(answer(&wire_id)), &wire_id),
        None,
        "it is answered once"
    );
    assert_eq!(pipe.receive(request), Ok(None));
    let lines: Vec<String> = pipe.router.close(call_id).iter().map(text).collect();
    assert!(
        lines.iter().any(|l| l.contains(r#""id":0,"error""#)),
        "the child is told: {lines:?}"
    );
}

#[test]
fn a_servers_request_that_cannot_be_asked_is_answered_at_once() {
    let mut pipe = Pipe::default();
    let request = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":"s","method":"{method}"}}"#);
    assert_eq!(
        pipe.receive(&request("ping")).unwrap().unwrap(),
        r#"{"jsonrpc":"2.0","id":"s","result":{}}"#
    );
    pipe.open(&call("1", "1"), false);
    let refused = pipe.receive(&request("roots/list")).unwrap().unwrap();
    assert!(
        refused.contains(r#""id":"s""#) && refused.contains("-32601"),
        "{refused}"
    );
}

#[test]
fn subscriptions_are_restored_in_notifications_and_in_the_last_result() {
    let mut pipe = Pipe::default();
    let (id, _, inbox) = pipe.open(
        r#"{"jsonrpc":"2.0","id":"listen-1","method":"subscriptions/listen"}"#,
        false,
    );
    pipe.open(
        r#"{"jsonrpc":"2.0","id":"listen-1","method":"subscriptions/listen"}"#,
        false,
    );
    let note = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
        )
    };
    pipe.receive(&note(&id.to_string())).unwrap();
    assert!(matches!(event(&inbox), Event::Message(m) if text(&m) == note("\"listen-1\"")));
    let end = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
        )
    };
    pipe.receive(&end(&id.to_string())).unwrap();
    assert_eq!(reply(&inbox), end("\"listen-1\""));
}

#[test]
fn a_dead_child_ends_every_call() {
    let mut pipe = Pipe::default();
    let (_, _, one) = pipe.open(&call("1", "1"), false);
    let (_, _, two) = pipe.open(&call("2", "2"), false);
    pipe.router.close_all(&Failure::timeout());
    for inbox in [one, two] {
        assert!(matches!(event(&inbox), Event::Closed(why) if why == Failure::timeout()));
    }
}

#[test]
fn after_a_late_answer_other_callers_still_wait_for_quiet() {
    let mut pipe = Pipe::default();
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    let (given_up, ..) = pipe.open(&call("1", "1"), false);
    pipe.router.close(given_up);
    let late = format!(r#"{{"jsonrpc":"2.0","id":{given_up},"result":{{}}}}"#);
    assert!(pipe.receive(&late).is_err());
    pipe.caller = caller("b");
    let (_, _, inbox) = pipe.open(&call("2", "2"), true);
    assert!(pipe.receive(log).is_err());
    let refused = pipe.receive(r#"{"jsonrpc":"2.0","id":"s","method":"elicitation/create"}"#);
    assert!(refused.unwrap().unwrap().contains(r#""id":"s","error""#));
    assert!(is_empty(&inbox));
}

#[test]
fn a_new_child_knows_nothing_of_the_callers_before() {
    let mut pipe = Pipe::default();
    pipe.router.served(caller("b"));
    pipe.router.close_all(&Failure::timeout());
    pipe.open(&call("1", "1"), false);
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    assert_eq!(pipe.receive(log), Ok(None));
}
