//! zsh.

use clap::{Arg, Command};
use clap_complete::Shell;

use super::{function, generated, has_profiles, head};
use crate::tree;

/// The script.
pub(crate) fn script(root: &Command) -> String {
    let program = root.get_name();
    let names = format!("_{}_profile_names", function(program));
    let script = generated(Shell::Zsh, with_messages(root.clone()));
    let (first, rest) = script.split_once('\n').unwrap_or_default();
    let mut text = format!("{first}\n");
    text += &head(
        program,
        "zsh",
        &format!("Put it into a folder of $fpath, as _{program}."),
    );
    if has_profiles(root) {
        text += &PROFILES_FUNCTION.replace("NAME", &names);
    }
    for line in rest.lines() {
        // A value that may be left out follows an equals sign only.
        let line = if line.contains("]::") {
            line.replacen("=[", "=-[", 1)
        } else {
            line.to_owned()
        };
        text += &format!("{}\n", line.trim_end());
    }
    text.replace(&format!("({})", tree::PROFILES), &names)
}

/// In a message, a colon would end it.
fn with_messages(command: Command) -> Command {
    let escaped = |argument: Arg| match tree::placeholder(&argument).replace(':', "\\:") {
        name if name.is_empty() => argument,
        name => argument.value_name(tree::kept(&name)),
    };
    command.mut_args(escaped).mut_subcommands(with_messages)
}

const PROFILES_FUNCTION: &str = r"
NAME() {
    local -a names
    local folder=${TUNNEL_CLIENT_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/tunnel-client}
    names=($folder/*.yaml(N:t:r))
    [[ $folder == $HOME/.config/tunnel-client ]] && names+=($HOME/.tunnel-client/*.yaml(N:t:r))
    compadd -a names
}
";
