//! zsh.

use std::fmt::Write as _;

use super::{common, contains, function, has_profiles, head, quoted};
use crate::tree::{Flag, Kind, Node, Value};

/// The script.
pub(crate) fn script(root: &Node) -> String {
    let program = root.program();
    let name = function(&root.path);
    let mut text = format!("#compdef {program}\n");
    text += &head(
        program,
        "zsh",
        &format!("Put it into a folder of $fpath, as _{program}."),
    );
    let common = common(root);
    if !common.is_empty() {
        text += "\n# Flags of every command that reads the configuration.\n";
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "_{name}_common() {{\n    reply=(\n{}    )\n}}",
            specs(common.iter())
        );
    }
    for node in root.all() {
        text += &node_function(node, &common, &name);
    }
    if has_profiles(root) {
        text += &format!(
            r#"
_{name}_profile_names() {{
    local -a names
    local folder=${{TUNNEL_CLIENT_PROFILE_DIR:-${{XDG_CONFIG_HOME:-$HOME/.config}}/tunnel-client}}
    names=($folder/*.yaml(N:t:r))
    [[ $folder == $HOME/.config/tunnel-client ]] && names+=($HOME/.tunnel-client/*.yaml(N:t:r))
    compadd -a names
}}
"#
        );
    }
    text += &format!(
        "\nif [[ $funcstack[1] == _{program} ]]; then\n    {name} \"$@\"\nelse\n    compdef {name} {program}\nfi\n"
    );
    text
}

fn node_function(node: &Node, common: &[Flag], root: &str) -> String {
    let name = function(&node.path);
    let shares = contains(&node.flags, common);
    let own: Vec<&Flag> = node
        .flags
        .iter()
        .filter(|flag| !(shares && common.contains(flag)))
        .collect();
    let mut text =
        format!("\n{name}() {{\n    local curcontext=$curcontext state line ret=1\n    typeset -A opt_args\n");
    if shares {
        text += &format!("    local -a reply\n    _{root}_common\n");
    }
    text += "    _arguments -C";
    if shares {
        text += " $reply";
    }
    text += " \\\n";
    for line in specs(own.into_iter()).lines() {
        text += &format!("{line} \\\n");
    }
    if node.children.is_empty() {
        for positional in &node.positionals {
            let action = action(&positional.kind);
            let colon = if positional.optional { "::" } else { ":" };
            text += &format!(
                "        {} \\\n",
                quoted(&format!("{colon}{}:{action}", message(&positional.name)))
            );
        }
        text += "        && ret=0\n    return ret\n}\n";
        return text;
    }
    text += "        '1:command:->command' \\\n        '*::argument:->argument' && ret=0\n    case $state in\n        command)\n";
    text += "            local -a commands=(\n";
    for child in &node.children {
        let word = child.path.last().map_or("", String::as_str);
        text += &format!("                {}\n", quoted(&format!("{word}:{}", child.about)));
    }
    text += "            )\n            _describe command commands && ret=0\n            ;;\n        argument)\n            case $line[1] in\n";
    for child in &node.children {
        let word = child.path.last().map_or("", String::as_str);
        text += &format!("                {word}) {} && ret=0 ;;\n", function(&child.path));
    }
    text += "            esac\n            ;;\n    esac\n    return ret\n}\n";
    text
}

/// One specification a line.
fn specs<'a>(flags: impl Iterator<Item = &'a Flag>) -> String {
    let mut text = String::new();
    for flag in flags {
        let help = flag.help.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
        let spec = match &flag.value {
            Value::None => format!("[{help}]"),
            Value::Optional(placeholder, kind) => {
                format!("=-[{help}]::{}:{}", message(placeholder), action(kind))
            }
            Value::Required(placeholder, kind) => format!("=[{help}]:{}:{}", message(placeholder), action(kind)),
        };
        let line = match flag.short {
            Some(short) => format!(
                "'(-{short} --{long})'{{-{short},--{long}}}{}",
                quoted(&spec),
                long = flag.long
            ),
            None => quoted(&format!("{}--{}{spec}", if flag.repeats { "*" } else { "" }, flag.long)),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "        {line}");
    }
    text
}

/// The text of a message, in which a colon would end it.
fn message(placeholder: &str) -> String {
    placeholder.replace(':', "\\:")
}

fn action(kind: &Kind) -> String {
    match kind {
        Kind::Free => " ".to_owned(),
        Kind::File => "_files".to_owned(),
        Kind::Folder => "_files -/".to_owned(),
        Kind::Profile => "__tunnel_client_profile_names".to_owned(),
        Kind::Words(words) => format!("({})", words.join(" ")),
    }
}
