//! Settings that nothing acts on in this build: checked as all others, and named at start when they are set to anything
//! but the default.

use std::collections::BTreeSet;

use super::harpoon;
use super::reader::{Checked, Reader};
use crate::config::settings::{Setting, table};
use crate::limits::{HARPOON_REDIRECTS_MAX, HARPOON_RESPONSE_MAX, TIME_MIN, UI_EVENTS_MAX};

/// Checks all of them. The number of harpoon targets is what is left of them.
pub(super) fn check(reader: &mut Reader<'_>) -> Checked<usize> {
    let targets = harpoon::targets(reader);
    let number = targets.as_ref().map_or(0, BTreeSet::len);
    noted(reader, &table::HARPOON_TARGETS, number > 0);
    for setting in [&table::LOG_HTTP_RAW, &table::HARPOON_PLAINTEXT, &table::HARPOON_CAPTURE] {
        let value = reader.switch(setting);
        noted(reader, setting, matches!(value, Ok(true)));
    }
    for setting in [&table::HARPOON_LOOPBACK, &table::HARPOON_PRIVATE] {
        let value = reader.switch(setting);
        noted(reader, setting, matches!(value, Ok(false)));
    }
    for (setting, min, max) in [
        (&table::UI_EVENTS, 1, UI_EVENTS_MAX),
        (&table::HARPOON_MAX_RESPONSE, 1, HARPOON_RESPONSE_MAX),
        (&table::HARPOON_MAX_REDIRECTS, 0, HARPOON_REDIRECTS_MAX),
    ] {
        let value = reader.number(setting, min, max);
        let default = setting.default.and_then(|text| text.parse().ok());
        noted(reader, setting, value.is_ok_and(|value| Some(value) != default));
    }
    let interval = reader.time(&table::PROXY_CHECK_INTERVAL, TIME_MIN);
    let default = table::PROXY_CHECK_INTERVAL
        .default
        .and_then(|text| crate::config::values::duration::parse(text).ok());
    noted(
        reader,
        &table::PROXY_CHECK_INTERVAL,
        interval.is_ok_and(|value| Some(value) != default),
    );
    for (setting, check) in [
        (
            &table::HARPOON_TRANSPORTS,
            harpoon::transport as fn(&str) -> Result<(), String>,
        ),
        (&table::HARPOON_SUFFIXES, harpoon::suffix),
        (&table::HARPOON_REGEXES, harpoon::pattern),
    ] {
        let values = reader.list(setting, check);
        noted(reader, setting, values.is_ok_and(|values| !values.is_empty()));
    }
    let has_proxy = reader.sources.one(&table::HARPOON_PROXY).is_some();
    noted(reader, &table::HARPOON_PROXY, has_proxy);
    targets.map(|targets| targets.len())
}

fn noted(reader: &mut Reader<'_>, setting: &Setting, is_set: bool) {
    if let (true, Some(why)) = (is_set, setting.without_effect) {
        reader.warn(format!("{} has no effect in this build: {why}", setting.key));
    }
}
