//! The specifications as the broker receives them, piece by piece.

use std::fmt;

use secrecy::zeroize::Zeroizing;

use super::protocol::PIECE;
use super::spec::Instructions;
use crate::config::is_channel;
use crate::limits::{BROKER_SERVERS_MAX, BROKER_SPECIFICATIONS_MAX};

/// The pieces so far, wiped when dropped: values can be secrets of the servers.
#[derive(Default)]
pub(super) struct Pieces(Zeroizing<Vec<u8>>);

/// Why specifications are refused. Nothing of them is repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not a piece.
    NoPiece,
    /// More bytes than there may be.
    TooLong,
    /// Not what specifications look like.
    Unreadable,
    /// None, or more than there may be.
    Number,
    /// One without a program.
    NoProgram,
    /// One whose name is no channel's.
    Name,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPiece => "a message is no piece of the specifications",
            Self::TooLong => "the specifications are too long",
            Self::Unreadable => "the specifications cannot be read",
            Self::Number => "the number of specifications is out of bounds",
            Self::NoProgram => "a specification has no program",
            Self::Name => "a specification has no name of a channel",
        })
    }
}

impl Pieces {
    /// Takes a message. After the last one, the specifications.
    pub(super) fn add(&mut self, message: &[u8]) -> Result<Option<Instructions>, Refused> {
        match message {
            [PIECE] => self.read().map(Some),
            [PIECE, piece @ ..] => {
                if self.0.len() + piece.len() > BROKER_SPECIFICATIONS_MAX {
                    return Err(Refused::TooLong);
                }
                self.grow(piece.len());
                self.0.extend_from_slice(piece);
                Ok(None)
            }
            _ => Err(Refused::NoPiece),
        }
    }

    /// Makes room in a place of its own, so that the old one is wiped.
    fn grow(&mut self, more: usize) {
        let wanted = self.0.len() + more;
        if wanted > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(wanted.max(2 * self.0.len())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
    }

    fn read(&self) -> Result<Instructions, Refused> {
        let instructions: Instructions = serde_json::from_slice(&self.0).map_err(|_| Refused::Unreadable)?;
        if !(1..=BROKER_SERVERS_MAX).contains(&instructions.servers.len()) {
            return Err(Refused::Number);
        }
        if instructions.servers.iter().any(|one| one.argv.is_empty()) {
            return Err(Refused::NoProgram);
        }
        if !instructions.servers.iter().all(|one| is_channel(&one.name)) {
            return Err(Refused::Name);
        }
        Ok(instructions)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::sandbox::BrokerCage;
    use crate::sandbox::server::ServerCage;

    fn receive(json: &str) -> Result<usize, Refused> {
        let mut pieces = Pieces::default();
        for piece in json.as_bytes().chunks(7) {
            assert!(pieces.add(&[&[PIECE], piece].concat())?.is_none());
        }
        Ok(pieces.add(&[PIECE])?.unwrap().servers.len())
    }

    fn one() -> String {
        let cage = serde_json::to_string(&ServerCage::default()).unwrap();
        format!(r#"{{"name":"docs","argv":["srv"],"environment":[["A","b"]],"cage":{cage}}}"#)
    }

    fn all(servers: &str) -> String {
        let cage = serde_json::to_string(&BrokerCage::default()).unwrap();
        format!(r#"{{"cage":{cage},"servers":[{servers}]}}"#)
    }

    #[test]
    fn pieces_become_specifications() {
        assert_eq!(receive(&all(&one())), Ok(1));
        assert_eq!(
            receive(&all(&vec![one(); BROKER_SERVERS_MAX].join(","))),
            Ok(BROKER_SERVERS_MAX)
        );
    }

    #[test]
    fn what_is_no_specification_is_refused() {
        let unknown = one().replace("argv", "arg");
        for (json, error) in [
            ("", Refused::Unreadable),
            ("[", Refused::Unreadable),
            ("[]", Refused::Unreadable),
            (&all(""), Refused::Number),
            ("{}", Refused::Unreadable),
            (&all(&unknown), Refused::Unreadable),
            (&all(&one().replace("\"srv\"", "")), Refused::NoProgram),
            (&all(&one().replace("docs", "")), Refused::Name),
            (&all(&one().replace("docs", "a] [b")), Refused::Name),
            (&all(&one().replace("docs", &"a".repeat(65))), Refused::Name),
            (&all(&vec![one(); BROKER_SERVERS_MAX + 1].join(",")), Refused::Number),
            (&"[".repeat(10_000), Refused::Unreadable),
        ] {
            assert_eq!(receive(json), Err(error), "{json:.100}");
        }
    }

    #[test]
    fn what_is_no_piece_and_what_is_too_much_is_refused() {
        for message in [&b""[..], b"\0", b"\x02", b"x[]"] {
            assert_eq!(Pieces::default().add(message).unwrap_err(), Refused::NoPiece);
        }
        let mut pieces = Pieces::default();
        let piece = [&[PIECE][..], &[b' '; 1 << 20]].concat();
        let refused = (0..=BROKER_SPECIFICATIONS_MAX >> 20).find_map(|_| pieces.add(&piece).err());
        assert_eq!(refused, Some(Refused::TooLong));
    }
}
