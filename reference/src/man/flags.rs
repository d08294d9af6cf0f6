//! Commands and flags of a program, as items of a page.

use super::roff::Page;
use crate::tree::{Flag, Node, Value};

/// `--flag VALUE`, bold.
pub(super) fn term(flag: &Flag) -> String {
    let short = flag.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    match &flag.value {
        Value::None | Value::Optional(..) => format!("{short}`--{}`", flag.long),
        Value::Required(placeholder, _) => format!("{short}`--{}` {placeholder}", flag.long),
    }
}

/// How a command is called: its words, its arguments, and that it has flags.
pub(super) fn usage(node: &Node) -> String {
    let mut text = format!("`{}`", node.path.join(" "));
    for positional in &node.positionals {
        text += &if positional.optional {
            format!(" [{}]", positional.name)
        } else {
            format!(" {}", positional.name)
        };
    }
    if node.flags.iter().any(|flag| flag.long != "help") {
        text += " [flags]";
    }
    text
}

/// Commands that do something themselves, in the order of the help text.
pub(super) fn leaves(root: &Node) -> Vec<&Node> {
    root.all().into_iter().filter(|node| node.children.is_empty()).collect()
}

/// The flags of a command that `shown` lets through, each with its help.
pub(super) fn items(page: &mut Page, node: &Node, shown: impl Fn(&Flag) -> bool) {
    for flag in node.own_flags().iter().filter(|flag| shown(flag)) {
        page.item(&term(flag), &sentence(&flag.help));
    }
}

/// With its full stop.
pub(super) fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with(['.', ':', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
