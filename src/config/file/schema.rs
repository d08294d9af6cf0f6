//! Which keys a configuration file may have, and what was probably meant by others.

use crate::config::settings::{SETTINGS, Setting};
use crate::limits::CONFIG_KEY_COMPARED_MAX;

/// Top-level keys that are no settings.
pub(super) const CONFIG_VERSION: &str = "config_version";
/// See [`CONFIG_VERSION`].
pub(super) const CLOUDFLARED: &str = "cloudflared";
/// See [`CONFIG_VERSION`].
pub(super) const CODEX: &str = "codex";

/// The keys of [`CLOUDFLARED`].
pub(super) const CLOUDFLARED_KEYS: [&str; 4] = ["token", "managed", "path", "ready_timeout"];

/// Where a key stands: at the top (`None`) or in a section.
pub(super) type Section = Option<&'static str>;

/// The setting `name` in `section`.
pub(super) fn setting(section: Section, name: &str) -> Option<&'static Setting> {
    SETTINGS
        .iter()
        .copied()
        .find(|setting| split(setting) == (section, name))
}

/// The section called `name`.
pub(super) fn section(name: &str) -> Section {
    SETTINGS
        .iter()
        .find_map(|setting| split(setting).0.filter(|section| *section == name))
}

/// Whether `name` may stand at the top.
pub(super) fn is_top_level(name: &str) -> bool {
    setting(None, name).is_some() || section(name).is_some() || matches!(name, CONFIG_VERSION | CLOUDFLARED | CODEX)
}

/// What was probably meant by a key that is not known where it stands.
pub(super) struct Guess {
    /// A sentence for the message.
    pub(super) advice: String,
    /// The setting, when it is one.
    pub(super) setting: Option<&'static Setting>,
}

/// Looks for a slip of the pen, a wrong section, and a flag or a variable in the place of a key.
pub(super) fn guess(section: Section, name: &str) -> Option<Guess> {
    let elsewhere: Vec<&'static Setting> = SETTINGS
        .iter()
        .copied()
        .filter(|setting| split(setting).1 == name && split(setting).0 != section)
        .collect();
    if let [setting] = elsewhere[..] {
        return Some(belongs(setting));
    }
    let other_name = SETTINGS.iter().copied().find(|setting| {
        let mut names = setting
            .variables
            .iter()
            .chain(&setting.hidden_flag)
            .chain([&setting.flag]);
        setting.key == name || names.any(|known| *known == name)
    });
    if let Some(setting) = other_name {
        return Some(belongs(setting));
    }
    if let Some(known) = closest(keys(section), name) {
        return Some(Guess {
            advice: format!("did you mean {known}?"),
            setting: setting(section, known),
        });
    }
    if elsewhere.is_empty() {
        let (known, setting) = closest_of(SETTINGS.iter().map(|setting| (split(setting).1, *setting)), name, 1)?;
        let place = split(setting).0.map_or_else(top, str::to_owned);
        return Some(Guess {
            advice: format!("did you mean {known} in {place}?"),
            setting: Some(setting),
        });
    }
    let places: Vec<&str> = elsewhere.iter().filter_map(|setting| split(setting).0).collect();
    Some(Guess {
        advice: format!("it belongs to one of {}", places.join(", ")),
        setting: None,
    })
}

/// The one of `known` that differs from `name` by few letters.
pub(super) fn closest(known: impl IntoIterator<Item = &'static str>, name: &str) -> Option<&'static str> {
    let longest = name.chars().count();
    closest_of(known.into_iter().map(|key| (key, ())), name, (longest / 3).clamp(1, 3)).map(|(key, ())| key)
}

/// The keys at the top or in a section, sections included.
fn keys(section: Section) -> impl Iterator<Item = &'static str> {
    let at_top = section.is_none();
    let names = SETTINGS.iter().filter_map(move |setting| match split(setting) {
        (place, name) if place == section => Some(name),
        (place, _) if at_top => place,
        _ => None,
    });
    names.chain(at_top.then_some(CONFIG_VERSION))
}

fn belongs(setting: &'static Setting) -> Guess {
    let (section, name) = split(setting);
    let place = section.map_or_else(top, |section| format!("in section {section}"));
    Guess {
        advice: format!("write it as {name} {place}"),
        setting: Some(setting),
    }
}

fn top() -> String {
    "at the top level".to_owned()
}

/// Section and name of a setting's key.
fn split(setting: &'static Setting) -> (Section, &'static str) {
    match setting.key.split_once('.') {
        Some((section, name)) => (Some(section), name),
        None => (None, setting.key),
    }
}

fn closest_of<T>(
    known: impl IntoIterator<Item = (&'static str, T)>,
    name: &str,
    distance_max: usize,
) -> Option<(&'static str, T)> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    if name.len() > CONFIG_KEY_COMPARED_MAX {
        return None;
    }
    let near = known
        .into_iter()
        .filter(|(key, _)| key.len().abs_diff(name.len()) <= distance_max)
        .map(|(key, value)| (distance(&name, key), key, value))
        .filter(|(distance, ..)| *distance <= distance_max);
    near.min_by_key(|(distance, ..)| *distance)
        .map(|(_, key, value)| (key, value))
}

/// How many letters to add, drop, change or swap with the next one, to get from one word to the other.
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.iter().enumerate() {
        let mut next = vec![line + 1];
        for (column, wanted) in to.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&row, column) + usize::from(letter != wanted);
            let mut least = changed.min(at(&row, column + 1) + 1).min(at(&next, column) + 1);
            let is_swap =
                line > 0 && column > 0 && from.get(line - 1) == Some(wanted) && to.get(column - 1) == Some(letter);
            if is_swap {
                least = least.min(at(&before, column - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn advice(section: Section, name: &str) -> String {
        guess(section, name).map_or_else(String::new, |guess| guess.advice)
    }

    #[test]
    fn distance_counts_changes_and_swaps() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("url", "url", 0),
            ("ulr", "url", 1),
            ("tunnelid", "tunnel_id", 1),
            ("pool_timeot", "poll_timeout", 2),
        ] {
            let letters: Vec<char> = from.chars().collect();
            assert_eq!(distance(&letters, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_slip_a_wrong_section_and_other_names_are_understood() {
        let control = Some("control_plane");
        for (section, name, expected) in [
            (control, "tunnel-id", "did you mean tunnel_id?"),
            (control, "pol_timeout", "did you mean poll_timeout?"),
            (None, "control_plan", "did you mean control_plane?"),
            (None, "config_versoin", "did you mean config_version?"),
            (None, "tunnel_id", "write it as tunnel_id in section control_plane"),
            (Some("mcp"), "listen_addr", "write it as listen_addr in section health"),
            (Some("mcp"), "ca_bundle", "write it as ca_bundle at the top level"),
            (None, "MCP_SERVER_URL", "write it as server_urls in section mcp"),
            (None, "health.listen-addr", "write it as listen_addr in section health"),
            (
                None,
                "control_plane.tunnel_id",
                "write it as tunnel_id in section control_plane",
            ),
            (None, "client_cert", "it belongs to one of control_plane, proxy, mcp"),
            (Some("log"), "unix_sockt", "did you mean unix_socket in health?"),
            (Some("mcp"), "comand", "did you mean commands?"),
            (Some("mcp"), "xyzzy", ""),
        ] {
            assert_eq!(advice(section, name), expected, "{section:?} {name}");
        }
        assert!(guess(None, &"x".repeat(100_000)).is_none());
    }

    #[test]
    fn every_key_of_the_table_is_found_where_it_stands() {
        for wanted in SETTINGS {
            let (section, name) = split(wanted);
            assert_eq!(setting(section, name).unwrap().key, wanted.key);
            assert_eq!(super::section(section.unwrap_or_default()), section);
        }
    }
}
