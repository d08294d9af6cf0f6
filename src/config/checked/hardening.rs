//! What the process gives up once it has started: the checked types.

/// The sections `hardening` and `process`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hardening {
    /// What happens when the kernel cannot apply a layer.
    pub mode: Mode,
    /// TCP ports of servers whose addresses are learnt at run time.
    pub discovery_ports: Vec<u16>,
    /// Who the client becomes.
    pub user: Option<UserName>,
    /// Who stdio servers run as.
    pub server_user: Option<UserName>,
}

/// What happens when the kernel cannot apply a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Nothing starts.
    #[default]
    Enforce,
    /// It starts with what there is.
    BestEffort,
    /// Nothing is applied.
    Off,
}

impl Mode {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::BestEffort => "best-effort",
            Self::Off => "off",
        }
    }
}

/// How a user is named. What it means is looked up when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserName {
    /// An entry of `/etc/passwd`.
    Name(String),
    /// Numbers of user and group.
    Ids(u32, u32),
}

impl UserName {
    /// `NAME` or `UID:GID`; `None` when it is neither. Numbers alone are no name (useradd(8)), and root is nobody to become.
    pub(in crate::config) fn parse(text: &str) -> Option<Self> {
        if let Some((user, group)) = text.split_once(':') {
            let (user, group) = (user.parse().ok()?, group.parse().ok()?);
            let is_id = |id: u32| id != 0 && id != u32::MAX;
            return (is_id(user) && is_id(group)).then_some(Self::Ids(user, group));
        }
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'$');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_name = begins_well && text.len() <= 32 && text.bytes().all(is_name_byte) && text != "root";
        is_name.then(|| Self::Name(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_pairs_of_numbers_and_never_root() {
        assert_eq!(
            UserName::parse("tunnel-client"),
            Some(UserName::Name("tunnel-client".into()))
        );
        assert_eq!(UserName::parse("65534:100"), Some(UserName::Ids(65534, 100)));
        for text in [
            "",
            "root",
            "0:0",
            "0:5",
            "5:0",
            "1000",
            "-x",
            "a:b",
            "4294967295:1",
            "a b",
            "a\n",
        ] {
            assert_eq!(UserName::parse(text), None, "{text}");
        }
    }
}
