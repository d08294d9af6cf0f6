//! `tunnel-client profiles edit`.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::{Arg, ArgMatches, Command};

use super::place::{self, Place, show};
use super::{Verdict, check, lines, mention_missing, write};
use crate::cli::{Error, print};
use crate::config::{self, ProfileName};
use crate::doctor::shell_word;
use crate::limits::CONFIG_FILE_MAX;
use crate::secrets::{Disk, Environment, Files};

/// What a new profile starts from: everything but which tunnel and which server.
const SKELETON: &str = "\
config_version: 1

control_plane:
  # The id of the tunnel: tunnel_ and 32 letters or digits.
  tunnel_id: \"\"
  # Where the runtime key is kept: env:NAME, file:PATH or credential:NAME, never the key itself.
  api_key: \"env:CONTROL_PLANE_API_KEY\"

mcp:
  # The MCP server: its URL, or a command under `commands:`.
  server_urls:
    - channel: main
      url: \"http://127.0.0.1:3001/mcp\"
";

pub(super) fn arguments() -> Command {
    Command::new("edit")
        .about("Edit a profile with $VISUAL or $EDITOR; what does not validate is not saved")
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(Arg::new("name").value_name("NAME"))
}

pub(super) fn execute(matches: &ArgMatches, environment: &Environment) -> Result<(), Error> {
    let name = place::name(matches.get_one::<String>("name").map_or("", String::as_str))?;
    let place = Place::choose(matches, environment)?;
    let editor = Editor::of(environment)?;
    let mut session = Session::start(&place, name)?;
    if session.edit(&editor, environment)? == Edited::Nothing {
        let name = &session.name;
        return print(&format!("Nothing was changed; profile {name} was not written\n"));
    }
    let verdict = session.save(environment)?;
    mention_missing(&verdict);
    let Session { name, path, .. } = &session;
    print(&format!("Saved profile {name} at {}\n", show(path)))
}

/// Program and arguments, without a shell.
struct Editor(Vec<String>);

impl Editor {
    fn of(environment: &Environment) -> Result<Self, Error> {
        let words = |name| {
            let text = environment.value(name)?.to_str()?;
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            (!words.is_empty()).then_some(Self(words))
        };
        words("VISUAL").or_else(|| words("EDITOR")).ok_or_else(|| {
            Error::Message("set VISUAL or EDITOR to the command of your editor, such as EDITOR=vi".to_owned())
        })
    }

    /// Uses the environment that this process was started with, without secrets of ours: its own is empty by now.
    fn run(&self, file: &Path, environment: &Environment) -> Result<(), String> {
        let (program, arguments) = self.0.split_first().ok_or("no editor")?;
        let mut editor = Process::new(program);
        let holds_secret = |name: &OsStr| name.to_str().is_some_and(config::variable_holds_secret);
        let variables = environment.iter().filter(|(name, _)| !holds_secret(name));
        editor.args(arguments).arg(file).env_clear().envs(variables);
        match editor.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the editor {program} ended with {status}; not saving")),
            Err(error) => Err(format!("start the editor {program}: {error}; set VISUAL or EDITOR")),
        }
    }
}

/// What is left to save.
#[derive(Debug, PartialEq, Eq)]
enum Edited {
    /// The text of a profile.
    Profile,
    /// Nothing: the skeleton of a new profile, unchanged.
    Nothing,
}

/// One profile being edited in a file beside it.
struct Session {
    name: ProfileName,
    path: PathBuf,
    /// The profile as it was, unless it is new.
    before: Option<Vec<u8>>,
    /// Where it is edited.
    draft: PathBuf,
    text: Vec<u8>,
}

impl Session {
    fn start(place: &Place, name: ProfileName) -> Result<Self, Error> {
        let in_place = || name.path_in(&place.dirs.directory);
        let path = place.dirs.existing(&name).unwrap_or_else(in_place);
        refuse_link(&path)?;
        let before = read(&path).map_err(|error| Error::Message(format!("read profile {}: {error}", show(&path))))?;
        if before.is_none() {
            place.make()?;
        }
        let text = before.clone().unwrap_or_else(|| SKELETON.as_bytes().to_vec());
        let draft = write::temporary(&path, &name, &text)
            .map_err(|error| Error::Message(format!("write a draft next to {}: {error}", show(&path))))?;
        Ok(Self {
            name,
            path,
            before,
            draft,
            text,
        })
    }

    /// Lets the editor change the text. A new profile that is left as it is disappears.
    fn edit(&mut self, editor: &Editor, environment: &Environment) -> Result<Edited, Error> {
        let outcome = editor.run(&self.draft, environment);
        let edited = read(&self.draft)
            .and_then(|text| text.ok_or_else(|| io::Error::other("the editor removed it")))
            .map_err(|error| Error::Message(format!("read what was edited in {}: {error}", show(&self.draft))))?;
        let unchanged = edited == self.text;
        self.text = edited;
        match outcome {
            Ok(()) if unchanged && self.before.is_none() => {
                write::discard(&self.draft);
                Ok(Edited::Nothing)
            }
            Ok(()) => Ok(Edited::Profile),
            Err(problem) => Err(self.give_up(problem, unchanged)),
        }
    }

    /// Puts the text in the place of the profile, if it is one and nobody else changed the profile meanwhile.
    fn save(&self, environment: &Environment) -> Result<Verdict, Error> {
        let unchanged = self.before.as_deref() == Some(&self.text);
        let verdict = check(&self.path, &self.text, environment);
        if !verdict.mistakes.is_empty() {
            let problem = format!("profile did not validate; not saving{}", lines(&verdict.mistakes));
            return Err(self.give_up(problem, unchanged));
        }
        let failed = |error: io::Error| self.give_up(format!("write profile {}: {error}", show(&self.path)), unchanged);
        if read(&self.path).map_err(failed)? != self.before {
            let problem = format!(
                "{} was changed by somebody else meanwhile; not saving",
                show(&self.path)
            );
            return Err(self.give_up(problem, unchanged));
        }
        refuse_link(&self.path)?;
        // What was checked is what is written: the draft may change again.
        write::replace(&self.path, &self.name, &self.text).map_err(failed)?;
        write::discard(&self.draft);
        Ok(verdict)
    }

    /// Nothing is saved; work that was done is kept and named.
    fn give_up(&self, problem: String, unchanged: bool) -> Error {
        if unchanged {
            write::discard(&self.draft);
            return Error::Message(problem);
        }
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let (draft, directory) = (self.draft.to_string_lossy(), directory.to_string_lossy());
        let (name, draft, directory) = (&self.name, shell_word(&draft), shell_word(&directory));
        Error::Message(format!(
            "{problem}\nYour text is kept in {draft}; correct it there, then run\n  \
             tunnel-client profiles add {name} --profile-dir {directory} --from-file {draft} --force"
        ))
    }
}

/// The file's content, or `None` when there is no file.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match Disk::default().read(path, CONFIG_FILE_MAX) {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replacing a symbolic link would surprise who made it; writing through it would trust whoever can change it.
fn refuse_link(path: &Path) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(Error::Message(format!(
            "{} is a symbolic link and is not written through; edit the file that it leads to",
            show(path)
        ))),
        _ => Ok(()),
    }
}
