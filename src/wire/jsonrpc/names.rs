//! Names in a message, for the audit log: its method, and the tool of `tools/call`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Kind, Message, Text};

impl<'a> Message<'a> {
    /// The method of a request or a notification.
    pub fn method(&self) -> Option<&str> {
        match &self.kind {
            Kind::Call { method, .. } | Kind::Notification { method } => Some(method),
            Kind::Response { .. } => None,
        }
    }

    /// `params.name`: the tool of `tools/call`. `None` when it is not one text: two readers may take different ones.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Text<'a>,
        }
        // Serde reads a struct from an array too.
        let params = self.params.filter(|params| params.get().starts_with('{'))?;
        let named: Named<'a> = serde_json::from_str(params.get()).ok()?;
        Some(named.name.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_tool_has_a_name_if_all_readers_find_the_same() {
        for (params, name) in [
            (r#"{"name":"echo","arguments":{"name":"x"}}"#, Some("echo")),
            (r#"{"name":"e\u0063ho"}"#, Some("echo")),
            (r#"{"name":"echo","name":"other"}"#, None),
            (r#"{"name":1}"#, None),
            (r#"{}"#, None),
            (r#"["echo"]"#, None),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
            let message = Message::parse(&text).unwrap();
            assert_eq!(
                (message.method(), message.name().as_deref()),
                (Some("tools/call"), name),
                "{params}"
            );
        }
        let answer = Message::parse(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap();
        assert_eq!((answer.method(), answer.name()), (None, None));
    }
}
