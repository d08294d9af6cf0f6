//! JSON values as YAML, for people. Texts are in the quotes of JSON, which YAML has as well; texts of several lines are blocks.

use serde_json::Value;

/// The document.
pub(super) fn render(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => members_of(members, 0, &mut out),
        other => below(other, 0, &mut out),
    }
    out
}

fn members_of(members: &serde_json::Map<String, Value>, depth: usize, out: &mut String) {
    for (name, value) in members {
        indent(depth, out);
        out.push_str(&key(name));
        out.push(':');
        below(value, depth, out);
    }
}

/// What follows a colon or a dash at this depth.
fn below(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            members_of(members, depth + 1, out);
        }
        Value::Array(values) if !values.is_empty() => {
            out.push('\n');
            for value in values {
                indent(depth + 1, out);
                out.push('-');
                below(value, depth + 1, out);
            }
        }
        Value::String(text) if is_block(text) => {
            // The number of blanks is told, because a text may begin with some; all line ends stay.
            out.push_str(" |2+\n");
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                indent(depth + 1, out);
                out.push_str(line);
                out.push('\n');
            }
        }
        other => {
            out.push(' ');
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

/// A block keeps its last line end, so only a text with one can be a block.
fn is_block(text: &str) -> bool {
    let is_plain = |char: char| {
        char == '\n' || char == '\t' || !char.is_control() && !"\u{feff}\u{85}\u{2028}\u{2029}".contains(char)
    };
    text.ends_with('\n') && text.chars().all(is_plain)
}

fn key(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&name.to_ascii_lowercase().as_str());
    match is_plain {
        true => name.to_owned(),
        false => Value::from(name).to_string(),
    }
}

fn indent(depth: usize, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_yaml() {
        let value = json!({
            "list": ["a: b", {"name": "x", "on": true}, [1, null], []],
            "text": "key: value\n  more\n\nend\n",
            "one\nline": "a\nb",
            "empty": {},
        });
        let text = render(&value);
        assert!(
            granit_parser::Parser::new_from_str(&text).all(|event| event.is_ok()),
            "{text}"
        );
        assert_eq!(
            text,
            "empty: {}\nlist:\n  - \"a: b\"\n  -\n    name: \"x\"\n    \"on\": true\n  -\n    - 1\n    - null\n  - []\n\
             \"one\\nline\": \"a\\nb\"\ntext: |2+\n  key: value\n    more\n  \n  end\n"
        );
    }
}
