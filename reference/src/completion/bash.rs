//! bash.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{by_flag, common, contains, function, has_profiles, head, quoted};
use crate::tree::{Flag, Kind, Node, Value};

/// The script.
pub(crate) fn script(root: &Node) -> String {
    let program = root.program();
    let name = function(&root.path);
    let common = common(root);
    format!(
        r#"{head}# shellcheck shell=bash

{name}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD - 1]}} command='' equals='' words='' i
    COMPREPLY=()
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == '=' ]]; then
        equals=yes cur=''
    elif [[ $flag == '=' ]]; then
        equals=yes flag=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${{COMP_WORDS[i]}}" in
            {commands})
                command="$command ${{COMP_WORDS[i]}}"
                ;;
        esac
    done
    case "$equals$command $flag" in
{values}    esac
{shared}    case "$command" in
{offers}    esac
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}

_{name}_files() {{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}}
{profiles}
complete -F {name} {program}
"#,
        head = head(program, "bash", &install(root)),
        commands = commands(root),
        values = values(root, &name),
        shared = shared(&common),
        offers = root
            .all()
            .into_iter()
            .map(|node| offers(node, &common, &name))
            .collect::<String>(),
        profiles = if has_profiles(root) {
            profiles(&name)
        } else {
            String::new()
        },
    )
}

fn install(root: &Node) -> String {
    let program = root.program();
    let mut text = format!("Put it at /usr/share/bash-completion/completions/{program}");
    if root.children.iter().any(|child| child.words() == "completion") {
        text += &format!(", or: source <({program} completion bash)");
    }
    text
}

/// Patterns, one a line.
fn alternatives(patterns: &[String], indent: usize) -> String {
    patterns.join(&format!(" | \\\n{}", " ".repeat(indent)))
}

/// Words in quotes, one a line.
fn words<'a>(words: impl Iterator<Item = &'a str>, indent: usize) -> String {
    quoted(&words.collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(indent))))
}

/// Every chain of words that names a command.
fn commands(root: &Node) -> String {
    let chains: Vec<String> = root.all().iter().skip(1).map(|node| quoted(&chain(node))).collect();
    alternatives(&chains, 16)
}

/// The words of a command, each with a space before it.
fn chain(node: &Node) -> String {
    node.path.iter().skip(1).map(|word| format!(" {word}")).collect()
}

/// What is offered after a flag. A flag that means the same in every command that has it is matched in any of them.
fn values(root: &Node, name: &str) -> String {
    let flags = by_flag(root);
    let mut patterns: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for (flag, nodes) in &flags {
        let Some(kind) = flag.value.kind() else { continue };
        // A value that may be left out follows an equals sign only.
        let start = if matches!(flag.value, Value::Optional(..)) {
            "yes"
        } else {
            ""
        };
        let unique = flags
            .iter()
            .all(|(other, _)| other.long != flag.long || other.value.kind() == Some(kind));
        let chains: Vec<String> = if unique {
            vec![String::new()]
        } else {
            nodes.iter().map(|node| chain(node)).collect()
        };
        let known = patterns.entry(kind.clone()).or_default();
        for chain in chains {
            let pattern = format!("{start}*{}", quoted(&format!("{chain} --{}", flag.long)));
            if !known.contains(&pattern) {
                known.push(pattern);
            }
        }
    }
    let mut text = String::new();
    for (kind, patterns) in patterns {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "        {})", alternatives(&patterns, 12));
        if kind != Kind::Free {
            let _ = writeln!(text, "            {}", offer(&kind, name));
        }
        text += "            return 0\n            ;;\n";
    }
    text
}

/// Sets `COMPREPLY`.
fn offer(kind: &Kind, name: &str) -> String {
    match kind {
        Kind::Free => ":".to_owned(),
        Kind::File => format!("_{name}_files -f"),
        Kind::Folder => format!("_{name}_files -d"),
        Kind::Profile => format!("_{name}_profile_names"),
        Kind::Words(words) => format!(
            "mapfile -t COMPREPLY < <(compgen -W {} -- \"$cur\")",
            quoted(&words.join(" "))
        ),
    }
}

/// The flags that several commands share.
fn shared(common: &[Flag]) -> String {
    if common.is_empty() {
        return String::new();
    }
    let flags: Vec<String> = common.iter().map(|flag| format!("--{}", flag.long)).collect();
    format!("    local common={}\n", words(flags.iter().map(String::as_str), 8))
}

/// What is offered otherwise: subcommands, words and files; flags after a dash, or when there is nothing else.
fn offers(node: &Node, common: &[Flag], name: &str) -> String {
    let shares = contains(&node.flags, common);
    let own: Vec<String> = node
        .flags
        .iter()
        .filter(|flag| !(shares && common.contains(flag)))
        .map(|flag| format!("--{}", flag.long))
        .collect();
    let own = own.join(" ");
    let flags = match (shares, own.is_empty()) {
        (true, true) => "words=$common".to_owned(),
        (true, false) => format!("words=\"$common {own}\""),
        (false, _) => format!("words={}", quoted(&own)),
    };
    let children = node.children.iter().filter_map(|child| child.path.last()).cloned();
    let mut plain: Vec<String> = children.collect();
    let mut otherwise = None;
    for positional in &node.positionals {
        match &positional.kind {
            Kind::Words(words) => plain.extend(words.iter().cloned()),
            Kind::Free => {}
            kind => otherwise = Some(offer(kind, name)),
        }
    }
    let otherwise = otherwise.or_else(|| (!plain.is_empty()).then(|| format!("words={}", quoted(&plain.join(" ")))));
    let body = match otherwise {
        None => format!("            {flags}\n"),
        Some(otherwise) => format!(
            "            if [[ $cur == -* ]]; then\n                {flags}\n            else\n                {otherwise}\n            fi\n"
        ),
    };
    format!("        {})\n{body}            ;;\n", quoted(&chain(node)))
}

/// Lists the profiles.
fn profiles(name: &str) -> String {
    format!(
        r#"
_{name}_profile_names() {{
    local file folder names='' folders=("${{TUNNEL_CLIENT_PROFILE_DIR:-${{XDG_CONFIG_HOME:-$HOME/.config}}/tunnel-client}}")
    [[ ${{folders[0]}} == "$HOME/.config/tunnel-client" ]] && folders+=("$HOME/.tunnel-client")
    for folder in "${{folders[@]}}"; do
        for file in "$folder"/*.yaml; do
            file=${{file##*/}} file=${{file%.yaml}}
            # Names that no profile can have are not offered.
            [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] && names+=" $file"
        done
    done
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
}}
"#
    )
}
