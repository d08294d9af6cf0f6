//! Which forms of an answer a caller takes.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::error::{Code, Refusal};

/// Which forms of an answer a caller takes; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// One JSON document.
    Json,
    /// An event stream.
    Events,
    /// Either, a JSON document rather.
    JsonOrEvents,
    /// Either, an event stream rather: it weighs more, or as much and stands first (RFC 9110 gives the order no
    /// meaning, callers do).
    EventsOrJson,
}

impl Accepts {
    /// Reads `Accept`; a caller that sends none takes anything.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Ok(Self::JsonOrEvents);
        }
        let (mut json, mut events) = (None, None);
        for (place, range) in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .enumerate()
        {
            let (media, weight) = split(range);
            if weight <= 0.0 {
                continue;
            }
            let rank = Rank { weight, place };
            if matches!(media.as_str(), "application/json" | "application/*" | "*/*") {
                json = better(json, rank);
            }
            if matches!(media.as_str(), "text/event-stream" | "text/*" | "*/*") {
                events = better(events, rank);
            }
        }
        match (json, events) {
            (Some(json), Some(events)) if events.beats(json) => Ok(Self::EventsOrJson),
            (Some(_), Some(_)) => Ok(Self::JsonOrEvents),
            (Some(_), None) => Ok(Self::Json),
            (None, Some(_)) => Ok(Self::Events),
            (None, None) => {
                let message = "accept application/json, text/event-stream, or better both";
                Err(Refusal::new(Code::NotAcceptable, message).at("Accept"))
            }
        }
    }

    /// Whether an event stream is welcome.
    pub(crate) fn events(self) -> bool {
        self != Self::Json
    }

    /// Whether it is more welcome than a JSON document.
    pub(crate) fn prefers_events(self) -> bool {
        matches!(self, Self::Events | Self::EventsOrJson)
    }
}

/// How welcome a form is.
#[derive(Clone, Copy)]
struct Rank {
    weight: f32,
    /// Where it stands in the list.
    place: usize,
}

impl Rank {
    fn beats(self, other: Self) -> bool {
        self.weight > other.weight || (self.weight >= other.weight && self.place < other.place)
    }
}

fn better(old: Option<Rank>, new: Rank) -> Option<Rank> {
    old.filter(|old| !new.beats(*old)).or(Some(new))
}

/// The media type in lower case, and its weight: 1 unless a parameter `q` says otherwise.
fn split(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("q"));
    (media, weight.map_or(1.0, |(_, weight)| weight.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(values: &[&str]) -> Option<Accepts> {
        let headers = values.iter().map(|value| (ACCEPT, value.parse().unwrap())).collect();
        Accepts::read(&headers).ok()
    }

    #[test]
    fn ranges_weights_and_several_headers_are_understood() {
        assert_eq!(read(&[]), Some(Accepts::JsonOrEvents));
        assert_eq!(read(&["*/*"]), Some(Accepts::JsonOrEvents));
        assert_eq!(
            read(&["application/json, text/event-stream"]),
            Some(Accepts::JsonOrEvents)
        );
        assert_eq!(
            read(&["application/json", "text/event-stream;q=0.5"]),
            Some(Accepts::JsonOrEvents)
        );
        assert_eq!(read(&["Application/JSON; charset=utf-8"]), Some(Accepts::Json));
        assert_eq!(
            read(&["text/event-stream, application/json;q=0"]),
            Some(Accepts::Events)
        );
        assert_eq!(
            read(&["text/event-stream, application/json"]),
            Some(Accepts::EventsOrJson)
        );
        assert_eq!(
            read(&["application/json;q=0.5, text/event-stream;q=0.9"]),
            Some(Accepts::EventsOrJson)
        );
        assert_eq!(read(&["text/event-stream;q=0.5, */*"]), Some(Accepts::JsonOrEvents));
        assert_eq!(read(&["text/html"]), None);
        assert_eq!(read(&["application/json;q=0.0"]), None);
    }
}
