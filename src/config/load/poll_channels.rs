//! The channels that are polled (contract: config, section 5).

use super::reader::{Checked, Reader};
use crate::config::checked::Binding;
use crate::config::settings::{Origin, table};
use crate::config::values::channel::{HARPOON, MAIN, is_channel};
use crate::config::values::scalar::echo;
use crate::limits::POLL_CHANNELS_MAX;

/// Channels that were written, each with its place; none: the service chooses.
pub(super) fn poll_channels(reader: &mut Reader<'_>) -> Checked<Vec<(String, Origin)>> {
    let setting = &table::POLL_CHANNELS;
    let flag = setting.flag;
    let too_many = format!("{flag} must have less than or equal to {POLL_CHANNELS_MAX} channels; remove some");
    let channels = reader.at_most(setting, POLL_CHANNELS_MAX, &too_many, |text| match is_channel(text) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{flag} has an invalid channel: {}; write 1 to 64 lower-case letters, digits, \"-\" or \"_\"",
            echo(text)
        )),
    })?;
    let mut outcome = Ok(());
    for (index, (channel, origin)) in channels.iter().enumerate() {
        if channels.iter().take(index).any(|(known, _)| known == channel) {
            let problem = format!("{flag} has channel {channel} twice; remove one");
            outcome = Err(reader.report(flag, origin.clone(), problem));
        }
    }
    outcome.map(|()| channels)
}

/// Every channel that is polled must have somebody behind it. Sorted, for the wire.
pub(super) fn served(
    reader: &mut Reader<'_>,
    channels: Vec<(String, Origin)>,
    bindings: &[Binding],
    has_targets: bool,
) -> Checked<Vec<String>> {
    let flag = table::POLL_CHANNELS.flag;
    let main_is_polled = channels.iter().any(|(channel, _)| channel == MAIN);
    let mut outcome = Ok(());
    for (channel, origin) in &channels {
        let is_bound = bindings.iter().any(|binding| binding.channel == *channel);
        let problem = if channel == HARPOON {
            reader.warn(format!(
                "{flag} has channel {HARPOON}, which is not served by this build: its calls are answered with an error"
            ));
            (!has_targets && !main_is_polled).then(|| {
                format!("{flag} has channel {HARPOON}, which needs a target; set harpoon.target, or remove it")
            })
        } else {
            (!is_bound).then(|| {
                format!(
                    "{flag} has channel {channel}, which has no server; \
                     bind it with mcp.server-url or mcp.command, or remove it"
                )
            })
        };
        if let Some(problem) = problem {
            outcome = Err(reader.report(flag, origin.clone(), problem));
        }
    }
    outcome?;
    let mut channels: Vec<String> = channels.into_iter().map(|(channel, _)| channel).collect();
    channels.sort_unstable();
    Ok(channels)
}

/// Whether `channel` is polled: without a list, every channel is.
pub(super) fn include(channels: &[(String, Origin)], channel: &str) -> bool {
    channels.is_empty() || channels.iter().any(|(known, _)| known == channel)
}
