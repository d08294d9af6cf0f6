//! Challenges in `WWW-Authenticate` and `Proxy-Authenticate` (`src/net/challenge.rs`, `src/doctor/checks/challenge.rs`). Oracle: the
//! grammar of RFC 9110, section 11.6.1, read strictly; what it takes must be understood, white space around `=` included.

use tunnel_client::fuzzing::messages::{net, resource_metadata};

const KNOWN: [&str; 5] = ["Basic", "Negotiate", "NTLM", "Digest", "Bearer"];

/// Feeds `data` as the header's value.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let schemes = net::schemes(text);
    let named = resource_metadata(text);
    let parts = net::outside_quotes(text);
    assert_eq!(parts.join(","), text, "the parts make the whole");
    let Some(challenges) = challenges(text) else { return };
    let mut offered: Vec<&str> = KNOWN
        .into_iter()
        .filter(|known| challenges.iter().any(|c| c.is(known)))
        .collect();
    if challenges
        .iter()
        .any(|challenge| !KNOWN.iter().any(|known| challenge.is(known)))
    {
        offered.push("another scheme");
    }
    assert_eq!(schemes.to_string(), offered.join(", "), "schemes of {text:?}");
    assert_eq!(schemes.has_basic(), offered.contains(&"Basic"));
    let bearers = challenges.iter().filter(|challenge| challenge.is("Bearer"));
    let mut found = bearers.flat_map(|bearer| &bearer.parameters);
    let found = found.find(|(name, _)| name.eq_ignore_ascii_case("resource_metadata"));
    assert_eq!(
        named.as_deref(),
        found.map(|(_, value)| &**value),
        "metadata of {text:?}"
    );
}

struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// `#challenge`, where a challenge is a scheme, and after spaces a token68 or a list of parameters. `None` for anything else.
fn challenges(text: &str) -> Option<Vec<Challenge>> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = Rest(text);
    loop {
        rest.blank();
        if rest.0.is_empty() {
            return Some(found);
        }
        // An empty element of a list.
        if rest.take(',') {
            continue;
        }
        let name = rest.token()?;
        let after_name = rest.0;
        rest.blank();
        if rest.take('=') {
            found.last_mut()?.parameters.push((name, rest.value()?));
        } else {
            let mut challenge = Challenge {
                scheme: name,
                parameters: Vec::new(),
            };
            if after_name.starts_with(' ') && !matches!(rest.0.chars().next(), None | Some(',')) {
                rest.0 = after_name.trim_start_matches(' ');
                if !rest.token68() {
                    let name = rest.token()?;
                    rest.blank();
                    rest.take('=').then_some(())?;
                    challenge.parameters.push((name, rest.value()?));
                }
            }
            found.push(challenge);
        }
        rest.blank();
        if !rest.0.is_empty() && !rest.take(',') {
            return None;
        }
    }
}

struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn blank(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, char: char) -> bool {
        let rest = self.0.strip_prefix(char);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> Option<String> {
        let is_part = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
        let end = self.0.find(|char| !is_part(char)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// Takes a token68 that ends the challenge.
    fn token68(&mut self) -> bool {
        let is_part = |char: char| char.is_ascii_alphanumeric() || "-._~+/".contains(char);
        let letters = self.0.trim_start_matches(is_part);
        let rest = letters.trim_start_matches('=').trim_start_matches([' ', '\t']);
        let is_token = letters.len() < self.0.len() && (rest.is_empty() || rest.starts_with(','));
        if is_token {
            self.0 = rest;
        }
        is_token
    }

    /// A token or a quoted string, with white space before it.
    fn value(&mut self) -> Option<String> {
        self.blank();
        if !self.take('"') {
            return self.token();
        }
        let mut value = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(chars.next()?),
                char => value.push(char),
            }
        }
        self.0 = chars.as_str();
        Some(value)
    }
}
