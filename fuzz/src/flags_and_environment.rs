//! Arguments and environment (`src/cli/args.rs`, `src/config/settings/sources.rs`, `src/config/load/`, `src/secrets/arguments.rs`). Each line of the
//! input is an argument, or a variable as `NAME=value`. Oracle: messages are bounded lines and name the flag or the variable; a value where
//! secrets belong is in none of them, and masked in the block of arguments; the value of a flag means the same in its variable.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use tunnel_client::config::{self, Flags, Kind, Opened, SETTINGS, Setting, Shown, Source, flag_masking};
use tunnel_client::fuzzing::settings::{flags_of_run, shown_settings};
use tunnel_client::limits::{CONFIG_ERRORS_MAX, CONFIG_MISTAKES_MAX};
use tunnel_client::secrets::{Environment, Masking, mask_flags};

use crate::support::planted::Secret;
use crate::support::text::assert_line;

/// Stands for the secret where a line may hold one, and for a line end in a value.
const PLANTED: &[u8] = b"@@";
const LINE_END: u8 = 1;

/// More are of no use.
const LINES_MAX: usize = 64;

/// Feeds `data` as lines of arguments and variables.
pub fn check(data: &[u8]) {
    let secret = Secret::of(data);
    let mut given = Given::read(data, &secret);
    masked(&given, &secret);
    let outcome = run(&given, &secret);
    if given.move_one_to_environment() {
        let moved = run(&given, &secret);
        assert_eq!(outcome, moved, "after {:?} was written as a variable", given.moved);
    }
}

/// Arguments and variables.
struct Given {
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    moved: Option<&'static str>,
}

impl Given {
    fn read(data: &[u8], secret: &Secret) -> Self {
        let mut given = Self {
            arguments: vec!["tunnel-client".into(), "run".into()],
            variables: secret
                .variables()
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            moved: None,
        };
        given
            .variables
            .insert("CONTROL_PLANE_API_KEY".into(), secret.expose().into());
        for line in data
            .split(|byte| *byte == b'\n')
            .take(LINES_MAX)
            .filter(|line| !line.is_empty())
        {
            let line: Vec<u8> = line
                .iter()
                .map(|byte| if *byte == LINE_END { b'\n' } else { *byte })
                .collect();
            let equals = line.iter().position(|byte| *byte == b'=');
            match (line.first(), equals) {
                (Some(b'-'), Some(at)) => {
                    let (name, value) = line.split_at(at + 1);
                    let setting = SETTINGS
                        .iter()
                        .find(|setting| Some(setting.flag) == flag_name(&name[..at]));
                    let value = plant(value, setting.copied(), secret);
                    given.arguments.push(OsString::from_vec([name, &value].concat()));
                }
                (Some(first), Some(at)) if first.is_ascii_alphabetic() || *first == b'_' => {
                    let (name, value) = (&line[..at], &line[at + 1..]);
                    let setting = SETTINGS
                        .iter()
                        .find(|setting| setting.variables.iter().any(|variable| variable.as_bytes() == name));
                    let value = plant(value, setting.copied(), secret);
                    given
                        .variables
                        .insert(OsString::from_vec(name.to_vec()), OsString::from_vec(value));
                }
                _ => given.arguments.push(OsString::from_vec(line)),
            }
        }
        // A file of its own configuration is the other target's.
        given
            .variables
            .retain(|name, _| !name.as_bytes().starts_with(b"TUNNEL_CLIENT_"));
        given
    }

    /// Writes the value of one flag as its variable. False when there is no flag whose value the variable could hold as it is.
    fn move_one_to_environment(&mut self) -> bool {
        let flag = |setting: &Setting| format!("--{}=", setting.flag);
        let candidate = SETTINGS.iter().copied().find(|setting| {
            let is_one = matches!(setting.kind, Kind::One | Kind::Switch) && setting.shown != Shown::Secret;
            let with_value = flag(setting);
            let mut is_given = false;
            // The flag alone takes the next argument; one that comes after such a flag may be its value.
            let is_clear = self.arguments.iter().skip(2).all(|argument| {
                let bytes = argument.as_bytes();
                is_given |= bytes.starts_with(with_value.as_bytes());
                bytes.starts_with(b"--") && bytes.contains(&b'=')
            });
            is_one && is_given && is_clear && !setting.variables.is_empty() && setting.hidden_flag.is_none()
        });
        let Some(setting) = candidate else { return false };
        let with_value = flag(setting);
        let value_of = |argument: &OsStr| {
            argument
                .as_bytes()
                .strip_prefix(with_value.as_bytes())
                .map(<[u8]>::to_vec)
        };
        let values: Vec<Vec<u8>> = self
            .arguments
            .iter()
            .filter_map(|argument| value_of(argument))
            .collect();
        let Some(value) = values.into_iter().rfind(|value| !value.trim_ascii().is_empty()) else {
            return false;
        };
        self.arguments.retain(|argument| value_of(argument).is_none());
        self.variables
            .insert(setting.variables[0].into(), OsString::from_vec(value));
        self.moved = Some(setting.flag);
        true
    }
}

/// Name of a flag with its two dashes.
fn flag_name(argument: &[u8]) -> Option<&str> {
    std::str::from_utf8(argument.strip_prefix(b"--")?).ok()
}

/// Puts the secret into a value where the setting keeps it from being shown.
fn plant(value: &[u8], setting: Option<&Setting>, secret: &Secret) -> Vec<u8> {
    let Some(at) = memchr::memmem::find(value, PLANTED) else {
        return value.to_vec();
    };
    let before = &value[..at];
    let is_secret = setting.is_some_and(|setting| match (setting.shown, setting.kind) {
        // A reference is no secret: `env:NAME` and `file:PATH` are shown.
        (Shown::Secret, _) => !before.contains(&b':'),
        (Shown::Names, _) | (_, Kind::Headers) => {
            before.contains(&b':') && !before.contains(&b';') && !before.contains(&b',')
        }
        (Shown::Origin, Kind::Records(..)) => before.starts_with(b"http://h/") && !before.contains(&b','),
        (Shown::Origin, _) => before.starts_with(b"http://h/") || before.starts_with(b"https://h?"),
        (Shown::Program, _) => before.starts_with(b"server ") && !before.contains(&b','),
        (Shown::Plain, _) => false,
    });
    match is_secret {
        true => [before, secret.expose().as_bytes(), &value[at + PLANTED.len()..]].concat(),
        false => value.to_vec(),
    }
}

/// The block of arguments shows no secret of a flag, and everything else as it was.
fn masked(given: &Given, secret: &Secret) {
    let mut block = Vec::new();
    for argument in &given.arguments {
        block.extend(
            argument
                .as_bytes()
                .iter()
                .map(|byte| if *byte == 0 { b'0' } else { *byte }),
        );
        block.push(0);
    }
    let before = block.clone();
    mask_flags(&mut block, flag_masking);
    assert_eq!(block.len(), before.len());
    let changed = block.iter().zip(&before).filter(|(new, old)| new != old);
    assert!(changed.clone().all(|(new, old)| *new == b'*' && *old != 0));
    let again = block.clone();
    mask_flags(&mut block, flag_masking);
    assert_eq!(block, again);
    for argument in block.split(|byte| *byte == 0) {
        let name = argument.split(|byte| *byte == b'=').next().and_then(flag_name);
        if name.is_some_and(|name| flag_masking(name) != Masking::None) {
            secret.assert_absent(&String::from_utf8_lossy(argument));
        }
    }
}

/// Outcome of a command line: the configuration without secrets and origins, or its mistakes.
fn run(given: &Given, secret: &Secret) -> Result<String, Vec<(&'static str, String)>> {
    let environment: Environment = given
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let flags = match flags_of_run(given.arguments.clone()) {
        Ok(Some(flags)) => flags,
        Ok(None) => return Ok(String::new()),
        Err(message) => {
            secret.assert_absent(&message);
            message.lines().for_each(|line| assert_line(line, 20_000));
            return Err(vec![("", "usage".to_owned())]);
        }
    };
    load(&flags, &environment, secret)
}

fn load(flags: &Flags, environment: &Environment, secret: &Secret) -> Result<String, Vec<(&'static str, String)>> {
    let files = secret.files(b"log: {level: debug}\n");
    let opened = match Opened::open(flags, environment, &files) {
        Ok(opened) => opened,
        Err(errors) => {
            secret.assert_absent(&errors.to_string());
            return Err(problems(&errors));
        }
    };
    let (text, json) = shown_settings(&opened);
    secret.assert_absent(&text);
    secret.assert_absent(&json);
    match opened.check() {
        Ok(config) => {
            let shown = format!("{config:?}");
            secret.assert_absent(&shown);
            config.warnings.iter().for_each(|warning| secret.assert_absent(warning));
            Ok(shown)
        }
        Err(errors) => {
            secret.assert_absent(&errors.to_string());
            assert!(errors.iter().count() <= CONFIG_MISTAKES_MAX + CONFIG_ERRORS_MAX + 2);
            for error in errors.iter() {
                assert_line(&error.to_string(), 20_000);
                match &error.origin.source {
                    Source::Flag(name) => assert!(error.to_string().contains(&format!("--{name}"))),
                    Source::Variable(name) => assert!(error.to_string().contains(name)),
                    Source::Default => panic!("a default is wrong: {error}"),
                    Source::File(_) | Source::Unset => {}
                }
            }
            Err(problems(&errors))
        }
    }
}

fn problems(errors: &config::ConfigErrors) -> Vec<(&'static str, String)> {
    errors
        .iter()
        .map(|error| (error.setting, error.problem.clone()))
        .collect()
}
