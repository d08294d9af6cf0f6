//! PEM files (RFC 7468) as people make them: every block is read, or refused, or named; none is passed over in silence.
//!
//! A byte order mark, white space around lines, either line end and text between the blocks are read as openssl reads them, or
//! more freely. What openssl would read and this does not is an error that names the line.

use std::fmt;
use std::io::{self, BufRead};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::Zeroizing;

/// Blocks of a text, in their order.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    reader: R,
    line: Zeroizing<Vec<u8>>,
    number: usize,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    started: bool,
}

/// What a text holds.
#[derive(Debug)]
pub(super) enum Item {
    /// Everything between two marks.
    Block(Block),
    /// A line that looks like the begin of a certificate and is none: a title, or a mark that was changed.
    Lookalike {
        /// Which.
        line: usize,
    },
}

/// A block. A key is wiped with it.
#[derive(Debug)]
pub(super) struct Block {
    label: String,
    /// The line of its begin.
    pub(super) line: usize,
    /// The same block in its plainest form, under the label that the library knows.
    text: Zeroizing<Vec<u8>>,
}

/// What kind of block it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A certificate.
    Certificate,
    /// A private key.
    Key,
    /// A private key that nobody can use without its passphrase.
    EncryptedKey,
    /// Parameters of a key that follows.
    Parameters,
    /// Something else; how to make certificates of it, or what it is.
    Other(&'static str),
}

/// Why a text cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file itself.
    Io(io::Error),
    /// Two bytes a character.
    Utf16,
    /// Binary.
    Der,
    /// A block that begins on this line has no end.
    Cut(usize),
    /// A mark that begins or ends a block, on this line, is damaged or not where it belongs.
    Mark(usize),
}

impl<R: BufRead> Blocks<R> {
    pub(super) fn of(reader: R) -> Self {
        Self {
            reader,
            line: Zeroizing::default(),
            number: 0,
            after_return: false,
            started: false,
        }
    }

    /// The next one; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Fault> {
        if !std::mem::replace(&mut self.started, true) {
            self.judge_form()?;
        }
        while self.read_line()? {
            let line = trimmed(&self.line);
            if let Some(label) = begun(line) {
                let label = String::from_utf8_lossy(label).into_owned();
                return self.block(label).map(Some);
            }
            let comment = line.starts_with(b"#");
            if line.starts_with(END) || (!comment && holds(line, BEGIN)) {
                return Err(Fault::Mark(self.number));
            }
            if !comment && holds(line, b"BEGIN ") && holds(line, b"CERTIFICATE") {
                return Ok(Some(Item::Lookalike { line: self.number }));
            }
        }
        Ok(None)
    }

    /// Everything up to the end of the block that has begun.
    fn block(&mut self, label: String) -> Result<Item, Fault> {
        let begin = self.number;
        let known = match &*label {
            OLD_CERTIFICATE => CERTIFICATE,
            label => label,
        };
        let mut text = Zeroizing::new(Vec::new());
        text.extend_from_slice(format!("-----BEGIN {known}-----\n").as_bytes());
        while self.read_line()? {
            let line = trimmed(&self.line);
            if line.starts_with(BEGIN) {
                return Err(Fault::Cut(begin));
            }
            if line.starts_with(END) {
                if *line != *format!("-----END {label}-----").as_bytes() {
                    return Err(Fault::Mark(self.number));
                }
                text.extend_from_slice(format!("-----END {known}-----\n").as_bytes());
                return Ok(Item::Block(Block {
                    label,
                    line: begin,
                    text,
                }));
            }
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        Err(Fault::Cut(begin))
    }

    /// Reads up to a line end of any kind. False at the end of the text.
    fn read_line(&mut self) -> Result<bool, Fault> {
        self.line.clear();
        let mut any = false;
        loop {
            let buffer = self.reader.fill_buf().map_err(Fault::Io)?;
            if buffer.is_empty() {
                self.number += usize::from(any);
                return Ok(any);
            }
            // It may come with the next read only.
            if std::mem::take(&mut self.after_return) && buffer.starts_with(b"\n") {
                self.reader.consume(1);
                continue;
            }
            let Some(at) = memchr::memchr2(b'\n', b'\r', buffer) else {
                any = true;
                self.line.extend_from_slice(buffer);
                let length = buffer.len();
                self.reader.consume(length);
                continue;
            };
            self.line.extend_from_slice(buffer.get(..at).unwrap_or_default());
            self.after_return = buffer.get(at) == Some(&b'\r');
            self.number += 1;
            self.reader.consume(at + 1);
            return Ok(true);
        }
    }

    /// Looks at the first bytes: text is not mistaken for either.
    fn judge_form(&mut self) -> Result<(), Fault> {
        match self.reader.fill_buf().map_err(Fault::Io)? {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'-', ..] | [b'-', 0, ..] => Err(Fault::Utf16),
            // A SEQUENCE of more than 127 bytes (X.690, section 8.1.3).
            [0x30, 0x80..=0x84, ..] => Err(Fault::Der),
            _ => Ok(()),
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const CERTIFICATE: &str = "CERTIFICATE";
/// What openssl reads as the same (pem.h, `PEM_STRING_X509_OLD`).
const OLD_CERTIFICATE: &str = "X509 CERTIFICATE";

/// Without white space around it, and without a byte order mark, which files that were joined have in the middle, too.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    line.trim_ascii()
}

/// The label of a line that begins a block.
fn begun(line: &[u8]) -> Option<&[u8]> {
    let label = line.strip_prefix(BEGIN)?.strip_suffix(b"-----")?;
    (!label.contains(&b'-')).then_some(label)
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(line, word).is_some()
}

impl Block {
    /// By its label, and by the header that the older form of keys has (RFC 1421).
    pub(super) fn kind(&self) -> Kind {
        match &*self.label {
            CERTIFICATE | OLD_CERTIFICATE => Kind::Certificate,
            "ENCRYPTED PRIVATE KEY" => Kind::EncryptedKey,
            label if label.ends_with("PRIVATE KEY") => match holds(&self.text, b"Proc-Type: 4,ENCRYPTED") {
                true => Kind::EncryptedKey,
                false => Kind::Key,
            },
            label if label.ends_with("PARAMETERS") => Kind::Parameters,
            "TRUSTED CERTIFICATE" => Kind::Other(
                "a certificate with openssl's own rules of trust: openssl x509 -in OLD -out NEW writes it without",
            ),
            "PKCS7" | "CMS" => {
                Kind::Other("a PKCS#7 container: openssl pkcs7 -in OLD -print_certs -out NEW unpacks it")
            }
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                Kind::Other("a request; an authority makes a certificate of it")
            }
            "X509 CRL" => Kind::Other("a list of revoked certificates, which is not looked at"),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Kind::Other("a public key without a certificate"),
            _ => Kind::Other("of a kind that is not known"),
        }
    }

    /// The certificate in it; `None` when it is damaged.
    pub(super) fn certificate(&self) -> Option<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(&self.text).ok()
    }

    /// The key in it; `None` when it is damaged or of another kind.
    pub(super) fn key(&self) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.text).ok()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Utf16 => f.write_str("it is UTF-16 text; write it as UTF-8 (iconv -f UTF-16 -t UTF-8 OLD >NEW)"),
            Self::Der => f.write_str(
                "it is binary (DER or PKCS#12); write it as PEM (openssl x509 -inform DER -in OLD -out NEW for a certificate, \
                 openssl pkey -inform DER for a key, openssl pkcs12 -nodes for PKCS#12)",
            ),
            Self::Cut(line) => write!(
                f,
                "the block that begins on line {line} is cut off: it has no END line; copy the whole file again"
            ),
            Self::Mark(line) => write!(
                f,
                "line {line} is a damaged or misplaced BEGIN or END line; it must be -----BEGIN CERTIFICATE----- or the like, \
                 with five dashes on both sides, alone on its line"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
