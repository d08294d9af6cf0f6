#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

/// What became of a text: certificates that were read, and whether anything else was said.
#[derive(Debug, Default)]
struct Read {
    certificates: usize,
    said: Vec<String>,
}

fn read(text: &[u8]) -> Read {
    let mut read = Read::default();
    let mut blocks = Blocks::of(text);
    loop {
        match blocks.next() {
            Ok(None) => return read,
            Ok(Some(Item::Lookalike { line })) => read.said.push(format!("line {line}")),
            Ok(Some(Item::Block(block))) => match (block.kind(), block.certificate()) {
                (Kind::Certificate, Some(_)) => read.certificates += 1,
                (kind, _) => read.said.push(format!("{kind:?} on line {}", block.line)),
            },
            Err(fault) => {
                read.said.push(fault.to_string());
                return read;
            }
        }
    }
}

/// How many certificates openssl reads: the reader of its CAfile.
fn read_by_openssl(file: &Path) -> usize {
    let output = Command::new("openssl")
        .args(["crl2pkcs7", "-nocrl", "-certfile"])
        .arg(file)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let mut names = Command::new("openssl")
        .args(["pkcs7", "-print_certs", "-noout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = names.stdin.take().unwrap();
    // It may have ended already, for lack of anything to read.
    let _ = io::Write::write_all(&mut input, &output.stdout);
    drop(input);
    let names = String::from_utf8(names.wait_with_output().unwrap().stdout).unwrap();
    names.lines().filter(|line| line.starts_with("subject")).count()
}

type Change = (&'static str, fn(&str) -> String);

/// Ways in which a text changes on its way to a file.
const CHANGES: &[Change] = &[
    ("as it was", |text| text.to_owned()),
    ("a byte order mark before it", |text| format!("\u{feff}{text}")),
    ("a byte order mark before the second", |text| {
        let at = text.rfind("-----BEGIN").unwrap();
        format!("{}\u{feff}{}", &text[..at], &text[at..])
    }),
    ("CR LF", |text| text.replace('\n', "\r\n")),
    ("CR", |text| text.replace('\n', "\r")),
    ("indented", |text| {
        text.lines().map(|line| format!("  {line}\n")).collect()
    }),
    ("white space behind lines", |text| {
        text.lines().map(|line| format!("{line} \t\n")).collect()
    }),
    ("text before it", |text| format!("subject=CN = one\n\n{text}")),
    ("text before it without a line end", |text| format!("one: {text}")),
    ("text after it", |text| format!("{text}that is all\n")),
    ("quoted", |text| {
        text.lines().map(|line| format!("> {line}\n")).collect()
    }),
    ("no line end at the end", |text| text.trim_end().to_owned()),
    ("the older label", |text| {
        text.replace(" CERTIFICATE", " X509 CERTIFICATE")
    }),
    ("the label of openssl's rules", |text| {
        text.replace(" CERTIFICATE", " TRUSTED CERTIFICATE")
    }),
    ("another label at the end", |text| {
        text.replacen("END CERTIFICATE", "END X509 CERTIFICATE", 1)
    }),
    ("the first end is lost", |text| {
        text.replacen("-----END CERTIFICATE-----\n", "", 1)
    }),
    ("the first begin is lost", |text| {
        text.replacen("-----BEGIN CERTIFICATE-----\n", "", 1)
    }),
    ("cut in the last", |text| text[..text.len() - 40].to_owned()),
    ("a dash too few at the begin", |text| {
        text.replacen("-----BEGIN", "----BEGIN", 1)
    }),
    ("a dash too few behind the begin", |text| {
        text.replacen("CERTIFICATE-----", "CERTIFICATE----", 1)
    }),
    ("other dashes", |text| {
        text.replace("-----", "\u{2013}\u{2013}\u{2013}\u{2013}\u{2013}")
    }),
    ("long lines", |text| {
        let joined = text.replace('\n', "");
        joined
            .replace("E-----M", "E-----\nM")
            .replace("-----END", "\n-----END")
            .replace("E----------B", "E-----\n-----B")
    }),
    ("an empty line in a block", |text| {
        text.replacen("-----\n", "-----\n\n", 1)
    }),
    ("a header in a block", |text| {
        text.replacen("-----\n", "-----\nName: value\n\n", 1)
    }),
    ("a NUL at the end", |text| format!("{text}\0")),
    ("a key between", |text| {
        let at = text.rfind("-----BEGIN").unwrap();
        format!(
            "{}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{}",
            &text[..at],
            &text[at..]
        )
    }),
];

/// One after the other, each with each: what openssl reads is read, or something is said.
#[test]
fn no_certificate_that_openssl_reads_is_passed_over_in_silence() {
    let one =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/identity/ec.crt")).unwrap();
    let begin = one.find("-----BEGIN").unwrap();
    let text = format!("{0}{0}", &one[begin..]);
    let file = std::env::temp_dir().join(format!("tunnel-client-pem-{}.pem", std::process::id()));
    let mut all_read = 0;
    for (first, change) in CHANGES {
        for (second, then) in CHANGES {
            // Some need a mark that another one has changed.
            let Ok(changed) = std::panic::catch_unwind(|| then(&change(&text))) else {
                continue;
            };
            std::fs::write(&file, &changed).unwrap();
            let ours = read(changed.as_bytes());
            let theirs = read_by_openssl(&file);
            assert!(
                ours.certificates >= theirs || !ours.said.is_empty(),
                "{first}, {second}: openssl reads {theirs}, we {ours:?}\n{changed}"
            );
            // Half of it would be as bad. Where both marks are gone, nothing shows that there was one.
            assert!(
                ours.certificates == 2 || !ours.said.is_empty() || changed.matches("CERTIFICATE").count() == 2,
                "{first}, {second}: {ours:?}\n{changed}"
            );
            all_read += usize::from(ours.certificates == 2 && ours.said.is_empty());
        }
    }
    let _ = std::fs::remove_file(&file);
    assert!(
        all_read > 100,
        "{all_read} of {} forms are read",
        CHANGES.len() * CHANGES.len()
    );
}

#[test]
fn the_form_of_a_file_that_is_no_such_text_is_named() {
    let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (bytes, gist) in [
        ([b"\xff\xfe".as_slice(), &little].concat(), "iconv"),
        ([b"\xfe\xff".as_slice(), &big].concat(), "iconv"),
        (little, "iconv"),
        (big, "iconv"),
        (vec![0x30, 0x82, 1, 2, 3], "-inform DER"),
        (vec![0x30, 0x80, 1, 2, 3], "-inform DER"),
    ] {
        let read = read(&bytes);
        assert!(read.said.len() == 1 && read.said[0].contains(gist), "{read:?}");
    }
}

#[test]
fn a_fault_names_its_line_whatever_ends_the_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = [
            "title",
            "",
            "-----BEGIN CERTIFICATE-----",
            "AAAA",
            "-----END CERTIFICATE----",
        ]
        .join(end);
        let read = read(text.as_bytes());
        let at = if end == "\r\n" || end == "\n" {
            "line 5 "
        } else {
            "line "
        };
        assert!(read.said.len() == 1 && read.said[0].contains(at), "{end:?}: {read:?}");
    }
}

#[test]
fn what_was_made_a_comment_stays_one() {
    let text = "# -----BEGIN CERTIFICATE-----\n# AAAA\n# -----END CERTIFICATE-----\n";
    let read = read(text.as_bytes());
    assert!(read.certificates == 0 && read.said.is_empty(), "{read:?}");
}

#[test]
fn lines_are_counted_whatever_is_read_at_once() {
    let text = "one\n\ntwo\n-----BEGIN X-----\nAAAA\n-----END X-----\n-----BEGIN Y-----\nAAAA\n-----END Y-----\n";
    for end in ["\n", "\r\n", "\r"] {
        let text = text.replace('\n', end);
        for size in 4..64 {
            let mut blocks = Blocks::of(io::BufReader::with_capacity(size, text.as_bytes()));
            let lines = std::iter::from_fn(|| match blocks.next() {
                Ok(Some(Item::Block(block))) => Some(block.line),
                _ => None,
            });
            assert_eq!(lines.collect::<Vec<_>>(), [4, 7], "{end:?} in reads of {size}");
        }
    }
}
