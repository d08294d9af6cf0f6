//! What of our environment the stdio servers receive: a list of harmless names, what the operator adds, never our own secrets
//! (contract: config, section 9).

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use super::{Settings, Target};
use crate::secrets::{ApiKey, Environment};
use crate::service_manager;
use crate::telemetry::redact::is_sensitive_name;

/// Passed on when set: where programs, homes, temporary files and languages are.
const PASSED: [&str; 16] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "PYTHONIOENCODING",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
];
/// Passed on by prefix.
const PASSED_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// The bytes of a value, wiped when dropped.
type Wiped = Zeroizing<Vec<u8>>;

/// What servers may receive of the environment as it was when the configuration was read.
#[derive(Default)]
pub struct Inheritance {
    /// What some server receives; none of them a secret of ours, but perhaps one of a server.
    passed: Vec<(OsString, Wiped)>,
    /// Names of everything else.
    withheld: Vec<String>,
}

/// The environment of one server.
#[derive(Default)]
pub struct ChildEnvironment {
    /// Names and values; each name once.
    pub variables: Vec<(OsString, Wiped)>,
    /// Names of our variables that it does not receive, sorted.
    pub withheld: Vec<String>,
}

impl fmt::Debug for Inheritance {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.passed.iter().map(|(name, _)| name)).finish()
    }
}

impl fmt::Debug for ChildEnvironment {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.variables.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

impl Inheritance {
    /// Chooses from `environment` what the list or one of `patterns` names (`*` at the end standing for any rest). Those named in
    /// `secrets`, any that holds `key` under another name, and those of the service manager are never passed on.
    pub(in crate::config) fn choose<'p>(
        environment: &Environment,
        patterns: impl Iterator<Item = &'p String> + Clone,
        secrets: &[String],
        key: &ApiKey,
    ) -> Self {
        let mut chosen = Self::default();
        for (name, value) in environment.iter() {
            let text = name.to_string_lossy();
            let is_secret = secrets.iter().any(|name| *name == text) || holds(value, key);
            if !is_secret && !service_manager::is_variable(name) && is_passed(&text, patterns.clone()) {
                chosen
                    .passed
                    .push((name.to_owned(), Wiped::new(value.as_bytes().to_vec())));
            } else {
                chosen.withheld.push(text.into_owned());
            }
        }
        chosen
    }

    /// Shows the values whose names tell that they are secrets of servers.
    pub(super) fn for_each_secret(&self, see: &mut impl FnMut(&str)) {
        for (name, value) in &self.passed {
            if name.to_str().is_some_and(is_sensitive_name)
                && let Ok(value) = std::str::from_utf8(value)
            {
                see(value);
            }
        }
    }
}

impl Settings {
    /// The environment of the server behind `target`: what it receives of ours, and over that what its binding sets. Empty for a
    /// server behind a URL.
    #[must_use]
    pub fn child_environment(&self, target: &Target) -> ChildEnvironment {
        let mut chosen = ChildEnvironment::default();
        let Target::Stdio { env, pass_env, .. } = target else {
            return chosen;
        };
        chosen.withheld.clone_from(&self.inheritance.withheld);
        for (name, value) in &self.inheritance.passed {
            let text = name.to_string_lossy();
            if env.iter().any(|variable| *variable.name == *text) {
                continue;
            }
            if is_passed(&text, self.mcp.pass_env.iter().chain(pass_env)) {
                chosen.variables.push((name.clone(), value.clone()));
            } else {
                chosen.withheld.push(text.into_owned());
            }
        }
        let own = env.iter().map(|variable| {
            let value = variable.value.expose_secret().as_bytes().to_vec();
            (variable.name.clone().into(), Wiped::new(value))
        });
        chosen.variables.extend(own);
        chosen
            .withheld
            .retain(|name| env.iter().all(|variable| variable.name != *name));
        chosen.withheld.sort();
        chosen
    }
}

impl ChildEnvironment {
    /// The value of a variable.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| OsStr::from_bytes(value))
    }
}

/// Whether a value has the key in it.
pub(in crate::config) fn holds(value: &OsStr, key: &ApiKey) -> bool {
    memchr::memmem::find(value.as_bytes(), key.expose_secret().as_bytes()).is_some()
}

fn is_passed<'p>(name: &str, mut patterns: impl Iterator<Item = &'p String>) -> bool {
    PASSED.contains(&name)
        || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || patterns.any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn children_receive_what_is_listed_and_never_our_secrets_or_the_service_manager() {
        let ours: Environment = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GITHUB_TOKEN", "t"),
            ("DB_HOST", "h"),
            ("MY_KEY", "k-1"),
            ("DB_PASSWORD", "p"),
            ("NOTIFY_SOCKET", "/run/systemd/notify"),
        ]
        .into_iter()
        .collect();
        let patterns = ["DB_*", "MY_KEY", "NOTIFY_SOCKET"].map(str::to_owned);
        let chosen = Inheritance::choose(
            &ours,
            patterns.iter(),
            &["DB_PASSWORD".to_owned()],
            &ApiKey::new("k-1").unwrap(),
        );
        let names: Vec<_> = chosen.passed.iter().map(|(name, _)| name.to_string_lossy()).collect();
        assert_eq!(names, ["DB_HOST", "LC_ALL", "PATH"]);
        assert_eq!(
            chosen.withheld,
            ["DB_PASSWORD", "GITHUB_TOKEN", "MY_KEY", "NOTIFY_SOCKET"]
        );
    }
}
