//! What a process does that was started again to prove something.

use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::probe::{Place, Probe};
use super::scene::{Facts, Scene};
use super::{attempts, client, new_files, victims};
use crate::config::Config;
use crate::run::Error;
use crate::telemetry::redact;

/// What it is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Role {
    /// Shut the cage and tell what it is like.
    Facts,
    /// Be there to be attacked, until standard input closes.
    Victims(Box<Facts>),
    /// Be the client, and try one thing, or have a server try it.
    Attempt {
        /// The probe.
        probe: Named,
        /// Whether the cage is shut first.
        caged: bool,
        /// What it has to work with.
        scene: Box<Scene>,
    },
    /// Be a stdio server, and make a file in each of these directories.
    MakeFiles(Vec<PathBuf>),
    /// Be a stdio server, and try one thing.
    Serve {
        /// The probe.
        probe: Named,
        /// What it has to work with.
        scene: Box<Scene>,
    },
}

/// A probe by its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Named {
    place: Place,
    name: String,
}

impl From<&Probe> for Named {
    fn from(probe: &Probe) -> Self {
        Self {
            place: probe.place,
            name: probe.name.to_owned(),
        }
    }
}

impl Named {
    fn probe(&self) -> Result<&'static Probe, Error> {
        let found = attempts::all().find(|probe| probe.place == self.place && probe.name == self.name);
        found.ok_or(Error::System("the probe", io::ErrorKind::NotFound.into()))
    }
}

impl Role {
    /// The role that this process was given.
    ///
    /// # Errors
    /// It was given none: only `doctor` gives one, for --sandbox and --start-stdio.
    pub fn of_process() -> io::Result<Self> {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Whether the process has to be like the client from the beginning: closed to others, with its configuration.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        matches!(self, Self::Facts | Self::Attempt { caged: true, .. })
    }

    /// Plays it. What has to be said goes to standard output, what went wrong to standard error. `config` is that of the client.
    ///
    /// Returns the exit code that tells the outcome.
    #[must_use]
    pub fn play(&self, config: Option<&Config>) -> u8 {
        let config = config.ok_or(Error::System("the configuration", io::ErrorKind::NotFound.into()));
        let played = match self {
            Self::Serve { probe, scene } => probe.probe().map(|probe| Outcome::of(&probe.attempt(scene))),
            Self::MakeFiles(directories) => new_files::make(directories)
                .map(|()| Outcome::Worked)
                .map_err(|error| Error::System("standard output", error)),
            Self::Facts => config.and_then(|config| tell_facts(config).map(|()| Outcome::Worked)),
            Self::Victims(facts) => victims::be_there(facts).map(|()| Outcome::Worked),
            Self::Attempt {
                probe,
                caged: true,
                scene,
            } => config.and_then(|config| client::attempt(probe.probe()?, scene, config)),
            Self::Attempt { probe, scene, .. } => {
                let probe = probe.probe();
                probe.and_then(|probe| client::attempt_freely(probe, scene))
            }
        };
        let outcome = played.unwrap_or_else(|error| {
            // Whoever started this process reads it; there is nobody else to tell.
            let _ = writeln!(io::stderr(), "{}", redact::scrub(&error.to_string()));
            Outcome::NoCage
        });
        outcome.exit_code()
    }
}

fn tell_facts(config: &Config) -> Result<(), Error> {
    let failed = |error| Error::System("standard output", error);
    let facts = client::facts(config)?;
    let text = serde_json::to_vec(&facts).map_err(|error| failed(error.into()))?;
    io::stdout().write_all(&text).map_err(failed)
}
