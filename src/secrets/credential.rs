//! Credentials that a service manager hands over as files (systemd.exec(5), LoadCredential=).

use std::fmt;
use std::path::Path;

use super::Environment;
use crate::limits::CREDENTIAL_NAME_MAX;

/// Variable with the directory of the credentials of a unit.
pub(super) const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Prefix of the names of the files in a directory that packages load as one: `LoadCredential=secret:DIRECTORY`.
const OF_PACKAGE: &str = "secret_";

/// That directory.
const PACKAGE: &str = "/etc/tunnel-client/secrets";

/// A credential that is missing; shows what brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its name, unless that could be a secret written in the wrong place.
    name: Option<String>,
}

impl Credential {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: is_plain(name).then(|| name.to_owned()),
        }
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("NAME");
        if let Some(file) = name.strip_prefix(OF_PACKAGE).filter(|file| !file.is_empty()) {
            write!(
                f,
                "put it into {PACKAGE}/{file}, which the unit of the package loads (LoadCredential=secret:{PACKAGE}), or "
            )?;
        }
        // In the unit a colon separates the two; a sentence with "key:" would lose what follows to the scrubber of errors.
        write!(
            f,
            "add LoadCredential={name} with the path of its file to the unit, and restart the service"
        )
    }
}

/// The directory of credentials, as the service manager names it.
pub(crate) fn directory(environment: &Environment) -> Option<&Path> {
    environment.value(DIRECTORY).map(Path::new)
}

/// Whether the service manager takes it for a name (`credential_name_valid` of systemd): one file in a directory, printable, without
/// the colon that ends a name in a unit.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'/' | b':');
    !matches!(name, "" | "." | "..") && name.len() <= CREDENTIAL_NAME_MAX && name.bytes().all(is_plain)
}

/// As credentials are named and keys are not: short words of letters.
pub(super) fn is_plain(name: &str) -> bool {
    name.len() <= 40
        && !name.starts_with("sk-")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_service_manager() {
        for name in ["key", "secret_api-key", "a b", "x.pem", &"x".repeat(255)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a:b",
            "a\n",
            "a\0",
            "\u{e4}",
            "\u{7f}",
            &"x".repeat(256),
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn the_remedy_names_the_line_of_the_unit_and_the_file_of_the_package() {
        let remedy = Credential::new("proxy").to_string();
        assert_eq!(
            remedy,
            "add LoadCredential=proxy with the path of its file to the unit, and restart the service"
        );
        let remedy = Credential::new("secret_api-key").to_string();
        assert!(
            remedy.contains("/etc/tunnel-client/secrets/api-key")
                && remedy.contains("LoadCredential=secret_api-key with"),
            "{remedy}"
        );
        let remedy = Credential::new("trk_0a1b2c3d").to_string();
        assert!(
            remedy.contains("LoadCredential=NAME with") && !remedy.contains("trk"),
            "{remedy}"
        );
    }
}
