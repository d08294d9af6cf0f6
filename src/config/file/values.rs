//! The values of settings, by the shape that is due.

use secrecy::zeroize::Zeroizing;

use super::document::{Content, Mark, NodeId, Scalar};
use super::mapping::{Pair, name};
use super::schema;
use super::walk::Walk;
use crate::config::settings::{Entry, Field, FieldValue, Kind, Record, Setting, Shape, Text, Value};

/// What a list of texts must be.
const A_LIST: &str = "a list; write [a, b], or \"- a\" on a line of its own for each entry";

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
            Kind::List(_) => self.texts(setting, setting.key, id).map(Value::List),
            Kind::Records(_, known) => self.records(setting, known, id).map(Value::Records),
            Kind::Headers => self.named(setting, setting.key, "header names", id).map(Value::Headers),
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

    fn records(&mut self, setting: &'static Setting, known: &'static [Field], id: NodeId) -> Option<Vec<Record>> {
        let shape = format!("a list of mappings with the keys {}", names(known));
        let entries = self.entries_of(setting, setting.key, id, &shape)?;
        let what = format!("an entry of {}", setting.key);
        let records: Vec<Record> = entries
            .iter()
            .filter_map(|entry| self.record(setting, known, &what, *entry))
            .collect();
        (!records.is_empty()).then_some(records)
    }

    /// A mapping with known keys; `what` it is, for messages.
    fn record(&mut self, setting: &'static Setting, known: &'static [Field], what: &str, id: NodeId) -> Option<Record> {
        let mark = self.document.node(id).mark;
        if self.is_null(id) {
            return None;
        }
        let Some(pairs) = self.pairs(id) else {
            let problem = format!("{what} must be a mapping with the keys {}", names(known));
            self.mistake(mark, setting.flag, problem);
            return None;
        };
        let mut fields = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let Some(field) = known.iter().find(|field| field.name == pair.key) else {
                self.unknown_field(setting, known, what, &pair);
                continue;
            };
            if self.is_null(pair.value) {
                continue;
            }
            if let Some(value) = self.field(setting, field, pair.value) {
                fields.push((field.name, value));
            }
        }
        let location = self.location(mark);
        Some(Record { fields, location })
    }

    fn field(&mut self, setting: &'static Setting, field: &'static Field, id: NodeId) -> Option<FieldValue> {
        let what = format!("{} in {}", field.name, setting.key);
        match field.shape {
            Shape::One => self.scalar(setting, &what, id).map(FieldValue::One),
            Shape::List => self.texts(setting, &what, id).map(FieldValue::List),
            Shape::Names => self.named(setting, &what, "names", id).map(FieldValue::Names),
            Shape::Group(known) => match &self.document.node(id).content {
                Content::Scalar(_) => self.scalar(setting, &what, id).map(FieldValue::One),
                Content::Mapping(_) => self.record(setting, known, &what, id).map(FieldValue::Group),
                Content::Sequence(_) => {
                    let problem = format!("{what} must be a word or a mapping with the keys {}", names(known));
                    self.mistake(self.document.node(id).mark, setting.flag, problem);
                    None
                }
            },
        }
    }

    fn unknown_field(&mut self, setting: &'static Setting, known: &'static [Field], what: &str, pair: &Pair<'d>) {
        if self.is_full() {
            return;
        }
        let keys = known.iter().map(|field| field.name);
        let meant = schema::closest(keys.clone(), pair.key).or_else(|| {
            keys.clone()
                .find(|field| !pair.key.is_empty() && field.starts_with(pair.key))
        });
        let advice = meant.map_or_else(
            || format!("; the keys are {}", names(known)),
            |meant| format!("; did you mean {meant}?"),
        );
        let problem = format!("field {} not found in {what}{advice}", name(pair.key));
        self.mistake(pair.key_mark, setting.flag, problem);
    }

    /// A list of texts that may be empty.
    fn texts(&mut self, setting: &'static Setting, what: &str, id: NodeId) -> Option<Vec<Text>> {
        let entries = self.entries_of(setting, what, id, A_LIST)?;
        let known = self.mistakes.len();
        let entry = format!("an entry of {what}");
        let texts = entries.iter().filter_map(|id| self.scalar(setting, &entry, *id));
        let texts: Vec<Text> = texts.collect();
        // Of a setting with fields, no list needs an entry.
        if texts.is_empty() && setting.needs_entry && self.mistakes.len() == known {
            self.mistake(self.document.node(id).mark, setting.flag, setting.no_entry());
        }
        (!texts.is_empty()).then_some(texts)
    }

    /// A mapping of names to values that are not blank.
    fn named(&mut self, setting: &'static Setting, what: &str, of: &str, id: NodeId) -> Option<Vec<(Text, Text)>> {
        let Some(pairs) = self.pairs(id) else {
            let problem = format!("{what} must be a mapping of {of} to values");
            self.mistake(self.document.node(id).mark, setting.flag, problem);
            return None;
        };
        let mut named = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let key = Text {
                text: Zeroizing::new(pair.key.to_owned()),
                location: self.location(pair.key_mark),
            };
            if self.is_null(pair.value) {
                continue;
            }
            if let Some(value) = self.scalar(setting, &format!("a value of {what}"), pair.value) {
                named.push((key, value));
            }
        }
        (!named.is_empty()).then_some(named)
    }

    /// The entries of a list that may be empty.
    fn entries_of(&mut self, setting: &'static Setting, what: &str, id: NodeId, shape: &str) -> Option<&'d [NodeId]> {
        let node = self.document.node(id);
        if let Content::Sequence(entries) = &node.content {
            self.spend(entries.len() + 1, 0)?;
            return Some(entries);
        }
        self.mistake(node.mark, setting.flag, format!("{what} must be {shape}"));
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

/// The keys of a mapping, for messages.
fn names(known: &[Field]) -> String {
    let names: Vec<&str> = known.iter().map(|field| field.name).collect();
    names.join(", ")
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
