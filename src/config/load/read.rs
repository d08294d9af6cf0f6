//! From the flags and the environment to the checked configuration: the one way in for every command.
//!
//! A [`Config`] comes from here only, so it always knows the chosen file and every file that was read: the cages of stdio servers
//! are made from that.

use super::{Admin, Keys, base_url, each_secret, load, load_admin, secret_variables};
use crate::config::checked::Config;
use crate::config::file::Selection;
use crate::config::settings::{ConfigError, ConfigErrors, Effective, File, Flags, Recorder, Sources, effective};
use crate::config::values::HttpUrl;
use crate::secrets::{Environment, Files};
use crate::telemetry::redact;

/// Chooses the configuration file, reads it and checks everything that was written.
///
/// Reads the configuration file and the files of secrets that it refers to; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source. When it is not clear which file to read, only that.
pub fn read(flags: &Flags, environment: &Environment, files: &dyn Files) -> Result<Config, ConfigErrors> {
    Opened::open(flags, environment, files)?.check()
}

/// The same for `admin tunnels`, which reads no configuration file.
///
/// # Errors
///
/// Every mistake, each with its setting and source.
pub fn read_admin(
    flags: &Flags,
    environment: &Environment,
    files: &dyn Files,
    keys: Keys,
) -> Result<Admin, ConfigErrors> {
    let sources = Sources {
        flags,
        environment,
        file: None,
        files: &Recorder::of(files),
    };
    load_admin(&sources, keys)
}

/// The control plane that flags and environment name, as far as it can be read: for help that depends on whose it is.
#[must_use]
pub fn written_base_url(flags: &Flags, environment: &Environment, files: &dyn Files) -> Option<HttpUrl> {
    let files = &Recorder::of(files);
    let sources = Sources {
        flags,
        environment,
        file: None,
        files,
    };
    base_url(&sources)
}

/// Lists the mistakes of a configuration file that may not be saved yet, alone: neither flags nor a file on disk add to it.
#[must_use]
pub fn mistakes(file: &File, environment: &Environment, files: &dyn Files) -> Vec<ConfigError> {
    let sources = Sources {
        flags: &Flags::default(),
        environment,
        file: Some(file),
        files: &Recorder::of(files),
    };
    load(&sources, &Selection::None)
        .inspect_err(|_| each_secret(&sources, redact::protect))
        .err()
        .map_or_else(Vec::new, |errors| errors.0)
}

/// Settings as written, with the chosen configuration file, before any check.
pub struct Opened<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    selection: Selection,
    file: Option<File>,
    files: Recorder<'a>,
}

impl<'a> Opened<'a> {
    /// Chooses the configuration file and reads it. A file that cannot be read is a mistake for [`Self::check`].
    ///
    /// # Errors
    ///
    /// The choice of the file to read is not clear.
    pub fn open(flags: &'a Flags, environment: &'a Environment, files: &'a dyn Files) -> Result<Self, ConfigErrors> {
        let files = Recorder::of(files);
        let selection = Selection::choose(flags, environment)?;
        Ok(Self {
            flags,
            environment,
            file: selection.open(&files),
            selection,
            files,
        })
    }

    /// File that was chosen.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Content of the file.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// Lists every setting with its value and source, for people.
    #[must_use]
    pub fn effective(&self) -> Vec<Effective> {
        effective(&self.sources())
    }

    /// Lists every setting with the value that the file alone gives it, for people; `None` without a file that can be read.
    #[must_use]
    pub fn of_file(&self) -> Option<Vec<Effective>> {
        let file = self.file.as_ref().filter(|file| file.is_readable)?;
        Some(effective(&Sources {
            flags: &Flags::default(),
            environment: &Environment::default(),
            file: Some(file),
            files: &self.files,
        }))
    }

    /// Names of the variables that hold secrets: those of settings, and those that settings refer to, whatever is wrong with the rest.
    #[must_use]
    pub fn secret_variables(&self) -> Vec<String> {
        secret_variables::secret_variables(&self.sources())
    }

    /// The control plane, as far as it can be read, whatever else is wrong.
    #[must_use]
    pub fn base_url(&self) -> Option<HttpUrl> {
        base_url(&self.sources())
    }

    /// Checks all written settings.
    ///
    /// # Errors
    ///
    /// Every mistake, each with its setting and source.
    pub fn check(&self) -> Result<Config, ConfigErrors> {
        // A mistake can be that a secret stands where a name belongs: those that can be read are known to the redaction from here on.
        load(&self.sources(), &self.selection).inspect_err(|_| each_secret(&self.sources(), redact::protect))
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            flags: self.flags,
            environment: self.environment,
            file: self.file.as_ref(),
            files: &self.files,
        }
    }
}
