//! `env:NAME`, `file:PATH` and `credential:NAME`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::credential::{self, Credential};
use super::{Environment, FileError, Files};

/// Where a value is kept, instead of the value (contract: config, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `env:NAME`: the value of an environment variable.
    Variable(String),
    /// `file:PATH`: the contents of a file.
    File(PathBuf),
    /// `credential:NAME`: the contents of a file in the directory of systemd's credentials.
    Credential(String),
}

/// Whose prefixes may be written in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// Lower case only, as in flags and variables.
    Exact,
    /// Any case, as in configuration files.
    AnyCase,
}

impl Reference {
    /// Reads a reference, prefix in lower case; `None` when `text` is none, or none that could lead anywhere.
    #[must_use]
    pub fn parse(text: &OsStr) -> Option<Self> {
        let bytes = text.as_bytes();
        if let Some(name) = bytes.strip_prefix(b"env:") {
            let name = str::from_utf8(name).ok().filter(|name| is_variable_name(name))?;
            return Some(Self::Variable(name.to_owned()));
        }
        if let Some(name) = bytes.strip_prefix(b"credential:") {
            let name = str::from_utf8(name).ok().filter(|name| credential::is_name(name))?;
            return Some(Self::Credential(name.to_owned()));
        }
        let path = bytes.strip_prefix(b"file:").filter(|path| !path.is_empty())?;
        Some(Self::File(PathBuf::from(OsStr::from_bytes(path))))
    }

    /// Whether `text` is meant as a reference, right or wrong: it begins as one.
    #[must_use]
    pub fn is_meant(text: &str, prefix: Prefix) -> bool {
        PREFIXES.iter().any(|known| begins(text, known, prefix))
    }

    /// Reads a reference whose prefix may be written in any case, with white space after it.
    #[must_use]
    pub fn parse_any_case(text: &str) -> Option<Self> {
        let known = PREFIXES.iter().find(|known| begins(text, known, Prefix::AnyCase))?;
        let rest = text.get(known.len()..)?.trim();
        Self::parse(OsStr::new(&format!("{known}{rest}")))
    }

    /// The file that this names, if it names one.
    ///
    /// # Errors
    ///
    /// It is a credential, and the service manager has none for us.
    pub fn file(&self, environment: &Environment) -> Result<Option<PathBuf>, ReferenceError> {
        match self {
            Self::Variable(_) => Ok(None),
            Self::File(path) => Ok(Some(path.clone())),
            Self::Credential(name) => {
                let directory = credential::directory(environment);
                let directory = directory.ok_or_else(|| ReferenceError::NoCredentials(Credential::new(name)))?;
                Ok(Some(directory.join(name)))
            }
        }
    }

    /// The secret this points to. A variable's value is taken as it is, a file's contents are trimmed.
    ///
    /// # Errors
    ///
    /// The variable is not set, the file cannot be read, is larger than `limit` or open to others, or what was found is
    /// empty or no text.
    pub fn secret(
        &self,
        environment: &Environment,
        files: &dyn Files,
        limit: usize,
    ) -> Result<SecretString, ReferenceError> {
        let read = |path: &Path| files.read_secret(path, limit);
        let text = self.text(environment, read)?;
        match (self, text.trim()) {
            (_, "") => Err(ReferenceError::Empty),
            (Self::Variable(_), _) => Ok(SecretString::from(text.as_str())),
            (_, trimmed) => Ok(SecretString::from(trimmed)),
        }
    }

    /// What this points to, as it is; `read` reads files.
    ///
    /// # Errors
    ///
    /// The variable is not set, the file cannot be read, or what was found is no text.
    pub fn text(
        &self,
        environment: &Environment,
        read: impl FnOnce(&Path) -> io::Result<Zeroizing<Vec<u8>>>,
    ) -> Result<Zeroizing<String>, ReferenceError> {
        let text = |bytes: &[u8]| {
            let text = str::from_utf8(bytes).map_err(|_| ReferenceError::NotText)?;
            Ok(Zeroizing::new(text.to_owned()))
        };
        match (self, self.file(environment)?) {
            (Self::Variable(name), _) => text(environment.value(name).ok_or(ReferenceError::NotSet)?.as_bytes()),
            (_, Some(path)) => text(&read(&path).map_err(|error| self.unread(error))?),
            (_, None) => Err(ReferenceError::NotSet),
        }
    }

    /// Why its file is not read.
    pub(crate) fn unread(&self, error: io::Error) -> ReferenceError {
        match self {
            Self::Credential(name) => match error.kind() {
                io::ErrorKind::NotFound => ReferenceError::NoCredential(Credential::new(name)),
                io::ErrorKind::PermissionDenied => ReferenceError::HiddenCredentials,
                _ => ReferenceError::File(error),
            },
            _ => ReferenceError::File(error),
        }
    }

    /// As it is written, if it may be shown: `env:NAME`, `file:PATH`, `credential:NAME`.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Variable(name) if looks_like_a_variable(name) => format!("env:{name}"),
            Self::Variable(_) => "env:...".to_owned(),
            Self::File(path) if path.as_os_str().as_bytes().contains(&b'/') => format!("file:{}", path.display()),
            Self::File(_) => "file:...".to_owned(),
            Self::Credential(name) if credential::is_plain(name) => format!("credential:{name}"),
            Self::Credential(_) => "credential:...".to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    /// Names the place, unless the name could itself be the secret: `env:$KEY`, expanded by a shell, is a common slip.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) if looks_like_a_variable(name) => write!(f, "variable {name}"),
            Self::Variable(_) => f.write_str("variable named after env:"),
            Self::File(path) if path.as_os_str().as_bytes().contains(&b'/') => {
                write!(f, "file {path:?}")
            }
            Self::File(_) => f.write_str("file named after file:"),
            Self::Credential(name) if credential::is_plain(name) => write!(f, "credential {name}"),
            Self::Credential(_) => f.write_str("credential named after credential:"),
        }
    }
}

/// A reference that leads nowhere. Neither the value nor the name is part of the message.
#[derive(Debug)]
pub enum ReferenceError {
    /// The variable is not set, or set to nothing.
    NotSet,
    /// The service manager handed over no credentials.
    NoCredentials(Credential),
    /// The service manager handed over others.
    NoCredential(Credential),
    /// The service manager keeps them from this process.
    HiddenCredentials,
    /// The file cannot be read.
    File(io::Error),
    /// There is nothing but white space.
    Empty,
    /// The value is not UTF-8.
    NotText,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("is not set; set it"),
            Self::NoCredentials(credential) => write!(
                f,
                "is not there, because the service manager handed over none ({} is not set); {credential}; for a service manager \
                 without credentials (systemd before 247), and outside of the service, write file:PATH",
                credential::DIRECTORY
            ),
            Self::NoCredential(credential) => {
                write!(
                    f,
                    "is not among those that the service manager handed over; {credential}"
                )
            }
            Self::HiddenCredentials => f.write_str(
                "is hidden from this process: the service manager shows credentials to the user of the service alone, and systemd before \
                 257 does not show them to ExecReload= of a unit with mounts of its own; run the command where they can be seen, as \
                 the unit of the package does",
            ),
            Self::File(error) if error.get_ref().is_some_and(|inner| inner.is::<FileError>()) => {
                write!(f, "is refused: {error}")
            }
            Self::File(error) => write!(f, "cannot be read: {error}; correct the path or the file"),
            Self::Empty => f.write_str("is empty; put the value there"),
            Self::NotText => f.write_str("is not UTF-8 text; correct it"),
        }
    }
}

impl std::error::Error for ReferenceError {}

const PREFIXES: [&str; 3] = ["env:", "file:", "credential:"];

fn begins(text: &str, prefix: &str, case: Prefix) -> bool {
    match (text.get(..prefix.len()), case) {
        (Some(start), Prefix::Exact) => start == prefix,
        (Some(start), Prefix::AnyCase) => start.eq_ignore_ascii_case(prefix),
        (None, _) => false,
    }
}

pub(crate) fn is_variable_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Upper case with an underscore, as variables are written and keys are not.
fn looks_like_a_variable(name: &str) -> bool {
    name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use secrecy::ExposeSecret;

    use super::*;

    struct OneFile(&'static str);

    impl Files for OneFile {
        fn is_there(&self, _: &Path) -> bool {
            false
        }

        fn read(&self, path: &Path, _limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
            Err(io::Error::other(format!("not read as a secret: {}", path.display())))
        }

        fn read_secret(&self, path: &Path, _limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
            if [Path::new("/run/key"), Path::new("/run/credentials/unit/key")].contains(&path) {
                Ok(Zeroizing::new(self.0.as_bytes().to_vec()))
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        }
    }

    fn secret(reference: &str, file: &'static str) -> Result<String, String> {
        let environment: Environment = [
            ("KEY_VAR", " spaced "),
            ("BLANK", " "),
            ("CREDENTIALS_DIRECTORY", "/run/credentials/unit"),
        ]
        .into_iter()
        .collect();
        Reference::parse(OsStr::new(reference))
            .ok_or("no reference".to_owned())?
            .secret(&environment, &OneFile(file), 100)
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_variable_is_taken_as_it_is_and_a_file_is_trimmed() {
        assert_eq!(secret("env:KEY_VAR", "").unwrap(), " spaced ");
        assert_eq!(secret("file:/run/key", " \tabc\r\n").unwrap(), "abc");
        assert_eq!(secret("credential:key", " \tabc\r\n").unwrap(), "abc");
    }

    #[test]
    fn a_credential_without_a_service_manager_says_what_the_unit_needs() {
        let reference = Reference::parse(OsStr::new("credential:key")).unwrap();
        let error = reference
            .secret(&Environment::default(), &OneFile("abc"), 100)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("CREDENTIALS_DIRECTORY") && error.contains("LoadCredential=key with"),
            "{error}"
        );
        // It handed over another one.
        let error = secret("credential:other", "abc").unwrap_err();
        assert!(
            error.starts_with("is not among those") && error.contains("LoadCredential=other with"),
            "{error}"
        );
    }

    #[test]
    fn in_a_configuration_file_the_prefix_may_be_in_capitals() {
        for (text, written) in [
            ("ENV:MY_KEY", Some("env:MY_KEY")),
            ("File: /run/key", Some("file:/run/key")),
            ("Credential:api-key", Some("credential:api-key")),
            ("env:not a name", None),
            ("credential:../key", None),
            ("http://h", None),
            ("\u{e4}nv:X", None),
        ] {
            let parsed = Reference::parse_any_case(text).map(|reference| reference.written());
            assert_eq!(parsed.as_deref(), written, "{text}");
        }
        assert!(Reference::is_meant("ENV:", Prefix::AnyCase) && !Reference::is_meant("ENV:", Prefix::Exact));
    }

    #[test]
    fn what_is_missing_or_empty_is_an_error() {
        assert_eq!(secret("env:OTHER", "").unwrap_err(), "is not set; set it");
        assert!(secret("file:/run/key", " \n").unwrap_err().starts_with("is empty; "));
        assert!(secret("env:BLANK", "").unwrap_err().starts_with("is empty; "));
        assert!(
            secret("file:/run/other", "")
                .unwrap_err()
                .starts_with("cannot be read: ")
        );
    }

    #[test]
    fn only_the_prefixes_in_lower_case_are_references() {
        for text in [
            "",
            "sk-abc",
            "ENV:X",
            "File:/x",
            "env:",
            "file:",
            "env:sk-abc",
            "env:1X",
            "env:a b",
            "vault:x",
            "credential:",
            "credential:..",
            "credential:a/b",
        ] {
            assert_eq!(Reference::parse(OsStr::new(text)), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_could_be_the_secret_is_not_shown() {
        for (text, shown) in [
            ("env:CONTROL_PLANE_API_KEY", "variable CONTROL_PLANE_API_KEY"),
            ("env:trk_0a1b2c3d", "variable named after env:"),
            ("env:ABCDEFGH", "variable named after env:"),
            ("file:/run/credentials/key", "file \"/run/credentials/key\""),
            ("file:sk-abcdef", "file named after file:"),
            ("credential:api-key", "credential api-key"),
            ("credential:trk_0a1b2c3d", "credential named after credential:"),
        ] {
            assert_eq!(Reference::parse(OsStr::new(text)).unwrap().to_string(), shown, "{text}");
        }
    }
}
