//! JSON-RPC 2.0 messages as MCP uses them, read without being rewritten.
//!
//! A [`Message`] borrows the payload and knows what it is and where its id stands. Payload bytes are forwarded as they
//! came; ids are compared and restored as text, so no id ever passes through a number type (contract: wire, section 5).

mod tool;

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use tool::Tool;

/// The error code of JSON-RPC 2.0 for an invalid request.
pub const INVALID_REQUEST: i32 = -32600;
/// The error code of JSON-RPC 2.0 for an unknown method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The error code of JSON-RPC 2.0 for an internal error.
pub const INTERNAL_ERROR: i32 = -32603;

/// Why a payload is not one JSON-RPC 2.0 message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// It is not JSON.
    NotJson,
    /// It is not a JSON object, but perhaps a batch.
    NotAnObject,
    /// `jsonrpc` is not "2.0".
    Version,
    /// `id` is neither a string nor a number.
    Id,
    /// It is neither a request, a notification nor a response.
    Shape,
}

impl Invalid {
    /// The words for whoever sent it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "the payload is not JSON",
            Self::NotAnObject => "the payload is not one JSON object; batches are not supported",
            Self::Version => "the payload is not JSON-RPC 2.0",
            Self::Id => "the id of the payload is neither a string nor a number",
            Self::Shape => "the payload is neither a request, a notification nor a response",
        }
    }
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A request that wants an answer.
    Call {
        /// Its method.
        method: Cow<'a, str>,
        /// Its id, as written.
        id: Id<'a>,
    },
    /// A message that wants no answer.
    Notification {
        /// Its method.
        method: Cow<'a, str>,
    },
    /// An answer.
    Response {
        /// The id it answers; `None` for `null`, and for an error without one: some servers could not read the request.
        id: Option<Id<'a>>,
        /// True for `error`, false for `result`.
        is_error: bool,
    },
}

/// One JSON-RPC message, borrowed from its payload.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    text: &'a str,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

/// The id of a request, as its JSON text.
#[derive(Debug, Clone, Copy, Eq)]
pub struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    fn new(raw: &'a RawValue) -> Result<Self, Invalid> {
        match raw.get().as_bytes().first() {
            Some(b'"' | b'-' | b'0'..=b'9') => Ok(Self(raw.get())),
            _ => Err(Invalid::Id),
        }
    }

    /// Reads an id from JSON text.
    pub fn from_json(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text)
            .ok()
            .and_then(|raw| Self::new(raw).ok())
    }

    /// The JSON text, quotes included.
    pub fn json(&self) -> &'a str {
        self.0
    }
}

/// Equal when the text is, or when both are strings with the same characters behind different escapes.
impl PartialEq for Id<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
            || (self.0.contains('\\') || other.0.contains('\\'))
                && match (
                    serde_json::from_str::<String>(self.0),
                    serde_json::from_str::<String>(other.0),
                ) {
                    (Ok(a), Ok(b)) => a == b,
                    _ => false,
                }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Presence<'a>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Presence<'a>,
    #[serde(borrow, default)]
    error: Presence<'a>,
}

/// A string that is borrowed where it holds no escapes; serde does not look for that inside an `Option`.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Tells an absent member from one that is `null`.
#[derive(Default)]
struct Presence<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Presence<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(d).map(|raw| Self(Some(raw)))
    }
}

#[derive(Deserialize, Default)]
struct Params<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestId")]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

/// The member that ties messages to a `subscriptions/listen` request (MCP 2026-07-28).
const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

#[derive(Deserialize, Default)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/subscriptionId")]
    subscription_id: Option<&'a RawValue>,
}

/// A member of `params` that names a request: where it stands in the payload, and its JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Byte range of the value in the payload.
    pub span: Range<usize>,
    /// The JSON text of the value.
    pub json: &'a str,
}

/// The members of `params` that name a request (MCP: progress, cancellation, subscriptions).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// `params._meta.progressToken` of a request.
    pub meta_progress_token: Option<Reference<'a>>,
    /// `params.progressToken` of `notifications/progress`.
    pub progress_token: Option<Reference<'a>>,
    /// `params.requestId` of `notifications/cancelled`.
    pub request_id: Option<Reference<'a>>,
    /// `params._meta["io.modelcontextprotocol/subscriptionId"]` of a server's notification (MCP 2026-07-28).
    pub subscription_id: Option<Reference<'a>>,
}

impl<'a> Message<'a> {
    /// Reads one message.
    ///
    /// # Errors
    /// [`Invalid`] says why the text is not one JSON-RPC 2.0 message. A member that stands twice is an error, because two
    /// readers may take different ones.
    pub fn parse(text: &'a str) -> Result<Self, Invalid> {
        let envelope: Envelope<'a> = serde_json::from_str(text).map_err(|_| {
            // The envelope also fails on an object whose members have the wrong types; say which it was.
            match serde_json::from_str::<&RawValue>(text) {
                Err(_) => Invalid::NotJson,
                Ok(raw) if !raw.get().starts_with('{') => Invalid::NotAnObject,
                Ok(_) => Invalid::Shape,
            }
        })?;
        // Serde reads a struct from an array too; JSON-RPC does not.
        if !text.trim_start().starts_with('{') {
            return Err(Invalid::NotAnObject);
        }
        if envelope.jsonrpc.is_none_or(|version| version.0 != "2.0") {
            return Err(Invalid::Version);
        }
        // Some servers write every member and leave those null that are not meant.
        let null = |raw: &&RawValue| raw.get() == "null";
        let (result, error) = match (envelope.result.0, envelope.error.0) {
            (result, error) if envelope.method.is_some() => (result.filter(|r| !null(r)), error.filter(|e| !null(e))),
            (Some(result), Some(error)) if null(&error) => (Some(result), None),
            (Some(result), Some(error)) if null(&result) => (None, Some(error)),
            (None, Some(error)) if null(&error) => return Err(Invalid::Shape),
            both => both,
        };
        let kind = match (envelope.method, envelope.id.0, result, error) {
            (Some(method), Some(id), None, None) => Kind::Call {
                method: method.0,
                id: Id::new(id)?,
            },
            (Some(method), None, None, None) => Kind::Notification { method: method.0 },
            // An error without an id is one that names no request; a result without one is nothing.
            (None, None, None, Some(_)) => Kind::Response {
                id: None,
                is_error: true,
            },
            (None, Some(id), result, error) if result.is_some() != error.is_some() => {
                let id = if id.get() == "null" { None } else { Some(Id::new(id)?) };
                Kind::Response {
                    id,
                    is_error: error.is_some(),
                }
            }
            _ => return Err(Invalid::Shape),
        };
        Ok(Self {
            kind,
            text,
            params: envelope.params,
            result,
            error,
        })
    }

    /// The payload.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The parameters, as JSON text.
    pub fn params(&self) -> Option<&'a RawValue> {
        self.params
    }

    /// Byte range of the parameters in the payload.
    pub fn params_span(&self) -> Option<Range<usize>> {
        self.params.map(|params| span(self.text, params.get()))
    }

    /// The error of a response, as JSON text.
    pub fn error(&self) -> Option<&'a RawValue> {
        self.error
    }

    /// Byte range of the id in the payload.
    pub fn id_span(&self) -> Option<Range<usize>> {
        match &self.kind {
            Kind::Call { id, .. } | Kind::Response { id: Some(id), .. } => Some(span(self.text, id.0)),
            _ => None,
        }
    }

    /// The members of `params` that name a request. Parameters that are no object name none.
    ///
    /// # Errors
    /// [`Invalid::Shape`] when one of them stands twice: two readers may take different ones, and a name that is not seen
    /// here would reach others.
    pub fn references(&self) -> Result<References<'a>, Invalid> {
        let Some(raw) = self.params.filter(|p| p.get().starts_with('{')) else {
            return Ok(References::default());
        };
        let params: Params<'a> = serde_json::from_str(raw.get()).map_err(|_| Invalid::Shape)?;
        let meta: Meta<'a> = match params.meta.filter(|m| m.get().starts_with('{')) {
            Some(meta) => serde_json::from_str(meta.get()).map_err(|_| Invalid::Shape)?,
            None => Meta::default(),
        };
        Ok(References {
            meta_progress_token: self.reference(meta.progress_token),
            progress_token: self.reference(params.progress_token),
            request_id: self.reference(params.request_id),
            subscription_id: self.reference(meta.subscription_id),
        })
    }

    /// `result._meta["io.modelcontextprotocol/subscriptionId"]`: the reply that ends a subscription names its own request
    /// once more (MCP 2026-07-28).
    pub fn result_subscription_id(&self) -> Option<Reference<'a>> {
        #[derive(Deserialize)]
        struct OnlyMeta<'a> {
            #[serde(borrow, rename = "_meta")]
            meta: Option<&'a RawValue>,
        }
        let result = self.result?.get();
        // Results can be large and this member is rare: look before reading.
        if !result.starts_with('{') || memchr::memmem::find(result.as_bytes(), SUBSCRIPTION_ID.as_bytes()).is_none() {
            return None;
        }
        let meta = serde_json::from_str::<OnlyMeta<'a>>(result)
            .ok()?
            .meta
            .filter(|m| m.get().starts_with('{'))?;
        self.reference(serde_json::from_str::<Meta<'a>>(meta.get()).ok()?.subscription_id)
    }

    fn reference(&self, raw: Option<&'a RawValue>) -> Option<Reference<'a>> {
        raw.map(|raw| Reference {
            span: span(self.text, raw.get()),
            json: raw.get(),
        })
    }

    /// True for a response whose `error` is an object with an integer code and a string message.
    pub fn has_valid_error(&self) -> bool {
        #[derive(Deserialize)]
        struct ErrorObject<'a> {
            #[serde(rename = "code")]
            _code: i64,
            #[serde(borrow, rename = "message")]
            _message: Cow<'a, str>,
        }
        self.error
            .is_some_and(|e| e.get().starts_with('{') && serde_json::from_str::<ErrorObject<'_>>(e.get()).is_ok())
    }
}

/// The id of a payload that is no valid message, if one can be made out, for the error that answers it.
pub fn salvage_id(text: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
    }
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let raw = serde_json::from_str::<OnlyId<'_>>(text).ok()?.id?;
    Id::new(raw).ok().map(|id| id.json())
}

/// Where `part`, a slice of `whole`, stands in it.
fn span(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    debug_assert!(
        start + part.len() <= whole.len(),
        "the part was borrowed from the whole"
    );
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn calls_notifications_and_responses_are_told_apart() {
        let call = Message::parse(r#" {"id":9007199254740993,"method":"tools/call","jsonrpc":"2.0","x":1}"#).unwrap();
        assert_eq!(
            call.kind,
            Kind::Call {
                method: "tools/call".into(),
                id: Id("9007199254740993")
            }
        );
        assert_eq!(&call.text()[call.id_span().unwrap()], "9007199254740993");
        let note = Message::parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).unwrap();
        assert_eq!(
            note.kind,
            Kind::Notification {
                method: "notifications/initialized".into()
            }
        );
        let ok = Message::parse(r#"{"jsonrpc":"2.0","id":"a","result":null}"#).unwrap();
        assert_eq!(
            ok.kind,
            Kind::Response {
                id: Some(Id("\"a\"")),
                is_error: false
            }
        );
        let bad = Message::parse(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}"#).unwrap();
        assert_eq!(
            bad.kind,
            Kind::Response {
                id: None,
                is_error: true
            }
        );
        assert!(bad.has_valid_error());
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_reason() {
        for (text, why) in [
            ("", Invalid::NotJson),
            ("{", Invalid::NotJson),
            ("[]", Invalid::NotAnObject),
            (r#"["2.0",1,"m",{}]"#, Invalid::NotAnObject),
            ("1", Invalid::NotAnObject),
            (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, Invalid::Version),
            (r#"{"id":1,"method":"m"}"#, Invalid::Version),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, Invalid::Id),
            (r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, Invalid::Id),
            (r#"{"jsonrpc":"2.0","id":true,"result":1}"#, Invalid::Id),
            (r#"{"jsonrpc":"2.0","id":1}"#, Invalid::Shape),
            (r#"{"jsonrpc":"2.0","id":1,"method":"m","result":1}"#, Invalid::Shape),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, Invalid::Shape),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#, Invalid::Shape),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, Invalid::Shape),
        ] {
            assert_eq!(Message::parse(text).err(), Some(why), "{text}");
        }
    }

    #[test]
    fn references_to_requests_are_found_with_their_place() {
        let text =
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"a":1,"progressToken": "t" },"requestId":5}}"#;
        let found = Message::parse(text).unwrap().references().unwrap();
        let token = found.meta_progress_token.unwrap();
        assert_eq!((&text[token.span], token.json), ("\"t\"", "\"t\""));
        assert_eq!(found.request_id.unwrap().json, "5");
        assert_eq!(found.progress_token, None);
        let odd = Message::parse(r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}"#).unwrap();
        assert_eq!(odd.references(), Ok(References::default()));
    }

    #[test]
    fn references_that_two_readers_may_see_differently_are_refused() {
        for params in [
            r#"{"_meta":{},"_meta":{"progressToken":1}}"#,
            r#"{"_meta":{"progressToken":1,"progress\u0054oken":2}}"#,
            r#"{"requestId":1,"requestId":2}"#,
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{params}}}"#);
            assert_eq!(
                Message::parse(&text).unwrap().references(),
                Err(Invalid::Shape),
                "{params}"
            );
        }
    }

    #[test]
    fn ids_are_equal_by_value_and_never_by_number() {
        assert_eq!(Id("\"a\""), Id("\"\\u0061\""));
        assert_ne!(Id("1"), Id("1.0"));
        assert_ne!(Id("9007199254740993"), Id("9007199254740992"));
        assert_ne!(Id("1"), Id("\"1\""));
    }

    #[test]
    fn an_id_is_salvaged_from_a_bad_request() {
        assert_eq!(salvage_id(r#"{"id":"x","method":1}"#), Some("\"x\""));
        assert_eq!(salvage_id(r#"{"id":null}"#), None);
        assert_eq!(salvage_id("[1]"), None);
    }
}
