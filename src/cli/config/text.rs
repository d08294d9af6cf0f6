//! For people: one section after the other, values and sources in columns.

use std::fmt::Write as _;

use super::View;
use crate::config::{Effective, Origin, Source};

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A wider value pushes its own source to the right, and no other.
const VALUE_WIDTH_MAX: usize = 48;

pub(super) fn render(view: &View<'_>, is_coloured: bool) -> String {
    let paint = |style, text: &str| {
        if is_coloured {
            format!("{style}{text}{RESET}")
        } else {
            text.to_owned()
        }
    };
    let mut text = source(view);
    let name_width = view.settings.iter().map(|one| name(one).len()).max().unwrap_or(0);
    let values = view.settings.iter().flat_map(|one| &one.values);
    let value_width = values
        .map(|value| value.text.chars().count())
        .filter(|width| *width <= VALUE_WIDTH_MAX)
        .max()
        .unwrap_or(0);
    let mut last_section = None;
    for one in &view.settings {
        if last_section != Some(section(one)) {
            last_section = Some(section(one));
            let heading = section(one).unwrap_or("(top level)");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{}", paint(BOLD, heading));
        }
        if one.values.is_empty() {
            let _ = writeln!(text, "  {:name_width$}  {}", name(one), paint(DIM, "not set"));
        }
        let effect = one.setting.without_effect.map_or("", |_| ", no effect");
        for (number, value) in one.values.iter().enumerate() {
            let name = if number == 0 { name(one) } else { "" };
            let origin = paint(DIM, &format!("{}{effect}", origin(&value.origin)));
            let _ = writeln!(text, "  {name:name_width$}  {:value_width$}  {origin}", value.text);
        }
    }
    text
}

fn source(view: &View<'_>) -> String {
    let mut text = view.selection.to_string();
    if let (crate::config::Selection::Profile { .. }, Some(path)) = (view.selection, view.selection.path()) {
        let _ = write!(text, " ({})", path.display());
    }
    crate::cli::text::one_line(&text) + "\n"
}

fn section(one: &Effective) -> Option<&'static str> {
    one.setting.key.split_once('.').map(|(section, _)| section)
}

fn name(one: &Effective) -> &'static str {
    one.setting
        .key
        .split_once('.')
        .map_or(one.setting.key, |(_, name)| name)
}

/// Where a value was written; the file is named at the top.
fn origin(origin: &Origin) -> String {
    let source = match &origin.source {
        Source::Flag(name) => format!("flag --{name}"),
        Source::Variable(name) => format!("variable {name}"),
        Source::File(location) => format!("line {}", location.line),
        Source::Default => "default".to_owned(),
        Source::Unset => String::new(),
    };
    match origin.entry {
        Some(entry) => format!("{source}, entry {entry}"),
        None => source,
    }
}
