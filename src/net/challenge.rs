//! How a proxy or a server wants users to prove who they are (RFC 9110, sections 11.3, 11.6.1 and 11.7.1).

use std::borrow::Cow;
use std::fmt;

/// Schemes of authentication that were offered, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schemes(u8);

/// Names and bits. What is not here counts as the last.
const NAMES: [&str; 6] = ["Basic", "Negotiate", "NTLM", "Digest", "Bearer", "another scheme"];

/// A proxy's demand for credentials: it refused a request that had none, or others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// 407, or 401 as some proxies have it.
    pub status: u16,
    /// What it offers.
    pub schemes: Schemes,
    /// User and password were sent to it.
    pub sent: bool,
}

impl Schemes {
    /// Nothing was offered.
    #[cfg(test)]
    pub(super) const NONE: Self = Self(0);

    /// Adds those of one `Proxy-Authenticate` or `WWW-Authenticate` value.
    #[must_use]
    pub(super) fn and(mut self, value: &str) -> Self {
        for Challenge { scheme, .. } in challenges(value) {
            let known = NAMES.iter().position(|name| name.eq_ignore_ascii_case(scheme));
            self.0 |= 1 << known.unwrap_or(NAMES.len() - 1);
        }
        self
    }

    /// Whether the only one that is spoken here is among them.
    #[must_use]
    pub fn has_basic(self) -> bool {
        self.0 & 1 != 0
    }

    /// Nothing was offered.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offered = NAMES.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 != 0);
        for (at, (_, name)) in offered.enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}

impl Demand {
    /// Whether user and password could satisfy it.
    #[must_use]
    pub fn takes_password(self) -> bool {
        self.schemes.has_basic() || self.schemes.is_empty()
    }

    /// Whether user and password were judged, and found wrong: trying them again and again locks accounts.
    pub(super) fn refuses_password(self) -> bool {
        self.sent && self.takes_password()
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, schemes, .. } = self;
        match (self.takes_password(), self.sent) {
            (true, false) => write!(
                f,
                "the proxy wants credentials that it accepts (status {status}); write user and password into its URL as user:password@"
            ),
            (true, true) => write!(
                f,
                "the proxy wants credentials that it accepts (status {status}), and not the user and password in its URL; \
                 these are not tried again for some minutes, so that no account is locked, or until they are loaded anew"
            ),
            (false, _) => write!(
                f,
                "the proxy offers {schemes}, and Basic is what is spoken here (status {status}); \
                 put a forwarder between that speaks it, or have the proxy let this destination through"
            ),
        }
    }
}

/// One challenge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    /// Its scheme.
    pub(crate) scheme: &'a str,
    /// Names and values of its parameters, in order, without quotes.
    pub(crate) parameters: Vec<(&'a str, Cow<'a, str>)>,
}

/// The challenges of one header value.
pub(crate) fn challenges(header: &str) -> Vec<Challenge<'_>> {
    let mut found: Vec<Challenge<'_>> = Vec::new();
    for part in outside_quotes(header) {
        let part = part.trim();
        let (first, rest) = part.split_at(part.find([' ', '\t', '=']).unwrap_or(part.len()));
        let rest = rest.trim_start();
        let mut parameter = part;
        // A word without `=` is the scheme of a new challenge. White space may stand around the `=` of a parameter.
        if !rest.starts_with('=') {
            if !first.is_empty() {
                found.push(Challenge {
                    scheme: first,
                    parameters: Vec::new(),
                });
            }
            parameter = rest;
        }
        // `abc=` and `abc==` are a token, as the data of some schemes have it.
        let pair = parameter
            .split_once('=')
            .filter(|(_, value)| !value.trim_matches('=').is_empty());
        if let (Some(challenge), Some((name, value))) = (found.last_mut(), pair) {
            challenge
                .parameters
                .push((name.trim_end(), unquoted(value.trim_start())));
        }
    }
    found
}

/// The characters of a quoted string; any other value as it is.
fn unquoted(value: &str) -> Cow<'_, str> {
    let Some(quoted) = value.strip_prefix('"') else {
        return value.into();
    };
    if let Some((plain, _)) = quoted.split_once('"')
        && !plain.contains('\\')
    {
        return plain.into();
    }
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => text.extend(chars.next()),
            char => text.push(char),
        }
    }
    text.into()
}

/// The parts between commas outside of quotes.
pub(super) fn outside_quotes(header: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    header
        .split(move |char| {
            let ends = char == ',' && !quoted;
            quoted ^= char == '"' && !escaped;
            escaped = char == '\\' && quoted && !escaped;
            ends
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_told_from_their_parameters() {
        for (values, shown) in [
            (&["Basic realm=\"a, NTLM\""][..], "Basic"),
            (&["Negotiate", "NTLM"], "Negotiate, NTLM"),
            (&["negotiate, ntlm"], "Negotiate, NTLM"),
            (&["NTLM TlRMTVNTUAACAAAA=="], "NTLM"),
            (
                &["Digest realm=\"r\", nonce=\"x=,y\", qop=\"auth,auth-int\", algorithm=MD5"],
                "Digest",
            ),
            (
                &["Kerberos", "Basic realm=x, charset=\"UTF-8\""],
                "Basic, another scheme",
            ),
            (&["Basic realm = \"a\", charset =\t\"UTF-8\""], "Basic"),
            (&["", " , "], ""),
        ] {
            let schemes = values.iter().fold(Schemes::default(), |all, value| all.and(value));
            assert_eq!(schemes.to_string(), shown, "{values:?}");
        }
    }

    #[test]
    fn only_a_password_that_was_judged_is_held_back() {
        for (offered, sent, held_back) in [
            ("Basic", true, true),
            ("", true, true),
            ("Negotiate, Basic", true, true),
            ("Negotiate", true, false),
            ("Digest, NTLM", true, false),
            ("Basic", false, false),
        ] {
            let demand = Demand {
                status: 407,
                schemes: Schemes::default().and(offered),
                sent,
            };
            assert_eq!(demand.refuses_password(), held_back, "{offered} {sent}");
        }
    }
}
