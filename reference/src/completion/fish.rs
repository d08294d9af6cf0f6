//! fish.

use std::fmt::Write as _;

use super::{by_flag, has_profiles, head};
use crate::tree::{Kind, Node, Value};

/// The script.
pub(crate) fn script(root: &Node) -> String {
    let program = root.program();
    let name = format!("__fish_{}", program.replace('-', "_"));
    let chains: Vec<String> = root.all().iter().skip(1).map(|node| quoted(&node.words())).collect();
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
    if has_profiles(root) {
        text += &profiles(&name);
    }
    for node in root.all() {
        for child in &node.children {
            let word = child.path.last().map_or("", String::as_str);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "complete -c {program} -n {} -a {word} -d {}",
                condition(&name, &[node]),
                quoted(&child.about)
            );
        }
        for positional in &node.positionals {
            if let Some(offer) = offer(&positional.kind, &name) {
                let _ = writeln!(text, "complete -c {program} -n {} {offer}", condition(&name, &[node]));
            }
        }
    }
    for (flag, nodes) in by_flag(root) {
        let short = flag.short.map(|short| format!(" -s {short}")).unwrap_or_default();
        let value = match &flag.value {
            Value::None => String::new(),
            Value::Optional(_, kind) => offer(kind, &name).map(|offer| format!(" {offer}")).unwrap_or_default(),
            // -x: nothing but what is offered; -r lets fish add every file.
            Value::Required(_, Kind::File) => " -r -F".to_owned(),
            Value::Required(_, kind) => {
                let offer = offer(kind, &name).map(|offer| format!(" {offer}"));
                format!(" -x{}", offer.unwrap_or_default())
            }
        };
        let _ = writeln!(
            text,
            "complete -c {program} -n {}{short} -l {}{value} -d {}",
            condition(&name, &nodes),
            flag.long,
            quoted(&flag.help)
        );
    }
    text
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
fn condition(name: &str, nodes: &[&Node]) -> String {
    let chains: Vec<String> = nodes.iter().map(|node| format!("\"{}\"", node.words())).collect();
    quoted(&format!("{name}_at {}", chains.join(" ")))
}

/// The options of `complete` that offer a value.
fn offer(kind: &Kind, name: &str) -> Option<String> {
    match kind {
        Kind::Free => None,
        Kind::File => Some("-F".to_owned()),
        Kind::Folder => Some("-a '(__fish_complete_directories)'".to_owned()),
        Kind::Profile => Some(format!("-a '({name}_profile_names)'")),
        Kind::Words(words) => Some(format!("-a {}", quoted(&words.join(" ")))),
    }
}

/// Single quotes, in which fish knows two escapes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
