//! fish.

use std::fmt::Write as _;

use clap::builder::PossibleValue;
use clap::{Arg, Command, ValueHint};

use super::{function, has_profiles, head};
use crate::tree;

/// The script.
pub(crate) fn script(root: &Command) -> String {
    // Commands have the flags of those above, and --help.
    let mut root = root.clone();
    root.build();
    let entries = tree::all(&root);
    let program = root.get_name();
    let name = format!("__fish_{}", function(program));
    let chains: Vec<String> = entries.iter().skip(1).map(|entry| quoted(&entry.words)).collect();
    let mut text = head(
        program,
        "fish",
        &format!("Put it at ~/.config/fish/completions/{program}.fish."),
    );
    text += &format!(
        r#"
function {name}_at --description 'Whether the command that is being typed is one of the arguments'
    set -l command ''
    for word in (commandline -opc)[2..-1]
        switch (string trim -- "$command $word")
            case {chains}
                set command (string trim -- "$command $word")
        end
    end
    contains -- "$command" $argv
end

complete -c {program} -f
"#,
        chains = chains.join(" ")
    );
    if has_profiles(&root) {
        text += &profiles(&name);
    }
    let mut flags: Vec<(String, Vec<&str>)> = Vec::new();
    for entry in &entries {
        let here = condition(&name, &[&entry.words]);
        for child in entry.command.get_subcommands() {
            let about = child.get_about().map(ToString::to_string).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "complete -c {program} -n {here} -a {} -d {}",
                child.get_name(),
                quoted(&about)
            );
        }
        for positional in entry.command.get_positionals() {
            if let Some(offer) = offer(positional, &name) {
                let _ = writeln!(text, "complete -c {program} -n {here} {offer}");
            }
        }
        for flag in entry.command.get_arguments().filter_map(|flag| options(flag, &name)) {
            match flags.iter_mut().find(|(known, _)| *known == flag) {
                Some((_, places)) => places.push(&entry.words),
                None => flags.push((flag, vec![&entry.words])),
            }
        }
    }
    for (flag, places) in flags {
        let _ = writeln!(text, "complete -c {program} -n {}{flag}", condition(&name, &places));
    }
    text
}

/// The options of `complete` for a flag.
fn options(flag: &Arg, name: &str) -> Option<String> {
    let long = flag.get_long()?;
    let short = flag.get_short().map(|short| format!(" -s {short}")).unwrap_or_default();
    let offer = offer(flag, name).map(|offer| format!(" {offer}")).unwrap_or_default();
    // -x: nothing but what is offered; -r lets fish add every file.
    let value = if !flag.get_action().takes_values() {
        String::new()
    } else if tree::is_optional(flag) {
        offer
    } else if flag.get_value_hint() == ValueHint::FilePath {
        format!(" -r{offer}")
    } else {
        format!(" -x{offer}")
    };
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    Some(format!("{short} -l {long}{value} -d {}", quoted(&help)))
}

/// The names of the profiles, one a line.
fn profiles(name: &str) -> String {
    format!(
        r#"
function {name}_profile_names --description 'The names of the profiles'
    set -l folder $TUNNEL_CLIENT_PROFILE_DIR
    if test -z "$folder"
        set folder $XDG_CONFIG_HOME/tunnel-client
        test -n "$XDG_CONFIG_HOME"; or set folder ~/.config/tunnel-client ~/.tunnel-client
    end
    for file in $folder/*.yaml
        # Names that no profile can have are not offered.
        string match -r -g '/([A-Za-z0-9][A-Za-z0-9._-]*)\.yaml$' -- $file
    end
end

"#
    )
}

/// Where a completion applies.
fn condition(name: &str, places: &[&str]) -> String {
    let places: Vec<String> = places.iter().map(|words| format!("\"{words}\"")).collect();
    quoted(&format!("{name}_at {}", places.join(" ")))
}

/// The options of `complete` that offer a value.
fn offer(argument: &Arg, name: &str) -> Option<String> {
    if tree::is_profile(argument) {
        return Some(format!("-a '({name}_profile_names)'"));
    }
    let words = argument.get_possible_values();
    let words: Vec<&str> = words.iter().map(PossibleValue::get_name).collect();
    match argument.get_value_hint() {
        _ if !words.is_empty() => Some(format!("-a {}", quoted(&words.join(" ")))),
        ValueHint::FilePath => Some("-F".to_owned()),
        ValueHint::DirPath => Some("-a '(__fish_complete_directories)'".to_owned()),
        _ => None,
    }
}

/// Single quotes, in which fish knows two escapes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
