//! The sandbox: which layers can this kernel apply here, and what does `hardening.mode` make of that?

use crate::config::{Config, Mode};
use crate::doctor::report::Check;
use crate::probes::{self, Again};
use crate::sandbox::{Finding, ReadableProgram, State};

const ID: &str = "sandbox";

/// Asks a process that shuts itself in as the daemon would.
pub(in crate::doctor) fn layers(mode: Mode, again: Option<&Again>) -> Check {
    if mode == Mode::Off {
        return Check::warn(
            ID,
            "hardening.mode is off: whoever takes over the process has all that its user has",
        )
        .next(["write hardening.mode: enforce, or best-effort where the kernel lacks a layer"]);
    }
    let Some(again) = again else {
        return Check::skip(ID, "this program cannot be started again here");
    };
    match probes::facts(again) {
        Ok(facts) => judge(facts.status.findings()),
        Err(error) => Check::fail(ID, error.to_string()).next([
            "tunnel-client help hardening says which kernels have what",
            "with hardening.mode: best-effort the client starts with what there is",
        ]),
    }
}

/// Whether stdio servers can open the memory of a client while it starts.
pub(in crate::doctor) fn program_file(config: &Config) -> Check {
    const ID: &str = "program_file";
    match ReadableProgram::find(config) {
        None => Check::pass(
            ID,
            "no stdio MCP server can open the memory of tunnel-client while it starts",
        ),
        Some(readable) => Check::warn(ID, readable.to_string()).next([readable.remedy()]),
    }
}

fn judge(findings: &[Finding]) -> Check {
    let named = |state: State| {
        let of_state = findings.iter().filter(|finding| finding.state == state);
        let names: Vec<&str> = of_state.map(|finding| finding.layer.as_str()).collect();
        names.join(", ")
    };
    let mut summary = format!("in force: {}", named(State::Enforced));
    for (state, what) in [(State::Partial, "in part"), (State::Missing, "missing")] {
        let names = named(state);
        if !names.is_empty() {
            summary.push_str(&format!("; {what}: {names}"));
        }
    }
    let evidence = findings.iter().map(Finding::to_string);
    match findings.iter().any(|finding| finding.state == State::Missing) {
        false => Check::pass(ID, summary).evidence(evidence),
        true => Check::warn(ID, summary).evidence(evidence).next([
            "run a kernel that has the layer: tunnel-client help hardening",
            "tunnel-client doctor --sandbox shows what stays open without it",
        ]),
    }
}
