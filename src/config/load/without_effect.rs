//! Settings that nothing acts on in this build: checked as all others, and named at start when they are set to anything
//! but the default.

use super::reader::Reader;
use crate::config::settings::table::Check;
use crate::config::settings::{SETTINGS, Source};
use crate::config::values::{boolean, duration};
use crate::limits::TIME_MIN;

/// Checks all of them, except those that are checked by code of their own.
pub(super) fn check(reader: &mut Reader<'_>) {
    for &setting in SETTINGS {
        let Some(why) = setting.without_effect else { continue };
        let default = setting.default.unwrap_or_default();
        let is_set = match setting.check {
            Check::Own => !matches!(reader.sources.origin(setting).source, Source::Unset),
            Check::Switch => reader.switch(setting).ok() != boolean(default),
            Check::Number(min, max) => reader.number(setting, min, max).ok() != default.parse().ok(),
            Check::Time => reader.time(setting, TIME_MIN).ok() != duration::parse(default).ok(),
            Check::Entries(check) => reader.list(setting, check).is_ok_and(|entries| !entries.is_empty()),
        };
        if is_set {
            reader.warn(format!("{} has no effect in this build: {why}", setting.key));
        }
    }
}
