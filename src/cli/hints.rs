//! Words that are no commands here, though people and other tools use them, and the command that does what they ask for.

/// One command and the words below it that it does not have.
struct Below {
    /// Words of the command, after the program's name.
    command: &'static str,
    hints: &'static [(&'static [&'static str], &'static str)],
}

const HINTS: &[Below] = &[
    Below {
        command: "",
        hints: &[
            (
                &["ps", "ping", "ready", "alive", "state"],
                "For the state of a running daemon: tunnel-client status --profile NAME. For scripts: tunnel-client health --port 8080. For the way to the control plane and the MCP servers: tunnel-client doctor",
            ),
            (
                &["start", "serve", "up", "connect", "daemon", "launch"],
                "To serve the tunnel: tunnel-client run --profile NAME, in the foreground; a service manager keeps it up",
            ),
            (
                &["stop", "down", "kill", "disconnect", "shutdown", "quit"],
                "To stop a daemon: systemctl stop UNIT, or send SIGTERM to the process that --pid.file names; it finishes its work first",
            ),
            (
                &["restart"],
                "To restart a daemon: systemctl restart UNIT. Keys and certificates in files need no restart: they are read again when they change and on SIGHUP",
            ),
            (
                &["reload"],
                "To have keys and certificates read again: systemctl reload UNIT, or send SIGHUP to the process; settings need a restart. Before: tunnel-client config check",
            ),
            (
                &["check", "validate", "verify", "lint", "configtest", "test"],
                "To check the configuration offline: tunnel-client config check. To check every step to the control plane and the MCP servers: tunnel-client doctor",
            ),
            (
                &["diagnose", "diag", "debug", "troubleshoot"],
                "To check every step to the control plane and the MCP servers: tunnel-client doctor --explain",
            ),
            (
                &["log", "tail"],
                "The log is where log.file says, or on standard output or error: journalctl -u UNIT under systemd",
            ),
            (
                &["show", "settings", "configure", "env"],
                "To show each setting and its source: tunnel-client config show. To write a profile: tunnel-client init",
            ),
            (
                &["new", "create", "setup", "add", "login", "install"],
                "To write a profile: tunnel-client init. To create a tunnel: tunnel-client admin tunnels create",
            ),
            (
                &["tunnel", "tunnels", "list", "ls"],
                "To manage tunnels: tunnel-client admin tunnels list. To list profiles: tunnel-client profiles list",
            ),
            (
                &["profile", "edit"],
                "To list, add and edit profiles: tunnel-client profiles",
            ),
            (
                &["metrics"],
                "The health listener serves /metrics; see tunnel-client health",
            ),
            (
                &["sandbox"],
                "To prove the sandbox: tunnel-client doctor --sandbox. What it holds: tunnel-client help hardening",
            ),
        ],
    },
    Below {
        command: "config",
        hints: &[
            (
                &["validate", "verify", "test", "lint"],
                "To check the configuration offline: tunnel-client config check",
            ),
            (
                &["view", "list", "get", "print", "cat", "dump"],
                "To show each setting and its source: tunnel-client config show",
            ),
            (
                &["set", "edit"],
                "To change a profile: tunnel-client profiles edit NAME",
            ),
            (&["init", "create", "new"], "To write a profile: tunnel-client init"),
        ],
    },
    Below {
        command: "profiles",
        hints: &[
            (
                &["show", "view", "get", "cat"],
                "To show what a profile comes to: tunnel-client config show --profile NAME",
            ),
            (
                &["check", "validate", "verify", "test"],
                "To check a profile offline: tunnel-client config check --profile NAME",
            ),
            (
                &["delete", "remove", "rm"],
                "A profile is one file: tunnel-client profiles list prints its path",
            ),
            (
                &["create", "new", "init"],
                "To write a profile: tunnel-client init, or tunnel-client profiles add",
            ),
        ],
    },
    Below {
        command: "admin",
        hints: &[(
            &["create", "list", "get", "update", "delete", "tunnel"],
            "These are commands of tunnel-client admin tunnels",
        )],
    },
    Below {
        command: "admin tunnels",
        hints: &[
            (
                &["show", "describe", "status", "read"],
                "To read one tunnel: tunnel-client admin tunnels get ID",
            ),
            (
                &["add", "new"],
                "To create a tunnel: tunnel-client admin tunnels create",
            ),
            (&["ls"], "To list tunnels: tunnel-client admin tunnels list"),
            (
                &["edit", "set", "change"],
                "To change a tunnel: tunnel-client admin tunnels update ID",
            ),
            (
                &["remove", "rm"],
                "To delete a tunnel: tunnel-client admin tunnels delete ID --confirm",
            ),
        ],
    },
];

/// What to use instead of `word` below `command`, which is named with or without the program.
pub(super) fn instead_of(command: &str, word: &str) -> Option<&'static str> {
    let command = command.strip_prefix(super::args::PROGRAM).unwrap_or(command).trim();
    let below = HINTS.iter().find(|below| below.command == command)?;
    let (_, hint) = below.hints.iter().find(|(words, _)| words.contains(&word))?;
    Some(hint)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A command that is named in a hint exists, and a word with a hint is no command.
    #[test]
    fn hints_name_commands_that_exist_for_words_that_do_not() {
        let root = super::super::command();
        for below in HINTS {
            let parent = below
                .command
                .split_whitespace()
                .try_fold(&root, |command, word| command.find_subcommand(word))
                .unwrap();
            for (words, hint) in below.hints {
                for word in *words {
                    assert!(parent.find_subcommand(word).is_none(), "{} {word}", below.command);
                }
                for named in hint.split("tunnel-client ").skip(1) {
                    let words = named.split([' ', ',', ';', '.', ':']).take(3);
                    let mut command = &root;
                    for word in words {
                        match command.find_subcommand(word) {
                            Some(found) => command = found,
                            None => break,
                        }
                    }
                    assert_ne!(command.get_name(), root.get_name(), "{hint}");
                }
            }
        }
    }
}
