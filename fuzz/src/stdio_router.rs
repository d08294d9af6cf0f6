//! Whose message it is on a pipe that callers share (`src/mcp/stdio/router.rs`), as a sequence of what callers and server do.
//!
//! Oracle: a model of the rules in ARCHITECTURE.md ("Whose message it is on a pipe"). It says for each line who gets it and with which
//! bytes; nobody else may get anything. No time passes, so nothing expires.

mod lines;

use arbitrary::Arbitrary;
use bytes::Bytes;
use tunnel_client::fuzzing::processes::router::{Got, Pipe, Receiver, caller};
use tunnel_client::wire::caller::Caller;

/// Steps, and lines of the server at the end that follow no rule.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    steps: Vec<Step>,
    last: Vec<&'a str>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    Open {
        caller: u8,
        id: u8,
        token: Option<u8>,
        asks: bool,
        method: u8,
    },
    Written(u8),
    /// A notification of a caller is written.
    Notified(u8),
    Cancel(u8),
    Close(u8),
    Line(Line),
    /// A caller answers a request of the server.
    Answer(u8),
    /// A request of the server cannot be delivered.
    Refuse(u8),
    /// The server ends.
    End,
}

/// What a server writes. Calls are counted back from the last one, and named in one of several forms.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Line {
    Answer { call: u8, form: u8, is_error: bool },
    AnswerToNobody,
    ErrorWithoutId,
    Progress { call: u8, form: u8 },
    Subscription { call: u8, form: u8 },
    Log,
    Request { id: u8 },
    CancelRequest { id: u8 },
}

const IDS: [&str; 5] = ["1", "\"1\"", "\"a\\\"\\u00e4\"", "9007199254740993", "1.0"];
const METHODS: [&str; 4] = ["tools/call", "initialize", "notifications/cancelled", "tools/list"];

/// Callers, and which of them count as one: two of one key and without credentials.
fn callers() -> [(Caller, usize); 4] {
    [
        (caller(Some("s"), Some("k")), 0),
        (caller(None, Some("k")), 0),
        (caller(Some("t"), Some("l")), 1),
        (caller(None, None), 2),
    ]
}

fn number(pipe: u64, form: u8) -> String {
    match form % 5 {
        0 => pipe.to_string(),
        1 => format!("\"{pipe}\""),
        2 => format!("{pipe}.0"),
        3 => format!("{pipe}e0"),
        _ => format!("\" {pipe}.00 \""),
    }
}

struct Call {
    pipe: u64,
    who: usize,
    id: &'static str,
    token: Option<&'static str>,
    asks: bool,
    is_told: bool,
    is_written: bool,
    is_open: bool,
    receiver: Receiver,
}

/// A request of the server that a caller was asked.
struct Asked {
    call: usize,
    id: &'static str,
    wire_id: String,
}

#[derive(Default)]
struct Model {
    pipe: Pipe,
    calls: Vec<Call>,
    /// Calls that ended without an answer.
    aftermath: Vec<usize>,
    /// All that the server has worked for.
    served: Vec<usize>,
    asked: Vec<Asked>,
    lines: usize,
}

/// What one call must get.
#[derive(Debug)]
enum Expected {
    Nothing,
    /// A notification or an answer, by its bytes.
    Bytes(usize, String, bool),
    /// A request, whose id the caller sees as another one: the text before and after it.
    Request(usize, String, String, &'static str),
    Unnamed(usize),
    Suspect(usize, bool),
    /// All open calls learn of the end.
    End,
}

/// Feeds one sequence.
pub fn check(input: &Input<'_>) {
    let mut model = Model::default();
    for step in input.steps.iter().take(200) {
        let expected = model.step(*step);
        model.compare(expected, *step);
    }
    for line in input.last.iter().take(8) {
        let open = model.open();
        let _ = model.pipe.route(line);
        let got: Vec<usize> = (0..model.calls.len())
            .filter(|call| model.calls[*call].receiver.next().is_some())
            .collect();
        assert!(got.len() <= 1 && got.iter().all(|call| open.contains(call)), "{line}");
        // What the line has ended is not known here.
        if !got.is_empty() {
            break;
        }
    }
    let calls = std::mem::take(&mut model.calls);
    drop(calls);
    model.pipe.end();
    assert_eq!(model.pipe.undelivered(), 0);
}

impl Model {
    fn open(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|call| self.calls[*call].is_open).collect()
    }

    /// One of the last calls.
    fn call(&self, back: u8) -> Option<usize> {
        self.calls.len().checked_sub(1 + usize::from(back % 8))
    }

    /// The only call that a message without a name can mean.
    fn sole(&self) -> Option<usize> {
        let [call] = self.open()[..] else { return None };
        let own = callers()[self.calls[call].who].1;
        let is_shared = self.served.iter().any(|other| *other != own);
        (self.aftermath.is_empty() && !is_shared).then_some(call)
    }

    fn serve(&mut self, call: usize) {
        self.served.push(callers()[self.calls[call].who].1);
    }

    fn step(&mut self, step: Step) -> Expected {
        match step {
            Step::Open {
                caller,
                id,
                token,
                asks,
                method,
            } => self.begin(caller, id, token, asks, method),
            Step::Written(back) => {
                if let Some(call) = self.call(back) {
                    self.pipe.written(self.calls[call].pipe);
                    self.calls[call].is_written |= self.calls[call].is_open;
                }
            }
            Step::Notified(who) => {
                let (caller, who) = callers()[usize::from(who) % 4];
                self.pipe.notified(caller);
                self.served.push(who);
            }
            Step::Cancel(back) => self.cancel(back),
            Step::Close(back) => self.close(back),
            Step::Line(line) => return self.line(line),
            Step::Answer(which) | Step::Refuse(which) if !self.asked.is_empty() => {
                let asked = self.asked.swap_remove(usize::from(which) % self.asked.len());
                let answer = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"id":{id}}}}}"#);
                let line = match step {
                    Step::Answer(_) => {
                        let line = self.pipe.answer(&answer(&asked.wire_id).into(), &asked.wire_id);
                        let expected = format!(
                            r#"{{"jsonrpc":"2.0","id":{},"result":{{"id":{}}}}}"#,
                            asked.id, asked.wire_id
                        );
                        assert_eq!(line.as_deref(), Some(expected.as_bytes()));
                        line
                    }
                    _ => self.pipe.refuse(&asked.wire_id),
                };
                assert!(names(&line.expect("a line for the server"), asked.id));
                assert!(self.pipe.refuse(&asked.wire_id).is_none(), "a request is answered once");
            }
            Step::Answer(_) | Step::Refuse(_) => {
                assert!(self.pipe.refuse("\"server-0\"").is_none());
            }
            Step::End => return Expected::End,
        }
        Expected::Nothing
    }

    fn begin(&mut self, who: u8, id: u8, token: Option<u8>, asks: bool, method: u8) {
        if self.calls.len() >= 64 {
            return;
        }
        let (who, id) = (usize::from(who) % 4, IDS[usize::from(id) % IDS.len()]);
        let token = token.map(|token| IDS[usize::from(token) % IDS.len()]);
        let method = METHODS[usize::from(method) % METHODS.len()];
        let text = |id: &str, token: Option<&str>| {
            let meta = token.map_or(String::new(), |token| {
                format!(r#""_meta":{{"progressToken":{token}}},"#)
            });
            format!("{{\"id\":{id},\"jsonrpc\":\"2.0\", \"params\":{{{meta}\"id\":{id}}},\"method\":\"{method}\"}}")
        };
        let opened = self.pipe.open(&text(id, token), asks, callers()[who].0);
        let Some((pipe, line, receiver)) = opened else {
            assert!(method.starts_with("notifications/"));
            return;
        };
        assert!(!method.starts_with("notifications/"));
        assert!(
            self.calls.last().is_none_or(|last| last.pipe < pipe),
            "a number is used twice"
        );
        let named = pipe.to_string();
        let expected = text(&named, token.map(|_| named.as_str()))
            .replace(&format!("\"id\":{named}}},"), &format!("\"id\":{id}}},"));
        assert_eq!(line, expected);
        self.calls.push(Call {
            pipe,
            who,
            id,
            token,
            asks,
            is_told: method == "initialize",
            is_written: false,
            is_open: true,
            receiver,
        });
    }

    fn cancel(&mut self, back: u8) {
        let Some(call) = self.call(back) else { return };
        let call = &mut self.calls[call];
        let text = |id: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"reason":"r","requestId":{id}}}}}"#
            )
        };
        let line = self.pipe.cancel(call.pipe, &text(call.id).into());
        let expected = (call.is_open && !call.is_told).then(|| text(&call.pipe.to_string()));
        assert_eq!(line.as_deref(), expected.as_deref().map(str::as_bytes));
        call.is_told |= line.is_some();
    }

    fn close(&mut self, back: u8) {
        let Some(call) = self.call(back) else { return };
        let mut lines = self.pipe.close(self.calls[call].pipe);
        if self.calls[call].is_open && self.calls[call].is_written {
            self.serve(call);
            self.aftermath.push(call);
            if !self.calls[call].is_told {
                let line = lines.remove(0);
                let expected = format!("\"requestId\":{},", self.calls[call].pipe);
                assert!(String::from_utf8_lossy(&line).contains(&expected));
            }
        }
        self.calls[call].is_open = false;
        let (ended, asked) = std::mem::take(&mut self.asked)
            .into_iter()
            .partition(|asked| asked.call == call);
        self.asked = asked;
        let mut ended: Vec<Asked> = ended;
        assert_eq!(lines.len(), ended.len());
        for line in lines {
            let at = ended
                .iter()
                .position(|asked| names(&line, asked.id))
                .expect("a refusal of a request");
            ended.swap_remove(at);
        }
    }

    fn compare(&mut self, expected: Expected, step: Step) {
        if matches!(expected, Expected::End) {
            self.pipe.end();
            for call in &mut self.calls {
                let got = call.receiver.next();
                assert_eq!(matches!(got, Some(Got::Closed)), call.is_open, "{got:?}");
                call.is_open = false;
            }
            (self.aftermath, self.served, self.asked) = Default::default();
            return;
        }
        let (to, got) = match &expected {
            Expected::Nothing | Expected::End => (None, None),
            Expected::Bytes(call, ..)
            | Expected::Request(call, ..)
            | Expected::Unnamed(call)
            | Expected::Suspect(call, _) => (Some(*call), self.calls[*call].receiver.next()),
        };
        match (expected, got) {
            (Expected::Nothing, None) | (Expected::Unnamed(_), Some(Got::Unnamed)) => {}
            (Expected::Bytes(_, text, true), Some(Got::Answer(got)))
            | (Expected::Bytes(_, text, false), Some(Got::Notification(got))) => {
                assert_eq!(got, text);
            }
            (Expected::Request(call, before, after, id), Some(Got::Request(got, wire_id))) => {
                assert_eq!(got, format!("{before}{wire_id}{after}"));
                assert!(self.asked.iter().all(|asked| asked.wire_id != wire_id));
                self.asked.push(Asked { call, id, wire_id });
            }
            (Expected::Suspect(_, is_shown), Some(Got::Suspect(shown))) => assert_eq!(shown.is_some(), is_shown),
            (expected, got) => panic!("{step:?}: {expected:?}, and not {got:?}"),
        }
        for (call, state) in self.calls.iter().enumerate() {
            let more = state.receiver.next();
            assert!(
                more.is_none(),
                "{step:?}: {call} gets {more:?} beside what is for {to:?}"
            );
        }
    }
}

/// Whether a line has this id.
fn names(line: &Bytes, id: &str) -> bool {
    String::from_utf8_lossy(line).contains(&format!("\"id\":{id},"))
}

/// Whether both mean one request of the server: numbers in any form, and strings of their digits.
fn is_one(left: &str, right: &str) -> bool {
    let value = |id: &str| id.trim_matches('"').parse::<f64>().ok();
    left == right || value(left).is_some() && value(left) == value(right)
}
