//! Which configuration file is read (contract: config, section 1).

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::profiles::{ProfileName, expand, place_before, profile_dirs, profiles};
use crate::config::settings::{ConfigError, ConfigErrors, File, Flags, Origin, Setting, Source, table, variable};
use crate::limits::{CONFIG_FILE_MAX, PROFILES_SHOWN_MAX};
use crate::secrets::{Environment, FileError, Files};

/// Selectors of which only one may be given.
static EXCLUSIVE: [&Setting; 3] = [&table::CONFIG, &table::PROFILE, &table::PROFILE_FILE];

/// The file that the flags and the environment choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// None: flags and environment only.
    #[default]
    None,
    /// `--config`.
    Config(PathBuf),
    /// `--profile`: its name and where it is kept, or would be.
    Profile {
        /// `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`.
        name: String,
        /// `<profile directory>/<name>.yaml`.
        path: PathBuf,
    },
    /// `--profile-file`.
    ProfileFile(PathBuf),
}

impl Selection {
    /// The place of a file that would be read instead of a chosen profile, if there were one.
    #[must_use]
    pub fn place_before(&self) -> Option<PathBuf> {
        match self {
            Self::Profile { path, .. } => place_before(path),
            Self::None | Self::Config(_) | Self::ProfileFile(_) => None,
        }
    }

    /// Chooses by the flags or, when none of the three is given, by the variables.
    ///
    /// # Errors
    ///
    /// More than one is given, or the one that is given names no file that could be read.
    pub fn choose(flags: &Flags, environment: &Environment) -> Result<Self, ConfigErrors> {
        let by_flag: Vec<Given<'_>> = EXCLUSIVE
            .iter()
            .filter_map(|selector| Given::by_flag(selector, flags))
            .collect();
        let by_variable = || {
            EXCLUSIVE
                .iter()
                .filter_map(|selector| Given::by_variable(selector, environment))
                .collect()
        };
        let given = if by_flag.is_empty() { by_variable() } else { by_flag };
        match &given[..] {
            [] => Ok(Self::None),
            [only] => only
                .selection(flags, environment)
                .map_err(|problem| only.error(problem)),
            [first, second, ..] => {
                let problem = format!("{first} and {second} are mutually exclusive; keep one");
                Err(second.error(problem))
            }
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Config(path) | Self::Profile { path, .. } | Self::ProfileFile(path) => Some(path),
        }
    }

    /// Reads the file. One that cannot be read is given too, with the reason as its mistake.
    #[must_use]
    pub fn open(&self, files: &dyn Files) -> Option<File> {
        let path = self.path()?;
        Some(match files.read(path, CONFIG_FILE_MAX) {
            Ok(bytes) => File::from_bytes(path, &bytes),
            Err(error) => File::unreadable(path, self.flag(), self.unreadable(&error)),
        })
    }

    fn flag(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Config(_) => table::CONFIG.flag,
            Self::Profile { .. } => table::PROFILE.flag,
            Self::ProfileFile(_) => table::PROFILE_FILE.flag,
        }
    }

    /// Why the file was not read, and what to do.
    fn unreadable(&self, error: &io::Error) -> String {
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        match self {
            Self::Profile { name, path } if is_missing => {
                format!("profile {name} does not exist; {}", in_place_of(path))
            }
            _ if is_missing => "the file does not exist; name another one, or create it".to_owned(),
            _ if error.kind() == io::ErrorKind::PermissionDenied => {
                "the file cannot be read: permission denied; let this user read the file and enter its directories"
                    .to_owned()
            }
            _ if error.get_ref().is_some_and(|inner| inner.is::<FileError>()) => {
                format!("the file is refused: {error}")
            }
            _ => format!("the file cannot be read: {error}"),
        }
    }
}

impl fmt::Display for Selection {
    /// As `doctor` prints it (contract: cli, section 7).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("flags/environment only"),
            Self::Config(path) => write!(f, "config file: {}", path.display()),
            Self::Profile { name, .. } => write!(f, "profile: {name}"),
            Self::ProfileFile(path) => write!(f, "profile file: {}", path.display()),
        }
    }
}

/// What a missing profile may be exchanged for.
fn in_place_of(path: &Path) -> String {
    let directory = path.parent().unwrap_or(Path::new("."));
    let names = profiles(directory).unwrap_or_default();
    let shown: Vec<&str> = names.iter().take(PROFILES_SHOWN_MAX).map(ProfileName::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    match (shown.as_slice(), more) {
        ([], _) => "there are no profiles in this directory; write one with tunnel-client init".to_owned(),
        (shown, 0) => format!("profiles in this directory: {}", shown.join(", ")),
        (shown, more) => format!("profiles in this directory: {} and {more} more", shown.join(", ")),
    }
}

/// A selector with its value.
struct Given<'a> {
    selector: &'static Setting,
    value: &'a OsStr,
    source: Source,
}

impl<'a> Given<'a> {
    fn by_flag(selector: &'static Setting, flags: &'a Flags) -> Option<Self> {
        Some(Self {
            selector,
            value: flags.last(selector)?,
            source: Source::Flag(selector.flag),
        })
    }

    fn by_variable(selector: &'static Setting, environment: &'a Environment) -> Option<Self> {
        let (name, value) = variable(selector, environment)?;
        Some(Self {
            selector,
            value,
            source: Source::Variable(name),
        })
    }

    fn selection(&self, flags: &Flags, environment: &Environment) -> Result<Selection, String> {
        if self.selector.flag == table::PROFILE.flag {
            let name = self.value.to_str().ok_or(ProfileName::RULE)?.trim();
            let name = ProfileName::parse(name)?;
            let path = profile_dirs(flags, environment)?.path_of(&name);
            let name = name.as_str().to_owned();
            return Ok(Selection::Profile { name, path });
        }
        let path = expand(self.value, environment)?;
        if self.selector.flag == table::CONFIG.flag {
            return Ok(Selection::Config(path));
        }
        if ProfileName::of_file(&path).is_none() {
            return Err(format!("{self} must end in NAME.yaml; {}", ProfileName::RULE));
        }
        Ok(Selection::ProfileFile(path))
    }

    fn error(&self, problem: String) -> ConfigErrors {
        ConfigErrors(vec![ConfigError {
            setting: self.selector.flag,
            origin: Origin::new(self.source.clone()),
            problem,
        }])
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Flag(name) => write!(f, "--{name}"),
            Source::Variable(name) => f.write_str(name),
            _ => f.write_str(self.selector.flag),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::ffi::OsString;

    use super::*;

    fn choose(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Result<Selection, String> {
        let mut flags = Flags::default();
        for (name, value) in given {
            flags.add(name, [OsString::from(value)]);
        }
        let variables = variables.iter().copied().chain([("HOME", "/h")]);
        Selection::choose(&flags, &variables.collect()).map_err(|errors| errors.to_string())
    }

    fn profile(name: &str) -> Selection {
        Selection::Profile {
            name: name.to_owned(),
            path: format!("/h/.tunnel-client/{name}.yaml").into(),
        }
    }

    #[test]
    fn any_flag_wins_over_all_variables() {
        let variables = [("TUNNEL_CLIENT_CONFIG", "/c"), ("TUNNEL_CLIENT_PROFILE", "p")];
        assert_eq!(choose(&[("profile", "q")], &variables), Ok(profile("q")));
        assert_eq!(
            choose(&[("config", "~/c")], &variables),
            Ok(Selection::Config("/h/c".into()))
        );
        assert_eq!(
            choose(&[("profile-file", "x/p.yaml")], &variables),
            Ok(Selection::ProfileFile("x/p.yaml".into()))
        );
        assert_eq!(
            choose(&[("config", " ")], &[("TUNNEL_CLIENT_PROFILE", "p")]),
            Ok(profile("p"))
        );
        assert_eq!(
            choose(&[("profile-dir", "/d")], &[("TUNNEL_CLIENT_CONFIG", "")]),
            Ok(Selection::None)
        );
        assert_eq!(
            choose(&[("profile-dir", "/d")], &[("TUNNEL_CLIENT_PROFILE", "p")])
                .unwrap()
                .path(),
            Some(Path::new("/d/p.yaml"))
        );
    }

    #[test]
    fn two_of_a_kind_exclude_each_other() {
        assert_eq!(
            choose(&[("config", "/c"), ("profile", "p")], &[]).unwrap_err(),
            "--config and --profile are mutually exclusive; keep one (profile from flag --profile)"
        );
        assert_eq!(
            choose(
                &[],
                &[("TUNNEL_CLIENT_PROFILE", "p"), ("TUNNEL_CLIENT_PROFILE_FILE", "f")]
            )
            .unwrap_err(),
            "TUNNEL_CLIENT_PROFILE and TUNNEL_CLIENT_PROFILE_FILE are mutually exclusive; keep one \
             (profile-file from variable TUNNEL_CLIENT_PROFILE_FILE)"
        );
    }

    #[test]
    fn names_and_files_of_profiles_are_checked() {
        for name in ["../x", "a/b", "-x", "a b"] {
            let error = choose(&[("profile", name)], &[]).unwrap_err();
            assert!(error.contains("a profile name has 1 to 128 letters"), "{error}");
        }
        for path in ["p.yml", "/d/.yaml", "/d/p", "/d/a b.yaml"] {
            let error = choose(&[("profile-file", path)], &[]).unwrap_err();
            assert!(error.starts_with("--profile-file must end in NAME.yaml"), "{error}");
        }
    }

    #[test]
    fn a_selection_is_described_as_doctor_prints_it() {
        for (selection, text) in [
            (Selection::None, "flags/environment only"),
            (Selection::Config("/c".into()), "config file: /c"),
            (profile("p"), "profile: p"),
            (Selection::ProfileFile("/p.yaml".into()), "profile file: /p.yaml"),
        ] {
            assert_eq!(selection.to_string(), text);
        }
    }
}
