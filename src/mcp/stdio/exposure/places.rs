//! Places that the code of a stdio server comes from.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::homes;
use crate::preflight;

/// A file or directory that decides which code runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Code runs without it: a server that cannot read it does not use it.
    pub(super) is_optional: bool,
}

/// Programs that download the code that they run, and keep it in the home of their user.
const RUNNERS: [&str; 9] = ["npx", "npm", "pnpm", "yarn", "bunx", "uvx", "uv", "pipx", "deno"];

/// Variables that name directories of modules (python(1), nodejs.org/api/modules.html, ruby(1), gem(1), perlrun(1)).
const MODULE_PATHS: [&str; 6] = ["PYTHONPATH", "NODE_PATH", "RUBYLIB", "GEM_HOME", "GEM_PATH", "PERL5LIB"];

/// Names of scripts, for interpreters whose options are not known.
const SCRIPTS: [&str; 10] = ["cjs", "jar", "js", "mjs", "php", "pl", "py", "rb", "sh", "ts"];

/// Files and directories that decide which code runs: every file that a start checks, the directories of modules next to it, and
/// directories that are searched for programs before the one where the program is found.
pub(super) fn all(argv: &[String], variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<Place> {
    let search = variable("PATH");
    let executed = preflight::code(argv, search.as_deref());
    let mut code: Vec<PathBuf> = executed.iter().map(|one| one.file.clone()).collect();
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
    let required = places.into_iter().map(|path| Place {
        path,
        is_optional: false,
    });
    let optional = executed.iter().flat_map(|one| homes::searched(one, variable));
    let optional = optional.map(|path| Place {
        path,
        is_optional: true,
    });
    required.chain(optional).collect()
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

    fn paths(argv: &[String], variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
        all(argv, variable).into_iter().map(|place| place.path).collect()
    }

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
        let places = paths(&argv, &home);
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
        let found = paths(&["sh".to_owned()], &variable);
        assert!(found.contains(&PathBuf::from("/opt/first/sh")), "{found:?}");
        assert!(!found.contains(&PathBuf::from("/usr/later/sh")), "{found:?}");
        assert!(!found.contains(&PathBuf::from("/srv/user")), "{found:?}");
        let found = paths(&["/not/there/npx".to_owned(), "-y".to_owned()], &variable);
        assert!(found.contains(&PathBuf::from("/srv/user")), "{found:?}");
    }
}
