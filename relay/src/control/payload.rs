//! The body of a response, as the contract has it: strict in its members, opaque in its payload.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::headers::Headers;

/// `TunnelResponsePayload`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResponsePayload<'a> {
    /// The command.
    #[serde(borrow)]
    pub(crate) request_id: Cow<'a, str>,
    /// Its channel, if the client says it.
    #[serde(borrow, default)]
    pub(crate) channel: Option<Cow<'a, str>>,
    /// The JSON-RPC message, as written.
    #[serde(borrow, default)]
    pub(crate) resp_json: Option<&'a RawValue>,
    /// The MCP server's headers.
    #[serde(default)]
    pub(super) resp_headers: Headers,
    /// The MCP server's status.
    pub(crate) resp_code: i64,
    /// What kind of answer it is.
    #[serde(default)]
    pub(crate) resp_type: ResponseType,
}

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseType {
    /// The terminal answer to a call.
    #[default]
    JsonrpcResponse,
    /// A server's notification or request before it.
    JsonrpcNotify,
    /// A notification was delivered.
    NotifyAck,
    /// A session was ended.
    SessionTerminationResponse,
}

/// The little that tells whom a payload concerns that is refused: read from any JSON object, whatever it repeats.
#[derive(Debug)]
pub(crate) struct Concerns {
    one_of_several: bool,
}

impl Concerns {
    /// Whether a body that is refused was to be one of several: then its command stays open. A body that says so and
    /// something else is not.
    pub(crate) fn one_of_several(body: &[u8]) -> bool {
        serde_json::from_slice::<Self>(body).is_ok_and(|concerns| concerns.one_of_several)
    }
}

impl<'de> Deserialize<'de> for Concerns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Types)
    }
}

/// Looks at every `resp_type` of an object.
struct Types;

impl<'de> Visitor<'de> for Types {
    type Value = Concerns;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Concerns, A::Error> {
        let (mut notify, mut other) = (false, false);
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            match (name.get(), value.get()) {
                ("\"resp_type\"", "\"jsonrpc_notify\"") => notify = true,
                ("\"resp_type\"", _) => other = true,
                _ => {}
            }
        }
        Ok(Concerns {
            one_of_several: notify && !other,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn unknown_members_are_refused_and_payloads_kept_as_written() {
        let body = r#"{"request_id":"r","resp_code":200,"resp_json":{"id": 1.50}}"#;
        let payload: ResponsePayload<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(payload.resp_json.unwrap().get(), r#"{"id": 1.50}"#);
        assert_eq!(payload.resp_type, ResponseType::JsonrpcResponse);
        for body in [
            r#"{"request_id":"r","resp_code":200,"shard_token":"x"}"#,
            r#"{"request_id":"r"}"#,
            r#"{"resp_code":200}"#,
            r#"{"request_id":"r","resp_code":2.5}"#,
            r#"{"request_id":"r","resp_code":200,"resp_type":"oauth"}"#,
        ] {
            assert!(serde_json::from_str::<ResponsePayload<'_>>(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_refused_notification_is_recognised() {
        assert!(Concerns::one_of_several(
            br#"{"resp_type":"jsonrpc_notify","x":"\ud800"}"#
        ));
        assert!(!Concerns::one_of_several(br#"{"resp_type":"jsonrpc_response"}"#));
        assert!(!Concerns::one_of_several(b"{"));
        assert!(Concerns::one_of_several(
            br#"{"resp_code":1,"resp_code":2,"resp_type":"jsonrpc_notify","resp_type":"jsonrpc_notify"}"#
        ));
        assert!(!Concerns::one_of_several(
            br#"{"resp_type":"jsonrpc_notify","resp_type":"jsonrpc_response"}"#
        ));
    }
}
