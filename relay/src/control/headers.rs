//! The headers in a client's answer, bounded while they are read: a list of empty strings takes many times the memory
//! of its text.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::limits;

/// Names and values in the order of the body. The values of a name share it: a long name with many values would take many times the
/// memory of its text.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<(Arc<str>, String)>);

impl Headers {
    /// Each name with each of its values.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfNames)
    }
}

struct OfNames;

impl<'de> Visitor<'de> for OfNames {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of lists of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Vec::new();
        while let Some((name, Values(values))) = map.next_entry::<String, Values>()? {
            if headers.len() + values.len() > limits::RESPONSE_HEADERS_READ {
                return Err(A::Error::custom("too many headers"));
            }
            let name: Arc<str> = name.into();
            headers.extend(values.into_iter().map(|value| (Arc::clone(&name), value)));
        }
        Ok(Headers(headers))
    }
}

/// The values of one name.
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(OfValues)
    }
}

struct OfValues;

impl<'de> Visitor<'de> for OfValues {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            if values.len() >= limits::RESPONSE_HEADERS_READ {
                return Err(A::Error::custom("too many headers"));
            }
            values.push(value);
        }
        Ok(Values(values))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn more_values_than_any_server_sends_are_refused_while_they_are_read() {
        let read = |text: String| serde_json::from_str::<Headers>(&text);
        let list = |count| vec!["\"\""; count].join(",");
        let most = limits::RESPONSE_HEADERS_READ;
        assert_eq!(
            read(format!(r#"{{"A":[{}]}}"#, list(most))).unwrap().pairs().count(),
            most
        );
        assert!(read(format!(r#"{{"A":[{}]}}"#, list(most + 1))).is_err());
        assert!(read(format!(r#"{{"A":[{}],"B":[""]}}"#, list(most))).is_err());
        assert!(read(r#"{"A":"x"}"#.into()).is_err());
    }

    #[test]
    fn the_values_of_a_long_name_do_not_multiply_it() {
        let text = format!(r#"{{"{}":["1","2","3"]}}"#, "a".repeat(1 << 20));
        let headers: Headers = serde_json::from_str(&text).unwrap();
        let mut names: Vec<*const u8> = headers.pairs().map(|(name, _)| name.as_ptr()).collect();
        names.dedup();
        assert_eq!((headers.pairs().count(), names.len()), (3, 1));
    }
}
