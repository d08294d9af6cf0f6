//! `tunnel-client doctor --sandbox`: the proof of the sandbox, and the processes that it starts.

use clap::{Arg, ArgMatches};

use super::{FAILED, Progress};
use crate::cli::args::{is_on, switch};
use crate::cli::start::Start;
use crate::cli::{Error, print, settings};
use crate::config::{self, Config, Mode};
use crate::probes::{self, ROLE, Role};
use crate::sandbox::reveal;
use crate::secrets::{Disk, Environment};

/// What is said when there is nothing to prove.
const OFF: &str = "hardening.mode is off: there is no sandbox, and nothing to prove. Whoever takes over this process has all that its \
                   user has. Write hardening.mode: enforce";

/// The flag of a process that is started to prove something; its role comes on standard input.
pub(super) fn role() -> Arg {
    switch(ROLE).hide(true)
}

/// Plays the role that this process was given.
pub(super) fn play(matches: &ArgMatches, start: Start) -> Result<(), Error> {
    let role = Role::of_process()
        .map_err(|error| Error::Message(format!("--{ROLE} is for processes that doctor starts: {error}")))?;
    let config = match role.is_of_client() {
        true => Some(configure(matches, &start.environment)?),
        // This process got no secret, and has to be like any other program.
        false => {
            reveal().map_err(|error| Error::Message(format!("the process cannot be opened to others: {error}")))?;
            None
        }
    };
    match role.play(config.as_ref()) {
        0 => Ok(()),
        code => Err(Error::Reported(code)),
    }
}

/// Runs the probes, prints what became of them.
pub(super) fn prove(matches: &ArgMatches, start: Start) -> Result<(), Error> {
    let mode = configure(matches, &start.environment)?.hardening.mode;
    if mode == Mode::Off {
        return Err(Error::Message(OFF.to_owned()));
    }
    let proof = {
        let mut progress = Progress::new();
        probes::prove(&start.again(), &mut |name| progress.show(name))
    };
    let proof = proof.map_err(|error| Error::Message(error.to_string()))?;
    let text = match is_on(matches, "json") {
        true => probes::json(&proof, mode),
        false => probes::text(&proof, mode, is_on(matches, "explain")),
    };
    print(&text).or_else(Error::ignore_closed_output)?;
    match proof.holds() {
        true => Ok(()),
        false => Err(Error::Reported(FAILED)),
    }
}

/// Reads the configuration as `run` does.
fn configure(matches: &ArgMatches, environment: &Environment) -> Result<Config, Error> {
    config::read(&settings::flags(matches), environment, &Disk::default()).map_err(Error::Config)
}
