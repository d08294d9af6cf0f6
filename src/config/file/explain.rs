//! The mistakes of a file beside those of values: what follows from another mistake is left out.

use super::File;
use crate::config::settings::table::{COMMANDS, SERVER_URLS};
use crate::config::settings::{ConfigError, Origin};

impl File {
    /// The mistakes of the file, then those of values that do not follow from them.
    pub(in crate::config) fn with_mistakes(file: Option<&Self>, errors: Vec<ConfigError>) -> Vec<ConfigError> {
        let Some(file) = file else { return errors };
        let others = errors.into_iter().filter(|error| !file.explains(error));
        file.mistakes.iter().cloned().chain(others).collect()
    }

    /// Whether a value may only be missing because the file, where it may well stand, has a mistake there.
    fn explains(&self, error: &ConfigError) -> bool {
        let is_binding = |setting: &str| setting == SERVER_URLS.flag || setting == COMMANDS.flag;
        let section = error.setting.split('.').next().unwrap_or_default().replace('-', "_");
        error.origin == Origin::UNSET
            && (!self.is_readable
                || self.mistakes.iter().any(|mistake| {
                    mistake.setting == error.setting
                        || mistake.setting == section
                        || is_binding(mistake.setting) && is_binding(error.setting)
                }))
    }
}
