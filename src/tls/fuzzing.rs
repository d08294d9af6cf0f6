//! Doors to the reader of PEM files and to what is known of a certificate.

use std::io::BufRead;

use rustls::pki_types::CertificateDer;

use super::facts::CertFacts;
use super::pem::{Blocks, Item, Kind};
use super::roots::Roots;

/// One item of a PEM file and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemItem {
    /// From 1.
    pub line: usize,
    /// What it is.
    pub content: PemContent,
}

/// Content of an item of a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PemContent {
    /// A certificate in DER; `None` when it is damaged.
    Certificate(Option<Vec<u8>>),
    /// A private key in DER; `None` when it is damaged.
    Key(Option<Vec<u8>>),
    /// Anything that is named and not used.
    Other,
}

/// Reads every item of a PEM file; the error is the one that messages show.
pub fn pem(reader: impl BufRead) -> Result<Vec<PemItem>, String> {
    let mut blocks = Blocks::of(reader);
    let mut items = Vec::new();
    while let Some(item) = blocks.next().map_err(|fault| fault.to_string())? {
        items.push(match item {
            Item::Lookalike { line } => PemItem {
                line,
                content: PemContent::Other,
            },
            Item::Block(block) => PemItem {
                line: block.line,
                content: match block.kind() {
                    Kind::Certificate => PemContent::Certificate(block.certificate().map(|der| der.to_vec())),
                    Kind::Key => PemContent::Key(block.key().map(|key| key.secret_der().to_vec())),
                    Kind::EncryptedKey | Kind::Parameters | Kind::Other(_) => PemContent::Other,
                },
            },
        });
    }
    Ok(items)
}

/// What is known of a certificate in DER.
pub fn certificate(der: &[u8]) -> CertFacts {
    CertFacts::of(&CertificateDer::from(der))
}

/// Number of authorities and of servers' certificates that are trusted.
pub fn trusted(roots: &Roots) -> (usize, usize) {
    (roots.store().len(), roots.bundle().servers.len())
}
