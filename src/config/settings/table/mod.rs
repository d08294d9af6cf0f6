//! The table of settings: the one place that says what can be set, and how it is written in each source.
//!
//! The command line, its help, the look-up in the environment and in configuration files, the error messages, the man
//! pages, the completions and the configuration reference are all made from it.

mod admin;
mod audit;
mod connection;
mod control_plane;
mod hardening;
mod harpoon;
mod lockdown;
mod mcp;
mod ops;
mod selection;
mod shared;
mod tls;

pub(in crate::config) use admin::ADMIN_KEY;
pub use admin::ADMIN_SETTINGS;
pub(in crate::config) use audit::*;
pub(in crate::config) use connection::*;
pub(in crate::config) use control_plane::*;
pub(in crate::config) use hardening::*;
pub(in crate::config) use harpoon::*;
pub(in crate::config) use lockdown::*;
pub(in crate::config) use mcp::*;
pub(in crate::config) use ops::*;
pub use selection::SELECTORS;
pub(in crate::config) use selection::{CONFIG, PROFILE, PROFILE_DIR, PROFILE_FILE};
pub(in crate::config) use shared::*;
pub(in crate::config) use tls::*;

/// One setting, as an operator writes it.
#[derive(Debug)]
pub struct Setting {
    /// Path in a configuration file: `section.name`, or `name` at the top.
    pub key: &'static str,
    /// Flag without its dashes; also the setting's name in messages.
    pub flag: &'static str,
    /// Older spelling of the flag, accepted and not shown; ignored when `flag` is given.
    pub hidden_flag: Option<&'static str>,
    /// Environment variables, the first one that is set wins.
    pub variables: &'static [&'static str],
    /// What a value looks like.
    pub kind: Kind,
    /// In a configuration file the value may be `env:NAME`, `file:PATH` or `credential:NAME` (contract: config, section 3).
    pub reference: bool,
    /// What may be shown of a value.
    pub shown: Shown,
    /// A value can be a secret or hold one: a key, a password or a token in a URL, a token in a command. Its variables never reach a
    /// child process, and its flags are masked.
    pub holds_secret: bool,
    /// The value when no source sets one, written as in a flag.
    pub default: Option<&'static str>,
    /// Placeholder of the value in help texts.
    pub placeholder: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Which values are taken, where kind and placeholder do not say it; or empty.
    pub values: &'static str,
    /// What the manual says beyond the line of help; or empty.
    pub details: &'static str,
    /// An allow-list: written without an entry it is a mistake, because without it everything is allowed.
    pub needs_entry: bool,
    /// Accepted and checked, but nothing acts on it in this build: why.
    pub without_effect: Option<&'static str>,
    /// How its values are checked while they have no effect.
    pub(in crate::config) check: Check,
}

/// How the values of a setting without effect are checked.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) enum Check {
    /// By the code of the setting itself.
    Own,
    /// True or false.
    Switch,
    /// A number from the first, which is 0 or 1, to the second.
    Number(usize, usize),
    /// A duration above zero.
    Time,
    /// Each entry of the list.
    Entries(fn(&str) -> Result<(), String>),
}

/// What a value looks like in each source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    One,
    /// True or false; its flag alone means `true`, another value follows `=`.
    Switch,
    /// Several values: a sequence in a file, a flag that can be repeated, a variable with separators.
    List(Separator),
    /// Several groups of fields: mappings with these keys in a file; text entries elsewhere.
    Records(Separator, &'static [Field]),
    /// HTTP headers: a mapping in a file, `Name: value` in a flag that can be repeated, a variable split at `,` or `;`.
    Headers,
}

/// A key of a mapping in a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// How it is written in a flag or a variable.
    pub(in crate::config) text: Spelling,
    /// What its value looks like.
    pub shape: Shape,
}

/// What the value of a [`Field`] looks like, in a configuration file; texts elsewhere only have fields of [`Shape::One`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// A list of values.
    List,
    /// A mapping of names to values.
    Names,
    /// One value, or a mapping with these keys.
    Group(&'static [Field]),
}

/// How a [`Field`] is written in a text entry, `key=value` with commas between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Spelling {
    /// With this key.
    Key(&'static str),
    /// With this key; an entry that begins with no key is this field as a whole.
    Bare(&'static str),
    /// As [`Self::Bare`]; commas in its value are part of it.
    Line(&'static str),
    /// Not at all: only a file has it.
    InFile,
}

impl Field {
    /// Key in a text entry.
    pub(in crate::config) fn text_key(&self) -> Option<&'static str> {
        match self.text {
            Spelling::Key(key) | Spelling::Bare(key) | Spelling::Line(key) => Some(key),
            Spelling::InFile => None,
        }
    }
}

/// A field that only a file has.
const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        text: Spelling::InFile,
        shape,
    }
}

/// A field of one value.
const fn one(name: &'static str, text: Spelling) -> Field {
    Field {
        name,
        text,
        shape: Shape::One,
    }
}

/// What separates the entries of a list in an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One entry a line.
    Line,
    /// One entry a line, or with semicolons between them.
    LineOrSemicolon,
    /// Entries with commas between them; also within one flag.
    Comma,
}

/// What may be shown of a value in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All of it, scrubbed.
    Plain,
    /// Scheme, host and port of a URL.
    Origin,
    /// The program of a command, without its arguments.
    Program,
    /// The names of headers.
    Names,
    /// Nothing but a reference to it.
    Secret,
}

impl Setting {
    /// Whether its flag can be repeated.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Records(..) | Kind::Headers)
    }

    /// Whether it is true or false.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        self.kind == Kind::Switch
    }

    /// What is wrong with an allow-list that is there and allows nothing.
    pub(in crate::config) fn no_entry(&self) -> String {
        format!("{} is written without an entry; give it one, or remove it", self.flag)
    }
}

/// Every setting, in the order of help texts.
pub static SETTINGS: &[&Setting] = &all::<{ number() }>();

/// The parts of the table.
const PARTS: &[&[&Setting]] = &[
    CONTROL_PLANE,
    SHARED,
    TLS,
    PROXIES,
    LOCKDOWN,
    CONNECTION,
    MCP,
    OPS,
    AUDIT,
    HARDENING,
    WEB_PAGE,
    HARPOON,
];

const fn number() -> usize {
    let (mut number, mut part) = (0, 0);
    while part < PARTS.len() {
        number += PARTS[part].len();
        part += 1;
    }
    number
}

const fn all<const N: usize>() -> [&'static Setting; N] {
    let mut all = [PARTS[0][0]; N];
    let (mut number, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut entry = 0;
        while entry < PARTS[part].len() {
            all[number] = PARTS[part][entry];
            (number, entry) = (number + 1, entry + 1);
        }
        part += 1;
    }
    all
}

/// Values of settings that are files of keys and certificates.
const FILES: &str = "a path, file:PATH, credential:NAME, or env:NAME for a variable that holds the path";

// What a setting has when its entry does not say otherwise, by the kind of its value. Each of these says whether a value can be a secret,
// and there is none that leaves it open.

/// One text, never a secret.
const TEXT: Setting = Setting {
    key: "",
    flag: "",
    hidden_flag: None,
    variables: &[],
    kind: Kind::One,
    reference: false,
    shown: Shown::Plain,
    holds_secret: false,
    default: None,
    placeholder: "",
    help: "",
    values: "",
    details: "",
    needs_entry: false,
    without_effect: None,
    check: Check::Own,
};

/// True or false.
const SWITCH: Setting = Setting {
    kind: Kind::Switch,
    default: Some("false"),
    placeholder: "true|false",
    check: Check::Switch,
    ..TEXT
};

/// A number.
const NUMBER: Setting = Setting {
    placeholder: "N",
    ..TEXT
};

/// A duration.
const TIME: Setting = Setting {
    placeholder: "DURATION",
    check: Check::Time,
    ..TEXT
};

/// A path, taken as it is.
const PATH: Setting = Setting {
    placeholder: "PATH",
    ..TEXT
};

/// The path of a file of keys or certificates, which may be a reference.
const FILE: Setting = Setting { values: FILES, ..PATH };

/// Several texts, none of them a secret.
const COMMAS: Setting = Setting {
    kind: Kind::List(Separator::Comma),
    ..TEXT
};

/// A key, or where it is kept.
const KEY: Setting = Setting {
    reference: true,
    shown: Shown::Secret,
    holds_secret: true,
    placeholder: "env:NAME|file:PATH|credential:NAME",
    ..TEXT
};

/// A proxy; its URL can have a password.
const PROXY: Setting = Setting {
    shown: Shown::Origin,
    holds_secret: true,
    placeholder: "URL|env:NAME|file:PATH|credential:NAME",
    values: "http:// or https://",
    ..TEXT
};

/// HTTP headers; some have credentials.
const HEADERS: Setting = Setting {
    kind: Kind::Headers,
    shown: Shown::Names,
    holds_secret: true,
    placeholder: "NAME: VALUE",
    ..TEXT
};

/// Servers and targets: their URLs and commands can have tokens.
const RECORDS: Setting = Setting {
    reference: true,
    shown: Shown::Origin,
    holds_secret: true,
    ..TEXT
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every base of the table says whether a value can be a secret; this refuses one that is taken for the wrong setting.
    #[test]
    fn what_is_not_shown_as_it_is_holds_a_secret() {
        for setting in SETTINGS.iter().chain(ADMIN_SETTINGS) {
            // A password or a token in the base URL is refused or not used.
            let expected = setting.shown != Shown::Plain && setting.key != BASE_URL.key;
            assert_eq!(setting.holds_secret, expected, "{}", setting.flag);
        }
        assert!(SELECTORS.iter().all(|setting| !setting.holds_secret));
    }

    #[test]
    fn every_name_is_used_once_and_every_setting_is_complete() {
        let mut keys = BTreeSet::new();
        let mut names = BTreeSet::new();
        for setting in SETTINGS {
            assert!(keys.insert(setting.key), "key {} twice", setting.key);
            assert!(!setting.variables.is_empty() && !setting.placeholder.is_empty() && !setting.help.is_empty());
            for name in setting
                .hidden_flag
                .iter()
                .chain(&[setting.flag])
                .chain(setting.variables)
            {
                assert!(names.insert(*name), "{name} twice");
            }
        }
    }
}
