//! PEM files (`src/tls/pem.rs`, `src/tls/roots.rs`). Oracle: the reader of `rustls-pki-types` finds no certificate and no key that this
//! one passes over in silence; line ends, white space and the size of the reads change nothing; each item of a bundle is trusted, or
//! named in a note or an error.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::LazyLock;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tunnel_client::fuzzing::secrets::{PemContent, PemItem, pem, trusted};
use tunnel_client::limits::BUNDLE_NOTES_MAX;
use tunnel_client::secrets::Outsiders;
use tunnel_client::tls::Roots;

use crate::support::text::{assert_line, is_hidden, take_byte};

/// Feeds the size of the reads, and a file.
pub fn check(mut data: &[u8]) {
    let chunk = usize::from(take_byte(&mut data)) + 4;
    let read = pem(data);
    places(data, &read);
    if let Ok(items) = &read {
        same_as_library(data, items);
    }
    // A carriage return alone at the end of a read: whether a line feed follows is not known yet, and its line is not counted.
    if !has_bare_return(data) {
        assert_eq!(pem(Chunks { rest: data, chunk }), read, "in chunks of {chunk}");
        let other_ends = memchr::memmem::find(data, b"\r")
            .is_none()
            .then(|| with_line_ends(data));
        if let Some(other_ends) = other_ends.filter(|_| read.is_ok()) {
            assert_eq!(pem(&other_ends[..]), read, "with other line ends");
        }
    }
    bundle(data, &read);
}

/// Lines that are named exist, and items stand in their order.
fn places(data: &[u8], read: &Result<Vec<PemItem>, String>) {
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    match read {
        Ok(items) => {
            assert!(items.is_sorted_by(|one, next| one.line < next.line), "{items:?}");
            assert!(items.iter().all(|item| (1..=lines).contains(&item.line)), "{items:?}");
        }
        Err(error) => {
            assert_line(error, 400);
            let named = error
                .split_once("line ")
                .and_then(|(_, rest)| rest.split([' ', ',']).next()?.parse::<usize>().ok());
            assert!(named.is_none_or(|line| (1..=lines).contains(&line)), "{error}");
        }
    }
}

/// What the library finds in a file that it reads is found here.
fn same_as_library(data: &[u8], items: &[PemItem]) {
    let theirs: Result<Vec<CertificateDer<'_>>, _> = CertificateDer::pem_slice_iter(data).collect();
    let ours = items.iter().filter_map(|item| match &item.content {
        PemContent::Certificate(der) => Some(der.as_deref()),
        _ => None,
    });
    let mut rest = ours.clone();
    for certificate in theirs.into_iter().flatten() {
        let is_there = rest.any(|ours| ours == Some(&*certificate));
        // One that is damaged before the library's reader takes it for another block.
        assert!(
            is_there || ours.clone().any(|ours| ours.is_none()),
            "a certificate is passed over"
        );
    }
    let theirs = PrivateKeyDer::pem_slice_iter(data).collect::<Result<Vec<_>, _>>();
    for key in theirs.into_iter().flatten() {
        let is_there = items.iter().any(|item| match &item.content {
            PemContent::Key(Some(der)) => der == key.secret_der(),
            PemContent::Key(None) | PemContent::Other => true,
            PemContent::Certificate(_) => false,
        });
        assert!(is_there, "a key is passed over");
    }
}

fn has_bare_return(data: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', data).any(|at| data.get(at + 1) != Some(&b'\n'))
}

fn with_line_ends(data: &[u8]) -> Vec<u8> {
    data.split(|byte| *byte == b'\n')
        .collect::<Vec<_>>()
        .join(&b" \r\n"[..])
}

/// A file on a file system without a disk, one for each process.
static FILE: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let directory = PathBuf::from(format!("/dev/shm/tunnel-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).ok()?;
    Some(directory.join("bundle.pem"))
});

fn bundle(data: &[u8], read: &Result<Vec<PemItem>, String>) {
    let Some(path) = FILE.as_ref().filter(|path| std::fs::write(path, data).is_ok()) else {
        return;
    };
    let loaded = Roots::of_bundle(path, "ca-bundle", &Outsiders::default());
    let _ = std::fs::remove_file(path);
    let loaded = match loaded {
        Ok(roots) => roots,
        Err(error) => {
            // Names of certificates that nobody trusts are part of it, so they have to be clean.
            assert_line(&error.to_string(), 2000);
            let items = read.as_deref().unwrap_or_default();
            let is_damaged = items.iter().any(|item| item.content == PemContent::Certificate(None));
            let text = error.to_string();
            let is_empty = text.contains("no certificates found") || text.contains("can be trusted");
            assert!(read.is_err() || is_damaged || is_empty, "{error}");
            return;
        }
    };
    let Ok(items) = read else {
        panic!("a bundle that cannot be read is trusted")
    };
    let (authorities, servers) = trusted(&loaded);
    let notes = loaded.notes();
    assert!(notes.len() <= BUNDLE_NOTES_MAX + 1);
    notes.iter().for_each(|note| assert_line(note, 1000));
    let mut certificates = 0;
    for item in items {
        match &item.content {
            PemContent::Certificate(der) => {
                assert!(der.is_some(), "a damaged certificate is passed over");
                certificates += 1;
            }
            PemContent::Key(_) => named(&notes, &format!("line {} of ca-bundle", item.line)),
            PemContent::Other => {}
        }
    }
    assert!(authorities + servers > 0);
    // Each certificate is an anchor, a server's, both, or noted.
    let noted = notes.iter().filter(|note| note.starts_with("certificate ")).count();
    assert!(
        certificates <= authorities + servers + noted || notes.len() > BUNDLE_NOTES_MAX,
        "{notes:?}"
    );
}

fn named(notes: &[String], words: &str) {
    let is_named = notes
        .iter()
        .any(|note| note.contains(words) && !note.contains(is_hidden));
    assert!(is_named || notes.len() > BUNDLE_NOTES_MAX, "{words}: {notes:?}");
}

/// A reader that gives a few bytes at a time.
struct Chunks<'a> {
    rest: &'a [u8],
    chunk: usize,
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.rest[..self.chunk.min(self.rest.len())])
    }

    fn consume(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }
}
