//! Keys of the existing client's files that are no settings here: accepted when they ask for nothing.

use super::document::{Content, Mark};
use super::mapping::{Pair, name};
use super::schema::{CLOUDFLARED_KEYS, closest};
use super::walk::Walk;
use crate::config::values::scalar;

impl<'d> Walk<'d> {
    /// `config_version`: 1 or not there.
    pub(super) fn version(&mut self, pair: &Pair<'d>) {
        let node = self.document.node(pair.value);
        let is_one = match &node.content {
            Content::Scalar(scalar) => scalar.is_null() || scalar.text.trim() == "1",
            _ => false,
        };
        if !is_one {
            self.mistake(node.mark, "", "config_version must be 1, the only version there is");
        }
    }

    /// `cloudflared`: this client has none. Values that are the defaults anyway change nothing.
    pub(super) fn cloudflared(&mut self, pair: &Pair<'d>) {
        if self.is_null(pair.value) {
            return;
        }
        let Some(pairs) = self.pairs(pair.value) else {
            let mark = self.document.node(pair.value).mark;
            return self.mistake(mark, "", "cloudflared must be a section with keys and values below it");
        };
        let mut wanted: Option<(Mark, &str)> = None;
        for pair in pairs {
            if !CLOUDFLARED_KEYS.contains(&pair.key) {
                let advice = closest(CLOUDFLARED_KEYS, pair.key)
                    .map_or_else(String::new, |known| format!("; did you mean {known}?"));
                let problem = format!("field {} not found in cloudflared{advice}", name(pair.key));
                self.mistake(pair.key_mark, "", problem);
            } else if self.asks_for_cloudflared(&pair) {
                wanted = wanted.or(Some((pair.key_mark, pair.key)));
            }
        }
        if let Some((mark, key)) = wanted {
            let problem = format!(
                "cloudflared.{key} is set, but this client runs no cloudflared: it reaches the control plane by itself; \
                 remove the section"
            );
            self.mistake(mark, "", problem);
        }
    }

    /// A path and a time alone start nothing.
    fn asks_for_cloudflared(&self, pair: &Pair<'d>) -> bool {
        let Content::Scalar(value) = &self.document.node(pair.value).content else {
            return true;
        };
        let is_unset = value.is_null() || value.text.trim().is_empty();
        match pair.key {
            "token" => !is_unset,
            "managed" => !is_unset && scalar::boolean(&value.text) != Some(false) && !is_no(&value.text),
            _ => false,
        }
    }

    /// `codex`: belongs to a tool that this client does not integrate with.
    pub(super) fn codex(&mut self, pair: &Pair<'d>) {
        if !self.is_null(pair.value) {
            let problem = "codex is set, but this client has no Codex integration; remove the key";
            self.mistake(pair.key_mark, "", problem);
        }
    }
}

fn is_no(text: &str) -> bool {
    matches!(text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF")
}
