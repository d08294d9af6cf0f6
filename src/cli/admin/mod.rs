//! `tunnel-client admin tunnels`: create, list, read, change and delete tunnels with an admin key.

mod fields;
mod output;

use clap::{Arg, ArgMatches, Command};
use secrecy::ExposeSecret as _;

use self::fields::list;
use self::output::{Failure, Output};
use super::Error;
use super::args::{is_on, option, switch};
use super::settings;
use super::start::Start;
use crate::admin::{Client, Request, Tunnel};
use crate::config::{self, ADMIN_SETTINGS, Keys};
use crate::links;
use crate::secrets::{Disk, Environment};
use crate::telemetry::redact;

/// In help texts a command's own flags come first.
const AFTER_OWN: usize = 100;

const ABOUT_KEYS: &str = "\
An admin key (OPENAI_ADMIN_KEY or --admin-key) is needed for everything but \"get\", which takes the runtime key as well.
Never give the admin key to the daemon.

Where keys of the hosted service are managed; a relay of your own has tunnel-relay keygen:";

const AFTER_CREATE: &str = "\
The hosted service needs an organization or a workspace, and 25-30 seconds before the new tunnel can be used. A control plane of
your own (--control-plane.base-url) needs neither.

Example:
  tunnel-client admin tunnels create --name \"Docs\" --description \"Search in our docs\" --organization-id org-123";

const AFTER_UPDATE: &str = "\
What is given replaces what the tunnel has, the lists as a whole; the rest stays. An empty id empties a list.";

pub(super) fn arguments() -> Command {
    let persistent = ADMIN_SETTINGS
        .iter()
        .flat_map(|setting| settings::args(setting))
        .chain([switch("json").help("Print JSON, errors included")]);
    Command::new("admin")
        .about("Create, list and change tunnels with an admin key")
        .args(
            persistent
                .zip(AFTER_OWN..)
                .map(|(flag, place): (Arg, usize)| flag.global(true).display_order(place)),
        )
        .subcommand(tunnels())
}

fn tunnels() -> Command {
    let organizations = || list("organization-id", "ID", "Organization that it belongs to; repeatable");
    let workspaces = || list("workspace-id", "ID", "Workspace that it belongs to; repeatable");
    let id = || {
        fields::positional(
            "tunnel_id",
            "Id of the tunnel: tunnel_ and 32 lower-case letters or digits",
        )
    };
    Command::new("tunnels")
        .about("Create, list, read, change and delete tunnels")
        .after_help(format!(
            "{ABOUT_KEYS}\n  Admin API keys    {}\n  Runtime API keys  {}",
            links::ADMIN_KEYS,
            links::RUNTIME_KEYS
        ))
        .subcommands([
            Command::new("create")
                .about("Create a tunnel")
                .after_help(AFTER_CREATE)
                .args([
                    option("name", "TEXT", "Name, for people (required)"),
                    option("description", "TEXT", "Description, for people (required)"),
                    organizations(),
                    workspaces(),
                ]),
            Command::new("list")
                .about("List the tunnels of an organization, a workspace or a tenant")
                .after_help("Without any of them, a control plane of your own lists all of its tunnels.")
                .args([
                    list("organization-id", "ID", "Organization whose tunnels are listed"),
                    list("workspace-id", "ID", "Workspace whose tunnels are listed"),
                    list("tenant-id", "ID", "Tenant whose tunnels are listed"),
                ]),
            Command::new("get")
                .about("Read one tunnel; the runtime key is enough")
                .arg(id()),
            Command::new("update")
                .about("Change a tunnel")
                .after_help(AFTER_UPDATE)
                .args([
                    id(),
                    option("name", "TEXT", "New name"),
                    option("description", "TEXT", "New description"),
                    organizations(),
                    workspaces(),
                ]),
            Command::new("delete").about("Delete a tunnel").args([
                id(),
                switch("confirm").help("Really delete it"),
                // The Go client takes them and does nothing with them.
                organizations().hide(true),
                workspaces().hide(true),
            ]),
        ])
}

/// Sends one request and prints the answer.
pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    let Some((name, matches)) = matches.subcommand().and_then(|(_, tunnels)| tunnels.subcommand()) else {
        return Ok(());
    };
    let output = Output {
        is_json: is_on(matches, "json"),
    };
    match perform(name, matches, output, start.environment) {
        Ok(()) => Ok(()),
        Err(failure) => Err(output.failure(failure)),
    }
}

fn perform(name: &str, matches: &ArgMatches, output: Output, environment: Environment) -> Result<(), Failure> {
    let is_hosted = || {
        let flags = settings::flags_of(matches, ADMIN_SETTINGS);
        // A mistake in it is reported later.
        config::written_base_url(&flags, &environment, &Disk::default()).is_none_or(|url| links::is_hosted(&url))
    };
    match name {
        "create" => {
            let request = Request::Create(fields::new_tunnel(matches, is_hosted())?);
            output.created(&one(matches, output, environment, Keys::Admin, &request)?)
        }
        "list" => {
            let request = Request::List(fields::scope(matches, is_hosted())?);
            let list = client(matches, output, environment, Keys::Admin)?.list(&request)?;
            output.list(&list)
        }
        "get" => {
            let request = Request::Get(fields::tunnel_id(matches)?);
            output.tunnel(&one(matches, output, environment, Keys::AdminOrRuntime, &request)?)
        }
        "update" => {
            let request = Request::Update(fields::tunnel_id(matches)?, fields::changes(matches)?);
            output.tunnel(&one(matches, output, environment, Keys::Admin, &request)?)
        }
        _ => {
            let id = fields::tunnel_id(matches)?;
            if !is_on(matches, "confirm") {
                return Err(Failure::Argument(
                    "refusing to delete without --confirm: callers of the tunnel lose it at once".to_owned(),
                ));
            }
            output.tunnel(&one(matches, output, environment, Keys::Admin, &Request::Delete(id))?)
        }
    }
}

fn one(
    matches: &ArgMatches,
    output: Output,
    environment: Environment,
    keys: Keys,
    request: &Request,
) -> Result<Tunnel, Failure> {
    Ok(client(matches, output, environment, keys)?.one(request)?)
}

/// The snapshot of the environment ends here, wiped, before anything is sent.
fn client(matches: &ArgMatches, output: Output, environment: Environment, keys: Keys) -> Result<Client, Failure> {
    let flags = settings::flags_of(matches, ADMIN_SETTINGS);
    let config = config::read_admin(&flags, &environment, &Disk::default(), keys).map_err(Failure::Config)?;
    redact::protect(config.key.expose_secret());
    output.warn(&config.warnings);
    Client::new(&config).map_err(Failure::Setup)
}
