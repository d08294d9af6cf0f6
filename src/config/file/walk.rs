//! From the tree of a file to its settings and its mistakes: the top level, the sections, and the bounds.

use std::path::Path;
use std::sync::Arc;

use super::document::{Content, Document, Mark, NodeId};
use super::mapping::{Pair, name};
use super::schema::{self, Section};
use crate::config::settings::{ConfigError, Entry, File, Location, Origin, Source};
use crate::limits::{CONFIG_EXPANDED_MAX, CONFIG_MISTAKES_MAX, CONFIG_NODE_COST};

/// A file with this many top-level keys, all of them strange, is another program's.
const STRANGE_KEYS: usize = 3;

/// So many of them are enough to tell.
const STRANGE_KEYS_LOOKED_AT: usize = 32;

/// One walk over one document.
pub(super) struct Walk<'d> {
    pub(super) document: &'d Document,
    path: Arc<str>,
    pub(super) entries: Vec<Entry>,
    pub(super) mistakes: Vec<(Mark, ConfigError)>,
    /// False when nothing in it has to do with us.
    is_ours: bool,
    /// Bytes taken so far, nodes included; aliases can make them many times what was written.
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

    pub(super) fn is_null(&self, id: NodeId) -> bool {
        matches!(&self.document.node(id).content, Content::Scalar(scalar) if scalar.is_null())
    }

    fn unknown(&mut self, section: Section, pair: &Pair<'d>) {
        if self.is_full() {
            return;
        }
        let place = section.map_or_else(|| "at the top level".to_owned(), |section| format!("in {section}"));
        let guess = schema::guess(section, pair.key);
        let setting = guess
            .as_ref()
            .and_then(|guess| guess.setting)
            .map_or("", |setting| setting.flag);
        let advice = guess.map_or_else(String::new, |guess| format!("; {}", guess.advice));
        let problem = format!("field {} not found {place}{advice}", name(pair.key));
        self.mistake(pair.key_mark, setting, problem);
    }

    /// Counts what is taken from the document; `None` when it is too much, which is reported once.
    pub(super) fn spend(&mut self, nodes: usize, bytes: usize) -> Option<()> {
        if self.spent > CONFIG_EXPANDED_MAX {
            return None;
        }
        let cost = nodes.saturating_mul(CONFIG_NODE_COST).saturating_add(bytes);
        self.spent = self.spent.saturating_add(cost);
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

    /// Whether further mistakes are not remembered: guessing what was meant by each takes time.
    pub(super) fn is_full(&self) -> bool {
        self.mistakes.len() > CONFIG_MISTAKES_MAX
    }

    /// Remembers a mistake; `setting` is a flag's or a section's name, or empty when the whole file is meant.
    pub(super) fn mistake(&mut self, mark: Mark, setting: &'static str, problem: impl Into<String>) {
        if self.is_full() {
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
    let is_other = pairs.len() >= STRANGE_KEYS && pairs.iter().take(STRANGE_KEYS_LOOKED_AT).all(is_strange);
    pairs.first().filter(|_| is_other).map(|pair| pair.key_mark)
}
