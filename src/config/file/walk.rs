//! From the tree of a file to its settings and its mistakes.

use std::path::Path;
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;

use super::document::{Content, Document, Mark, NodeId, Scalar};
use super::mapping::{Pair, name};
use super::schema::{self, Section};
use super::{Entry, File, Location, Record, Text, Value};
use crate::config::error::ConfigError;
use crate::config::sources::{Origin, Source};
use crate::config::table::{Kind, Setting};
use crate::limits::{CONFIG_EXPANDED_MAX, CONFIG_MISTAKES_MAX};

/// A file with this many top-level keys, all of them strange, is another program's.
const STRANGE_KEYS: usize = 3;

/// One walk over one document.
pub(super) struct Walk<'d> {
    pub(super) document: &'d Document,
    path: Arc<str>,
    entries: Vec<Entry>,
    mistakes: Vec<(Mark, ConfigError)>,
    /// False when nothing in it has to do with us.
    is_ours: bool,
    /// Nodes and bytes taken so far; aliases can make them many times what was written.
    spent: usize,
}

impl<'d> Walk<'d> {
    pub(super) fn new(path: Arc<str>, document: &'d Document) -> Self {
        Self {
            document,
            path,
            entries: Vec::new(),
            mistakes: Vec::new(),
            is_ours: true,
            spent: 0,
        }
    }

    pub(super) fn file(mut self, path: &Path) -> File {
        self.top();
        let mut mistakes = self.mistakes;
        // An alias can lead to the same mistake many times.
        mistakes.sort_by_key(|(mark, _)| *mark);
        mistakes.dedup_by(|(mark, error), (other_mark, other)| mark == other_mark && error.problem == other.problem);
        if let Some((_, last)) = mistakes.get_mut(CONFIG_MISTAKES_MAX) {
            last.setting = "";
            last.problem = "there are more mistakes from here on; mend these first".to_owned();
        }
        File {
            path: path.to_owned(),
            entries: self.entries,
            mistakes: mistakes.into_iter().map(|(_, error)| error).collect(),
            is_readable: self.is_ours && self.spent <= CONFIG_EXPANDED_MAX,
        }
    }

    fn top(&mut self) {
        let root = self.document.root();
        let Some(pairs) = self.pairs(root) else {
            self.is_ours = false;
            let mark = self.document.node(root).mark;
            return self.mistake(
                mark,
                "",
                "the file must consist of keys and values, such as \"control_plane:\"",
            );
        };
        if let Some(first) = not_ours(&pairs) {
            self.is_ours = false;
            let problem = "none of the keys in the file is a setting; is it a configuration file of tunnel-client?";
            return self.mistake(first, "", problem);
        }
        for pair in pairs {
            if let Some(setting) = schema::setting(None, pair.key) {
                self.setting(setting, &pair);
            } else if let Some(section) = schema::section(pair.key) {
                self.section(section, &pair);
            } else {
                match pair.key {
                    schema::CONFIG_VERSION => self.version(&pair),
                    schema::CLOUDFLARED => self.cloudflared(&pair),
                    schema::CODEX => self.codex(&pair),
                    _ => self.unknown(None, &pair),
                }
            }
        }
    }

    fn section(&mut self, section: &'static str, pair: &Pair<'d>) {
        if self.is_null(pair.value) {
            return;
        }
        let Some(pairs) = self.pairs(pair.value) else {
            let problem = format!("{section} must be a section with keys and values below it");
            return self.mistake(self.document.node(pair.value).mark, section, problem);
        };
        for pair in pairs {
            match schema::setting(Some(section), pair.key) {
                Some(setting) => self.setting(setting, &pair),
                None => self.unknown(Some(section), &pair),
            }
        }
    }

    fn setting(&mut self, setting: &'static Setting, pair: &Pair<'d>) {
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
        let texts: Vec<Text> = entries
            .iter()
            .filter_map(|entry| self.scalar(setting, &what, *entry))
            .collect();
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
            self.spend(entries.len())?;
            return Some(entries);
        }
        self.mistake(node.mark, setting.flag, format!("{} must be {shape}", setting.key));
        None
    }

    fn text(&mut self, scalar: &Scalar, mark: Mark) -> Option<Text> {
        if scalar.is_null() || scalar.text.trim().is_empty() {
            return None;
        }
        self.spend(scalar.text.len())?;
        Some(Text {
            text: scalar.text.clone(),
            location: self.location(mark),
        })
    }

    pub(super) fn is_null(&self, id: NodeId) -> bool {
        matches!(&self.document.node(id).content, Content::Scalar(scalar) if scalar.is_null())
    }

    fn unknown(&mut self, section: Section, pair: &Pair<'d>) {
        let place = section.map_or_else(|| "at the top level".to_owned(), |section| format!("in {section}"));
        let guess = schema::guess(section, pair.key);
        let setting = guess
            .as_ref()
            .and_then(|guess| guess.setting)
            .map_or(section.unwrap_or_default(), |setting| setting.flag);
        let advice = guess.map_or_else(String::new, |guess| format!("; {}", guess.advice));
        let problem = format!("field {} not found {place}{advice}", name(pair.key));
        self.mistake(pair.key_mark, setting, problem);
    }

    /// Counts what is taken from the document; `None` when it is too much, which is reported once.
    pub(super) fn spend(&mut self, amount: usize) -> Option<()> {
        if self.spent > CONFIG_EXPANDED_MAX {
            return None;
        }
        self.spent = self.spent.saturating_add(amount).saturating_add(1);
        if self.spent > CONFIG_EXPANDED_MAX {
            self.mistake(
                Mark::WHOLE,
                "",
                "aliases (*name) repeat so much that the file cannot be read within bounds; write the values out",
            );
            return None;
        }
        Some(())
    }

    /// Remembers a mistake; `setting` is a flag's or a section's name, or empty when the whole file is meant.
    pub(super) fn mistake(&mut self, mark: Mark, setting: &'static str, problem: impl Into<String>) {
        if self.mistakes.len() > CONFIG_MISTAKES_MAX {
            return;
        }
        let error = ConfigError {
            setting,
            origin: Origin::new(Source::File(self.location(mark))),
            problem: problem.into(),
        };
        self.mistakes.push((mark, error));
    }

    pub(super) fn location(&self, mark: Mark) -> Location {
        Location {
            path: Arc::clone(&self.path),
            line: mark.line,
            column: mark.column,
        }
    }
}

/// Where the first of some keys stands when none of them has to do with us.
fn not_ours(pairs: &[Pair<'_>]) -> Option<Mark> {
    let is_strange = |pair: &Pair<'_>| !schema::is_top_level(pair.key) && schema::guess(None, pair.key).is_none();
    let is_other = pairs.len() >= STRANGE_KEYS && pairs.iter().all(is_strange);
    pairs.first().filter(|_| is_other).map(|pair| pair.key_mark)
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
