//! A second reader of JSON-RPC messages, after JSON-RPC 2.0 and the rules of MCP that the client keeps.

use std::ops::Range;

use super::json::{self, Fault, Node};

/// The member that names a `subscriptions/listen` request.
const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What a text is.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request: method, place of its id.
    Call(String, Range<usize>),
    /// A notification: method.
    Notification(String),
    /// A response: place of its id, whether it is an error.
    Response(Option<Range<usize>>, bool),
}

/// Why a text is no message.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Refusal {
    /// Not JSON.
    NotJson,
    /// Not an object.
    NotAnObject,
    /// Not version 2.0.
    Version,
    /// The id is neither a string nor a number.
    Id,
    /// Anything else.
    Shape,
}

/// Judges a text; `None` when it is too deep.
pub fn kind(text: &[u8]) -> Option<Result<Kind, Refusal>> {
    match json::parse(text) {
        Ok(node) => Some(kind_of(text, &node)),
        Err(Fault::Deep) => None,
        Err(_) => Some(Err(Refusal::NotJson)),
    }
}

/// Judges a value.
pub fn kind_of(text: &[u8], message: &Node) -> Result<Kind, Refusal> {
    if std::str::from_utf8(message.raw(text)).is_err() {
        return Err(Refusal::NotJson);
    }
    if message.members().is_none() {
        return Err(Refusal::NotAnObject);
    }
    if !message.has_readable_names() {
        return Err(Refusal::Shape);
    }
    let member = |name| message.one(name).map_err(|_| Refusal::Shape);
    let (version, id, method) = (member("jsonrpc")?, member("id")?, member("method")?);
    let (params, result, error) = (member("params")?, member("result")?, member("error")?);
    let _ = params;
    // A string, or absent.
    let text_of = |node: Option<&Node>| match node.filter(|node| !node.is_null()) {
        None => Ok(None),
        Some(node) => node.text().map(|text| Some(text.to_owned())).ok_or(Refusal::Shape),
    };
    let (version, method) = (text_of(version)?, text_of(method)?);
    if version.as_deref() != Some("2.0") {
        return Err(Refusal::Version);
    }
    let meant = |node: &Node| !node.is_null();
    let (result, error) = match (result, error) {
        (result, error) if method.is_some() => (result.filter(|r| meant(r)), error.filter(|e| meant(e))),
        // Of both, one that is null is not meant; of two nulls the error is not.
        (Some(result), Some(error)) if !meant(error) => (Some(result), None),
        (Some(result), Some(error)) if !meant(result) => (None, Some(error)),
        (None, Some(error)) if !meant(error) => return Err(Refusal::Shape),
        both => both,
    };
    let place = |id: &Node| match id.raw(text).first() {
        Some(b'"' | b'-' | b'0'..=b'9') => Ok(id.span.clone()),
        _ => Err(Refusal::Id),
    };
    match (method, id) {
        (Some(_), _) if result.is_some() || error.is_some() => Err(Refusal::Shape),
        (Some(method), Some(id)) => Ok(Kind::Call(method, place(id)?)),
        (Some(method), None) => Ok(Kind::Notification(method)),
        (None, None) if error.is_some() && result.is_none() => Ok(Kind::Response(None, true)),
        (None, Some(id)) if result.is_some() != error.is_some() => {
            let id = if id.is_null() { None } else { Some(place(id)?) };
            Ok(Kind::Response(id, error.is_some()))
        }
        _ => Err(Refusal::Shape),
    }
}

/// Places of the members of `params` that name a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct References {
    /// `params._meta.progressToken`.
    pub meta_progress_token: Option<Range<usize>>,
    /// `params.progressToken`.
    pub progress_token: Option<Range<usize>>,
    /// `params.requestId`.
    pub request_id: Option<Range<usize>>,
    /// `params._meta["io.modelcontextprotocol/subscriptionId"]`.
    pub subscription_id: Option<Range<usize>>,
}

/// Reads them; `Err` when one stands twice or names are not readable.
pub fn references(message: &Node) -> Result<References, Refusal> {
    let mut found = References::default();
    let params = message.one("params").map_err(|_| Refusal::Shape)?;
    let Some(params) = params.filter(|params| params.members().is_some()) else {
        return Ok(found);
    };
    let place = |of: &Node, name| -> Result<Option<Range<usize>>, Refusal> {
        let one = of.one(name).map_err(|_| Refusal::Shape)?;
        Ok(one.filter(|node| !node.is_null()).map(|node| node.span.clone()))
    };
    if !params.has_readable_names() {
        return Err(Refusal::Shape);
    }
    found.progress_token = place(params, "progressToken")?;
    found.request_id = place(params, "requestId")?;
    let meta = params.one("_meta").map_err(|_| Refusal::Shape)?;
    if let Some(meta) = meta.filter(|meta| meta.members().is_some()) {
        if !meta.has_readable_names() {
            return Err(Refusal::Shape);
        }
        found.meta_progress_token = place(meta, "progressToken")?;
        found.subscription_id = place(meta, SUBSCRIPTION_ID)?;
    }
    Ok(found)
}

/// Place of `result._meta["io.modelcontextprotocol/subscriptionId"]`, where it is written without escapes and can be read
/// unambiguously.
pub fn result_subscription_id(text: &str, message: &Node) -> Option<Range<usize>> {
    let result = message.one("result").ok()??;
    if !text[result.span.clone()].contains(SUBSCRIPTION_ID) {
        return None;
    }
    let meta = result.has_readable_names().then(|| result.one("_meta").ok())???;
    // The other name of the client's `_meta` must not stand twice either.
    let is_clear = meta.has_readable_names() && meta.one("progressToken").is_ok();
    let named = is_clear.then(|| meta.one(SUBSCRIPTION_ID).ok())???;
    (!named.is_null()).then(|| named.span.clone())
}

/// The exact value of a whole JSON number, or of one in a string: computed on decimal digits, without the client's bounds on
/// lengths.
pub fn whole_number(json: &str) -> Option<u64> {
    let node = json::parse(json.as_bytes()).ok()?;
    let text = match &node.value {
        json::Value::Number => node.raw(json.as_bytes()).to_vec(),
        json::Value::Text(Some(text)) => text.trim().as_bytes().to_vec(),
        _ => return None,
    };
    decimal(&text)
}

/// Digits, one point, an exponent: in any of the forms that programs print.
fn decimal(text: &[u8]) -> Option<u64> {
    let (mut digits, mut scale, mut at) = (Vec::new(), 0_i64, 0);
    let mut has_point = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                scale -= i64::from(has_point);
            }
            b'.' if !has_point => has_point = true,
            b'e' | b'E' => break,
            _ => return None,
        }
        at += 1;
    }
    if digits.is_empty() {
        return None;
    }
    if at < text.len() {
        let exponent = std::str::from_utf8(&text[at + 1..]).ok()?;
        scale += i64::from(exponent.parse::<i32>().ok()?);
    }
    if digits.iter().all(|digit| *digit == 0) {
        return Some(0);
    }
    while scale < 0 {
        if digits.pop() != Some(0) {
            return None;
        }
        scale += 1;
    }
    let mut number = 0_u64;
    for digit in digits {
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    for _ in 0..scale {
        number = number.checked_mul(10)?;
    }
    Some(number)
}
