//! What a message of an MCP server over HTTP is to the call that waits (`src/mcp/http/message.rs`, `src/wire/answer.rs`). Oracle: the
//! rules once more on a JSON tree of its own; elements of an array are its parts, and no content of a message is logged.

use bytes::Bytes;
use tunnel_client::fuzzing::messages::http::{Look, elements, look};
use tunnel_client::limits::HTTP_BATCH_MAX;

use crate::support::json::{self, Fault};
use crate::support::messages::{self, Kind};

/// Ids of calls that wait, as JSON text.
const ASKED: [&str; 6] = ["1", "\"1\"", "\"a\"", "9007199254740993", "1.5", "-0"];

/// Feeds `data`: the id of the call, then the message.
pub fn check(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let asked = ASKED[usize::from(choice) % ASKED.len()];
    let tree = match json::parse(text) {
        Err(Fault::Deep) => return,
        parsed => parsed.ok().filter(|_| std::str::from_utf8(text).is_ok()),
    };
    let data = Bytes::copy_from_slice(text);
    let found = look(&data, asked);
    let Some(tree) = tree else {
        assert!(
            matches!(found, Look::Odd("not_json", _)),
            "{found:?} of what is no JSON"
        );
        return;
    };
    if let Some(list) = tree.elements() {
        assert_eq!(found, Look::Array);
        let expected: Vec<&[u8]> = list.iter().map(|element| element.raw(text)).collect();
        match elements(&data) {
            Some(ours) => assert!(ours.iter().map(|part| &part[..]).eq(expected), "other elements"),
            None => assert!(list.len() > HTTP_BATCH_MAX),
        }
        return;
    }
    assert_eq!(elements(&data), None);
    let of_id = |span: &std::ops::Range<usize>| std::str::from_utf8(&text[span.clone()]).expect("it is UTF-8");
    match (&found, messages::kind_of(text, &tree)) {
        (Look::Answer, Ok(Kind::Response(Some(id), _))) => {
            assert!(names(of_id(&id), asked), "it answers another request")
        }
        (Look::Notification, Ok(Kind::Notification(_))) => {}
        (Look::Request(method, id), Ok(Kind::Call(known, span))) => {
            assert_eq!((&**method, &**id), (&*known, of_id(&span)))
        }
        (Look::Odd("other_answer", _), Ok(Kind::Response(Some(id), _))) => {
            assert!(!names(of_id(&id), asked), "the answer was not recognized");
        }
        (Look::Odd("unnamed_error", _), Ok(Kind::Response(None, true))) => {}
        (Look::Odd("not_a_message", _), Err(_) | Ok(Kind::Response(None, false))) => {}
        (found, kind) => panic!("{found:?}, but {kind:?}"),
    }
    if let Look::Odd(_, form) = &found {
        assert!(
            form.len() < 1024 && !form.chars().any(char::is_control),
            "{form:?} is no form"
        );
    }
}

/// The same id: the same characters, or the same number; whole ones exactly, and with quotes or without.
fn names(answered: &str, asked: &str) -> bool {
    let is_text = |id: &str| id.starts_with('"');
    if json::same(answered, asked) {
        return true;
    }
    if is_text(answered) && is_text(asked) {
        return false;
    }
    if is_text(answered) != is_text(asked) {
        let (quoted, number) = if is_text(answered) {
            (answered, asked)
        } else {
            (asked, answered)
        };
        return json::parse(quoted.as_bytes()).is_ok_and(|node| node.text() == Some(number));
    }
    let is_plain = |id: &str| !id.contains(['.', 'e', 'E']);
    if is_plain(answered) && is_plain(asked) {
        return false;
    }
    // Two forms of one number; a float is exact enough below 2^53.
    let number = |id: &str| {
        id.parse::<f64>()
            .ok()
            .filter(|number| number.abs() < 9_007_199_254_740_992.0)
    };
    number(answered).is_some() && number(answered) == number(asked)
}
