//! The sections `connection` and `reload`.

use std::time::Duration;

use super::reader::{Checked, Reader, checked};
use crate::config::checked::Timeouts;
use crate::config::settings::{Setting, table};
use crate::limits::{RELOAD_INTERVAL_MIN, STEP_TIMEOUT_MAX, TIME_MIN};

/// How long the steps of a connection may take.
pub(super) fn timeouts(reader: &mut Reader<'_>) -> Checked<Timeouts> {
    checked!(Timeouts {
        resolve: step(reader, &table::RESOLVE_TIMEOUT),
        connect: step(reader, &table::CONNECT_TIMEOUT),
        tls: step(reader, &table::TLS_TIMEOUT),
        proxy: step(reader, &table::PROXY_TIMEOUT),
    })
}

/// Time between looks at files; `None` when there are to be none.
pub(super) fn reload_interval(reader: &mut Reader<'_>) -> Checked<Option<Duration>> {
    let setting = &table::RELOAD_INTERVAL;
    let interval = reader.time(setting, Duration::ZERO)?;
    if !interval.is_zero() && interval < RELOAD_INTERVAL_MIN {
        let problem = format!(
            "{} must be 0 or at least {}s",
            setting.flag,
            RELOAD_INTERVAL_MIN.as_secs()
        );
        return Err(reader.refuse(setting, problem));
    }
    Ok((!interval.is_zero()).then_some(interval))
}

fn step(reader: &mut Reader<'_>, setting: &'static Setting) -> Checked<Duration> {
    let time = reader.time(setting, TIME_MIN)?;
    if time > STEP_TIMEOUT_MAX {
        let most = STEP_TIMEOUT_MAX.as_secs() / 60;
        let problem = format!("{} must be less than or equal to {most}m", setting.flag);
        return Err(reader.refuse(setting, problem));
    }
    Ok(time)
}
