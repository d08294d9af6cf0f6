//! Writing a text as a YAML scalar that reads as exactly that text.

use std::fmt::Write as _;

/// `text` in double quotes, or `None` when it has control characters: none belongs into a setting, and a line break
/// would end the comment or the key that it is pasted into by others.
pub(super) fn quoted(text: &str) -> Option<String> {
    let mut yaml = String::with_capacity(text.len() + 2);
    yaml.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => yaml.extend(['\\', char]),
            '\t' => yaml.push_str("\\t"),
            _ if char.is_control() => return None,
            // What YAML 1.2 takes for itself (section 5.1), what older parsers take for a line break, what no editor shows.
            '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' => {
                // Writing to a String cannot fail.
                let _ = write!(yaml, "\\u{:04x}", u32::from(char));
            }
            // Noncharacters and planes without printable characters.
            '\u{1fffe}'.. if u32::from(char) & 0xfffe == 0xfffe || char >= '\u{e0000}' => {
                let _ = write!(yaml, "\\U{:08x}", u32::from(char));
            }
            _ => yaml.push(char),
        }
    }
    yaml.push('"');
    Some(yaml)
}
