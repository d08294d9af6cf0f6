//! Pages of `tools/list`, followed from the first to the last by exact cursors.

use super::answers::{Tools, presentable};
use crate::limits::{
    OBSERVED_CURSOR_MAX, OBSERVED_NAME_MAX, OBSERVED_NAMES_BYTES, OBSERVED_NAMES_MAX, OBSERVED_PAGES_MAX,
};
use crate::monitor::Catalog;

/// Where a traversal is.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Hashes of the cursors so far. The last one leads to the next page.
    cursors: Vec<u64>,
    /// Version of MCP that its requests carry.
    version: Option<Box<str>>,
    is_open: bool,
    /// Bytes of the names, as JSON.
    bytes: usize,
}

impl Pages {
    /// Takes the page behind `cursor` into `tools`; gives what is wrong, if something is.
    pub(super) fn took(
        &mut self,
        tools: &mut Catalog,
        cursor: Option<u64>,
        version: Option<&str>,
        page: Tools,
        next: Option<u64>,
    ) -> Option<&'static str> {
        match cursor {
            None => {
                *tools = Catalog::default();
                *self = Self {
                    version: version.map(Box::from),
                    is_open: true,
                    ..Self::default()
                };
            }
            Some(cursor) => {
                if !self.is_open || self.cursors.last() != Some(&cursor) {
                    return Some(self.broken(tools, "tools_cursor_mismatch"));
                }
                if self.version.as_deref() != version {
                    return Some(self.broken(tools, "tools_protocol_mismatch"));
                }
            }
        }
        tools.ok = true;
        tools.limited |= page.names.limited;
        for name in page.names.first {
            self.keep(tools, &name);
        }
        tools.retained_count = tools.tool_names.len();
        let Some(next) = next else {
            self.is_open = false;
            tools.complete = !tools.limited;
            tools.partial = tools.limited;
            return None;
        };
        if page.next_cursor.is_some_and(|text| text.len() > OBSERVED_CURSOR_MAX) {
            return Some(self.broken(tools, "invalid_tools_cursor"));
        }
        if self.cursors.contains(&next) {
            return Some(self.broken(tools, "tools_cursor_cycle"));
        }
        // The first page has no cursor.
        if self.cursors.len() + 1 >= OBSERVED_PAGES_MAX {
            return Some(self.broken(tools, "tools_page_limit"));
        }
        self.cursors.push(next);
        (tools.complete, tools.partial) = (false, true);
        None
    }

    fn keep(&mut self, tools: &mut Catalog, name: &str) {
        let Some(name) = presentable(name, OBSERVED_NAME_MAX) else {
            tools.limited = true;
            return;
        };
        if tools.tool_names.contains(&name) {
            return;
        }
        // Quotes and a comma; what JSON escapes becomes up to six times as long.
        let size = name.chars().map(|c| {
            if c.is_control() {
                6
            } else {
                c.len_utf8() + usize::from(matches!(c, '"' | '\\'))
            }
        });
        let bytes = self.bytes + size.sum::<usize>() + 3;
        if bytes > OBSERVED_NAMES_BYTES || tools.tool_names.len() >= OBSERVED_NAMES_MAX {
            tools.limited = true;
            return;
        }
        self.bytes = bytes;
        tools.tool_names.insert(name);
    }

    fn broken(&mut self, tools: &mut Catalog, reason: &'static str) -> &'static str {
        *self = Self::default();
        (tools.complete, tools.partial) = (false, true);
        tools.limited |= reason == "tools_page_limit";
        reason
    }
}
