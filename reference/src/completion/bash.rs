//! bash.

use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;

use super::{function, generated, has_profiles, head};
use crate::tree;

/// Value that stands for names of files.
const FILES: &str = "FILE-NAMES";
/// Value that stands for names of directories.
const FOLDERS: &str = "DIRECTORY-NAMES";
/// Value that stands for a text of which nothing is known.
const NOTHING: &str = "NOTHING";

/// The script.
pub(crate) fn script(root: &Command) -> String {
    let program = root.get_name();
    let name = format!("_{}", function(program));
    let script = generated(Shell::Bash, with_stand_ins(root.clone()));
    // Behind the function stands its registration, which offers files where nothing else is known. Ours does not.
    let completion = script.rsplit_once("\nif ").map_or(&*script, |(function, _)| function);
    // It names commands of a program with a dash in two ways.
    let completion = completion.replace(&program.replace('-', "__subcmd__"), &program.replace('-', "__"));
    let mut text = head(program, "bash", &install(root));
    text += "# shellcheck shell=bash\n\n";
    text += &entry(root, &name);
    text += "\n";
    text += &completion.lines().map(|line| safely(line) + "\n").collect::<String>();
    let offers = |word| format!("mapfile -t COMPREPLY < <(compgen -W \"{word}\" -- \"${{cur}}\")");
    text = text
        .replace(&offers(FILES), &format!("{name}_files -f"))
        .replace(&offers(FOLDERS), &format!("{name}_files -d"))
        .replace(&offers(NOTHING), "COMPREPLY=()")
        .replace(tree::PROFILES, &format!("$({name}_profile_names)"));
    text += &FILES_FUNCTION.replace("NAME", &name);
    if has_profiles(root) {
        text += &PROFILES_FUNCTION.replace("NAME", &name);
    }
    text + &format!("\ncomplete -F {name} {program}\n")
}

fn install(root: &Command) -> String {
    let program = root.get_name();
    let mut text = format!("Put it at /usr/share/bash-completion/completions/{program}");
    if root.find_subcommand("completion").is_some() {
        text += &format!(", or: source <({program} completion bash)");
    }
    text
}

/// Values that are no words get words that stand for them: they are easier to find in the script than what clap_complete writes.
fn with_stand_ins(command: Command) -> Command {
    let stand_in = |argument: Arg| {
        let word = match argument.get_value_hint() {
            ValueHint::FilePath => FILES,
            ValueHint::DirPath => FOLDERS,
            ValueHint::Other if !argument.is_positional() => NOTHING,
            _ => return argument,
        };
        argument.value_hint(ValueHint::Unknown).value_parser([word])
    };
    command.mut_args(stand_in).mut_subcommands(with_stand_ins)
}

/// The line of the script, so that what is offered is not expanded as a pattern.
fn safely(line: &str) -> String {
    let parts = [("COMPREPLY=( $(", ") )"), ("COMPREPLY=($(", "))")];
    for (start, end) in parts {
        if let Some((indent, rest)) = line.split_once(start)
            && let Some(command) = rest.strip_suffix(end)
        {
            return format!("{indent}mapfile -t COMPREPLY < <({command})");
        }
    }
    line.to_owned()
}

/// The function that bash calls, which calls clap_complete's.
fn entry(root: &Command, name: &str) -> String {
    let mut optional = vec!["''".to_owned()];
    for entry in tree::all(root) {
        for flag in entry.command.get_opts().filter(|flag| tree::is_optional(flag)) {
            let pattern = format!("--{}", flag.get_long().unwrap_or_default());
            if !optional.contains(&pattern) {
                optional.push(pattern);
            }
        }
    }
    ENTRY_FUNCTION
        .replace("GENERATED", &format!("_{}", root.get_name().replace('-', "__")))
        .replace("OPTIONAL", &optional.join(" | \\\n            "))
        .replace("NAME", name)
}

const ENTRY_FUNCTION: &str = r#"NAME() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word plain=()
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    else
        # A value that may be left out follows an equals sign only.
        case $prev in
            OPTIONAL)
                prev=''
                ;;
        esac
    fi
    GENERATED "${COMP_WORDS[0]}" "$cur" "$prev"
    # Flags are offered after a dash, or when there is nothing else.
    [[ $cur != -* ]] || return 0
    for word in "${COMPREPLY[@]}"; do
        [[ $word == -* ]] || plain+=("$word")
    done
    [[ -z ${plain[*]} ]] || COMPREPLY=("${plain[@]}")
}
"#;

const FILES_FUNCTION: &str = r#"
NAME_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
"#;

const PROFILES_FUNCTION: &str = r#"
NAME_profile_names() {
    local file folder folders=("${TUNNEL_CLIENT_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/tunnel-client}")
    [[ ${folders[0]} == "$HOME/.config/tunnel-client" ]] && folders+=("$HOME/.tunnel-client")
    for folder in "${folders[@]}"; do
        for file in "$folder"/*.yaml; do
            file=${file##*/} file=${file%.yaml}
            # Names that no profile can have are not offered.
            [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] && printf '%s\n' "$file"
        done
    done
}
"#;
