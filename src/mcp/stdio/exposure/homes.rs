//! Places in the home of the user from which interpreters load code on their own.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::limits::VENV_SETTINGS_MAX;
use crate::preflight::{self, Executed};

/// Directories that this program searches for code, and files that it runs at its start.
pub(super) fn searched(program: &Executed, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let at = |names: &[&str]| -> Vec<PathBuf> {
        home.iter()
            .flat_map(|home| names.iter().map(|name| home.join(name)))
            .collect()
    };
    match kind(&program.file) {
        // Files `*.pth` and usercustomize.py in it run at each start (docs.python.org/3/library/site.html).
        Some(Kind::Python) if has_user_site(program, variable) => {
            let base = variable("PYTHONUSERBASE").filter(|base| !base.is_empty());
            let base = base
                .map(|base| PathBuf::from(base).join("lib"))
                .filter(|lib| lib.is_absolute());
            at(&[".local/lib"]).into_iter().chain(base).collect()
        }
        Some(Kind::Python) | None => Vec::new(),
        // nodejs.org/api/modules.html, "Loading from the global folders".
        Some(Kind::Node) => at(&[".node_modules", ".node_libraries"]),
        // Start-up files (bash(1), zsh(1)).
        Some(Kind::Shell) if reads_start_up_files(&program.arguments) => {
            at(&[".profile", ".bash_profile", ".bash_login", ".bashrc"])
        }
        Some(Kind::Shell) => Vec::new(),
        Some(Kind::Zsh) => at(&[".zshenv", ".zprofile", ".zshrc", ".zlogin"]),
        // `Gem.user_dir`, and its place since RubyGems 3.3 where there is no ~/.gem.
        Some(Kind::Ruby) => at(&[".gem", ".local/share/gem"]),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Python,
    Node,
    Ruby,
    Shell,
    Zsh,
}

/// By the name of the program or of the file that a link leads to.
fn kind(program: &Path) -> Option<Kind> {
    let of = |path: &Path| {
        let name = path.file_name().and_then(OsStr::to_str)?;
        let is = |start: &str| {
            let version = name.strip_prefix(start);
            version.is_some_and(|version| {
                version
                    .chars()
                    .all(|char| char.is_ascii_digit() || "._-tdm".contains(char))
            })
        };
        match () {
            () if is("python") || is("pypy") => Some(Kind::Python),
            () if is("node") || is("nodejs") => Some(Kind::Node),
            () if is("ruby") => Some(Kind::Ruby),
            () if ["sh", "bash", "dash", "ksh"].contains(&name) => Some(Kind::Shell),
            () if name == "zsh" => Some(Kind::Zsh),
            () => None,
        }
    };
    of(program).or_else(|| of(&program.canonicalize().ok()?))
}

/// Whether options make a shell a login shell or an interactive one.
fn reads_start_up_files(arguments: &[String]) -> bool {
    let mut options = arguments.iter().take_while(|word| word.starts_with('-'));
    options.any(|word| word == "--login" || (!word.starts_with("--") && word.contains(['l', 'i'])))
}

/// Whether this start of python uses the directory of its user.
fn has_user_site(program: &Executed, variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let options = Options::of(&program.arguments);
    let by_variable = variable("PYTHONNOUSERSITE").is_some_and(|value| !value.is_empty());
    let is_off = options.no_user_site || (by_variable && !options.no_variables);
    !is_off && !is_closed_environment(&program.file)
}

/// Options of python before its script (docs.python.org/3/using/cmdline.html).
#[derive(Debug, Default)]
struct Options {
    /// `-s`, or `-I`, which implies it.
    no_user_site: bool,
    /// `-E`: variables of python do not count.
    no_variables: bool,
}

impl Options {
    fn of(arguments: &[String]) -> Self {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if word == "--check-hash-based-pycs" {
                words.next();
                continue;
            }
            let Some(letters) = word
                .strip_prefix('-')
                .filter(|rest| !rest.is_empty() && !rest.starts_with('-'))
            else {
                break;
            };
            let value = letters.find(['c', 'm', 'W', 'X']);
            let alone = letters.get(..value.unwrap_or(letters.len())).unwrap_or_default();
            options.no_user_site |= alone.contains(['I', 's']);
            options.no_variables |= alone.contains('E');
            match value.map(|at| letters.split_at(at).1) {
                Some(rest) if rest.starts_with(['c', 'm']) => break,
                // The value is the next word.
                Some("W" | "X") => drop(words.next()),
                _ => {}
            }
        }
        options
    }
}

/// Whether the program belongs to a virtual environment that does not use the packages of the system (PEP 405): python then leaves
/// out those of the user as well.
fn is_closed_environment(program: &Path) -> bool {
    let directory = program.parent();
    let settings = [directory, directory.and_then(Path::parent)].into_iter().flatten();
    let found = settings
        .map(|place| place.join("pyvenv.cfg"))
        .find_map(|path| preflight::open_regular(&path));
    let mut text = String::new();
    let read = found.map(|file| file.take(VENV_SETTINGS_MAX).read_to_string(&mut text));
    matches!(read, Some(Ok(_))) && !text.lines().any(includes_system)
}

fn includes_system(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, value)| {
        key.trim().eq_ignore_ascii_case("include-system-site-packages") && value.trim().eq_ignore_ascii_case("true")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn of(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
        let program = Executed {
            file: PathBuf::from(file),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        };
        let variable = |name: &str| match variables.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Some(OsString::from(value)),
            None => (name == "HOME").then(|| OsString::from("/srv/user")),
        };
        let found = searched(&program, &variable);
        found.into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn python_loads_code_from_the_home_unless_options_or_variables_keep_it_from_that() {
        let site = ["/srv/user/.local/lib"];
        for arguments in [
            &[][..],
            &["server.py", "-I"],
            &["-u", "server.py", "-s"],
            &["-W", "-s", "server.py"],
            &["-X", "-I", "-E"],
            &["-Ximporttime", "s.py"],
            &["-m", "module", "-s"],
            &["-cimport sys", "-I"],
            &["-", "-s"],
            &["--", "-s"],
        ] {
            assert_eq!(of("/opt/x/python3.12", arguments, &[]), site, "{arguments:?}");
        }
        for arguments in [
            &["-I"][..],
            &["-s", "x.py"],
            &["-Eus", "x.py"],
            &["-BIm", "module"],
            &["-W", "error", "-I", "x.py"],
            &["--check-hash-based-pycs", "always", "-s"],
        ] {
            assert!(of("/opt/x/python3", arguments, &[]).is_empty(), "{arguments:?}");
        }
        let off = [("PYTHONNOUSERSITE", "1")];
        assert!(of("/opt/x/python3", &["x.py"], &off).is_empty());
        assert_eq!(of("/opt/x/python3", &["-E", "x.py"], &off), site);
        assert_eq!(of("/opt/x/python3", &["x.py"], &[("PYTHONNOUSERSITE", "")]), site);
        let base = [("PYTHONUSERBASE", "/srv/base")];
        assert!(of("/opt/x/python3", &[], &base).contains(&"/srv/base/lib".to_owned()));
    }

    #[test]
    fn a_virtual_environment_leaves_the_home_out_unless_it_includes_the_system() {
        let base = std::env::temp_dir().join(format!("tunnel-client-homes-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(base.join("bin")).unwrap();
        let python = base.join("bin/python3").display().to_string();
        for (text, is_used) in [
            ("home = /usr/bin\n", false),
            ("include-system-site-packages = false\n", false),
            ("home = /usr/bin\ninclude-system-site-packages = True\n", true),
        ] {
            fs::write(base.join("pyvenv.cfg"), text).unwrap();
            assert_eq!(!of(&python, &["x.py"], &[]).is_empty(), is_used, "{text}");
        }
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn node_ruby_and_login_shells_load_code_from_the_home_and_other_programs_do_not() {
        assert_eq!(
            of("/opt/x/node", &[], &[]),
            ["/srv/user/.node_modules", "/srv/user/.node_libraries"]
        );
        assert_eq!(of("/opt/x/nodejs", &[], &[]).len(), 2);
        assert_eq!(
            of("/opt/x/ruby3.2", &[], &[]),
            ["/srv/user/.gem", "/srv/user/.local/share/gem"]
        );
        assert_eq!(of("/opt/x/zsh", &["-c", "x"], &[])[0], "/srv/user/.zshenv");
        for arguments in [&["-lc", "x"][..], &["--login"], &["-c", "-i", "x"]] {
            assert_eq!(
                of("/opt/x/bash", arguments, &[])[0],
                "/srv/user/.profile",
                "{arguments:?}"
            );
        }
        assert!(of("/opt/x/bash", &["-c", "x", "-l"], &[]).is_empty());
        assert!(of("/opt/x/pythonic-server", &[], &[]).is_empty());
        assert!(of("/opt/x/python3", &[], &[("HOME", "relative")]).is_empty());
    }
}
