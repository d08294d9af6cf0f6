//! A reader as some servers have it: names are compared without regard to case, and of several members any may count.

use crate::support::json::{self, Node};

/// A message, read leniently.
pub(super) struct Reader {
    text: String,
    tree: Node,
}

impl Reader {
    /// Reads a line of the pipe.
    pub(super) fn of(line: &[u8]) -> Self {
        let text = String::from_utf8(line.to_vec()).expect("lines are UTF-8");
        let tree = json::parse(text.as_bytes()).expect("lines are JSON");
        Self { text, tree }
    }

    /// The method that any reader could find that decides by it, without what some ignore around it.
    pub(super) fn method(&self) -> String {
        let mut methods = members(&self.tree, "method").filter_map(Node::text);
        let last = methods.next_back().unwrap_or_default();
        let whole = last.split('\0').next().unwrap_or_default();
        whole.trim().to_ascii_lowercase()
    }

    /// All values that are the id of the message for somebody, as JSON text.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.texts(members(&self.tree, "id"))
    }

    /// All values of `params.requestId`.
    pub(super) fn request_ids(&self) -> impl Iterator<Item = &str> {
        let params = members(&self.tree, "params");
        self.texts(params.flat_map(|params| members(params, "requestId")))
    }

    /// All values of `params._meta.progressToken` but `null`.
    pub(super) fn progress_tokens(&self) -> impl Iterator<Item = &str> {
        let metas = members(&self.tree, "params").flat_map(|params| members(params, "_meta"));
        let tokens = metas.flat_map(|meta| members(meta, "progressToken"));
        self.texts(tokens.filter(|token| !token.is_null()))
    }

    fn texts<'r>(&'r self, nodes: impl Iterator<Item = &'r Node>) -> impl Iterator<Item = &'r str> {
        nodes.map(move |node| &self.text[node.span.clone()])
    }
}

fn members<'n>(of: &'n Node, name: &str) -> impl DoubleEndedIterator<Item = &'n Node> {
    let all = of.members().unwrap_or_default();
    let named = all
        .iter()
        .filter(|(known, _)| known.as_deref().is_some_and(|known| is_same(known, name)));
    named.map(|(_, value)| value).collect::<Vec<_>>().into_iter()
}

/// Unicode's simple folding, as Go compares names.
fn is_same(known: &str, name: &str) -> bool {
    let folded = |text: &str| -> String {
        let plain = text.chars().map(|char| match char {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        });
        plain.collect()
    };
    folded(known) == folded(name)
}
