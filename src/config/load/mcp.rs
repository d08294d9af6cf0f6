//! The private MCP servers, but for their bindings.

use std::time::Duration;

use super::headers::{Peer, headers};
use super::reader::{Checked, Reader};
use super::stdio::variable_pattern;
use crate::config::checked::{Binding, Mcp};
use crate::config::settings::{Setting, table};
use crate::limits::{CONCURRENT_MAX, PASS_ENV_MAX, TIME_MIN};

/// The section `mcp`, around the bindings.
pub(super) fn mcp(reader: &mut Reader<'_>, bindings: Checked<Vec<Binding>>) -> Checked<Mcp> {
    let extra_headers = headers(reader, &table::MCP_HEADERS, Peer::Mcp);
    let discovery_extra_headers = headers(reader, &table::DISCOVERY_HEADERS, Peer::Mcp);
    let pass_env = pass_env(reader);
    let send_initialized = reader.switch(&table::SEND_INITIALIZED);
    let pass_error_text = reader.switch(&table::PASS_ERROR_TEXT);
    let startup_wait_timeout = reader.time(&table::STARTUP_WAIT, Duration::ZERO);
    let connection_max_ttl = reader.time(&table::CONNECTION_MAX_TTL, TIME_MIN);
    let first_byte_timeout = optional_time(reader, &table::FIRST_BYTE_TIMEOUT);
    let idle_timeout = optional_time(reader, &table::IDLE_TIMEOUT);
    let max_concurrent_requests = reader.count(&table::MAX_CONCURRENT, CONCURRENT_MAX);
    Ok(Mcp {
        bindings: bindings?,
        extra_headers: extra_headers?,
        discovery_extra_headers: discovery_extra_headers?,
        max_concurrent_requests: max_concurrent_requests?,
        connection_max_ttl: connection_max_ttl?,
        first_byte_timeout: first_byte_timeout?,
        idle_timeout: idle_timeout?,
        startup_wait_timeout: startup_wait_timeout?,
        pass_env: pass_env?,
        stdio_send_initialized_notification: send_initialized?,
        pass_error_text: pass_error_text?,
    })
}

/// A time that has no default of its own.
fn optional_time(reader: &mut Reader<'_>, setting: &'static Setting) -> Checked<Option<Duration>> {
    match reader.sources.one(setting) {
        Some(_) => reader.time(setting, TIME_MIN).map(Some),
        None => Ok(None),
    }
}

fn pass_env(reader: &mut Reader<'_>) -> Checked<Vec<String>> {
    let name = table::PASS_ENV.flag;
    let patterns = reader.list(&table::PASS_ENV, |text| variable_pattern(text, name))?;
    match patterns.get(PASS_ENV_MAX) {
        None => Ok(patterns.into_iter().map(|(pattern, _)| pattern).collect()),
        Some((_, origin)) => {
            let problem = format!("the number of patterns must be less than or equal to {PASS_ENV_MAX}");
            Err(reader.report(table::PASS_ENV.flag, origin.clone(), problem))
        }
    }
}
