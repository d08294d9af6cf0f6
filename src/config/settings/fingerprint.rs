//! What a configuration file had, without its values: enough to say later which of its settings were changed.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hash as _, Hasher};

use super::written::{FieldValue, File, Record, Text, Value};

/// A number for each setting of a file, which says nothing of its value to whoever does not know the key of this process.
#[derive(Default)]
pub struct Fingerprint {
    key: RandomState,
    settings: BTreeMap<&'static str, u64>,
}

/// The names alone: with key and numbers, values could be guessed.
impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

impl Fingerprint {
    /// Takes the numbers of a file.
    #[must_use]
    pub fn of(file: &File) -> Self {
        let key = RandomState::new();
        let settings = numbers(&key, file);
        Self { key, settings }
    }

    /// The settings that another version of the file has otherwise, has no more, or has in addition; each once.
    #[must_use]
    pub fn changed(&self, file: &File) -> Vec<&'static str> {
        let now = numbers(&self.key, file);
        let both = self.settings.keys().chain(now.keys());
        let mut changed: Vec<_> = both
            .copied()
            .filter(|key| self.settings.get(key) != now.get(key))
            .collect();
        changed.sort_unstable();
        changed.dedup();
        changed
    }
}

fn numbers(key: &RandomState, file: &File) -> BTreeMap<&'static str, u64> {
    let entries = file.entries.iter();
    let numbered = entries.map(|entry| {
        let mut hasher = key.build_hasher();
        value(&entry.value, &mut hasher);
        (entry.setting.key, hasher.finish())
    });
    numbered.collect()
}

fn value(value: &Value, hasher: &mut impl Hasher) {
    match value {
        Value::One(one) => text(one, hasher),
        Value::List(list) => texts(list, hasher),
        Value::Records(records) => {
            records.len().hash(hasher);
            records.iter().for_each(|one| record(one, hasher));
        }
        Value::Headers(headers) => pairs(headers, hasher),
    }
}

fn record(record: &Record, hasher: &mut impl Hasher) {
    record.fields.len().hash(hasher);
    for (name, field) in &record.fields {
        name.hash(hasher);
        match field {
            FieldValue::One(one) => text(one, hasher),
            FieldValue::List(list) => texts(list, hasher),
            FieldValue::Names(names) => pairs(names, hasher),
            FieldValue::Group(group) => self::record(group, hasher),
        }
    }
}

fn texts(list: &[Text], hasher: &mut impl Hasher) {
    list.len().hash(hasher);
    list.iter().for_each(|one| text(one, hasher));
}

fn pairs(pairs: &[(Text, Text)], hasher: &mut impl Hasher) {
    pairs.len().hash(hasher);
    for (name, value) in pairs {
        text(name, hasher);
        text(value, hasher);
    }
}

fn text(text: &Text, hasher: &mut impl Hasher) {
    text.text.as_str().hash(hasher);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const BEFORE: &str = "config_version: 1\nlog:\n  level: info\nmcp:\n  server_urls:\n    - {channel: main, url: http://127.0.0.1:1/mcp}\n";

    fn changed(after: &str) -> Vec<&'static str> {
        let file = |text| File::parse(Path::new("a.yaml"), text);
        Fingerprint::of(&file(BEFORE)).changed(&file(after))
    }

    #[test]
    fn each_setting_that_there_is_counts() {
        let text = include_str!("../../../tests/data/every-key.yaml");
        let file = |text| File::parse(Path::new("a.yaml"), text);
        let fingerprint = Fingerprint::of(&file(text));
        assert_eq!(fingerprint.changed(&file(text)), Vec::<&str>::new());
        let count = file(text).entries.len();
        assert!(count > 50, "{count}");
        for place in 0..count {
            let mut without = file(text);
            let key = without.entries.remove(place).setting.key;
            assert_eq!(fingerprint.changed(&without), [key]);
        }
    }

    #[test]
    fn settings_that_differ_are_named_and_order_and_spaces_are_nothing() {
        let same = "mcp: {server_urls: [{channel: main, url: 'http://127.0.0.1:1/mcp'}]}\nlog: {level: info}\nconfig_version: 1\n";
        assert_eq!(changed(same), Vec::<&str>::new());
        assert_eq!(changed(&BEFORE.replace(":1/mcp", ":2/mcp")), ["mcp.server_urls"]);
        assert_eq!(
            changed(&BEFORE.replace("  level: info\n", "  format: json\n")),
            ["log.format", "log.level"]
        );
    }
}
