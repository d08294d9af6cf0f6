//! The tool that `tools/call` names.

use std::borrow::Cow;

use serde::Deserialize;

use super::Text;

/// The tool of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Tool<'a> {
    /// Its name.
    Named(Cow<'a, str>),
    /// The parameters do not name exactly one: two readers may take different ones.
    Unclear,
}

impl<'a> Tool<'a> {
    /// The one that the parameters of a call, as JSON text, name.
    pub fn of(params: &'a str) -> Self {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Text<'a>,
        }
        // Serde reads a struct from an array too.
        let named = Some(params)
            .filter(|params| params.starts_with('{'))
            .and_then(|params| serde_json::from_str::<Named<'a>>(params).ok());
        named.map_or(Self::Unclear, |named| Self::Named(named.name.0))
    }

    /// Its name, if it has exactly one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Unclear => None,
        }
    }
}

#[cfg(test)]
mod tests {
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
            ("", None),
        ] {
            assert_eq!(Tool::of(params).name(), name, "{params}");
        }
    }
}
