//! What an MCP server says in an answer that cannot be passed on: one bounded line of text for people.

use std::borrow::Cow;

use serde_json::Value;

use super::headers::is_media_type;
use crate::limits::{MCP_ERROR_BODY_MAX, SERVER_TEXT_MAX};
use crate::telemetry::is_unsafe;

/// The words of an MCP server. They are data of the server's, and no more trusted than its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    code: Option<i64>,
    text: String,
}

impl Said {
    /// The words in a body: the message of a JSON-RPC error, the usual members of other JSON errors, the visible text of a
    /// page, plain text. `None` when there are none, and in a body longer than any error has: read as JSON it would take many times its
    /// size. `scrub` takes secrets out.
    pub fn of(media_type: &str, body: &[u8], scrub: impl FnOnce(&str) -> String) -> Option<Self> {
        if body.len() > MCP_ERROR_BODY_MAX {
            return None;
        }
        let (code, text) = match serde_json::from_slice::<Value>(body) {
            Ok(json) => {
                let error = json.get("error").filter(|error| !error.is_null());
                (error.and_then(|error| error.get("code")?.as_i64()), sentence(&json)?)
            }
            Err(_) if is_media_type(media_type, "text/html") => (None, visible(&String::from_utf8_lossy(body))),
            Err(_) if media_type.is_empty() || is_text(media_type) => {
                (None, String::from_utf8_lossy(body).into_owned())
            }
            Err(_) => return None,
        };
        // Scrubbed before it is cut: a secret that is cut is not found.
        let text = one_line(&scrub(&text));
        (!text.is_empty()).then_some(Self { code, text })
    }

    /// The beginning of what should have been an answer. Its reader has scrubbed and cut it.
    pub fn beginning(text: &str) -> Option<Self> {
        let text = one_line(text);
        (!text.is_empty()).then_some(Self { code: None, text })
    }

    /// One line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For `error.data`.
    pub(super) fn to_json(&self) -> String {
        let message = Value::from(&*self.text);
        match self.code {
            Some(code) => format!(r#"{{"code":{code},"message":{message}}}"#),
            None => format!(r#"{{"message":{message}}}"#),
        }
    }
}

fn is_text(media_type: &str) -> bool {
    let text = media_type
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    text || is_media_type(media_type, "application/json")
}

/// The sentence in a JSON error: of JSON-RPC, of OAuth (RFC 6749), of problem details (RFC 9457), of common frameworks.
fn sentence(json: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    if let Some(whole) = text(json) {
        return Some(whole);
    }
    let error = &json["error"];
    text(&error["message"])
        .or_else(|| match (text(error), text(&json["error_description"])) {
            (Some(error), Some(more)) => Some(format!("{error}: {more}")),
            (one, other) => one.or(other),
        })
        .or_else(|| {
            ["message", "detail", "title"]
                .into_iter()
                .find_map(|name| text(&json[name]))
        })
        .or_else(|| text(&json["detail"][0]["msg"]))
}

/// What a reader sees of a page, its title if that is all.
fn visible(page: &str) -> String {
    let (mut title, mut shown) = (String::new(), String::new());
    let mut rest = page;
    while let Some((text, tail)) = rest.split_once('<') {
        shown.push_str(text);
        shown.push(' ');
        let hidden = ["script", "style", "title"].into_iter().find(|name| is_tag(tail, name));
        if let Some(name) = hidden {
            let inside = tail.split_once('>').map_or("", |(_, inside)| inside);
            let end = find_end(inside, name);
            if name == "title" {
                title.push_str(&inside[..end]);
            }
            rest = &inside[end..];
        } else if let Some(comment) = tail.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else {
            rest = tail.split_once('>').map_or("", |(_, after)| after);
        }
    }
    shown.push_str(rest);
    if shown.trim().is_empty() { title } else { shown }
}

fn is_tag(text: &str, name: &str) -> bool {
    let after = text.get(name.len()..).unwrap_or_default();
    text.get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
        && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Where the end tag of an element stands; the end of the text without one.
fn find_end(text: &str, name: &str) -> usize {
    text.match_indices("</")
        .find(|(at, _)| is_tag(&text[at + 2..], name))
        .map_or(text.len(), |(at, _)| at)
}

/// The text in one line, without what is not shown or turns its direction, and cut.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut characters = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        let shown: Cow<'_, str> = match word.chars().any(is_unsafe) {
            true => word.chars().filter(|c| !is_unsafe(*c)).collect(),
            false => word.into(),
        };
        if shown.is_empty() {
            continue;
        }
        if !line.is_empty() {
            // A blank is followed by a character, so both must fit.
            if characters + 1 >= SERVER_TEXT_MAX {
                line.push('\u{2026}');
                return line;
            }
            line.push(' ');
            characters += 1;
        }
        for c in shown.chars() {
            if characters >= SERVER_TEXT_MAX {
                line.push('\u{2026}');
                return line;
            }
            line.push(c);
            characters += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn said(media_type: &str, body: &str) -> Option<String> {
        Said::of(media_type, body.as_bytes(), str::to_owned).map(|said| said.text)
    }

    #[test]
    fn the_sentence_of_common_errors_is_found() {
        for (body, sentence) in [
            (
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no session"}}"#,
                "no session",
            ),
            (
                r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no id"},"id":"server-error"}"#,
                "no id",
            ),
            (
                r#"{"error":"invalid_token","error_description":"it has expired"}"#,
                "invalid_token: it has expired",
            ),
            (r#"{"error":"boom"}"#, "boom"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (r#"{"title":"Gone","status":410}"#, "Gone"),
            (r#"{"message":"rate limited"}"#, "rate limited"),
            (
                r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
                "field required",
            ),
            (r#""only a string""#, "only a string"),
        ] {
            assert_eq!(said("application/json", body).as_deref(), Some(sentence), "{body}");
        }
        for silent in [
            "{}",
            "[]",
            "7",
            r#"{"error":{"code":1}}"#,
            r#"{"error":null}"#,
            r#"{"message":" "}"#,
        ] {
            assert_eq!(said("application/json", silent), None, "{silent}");
        }
    }

    #[test]
    fn a_page_is_told_by_its_visible_text() {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title><style>a{}</style></head>\r\n<!-- <b> --><body><h1>502 Bad \
                    Gateway</h1><script>if (a<b) alert(1)</script><hr>nginx</body></html>";
        assert_eq!(
            said("Text/HTML; charset=utf-8", page).as_deref(),
            Some("502 Bad Gateway nginx")
        );
        assert_eq!(said("text/html", "<title>Login</title>").as_deref(), Some("Login"));
        for broken in ["<", "<script", "<script>x", "<title>", "a<!--", "<p", "\u{e9}<\u{e9}"] {
            let text = said("text/html", broken).unwrap_or_default();
            assert!(!text.contains('<'), "{text}");
        }
    }

    #[test]
    fn plain_text_is_one_bounded_line_without_controls() {
        let text = "no\u{1b}[31m\r\n\0 way\u{202e}\u{feff}\u{7f}\tback";
        assert_eq!(said("text/plain", text).as_deref(), Some("no [31m way back"));
        // Every character that the log escapes is left out.
        let text = "a\u{61c}b\u{180e}c\u{3164}d\u{fe0f}e\u{e01ef}f";
        assert_eq!(said("text/plain", text).as_deref(), Some("abcdef"));
        let long = said("text/plain", &"\u{fc}".repeat(SERVER_TEXT_MAX + 1)).unwrap();
        assert_eq!(long.chars().count(), SERVER_TEXT_MAX + 1);
        assert!(long.ends_with('\u{2026}'));
        let words = said("text/plain", &"x ".repeat(SERVER_TEXT_MAX)).unwrap();
        assert!(words.chars().count() <= SERVER_TEXT_MAX + 1, "{words}");
        for length in SERVER_TEXT_MAX - 2..=SERVER_TEXT_MAX {
            let words = said("text/plain", &format!("{} y", "x".repeat(length))).unwrap();
            assert!(
                words.chars().count() <= SERVER_TEXT_MAX + 1 && !words.contains(" \u{2026}"),
                "{words}"
            );
        }
        assert_eq!(said("image/png", "\u{1}PNG"), None);
        assert_eq!(said("text/plain", " \n "), None);
    }

    #[test]
    fn a_body_longer_than_any_error_is_not_read() {
        let of_size = |size: usize| {
            let frame = r#"{"error":{"code":1,"message":"no"},"data":""}"#;
            frame.replace(r#""""#, &format!("\"{}\"", "x".repeat(size - frame.len())))
        };
        assert_eq!(
            said("application/json", &of_size(MCP_ERROR_BODY_MAX)).as_deref(),
            Some("no")
        );
        assert_eq!(said("application/json", &of_size(MCP_ERROR_BODY_MAX + 1)), None);
        assert_eq!(said("text/plain", &"x".repeat(MCP_ERROR_BODY_MAX + 1)), None);
    }

    #[test]
    fn secrets_are_taken_out_before_the_text_is_cut() {
        let body = format!("{}secret", "x".repeat(SERVER_TEXT_MAX - 3));
        let said = Said::of("text/plain", body.as_bytes(), |text| text.replace("secret", "*")).unwrap();
        assert!(!said.text().contains("sec"), "{}", said.text());
    }
}
