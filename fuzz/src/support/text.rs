//! Judgement of texts that people read. Written without the client's own tables, so that a hole in those shows.

/// Fails unless `text` is one line that hides nothing and has at most `most` characters.
#[track_caller]
pub fn assert_line(text: &str, most: usize) {
    if let Some(c) = text.chars().find(|c| is_hidden(*c)) {
        panic!("U+{:04X} in {text:?}", u32::from(c));
    }
    let length = text.chars().count();
    assert!(length <= most, "{length} characters, {most} at most: {text:?}");
}

/// Controls (C0, DEL, C1), line and paragraph separators, marks of direction, and characters without a width.
pub fn is_hidden(c: char) -> bool {
    let code = u32::from(c);
    code < 0x20
        || (0x7f..=0x9f).contains(&code)
        || matches!(code, 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2064 | 0x2066..=0x206f | 0xfeff)
}

/// Beginning of an input as text, and the rest: a byte for the length, so that several texts fit into one input.
pub fn take_text<'a>(data: &mut &'a [u8]) -> std::borrow::Cow<'a, str> {
    let length = take_byte(data);
    String::from_utf8_lossy(take(data, usize::from(length)))
}

/// The first byte of an input, zero when there is none.
pub fn take_byte(data: &mut &[u8]) -> u8 {
    let Some((first, rest)) = data.split_first() else {
        return 0;
    };
    *data = rest;
    *first
}

/// At most `count` bytes of an input.
pub fn take<'a>(data: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = data.split_at(count.min(data.len()));
    *data = rest;
    taken
}
