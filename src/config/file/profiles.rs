//! Where profiles are kept, and what they are called (contract: config, section 1).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::settings::{Flags, Setting, table, variable};
use crate::limits::PROFILES_MAX;
use crate::secrets::Environment;

/// What the file of a profile ends with.
const EXTENSION: &str = ".yaml";

/// The part of a configuration directory that is ours.
const OUR_DIRECTORY: &str = "tunnel-client";

/// Our own directory in a home. Nothing but the client's files is made in it.
const IN_HOME: &str = ".tunnel-client";

/// The name of a profile: `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileName(String);

impl ProfileName {
    /// The rule in words.
    pub const RULE: &str =
        "a profile name has 1 to 128 letters, digits, \".\", \"_\" or \"-\" and begins with a letter or digit";

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`ProfileName::RULE`], when `text` breaks it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut bytes = text.bytes();
        let is_name = text.len() <= 128
            && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(Self::RULE)
        }
    }

    /// The name of the profile that `path` holds, when its last part is `NAME.yaml`.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let stem = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?;
        Self::parse(stem).ok()
    }

    /// The file of this profile in a profile directory.
    #[must_use]
    pub fn path_in(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{self}{EXTENSION}"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Directories of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileDirs {
    /// Where profiles are written, and looked for first. It need not exist.
    pub directory: PathBuf,
    /// Where earlier versions wrote them: they are read from there when the first directory does not have them.
    pub earlier: Option<PathBuf>,
}

impl ProfileDirs {
    /// The file of a profile that exists, in the first directory that has it.
    #[must_use]
    pub fn existing(&self, name: &ProfileName) -> Option<PathBuf> {
        let mut paths = self.all().map(|directory| name.path_in(directory));
        paths.find(|path| path.symlink_metadata().is_ok())
    }

    /// The file to read for this name. Of a profile that does not exist, its place in the directory that does.
    #[must_use]
    pub fn path_of(&self, name: &ProfileName) -> PathBuf {
        let first_there = || self.all().find(|directory| directory.is_dir());
        let in_first_there = || name.path_in(first_there().unwrap_or(&self.directory));
        self.existing(name).unwrap_or_else(in_first_there)
    }

    /// Lists the profiles of both, sorted by name; of two with one name, the one that is read.
    ///
    /// # Errors
    ///
    /// A directory that exists cannot be read; which one.
    pub fn profiles(&self) -> Result<BTreeMap<ProfileName, PathBuf>, (PathBuf, io::Error)> {
        let mut found = BTreeMap::new();
        for directory in self.all() {
            match profiles(directory) {
                Ok(names) => names.into_iter().for_each(|name| {
                    let path = name.path_in(directory);
                    found.entry(name).or_insert(path);
                }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err((directory.to_owned(), error)),
            }
        }
        Ok(found)
    }

    fn all(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.directory)
            .chain(&self.earlier)
            .map(PathBuf::as_path)
    }
}

/// The directories of profiles: `--profile-dir`, else `TUNNEL_CLIENT_PROFILE_DIR`, else `$XDG_CONFIG_HOME/tunnel-client` where that is not
/// `~/.config`, else `$HOME/.tunnel-client` and the earlier `$HOME/.config/tunnel-client`.
///
/// What lies on the way to a profile is closed to new files of stdio servers. Other programs make their settings in `~/.config`, so
/// the directory is not there.
///
/// # Errors
///
/// A sentence with what to set, when neither a directory nor a home directory is known.
pub fn profile_dirs(flags: &Flags, environment: &Environment) -> Result<ProfileDirs, String> {
    let alone = |directory| ProfileDirs {
        directory,
        earlier: None,
    };
    if let Some(given) = given(&table::PROFILE_DIR, flags, environment) {
        let expanded = expand(given, environment).map_err(|problem| format!("the profile directory {problem}"))?;
        return Ok(alone(expanded));
    }
    // A relative path in the variable is to be ignored (XDG Base Directory Specification, section 2).
    let xdg = environment
        .value("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = environment.value("HOME").map(Path::new);
    let usual = home.map(|home| home.join(".config"));
    match (xdg, home, usual) {
        (Some(xdg), _, usual) if usual.as_ref() != Some(&xdg) => Ok(alone(xdg.join(OUR_DIRECTORY))),
        (_, Some(home), Some(usual)) => Ok(ProfileDirs {
            directory: home.join(IN_HOME),
            earlier: Some(usual.join(OUR_DIRECTORY)),
        }),
        _ => Err(
            "the profile directory is not known, because neither HOME nor XDG_CONFIG_HOME is set; set --profile-dir"
                .to_owned(),
        ),
    }
}

/// The place from which a profile would be read instead of from this path, which is in the earlier directory; `None` when its directory
/// does not exist.
pub(in crate::config) fn place_before(path: &Path) -> Option<PathBuf> {
    let earlier = Path::new(".config").join(OUR_DIRECTORY);
    let (directory, name) = (path.parent()?, path.file_name()?);
    let home = directory.ends_with(earlier).then(|| directory.ancestors().nth(2))??;
    let new = home.join(IN_HOME);
    new.is_dir().then(|| new.join(name))
}

/// The profiles in a directory, sorted by name; other files are left out, and of a directory with very many entries some.
///
/// # Errors
///
/// The directory cannot be read.
pub(in crate::config) fn profiles(directory: &Path) -> io::Result<Vec<ProfileName>> {
    let entries = std::fs::read_dir(directory)?.take(PROFILES_MAX);
    let files = entries
        .map_while(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let mut names: Vec<ProfileName> = files
        .filter_map(|entry| ProfileName::of_file(Path::new(&entry.file_name())))
        .collect();
    names.sort();
    Ok(names)
}

/// A path with `~` at its start replaced by the home directory.
pub(in crate::config) fn expand(path: &OsStr, environment: &Environment) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let Ok(rest) = path.strip_prefix("~") else {
        return Ok(path.to_owned());
    };
    let home = environment
        .value("HOME")
        .ok_or("begins with ~, but HOME is not set; write the whole path")?;
    Ok(Path::new(home).join(rest))
}

/// The flag's or else the variable's value of a selector.
fn given<'a>(selector: &'static Setting, flags: &'a Flags, environment: &'a Environment) -> Option<&'a OsStr> {
    let by_variable = || variable(selector, environment).map(|(_, value)| value);
    flags.last(selector).or_else(by_variable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn directory(given: &[&str], variables: &[(&str, &str)]) -> Result<PathBuf, String> {
        let mut flags = Flags::default();
        flags.add("profile-dir", given.iter().map(Into::into));
        profile_dirs(&flags, &variables.iter().copied().collect()).map(|dirs| dirs.directory)
    }

    #[test]
    fn the_profile_directory_follows_the_documented_order() {
        let home = ("HOME", "/home-of/x");
        let xdg = ("XDG_CONFIG_HOME", "/xdg");
        let variable = ("TUNNEL_CLIENT_PROFILE_DIR", "~/profiles");
        for (given, variables, expected) in [
            (&["/flag"][..], &[home, xdg, variable][..], "/flag"),
            (&["~"], &[home], "/home-of/x"),
            (&["~/p"], &[home], "/home-of/x/p"),
            (&["~user/p"], &[home], "~user/p"),
            (&[], &[home, xdg, variable], "/home-of/x/profiles"),
            (&[""], &[home, xdg], "/xdg/tunnel-client"),
            (
                &[],
                &[home, ("XDG_CONFIG_HOME", "/home-of/x/.config/")],
                "/home-of/x/.tunnel-client",
            ),
            (&[], &[home], "/home-of/x/.tunnel-client"),
            (
                &[],
                &[home, ("XDG_CONFIG_HOME", "relative")],
                "/home-of/x/.tunnel-client",
            ),
            (
                &[],
                &[home, ("TUNNEL_CLIENT_PROFILE_DIR", " ")],
                "/home-of/x/.tunnel-client",
            ),
        ] {
            assert_eq!(
                directory(given, variables).unwrap(),
                Path::new(expected),
                "{given:?} {variables:?}"
            );
        }
        assert!(directory(&[], &[]).unwrap_err().contains("--profile-dir"));
        let unknown = directory(&["~/p"], &[]).unwrap_err();
        assert!(
            unknown.starts_with("the profile directory begins with ~, but HOME is not set"),
            "{unknown}"
        );
    }

    #[test]
    fn a_profile_of_an_earlier_place_is_read_unless_the_new_one_has_its_name() {
        let home = std::env::temp_dir().join(format!("tunnel-client-profiles-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        let (new, earlier) = (home.join(".tunnel-client"), home.join(".config/tunnel-client"));
        let variables = [("HOME", home.to_str().unwrap())];
        let dirs = profile_dirs(&Flags::default(), &variables.into_iter().collect()).unwrap();
        let name = |text| ProfileName::parse(text).unwrap();
        assert_eq!(dirs.path_of(&name("a")), new.join("a.yaml"));
        std::fs::create_dir_all(&earlier).unwrap();
        for file in ["a.yaml", "b.yaml"] {
            std::fs::write(earlier.join(file), "").unwrap();
        }
        assert_eq!(dirs.path_of(&name("a")), earlier.join("a.yaml"));
        // The message about a profile that does not exist is about the directory that does.
        assert_eq!(dirs.path_of(&name("none")), earlier.join("none.yaml"));
        std::fs::create_dir_all(&new).unwrap();
        std::fs::write(new.join("b.yaml"), "").unwrap();
        assert_eq!(dirs.path_of(&name("a")), earlier.join("a.yaml"));
        assert_eq!(dirs.path_of(&name("b")), new.join("b.yaml"));
        assert_eq!(dirs.existing(&name("none")), None);
        let listed: Vec<_> = dirs.profiles().unwrap().into_iter().collect();
        assert_eq!(
            listed,
            [(name("a"), earlier.join("a.yaml")), (name("b"), new.join("b.yaml"))]
        );
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn profile_names_are_plain_words() {
        let long = "x".repeat(128);
        for name in ["a", "0", "A.b_c-d", "a..", long.as_str()] {
            assert_eq!(ProfileName::parse(name).unwrap().as_str(), name);
            let path = format!("/p/{name}.yaml");
            assert_eq!(ProfileName::of_file(Path::new(&path)).unwrap().as_str(), name);
            assert_eq!(
                ProfileName::parse(name).unwrap().path_in(Path::new("/p")),
                Path::new(&path)
            );
        }
        let too_long = "x".repeat(129);
        for name in [
            "",
            ".",
            "..",
            "-a",
            "_a",
            ".a",
            "a/b",
            "a b",
            "a\n",
            "\u{e9}",
            "a\0",
            too_long.as_str(),
        ] {
            assert!(ProfileName::parse(name).is_err(), "{name:?}");
        }
        for path in [
            "/p/.yaml",
            "/p/a.yml",
            "/p/a",
            "/p/..yaml",
            "/",
            "/p/a.yaml.tmp",
            "/p/.a.yaml",
        ] {
            assert_eq!(ProfileName::of_file(Path::new(path)), None, "{path}");
        }
    }
}
