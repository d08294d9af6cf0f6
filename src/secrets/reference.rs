//! `env:NAME` and `file:PATH`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::str;

use secrecy::SecretString;

use super::{Environment, Files};

/// Where a value is kept, instead of the value (spec: config, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `env:NAME`: the value of an environment variable.
    Variable(String),
    /// `file:PATH`: the contents of a file, without surrounding white space.
    File(PathBuf),
}

impl Reference {
    /// Reads `env:NAME` or `file:PATH`, prefix in lower case; `None` when `text` is neither.
    #[must_use]
    pub fn parse(text: &OsStr) -> Option<Self> {
        let bytes = text.as_bytes();
        if let Some(name) = bytes.strip_prefix(b"env:") {
            let name = str::from_utf8(name).ok().filter(|name| is_variable_name(name))?;
            return Some(Self::Variable(name.to_owned()));
        }
        let path = bytes.strip_prefix(b"file:").filter(|path| !path.is_empty())?;
        Some(Self::File(PathBuf::from(OsStr::from_bytes(path))))
    }

    /// The secret this points to. A variable's value is taken as it is, a file's contents are trimmed.
    ///
    /// # Errors
    ///
    /// The variable is not set, the file cannot be read or is larger than `limit`, or what was found is empty or no text.
    pub fn secret(
        &self,
        environment: &Environment,
        files: &dyn Files,
        limit: usize,
    ) -> Result<SecretString, ReferenceError> {
        match self {
            Self::Variable(name) => {
                let value = environment.value(name).ok_or(ReferenceError::NotSet)?;
                value.to_str().map(SecretString::from).ok_or(ReferenceError::NotText)
            }
            Self::File(path) => {
                let contents = files.read(path, limit).map_err(ReferenceError::File)?;
                match str::from_utf8(&contents).map_err(|_| ReferenceError::NotText)?.trim() {
                    "" => Err(ReferenceError::Empty),
                    text => Ok(SecretString::from(text)),
                }
            }
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
        }
    }
}

/// A reference that leads nowhere. Neither the value nor the name is part of the message.
#[derive(Debug)]
pub enum ReferenceError {
    /// The variable is not set, or set to nothing.
    NotSet,
    /// The file cannot be read.
    File(io::Error),
    /// The file holds nothing but white space.
    Empty,
    /// The value is not UTF-8.
    NotText,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("is not set"),
            Self::File(error) => write!(f, "cannot be read: {error}"),
            Self::Empty => f.write_str("is empty"),
            Self::NotText => f.write_str("is not UTF-8 text"),
        }
    }
}

impl std::error::Error for ReferenceError {}

fn is_variable_name(name: &str) -> bool {
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

    use std::path::Path;

    use secrecy::ExposeSecret;
    use secrecy::zeroize::Zeroizing;

    use super::*;

    struct OneFile(&'static str);

    impl Files for OneFile {
        fn read(&self, path: &Path, _limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
            if path == Path::new("/run/key") {
                Ok(Zeroizing::new(self.0.as_bytes().to_vec()))
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        }
    }

    fn secret(reference: &str, file: &'static str) -> Result<String, String> {
        let environment: Environment = [("KEY_VAR", " spaced ")].into_iter().collect();
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
    }

    #[test]
    fn what_is_missing_or_empty_is_an_error() {
        assert_eq!(secret("env:OTHER", "").unwrap_err(), "is not set");
        assert_eq!(secret("file:/run/key", " \n").unwrap_err(), "is empty");
        assert!(
            secret("file:/run/other", "")
                .unwrap_err()
                .starts_with("cannot be read: ")
        );
    }

    #[test]
    fn only_the_two_prefixes_in_lower_case_are_references() {
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
        ] {
            assert_eq!(Reference::parse(OsStr::new(text)).unwrap().to_string(), shown, "{text}");
        }
    }
}
