//! An MCP server that `run` starts itself: can its program start?

use super::mcp::id;
use crate::config::{Binding, Config, Target};
use crate::doctor::report::Check;
use crate::doctor::walk::Walk;
use crate::mcp::stdio::Environment;
use crate::preflight;
use crate::wire::command::MAIN_CHANNEL;

/// The server of a binding with a command; nothing for any other. The program is not started.
pub(in crate::doctor) fn stdio(walk: &mut Walk<'_>, config: &Config, binding: &Binding) {
    let Target::Stdio { argv } = &binding.target else {
        return;
    };
    let channel = binding.channel.as_str();
    // Arguments can be tokens.
    let program = argv.first().map(String::as_str).unwrap_or_default();
    let arguments = match argv.len() {
        0 | 1 => String::new(),
        2 => " and 1 argument".to_owned(),
        count => format!(" and {} arguments", count - 1),
    };
    walk.add(Check::pass(id("mcp_target", channel), format!("{program}{arguments}")));
    let environment = Environment::choose(
        std::env::vars_os(),
        &config.mcp.pass_env,
        &config.secret_variables,
        &config.control_plane.api_key,
    );
    let withheld = (!environment.withheld.is_empty()).then(|| {
        format!(
            "variables that the server does not receive: {}",
            environment.withheld.join(", ")
        )
    });
    let executable = id("mcp_command_executable", channel);
    let reachable = id("mcp_server_reachable", channel);
    match preflight::check(argv, std::env::var_os("PATH").as_deref()) {
        Ok(path) => {
            walk.add(Check::pass(executable, path.display().to_string()).evidence(withheld));
            walk.add(Check::skip(
                reachable,
                "a stdio server is started by run, not by doctor",
            ));
        }
        Err(problem) => {
            walk.add(
                Check::fail(&executable, problem.what())
                    .evidence(withheld)
                    .next([problem.fix()]),
            );
            walk.add(Check::blocked(reachable, &executable));
        }
    }
    if channel == MAIN_CHANNEL {
        walk.add(Check::skip(
            id("oauth_metadata", channel),
            "a stdio server has no OAuth metadata",
        ));
    }
}
