//! Every setting, through every source: values that are good, values that are bad, and whom the message blames.

use super::*;

mod cases;

use cases::CASES;

/// Values of one setting, written as in a flag. A bad one comes with a part of its message.
struct Case {
    key: &'static str,
    /// Variables that the setting needs beside it.
    beside: &'static [(&'static str, &'static str)],
    good: &'static [&'static str],
    bad: &'static [(&'static str, &'static str)],
}

const fn case(key: &'static str, good: &'static [&'static str], bad: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        key,
        beside: &[],
        good,
        bad,
    }
}

impl Case {
    const fn beside(self, beside: &'static [(&'static str, &'static str)]) -> Self {
        Self { beside, ..self }
    }
}

/// Settings with a table of their own: the key, and servers and targets, whose form depends on the source.
const ELSEWHERE: [&str; 5] = [
    "control_plane.api_key",
    "admin_ui.token",
    "mcp.server_urls",
    "mcp.commands",
    "harpoon.targets",
];

#[derive(Debug, Clone, Copy)]
enum From {
    Flag,
    Variable,
    File,
}

/// Loads with one value over the least that starts.
fn load_with(setting: &'static Setting, from: From, value: &str, case: &Case) -> Result<Config, ConfigErrors> {
    let own = setting.variables;
    let helpers = [
        ("PROXY", "http://u:p@proxy:1"),
        ("PATH_VARIABLE", "/from/variable"),
        ("BAD_HEADER", "sekret\nX: y"),
    ];
    let base = COMPLETE.iter().chain(&helpers).chain(case.beside);
    let mut pairs: Vec<(&str, &str)> = base.copied().filter(|(name, _)| !own.contains(name)).collect();
    let mut flags = Flags::default();
    let mut file = None;
    match from {
        From::Flag => flags.add(setting.flag, [OsString::from(value)]),
        From::Variable => pairs.push((own[0], value)),
        From::File => file = Some(File::parse(Path::new("test.yaml"), &yaml(setting, value))),
    }
    let environment: Environment = pairs.into_iter().collect();
    load_written(&flags, &environment, file.as_ref())
}

/// The value as it stands in a configuration file, quoted as JSON, of which YAML takes every string.
fn yaml(setting: &Setting, value: &str) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let value = match setting.kind {
        Kind::One | Kind::Switch => quoted(value),
        Kind::List(_) => format!("[{}]", value.split(',').map(quoted).collect::<Vec<_>>().join(", ")),
        Kind::Headers => {
            let (name, value) = value.split_once(':').unwrap();
            format!("{{{}: {}}}", quoted(name), quoted(value.trim()))
        }
        Kind::Records(..) => panic!("{} has its own tests", setting.key),
    };
    match setting.key.split_once('.') {
        Some((section, key)) => format!("{section}:\n  {key}: {value}\n"),
        None => format!("{}: {value}\n", setting.key),
    }
}

#[test]
fn every_setting_is_in_a_table() {
    for setting in SETTINGS {
        let here = CASES.iter().any(|case| case.key == setting.key);
        assert!(here != ELSEWHERE.contains(&setting.key), "{}", setting.key);
    }
}

fn each(mut check: impl FnMut(&'static Setting, &Case, From)) {
    for case in CASES {
        let setting = SETTINGS.iter().find(|setting| setting.key == case.key).unwrap();
        for from in [From::Flag, From::Variable, From::File] {
            check(setting, case, from);
        }
    }
}

/// File that a value names, if it names one.
fn file_of(setting: &Setting, value: &str) -> Option<PathBuf> {
    let named = value.split_once("file:").map(|(_, path)| path);
    let is_path = setting.placeholder.split('|').any(|form| form == "PATH");
    let plain = || is_path.then_some(value);
    match named.or_else(plain)? {
        "env:PATH_VARIABLE" => Some("/from/variable".into()),
        "credential:there" => Some("/run/credentials/x/there".into()),
        path => Some(path.into()),
    }
}

/// The sets of files that are watched, hidden and kept from changes derive from that list.
#[test]
fn every_file_that_a_setting_names_is_among_the_files_of_the_configuration() {
    let mut covered = std::collections::BTreeSet::new();
    each(|setting, case, from| {
        for value in case.good {
            let Some(path) = file_of(setting, value) else { continue };
            let config = load_with(setting, from, value, case).unwrap();
            let files: Vec<_> = config.files().map(|file| file.path.to_owned()).collect();
            // A flag or a variable takes some references as text.
            let is_text = !matches!(from, From::File) && setting.reference && value.starts_with("file:");
            assert!(
                files.contains(&path) || is_text,
                "{} {from:?} {value}: {files:?}",
                setting.key
            );
            covered.insert(setting.key);
        }
    });
    let paths = SETTINGS.iter().filter(|setting| setting.placeholder.contains("PATH"));
    for setting in paths.filter(|setting| setting.without_effect.is_none()) {
        let is_covered = covered.contains(setting.key) || ELSEWHERE.contains(&setting.key);
        assert!(is_covered || setting.key == "control_plane.url_path", "{}", setting.key);
    }
    assert!(covered.len() >= 15, "{covered:?}");
}

#[test]
fn the_files_that_were_read_and_the_store_of_the_system_are_among_the_files() {
    let config = with(
        &[("SSL_CERT_FILE", "/etc/store.pem"), ("CA_BUNDLE", "/ca.pem")],
        &[("control-plane.api-key", "file:/run/key")],
    )
    .unwrap();
    let of = |role| {
        let files = config.files().filter(move |file| file.role == role);
        files.map(|file| file.path.to_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of(FileRole::Read), ["/run/key"]);
    assert_eq!(of(FileRole::Trust), ["/ca.pem", "/etc/store.pem"]);
    assert!(config.own_files().all(|path| path != Path::new("/ca.pem")));
}

#[test]
fn good_values_are_accepted_from_every_source() {
    each(|setting, case, from| {
        for value in case.good {
            let result = load_with(setting, from, value, case);
            assert!(
                result.is_ok(),
                "{} {from:?} {value}: {}",
                setting.key,
                result.unwrap_err()
            );
        }
    });
}

#[test]
fn bad_values_are_refused_with_the_name_and_the_place_of_their_setting() {
    each(|setting, case, from| {
        for (value, gist) in case.bad {
            let lines = lines(load_with(setting, from, value, case));
            let blamed = match from {
                From::Flag => format!("({} from flag --{}", setting.flag, setting.flag),
                From::Variable => format!("({} from variable {}", setting.flag, setting.variables[0]),
                From::File => format!("({} from test.yaml:", setting.flag),
            };
            let found = lines.iter().any(|line| line.contains(gist) && line.contains(&blamed));
            assert!(found, "{} {from:?} {value}: {lines:?}", setting.key);
            assert!(!lines.iter().any(|line| line.contains("sekret")), "{lines:?}");
        }
    });
}

#[test]
fn no_value_in_a_file_makes_it_panic() {
    let nasty = [
        "\u{0}",
        "\u{e4}",
        ":",
        "x:",
        "env:",
        "ENV:\u{e4}",
        "File:",
        "credential:",
        "env:X",
        "http://[",
        "http://@",
        "http://u:%@h",
        "(",
        "[",
        "\\",
        "*",
        ",",
        "X:\u{7f}",
        "-1",
        "1.",
        "%",
        "\n",
        "\u{2028}",
    ];
    each(|setting, case, _| {
        for value in nasty {
            if setting.kind == Kind::Headers && !value.contains(':') {
                continue;
            }
            let _ = load_with(setting, From::File, value, case);
        }
    });
}

#[test]
fn what_has_no_effect_says_so_unless_it_is_the_default() {
    for (key, quiet, loud) in [
        ("log.http_raw_unsafe", "f", "1"),
        ("proxy.check_interval", "60s", "61s"),
        ("harpoon.allow_plaintext_http", "false", "T"),
        ("harpoon.max_response_bytes", "102400", "1"),
        ("harpoon.max_redirects", "5", "0"),
        ("harpoon.capture_payloads", "false", "true"),
        ("harpoon.hosts_include_loopback", "true", "false"),
        ("harpoon.hosts_include_private", "1", "0"),
        ("harpoon.http_proxy", "", "http://p"),
        ("harpoon.additional_transports", "", "http-streamable"),
        ("harpoon.hosts_include_suffix", "", ".x"),
        ("harpoon.hosts_include_regex", "", "x"),
        ("harpoon.targets", "", "label=x,url=https://h"),
    ] {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
        assert!(setting.without_effect.is_some(), "{key}");
        let warnings = |value: &str| with(&[], &[(setting.flag, value)]).unwrap().warnings.clone();
        assert!(warnings(quiet).is_empty(), "{key}={quiet}");
        let expected = format!("{key} has no effect in this build: ");
        let warnings = warnings(loud);
        assert!(
            warnings.len() == 1 && warnings[0].starts_with(&expected),
            "{warnings:?}"
        );
    }
    let silent = SETTINGS.iter().filter(|setting| setting.without_effect.is_some());
    assert_eq!(silent.count(), 13);
}
