//! The private MCP servers, but for their bindings.

use std::time::Duration;

use super::headers::{Peer, headers};
use super::reader::{Checked, Reader, checked};
use super::stdio::variable_pattern;
use crate::config::checked::{Binding, Mcp};
use crate::config::settings::table;
use crate::limits::{CONCURRENT_MAX, PASS_ENV_MAX, TIME_MIN};

/// The section `mcp`, around the bindings.
pub(super) fn mcp(reader: &mut Reader<'_>, bindings: Checked<Vec<Binding>>) -> Checked<Mcp> {
    checked!(Mcp {
        extra_headers: headers(reader, &table::MCP_HEADERS, Peer::Mcp),
        discovery_extra_headers: headers(reader, &table::DISCOVERY_HEADERS, Peer::Mcp),
        pass_env: pass_env(reader),
        stdio_send_initialized_notification: reader.switch(&table::SEND_INITIALIZED),
        pass_error_text: reader.switch(&table::PASS_ERROR_TEXT),
        startup_wait_timeout: reader.time(&table::STARTUP_WAIT, Duration::ZERO),
        connection_max_ttl: reader.time(&table::CONNECTION_MAX_TTL, TIME_MIN),
        first_byte_timeout: reader.optional_time(&table::FIRST_BYTE_TIMEOUT),
        idle_timeout: reader.optional_time(&table::IDLE_TIMEOUT),
        max_concurrent_requests: reader.count(&table::MAX_CONCURRENT, CONCURRENT_MAX),
        bindings,
    })
}

fn pass_env(reader: &mut Reader<'_>) -> Checked<Vec<String>> {
    let setting = &table::PASS_ENV;
    let too_many = format!("the number of patterns must be less than or equal to {PASS_ENV_MAX}");
    let patterns = reader.at_most(setting, PASS_ENV_MAX, &too_many, |text| {
        variable_pattern(text, setting.flag)
    })?;
    Ok(patterns.into_iter().map(|(pattern, _)| pattern).collect())
}
