//! The status page (contract: status, section 1).

use secrecy::{ExposeSecret as _, SecretString};

use super::api_key::{Place, place_of};
use super::reader::{Checked, Reader};
use crate::config::checked::{Health, Listen, Lockdown, Page};
use crate::config::settings::{Sources, Written, table};
use crate::limits::{PAGE_TOKEN_MAX, PAGE_TOKEN_MIN, SECRET_FILE_MAX, UI_EVENTS_MAX};

/// What messages call the token.
const TOKEN: &str = "token of the status page";

/// The section `admin_ui` by itself.
pub(super) struct Section {
    is_enabled: bool,
    token: Option<SecretString>,
    allow_remote: bool,
    /// `admin_ui.open_browser`.
    pub(super) announce: bool,
    log_lines: usize,
}

/// Reads the section. A token is checked whether or not it is needed.
pub(super) fn section(reader: &mut Reader<'_>) -> Checked<Section> {
    let (is_enabled, token) = (reader.switch(&table::UI_ENABLED), token(reader));
    let (allow_remote, announce) = (reader.switch(&table::UI_REMOTE), reader.switch(&table::UI_OPEN));
    let log_lines = reader.count(&table::UI_EVENTS, UI_EVENTS_MAX);
    Ok(Section {
        is_enabled: is_enabled?,
        token: token?,
        allow_remote: allow_remote?,
        announce: announce?,
        log_lines: log_lines?,
    })
}

/// The page, if there is one. Its guard is the mode of a unix socket, or a token.
pub(super) fn page(
    reader: &mut Reader<'_>,
    section: Section,
    health: &Health,
    lockdown: &Lockdown,
) -> Checked<Option<Page>> {
    let is_socket = matches!(health.listen, Listen::Unix(_));
    warn_about_no_effect(reader, &section, health);
    if !section.is_enabled {
        return Ok(None);
    }
    let setting = &table::UI_ENABLED;
    if lockdown.is_set() && !is_socket {
        return Err(reader.refuse(
            setting,
            "admin_ui.enabled: a rule of lockdown is set, under which the status page needs a unix socket; set health.unix_socket",
        ));
    }
    if section.token.is_none() && !is_socket {
        return Err(reader.refuse(
            setting,
            "admin_ui.enabled: needs a token or a unix socket; set admin_ui.token or health.unix_socket",
        ));
    }
    Ok(Some(Page {
        token: section.token,
        allow_remote: section.allow_remote && !is_socket,
        log_lines: section.log_lines,
    }))
}

fn warn_about_no_effect(reader: &mut Reader<'_>, section: &Section, health: &Health) {
    let remote = table::UI_REMOTE.key;
    match &health.listen {
        Listen::Named { .. } => {}
        _ if !section.allow_remote => {}
        Listen::Unix(_) => reader.warn(format!(
            "{remote} has no effect: the health listener is a unix socket, which other hosts cannot reach"
        )),
        Listen::Tcp { .. } if section.is_enabled => {}
        Listen::Tcp { .. } => reader.warn(format!(
            "{remote} has no effect: admin_ui.enabled is false, and the health listener is not bound to a host name"
        )),
    }
    if section.announce && !section.is_enabled {
        reader.warn(format!(
            "{} has no effect: admin_ui.enabled is false",
            table::UI_OPEN.key
        ));
    }
}

/// The token: from its variable as it is, from a flag or a file only by reference.
fn token(reader: &mut Reader<'_>) -> Checked<Option<SecretString>> {
    let setting = &table::UI_TOKEN;
    let Some(written) = reader.sources.one(setting) else {
        return Ok(None);
    };
    let token = read(&reader.sources, &written);
    token.map(Some).map_err(|problem| reader.refuse(setting, problem))
}

fn read(sources: &Sources<'_>, written: &Written<'_>) -> Result<SecretString, String> {
    let token = match place_of(TOKEN, written)? {
        Place::Variable(_, token) => SecretString::from(token.trim()),
        Place::Reference(reference) => sources
            .secret(&reference, SECRET_FILE_MAX)
            .map_err(|error| format!("{TOKEN}: {reference} {error}"))?,
    };
    check(token.expose_secret())
        .map_err(|why| format!("{TOKEN} is not usable: {why}; make one with: openssl rand -hex 32"))?;
    Ok(token)
}

/// Checks that a text is a bearer token (RFC 6750, section 2.1) that nobody guesses. The token is never part of the message.
fn check(token: &str) -> Result<(), &'static str> {
    let core = token.trim_end_matches('=');
    let is_core_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if token.len() > PAGE_TOKEN_MAX {
        Err("it has more than 256 characters")
    } else if !core.bytes().all(is_core_byte) {
        Err("it has a character that is no letter, digit or one of -._~+/, or a = that is not at its end")
    } else if core.len() < PAGE_TOKEN_MIN {
        Err("it has less than 16 characters before the = at its end")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_enough_to_be_none_that_is_guessed() {
        for token in ["0123456789abcdef", "AZaz09-._~+/0123==", &"x".repeat(256)] {
            assert_eq!(check(token), Ok(()), "{token}");
        }
        for token in [
            "",
            "================",
            "0123456789abcde",
            "0123456789abcde=",
            "0123456789abcdef=0",
            "0123456789abcdef g",
            "0123456789abcde\u{e4}f",
            "file:/run/0123456789",
            &"x".repeat(257),
        ] {
            assert!(check(token).is_err(), "{token}");
        }
    }
}
