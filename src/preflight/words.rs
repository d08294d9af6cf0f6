//! The first words of a shell's command string, as far as they mean only themselves.

/// The words before the first thing that a shell would expand, match or redirect. None at all when the string is more
/// than commands that must all start: what follows `;`, `||` or `&` may mend what failed before it.
pub(super) fn leading(text: &str) -> Vec<String> {
    let compound = text.contains([';', '\n', '(', '{', '`'])
        || text.contains("||")
        || text.replace("&&", "").contains('&')
        || text.trim_start().starts_with(['#', '!']);
    if compound {
        return Vec::new();
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        let known = match char {
            ' ' | '\t' => {
                words.extend(word.take());
                true
            }
            '\'' => quoted(&mut rest, word.get_or_insert_default(), '\''),
            '"' => quoted(&mut rest, word.get_or_insert_default(), '"'),
            '\\' => rest
                .next()
                .map(|char| word.get_or_insert_default().push(char))
                .is_some(),
            '#' | '~' | '=' if word.is_none() => false,
            '|' | '&' => {
                // The command ends here; its last word is whole.
                words.extend(word.take());
                false
            }
            '$' | '<' | '>' | '*' | '?' | '[' | ']' => false,
            _ => {
                word.get_or_insert_default().push(char);
                true
            }
        };
        if !known {
            return words;
        }
    }
    words.extend(word);
    words
}

/// Takes up to the closing quote; false when there is an expansion or no closing quote.
fn quoted(rest: &mut impl Iterator<Item = char>, word: &mut String, quote: char) -> bool {
    while let Some(char) = rest.next() {
        match char {
            _ if char == quote => return true,
            '$' if quote == '"' => return false,
            '\\' if quote == '"' => match rest.next() {
                Some(char @ ('$' | '"' | '\\')) => word.push(char),
                Some(char) => word.extend(['\\', char]),
                None => return false,
            },
            _ => word.push(char),
        }
    }
    false
}
