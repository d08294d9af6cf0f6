//! From the flags and the environment to the checked configuration: the one way in for every command.

use super::checked::Config;
use super::error::ConfigErrors;
use super::load::load;
use super::selection::Selection;
use super::sources::{Flags, Sources};
use crate::secrets::{Environment, Files};

/// Chooses the configuration file, reads it and checks everything that was written.
///
/// Reads the configuration file and the files of secrets that it refers to; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source. When it is not clear which file to read, only that.
pub fn read(flags: &Flags, environment: &Environment, files: &dyn Files) -> Result<Config, ConfigErrors> {
    let selection = Selection::choose(flags, environment)?;
    let file = selection.open(files);
    let mut config = load(&Sources {
        flags,
        environment,
        file: file.as_ref(),
        files,
    })?;
    config.selection = selection;
    Ok(config)
}
