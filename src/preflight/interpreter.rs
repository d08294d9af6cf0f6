//! `python [OPTION].. SCRIPT` and its like: whether the script is there and can be read.

use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::{Context, script};

/// How one interpreter's options are read. An option that is in no list makes the command one that is not judged.
struct Interpreter {
    /// The program's name, without a version at its end.
    name: &'static str,
    /// Options that stand alone; one that ends in `*` means all that begin so.
    alone: &'static [&'static str],
    /// Options whose value is the next argument.
    with_value: &'static [&'static str],
    /// A directory can be run: it holds a package.
    runs_directories: bool,
    /// What may be left out at the end of a script's name.
    extensions: &'static [&'static str],
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        name: "python",
        alone: &[
            "-b", "-bb", "-B", "-d", "-E", "-I", "-O", "-OO", "-P", "-q", "-s", "-S", "-u", "-v", "-x",
        ],
        with_value: &["-W", "-X"],
        runs_directories: true,
        extensions: &[],
    },
    Interpreter {
        name: "node",
        alone: &[
            "--no-*",
            "--enable-*",
            "--trace-*",
            "--use-*",
            "--allow-*",
            "--preserve-symlinks",
            "--*=*",
            "--experimental-strip-types",
            "--experimental-transform-types",
        ],
        with_value: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
        ],
        runs_directories: true,
        extensions: &[".js", ".json", ".node", ".cjs", ".mjs"],
    },
    Interpreter {
        name: "ruby",
        alone: &[
            "-w",
            "-W*",
            "-v",
            "-U",
            "-d",
            "--yjit",
            "--jit",
            "--enable=*",
            "--disable=*",
            "-r?*",
            "-I?*",
            "-E?*",
        ],
        with_value: &["-r", "-I", "-E"],
        runs_directories: false,
        extensions: &[],
    },
    Interpreter {
        name: "perl",
        alone: &["-w", "-W", "-X", "-t", "-T", "-I?*", "-M*", "-m*"],
        with_value: &["-I"],
        runs_directories: false,
        extensions: &[],
    },
    Interpreter {
        name: "php",
        alone: &["-n", "-q", "-C", "-d?*", "-c?*"],
        with_value: &["-d", "-c"],
        runs_directories: false,
        extensions: &[],
    },
];

/// Checks the script argument of a known interpreter.
pub(super) fn check(name: &str, arguments: &[&str], context: &Context) -> Result<(), Problem> {
    if name == "deno" {
        return deno(arguments, context);
    }
    let unversioned = name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    let Some(interpreter) = INTERPRETERS.iter().find(|known| known.name == unversioned) else {
        return Ok(());
    };
    let Some(file) = interpreter.script(arguments) else {
        return Ok(());
    };
    context.saw(Path::new(file), &[]);
    interpreter.check_script(file)
}

impl Interpreter {
    /// The script, or `None` when there is none or an option is not known.
    fn script<'a>(&self, arguments: &[&'a str]) -> Option<&'a str> {
        let mut words = arguments.iter().copied();
        loop {
            match words.next()? {
                "--" => return words.next(),
                "-" => return None,
                "-f" | "--file" if self.name == "php" => return words.next(),
                option if self.with_value.contains(&option) => {
                    words.next()?;
                }
                option if option.starts_with('-') => {
                    if !self.alone.iter().any(|known| matches(known, option)) {
                        return None;
                    }
                }
                // Subcommand of node.
                "inspect" if self.name == "node" => return None,
                script => return Some(script),
            }
        }
    }

    fn check_script(&self, file: &str) -> Result<(), Problem> {
        let outcome = script::check(Path::new(file), self.runs_directories);
        let with_extension =
            |extension: &&str| script::check(&PathBuf::from(format!("{file}{extension}")), false).is_ok();
        match outcome {
            Err(_) if self.extensions.iter().any(with_extension) => Ok(()),
            outcome => outcome,
        }
    }
}

/// A whole option; or its beginning, before `*` or, if more must follow, `?*`; or `--*=*`, any with its value joined.
fn matches(pattern: &str, option: &str) -> bool {
    if pattern == "--*=*" {
        return option.starts_with("--") && option.contains('=');
    }
    match (pattern.strip_suffix("?*"), pattern.strip_suffix('*')) {
        (Some(start), _) => option.len() > start.len() && option.starts_with(start),
        (None, Some(start)) => option.starts_with(start),
        (None, None) => option == pattern,
    }
}

/// `deno [run] [OPTION].. SCRIPT`, where the script may also be a URL.
fn deno(arguments: &[&str], context: &Context) -> Result<(), Problem> {
    const ALONE: &[&str] = &[
        "-A",
        "-R",
        "-W",
        "-N",
        "-E",
        "-S",
        "-q",
        "--quiet",
        "--allow-*",
        "--no-*",
        "--unstable*",
        "--*=*",
    ];
    const SOURCES: &[&str] = &[".ts", ".js", ".mts", ".mjs", ".tsx", ".jsx"];
    let explicit = arguments.first() == Some(&"run");
    let mut words = arguments.iter().copied().skip(usize::from(explicit));
    let known = |word: &str| ALONE.iter().any(|known| matches(known, word));
    match words.find(|word| !known(word)) {
        // `https://..`, `jsr:..` and `npm:..` are fetched; an option that is not known may take a value.
        Some(word) if word.starts_with('-') || word.contains(':') => Ok(()),
        Some(word) if explicit || SOURCES.iter().any(|end| word.ends_with(end)) => {
            context.saw(Path::new(word), &[]);
            script::check(Path::new(word), false)
        }
        // Another subcommand, or none.
        _ => Ok(()),
    }
}
