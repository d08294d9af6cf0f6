//! What the client posted as an answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::http::Seen;

/// One POST of a response, as it was recorded.
#[derive(Clone, Debug)]
pub struct Post {
    pub request_id: String,
    pub resp_type: String,
    pub resp_code: u16,
    pub channel: Option<String>,
    /// The bytes of `resp_json`.
    pub resp_json: Option<String>,
    pub resp_headers: BTreeMap<String, Vec<String>>,
    /// The request that carried it.
    pub request: Seen,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    request_id: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(borrow, default)]
    resp_json: Option<&'a RawValue>,
    #[serde(default)]
    resp_headers: BTreeMap<String, Vec<String>>,
    resp_code: u16,
    resp_type: String,
}

impl Post {
    /// Reads a post; a body that the contract does not allow is an error.
    pub fn read(request: Seen) -> Result<Self, String> {
        let body: Body =
            serde_json::from_slice(&request.body).map_err(|error| format!("{error}: {}", request.text()))?;
        Ok(Self {
            request_id: body.request_id,
            resp_type: body.resp_type,
            resp_code: body.resp_code,
            channel: body.channel,
            resp_json: body.resp_json.map(|raw| raw.get().to_owned()),
            resp_headers: body.resp_headers,
            request,
        })
    }

    pub fn is_terminal(&self) -> bool {
        self.resp_type != "jsonrpc_notify"
    }

    pub fn json(&self) -> Value {
        self.resp_json
            .as_deref()
            .map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    }

    pub fn resp_header(&self, name: &str) -> Option<&str> {
        self.resp_headers
            .get(name)
            .and_then(|values| values.first())
            .map(String::as_str)
    }

    /// The provenance of a synthesized failure.
    #[track_caller]
    pub fn failure(&self) -> Failure {
        let json = self.json();
        let failure = &json["error"]["data"]["tunnel_failure"];
        assert!(failure.is_object(), "no provenance in {self:#?}");
        assert_eq!(json["error"]["code"], -32603, "{self:#?}");
        assert_eq!(failure["version"], 1, "{self:#?}");
        Failure {
            source: failure["source"].as_str().unwrap_or_default().to_owned(),
            kind: failure["transport_error_kind"].as_str().map(str::to_owned),
            received: failure["upstream_response_received"]
                .as_bool()
                .expect("upstream_response_received is required"),
            status: failure["upstream_status"].as_u64(),
            message: json["error"]["message"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Checks code, source and kind of a synthesized failure, and what the published schema ties to the source.
    #[track_caller]
    pub fn assert_failure(&self, code: u16, source: &str, kinds: &[&str]) {
        assert_eq!(self.resp_type, "jsonrpc_response", "{self:#?}");
        assert_eq!(self.resp_code, code, "{self:#?}");
        let failure = self.failure();
        assert_eq!(failure.source, source, "{self:#?}");
        let kind = failure.kind.as_deref().unwrap_or_default();
        assert!(kinds.contains(&kind), "kind {kind:?} is none of {kinds:?}: {self:#?}");
        match source {
            "target_http" => assert!(failure.received && failure.status == Some(u64::from(code)), "{self:#?}"),
            "transport_closed" | "connect" | "dns" | "tls" => {
                assert!(!failure.received && failure.status.is_none(), "{self:#?}");
            }
            _ => assert!(failure.status.is_none(), "{self:#?}"),
        }
    }
}

/// `error.data.tunnel_failure` and the message beside it.
#[derive(Debug)]
pub struct Failure {
    pub source: String,
    pub kind: Option<String>,
    pub received: bool,
    pub status: Option<u64>,
    pub message: String,
}
