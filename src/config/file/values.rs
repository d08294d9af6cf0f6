//! The values of settings, by the shape that is due.

use secrecy::zeroize::Zeroizing;

use super::document::{Content, Mark, NodeId, Scalar};
use super::mapping::{Pair, name};
use super::schema;
use super::walk::Walk;
use super::{Entry, Record, Text, Value};
use crate::config::table::{Kind, Setting};

impl<'d> Walk<'d> {
    /// Remembers the value of a setting, unless it has none.
    pub(super) fn setting(&mut self, setting: &'static Setting, pair: &Pair<'d>) {
        let id = pair.value;
        if self.is_null(id) {
            return;
        }
        let value = match setting.kind {
            Kind::One => self.scalar(setting, setting.key, id).map(Value::One),
            Kind::Switch => self
                .scalar(setting, setting.key, id)
                .map(|text| Value::One(switch(text))),
            Kind::List(_) => self.list(setting, id).map(Value::List),
            Kind::Records(_, known) => self.records(setting, known, id).map(Value::Records),
            Kind::Headers => self.headers(setting, id).map(Value::Headers),
        };
        if let Some(value) = value {
            self.entries.push(Entry {
                setting,
                value,
                location: self.location(self.document.node(id).mark),
            });
        }
    }

    /// A single value that is not blank.
    fn scalar(&mut self, setting: &'static Setting, what: &str, id: NodeId) -> Option<Text> {
        let node = self.document.node(id);
        let shape = match &node.content {
            Content::Scalar(scalar) => return self.text(scalar, node.mark),
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        };
        self.mistake(
            node.mark,
            setting.flag,
            format!("{what} must be a single value, not {shape}"),
        );
        None
    }

    fn list(&mut self, setting: &'static Setting, id: NodeId) -> Option<Vec<Text>> {
        let entries = self.entries_of(
            setting,
            id,
            "a list; write [a, b], or \"- a\" on a line of its own for each entry",
        )?;
        let what = format!("an entry of {}", setting.key);
        let known = self.mistakes.len();
        let texts: Vec<Text> = entries
            .iter()
            .filter_map(|entry| self.scalar(setting, &what, *entry))
            .collect();
        if texts.is_empty() && setting.needs_entry && self.mistakes.len() == known {
            let mark = self.document.node(id).mark;
            self.mistake(mark, setting.flag, no_entry(setting));
        }
        (!texts.is_empty()).then_some(texts)
    }

    fn records(
        &mut self,
        setting: &'static Setting,
        known: &'static [&'static str],
        id: NodeId,
    ) -> Option<Vec<Record>> {
        let shape = format!("a list of mappings with the keys {}", known.join(", "));
        let entries = self.entries_of(setting, id, &shape)?;
        let records: Vec<Record> = entries
            .iter()
            .filter_map(|entry| self.record(setting, known, *entry))
            .collect();
        (!records.is_empty()).then_some(records)
    }

    fn record(&mut self, setting: &'static Setting, known: &'static [&'static str], id: NodeId) -> Option<Record> {
        let mark = self.document.node(id).mark;
        if self.is_null(id) {
            return None;
        }
        let Some(pairs) = self.pairs(id) else {
            let problem = format!(
                "an entry of {} must be a mapping with the keys {}",
                setting.key,
                known.join(", ")
            );
            self.mistake(mark, setting.flag, problem);
            return None;
        };
        let mut fields = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let Some(field) = known.iter().find(|field| **field == pair.key) else {
                if self.is_full() {
                    continue;
                }
                let meant = schema::closest(known.iter().copied(), pair.key).or_else(|| {
                    known
                        .iter()
                        .copied()
                        .find(|field| !pair.key.is_empty() && field.starts_with(pair.key))
                });
                let advice = meant.map_or_else(
                    || format!("; the keys are {}", known.join(", ")),
                    |meant| format!("; did you mean {meant}?"),
                );
                let problem = format!(
                    "field {} not found in an entry of {}{advice}",
                    name(pair.key),
                    setting.key
                );
                self.mistake(pair.key_mark, setting.flag, problem);
                continue;
            };
            if self.is_null(pair.value) {
                continue;
            }
            if let Some(text) = self.scalar(setting, &format!("{field} in {}", setting.key), pair.value) {
                fields.push((*field, text));
            }
        }
        let location = self.location(mark);
        Some(Record { fields, location })
    }

    fn headers(&mut self, setting: &'static Setting, id: NodeId) -> Option<Vec<(Text, Text)>> {
        let Some(pairs) = self.pairs(id) else {
            let problem = format!("{} must be a mapping of header names to values", setting.key);
            self.mistake(self.document.node(id).mark, setting.flag, problem);
            return None;
        };
        let mut headers = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let key = Text {
                text: Zeroizing::new(pair.key.to_owned()),
                location: self.location(pair.key_mark),
            };
            if self.is_null(pair.value) {
                continue;
            }
            if let Some(value) = self.scalar(setting, &format!("a header in {}", setting.key), pair.value) {
                headers.push((key, value));
            }
        }
        (!headers.is_empty()).then_some(headers)
    }

    /// The entries of a list that may be empty.
    fn entries_of(&mut self, setting: &'static Setting, id: NodeId, shape: &str) -> Option<&'d [NodeId]> {
        let node = self.document.node(id);
        if let Content::Sequence(entries) = &node.content {
            self.spend(entries.len() + 1, 0)?;
            return Some(entries);
        }
        self.mistake(node.mark, setting.flag, format!("{} must be {shape}", setting.key));
        None
    }

    fn text(&mut self, scalar: &Scalar, mark: Mark) -> Option<Text> {
        if scalar.is_null() || scalar.text.trim().is_empty() {
            return None;
        }
        self.spend(1, scalar.text.len())?;
        Some(Text {
            text: scalar.text.clone(),
            location: self.location(mark),
        })
    }
}

/// A switch may be written in the older words too, as in yaml.v3: they become `true` and `false`.
fn switch(mut text: Text) -> Text {
    let word = match text.text.as_str() {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => "true",
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => "false",
        _ => return text,
    };
    text.text = Zeroizing::new(word.to_owned());
    text
}

/// What is wrong with an allow-list that is there and allows nothing.
pub(in crate::config) fn no_entry(setting: &Setting) -> String {
    format!(
        "{} is written without an entry; give it one, or remove it",
        setting.flag
    )
}
