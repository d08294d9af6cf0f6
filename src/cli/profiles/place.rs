//! The directory of a command's profiles.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches};

use crate::cli::Error;
use crate::config::{self, Flags, ProfileDirs, ProfileName, echo};
use crate::doctor::shell_word;
use crate::secrets::Environment;
use crate::telemetry;

const PROFILE_DIR: &str = "profile-dir";

/// Where profiles are kept.
#[derive(Debug)]
pub(in crate::cli) struct Place {
    pub(in crate::cli) dirs: ProfileDirs,
    /// Whether a flag said so: then the next commands need it too.
    given: bool,
}

/// The flag that says where profiles are kept.
pub(in crate::cli) fn flag() -> Arg {
    Arg::new(PROFILE_DIR)
        .long(PROFILE_DIR)
        .value_name("DIRECTORY")
        .action(ArgAction::Set)
        .allow_hyphen_values(true)
        .value_parser(OsStringValueParser::new())
        .help("Directory of the profiles [env: TUNNEL_CLIENT_PROFILE_DIR]")
}

impl Place {
    /// The directory that the flag, the environment or the home directory says.
    pub(in crate::cli) fn choose(matches: &ArgMatches, environment: &Environment) -> Result<Self, Error> {
        let flag = matches.get_one::<OsString>(PROFILE_DIR);
        let mut flags = Flags::default();
        flags.add(PROFILE_DIR, flag.cloned());
        let dirs = config::profile_dirs(&flags, environment).map_err(Error::Message)?;
        let given = flag.is_some_and(|flag| !flag.is_empty());
        Ok(Self { dirs, given })
    }

    /// The flag as the next commands need it, with a space before it; empty when it was not given.
    pub(in crate::cli) fn flag_for_next(&self) -> String {
        match self.given {
            true => format!(
                " --{PROFILE_DIR} {}",
                shell_word(&self.dirs.directory.to_string_lossy())
            ),
            false => String::new(),
        }
    }

    /// Makes the directory if it is not there.
    pub(in crate::cli) fn make(&self) -> Result<(), Error> {
        super::write::make_directory(&self.dirs.directory).map_err(|error| {
            Error::Message(format!(
                "make the profile directory {}: {error}",
                show(&self.dirs.directory)
            ))
        })
    }
}

/// A profile's name, as it was typed.
pub(in crate::cli) fn name(text: &str) -> Result<ProfileName, Error> {
    if text.is_empty() {
        return Err(Error::Usage(
            "name the profile, such as local-stdio; tunnel-client profiles list shows those that exist".to_owned(),
        ));
    }
    ProfileName::parse(text).map_err(|rule| Error::Message(format!("invalid profile name {}: {rule}", echo(text))))
}

/// A path as messages show it, on one line.
pub(in crate::cli) fn show(path: &Path) -> String {
    telemetry::one_line(&path.to_string_lossy())
}
