//! The level in force, which can change while the process runs.

use std::sync::{Mutex, PoisonError};

use ::log::{LevelFilter, info, warn};

/// The level of the configuration.
static CONFIGURED: Mutex<LevelFilter> = Mutex::new(LevelFilter::Info);

/// Remembers it.
pub(super) fn configured(level: LevelFilter) {
    *CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner) = level;
}

/// The level of the configuration.
pub(crate) fn configured_level() -> LevelFilter {
    *CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The configuration has another level now.
pub(crate) fn set_configured_level(level: LevelFilter) {
    configured(level);
    set_level(level);
}

/// Changes the level, and says so in the log, whichever of the two levels shows it.
pub fn set_level(level: LevelFilter) {
    let previous = ::log::max_level();
    if previous == level {
        return;
    }
    let (before, after) = (name(previous), name(level));
    let say = || {
        if ::log::max_level() >= LevelFilter::Info {
            info!(previous_level = before, new_level = after; "runtime log level updated");
        } else {
            warn!(previous_level = before, new_level = after; "runtime log level updated");
        }
    };
    if previous > level {
        say();
        ::log::set_max_level(level);
    } else {
        ::log::set_max_level(level);
        say();
    }
}

/// Changes to debug, or back to the level of the configuration. Where that is debug, the other level is info.
pub(crate) fn toggle() {
    let configured = configured_level();
    let other = match configured >= LevelFilter::Debug {
        true => LevelFilter::Info,
        false => LevelFilter::Debug,
    };
    set_level(if ::log::max_level() == configured {
        other
    } else {
        configured
    });
}

/// The level in force, as the configuration writes it.
pub(crate) fn current() -> &'static str {
    name(::log::max_level())
}

/// A level as the configuration writes it.
fn name(level: LevelFilter) -> &'static str {
    match level {
        LevelFilter::Off => "off",
        LevelFilter::Error => "error",
        LevelFilter::Warn => "warn",
        LevelFilter::Info => "info",
        LevelFilter::Debug => "debug",
        LevelFilter::Trace => "trace",
    }
}
