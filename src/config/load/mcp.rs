//! The private MCP servers.

use std::ffi::OsStr;
use std::time::Duration;

use super::count;
use crate::config::binding::{self, BindingError, MAIN};
use crate::config::checked::{Binding, Mcp};
use crate::config::reader::{Checked, Reader, referenced_path};
use crate::config::scalar::{boolean, echo};
use crate::config::sources::Origin;
use crate::config::table::{self, Setting};
use crate::limits::{BINDINGS_MAX, CONCURRENT_MAX, PASS_ENV_MAX, TIME_MIN};

/// The section `mcp`.
pub(super) fn mcp(reader: &mut Reader<'_>) -> Checked<Mcp> {
    let bindings = bindings(reader);
    let pass_env = pass_env(reader);
    let send_initialized = reader.required(&table::SEND_INITIALIZED, "needs true or false", |text| {
        boolean(text).ok_or_else(|| format!("{} must be true or false", table::SEND_INITIALIZED.flag))
    });
    let startup_wait_timeout = reader.time(&table::STARTUP_WAIT, Duration::ZERO);
    let connection_max_ttl = reader.time(&table::CONNECTION_MAX_TTL, TIME_MIN);
    let max_concurrent_requests = count(reader, &table::MAX_CONCURRENT, CONCURRENT_MAX);
    Ok(Mcp {
        bindings: bindings?,
        extra_headers: Vec::new(),
        discovery_extra_headers: Vec::new(),
        max_concurrent_requests: max_concurrent_requests?,
        connection_max_ttl: connection_max_ttl?,
        startup_wait_timeout: startup_wait_timeout?,
        pass_env: pass_env?,
        stdio_send_initialized_notification: send_initialized?,
    })
}

/// URLs, then commands; each channel once, `main` among them.
fn bindings(reader: &mut Reader<'_>) -> Checked<Vec<Binding>> {
    let environment = reader.sources.environment;
    let socket = |text: &str| referenced_path(environment, OsStr::new(text));
    let named = |setting: &Setting, error: BindingError| format!("{} {error}", setting.flag);
    let urls = reader.list(&table::SERVER_URLS, |entry| {
        binding::server_url(entry, socket).map_err(|error| named(&table::SERVER_URLS, error))
    });
    let commands = reader.list(&table::COMMANDS, |entry| {
        binding::command(entry).map_err(|error| named(&table::COMMANDS, error))
    });
    let urls = urls?.into_iter().map(|entry| (&table::SERVER_URLS, entry));
    let commands = commands?.into_iter().map(|entry| (&table::COMMANDS, entry));
    let mut bindings: Vec<Binding> = Vec::new();
    let mut outcome = Ok(());
    for (setting, (binding, origin)) in urls.chain(commands) {
        if bindings.iter().any(|known| known.channel == binding.channel) {
            let problem = format!("duplicate channel {}; bind each channel once", binding.channel);
            outcome = Err(reader.report(setting.flag, origin, problem));
        } else {
            bindings.push(binding);
        }
    }
    outcome?;
    check_bindings(&bindings).map_err(|problem| {
        let stdio_only = !bindings.is_empty() && bindings.iter().all(Binding::is_stdio);
        let setting = if stdio_only {
            &table::COMMANDS
        } else {
            &table::SERVER_URLS
        };
        let first = reader
            .sources
            .list(setting)
            .first()
            .map(|written| written.origin.clone());
        let origin = first.map_or(Origin::UNSET, |origin| Origin { entry: None, ..origin });
        reader.report(setting.flag, origin, problem)
    })?;
    Ok(bindings)
}

/// What holds for all bindings together.
fn check_bindings(bindings: &[Binding]) -> Result<(), String> {
    if bindings.is_empty() {
        return Err("main channel is required; set --mcp.server-url or --mcp.command, \
                    or MCP_SERVER_URL or MCP_COMMAND"
            .to_owned());
    }
    if !bindings.iter().any(|binding| binding.channel == MAIN) {
        return Err("main channel is required; add channel=main to one of the servers".to_owned());
    }
    if bindings.len() > BINDINGS_MAX {
        return Err(format!(
            "the number of channels must be less than or equal to {BINDINGS_MAX}"
        ));
    }
    Ok(())
}

fn pass_env(reader: &mut Reader<'_>) -> Checked<Vec<String>> {
    let patterns = reader.list(&table::PASS_ENV, variable_pattern)?;
    match patterns.get(PASS_ENV_MAX) {
        None => Ok(patterns.into_iter().map(|(pattern, _)| pattern).collect()),
        Some((_, origin)) => {
            let problem = format!("the number of patterns must be less than or equal to {PASS_ENV_MAX}");
            Err(reader.report(table::PASS_ENV.flag, origin.clone(), problem))
        }
    }
}

/// A variable's name, or the beginning of names followed by `*`.
fn variable_pattern(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('*').unwrap_or(text);
    let valid = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.bytes().next().is_some_and(|first| first.is_ascii_digit());
    if valid {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "mcp.pass-env has an invalid pattern: {}; write NAME or PREFIX*",
            echo(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn patterns_are_names_with_an_optional_star_at_the_end() {
        for text in ["PATH", "AWS_*", "_x1", "*"] {
            assert_eq!(variable_pattern(text).unwrap(), text);
        }
        for text in ["1X", "A B", "A*B", "**", "A=B", "\u{e4}"] {
            assert!(variable_pattern(text).is_err(), "{text}");
        }
    }
}
