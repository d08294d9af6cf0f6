//! Steps of a script. A step is a letter, a digit, and for most of them a text; in the text a vertical tab stands for a line end.

/// One step.
pub(super) enum Step {
    /// `o`: this caller sends a request.
    Open { caller: u8, text: String },
    /// `w`: the request was handed to the pipe.
    Written { call: u64 },
    /// `c`: the call ends.
    Close { call: u64 },
    /// `x`: its caller cancels it.
    Cancel { call: u64, text: String },
    /// `a`: a caller answers the oldest request of the child, whose id `"$"` stands for.
    Answer { text: String },
    /// `r`: the child writes a line.
    Received { text: String },
    /// `b`: the child writes anything.
    Anything { line: Vec<u8> },
    /// Something else.
    Nothing,
}

/// Reads a line.
pub(super) fn read(line: &[u8]) -> Step {
    let (head, rest) = line.split_at(line.len().min(2));
    let &[letter, digit @ b'0'..=b'9'] = head else {
        return Step::Nothing;
    };
    let number = digit - b'0';
    let rest: Vec<u8> = rest
        .iter()
        .map(|byte| if *byte == 0x0b { b'\n' } else { *byte })
        .collect();
    let call = u64::from(number);
    match (letter, String::from_utf8(rest)) {
        (b'w', _) => Step::Written { call },
        (b'c', _) => Step::Close { call },
        (b'b', text) => Step::Anything {
            line: text.map_or_else(|bad| bad.into_bytes(), String::into_bytes),
        },
        (_, Err(_)) => Step::Nothing,
        (b'o', Ok(text)) => Step::Open {
            caller: number % 4,
            text,
        },
        (b'x', Ok(text)) => Step::Cancel { call, text },
        (b'a', Ok(text)) => Step::Answer { text },
        (b'r', Ok(text)) => Step::Received { text },
        _ => Step::Nothing,
    }
}
