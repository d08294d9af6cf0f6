//! A second reader of JSON (RFC 8259), written for comparison: it keeps where each value stands, and members that stand twice.
//! It agrees with serde_json about what is JSON; [`check_grammar`] compares the two.

use std::ops::Range;

use serde_json::value::RawValue;

/// Deeper inputs are not judged: this reader calls itself.
const DEPTH_MAX: usize = 500;

/// A value and where it stands.
#[derive(Debug)]
pub struct Node {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// A value.
#[derive(Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// Any number.
    Number,
    /// A string; `None` when its characters are not Unicode (a lone surrogate, bytes that are no UTF-8).
    Text(Option<String>),
    /// An array.
    List(Vec<Node>),
    /// An object: its members in order, names as strings are.
    Object(Vec<(Option<String>, Node)>),
}

/// Why a text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It breaks off.
    End,
    /// It is something else.
    Syntax,
    /// It is too deep for this reader.
    Deep,
}

impl Node {
    /// The bytes of the value.
    pub fn raw<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.span.clone()]
    }

    /// The members of an object.
    pub fn members(&self) -> Option<&[(Option<String>, Node)]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn elements(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The characters of a string.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => text.as_deref(),
            _ => None,
        }
    }

    /// True for `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Values of all members of this name.
    pub fn all<'n>(&'n self, name: &str) -> impl Iterator<Item = &'n Node> {
        let members = self.members().unwrap_or_default();
        let named = members.iter().filter(move |(known, _)| known.as_deref() == Some(name));
        named.map(|(_, value)| value).collect::<Vec<_>>().into_iter()
    }

    /// The value of the only member of this name that is not `null`; an error when the name stands twice.
    pub fn one(&self, name: &str) -> Result<Option<&Node>, Twice> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Twice),
            (first, None) => Ok(first),
        }
    }

    /// True when every name of the object is Unicode.
    pub fn has_readable_names(&self) -> bool {
        self.members()
            .is_none_or(|members| members.iter().all(|(name, _)| name.is_some()))
    }
}

/// A member stands twice.
#[derive(Debug)]
pub struct Twice;

/// Reads one value with white space around it.
pub fn parse(text: &[u8]) -> Result<Node, Fault> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.blank();
    match reader.at == text.len() {
        true => Ok(node),
        false => Err(Fault::Syntax),
    }
}

/// Compares this reader with serde_json; false when the text is too deep for a comparison.
pub fn check_grammar(text: &str) -> bool {
    let ours = match parse(text.as_bytes()) {
        Err(Fault::Deep) => return false,
        other => other,
    };
    let theirs = serde_json::from_str::<&RawValue>(text);
    assert_eq!(
        ours.is_ok(),
        theirs.is_ok(),
        "the two readers of JSON differ: {ours:?} {theirs:?}"
    );
    if let (Ok(node), Ok(raw)) = (ours, theirs) {
        assert_eq!(node.raw(text.as_bytes()), raw.get().as_bytes());
    }
    true
}

/// Whether two JSON texts are the same string, or are written alike.
pub fn same(left: &str, right: &str) -> bool {
    let string = |text: &str| {
        parse(text.as_bytes())
            .ok()
            .and_then(|node| node.text().map(str::to_owned))
    };
    left == right || matches!((string(left), string(right)), (Some(left), Some(right)) if left == right)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Result<u8, Fault> {
        self.text.get(self.at).copied().ok_or(Fault::End)
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Ok(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::Deep);
        }
        self.blank();
        let start = self.at;
        let value = match self.peek()? {
            b'n' => self.word(b"null", Value::Null)?,
            b't' => self.word(b"true", Value::Bool)?,
            b'f' => self.word(b"false", Value::Bool)?,
            b'"' => Value::Text(self.string()?),
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(Fault::Syntax),
        };
        let span = start..self.at;
        Ok(Node { span, value })
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, Fault> {
        for expected in word {
            if self.next()? != *expected {
                return Err(Fault::Syntax);
            }
        }
        Ok(value)
    }

    /// A number that breaks off is no beginning of a longer one for serde_json either.
    fn number(&mut self) -> Result<Value, Fault> {
        if self.peek() == Ok(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Ok(b'0') => {
                self.at += 1;
                if matches!(self.peek(), Ok(b'0'..=b'9')) {
                    return Err(Fault::Syntax);
                }
            }
            Ok(b'1'..=b'9') => self.digits()?,
            _ => return Err(Fault::Syntax),
        }
        if self.peek() == Ok(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Ok(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Ok(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Ok(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Fault::Syntax) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Option<String>, Fault> {
        self.at += 1;
        let mut bytes = Vec::new();
        let mut is_unicode = true;
        // The first half of a pair of surrogates, if it was written last.
        let mut high = None;
        loop {
            let byte = self.next()?;
            let mut unit = None;
            match byte {
                b'"' => break,
                b'\\' => match self.next()? {
                    b'u' => unit = Some(self.hex()?),
                    simple @ (b'"' | b'\\' | b'/') => bytes.push(simple),
                    b'b' => bytes.push(8),
                    b'f' => bytes.push(12),
                    b'n' => bytes.push(b'\n'),
                    b'r' => bytes.push(b'\r'),
                    b't' => bytes.push(b'\t'),
                    _ => return Err(Fault::Syntax),
                },
                0..0x20 => return Err(Fault::Syntax),
                other => bytes.push(other),
            }
            match (high.take(), unit) {
                (None, None) => {}
                (None, Some(first @ 0xd800..0xdc00)) => high = Some(first),
                (Some(first), Some(second @ 0xdc00..0xe000)) => {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    push(&mut bytes, &mut is_unicode, code);
                }
                (None, Some(unit)) => push(&mut bytes, &mut is_unicode, unit),
                (Some(_), _) => is_unicode = false,
            }
        }
        is_unicode &= high.is_none();
        Ok(String::from_utf8(bytes).ok().filter(|_| is_unicode))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        if self.text.len() - self.at < 4 {
            return Err(Fault::End);
        }
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Fault::Syntax)?;
            code = code * 16 + digit;
        }
        Ok(code)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut elements = Vec::new();
        self.blank();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(Value::List(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.blank();
            match self.next()? {
                b',' => {}
                b']' => return Ok(Value::List(elements)),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.blank();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.blank();
            if self.peek()? != b'"' {
                return Err(Fault::Syntax);
            }
            let name = self.string()?;
            self.blank();
            if self.next()? != b':' {
                return Err(Fault::Syntax);
            }
            members.push((name, self.value(depth + 1)?));
            self.blank();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(Value::Object(members)),
                _ => return Err(Fault::Syntax),
            }
        }
    }
}

fn push(bytes: &mut Vec<u8>, is_unicode: &mut bool, code: u32) {
    match char::from_u32(code) {
        Some(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => *is_unicode = false,
    }
}
