//! Door to the reports of `config show`.

use super::{View, json, text};
use crate::config::Opened;

/// Text and JSON of `config show --all`.
pub fn shown_settings(opened: &Opened<'_>) -> (String, String) {
    let view = View {
        selection: opened.selection(),
        settings: opened.effective(),
    };
    (text::render(&view, false), json::render(&view))
}
