//! The section `lockdown`: reads the rules, and refuses a configuration that does not keep them.

use super::reader::{Checked, Reader, checked};
use crate::config::checked::{Binding, ControlPlane, Identity, Lockdown, LogServer, Proxy, Target, Trust, UserName};
use crate::config::settings::{Setting, table};
use crate::config::values::{Cidr, HttpUrl, scalar::echo};
use crate::limits::LOCKDOWN_ENTRIES_MAX;
use crate::secrets::{Accepted, Files as _, Open, SecludedFile, Seclusion};

/// The rules of `run`.
pub(super) fn lockdown(reader: &mut Reader<'_>) -> Checked<Lockdown> {
    let shared = toward_control_plane(reader);
    checked!(Lockdown {
        allowed_networks: entries(reader, &table::ALLOWED_NETWORKS, network),
        allowed_hosts: entries(reader, &table::ALLOWED_HOSTS, |text| host(text, &table::ALLOWED_HOSTS)),
        ..shared?
    })
}

/// The rules about the control plane: all that commands without MCP servers need.
pub(super) fn toward_control_plane(reader: &mut Reader<'_>) -> Checked<Lockdown> {
    checked!(Lockdown {
        require_proxy: reader.switch(&table::REQUIRE_PROXY),
        require_bundle_trust: reader.switch(&table::REQUIRE_BUNDLE_TRUST),
        require_client_cert: reader.switch(&table::REQUIRE_CLIENT_CERT),
        ..Lockdown::default()
    })
}

/// The way to the control plane.
pub(super) struct Control<'a> {
    pub(super) url: &'a HttpUrl,
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) identity: Option<&'a Identity>,
}

impl<'a> From<&'a ControlPlane> for Control<'a> {
    fn from(control: &'a ControlPlane) -> Self {
        Self {
            url: &control.base_url,
            proxy: control.proxy.as_ref(),
            identity: control.identity.as_ref(),
        }
    }
}

/// Reports every rule that the way to the control plane does not keep.
pub(super) fn check_control(reader: &mut Reader<'_>, rules: &Lockdown, control: &Control<'_>, trust: &Trust) {
    let mut refuse = |setting: &'static Setting, broken: bool, problem: &str| {
        if broken {
            reader.refuse(setting, format!("{} is set, and {problem}", setting.flag));
        }
    };
    refuse(
        &table::REQUIRE_PROXY,
        rules.require_proxy && control.proxy.is_none(),
        "no proxy leads to the control plane; set http-proxy or control-plane.http-proxy, which NO_PROXY does not touch \
         (a proxy of the environment is not used for this host, or there is none)",
    );
    let (bundle, certificate) = (&table::REQUIRE_BUNDLE_TRUST, &table::REQUIRE_CLIENT_CERT);
    refuse(
        bundle,
        rules.require_bundle_trust && !trust.is_bundle_alone(),
        "other authorities are trusted; set tls.trust to bundle and ca-bundle to a PEM file",
    );
    for (setting, required) in [
        (bundle, rules.require_bundle_trust),
        (certificate, rules.require_client_cert),
    ] {
        refuse(
            setting,
            required && !control.url.tls,
            "control-plane.base-url is not https; begin it with https://",
        );
    }
    refuse(
        certificate,
        rules.require_client_cert && control.identity.is_none(),
        "there is no client certificate for the control plane; set control-plane.client-cert and \
         control-plane.client-key",
    );
}

/// Reports every secret that was read although its mode lets others read it, where that is not accepted. The rule is known only
/// after the secrets were read.
pub(super) fn check_secrets(reader: &mut Reader<'_>, rules: &Lockdown, server_user: Option<&UserName>) {
    for file in reader.sources.files.secluded() {
        let (setting, open) = match (rules.accepted(server_user), &file.by) {
            (Accepted::Nothing, _) => (first_rule(rules), Open::Lockdown),
            (Accepted::Directory, Seclusion::Namespace) => (&table::SERVER_USER, Open::Servers),
            (Accepted::Directory, Seclusion::Directory(_)) | (Accepted::Both, _) => continue,
        };
        let problem = format!(
            "the mode of {} lets others read a secret, and {open}; {}",
            file.path.display(),
            SecludedFile::REMEDY
        );
        reader.refuse(setting, problem);
    }
}

/// The first rule that is set.
fn first_rule(rules: &Lockdown) -> &'static Setting {
    let set = [
        (rules.require_proxy, &table::REQUIRE_PROXY),
        (rules.require_bundle_trust, &table::REQUIRE_BUNDLE_TRUST),
        (rules.require_client_cert, &table::REQUIRE_CLIENT_CERT),
        (!rules.allowed_networks.is_empty(), &table::ALLOWED_NETWORKS),
    ];
    let first = set.into_iter().find(|(is_set, _)| *is_set);
    first.map_or(&table::ALLOWED_HOSTS, |(_, rule)| rule)
}

/// Reports every MCP server that may not be reached as configured.
pub(super) fn check_servers<'a>(reader: &mut Reader<'_>, rules: &Lockdown, served: impl Iterator<Item = &'a Binding>) {
    for binding in served {
        let Target::Http {
            url,
            unix_socket: None,
            proxy,
            ..
        } = &binding.target
        else {
            continue;
        };
        if let Some(objection) = rules.objection(url, proxy.as_deref()) {
            let rule = match proxy {
                Some(_) => &table::ALLOWED_HOSTS,
                None if rules.allowed_networks.is_empty() => &table::REQUIRE_PROXY,
                None => &table::ALLOWED_NETWORKS,
            };
            reader.refuse(rule, format!("MCP server of channel {}: {objection}", binding.channel));
        }
    }
}

/// Reports a syslog server, which `address` names, that may not be reached as configured. What it receives tells about the tunnel, so it is held to the rules
/// for trust as well.
pub(super) fn check_log_server(
    reader: &mut Reader<'_>,
    rules: &Lockdown,
    server: &LogServer,
    address: &'static Setting,
) {
    let address = address.flag;
    if let Some(objection) = rules.objection(&server.url, None) {
        let rule = match rules.allowed_networks.is_empty() {
            true => &table::REQUIRE_PROXY,
            false => &table::ALLOWED_NETWORKS,
        };
        reader.refuse(rule, format!("{address}: {objection}"));
    }
    for (setting, required) in [
        (&table::REQUIRE_BUNDLE_TRUST, rules.require_bundle_trust),
        (&table::REQUIRE_CLIENT_CERT, rules.require_client_cert),
    ] {
        if required && !server.url.tls {
            reader.refuse(
                setting,
                format!(
                    "{} is set, and {address} is not encrypted; begin it with tls://",
                    setting.flag
                ),
            );
        }
    }
}

/// The entries of a list of hosts or networks.
pub(super) fn entries<T>(
    reader: &mut Reader<'_>,
    setting: &'static Setting,
    parse: fn(&str) -> Result<T, String>,
) -> Checked<Vec<T>> {
    let too_many = format!("{} must have at most {LOCKDOWN_ENTRIES_MAX} entries", setting.flag);
    let entries = reader.at_most(setting, LOCKDOWN_ENTRIES_MAX, &too_many, parse)?;
    Ok(entries.into_iter().map(|(entry, _)| entry).collect())
}

fn network(text: &str) -> Result<Cidr, String> {
    text.parse().map_err(|_| {
        format!(
            "{} is not a network: {}; write an address, or one with a prefix as in 10.20.0.0/16",
            table::ALLOWED_NETWORKS.flag,
            echo(text)
        )
    })
}

/// As the host of a URL is read, so that both compare equal.
pub(super) fn host(text: &str, setting: &Setting) -> Result<String, String> {
    let bracketed = if text.contains(':') && !text.starts_with('[') {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    let url = HttpUrl::parse(&format!("http://{bracketed}/")).ok();
    let alone = url.filter(|url| url.port == 80 && url.path_and_query == "/" && !text.ends_with(":80"));
    alone.map(|url| url.host).ok_or_else(|| {
        format!(
            "{} is not a host name or an address: {}; write it without scheme, port and path",
            setting.flag,
            echo(text)
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn hosts_are_read_as_in_urls_and_nothing_may_follow() {
        for (text, expected) in [
            ("Tools.Example.com", "tools.example.com"),
            ("10.1.2.3", "10.1.2.3"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[::1]", "::1"),
        ] {
            assert_eq!(host(text, &table::ALLOWED_HOSTS).unwrap(), expected);
        }
        for text in ["", "https://h", "h:80", "h:443", "h/path", "*.h", "h?", "u@h", "a b"] {
            assert!(host(text, &table::ALLOWED_HOSTS).is_err(), "{text}");
        }
    }
}
