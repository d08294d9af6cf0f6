//! The places that a log can go to.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::files::{self, Missing, Rule, Spot, Trusted};
use crate::telemetry::form::Form;
use crate::telemetry::journal;
use crate::telemetry::output::{Output, To};
use crate::telemetry::records::{connect, to_socket};
use crate::telemetry::settings::{Log, LogFormat, LogTarget};
use crate::telemetry::stream::Stream;
use crate::telemetry::syslog::Header;

/// What names the place of the log.
const SETTING: &str = "log.target";

/// Mode of a log file that does not exist yet.
const FILE_MODE: u32 = 0o600;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standard {
    Output,
    Error,
}

impl Standard {
    /// Paths that containers use for the standard streams. They are links through `/proc`; the descriptor itself needs none.
    fn named(path: &Path) -> Option<Self> {
        match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(Self::Output),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(Self::Error),
            _ => None,
        }
    }

    /// The stream that a log goes to, if it goes to one.
    fn of(settings: &Log) -> Option<Self> {
        match (&settings.target, &settings.file, settings.format) {
            (LogTarget::Stream, Some(path), _) => Self::named(path),
            (LogTarget::Stream, None, LogFormat::Plain) => Some(Self::Error),
            (LogTarget::Stream, None, LogFormat::StructText | LogFormat::Json) => Some(Self::Output),
            _ => None,
        }
    }

    fn open(self) -> io::Result<Stream> {
        match self {
            Self::Output => Stream::output(),
            Self::Error => Stream::error(),
        }
    }
}

/// Whether a path names a standard stream.
pub(super) fn is_stream(path: &Path) -> bool {
    Standard::named(path).is_some()
}

/// Standard error, unless the log itself goes there.
pub(super) fn elsewhere(settings: &Log) -> Option<Stream> {
    match Standard::of(settings) {
        Some(Standard::Error) => None,
        _ => Stream::error().ok(),
    }
}

/// Where a log goes, for people.
pub(super) fn name(settings: &Log) -> String {
    match (&settings.target, &settings.file) {
        (LogTarget::Stream, Some(path)) if !is_stream(path) => path.display().to_string(),
        (LogTarget::Stream, _) => "standard output".to_owned(),
        (LogTarget::Journal, _) => "journald".to_owned(),
        (LogTarget::Syslog { socket, .. }, _) => format!("syslog at {}", socket.display()),
        (LogTarget::SyslogServer { shown, .. }, _) => format!("syslog at {shown}"),
    }
}

/// The form of its records.
pub(super) fn form(settings: &Log) -> Form {
    match &settings.target {
        LogTarget::Stream => Form::Text(settings.format),
        LogTarget::Journal => Form::Journal,
        LogTarget::Syslog { facility, .. } => Form::Syslog(Header::new(*facility, false)),
        LogTarget::SyslogServer { facility, .. } => Form::Syslog(Header::new(*facility, true)),
    }
}

/// Opens the place of a log.
///
/// # Errors
/// The place, and why it cannot be opened.
pub(super) fn open(settings: &Log, trusted: Trusted) -> io::Result<Output> {
    let to = match (&settings.target, Standard::of(settings), &settings.file) {
        (LogTarget::Journal, _, _) => To::Datagrams(to_socket(Path::new(journal::SOCKET), SETTING)?),
        (LogTarget::Syslog { socket, .. }, _, _) => To::Datagrams(to_socket(socket, SETTING)?),
        (LogTarget::SyslogServer { .. }, _, _) => To::Server,
        (LogTarget::Stream, Some(standard), _) => To::Stream(standard.open()?),
        (LogTarget::Stream, None, Some(path)) => To::Stream(file(path, trusted)?.into()),
        (LogTarget::Stream, None, None) => To::Stream(Stream::output()?),
    };
    Ok(Output::to(to))
}

/// Tests whether [`init`](super::init) could connect to the socket of this host that a log goes to, if it goes to one; which one it is.
///
/// # Errors
///
/// The error of [`init`](super::init).
pub(crate) fn try_socket(settings: &Log) -> io::Result<Option<String>> {
    let socket = connect(&settings.target, SETTING)?;
    Ok(socket.map(|_| name(settings)))
}

fn file(path: &Path, trusted: Trusted) -> io::Result<File> {
    append(path, trusted).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("open log file {}: {error}", path.display()))
    })
}

/// Opens a log file to append to.
pub(super) fn append(path: &Path, trusted: Trusted) -> Result<File, files::Error> {
    Spot::of(path, Rule::creating(), Missing::Fail)?.append(FILE_MODE, trusted)
}

/// Tests whether [`init`](super::init) could open the log file; leaves no file behind.
///
/// # Errors
///
/// The error of [`init`](super::init).
pub(crate) fn try_file(path: &Path, trusted: Trusted) -> Result<(), files::Error> {
    match is_stream(path) {
        true => Ok(()),
        false => Spot::of(path, Rule::creating(), Missing::Fail)?.try_append(FILE_MODE, trusted),
    }
}

/// Tests the same as far as it shows without creating a file.
///
/// # Errors
///
/// The error of [`init`](super::init).
pub(crate) fn could_open(path: &Path, trusted: Trusted) -> Result<(), files::Error> {
    match is_stream(path) {
        true => Ok(()),
        false => Spot::of(path, Rule::creating(), Missing::Fail)?.could_append(trusted),
    }
}
