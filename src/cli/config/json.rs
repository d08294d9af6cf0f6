//! For scripts.

use serde::Serialize;

use super::{View, is_list};
use crate::config::{Effective, EffectiveValue, Source};

#[derive(Serialize)]
struct Report<'a> {
    /// As `doctor` prints it.
    config_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    settings: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    key: &'static str,
    flag: &'static str,
    /// True when there can be more than one value.
    is_list: bool,
    values: Vec<Value<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_effect: Option<&'static str>,
}

#[derive(Serialize)]
struct Value<'a> {
    value: &'a str,
    #[serde(flatten)]
    source: Origin<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<usize>,
}

#[derive(Serialize)]
#[serde(tag = "source", rename_all = "lowercase")]
enum Origin<'a> {
    Flag { flag: &'a str },
    Variable { variable: &'a str },
    File { file: &'a str, line: usize, column: usize },
    Default,
    Unset,
}

pub(super) fn render(view: &View<'_>) -> String {
    let report = Report {
        config_source: view.selection.to_string(),
        file: view.selection.path().map(|path| path.display().to_string()),
        settings: view.settings.iter().map(setting).collect(),
    };
    crate::cli::text::json(&report)
}

fn setting(one: &Effective) -> Setting<'_> {
    Setting {
        key: one.setting.key,
        flag: one.setting.flag,
        is_list: is_list(one),
        values: one.values.iter().map(value).collect(),
        without_effect: one.setting.without_effect,
    }
}

fn value(value: &EffectiveValue) -> Value<'_> {
    Value {
        value: &value.text,
        source: match &value.origin.source {
            Source::Flag(flag) => Origin::Flag { flag },
            Source::Variable(variable) => Origin::Variable { variable },
            Source::File(location) => Origin::File {
                file: &location.path,
                line: location.line,
                column: location.column,
            },
            Source::Default => Origin::Default,
            Source::Unset => Origin::Unset,
        },
        entry: value.origin.entry,
    }
}
