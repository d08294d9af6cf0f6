//! The attempts, by what they are after.

mod audit;
mod files;
mod kernel;
mod memory;
mod network;
mod privileges;
mod processes;
mod resolver;
mod server;
mod server_system;
mod server_useful;
mod strict;
mod strict_channels;
mod useful;

use super::probe::Probe;

/// All of them, in the order of the table.
pub(super) fn all() -> impl Iterator<Item = &'static Probe> {
    let lists: [&[Probe]; 14] = [
        files::PROBES,
        network::PROBES,
        processes::PROBES,
        memory::PROBES,
        privileges::PROBES,
        kernel::PROBES,
        useful::PROBES,
        audit::PROBES,
        resolver::PROBES,
        server::PROBES,
        server_system::PROBES,
        server_useful::PROBES,
        strict::PROBES,
        strict_channels::PROBES,
    ];
    lists.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::probes::table;

    #[test]
    fn names_are_unique_and_fit_into_the_table() {
        let mut names = BTreeSet::new();
        for probe in all() {
            assert!(names.insert((probe.place, probe.name)), "{}", probe.name);
            assert!(probe.name.chars().count() <= table::NAME, "{}", probe.name);
            assert!(probe.gains.ends_with('.') && probe.gains.len() < 120, "{}", probe.name);
        }
    }
}
