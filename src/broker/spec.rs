//! What the broker is told of one server.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::str;

use secrecy::zeroize::Zeroizing;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sandbox::BrokerCage;
use crate::sandbox::server::ServerCage;

/// All that the broker is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// What the broker itself may do.
    pub cage: BrokerCage,
    /// What it may start.
    pub servers: Vec<Specification>,
}

/// Number by which the broker is asked for a server: its place in the instructions, from which alone it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerNumber(u16);

impl ServerNumber {
    /// As a request carries it.
    pub(super) fn index(self) -> u16 {
        self.0
    }
}

impl Instructions {
    /// The number of each server, by its channel.
    pub(super) fn numbers(&self) -> BTreeMap<Box<str>, ServerNumber> {
        let channels = self.servers.iter().map(|server| server.name.as_str().into());
        channels.zip((0..).map(ServerNumber)).collect()
    }
}

/// A server that the broker may start.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specification {
    /// The channel that it serves: what its lines on standard error begin with.
    pub name: String,
    /// Program and arguments, never empty.
    pub argv: Vec<String>,
    /// The whole environment: names and values.
    pub environment: Vec<(Text, Text)>,
    /// What it may do.
    pub cage: ServerCage,
}

impl Specification {
    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let mut variables = self.environment.iter();
        let (_, value) = variables.find(|(each, _)| each.as_os_str() == name)?;
        Some(value.as_os_str())
    }
}

impl fmt::Debug for Specification {
    /// Without arguments and values, which can be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&Text> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Specification")
            .field("name", &self.name)
            .field("program", &self.argv.first())
            .field("environment", &names)
            .field("cage", &self.cage)
            .finish_non_exhaustive()
    }
}

/// A name or a value of the environment: bytes, mostly text. In JSON a string, or a list of bytes when it is no UTF-8. Wiped when
/// dropped: it can be a secret of the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Zeroizing<Vec<u8>>);

impl Text {
    /// As the system takes it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }
}

impl<T: AsRef<OsStr> + ?Sized> From<&T> for Text {
    fn from(text: &T) -> Self {
        Self(Zeroizing::new(text.as_ref().as_bytes().to_vec()))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_os_str().fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(&*self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of bytes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Text, A::Error> {
        let mut text = Zeroizing::new(Vec::new());
        while let Some(byte) = bytes.next_element()? {
            text.push(byte);
        }
        Ok(Text(text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn values_that_are_no_utf8_survive_the_way() {
        let odd = OsStr::from_bytes(b"a\xff\x80");
        let written = Specification {
            name: "docs".to_owned(),
            argv: vec!["srv".to_owned()],
            environment: vec![("A".into(), "\u{e4}\"\n".into()), ("B".into(), odd.into())],
            cage: ServerCage::default(),
        };
        let json = serde_json::to_string(&written).unwrap();
        let read: Specification = serde_json::from_str(&json).unwrap();
        assert_eq!((read.argv, read.environment), (written.argv, written.environment));
    }

    #[test]
    fn each_channel_has_the_number_of_its_place() {
        let server = |name: &str| Specification {
            name: name.to_owned(),
            argv: vec!["srv".to_owned()],
            environment: Vec::new(),
            cage: ServerCage::default(),
        };
        let instructions = Instructions {
            cage: BrokerCage::default(),
            servers: vec![server("main"), server("docs")],
        };
        let numbers = instructions.numbers();
        let index = |channel: &str| numbers.get(channel).map(|number| number.index());
        assert_eq!((index("main"), index("docs"), index("other")), (Some(0), Some(1), None));
    }

    #[test]
    fn debug_output_shows_no_arguments_and_no_values() {
        let specification = Specification {
            name: "docs".to_owned(),
            argv: vec!["srv".to_owned(), "--token=sekret".to_owned()],
            environment: vec![("TOKEN".into(), "sekret".into())],
            cage: ServerCage::default(),
        };
        let shown = format!("{specification:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("sekret"), "{shown}");
    }
}
