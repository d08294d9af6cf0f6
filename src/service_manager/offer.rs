//! What the service manager offers in the environment: a socket, and a watchdog.

use std::ffi::OsStr;
use std::time::Duration;

use super::address::Address;
use crate::limits::WATCHDOG_PERIOD_MIN;
use crate::secrets::Environment;

const SOCKET: &str = "NOTIFY_SOCKET";
const WATCHDOG: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// The variables of the protocol. They are meant for this process, so no other that it starts receives them.
const VARIABLES: [&str; 3] = [SOCKET, WATCHDOG, WATCHDOG_PID];

/// What the service manager offers to a process.
#[derive(Debug, Default)]
pub struct Offer {
    pub(super) address: Option<Address>,
    /// Half of the time after which the service manager takes silence for a hang (sd_watchdog_enabled(3)).
    pub(super) watchdog: Option<Duration>,
}

impl Offer {
    /// Reads the variables as the process with this id has to. A value that is wrong counts as unset; what is wrong is added to
    /// `warnings`.
    #[must_use]
    pub fn of(environment: &Environment, process: u32, warnings: &mut Vec<String>) -> Self {
        let Some(value) = environment.value(SOCKET) else {
            return Self::default();
        };
        match Address::parse(value) {
            Ok(address) => Self {
                address: Some(address),
                watchdog: watchdog(environment, process, warnings),
            },
            Err(wrong) => {
                warnings.push(format!(
                    "{SOCKET}: {wrong}; the service manager is not notified: with Type=notify it waits in vain"
                ));
                Self::default()
            }
        }
    }
}

fn watchdog(environment: &Environment, process: u32, warnings: &mut Vec<String>) -> Option<Duration> {
    let mut number = |name: &'static str| {
        let value = environment.value(name)?;
        // Zero and the greatest number mean that there is none.
        let read = value.to_str().and_then(|text| text.parse::<u64>().ok());
        let number = read.filter(|&number| number != 0 && number != u64::MAX);
        if number.is_none() {
            warnings.push(format!(
                "{name}: it is not a positive number; no watchdog messages are sent"
            ));
        }
        Some(number)
    };
    let microseconds = number(WATCHDOG)??;
    // Without this variable they are meant for whoever reads them.
    match number(WATCHDOG_PID) {
        Some(id) if id? != u64::from(process) => None,
        _ => Some((Duration::from_micros(microseconds) / 2).max(WATCHDOG_PERIOD_MIN)),
    }
}

/// Whether a variable is one of the protocol.
#[must_use]
pub(crate) fn is_variable(name: &OsStr) -> bool {
    VARIABLES.iter().any(|variable| name == *variable)
}
