//! What a key allows, and what an endpoint needs.

use crate::ids::TunnelId;

/// What a key allows: `read,use` or `connect@tunnel_...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes {
    read: bool,
    uses: bool,
    manage: bool,
    connect: bool,
    /// The only tunnel that the key is good for.
    tunnel: Option<TunnelId>,
}

/// What an endpoint needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Reading a tunnel's record.
    Read,
    /// Being a tunnel's client: polls and responses.
    Use,
    /// Creating, changing, removing tunnels.
    Manage,
    /// Calling the MCP servers behind a tunnel.
    Connect,
}

impl Scopes {
    /// Reads what stands in the keys file; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (names, tunnel) = match text.split_once('@') {
            None => (text, None),
            Some((names, id)) => {
                let id = TunnelId::parse(id)
                    .ok_or("after @ comes a tunnel id: tunnel_ and 32 lower-case letters or digits")?;
                (names, Some(id))
            }
        };
        let mut scopes = Self {
            read: false,
            uses: false,
            manage: false,
            connect: false,
            tunnel,
        };
        for name in names.split(',') {
            match name {
                "read" => scopes.read = true,
                "use" => scopes.uses = true,
                "manage" => scopes.manage = true,
                "connect" => scopes.connect = true,
                _ => return Err("scopes are a comma list of read, use, manage, connect".into()),
            }
        }
        Ok(scopes)
    }

    /// Whether these scopes allow all that `others` allow.
    pub(crate) fn cover(&self, others: &Self) -> bool {
        let scopes = [
            (self.read, others.read),
            (self.uses, others.uses),
            (self.manage, others.manage),
            (self.connect, others.connect),
        ];
        let tunnels = self.tunnel.is_none() || self.tunnel == others.tunnel;
        tunnels && scopes.iter().all(|(own, other)| *own || !other)
    }

    /// Whether the key may do this, to that tunnel; none means: to all of them.
    pub(crate) fn allow(&self, need: Need, tunnel: Option<&TunnelId>) -> bool {
        let scope = match need {
            Need::Read => self.read,
            Need::Use => self.read && self.uses,
            Need::Manage => self.read && self.manage,
            Need::Connect => self.connect,
        };
        scope && self.tunnel.as_ref().is_none_or(|own| Some(own) == tunnel)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_tied_to_a_tunnel_is_good_for_that_one_only() {
        let own = TunnelId::random();
        let scopes = Scopes::parse(&format!("read,use@{own}")).unwrap();
        assert!(scopes.allow(Need::Use, Some(&own)));
        assert!(!scopes.allow(Need::Use, Some(&TunnelId::random())));
        assert!(!scopes.allow(Need::Read, None));
    }

    #[test]
    fn use_and_manage_need_read_beside_them() {
        let any = TunnelId::random();
        assert!(!Scopes::parse("use").unwrap().allow(Need::Use, Some(&any)));
        assert!(!Scopes::parse("manage").unwrap().allow(Need::Manage, None));
        assert!(Scopes::parse("read,manage").unwrap().allow(Need::Manage, None));
        assert!(
            !Scopes::parse("read,use,manage")
                .unwrap()
                .allow(Need::Connect, Some(&any))
        );
    }

    #[test]
    fn scopes_cover_those_that_allow_no_more() {
        let own = TunnelId::random();
        let scopes = |text: &str| Scopes::parse(text).unwrap();
        assert!(scopes("read,use,connect").cover(&scopes("read,use")));
        assert!(scopes("connect").cover(&scopes(&format!("connect@{own}"))));
        assert!(!scopes(&format!("connect@{own}")).cover(&scopes("connect")));
        assert!(!scopes(&format!("connect@{own}")).cover(&scopes(&format!("connect@{}", TunnelId::random()))));
        assert!(!scopes("read,manage").cover(&scopes("read,use")));
    }

    #[test]
    fn unknown_scopes_and_bad_tunnel_ids_are_refused() {
        for text in ["", "admin", "read,", "read, use", "connect@", "connect@tunnel_1"] {
            assert!(Scopes::parse(text).is_err(), "{text}");
        }
    }
}
