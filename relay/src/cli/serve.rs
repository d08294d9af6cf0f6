//! `tunnel-relay serve`: from what is written to what is checked.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::SecretString;

use super::text;
use crate::audit::{OnFailure, Settings};
use crate::ids::{TunnelId, parse_duration};
use crate::limits;
use crate::log::Format;
use crate::notify::Offer;
use crate::serve::ServeOptions;
use crate::tls::TlsFiles;

/// Where the relay listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8443";

/// The options and their help.
pub(super) fn command() -> Command {
    let one = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let many = |name, value, help| one(name, value, help).action(ArgAction::Append);
    Command::new("serve")
        .about("Serves tunnel clients, callers and managers")
        .after_help(
            "Each option can also be set by the variable TUNNEL_RELAY_<NAME>, e.g. TUNNEL_RELAY_CALL_TIMEOUT=60s; \
             those that repeat take a comma list there. TUNNEL_RELAY_KEYS holds lines of a keys file.",
        )
        .arg(one(
            "listen",
            "ADDR",
            "Where to listen [default: 127.0.0.1:8443]; port 0 lets the kernel choose",
        ))
        .arg(one(
            "tls-cert",
            "FILE",
            "PEM: the relay's certificate and its chain; without it plain HTTP is served",
        ))
        .arg(one("tls-key", "FILE", "PEM: the certificate's private key"))
        .arg(one(
            "client-ca",
            "FILE",
            "PEM: verify certificates of peers against these",
        ))
        .arg(
            Arg::new("require-client-cert")
                .long("require-client-cert")
                .action(ArgAction::SetTrue)
                .help("Turn peers without a certificate away"),
        )
        .arg(one("keys-file", "FILE", "One key a line: NAME SCOPES KEY"))
        .arg(one(
            "tunnels-file",
            "FILE",
            "Where tunnels are stored; without it they end with the process",
        ))
        .arg(many(
            "tunnel",
            "ID[=NAME]",
            "A tunnel that exists from the start; may repeat",
        ))
        .arg(one(
            "url-file",
            "FILE",
            "Where to write the base URL once the relay listens",
        ))
        .arg(many(
            "allow-host",
            "HOST",
            "A name that callers may use for the relay, beside its address; may repeat",
        ))
        .arg(many(
            "allow-origin",
            "ORIGIN",
            "A web origin that may call, beside the relay's own; may repeat",
        ))
        .arg(one(
            "call-timeout",
            "DURATION",
            "How long a call may take [default: 120s]",
        ))
        .arg(one(
            "max-connections",
            "N",
            "Connections served at once, 16 to 1048576 [default: 5120]; a fifth of them is for peers that have shown no \
             accepted key yet",
        ))
        .arg(one(
            "max-anonymous-per-address",
            "N",
            "Connections of one address (IPv6: one /64 network) that have shown no accepted key; when one more comes \
             the oldest is closed [default: 256]; 0: no limit, for a relay that sees its peers under the address of a \
             balancer",
        ))
        .arg(one(
            "reload-check-interval",
            "DURATION",
            "How often to check the keys file and the TLS files for changes [default: 5s]; 0 disables. SIGHUP has them \
             read at once",
        ))
        .arg(one(
            "audit-file",
            "FILE",
            "Where to write one record for each call; SIGHUP opens it anew",
        ))
        .arg(one(
            "audit-key-file",
            "FILE",
            "Key that seals the records, made by tunnel-relay audit init",
        ))
        .arg(one(
            "audit-on-failure",
            "ACTION",
            "When records cannot be written: drop-and-count, or block, which refuses calls [default: drop-and-count]",
        ))
        .arg(one(
            "audit-anchor-every",
            "N",
            "Records between two log lines with number and seal of the last one, 1 to 1000000 [default: 1000]",
        ))
        .arg(one("log-format", "FORMAT", "text or json [default: text]"))
}

/// Checks what was written; all mistakes at once, each with its source.
pub(super) fn options(
    matches: &ArgMatches,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<ServeOptions, Vec<String>> {
    let mut source = Source {
        matches,
        environment,
        mistakes: Vec::new(),
    };
    let require_client_cert = matches.get_flag("require-client-cert") || source.truth("require-client-cert");
    let client_ca = source.path("client-ca");
    if require_client_cert && client_ca.is_none() {
        source.mistakes.push("--require-client-cert needs --client-ca".into());
    }
    let tls = match (source.path("tls-cert"), source.path("tls-key")) {
        (Some(cert), Some(key)) => Some(TlsFiles {
            cert,
            key,
            client_ca,
            require_client_cert,
        }),
        (None, None) => {
            if client_ca.is_some() {
                source
                    .mistakes
                    .push("--client-ca needs --tls-cert and --tls-key".into());
            }
            None
        }
        _ => {
            source.mistakes.push("--tls-cert and --tls-key go together".into());
            None
        }
    };
    let call_timeout = source.checked(
        "call-timeout",
        limits::CALL_TIMEOUT_DEFAULT,
        "is not a duration such as 120s, up to 24h",
        |value| parse_duration(value).filter(|wait| !wait.is_zero() && *wait <= limits::CALL_TIMEOUT_MAX),
    );
    let max_connections = source.checked(
        "max-connections",
        limits::CONNECTIONS,
        "is not a number from 16 to 1048576",
        |value| {
            let range = limits::CONNECTIONS_MIN..=limits::CONNECTIONS_MAX;
            value.parse().ok().filter(|connections| range.contains(connections))
        },
    );
    let max_anonymous_per_address = source.checked(
        "max-anonymous-per-address",
        limits::ANONYMOUS_PER_ADDRESS,
        "is not a number; 0 is no limit",
        |value| value.parse().ok(),
    );
    let reload_interval = source.checked(
        "reload-check-interval",
        limits::RELOAD_INTERVAL,
        "is not a duration such as 10s, from 1s to 24h, or 0",
        |value| {
            let interval = if value == "0" {
                Duration::ZERO
            } else {
                parse_duration(value)?
            };
            let range = Duration::from_secs(1)..=limits::RELOAD_INTERVAL_MAX;
            (interval.is_zero() || range.contains(&interval)).then_some(interval)
        },
    );
    let log_format = source.checked(
        "log-format",
        Format::Text,
        "is neither text nor json",
        |value| match value {
            "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            _ => None,
        },
    );
    let audit = audit(&mut source);
    let tunnels = source.all(
        "tunnel",
        "is not ID or ID=NAME, with an id of tunnel_ and 32 lower-case letters or digits",
        |value| {
            let (id, name) = value.split_once('=').unwrap_or((value, value));
            Some((TunnelId::parse(id)?, name.to_owned()))
        },
    );
    let allow_host = source.all("allow-host", "is not a host name without port", |value| {
        (!value.contains(['/', '@'])).then(|| Box::from(value))
    });
    let allow_origin = source.all("allow-origin", "is not SCHEME://HOST[:PORT]", origin);
    let options = ServeOptions {
        listen: source.value("listen").map_or(LISTEN.into(), |(value, _)| value),
        tls,
        keys_file: source.path("keys-file"),
        keys: source.variable("TUNNEL_RELAY_KEYS").map(SecretString::from),
        tunnels_file: source.path("tunnels-file"),
        tunnels,
        url_file: source.path("url-file"),
        allow_host,
        allow_origin,
        call_timeout,
        max_connections,
        max_anonymous_per_address: (max_anonymous_per_address > 0).then_some(max_anonymous_per_address),
        reload_interval: (!reload_interval.is_zero()).then_some(reload_interval),
        audit,
        log_format,
        notify: Offer::of(environment),
    };
    if source.mistakes.is_empty() {
        Ok(options)
    } else {
        Err(source.mistakes)
    }
}

fn audit(source: &mut Source<'_>) -> Option<Settings> {
    let (file, key_file) = (source.path("audit-file"), source.path("audit-key-file"));
    let on_failure = source.checked(
        "audit-on-failure",
        OnFailure::DropAndCount,
        "is neither drop-and-count nor block",
        |value| match value {
            "drop-and-count" => Some(OnFailure::DropAndCount),
            "block" => Some(OnFailure::Block),
            _ => None,
        },
    );
    let anchor_every = source.checked(
        "audit-anchor-every",
        limits::AUDIT_ANCHOR,
        "is not a number from 1 to 1000000",
        |value| {
            let range = 1..=limits::AUDIT_ANCHOR_MAX;
            value.parse().ok().filter(|records| range.contains(records))
        },
    );
    if file.is_none() && (key_file.is_some() || on_failure == OnFailure::Block) {
        let needs = "--audit-key-file and --audit-on-failure need --audit-file";
        source.mistakes.push(needs.into());
    }
    Some(Settings {
        file: file?,
        key_file,
        on_failure,
        anchor_every,
    })
}

/// Flags and environment, and what is wrong with them.
struct Source<'a> {
    matches: &'a ArgMatches,
    environment: &'a dyn Fn(&str) -> Option<OsString>,
    mistakes: Vec<String>,
}

impl Source<'_> {
    /// The value and where it came from.
    fn value(&mut self, name: &str) -> Option<(String, String)> {
        if let Some(value) = text(self.matches, name).filter(|value| !value.is_empty()) {
            return Some((value.into(), format!("--{name}")));
        }
        let variable = variable_of(name);
        self.variable(&variable).map(|value| (value, variable))
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        value
            .into_string()
            .map_err(|_| self.mistakes.push(format!("{name} is not UTF-8")))
            .ok()
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.value(name).map(|(value, _)| value.into())
    }

    fn truth(&mut self, name: &str) -> bool {
        let variable = variable_of(name);
        match self.variable(&variable).as_deref() {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => {
                self.mistakes.push(format!("{variable} is neither true nor false"));
                false
            }
        }
    }

    fn checked<T>(&mut self, name: &str, default: T, wrong: &str, check: impl Fn(&str) -> Option<T>) -> T {
        let Some((value, origin)) = self.value(name) else {
            return default;
        };
        check(&value).unwrap_or_else(|| {
            self.mistakes.push(format!("{origin}: {value:?} {wrong}"));
            default
        })
    }

    fn all<T>(&mut self, name: &str, wrong: &str, check: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut values: Vec<(String, String)> = self
            .matches
            .get_many::<String>(name)
            .into_iter()
            .flatten()
            .map(|value| (value.clone(), format!("--{name}")))
            .collect();
        let variable = variable_of(name);
        if values.is_empty()
            && let Some(list) = self.variable(&variable)
        {
            values.extend(list.split(',').map(|value| (value.trim().to_owned(), variable.clone())));
        }
        let mut checked = Vec::new();
        for (value, origin) in values {
            match check(&value) {
                Some(value) => checked.push(value),
                None => self.mistakes.push(format!("{origin}: {value:?} {wrong}")),
            }
        }
        checked
    }
}

/// An origin as browsers write it: without the port that is the scheme's own.
fn origin(value: &str) -> Option<Box<str>> {
    let (scheme, host) = value.split_once("://")?;
    let own = match scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    // `*` would let every site in.
    let well_formed = !host.is_empty() && !host.contains(['/', '@', '*']);
    let host = host.strip_suffix(own).unwrap_or(host);
    well_formed.then(|| format!("{scheme}://{host}").into())
}

/// `call-timeout` is `TUNNEL_RELAY_CALL_TIMEOUT`.
fn variable_of(name: &str) -> String {
    format!("TUNNEL_RELAY_{}", name.replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(args: &[&str], variables: &[(&str, &str)]) -> Result<ServeOptions, Vec<String>> {
        let matches = command()
            .try_get_matches_from(std::iter::once(&"serve").chain(args))
            .unwrap();
        options(&matches, &|name| {
            variables
                .iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn a_flag_wins_over_its_variable() {
        let id = TunnelId::random();
        let given = format!("{id}=demo");
        let variables = [
            ("TUNNEL_RELAY_CALL_TIMEOUT", "60s"),
            ("TUNNEL_RELAY_LISTEN", "127.0.0.1:1"),
            ("TUNNEL_RELAY_ALLOW_HOST", "a, b"),
        ];
        let options = read(&["--call-timeout", "5s", "--tunnel", &given], &variables).unwrap();
        assert_eq!(options.call_timeout, Duration::from_secs(5));
        assert_eq!(options.listen, "127.0.0.1:1");
        assert_eq!(options.allow_host, [Box::from("a"), Box::from("b")]);
        assert_eq!(options.tunnels, [(id, "demo".to_owned())]);
    }

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        assert_eq!(
            origin("https://app.example:443").as_deref(),
            Some("https://app.example")
        );
        assert_eq!(origin("http://app.example:80").as_deref(), Some("http://app.example"));
        assert_eq!(
            origin("https://app.example:80").as_deref(),
            Some("https://app.example:80")
        );
        for text in [
            "*",
            "https://*",
            "https://*.example",
            "https://app.example/",
            "app.example",
            "null",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn the_interval_of_reloads_is_checked() {
        let interval = |value| read(&["--reload-check-interval", value], &[]).map(|options| options.reload_interval);
        assert_eq!(interval("0").unwrap(), None);
        assert_eq!(interval("1m").unwrap(), Some(Duration::from_secs(60)));
        assert!(interval("500ms").is_err() && interval("25h").is_err() && interval("10").is_err());
    }

    #[test]
    fn an_audit_log_that_blocks_needs_its_file() {
        let variables = [
            ("TUNNEL_RELAY_AUDIT_FILE", "/a"),
            ("TUNNEL_RELAY_AUDIT_ANCHOR_EVERY", "5"),
        ];
        let audit = read(&["--audit-on-failure", "block"], &variables)
            .unwrap()
            .audit
            .unwrap();
        assert_eq!((audit.on_failure, audit.anchor_every), (OnFailure::Block, 5));
        for wrong in [
            ["--audit-on-failure", "block"],
            ["--audit-key-file", "/k"],
            ["--audit-anchor-every", "0"],
        ] {
            assert!(read(&wrong, &[]).is_err(), "{wrong:?}");
        }
        assert!(read(&[], &[]).unwrap().audit.is_none());
    }

    #[test]
    fn options_do_not_print_keys() {
        let options = read(&[], &[("TUNNEL_RELAY_KEYS", "me read 0123456789abcdef-secret")]).unwrap();
        assert!(!format!("{options:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn all_mistakes_are_reported_with_their_source() {
        let variables = [("TUNNEL_RELAY_LOG_FORMAT", "xml")];
        let args = [
            "--call-timeout",
            "soon",
            "--tls-cert",
            "c.pem",
            "--tunnel",
            "x",
            "--require-client-cert",
            "--allow-origin",
            "site",
        ];
        let mistakes = read(&args, &variables).unwrap_err();
        for part in [
            "--call-timeout",
            "TUNNEL_RELAY_LOG_FORMAT",
            "--tls-cert and --tls-key",
            "--tunnel",
            "--client-ca",
            "--allow-origin",
        ] {
            assert!(
                mistakes.iter().any(|mistake| mistake.contains(part)),
                "{part} in {mistakes:?}"
            );
        }
    }
}
