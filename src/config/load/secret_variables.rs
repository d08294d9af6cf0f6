//! Which environment variables hold secrets: no child process may see them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::config::settings::{ADMIN_SETTINGS, HeaderEntry, Kind, SETTINGS, Setting, Shown, Sources};
use crate::secrets::{Masking, Prefix, Reference};
use crate::telemetry::redact::is_sensitive_name;

/// Variables of other commands.
const OF_OTHERS: [&str; 1] = ["CLOUDFLARED_TUNNEL_TOKEN"];

/// Settings whose values can hold a secret. They count whether or not a flag wins over them, because the secret is there all the same.
fn holders() -> impl Iterator<Item = &'static Setting> {
    let all = ADMIN_SETTINGS.iter().chain(SETTINGS).copied();
    all.filter(|setting| setting.holds_secret)
}

/// Variables that can hold a secret of ours in their text, some of them more than once.
fn variables() -> impl Iterator<Item = &'static str> {
    let ours = holders().flat_map(|setting| setting.variables);
    ours.chain(&OF_OTHERS).copied()
}

/// The names of all of them, and of those that settings refer to.
pub(super) fn secret_variables(sources: &Sources<'_>) -> Vec<String> {
    let mut names = Names(Vec::new());
    variables().for_each(|name| names.add(name));
    for &setting in SETTINGS.iter().filter(|setting| setting.holds_secret) {
        match setting.kind {
            Kind::Headers => {
                for entry in sources.headers(setting) {
                    match entry {
                        HeaderEntry::Text(written) => {
                            let line = written.value.to_str().unwrap_or_default();
                            names.add_reference(line.split_once(':').map_or("", |(_, value)| value.trim()));
                        }
                        HeaderEntry::Pair(_, written) => {
                            names.add_reference(written.value.to_str().unwrap_or_default())
                        }
                    }
                }
            }
            Kind::Records(..) => {
                for entry in sources.records(setting) {
                    let Ok(parts) = entry.parts(setting) else { continue };
                    if let Some(proxy) = parts.get("http_proxy") {
                        names.add_proxy(sources, OsStr::new(proxy));
                    }
                    // The URL of a server can hold a token.
                    if let (Some(_), Some(url)) = (entry.record(), parts.get("url")) {
                        names.add_reference(url);
                    }
                }
            }
            Kind::One | Kind::Switch | Kind::List(_) => match (sources.one(setting), setting.shown) {
                (Some(written), Shown::Secret) => names.add_reference(written.value.to_str().unwrap_or_default()),
                (Some(written), _) => names.add_proxy(sources, written.value),
                (None, _) => {}
            },
        }
    }
    names.0
}

/// How values of the flag of this name, without dashes, are masked. A header is no reference as a whole, whatever its name is.
#[must_use]
pub fn flag_masking(name: &str) -> Masking {
    match holders().find(|setting| setting.flag == name || setting.hidden_flag == Some(name)) {
        None => Masking::None,
        Some(setting) if setting.kind == Kind::Headers => Masking::Always,
        Some(_) => Masking::Literals,
    }
}

/// Whether the environment variable of this name can hold a secret of ours, whatever a configuration refers to.
#[must_use]
pub fn variable_holds_secret(name: &str) -> bool {
    variables().any(|known| known == name)
}

/// Shows `see` the secrets in a value of the flag (`is_flag`, without dashes) or variable of this name, before any configuration is
/// read: a key that is no reference, the values of headers whose names tell, user and password of a URL.
pub fn written_secrets(is_flag: bool, name: &str, value: &str, see: &mut dyn FnMut(&str)) {
    let is_named = |setting: &&Setting| match is_flag {
        true => setting.flag == name || setting.hidden_flag == Some(name),
        false => setting.variables.contains(&name),
    };
    let Some(setting) = holders().find(is_named) else {
        return;
    };
    let value = value.trim();
    if setting.kind == Kind::Headers {
        let lines = value.split(['\n', ',', ';']).filter_map(|line| line.split_once(':'));
        for (_, value) in lines.filter(|(name, _)| is_sensitive_name(name.trim())) {
            see(value.trim());
        }
    } else if setting.shown == Shown::Secret && !Reference::is_meant(value, Prefix::Exact) {
        see(value);
    }
    let authorities = value.split("://").skip(1);
    for userinfo in authorities.filter_map(|rest| rest.split(['/', '?', '#']).next()?.rsplit_once('@')) {
        let (_, password) = userinfo.0.split_once(':').unwrap_or_default();
        see(password);
        see(userinfo.0);
    }
}

/// Names, each once.
struct Names(Vec<String>);

impl Names {
    fn add(&mut self, name: &str) {
        if !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// The variable that `written` refers to. Prefixes in any case: too many names do no harm.
    fn add_reference(&mut self, written: &str) {
        if let Some(Reference::Variable(name)) = Reference::parse_any_case(written) {
            self.add(&name);
        }
    }

    /// The variable that `written` refers to, if the proxy in it has a password.
    fn add_proxy(&mut self, sources: &Sources<'_>, written: &OsStr) {
        if let Some(Reference::Variable(name)) = Reference::parse(written)
            && sources.environment.value(&name).is_some_and(has_userinfo)
        {
            self.add(&name);
        }
    }
}

fn has_userinfo(url: &OsStr) -> bool {
    url.as_bytes().contains(&b'@')
}
