//! Bodies of the management API, the tunnels file, paths and ids (`relay/src/manage`, `relay/src/server/path.rs`, `relay/src/ids.rs`).
//!
//! Oracles: serde_json's own tree of the same body; a record that is stored is read again; `url` for paths; an id is written as it was
//! read.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tunnel_relay::fuzzing::paths::{Kind, SEGMENTS_MAX, id, segments};
use tunnel_relay::fuzzing::tunnels::{
    DESCRIPTION_MAX, NAME_MAX, PRINCIPAL_ID_MAX, PRINCIPALS_MAX, Record, apply, stored,
};

const MEMBERS: [&str; 5] = ["name", "description", "organization_ids", "workspace_ids", "tenant_ids"];

/// Feeds `data` as a body, a path and an id.
pub fn check(data: &[u8]) {
    for is_new in [true, false] {
        if let Some(record) = apply(data, is_new) {
            body(&record, data, is_new);
            let again = stored(&record.stored);
            assert_eq!(again.as_ref(), Some(&record));
        }
    }
    let _ = stored(data);
    if let Ok(text) = std::str::from_utf8(data) {
        path(text);
        for kind in [
            Kind::Tunnel,
            Kind::Channel,
            Kind::Request,
            Kind::ShardToken,
            Kind::Session,
        ] {
            if let Some(id) = id(kind, text) {
                assert_eq!(id, text);
                assert!(text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')));
            }
        }
    }
}

fn body(record: &Record, data: &[u8], is_new: bool) {
    let value: Value = serde_json::from_slice(data).expect("JSON");
    let given = value.as_object().expect("an object");
    assert!(given.keys().all(|name| MEMBERS.contains(&name.as_str())));
    let text = |name: &str, old: &str| match &given.get(name) {
        None | Some(Value::Null) => old.to_owned(),
        Some(value) => value.as_str().expect("text").to_owned(),
    };
    assert!(!is_new || given["name"].is_string());
    assert_eq!(record.name, text("name", if is_new { "" } else { "before" }));
    assert_eq!(
        record.description,
        text("description", if is_new { "" } else { "before" })
    );
    assert!(!record.name.trim().is_empty() && record.name.chars().count() <= NAME_MAX);
    assert!(record.description.chars().count() <= DESCRIPTION_MAX);
    for (name, ids) in MEMBERS[2..].iter().zip(&record.principals) {
        let before = [Value::from("before")];
        let old = &before[..usize::from(!is_new && *name == "organization_ids")];
        let expected: &[Value] = match given.get(*name) {
            None | Some(Value::Null) => old,
            Some(value) => value.as_array().expect("a list"),
        };
        assert!(
            ids.iter()
                .map(String::as_str)
                .eq(expected.iter().map(|id| id.as_str().expect("text")))
        );
        assert!(ids.len() <= PRINCIPALS_MAX);
        assert!(
            ids.iter()
                .all(|id| (1..=PRINCIPAL_ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
        );
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len());
    }
}

fn path(text: &str) {
    let parts = || text.split('/').filter(|part| !part.is_empty());
    let Some(found) = segments(text) else {
        assert!(parts().count() > SEGMENTS_MAX);
        return;
    };
    assert_eq!(found.len(), parts().count());
    for (found, part) in found.iter().zip(parts()) {
        let is_escaped = part.match_indices('%').all(|(at, _)| {
            part.get(at + 1..at + 3)
                .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        });
        let decoded = percent_decode_str(part).decode_utf8();
        match decoded {
            Ok(decoded) if is_escaped => assert_eq!(*found, decoded),
            _ => assert_eq!(found, part),
        }
    }
}
