//! What the flags of `admin tunnels` say: ids and texts, checked before anything is sent.

use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches};

use super::output::Failure;
use crate::admin::{Changes, PrincipalId, Scope, TunnelId};
use crate::cli::args::option;
use crate::limits::{PRINCIPALS_MAX, TUNNEL_TEXT_MAX};

/// A flag that can be repeated.
pub(super) fn list(name: &'static str, placeholder: &'static str, help: &'static str) -> Arg {
    option(name, placeholder, help).action(ArgAction::Append)
}

/// An argument that belongs to no flag.
pub(super) fn positional(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .value_name(name)
        .help(help)
        .value_parser(OsStringValueParser::new())
}

/// The tunnel that is named.
pub(super) fn tunnel_id(matches: &ArgMatches) -> Result<TunnelId, Failure> {
    let text = texts(matches, "tunnel_id")?
        .into_iter()
        .next()
        .ok_or_else(|| argument("a tunnel id is needed: tunnel_ and 32 lower-case letters or digits"))?;
    TunnelId::parse(text).map_err(Failure::Argument)
}

/// What a new tunnel is given. The hosted service wants to know whose it is; others may have neither organizations nor workspaces.
pub(super) fn new_tunnel(matches: &ArgMatches, is_hosted: bool) -> Result<Changes, Failure> {
    let changes = all(matches)?;
    let is_blank = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
    if is_blank(&changes.name) {
        return Err(argument("name is required (set --name)"));
    }
    if is_blank(&changes.description) {
        return Err(argument("description is required (set --description)"));
    }
    let has_any = |ids: &Option<Vec<PrincipalId>>| ids.as_ref().is_some_and(|ids| !ids.is_empty());
    if is_hosted && !has_any(&changes.organization_ids) && !has_any(&changes.workspace_ids) {
        return Err(argument(
            "at least one of --organization-id or --workspace-id is required",
        ));
    }
    Ok(changes)
}

/// What replaces what a tunnel has.
pub(super) fn changes(matches: &ArgMatches) -> Result<Changes, Failure> {
    let changes = all(matches)?;
    if changes == Changes::default() {
        return Err(argument(
            "provide at least one field to update: --name, --description, --organization-id or --workspace-id",
        ));
    }
    if changes.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(argument(
            "a tunnel needs a name; set --name to some text or leave it out",
        ));
    }
    Ok(changes)
}

/// Whose tunnels are listed; `None`: all that the service has, which the hosted one does not list.
pub(super) fn scope(matches: &ArgMatches, is_hosted: bool) -> Result<Option<Scope>, Failure> {
    let given = |flag| Ok::<_, Failure>(ids(matches, flag)?.unwrap_or_default().into_iter());
    let mut scopes: Vec<Scope> = given("organization-id")?.map(Scope::Organization).collect();
    scopes.extend(given("workspace-id")?.map(Scope::Workspace));
    scopes.extend(given("tenant-id")?.map(Scope::Tenant));
    match scopes.pop() {
        None if !is_hosted => Ok(None),
        Some(scope) if scopes.is_empty() => Ok(Some(scope)),
        _ => Err(argument(
            "provide exactly one of --organization-id, --workspace-id, or --tenant-id, once",
        )),
    }
}

fn all(matches: &ArgMatches) -> Result<Changes, Failure> {
    Ok(Changes {
        name: text(matches, "name")?.map(|name| name.trim().to_owned()),
        description: text(matches, "description")?,
        organization_ids: ids(matches, "organization-id")?,
        workspace_ids: ids(matches, "workspace-id")?,
    })
}

fn text(matches: &ArgMatches, flag: &str) -> Result<Option<String>, Failure> {
    match texts(matches, flag)?.pop() {
        Some(text) if text.len() > TUNNEL_TEXT_MAX => Err(argument(&format!(
            "--{flag} is longer than {TUNNEL_TEXT_MAX} bytes; shorten it"
        ))),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The ids of a flag, which may stand in one value with commas between them; `None` when the flag was not given.
fn ids(matches: &ArgMatches, flag: &str) -> Result<Option<Vec<PrincipalId>>, Failure> {
    let values = texts(matches, flag)?;
    if values.is_empty() {
        return Ok(None);
    }
    let mut ids = Vec::new();
    for text in values.iter().flat_map(|value| value.split(',')) {
        if text.trim().is_empty() {
            continue;
        }
        let id = PrincipalId::parse(text).ok_or_else(|| {
            argument(&format!(
                "--{flag} has an invalid id; write visible ASCII characters, no spaces"
            ))
        })?;
        if ids.contains(&id) {
            return Err(argument(&format!("duplicate {flag}; give each id once")));
        }
        if ids.len() == PRINCIPALS_MAX {
            return Err(argument(&format!(
                "--{flag} may be given {PRINCIPALS_MAX} times at most"
            )));
        }
        ids.push(id);
    }
    Ok(Some(ids))
}

fn texts<'a>(matches: &'a ArgMatches, name: &str) -> Result<Vec<&'a str>, Failure> {
    let values = matches.try_get_many::<OsString>(name).ok().flatten();
    values
        .into_iter()
        .flatten()
        .map(|value| {
            value
                .to_str()
                .ok_or_else(|| argument(&format!("{name} is not UTF-8 text")))
        })
        .collect()
}

fn argument(problem: &str) -> Failure {
    Failure::Argument(problem.to_owned())
}
