//! The proof of the cage: somebody who took over a process would try this, so it is tried.
//!
//! `doctor --sandbox` starts its own binary again for each attempt, with its own arguments and environment, and once more without
//! the cage, so that nobody has to believe that the attempt would work at all. The process that attempts shuts the same cage around
//! itself as the daemon does (`run::Enclosure`), tries one thing and tells by its end what became of it.
//!
//! `attempts` holds the probes as lists, `role` what a process that was started again does, `client` how it shuts itself in, `trial` how
//! the other side runs it.

#![forbid(unsafe_code)]

mod attempts;
mod client;
pub mod new_files;
mod outcome;
mod probe;
mod role;
mod scene;
mod table;
mod trial;
mod victims;

use std::path::Path;
use std::time::Instant;

use crate::limits::SANDBOX_PROBES_TIMEOUT;

pub use outcome::Outcome;
pub use probe::{By, Expected, Place, Probe};
pub use role::Role;
pub use scene::{Facts, Scene};
pub use table::{json, text};
pub use trial::{Again, Error, ROLE};

/// All probes, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Probe> {
    attempts::all()
}

/// A probe and what became of it.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub probe: &'static Probe,
    /// Without the cage.
    pub free: Outcome,
    /// In it.
    pub caged: Outcome,
    /// What that means.
    pub verdict: Verdict,
}

/// What became of a probe, in view of what was to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The cage refuses it.
    Refused,
    /// It has to work, and does.
    Works,
    /// This kernel has not got the layer, or its version of it, that would refuse it.
    Open,
    /// There is nothing here to try it on.
    NotTried,
    /// It is not refused although it should be, or has to work and does not.
    Wrong,
}

/// All probes of one configuration.
#[derive(Debug)]
pub struct Proof {
    /// What the configuration makes of the cage.
    pub facts: Facts,
    /// Probe by probe.
    pub rows: Vec<Row>,
}

impl Row {
    /// Whether it is refused so without the cage too: it says nothing about the cage then.
    #[must_use]
    pub fn is_refused_anyway(&self) -> bool {
        self.verdict == Verdict::Refused && self.free == self.caged
    }
}

impl Proof {
    /// How many probes ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Whether everything is as it should be, as far as the kernel can.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.count(Verdict::Wrong) == 0
    }
}

/// What the configuration makes of the cage here, told by a process that shuts it around itself.
///
/// # Errors
/// [`Error`], above all when the cage cannot be shut.
pub fn facts(again: &Again) -> Result<Facts, Error> {
    trial::facts(again)
}

/// Runs every probe. `progress` is told which one begins.
///
/// # Errors
/// [`Error`], above all when the cage cannot be shut.
pub fn prove(again: &Again, progress: &mut dyn FnMut(&str)) -> Result<Proof, Error> {
    let end = Instant::now() + SANDBOX_PROBES_TIMEOUT;
    let facts = trial::facts(again)?;
    let victims = trial::victims(&facts)?;
    let mut rows = Vec::new();
    // The first process is always there, so one that cannot be seen is hidden (`hidepid` of proc(5), ProtectProc= of systemd).
    let hides_processes = !Path::new("/proc/1").exists();
    for probe in attempts::all().filter(|probe| (probe.applies)(&facts)) {
        progress(probe.name);
        let run = |caged| match Instant::now() < end {
            true => trial::run(again, probe, victims.scene(), caged),
            false => Ok(Outcome::Silent),
        };
        let (free, caged) = (run(false)?, run(true)?);
        rows.push(Row {
            probe,
            free,
            caged,
            verdict: judge(probe, free, caged, &facts, hides_processes),
        });
    }
    Ok(Proof { facts, rows })
}

/// Whether the host refuses it in a way of its own before the cage does: by a mount that is read-only (ProtectSystem= of systemd), by
/// hiding processes, by ending who makes calls of another architecture (SystemCallArchitectures=).
fn is_refused_by_host(expected: Expected, free: Outcome, caged: Outcome, may_be_hidden: bool) -> bool {
    matches!(expected, Expected::Refused(_))
        && match caged {
            Outcome::Refused(libc::EROFS) => true,
            Outcome::Refused(libc::ENOENT) => may_be_hidden && free != caged,
            Outcome::Signal(libc::SIGSYS) => free == caged,
            _ => false,
        }
}

fn judge(probe: &Probe, free: Outcome, caged: Outcome, facts: &Facts, hides_processes: bool) -> Verdict {
    if is_refused_by_host(probe.expected, free, caged, hides_processes && probe.looks_into_process) {
        return Verdict::Refused;
    }
    let status = &facts.status;
    let is_there = match probe.by {
        By::Landlock(since) => status.landlock() >= since,
        By::Seccomp => status.filters_calls(),
        By::Process | By::Nobody => true,
    };
    match (probe.expected, caged) {
        (_, Outcome::NotHere) => Verdict::NotTried,
        // The file is not there.
        (_, Outcome::Refused(libc::ENOENT)) if free == caged => Verdict::NotTried,
        (_, Outcome::NoCage | Outcome::Silent | Outcome::Broken) => Verdict::Wrong,
        (Expected::Works | Expected::Aborts, _) if probe.expected.is_met_by(caged) => Verdict::Works,
        (_, _) if probe.expected.is_met_by(caged) => Verdict::Refused,
        _ if is_there => Verdict::Wrong,
        _ => Verdict::Open,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_a_unit_of_systemd_refuses_by_itself_counts_as_refused() {
        let (refused, works) = (Expected::Refused(&[libc::EACCES]), Outcome::Worked);
        let (read_only, hidden) = (Outcome::Refused(libc::EROFS), Outcome::Refused(libc::ENOENT));
        let killed = Outcome::Signal(libc::SIGSYS);
        for (expected, free, caged, hides_processes, is_refused) in [
            (refused, works, read_only, false, true),
            (refused, read_only, read_only, false, true),
            (Expected::Works, works, read_only, false, false),
            (refused, works, hidden, true, true),
            (refused, works, hidden, false, false),
            // The file that is tried is not there.
            (refused, hidden, hidden, true, false),
            (refused, killed, killed, false, true),
            // The cage itself ends a process that should only get an error.
            (refused, works, killed, false, false),
            (refused, works, works, true, false),
        ] {
            let judged = is_refused_by_host(expected, free, caged, hides_processes);
            assert_eq!(judged, is_refused, "{expected:?} {free:?} {caged:?} {hides_processes}");
        }
    }

    #[test]
    fn a_file_that_an_attempt_took_away_is_no_process_that_the_host_hides() {
        let facts = Facts::default();
        let (works, gone) = (Outcome::Worked, Outcome::Refused(libc::ENOENT));
        let named = |name| attempts::all().find(|probe| probe.name == name).unwrap();
        let renames = named("rename what leads to the client's files");
        assert_ne!(judge(renames, works, gone, &facts, true), Verdict::Refused);
        let looks = named("read the client's memory");
        assert_eq!(judge(looks, works, gone, &facts, true), Verdict::Refused);
        assert_eq!(judge(looks, works, gone, &facts, false), Verdict::Wrong);
    }

    #[test]
    fn what_the_kernel_cannot_refuse_is_open_and_what_it_could_is_wrong() {
        let probe = attempts::all().find(|probe| probe.by == By::Landlock(4)).unwrap();
        // No layer at all: version 0.
        let facts = Facts::default();
        assert_eq!(
            judge(probe, Outcome::Worked, Outcome::Worked, &facts, false),
            Verdict::Open
        );
        assert_eq!(
            judge(probe, Outcome::Worked, Outcome::Refused(libc::EACCES), &facts, false),
            Verdict::Refused
        );
        assert_eq!(
            judge(probe, Outcome::Worked, Outcome::Broken, &facts, false),
            Verdict::Wrong
        );
        let useful = attempts::all().find(|probe| probe.expected == Expected::Works).unwrap();
        assert_eq!(
            judge(useful, Outcome::Worked, Outcome::Refused(libc::EACCES), &facts, false),
            Verdict::Wrong
        );
        assert_eq!(
            judge(useful, Outcome::Worked, Outcome::NotHere, &facts, false),
            Verdict::NotTried
        );
    }
}
