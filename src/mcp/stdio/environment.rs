//! What of our environment a child receives: a list of harmless names, what the operator adds, never our own secrets
//! (spec: better 4).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use secrecy::zeroize::Zeroizing;

use crate::config::Config;

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

/// The environment of the children.
#[derive(Debug, Default, Clone)]
pub struct Environment {
    pub(super) passed: Vec<(OsString, OsString)>,
    /// Names of variables that children do not receive, sorted.
    pub withheld: Vec<String>,
}

impl Environment {
    /// The environment of the children of this configuration.
    pub fn of_children(config: &Config) -> Self {
        let secrets = &config.secret_variables;
        Self::choose(
            std::env::vars_os(),
            &config.mcp.pass_env,
            secrets,
            config.control_plane.api_key.expose_secret(),
        )
    }

    /// Chooses from `ours`. `patterns` name more variables, `*` at the end standing for any rest. Those named in `secrets`,
    /// and any that holds `key` under another name, are not passed on; what is not passed on is wiped.
    fn choose(
        ours: impl Iterator<Item = (OsString, OsString)>,
        patterns: &[String],
        secrets: &[String],
        key: &str,
    ) -> Self {
        let mut chosen = Self::default();
        let key = key.as_bytes();
        for (name, value) in ours {
            let value = Zeroizing::new(value.into_vec());
            let text = name.to_string_lossy();
            let secret = secrets.iter().any(|name| *name == text) || memchr::memmem::find(&value, key).is_some();
            if !secret && is_passed(&text, patterns) {
                chosen.passed.push((name, OsString::from_vec(value.to_vec())));
            } else {
                chosen.withheld.push(text.into_owned());
            }
        }
        chosen.withheld.sort();
        chosen
    }
}

fn is_passed(name: &str, patterns: &[String]) -> bool {
    PASSED.contains(&name)
        || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_receive_what_is_listed_and_never_our_secrets() {
        let ours = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GITHUB_TOKEN", "t"),
            ("DB_HOST", "h"),
            ("MY_KEY", "k-1"),
            ("DB_PASSWORD", "p"),
        ]
        .map(|(n, v)| (OsString::from(n), OsString::from(v)));
        let patterns = ["DB_*".to_owned(), "MY_KEY".to_owned()];
        let chosen = Environment::choose(ours.into_iter(), &patterns, &["DB_PASSWORD".to_owned()], "k-1");
        let names: Vec<_> = chosen
            .passed
            .iter()
            .map(|(n, _)| n.to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["PATH", "LC_ALL", "DB_HOST"]);
        assert_eq!(chosen.withheld, ["DB_PASSWORD", "GITHUB_TOKEN", "MY_KEY"]);
    }
}
