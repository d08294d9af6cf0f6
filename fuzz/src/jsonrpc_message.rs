//! One JSON-RPC message (`src/wire/jsonrpc.rs`). Oracle: a second reader on a JSON tree of its own, which is compared with
//! serde_json first.

use std::ops::Range;

use tunnel_client::wire::jsonrpc::{Id, Invalid, Kind, Message, Reference, salvage_id};

use crate::support::json::{self, Node};
use crate::support::messages::{self, Refusal};

/// Feeds `data` as the text of a message.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if !json::check_grammar(text) {
        return;
    }
    let tree = json::parse(data).ok();
    let ours = Message::parse(text);
    match (ours, messages::kind(data).expect("not too deep")) {
        (Ok(message), Ok(expected)) => {
            same(&message, &expected);
            parts(&message, text, tree.as_ref().expect("a message is JSON"));
        }
        (Err(why), Err(refusal)) => assert_eq!(why, invalid(refusal)),
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
    assert_eq!(salvage_id(text), tree.as_ref().and_then(|tree| salvaged(tree, text)));
    if let Some(id) = Id::from_json(text) {
        assert!(tree.is_some() && text.trim() == id.json());
        assert!(id == id, "an id equals itself");
    }
}

fn same(message: &Message<'_>, expected: &messages::Kind) {
    let id_span = message.id_span();
    match (&message.kind, expected) {
        (Kind::Call { method, id }, messages::Kind::Call(known, span)) => {
            assert_eq!((&**method, &id_span), (&**known, &Some(span.clone())));
            assert_eq!(&message.text()[span.clone()], id.json());
        }
        (Kind::Notification { method }, messages::Kind::Notification(known)) => assert_eq!(method, known),
        (Kind::Response { is_error, .. }, messages::Kind::Response(span, is_known_error)) => {
            assert_eq!((&id_span, is_error), (span, is_known_error));
        }
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
}

fn parts(message: &Message<'_>, text: &str, tree: &Node) {
    let span = |reference: &Option<Reference<'_>>| -> Option<Range<usize>> {
        let reference = reference.as_ref()?;
        assert_eq!(&text[reference.span.clone()], reference.json);
        Some(reference.span.clone())
    };
    match (message.references(), messages::references(tree)) {
        (Ok(ours), Ok(expected)) => assert_eq!(
            messages::References {
                meta_progress_token: span(&ours.meta_progress_token),
                progress_token: span(&ours.progress_token),
                request_id: span(&ours.request_id),
                subscription_id: span(&ours.subscription_id),
            },
            expected
        ),
        (Err(Invalid::Shape), Err(Refusal::Shape)) => {}
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
    if matches!(message.kind, Kind::Response { is_error: false, .. }) {
        assert_eq!(
            span(&message.result_subscription_id()),
            messages::result_subscription_id(text, tree)
        );
    }
    assert_eq!(
        message.params().map(|raw| raw.get()),
        value(tree, "params").map(|node| &text[node.span.clone()])
    );
    if message.has_valid_error() {
        let error = value(tree, "error").expect("it has one");
        assert!(value(error, "code").is_some() && value(error, "message").and_then(Node::text).is_some());
    }
}

fn value<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.one(name).ok()?.filter(|node| !node.is_null())
}

/// The only id of an object, if it is a string or a number.
fn salvaged<'t>(tree: &Node, text: &'t str) -> Option<&'t str> {
    let id = tree.has_readable_names().then(|| tree.one("id").ok())???;
    let json = &text[id.span.clone()];
    matches!(json.as_bytes().first(), Some(b'"' | b'-' | b'0'..=b'9')).then_some(json)
}

fn invalid(refusal: Refusal) -> Invalid {
    match refusal {
        Refusal::NotJson => Invalid::NotJson,
        Refusal::NotAnObject => Invalid::NotAnObject,
        Refusal::Version => Invalid::Version,
        Refusal::Id => Invalid::Id,
        Refusal::Shape => Invalid::Shape,
    }
}
