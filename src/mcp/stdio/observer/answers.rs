//! Answers of interest, read as far as they are.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Awaited, object};
use crate::limits::{OBSERVED_NAMES_MAX, OBSERVED_TEXT_MAX, OBSERVED_VERSIONS_MAX};
use crate::mcp::stdio::handshake::is_date;
use crate::monitor::{Discovered, Identity};
use crate::telemetry::redact;

/// An answer that was accepted.
#[derive(Debug)]
pub(super) enum Answer {
    Initialized(Identity),
    Discovered(Discovered),
    Tools(Tools),
}

/// One page of tools.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) names: Names,
    pub(super) next_cursor: Option<Box<str>>,
}

/// The first names of a page: more than are kept of a whole catalog are not looked at.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) first: Vec<Box<str>>,
    /// There are more.
    pub(super) limited: bool,
}

/// Capabilities that are recorded (contract: ops, section 10).
const CAPABILITIES: [&str; 6] = ["completions", "logging", "prompts", "resources", "tasks", "tools"];

impl Answer {
    /// The result of a message, if it is what was asked for.
    pub(super) fn of(what: &Awaited, text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Reply<'a> {
            #[serde(borrow)]
            result: &'a RawValue,
        }
        let result = object::<Reply<'_>>(text)?.result.get();
        match what {
            Awaited::Initialize => identity(result).map(Self::Initialized),
            Awaited::Discover => discovered(result).map(Self::Discovered),
            Awaited::Tools { .. } => tools(result).map(Self::Tools),
        }
    }
}

fn identity(result: &str) -> Option<Identity> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Result<'a> {
        protocol_version: Box<str>,
        #[serde(borrow)]
        server_info: &'a RawValue,
        #[serde(borrow)]
        capabilities: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Info {
        name: Box<str>,
        version: Box<str>,
    }
    let result: Result<'_> = object(result)?;
    let info: Info = object(result.server_info.get())?;
    if result.protocol_version.is_empty() || info.name.is_empty() {
        return None;
    }
    let kept = |text: &str| presentable(text, OBSERVED_TEXT_MAX);
    let (protocol_version, server_name, server_version) =
        (kept(&result.protocol_version), kept(&info.name), kept(&info.version));
    let identity_complete = protocol_version.is_some() && server_name.is_some() && server_version.is_some();
    Some(Identity {
        ok: true,
        identity_complete,
        limited: !identity_complete,
        observed_at: None,
        protocol_version,
        server_name,
        server_version,
        capability_names: capabilities(result.capabilities)?,
    })
}

fn discovered(result: &str) -> Option<Discovered> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Result<'a> {
        supported_versions: Vec<Box<str>>,
        #[serde(borrow)]
        capabilities: &'a RawValue,
        result_type: Option<Box<str>>,
    }
    let result: Result<'_> = object(result)?;
    let versions = result.supported_versions;
    if versions.is_empty() || !versions.iter().all(|version| is_date(version)) || !is_complete(result.result_type) {
        return None;
    }
    Some(Discovered {
        ok: true,
        limited: versions.len() > OBSERVED_VERSIONS_MAX,
        observed_at: None,
        supported_versions: versions.into_iter().take(OBSERVED_VERSIONS_MAX).collect(),
        capability_names: capabilities(result.capabilities)?,
    })
}

fn tools(result: &str) -> Option<Tools> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Result {
        tools: Names,
        next_cursor: Option<Box<str>>,
        result_type: Option<Box<str>>,
    }
    let result: Result = object(result)?;
    is_complete(result.result_type).then_some(Tools {
        names: result.tools,
        next_cursor: result.next_cursor,
    })
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tool<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
        }
        struct Page;
        impl<'de> Visitor<'de> for Page {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of tools")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut page: A) -> Result<Names, A::Error> {
                let mut names = Names::default();
                // All have to be tools. Only the first ones cost memory.
                while let Some(tool) = page.next_element::<Tool<'de>>()? {
                    match names.first.len() <= OBSERVED_NAMES_MAX {
                        true => names.first.push(tool.name.into()),
                        false => names.limited = true,
                    }
                }
                Ok(names)
            }
        }
        deserializer.deserialize_seq(Page)
    }
}

/// A text of a server without secrets, as `/health` shows it; `None` if it is too long, which it can also become.
pub(super) fn presentable(text: &str, at_most: usize) -> Option<Box<str>> {
    if text.len() > at_most {
        return None;
    }
    let text = redact::scrub(text);
    (text.len() <= at_most).then(|| text.into())
}

fn is_complete(result_type: Option<Box<str>>) -> bool {
    result_type.is_none_or(|kind| &*kind == "complete")
}

/// The known ones among them; `None` when one is no object.
fn capabilities(raw: &RawValue) -> Option<BTreeSet<&'static str>> {
    #[derive(Deserialize)]
    struct Known<'a> {
        #[serde(borrow)]
        completions: Option<&'a RawValue>,
        #[serde(borrow)]
        logging: Option<&'a RawValue>,
        #[serde(borrow)]
        prompts: Option<&'a RawValue>,
        #[serde(borrow)]
        resources: Option<&'a RawValue>,
        #[serde(borrow)]
        tasks: Option<&'a RawValue>,
        #[serde(borrow)]
        tools: Option<&'a RawValue>,
    }
    let known: Known<'_> = object(raw.get())?;
    let values = [
        known.completions,
        known.logging,
        known.prompts,
        known.resources,
        known.tasks,
        known.tools,
    ];
    let present = CAPABILITIES.into_iter().zip(values);
    let present = present.filter_map(|(name, value)| Some((name, value?)));
    present
        .map(|(name, value)| value.get().starts_with('{').then_some(name))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn of_a_page_with_too_many_tools_the_first_names_are_kept() {
        let page = |tools: usize, last: &str| {
            let mut list = vec![r#"{"name":"a"}"#; tools];
            list.push(last);
            super::tools(&format!(r#"{{"tools":[{}]}}"#, list.join(",")))
        };
        let names = page(80_000, r#"{"name":"b"}"#).unwrap().names;
        assert_eq!((names.first.len(), names.limited), (OBSERVED_NAMES_MAX + 1, true));
        let names = page(OBSERVED_NAMES_MAX, r#"{"name":"\u0062"}"#).unwrap().names;
        assert_eq!((names.first.len(), names.limited), (OBSERVED_NAMES_MAX + 1, false));
        assert_eq!(names.first.last().unwrap().as_ref(), "b");
        for last in ["7", "{}", r#"{"name":7}"#, r#"{"name":"\ud800"}"#] {
            assert!(page(80_000, last).is_none(), "{last}: all have to be tools");
        }
    }
}
