//! The keys of a mapping as yaml.v3 sees them: each once, with what `<<` brings in.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::document::{Content, Mark, NodeId, Scalar};
use super::walk::Walk;
use crate::limits::{CONFIG_MERGE_DEPTH_MAX, ECHO_MAX};
use crate::telemetry::redact;

/// A key and its value.
#[derive(Clone)]
pub(super) struct Pair<'d> {
    pub(super) key: &'d str,
    pub(super) key_mark: Mark,
    pub(super) value: NodeId,
}

impl<'d> Walk<'d> {
    /// The pairs of a mapping, own ones before merged ones; `None` when the node is no mapping.
    pub(super) fn pairs(&mut self, id: NodeId) -> Option<Vec<Pair<'d>>> {
        self.merged_pairs(id, 0)
    }

    fn merged_pairs(&mut self, id: NodeId, depth: usize) -> Option<Vec<Pair<'d>>> {
        let document = self.document;
        let Content::Mapping(written) = &document.node(id).content else {
            return None;
        };
        if self.spend(written.len() + 1, 0).is_none() {
            return Some(Vec::new());
        }
        let mut pairs = Vec::with_capacity(written.len());
        let mut first_at = HashMap::with_capacity(written.len());
        let mut merge = None;
        for (key_id, value) in written {
            let key_node = document.node(*key_id);
            let Content::Scalar(key) = &key_node.content else {
                self.mistake(key_node.mark, "", "a key must be one word, not a list or a mapping");
                continue;
            };
            if let Some(line) = first_at.insert(key.text.as_str(), key_node.mark.line) {
                let problem = format!(
                    "key {} is already set in line {line}; keep one of them",
                    name(&key.text)
                );
                self.mistake(key_node.mark, "", problem);
            } else if is_merge(key) {
                merge = Some(*value);
            } else {
                pairs.push(Pair {
                    key: key.text.as_str(),
                    key_mark: key_node.mark,
                    value: *value,
                });
            }
        }
        if let Some(source) = merge {
            for pair in self.merge_sources(source, depth) {
                if !first_at.contains_key(pair.key) {
                    first_at.insert(pair.key, pair.key_mark.line);
                    pairs.push(pair);
                }
            }
        }
        Some(pairs)
    }

    /// The pairs of one mapping or of a list of mappings; of the same key, the first.
    fn merge_sources(&mut self, id: NodeId, depth: usize) -> Vec<Pair<'d>> {
        let document = self.document;
        let node = document.node(id);
        if depth >= CONFIG_MERGE_DEPTH_MAX {
            self.mistake(
                node.mark,
                "",
                "merges (<<) reach too deep into one another; write the keys out",
            );
            return Vec::new();
        }
        let one = [id];
        let sources = match &node.content {
            Content::Sequence(entries) => &entries[..],
            _ => &one,
        };
        if self.spend(sources.len(), 0).is_none() {
            return Vec::new();
        }
        let mut pairs = Vec::new();
        let mut known = HashSet::new();
        for source in sources {
            match &document.node(*source).content {
                Content::Mapping(_) => {
                    let more = self.merged_pairs(*source, depth + 1).unwrap_or_default();
                    pairs.extend(more.into_iter().filter(|pair| known.insert(pair.key)));
                }
                _ => self.mistake(
                    document.node(*source).mark,
                    "",
                    "a merge (<<) takes a mapping or a list of mappings",
                ),
            }
        }
        pairs
    }
}

fn is_merge(key: &Scalar) -> bool {
    key.is_bare && key.text.as_str() == "<<"
}

/// A key as a message may show it: only when it looks like one. Anything else may be a line of a file that is not ours.
pub(super) fn name(key: &str) -> &str {
    let is_word = key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if is_word && (1..=ECHO_MAX).contains(&key.len()) && matches!(redact::scrub(key), Cow::Borrowed(_)) {
        key
    } else {
        "(its name is not shown: it is no word)"
    }
}
