//! Name resolution: what the static binary does not see (musl reads no nsswitch.conf).

use std::net::IpAddr;

use crate::doctor::report::Check;

/// Sources that musl has too, or that add nothing but this host's own names and the local DNS stub.
const SEEN: [&str; 5] = ["files", "dns", "myhostname", "mymachines", "resolve"];

/// Where the host's sources of names are listed.
pub(in crate::doctor) const NSSWITCH: &str = "/etc/nsswitch.conf";

/// Whether names that this host knows may be unknown to this binary.
pub(in crate::doctor) fn name_resolution<'a>(
    hosts: impl IntoIterator<Item = &'a str>,
    nsswitch: Option<&str>,
) -> Check {
    check(hosts, nsswitch, cfg!(target_env = "musl"))
}

/// The sources of host names in `nsswitch` that a static binary does not ask.
pub(in crate::doctor) fn unseen(nsswitch: &str) -> Vec<&str> {
    let hosts = nsswitch.lines().find_map(|line| line.trim().strip_prefix("hosts:"));
    let sources = hosts.unwrap_or_default().split('#').next().unwrap_or_default();
    let mut actions = false;
    let mut unseen = Vec::new();
    for word in sources.split_whitespace() {
        // Actions, such as [NOTFOUND=return], may hold spaces.
        actions |= word.starts_with('[');
        if !actions && !SEEN.contains(&word) && !unseen.contains(&word) {
            unseen.push(word);
        }
        actions &= !word.ends_with(']');
    }
    unseen
}

fn check<'a>(hosts: impl IntoIterator<Item = &'a str>, nsswitch: Option<&str>, static_binary: bool) -> Check {
    let id = "name_resolution";
    let mut names: Vec<&str> = hosts
        .into_iter()
        .filter(|host| host.parse::<IpAddr>().is_err() && *host != "localhost")
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Check::pass(id, "no host names to look up");
    }
    let unseen = unseen(nsswitch.unwrap_or_default());
    if !static_binary || unseen.is_empty() {
        return Check::pass(id, format!("looked up here: {}", names.join(", ")));
    }
    Check::warn(
        id,
        format!("this static binary asks /etc/hosts and DNS, but not {}", unseen.join(", ")),
    )
    .evidence([
        format!("{NSSWITCH} lists {} for hosts", unseen.join(", ")),
        format!("names to look up: {}", names.join(", ")),
    ])
    .next(["if a name below is not found although getent hosts finds it, put it into DNS or /etc/hosts, or use its address"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Status;

    #[test]
    fn sources_beyond_files_and_dns_are_named_once_and_actions_are_none() {
        for (text, expected) in [
            ("hosts: files dns\n", vec![]),
            (
                "passwd: sss\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns sss sss # ldap\n",
                vec!["mdns4_minimal", "sss"],
            ),
            ("hosts: files [ !UNAVAIL = return ] resolve\n", vec![]),
            ("# hosts: sss\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(unseen(text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_static_binary_with_names_to_look_up_is_warned_about() {
        let sssd = Some("hosts: files sss dns\n");
        for (host, text, musl, status) in [
            ("api.example.com", sssd, true, Status::Warn),
            ("api.example.com", sssd, false, Status::Pass),
            ("api.example.com", Some("hosts: files dns\n"), true, Status::Pass),
            ("api.example.com", None, true, Status::Pass),
            ("192.0.2.1", sssd, true, Status::Pass),
            ("localhost", sssd, true, Status::Pass),
        ] {
            assert_eq!(check([host], text, musl).status, status, "{host} {musl}");
        }
    }
}
