//! What was found, as text and as JSON (contract: cli, section 8).

use std::fmt;

use serde::Serialize;

use super::locator::{Base, Locator};
use super::probe::{self, Poll, Probe};
use super::process::{Found, Process};
use crate::cli::text::one_line;

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    locator: Located,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Found>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthz: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readyz: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_plane_poll: Option<Poll>,
    result: &'static str,
}

#[derive(Debug, Serialize)]
struct Located {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_base_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Report {
    /// Looks at everything that was asked for.
    pub(super) fn make(locator: &Locator, process: Option<&Process>, wants_poll: bool) -> Self {
        let base = locator.resolve();
        let mut report = Self {
            locator: Located::new(locator, &base),
            process: process.map(Process::find),
            base_url: None,
            healthz: None,
            readyz: None,
            control_plane_poll: None,
            result: "fail",
        };
        if let Ok(base) = base {
            report.healthz = Some(probe::probe(&base, "/healthz"));
            report.readyz = Some(probe::probe(&base, "/readyz"));
            report.control_plane_poll = wants_poll.then(|| probe::last_poll(&base));
            report.base_url = Some(base.to_string());
        }
        let probes = [&report.healthz, &report.readyz];
        let is_ok = probes.iter().all(|probe| probe.as_ref().is_some_and(|probe| probe.ok))
            && report.control_plane_poll.as_ref().is_none_or(|poll| poll.ok)
            && report.process.as_ref().is_none_or(|process| process.running);
        if is_ok {
            report.result = "ok";
        }
        report
    }

    /// Whether all is as it should be.
    pub(super) fn is_ok(&self) -> bool {
        self.result == "ok"
    }
}

impl Located {
    fn new(locator: &Locator, base: &Result<Base, String>) -> Self {
        let mut located = Self {
            kind: "",
            url: None,
            url_file: None,
            port: None,
            resolved_base_url: base.as_ref().ok().map(Base::to_string),
            error: base.as_ref().err().cloned(),
        };
        match locator {
            Locator::Url(_) => {
                located.kind = "url";
                // One that is no URL is not repeated: it may be anything.
                located.url = base.as_ref().ok().map(Base::to_string);
            }
            Locator::UrlFile(path) => {
                located.kind = "url_file";
                located.url_file = Some(path.display().to_string());
            }
            Locator::Port(port) => {
                located.kind = "port";
                located.port = Some(*port);
            }
        }
        located
    }
}

impl fmt::Display for Report {
    /// One line a check.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.locator.fmt(f)?;
        if let Some(base) = &self.base_url {
            writeln!(f, "Base URL: {}", one_line(base))?;
        }
        for (name, probe) in [("Healthz", &self.healthz), ("Readyz", &self.readyz)] {
            if let Some(probe) = probe {
                writeln!(f, "{name}: {probe}")?;
            }
        }
        if let Some(poll) = &self.control_plane_poll {
            writeln!(f, "Control-plane poll: {poll}")?;
        }
        if let Some(process) = &self.process {
            writeln!(f, "Process: {process}")?;
        }
        writeln!(f, "Result: {}", if self.is_ok() { "OK" } else { "FAIL" })
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.url, &self.url_file, self.port) {
            (Some(url), _, _) => writeln!(f, "Locator: {}={}", self.kind, one_line(url))?,
            (_, Some(path), _) => writeln!(f, "Locator: {}={}", self.kind, one_line(path))?,
            (_, _, Some(port)) => writeln!(f, "Locator: {}={port}", self.kind)?,
            _ => writeln!(f, "Locator: {}", self.kind)?,
        }
        match &self.error {
            Some(error) => writeln!(f, "Locator error: {}", one_line(error)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(verdict(self.running))?;
        if let Some(pid) = self.pid {
            write!(f, " | pid={pid}")?;
        }
        if let Some(path) = &self.pid_file {
            write!(f, " | pid_file={}", one_line(path))?;
        }
        match &self.error {
            Some(error) => write!(f, " | {}", one_line(error)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {}", verdict(self.ok), one_line(&self.url))?;
        if let Some(status) = self.status {
            write!(f, " | HTTP {status}")?;
        }
        for text in [&self.body, &self.error].into_iter().flatten() {
            write!(f, " | {}", one_line(text))?;
        }
        Ok(())
    }
}

impl fmt::Display for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {}", verdict(self.ok), one_line(&self.url))?;
        if let Some(value) = self.value {
            write!(f, " | last_success_unix_seconds={value}")?;
        }
        match &self.error {
            Some(error) => write!(f, " | {}", one_line(error)),
            None => Ok(()),
        }
    }
}

fn verdict(ok: bool) -> &'static str {
    if ok { "PASS" } else { "FAIL" }
}
