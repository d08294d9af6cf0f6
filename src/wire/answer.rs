//! Which message answers a request (ARCHITECTURE.md, "Definition of a JSON-RPC answer"). `tests/data/jsonrpc-answers.txt` holds
//! the rules as cases, which the relay keeps too.

use super::jsonrpc::{Id, Kind, Message};

/// What a message is to a request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its answer: a result.
    Result,
    /// Its answer: an error.
    Error,
    /// An error that names no request.
    Unnamed,
    /// An answer to another request.
    Other,
    /// No answer.
    NoAnswer,
}

/// Judges a message by the id of the request, as JSON text.
pub fn judge(message: &Message<'_>, asked: &str) -> Verdict {
    match &message.kind {
        Kind::Response { id: Some(id), is_error } => {
            match Id::from_json(asked).is_some_and(|asked| names(*id, asked)) {
                true if *is_error => Verdict::Error,
                true => Verdict::Result,
                false => Verdict::Other,
            }
        }
        Kind::Response {
            id: None,
            is_error: true,
        } => Verdict::Unnamed,
        _ => Verdict::NoAnswer,
    }
}

/// Whether an answer's id names this request: the same id, the same number in another form, or the number as a string or
/// the other way round. Servers keep ids in types of their own, and SDKs of callers take these forms.
fn names(answered: Id<'_>, asked: Id<'_>) -> bool {
    answered == asked || same_number(answered.json(), asked.json()) || {
        let unquoted = |id: &str| serde_json::from_str::<String>(id).ok();
        match (unquoted(answered.json()), unquoted(asked.json())) {
            (Some(text), None) => text == asked.json(),
            (None, Some(text)) => text == answered.json(),
            _ => false,
        }
    }
}

/// Whether two JSON numbers that are written differently are the same. Integers are not: a float would make equal what
/// differs above 2^53, and above 2^64 there is nothing else.
fn same_number(left: &str, right: &str) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_string = |text: &str| text.starts_with('"');
    let is_integer = |text: &str| !text.contains(['.', 'e', 'E']);
    if is_string(left) || is_string(right) || is_integer(left) && is_integer(right) {
        return false;
    }
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left == right && left.abs() < EXACT,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn answers_are_judged_as_the_shared_table_says() {
        let table = include_str!("../../tests/data/jsonrpc-answers.txt");
        let cases = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut seen = 0;
        for case in cases {
            let mut parts = case.splitn(3, '|').map(str::trim);
            let (verdict, asked, message) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            let judged = match Message::parse(message).map(|message| judge(&message, asked)) {
                Ok(Verdict::Result) => "result",
                Ok(Verdict::Error) => "error",
                Ok(Verdict::Unnamed) => "unnamed",
                Ok(Verdict::Other) => "other",
                Ok(Verdict::NoAnswer) | Err(_) => "none",
            };
            assert_eq!(judged, verdict, "{case}");
            seen += 1;
        }
        assert!(seen > 40, "{seen} cases");
    }
}
