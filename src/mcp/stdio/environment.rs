//! What of our environment a child receives: a list of harmless names, what the operator adds, never our own secrets
//! (spec: better 4).

use std::ffi::OsString;

use secrecy::{ExposeSecret, SecretString};

/// Passed on when set: where programs, homes, temporary files and languages are.
const PASSED: [&str; 16] = [
    "HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONUTF8", "SHELL",
    "SSL_CERT_DIR", "SSL_CERT_FILE", "TEMP", "TERM", "TMP", "TMPDIR", "TZ",
];
/// Passed on by prefix.
const PASSED_PREFIXES: [&str; 2] = ["LC_", "XDG_"];
/// Never passed on, whatever the operator writes.
const OURS: [&str; 3] = ["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"];

/// The environment of the children.
#[derive(Debug, Default, Clone)]
pub struct Environment {
    pub(super) passed: Vec<(OsString, OsString)>,
    /// Names of variables that children do not receive, sorted.
    pub withheld: Vec<String>,
}

impl Environment {
    /// Chooses from `ours`. `patterns` name more variables, `*` at the end standing for any rest; a variable whose value is
    /// `secret` is not passed on under any name.
    pub fn choose(
        ours: impl Iterator<Item = (OsString, OsString)>,
        patterns: &[String],
        secret: &SecretString,
    ) -> Self {
        let mut chosen = Self::default();
        for (name, value) in ours {
            let text = name.to_string_lossy();
            let secret = OURS.contains(&&*text) || value.to_string_lossy().contains(secret.expose_secret());
            if !secret && is_passed(&text, patterns) {
                chosen.passed.push((name, value));
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
            ("CONTROL_PLANE_API_KEY", "k-1"),
            ("MY_KEY", "k-1"),
        ]
        .map(|(n, v)| (OsString::from(n), OsString::from(v)));
        let patterns = ["DB_*".to_owned(), "MY_KEY".to_owned(), "CONTROL*".to_owned()];
        let chosen = Environment::choose(ours.into_iter(), &patterns, &SecretString::from("k-1"));
        let names: Vec<_> = chosen.passed.iter().map(|(n, _)| n.to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "DB_HOST"]);
        assert_eq!(chosen.withheld, ["CONTROL_PLANE_API_KEY", "GITHUB_TOKEN", "MY_KEY"]);
    }
}
