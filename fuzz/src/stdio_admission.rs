//! Which requests the server on a pipe receives (`src/mcp/stdio/admission.rs`, `sessions.rs`, `handshake.rs`), as a sequence of what
//! callers do.
//!
//! Oracle: the rules in ARCHITECTURE.md ("Which messages a stdio server receives"), applied to the whole history each time.

use arbitrary::Arbitrary;
use tunnel_client::fuzzing::processes::router::Pipe;

/// Steps.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    steps: Vec<Step<'a>>,
}

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    OpenSession(u8),
    EndSessions,
    /// An `initialize` is written, and gets the next number.
    Initialize,
    /// The one with this number, counted back, succeeds.
    Succeeds(u8),
    Initialized,
    /// A request, and the sessions that it names.
    Request(u8, Vec<u8>),
    /// A request of self-contained form: version and capabilities.
    Modern(&'a str, bool),
}

const SESSIONS: [&str; 5] = ["a", "b", "A", "a b", ""];
const METHODS: [(&str, bool); 6] = [
    ("tools/call", true),
    ("ping", false),
    ("server/discover", false),
    ("initialize", false),
    ("Initialize", true),
    ("resources/list", true),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Begun(u64),
    Succeeded(u64),
    Initialized,
}

/// Feeds one sequence.
pub fn check(input: &Input<'_>) {
    let mut pipe = Pipe::default();
    let (mut open, mut history, mut numbers): (Vec<&str>, Vec<Event>, u64) = (Vec::new(), Vec::new(), 0);
    for step in input.steps.iter().take(200) {
        match step {
            Step::OpenSession(id) => {
                let id = SESSIONS[usize::from(*id) % SESSIONS.len()];
                pipe.open_session(id, "k");
                open.push(id);
            }
            Step::EndSessions => {
                pipe.end_sessions();
                open.clear();
            }
            Step::Initialize => {
                numbers += 1;
                pipe.initialize(numbers, false);
                history.push(Event::Begun(numbers));
            }
            Step::Succeeds(back) => {
                let number = numbers.saturating_sub(u64::from(back % 4));
                pipe.initialize(number, true);
                history.push(Event::Succeeded(number));
            }
            Step::Initialized => {
                pipe.initialized();
                history.push(Event::Initialized);
            }
            Step::Request(method, sessions) => {
                let (method, needs) = METHODS[usize::from(*method) % METHODS.len()];
                let sessions: Vec<&str> = sessions
                    .iter()
                    .take(3)
                    .map(|id| SESSIONS[usize::from(*id) % SESSIONS.len()])
                    .collect();
                let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
                let named: Vec<&&str> = sessions.iter().filter(|id| !id.is_empty()).collect();
                let is_unknown = named.iter().any(|id| !open.contains(id));
                let expected = match (method, is_unknown) {
                    ("initialize", _) => None,
                    (_, true) => Some(404),
                    _ if needs && !is_ready(&history, !named.is_empty()) => Some(409),
                    _ => None,
                };
                assert_eq!(
                    pipe.refusal(&text, &sessions),
                    Ok(expected),
                    "{step:?} after {history:?} in {open:?}"
                );
            }
            Step::Modern(version, has_capabilities) => modern(&mut pipe, version, *has_capabilities, &history),
        }
    }
}

/// Whether a handshake was completed: for callers in a session any one, for others the last one that was begun.
fn is_ready(history: &[Event], in_session: bool) -> bool {
    let last = history.iter().rposition(|event| matches!(event, Event::Begun(_)));
    let since = match (in_session, last) {
        (true, _) => 0,
        (false, Some(last)) => last,
        (false, None) => return false,
    };
    let counts = |event: &Event| match (event, last.map(|last| history[last])) {
        (Event::Succeeded(number), Some(Event::Begun(last))) => in_session || *number == last,
        (Event::Succeeded(_), _) => in_session,
        _ => false,
    };
    let succeeded = history.iter().skip(since).position(counts).map(|at| at + since);
    succeeded.is_some_and(|at| history[at..].contains(&Event::Initialized))
}

/// A request with a version since 2026-07-28 needs no handshake.
fn modern(pipe: &mut Pipe, version: &str, has_capabilities: bool, history: &[Event]) {
    let quoted = serde_json::Value::from(version).to_string();
    let capabilities = if has_capabilities { "{}" } else { "null" };
    let meta = format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":{quoted},"io.modelcontextprotocol/clientCapabilities":{capabilities}}}"#
    );
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{meta}}}}}"#);
    let is_admitted = pipe.refusal(&text, &[]) == Ok(None);
    let is_modern = has_capabilities && is_date(version) && version >= "2026-07-28";
    assert_eq!(is_admitted, is_modern || is_ready(history, false), "{version:?}");
}

/// A day of the Gregorian calendar.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    if (year.len(), month.len(), day.len()) != (4, 2, 2)
        || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return false;
    }
    let (Ok(year), Ok(month), Ok(day)) = (year.parse::<u32>(), month.parse::<usize>(), day.parse::<u32>()) else {
        return false;
    };
    let february = if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 {
        29
    } else {
        28
    };
    let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1..=12).contains(&month) && (1..=days[month - 1]).contains(&day)
}
