//! The id of an MCP session. One rule for both directions: what a caller is given it can send back.

use crate::limits::SESSION_ID_MAX;

/// Why an id cannot be a session's, in words that follow "`Mcp-Session-Id`".
///
/// # Errors
/// The reason: it is too long, or not visible ASCII (MCP, "Session Management").
pub fn check(id: &str) -> Result<(), &'static str> {
    if id.len() > SESSION_ID_MAX {
        return Err("is longer than 16384 bytes");
    }
    let visible = |byte: u8| (b' '..=b'~').contains(&byte) || byte == b'\t';
    if !id.bytes().all(visible) {
        return Err("is not visible ASCII");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_bounded_visible_ascii() {
        let longest = "s".repeat(SESSION_ID_MAX);
        assert_eq!(check(&longest), Ok(()));
        // The words hold the number.
        assert_eq!(check(&format!("{longest}s")), Err("is longer than 16384 bytes"));
        assert_eq!(SESSION_ID_MAX, 16384);
        for odd in ["\u{e9}", "\u{fffd}", "a\nb", "\u{7f}"] {
            assert!(check(odd).is_err(), "{odd:?}");
        }
    }
}
