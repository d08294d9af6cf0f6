//! What `init` prints.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::{Service, next, profiles};
use crate::cli::profiles::{Place, Verdict};
use crate::config::{ProfileName, echo};
use crate::samples::Sample;

/// What was done, and what comes next.
pub(super) struct Done<'a> {
    pub(super) sample: &'a Sample,
    pub(super) name: &'a ProfileName,
    pub(super) path: &'a Path,
    pub(super) place: &'a Place,
    pub(super) verdict: &'a Verdict,
    /// A file of the command that is named as seen from here.
    pub(super) relative: Option<&'a str>,
    /// Whose control plane it is for.
    pub(super) service: &'a Service,
}

impl fmt::Display for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = next("run", self.name, self.place);
        writeln!(f, "Created profile {} at {}", self.name, profiles::show(self.path))?;
        writeln!(f, "Sample: {}", self.sample.name)?;
        f.write_str(&still_needed(self.verdict))?;
        if let Some(file) = self.relative {
            let file = echo(file);
            writeln!(f, "Relative path:")?;
            writeln!(
                f,
                "  {file} is looked for where tunnel-client is started; an absolute path works from anywhere"
            )?;
        }
        writeln!(f, "Next:")?;
        writeln!(f, "  {}", next("doctor", self.name, self.place))?;
        writeln!(f, "  {run}")?;
        writeln!(f, "{}", self.service.heading())?;
        f.write_str(&self.service.places())?;
        writeln!(f, "Connector runtime note:")?;
        writeln!(
            f,
            "  Create or verify the connector only while `{run}` is running, and keep that daemon up."
        )
    }
}

/// What the profile refers to and is not there yet.
fn still_needed(verdict: &Verdict) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for variable in &verdict.unset {
        let _ = writeln!(text, "  export {variable}=...    # not set in this environment");
    }
    for error in &verdict.missing {
        // Its variable is in the list above.
        if !verdict
            .unset
            .iter()
            .any(|variable| error.problem.contains(variable.as_str()))
        {
            let _ = writeln!(text, "  {}", error.problem);
        }
    }
    match text.as_str() {
        "" => text,
        needed => format!("Still needed:\n{needed}"),
    }
}

/// The message without a tunnel id.
pub(super) fn tunnel_id_required(service: &Service) -> String {
    format!(
        "\
tunnel ID is required; pass --tunnel-id tunnel_<32 lowercase letters or digits>
Create a tunnel:  tunnel-client admin tunnels create{flag} --help
First steps:      tunnel-client help quickstart
{places}",
        flag = service.flag_for_admin(),
        places = service.places().trim_end()
    )
}
