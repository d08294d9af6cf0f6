//! A JSON-RPC message as a server-sent event.

use super::Held;

const BEGIN: &[u8] = b"event: message\ndata: ";
const BREAK: &[u8] = b"\ndata: ";
const END: &[u8] = b"\n\n";

/// One event, with the message's share of the memory. Line breaks inside the JSON (between its tokens) must not end a
/// data field: each becomes one between data fields, or a space when memory is short, because the event may then be
/// several times larger than the message.
pub(crate) fn event(message: Held) -> Held {
    let mut message = message;
    let frame = BEGIN.len() + END.len();
    let size = frame + message.bytes().len() + message.bytes().iter().filter(|byte| is_break(byte)).count() * 6;
    let between = if message.enlarge(size) { BREAK } else { b" " };
    let text = message.bytes();
    let mut event = Vec::with_capacity(if between == BREAK { size } else { frame + text.len() });
    event.extend_from_slice(BEGIN);
    for (number, line) in text.split(is_break).filter(|line| !line.is_empty()).enumerate() {
        if number > 0 {
            event.extend_from_slice(between);
        }
        event.extend_from_slice(line);
    }
    event.extend_from_slice(END);
    message.replace(event)
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_message_of_several_lines_stays_one_event() {
        let event = |message: &'static [u8]| event(Held::from(Bytes::from_static(message))).into_bytes();
        assert_eq!(&event(b"{\"a\":1}")[..], b"event: message\ndata: {\"a\":1}\n\n");
        assert_eq!(
            &event(b"{\r\n\"a\":\n1}")[..],
            b"event: message\ndata: {\ndata: \"a\":\ndata: 1}\n\n"
        );
    }
}
