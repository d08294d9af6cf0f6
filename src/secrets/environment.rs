//! A snapshot of the environment that wipes itself.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use secrecy::zeroize::Zeroizing;

/// The environment as it was at one moment. Values are wiped when it is dropped, because one of them is the API key.
#[derive(Default)]
pub struct Environment {
    variables: BTreeMap<OsString, Zeroizing<Vec<u8>>>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of `name`; set to empty is unset (contract: config, section 2).
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(|value| OsStr::from_bytes(value))
            .filter(|value| !value.is_empty())
    }

    /// Every variable, sorted by name, those set to empty too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let variables = self.variables.iter();
        variables.map(|(name, value)| (name.as_os_str(), OsStr::from_bytes(value)))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        // The vectors are taken over, not copied: one copy to wipe.
        let wiped = |value: V| Zeroizing::new(value.into().into_vec());
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), wiped(value)))
                .collect(),
        }
    }
}

impl fmt::Debug for Environment {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_set_to_empty_is_unset() {
        let environment: Environment = [("EMPTY", ""), ("FULL", "x")].into_iter().collect();
        assert_eq!(environment.value("EMPTY"), None);
        assert_eq!(environment.value("FULL"), Some(OsStr::new("x")));
        assert_eq!(environment.value("ABSENT"), None);
    }

    #[test]
    fn debug_output_shows_names_and_no_values() {
        let environment: Environment = [("CONTROL_PLANE_API_KEY", "sekret-value")].into_iter().collect();
        let shown = format!("{environment:?}");
        assert!(
            shown.contains("CONTROL_PLANE_API_KEY") && !shown.contains("sekret-value"),
            "{shown}"
        );
    }
}
