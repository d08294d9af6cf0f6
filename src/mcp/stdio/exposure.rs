//! Programs of stdio servers that another stdio server could replace. All servers run as one user, and landlock keeps the client's files
//! from them, not each other's. A replaced program runs in the cage and with the variables of the server that it stands for.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::{Binding, Config, Level, Mode, ServerSandbox, Target};
use crate::files::Account;
use crate::preflight;
use crate::sandbox::is_read_only;

/// The first replaceable place of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Channel of the server whose code it is.
    pub channel: String,
    /// Replaceable place: a program, an interpreter, a script, a directory of modules or one on the way to them.
    pub path: PathBuf,
    /// Channels of the servers that can replace it.
    pub by: Vec<String>,
    /// Whether the server is `sandbox: strict` and does not allow it.
    pub is_refused: bool,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mcp.commands: channel {}: the MCP server of channel {} can replace {}, which this server's code comes from; \
             let a user other than that of the servers (process.server_user) own it and the directories on the way",
            self.channel,
            self.by.join(", "),
            self.path.display()
        )?;
        match self.is_refused {
            true => f.write_str(", or add allow_writable_program: true to level: strict"),
            false => Ok(()),
        }
    }
}

impl std::error::Error for Exposure {}

/// Exposures of all served servers, at most one each. `account` is the user that they run as.
#[must_use]
pub fn exposures(config: &Config, account: &Account) -> Vec<Exposure> {
    // Without a sandbox the server is not confined; a line at level ERROR says so.
    if config.hardening.mode == Mode::Off {
        return Vec::new();
    }
    config
        .served()
        .filter_map(|binding| exposure(config, binding, account))
        .collect()
}

/// Exposure of the server of one binding.
#[must_use]
pub fn exposure(config: &Config, binding: &Binding, account: &Account) -> Option<Exposure> {
    let Target::Stdio { argv, sandbox, .. } = &binding.target else {
        return None;
    };
    let others: Vec<(&str, &ServerSandbox)> = config
        .served()
        .filter(|other| other.channel != binding.channel)
        .filter_map(|other| match &other.target {
            Target::Stdio { sandbox, .. } => Some((other.channel.as_str(), sandbox)),
            Target::Http { .. } => None,
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let environment = config.child_environment(&binding.target);
    let places = places(argv, &|name| environment.value(name).map(OsStr::to_owned));
    places.iter().find_map(|place| {
        let by = others.iter().filter_map(|(channel, other)| {
            let found = account.replaceable(place, &|path| reaches(other, account, path))?.entry;
            Some((found, (*channel).to_owned()))
        });
        let (paths, by): (Vec<PathBuf>, Vec<String>) = by.unzip();
        Some(Exposure {
            channel: binding.channel.clone(),
            path: paths.into_iter().next()?,
            by,
            is_refused: sandbox.level == Level::Strict && !sandbox.allow_writable_program,
        })
    })
}

/// Whether a server with this sandbox can write at a place that its user may write.
fn reaches(sandbox: &ServerSandbox, account: &Account, path: &Path) -> bool {
    match sandbox.level {
        Level::Off => true,
        Level::Default => !is_read_only(path, account.is_root()),
        Level::Strict => {
            let real = |listed: &PathBuf| listed.canonicalize().unwrap_or_else(|_| listed.clone());
            sandbox.write.iter().any(|listed| path.starts_with(real(listed)))
        }
    }
}

/// Programs that download the code that they run, and keep it in the home of their user.
const RUNNERS: [&str; 9] = ["npx", "npm", "pnpm", "yarn", "bunx", "uvx", "uv", "pipx", "deno"];

/// Variables that name directories of modules (python(1), nodejs.org/api/modules.html, ruby(1), perlrun(1)).
const MODULE_PATHS: [&str; 4] = ["PYTHONPATH", "NODE_PATH", "RUBYLIB", "PERL5LIB"];

/// Names of scripts, for interpreters whose options are not known.
const SCRIPTS: [&str; 10] = ["cjs", "jar", "js", "mjs", "php", "pl", "py", "rb", "sh", "ts"];

/// Files and directories that decide which code runs: every file that a start checks, the directories of modules next to it, and
/// directories that are searched for programs before the one where the program is found.
fn places(argv: &[String], variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let search = variable("PATH");
    let mut code = preflight::code(argv, search.as_deref());
    let is_script = |word: &&String| {
        let path = Path::new(word.as_str());
        let extension = path.extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| SCRIPTS.contains(&extension)) && path.is_file()
    };
    code.extend(argv.iter().skip(1).filter(is_script).map(PathBuf::from));
    let mut places: BTreeSet<PathBuf> = BTreeSet::new();
    for file in &code {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let real = absolute.canonicalize().ok();
        for file in [Some(&absolute), real.as_ref()].into_iter().flatten() {
            places.extend(modules(file));
        }
        places.insert(absolute);
    }
    if let Some(program) = argv.first() {
        if !program.contains('/') {
            let found = code.first().and_then(|found| found.parent());
            let searched = search.iter().flat_map(std::env::split_paths);
            places.extend(
                searched
                    .take_while(|directory| Some(directory.as_path()) != found)
                    .map(|directory| directory.join(program)),
            );
        }
        let name = Path::new(program)
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        if RUNNERS.contains(&name) {
            places.extend(variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute()));
        }
    }
    for paths in MODULE_PATHS.iter().filter_map(|name| variable(name)) {
        places.extend(std::env::split_paths(&paths).filter(|path| path.is_absolute()));
    }
    places.into_iter().collect()
}

/// Directories from which the code of this file loads more: its own, the library of its virtual environment (PEP 405),
/// `node_modules` of each directory above.
fn modules(file: &Path) -> Vec<PathBuf> {
    let Some(directory) = file.parent() else {
        return Vec::new();
    };
    let mut modules = vec![directory.to_owned()];
    if let Some(environment) = directory.parent()
        && environment.join("pyvenv.cfg").is_file()
    {
        modules.push(environment.join("pyvenv.cfg"));
        modules.push(environment.join("lib"));
    }
    modules.extend(
        directory
            .ancestors()
            .map(|above| above.join("node_modules"))
            .filter(|path| path.is_dir()),
    );
    modules
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    #[test]
    fn code_is_the_program_its_interpreter_its_script_and_their_modules() {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-exposure-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        for directory in ["venv/bin", "venv/lib", "app/dist", "app/node_modules"] {
            fs::create_dir_all(base.join(directory)).unwrap();
        }
        for file in ["venv/pyvenv.cfg", "app/dist/index.js", "app/data.json"] {
            fs::write(base.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("/bin/sh", base.join("venv/bin/python3")).unwrap();
        let argv = [
            base.join("venv/bin/python3"),
            base.join("app/dist/index.js"),
            base.join("app/data.json"),
        ];
        let argv = argv.map(|path| path.display().to_string());
        let home = |name: &str| (name == "PYTHONPATH").then(|| OsString::from("/srv/modules"));
        let places = places(&argv, &home);
        for expected in [
            "venv/bin/python3",
            "venv/bin",
            "venv/lib",
            "venv/pyvenv.cfg",
            "app/dist/index.js",
            "app/dist",
            "app/node_modules",
        ] {
            assert!(places.contains(&base.join(expected)), "{expected}: {places:#?}");
        }
        assert!(places.contains(&PathBuf::from("/srv/modules")));
        assert!(!places.contains(&base.join("app/data.json")), "{places:#?}");
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_runner_takes_code_from_the_home_and_a_bare_name_from_every_directory_before_it() {
        let variable = |name: &str| match name {
            "PATH" => Some(OsString::from("/opt/first:/bin:/usr/later")),
            "HOME" => Some(OsString::from("/srv/user")),
            _ => None,
        };
        let found = places(&["sh".to_owned()], &variable);
        assert!(found.contains(&PathBuf::from("/opt/first/sh")), "{found:?}");
        assert!(!found.contains(&PathBuf::from("/usr/later/sh")), "{found:?}");
        assert!(!found.contains(&PathBuf::from("/srv/user")), "{found:?}");
        let found = places(&["/not/there/npx".to_owned(), "-y".to_owned()], &variable);
        assert!(found.contains(&PathBuf::from("/srv/user")), "{found:?}");
    }
}
