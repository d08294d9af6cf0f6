//! The one document of a YAML text as a tree, every node with its place.
//!
//! Aliases are kept as second ways to the same node: nothing is copied, so a small text stays small however often its
//! parts are repeated.

use std::collections::HashMap;
use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};
use secrecy::zeroize::Zeroizing;

use super::syntax;
use crate::limits::{CONFIG_DEPTH_MAX, CONFIG_NODES_MAX};

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Mark {
    /// The whole text.
    pub(super) const WHOLE: Self = Self { line: 0, column: 0 };
}

/// What makes the whole text unusable.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) mark: Mark,
    pub(super) problem: String,
}

impl Broken {
    pub(super) fn new(mark: Mark, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { mark, problem }
    }
}

/// Names a node of one [`Document`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(usize);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// Anything that is no collection.
    Scalar(Scalar),
    /// `- a` or `[a]`.
    Sequence(Vec<NodeId>),
    /// `a: b` or `{a: b}`.
    Mapping(Vec<(NodeId, NodeId)>),
}

pub(super) struct Scalar {
    /// As written, escapes resolved.
    pub(super) text: Zeroizing<String>,
    /// Written without quotes and without a tag that makes it text: `null` means nothing and `<<` merges.
    pub(super) is_bare: bool,
}

impl fmt::Debug for Scalar {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scalar")
    }
}

impl Scalar {
    /// The ways to write nothing (yaml.v3, `resolve.go`).
    pub(super) fn is_null(&self) -> bool {
        self.is_bare && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// A tree without cycles: a node is reached from its parent or through an alias that comes after it.
#[derive(Debug)]
pub(super) struct Document {
    nodes: Vec<Node>,
    root: NodeId,
}

impl Document {
    /// Reads the document of `text`. Settings that follow it would have no effect, so anything but comments there is a mistake.
    pub(super) fn parse(text: &str) -> Result<Self, Broken> {
        let options = options! {
            emit_comments: false,
            flow_nesting_limit: CONFIG_DEPTH_MAX,
            block_nesting_limit: CONFIG_DEPTH_MAX,
        };
        let mut builder = Builder::default();
        let mut is_over = false;
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| syntax::broken(&error))?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentEnd => is_over = true,
                Event::DocumentStart(is_marked, _) if is_over => return Err(syntax::surplus(is_marked, place(&span))),
                event => builder.take(event, &span)?,
            }
        }
        let root = builder.root.filter(|root| !is_null(&builder.nodes, *root));
        match root {
            Some(root) => Ok(Self {
                nodes: builder.nodes,
                root,
            }),
            None => Err(Broken::new(
                Mark::WHOLE,
                "the file is empty; write the settings into it, or do not name it",
            )),
        }
    }

    pub(super) fn root(&self) -> NodeId {
        self.root
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "only this module makes ids, each for a node that it has pushed"
    )]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}

fn place(span: &Span) -> Mark {
    Mark {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn is_null(nodes: &[Node], id: NodeId) -> bool {
    matches!(nodes.get(id.0).map(|node| &node.content), Some(Content::Scalar(scalar)) if scalar.is_null())
}

/// A collection whose end has not come yet.
struct Open {
    id: NodeId,
    /// Of a mapping: the key whose value comes next.
    key: Option<NodeId>,
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    /// Children added, through aliases too.
    children: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Broken> {
        let mark = place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = check_tag(tag.as_deref(), mark)?;
                let content = Content::Scalar(Scalar {
                    text: Zeroizing::new(text.into_owned()),
                    is_bare: style == ScalarStyle::Plain && !is_text,
                });
                self.add(mark, content, anchor).map(|_| ())
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), mark)?;
                let id = self.add(mark, Content::Sequence(Vec::new()), anchor)?;
                self.enter(id, mark)
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), mark)?;
                let id = self.add(mark, Content::Mapping(Vec::new()), anchor)?;
                self.enter(id, mark)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(id) if self.open.iter().any(|open| open.id == *id) => Err(Broken::new(
                    mark,
                    "an alias stands inside the value that it repeats; write the value out",
                )),
                Some(id) => self.attach(*id, mark),
                None => Err(Broken::new(mark, "an alias (*name) has no anchor (&name) before it")),
            },
            _ => Ok(()),
        }
    }

    fn enter(&mut self, id: NodeId, mark: Mark) -> Result<(), Broken> {
        if self.open.len() >= CONFIG_DEPTH_MAX {
            return Err(syntax::too_deep(mark));
        }
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn add(&mut self, mark: Mark, content: Content, anchor: usize) -> Result<NodeId, Broken> {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { mark, content });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        self.attach(id, mark)?;
        Ok(id)
    }

    /// Gives the innermost open collection its next child.
    fn attach(&mut self, child: NodeId, mark: Mark) -> Result<(), Broken> {
        self.children += 1;
        if self.children > CONFIG_NODES_MAX {
            let problem = format!("the file has more than {CONFIG_NODES_MAX} keys and values; shorten it");
            return Err(Broken::new(mark, problem));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(child);
            return Ok(());
        };
        match self.nodes.get_mut(open.id.0).map(|node| &mut node.content) {
            Some(Content::Sequence(entries)) => entries.push(child),
            Some(Content::Mapping(pairs)) => match open.key.take() {
                Some(key) => pairs.push((key, child)),
                None => open.key = Some(child),
            },
            Some(Content::Scalar(_)) | None => {}
        }
        Ok(())
    }
}

/// Whether a tag says that a scalar is text. Tags that change what a value means are refused.
fn check_tag(tag: Option<&Tag>, mark: Mark) -> Result<bool, Broken> {
    let Some(tag) = tag else { return Ok(false) };
    match tag.core_suffix() {
        Some("str") => Ok(true),
        Some("bool" | "int" | "float" | "null" | "seq" | "map" | "merge") => Ok(false),
        None if tag.handle() == "!" && tag.suffix().is_empty() => Ok(true),
        _ => Err(Broken::new(
            mark,
            "a tag (a word that begins with !) stands before the value; remove it, or put the value in quotes",
        )),
    }
}
