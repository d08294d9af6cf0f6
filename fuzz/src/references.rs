//! References (`src/secrets/reference.rs`, `src/config/settings/references.rs`). Oracle: the grammar written again, what is shown leads to the same
//! place, and nothing that a reference leads to is in an error.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use tunnel_client::config::{self, File};
use tunnel_client::limits::CREDENTIAL_NAME_MAX;
use tunnel_client::secrets::{Files as _, Prefix, Reference};

use crate::support::planted::Secret;
use crate::support::text::assert_line;

/// Feeds `data` as a reference.
pub fn check(data: &[u8]) {
    let secret = Secret::of(data);
    let reference = Reference::parse(OsStr::from_bytes(data));
    assert_eq!(reference, expected(data), "{data:?}");
    if let Some(reference) = &reference {
        shown(reference);
        followed(reference, &secret);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let is_meant = Reference::is_meant(text, Prefix::Exact);
    assert!(is_meant || reference.is_none());
    assert!(Reference::is_meant(text, Prefix::AnyCase) || !is_meant);
    any_case(text, reference.as_ref());
    in_a_file(text, &secret);
}

/// The grammar: `env:` and a name of letters, digits and underscores; `credential:` and a name that systemd takes; `file:` and a path.
fn expected(text: &[u8]) -> Option<Reference> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (prefix, rest) = (&text[..colon], &text[colon + 1..]);
    let name = || std::str::from_utf8(rest).map(str::to_owned).ok();
    match prefix {
        b"file" if !rest.is_empty() => Some(Reference::File(PathBuf::from(OsStr::from_bytes(rest)))),
        b"env" => {
            let (first, _) = rest.split_first()?;
            let is_word = rest.iter().all(|byte| *byte == b'_' || byte.is_ascii_alphanumeric());
            (is_word && !first.is_ascii_digit()).then(|| name().map(Reference::Variable))?
        }
        b"credential" => {
            let is_name = (1..=CREDENTIAL_NAME_MAX).contains(&rest.len())
                && rest != b"."
                && rest != b".."
                && rest
                    .iter()
                    .all(|byte| (0x20..0x7f).contains(byte) && *byte != b'/' && *byte != b':');
            is_name.then(|| name().map(Reference::Credential))?
        }
        _ => None,
    }
}

/// What is shown is the reference, or nothing of its name.
fn shown(reference: &Reference) {
    let written = reference.written();
    assert_line(&reference.to_string(), 4 * 4096);
    let (prefix, name) = written.split_once(':').unwrap_or_default();
    if name == "..." {
        let (is_known, real) = match reference {
            Reference::Variable(name) => (prefix == "env", name.clone()),
            Reference::Credential(name) => (prefix == "credential", name.clone()),
            Reference::File(path) => (prefix == "file", path.display().to_string()),
        };
        assert!(is_known, "{written}");
        assert!(
            real.len() < 12 || !reference.to_string().contains(&real),
            "{reference:?}"
        );
    } else if let Reference::File(path) = reference {
        assert_eq!(name, path.display().to_string());
    } else {
        assert_eq!(Reference::parse(OsStr::new(&written)).as_ref(), Some(reference));
    }
}

/// It leads to the variable or the file that it names, and an error says nothing of what is there.
fn followed(reference: &Reference, secret: &Secret) {
    let (environment, files) = (secret.environment(), secret.files(b""));
    let direct = match reference {
        Reference::Variable(name) => environment
            .value(name)
            .and_then(OsStr::to_str)
            .map(str::to_owned)
            .filter(|value| !value.trim().is_empty()),
        Reference::File(_) | Reference::Credential(_) => {
            let path = match reference {
                Reference::File(path) => path.clone(),
                Reference::Credential(name) => PathBuf::from("/run/credentials/unit").join(name),
                Reference::Variable(_) => return,
            };
            let contents = files.read_secret(&path, 1000).ok();
            let text =
                contents.and_then(|contents| std::str::from_utf8(&contents).ok().map(|text| text.trim().to_owned()));
            text.filter(|text| !text.is_empty())
        }
    };
    match reference.secret(&environment, &files, 1000) {
        Ok(found) => assert_eq!(Some(found.expose_secret()), direct.as_deref(), "{reference:?}"),
        Err(error) => {
            assert_eq!(direct, None, "{reference:?}: {error}");
            secret.assert_absent(&error.to_string());
            assert_line(&error.to_string(), 800);
        }
    }
}

/// In configuration files the prefix may be written in any case, with white space after it.
fn any_case(text: &str, exact: Option<&Reference>) {
    let loose = Reference::parse_any_case(text);
    let colon = text.find(':').unwrap_or(text.len());
    let spelled = format!(
        "{}:{}",
        text[..colon].to_ascii_lowercase(),
        text.get(colon + 1..).unwrap_or_default().trim()
    );
    assert_eq!(loose, Reference::parse(OsStr::new(&spelled)), "{text:?}");
    if let Some(exact) = exact
        && text.trim() == text
        && spelled == text
    {
        assert_eq!(loose.as_ref(), Some(exact));
    }
}

/// A setting that refers to it: the mistake has a place and shows nothing.
fn in_a_file(text: &str, secret: &Secret) {
    if text.chars().any(char::is_control) {
        return;
    }
    let quoted = serde_json::Value::from(text);
    for section in [
        format!("control_plane:\n  api_key: {quoted}\nmcp: {{commands: [{{command: x}}]}}\n"),
        format!("mcp:\n  server_urls: [{{url: {quoted}}}]\n"),
        format!("mcp:\n  commands: [{{command: {quoted}}}]\n"),
        format!("http_proxy: {quoted}\n"),
        format!("mcp:\n  extra_headers: {{X-A: {quoted}}}\n"),
    ] {
        let configuration = section.as_bytes();
        let file = File::from_bytes("p.yaml".as_ref(), configuration);
        for mistake in config::mistakes(&file, &secret.environment(), &secret.files(configuration)) {
            secret.assert_absent(&mistake.to_string());
            assert_line(&mistake.to_string(), 4 * 4096);
        }
    }
}
