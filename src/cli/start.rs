//! Arguments and environment at start, and the first step of every command: closing the process to others.

use std::ffi::OsString;

use super::Error;
use crate::config::{self, Config};
use crate::probes::Again;
use crate::sandbox::conceal;
use crate::secrets::{self, Environment, Masking};
use crate::sys::own_block;
use crate::telemetry::{panics, redact};

/// Flags of commands that are not settings and take a value that can be a secret, typed where a reference or a plain URL belongs.
const OF_COMMANDS: [&str; 2] = ["control-plane-api-key-ref", "url"];

/// Arguments and environment at the start of the process. The allocator wipes freed memory, so both end with this value.
pub(super) struct Start {
    /// Arguments, the name of the program first.
    pub(super) arguments: Vec<OsString>,
    /// Snapshot of the environment: once the process is closed, the environment itself is empty.
    pub(super) environment: Environment,
}

impl Start {
    /// Closes the process to others before it holds a copy of any secret: no core file, no debugger of the same user, and no secret
    /// in the blocks of arguments and environment that `/proc` shows. Messages of panics are scrubbed. The process has a single thread at this time.
    ///
    /// # Errors
    /// The kernel refuses to conceal the process, which is not expected.
    pub(super) fn close(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Error> {
        panics::scrub_messages();
        conceal().map_err(|error| Error::Message(format!("the process cannot be closed to others: {error}")))?;
        let start = Self {
            arguments: arguments.into_iter().collect(),
            environment: Environment::of_process(),
        };
        start.protect();
        // Without /proc these blocks are not visible to anybody on this host; `run` warns.
        let _ = own_block::scrub(|block| secrets::mask_flags(block, masking));
        Ok(start)
    }

    /// Takes the secrets in arguments and environment out of everything that is printed, also by commands that read no configuration,
    /// and before a mistake in it is told.
    fn protect(&self) {
        for (name, value) in self.environment.iter() {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
                config::written_secrets(false, name, value, &mut redact::protect);
            }
        }
        let mut words = self.arguments.iter().filter_map(|word| word.to_str());
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else { continue };
            match flag.split_once('=') {
                Some((name, value)) => config::written_secrets(true, name, value, &mut redact::protect),
                None => {
                    let next = words.clone().next().unwrap_or_default();
                    config::written_secrets(true, flag, next, &mut redact::protect);
                }
            }
        }
    }

    /// Command that starts this program again with the same configuration.
    pub(super) fn again(self) -> Again {
        Again {
            arguments: self.arguments.into_iter().skip(1).collect(),
            environment: self.environment,
        }
    }
}

/// Masks the secrets of a configuration wherever they stand in the arguments.
///
/// # Errors
/// `/proc` is missing: arguments and environment remain as they are.
pub(super) fn hide_secrets(config: &Config) -> std::io::Result<()> {
    own_block::scrub(|block| {
        secrets::mask_flags(block, masking);
        config.for_each_secret(|secret| secrets::mask_secret(block, secret));
    })
}

/// How values of the flag of this name, without dashes, are masked in any command.
fn masking(flag: &str) -> Masking {
    match OF_COMMANDS.contains(&flag) {
        true => Masking::Literals,
        false => config::flag_masking(flag),
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    /// Flags whose values look as if they could hold a secret and do not: userinfo in them is masked by its form.
    const PLAIN: [&str; 2] = ["control-plane.base-url", "control-plane-base-url"];

    fn each_flag(command: &Command, see: &mut impl FnMut(&str, &str)) {
        for arg in command.get_arguments() {
            let placeholder = arg.get_value_names().into_iter().flatten().map(ToString::to_string);
            if let Some(name) = arg.get_long() {
                see(name, &placeholder.collect::<String>());
            }
        }
        command.get_subcommands().for_each(|command| each_flag(command, see));
    }

    #[test]
    fn every_flag_of_every_command_that_takes_a_url_a_command_or_a_reference_is_masked() {
        let mut seen = 0;
        each_flag(&crate::cli::command(), &mut |name, placeholder| {
            let telling = ["URL", "COMMAND", "REFERENCE", "env:NAME", "KEY", "TOKEN", "HEADER"];
            // The value is the path of a file, or only a name.
            let is_path = placeholder == "PATH" || PLAIN.contains(&name);
            if !is_path && telling.iter().any(|word| placeholder.contains(word)) {
                assert_ne!(masking(name), Masking::None, "--{name} {placeholder}");
                seen += 1;
            }
        });
        assert!(seen >= 20, "{seen}");
    }
}
