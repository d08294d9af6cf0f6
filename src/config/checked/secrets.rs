//! Which values of a configuration are secret, so that every sink can be told.

use secrecy::ExposeSecret;

use super::{Header, Settings, Target, Variable};
use crate::telemetry::redact::is_sensitive_name;

impl Settings {
    /// Shows every secret to `see`, the API key last: what forgets, forgets the oldest first.
    ///
    /// Header values are secret when they were written as a reference or when their name tells, and so are the credentials
    /// after an authentication scheme; the variables of stdio servers by the same rule. Other values are not: `production` is a word
    /// of ordinary messages. Of arguments of servers and queries of URLs, those are secret whose name tells.
    pub fn for_each_secret(&self, mut see: impl FnMut(&str)) {
        let control = &self.control_plane;
        let headers = [
            &control.extra_headers,
            &self.mcp.extra_headers,
            &self.mcp.discovery_extra_headers,
        ];
        for header in headers.into_iter().flatten().filter(|header| header.is_secret()) {
            let value = header.value.expose_secret();
            see(value);
            if let Some((_, credentials)) = value.trim().split_once(' ') {
                see(credentials.trim());
            }
        }
        for binding in &self.mcp.bindings {
            match &binding.target {
                Target::Stdio { argv, env, .. } => {
                    env.iter()
                        .filter(|variable| variable.is_secret())
                        .for_each(|variable| see(variable.value.expose_secret()));
                    of_arguments(argv, &mut see);
                }
                Target::Http { url, .. } => of_query(&url.path_and_query, &mut see),
            }
        }
        self.inheritance.for_each_secret(&mut see);
        let servers = self.mcp.bindings.iter().filter_map(|binding| match &binding.target {
            Target::Http { proxy, .. } => proxy.as_deref(),
            Target::Stdio { .. } => None,
        });
        let proxies = control.proxy.iter().chain(servers).chain(self.proxies.all());
        proxies
            .filter_map(|proxy| proxy.credentials.as_ref())
            .for_each(|credentials| {
                let credentials = credentials.expose_secret();
                if let Some((_, password)) = credentials.split_once(':') {
                    see(password);
                }
                see(credentials);
            });
        if let Some(token) = self.page.as_ref().and_then(|page| page.token.as_ref()) {
            see(token.expose_secret());
        }
        see(control.api_key.expose_secret());
    }
}

/// `--api-key VALUE`, `--api-key=VALUE` and `API_KEY=VALUE`.
fn of_arguments(argv: &[String], see: &mut impl FnMut(&str)) {
    let is_telling = |name: &str| is_sensitive_name(name.trim_start_matches('-'));
    for (at, word) in argv.iter().enumerate() {
        match word.split_once('=') {
            Some((name, value)) if is_telling(name) => see(value),
            Some(_) => {}
            None if word.starts_with('-') && is_telling(word) => {
                if let Some(value) = argv.get(at + 1) {
                    see(value);
                }
            }
            None => {}
        }
    }
}

fn of_query(path_and_query: &str, see: &mut impl FnMut(&str)) {
    let Some((_, query)) = path_and_query.split_once('?') else {
        return;
    };
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if is_sensitive_name(name) {
            see(value);
        }
    }
}

impl Variable {
    fn is_secret(&self) -> bool {
        self.referenced || is_sensitive_name(&self.name)
    }
}

impl Header {
    /// Whether it was written as a reference, or its name tells.
    pub(in crate::config) fn is_secret(&self) -> bool {
        self.referenced || is_sensitive_name(&self.name)
    }
}
