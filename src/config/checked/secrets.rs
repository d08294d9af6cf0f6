//! Which values of a configuration are secret, so that every sink can be told.

use secrecy::ExposeSecret;

use super::{Header, Settings, Target, Variable};
use crate::telemetry::redact::is_sensitive_name;

impl Settings {
    /// Shows every secret to `see`, the API key last: what forgets, forgets the oldest first.
    ///
    /// Header values are secret when they were written as a reference or when their name tells, and so are the credentials
    /// after an authentication scheme; the variables of stdio servers by the same rule. Other values are not: `production` is a word
    /// of ordinary messages.
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
            if let Target::Stdio { env, .. } = &binding.target {
                env.iter()
                    .filter(|variable| variable.is_secret())
                    .for_each(|variable| see(variable.value.expose_secret()));
            }
        }
        let servers = self.mcp.bindings.iter().filter_map(|binding| match &binding.target {
            Target::Http { proxy, .. } => proxy.as_deref(),
            Target::Stdio { .. } => None,
        });
        let proxies = control.proxy.iter().chain(servers).chain(self.proxies.all());
        proxies
            .filter_map(|proxy| proxy.credentials.as_ref())
            .for_each(|credentials| see(credentials.expose_secret()));
        if let Some(token) = self.page.as_ref().and_then(|page| page.token.as_ref()) {
            see(token.expose_secret());
        }
        see(control.api_key.expose_secret());
    }
}

impl Variable {
    fn is_secret(&self) -> bool {
        self.referenced || is_sensitive_name(&self.name)
    }
}

impl Header {
    fn is_secret(&self) -> bool {
        self.referenced || is_sensitive_name(&self.name)
    }
}
