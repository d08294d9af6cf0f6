//! Records of another stream than the log, sent as they are: as messages of syslog, or to journald.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::settings::LogTarget;
use super::syslog::Header;
use super::{journal, syslog};

/// The form of such records.
#[derive(Debug, Clone)]
pub(crate) struct RecordForm {
    kind: Kind,
    /// Name of the stream.
    name: &'static str,
}

#[derive(Debug, Clone)]
enum Kind {
    Journal,
    Syslog(Header),
}

impl RecordForm {
    /// The form for a place, and the name of the stream; `None` for a place that takes no such records.
    pub(crate) fn of(target: &LogTarget, name: &'static str) -> Option<Self> {
        let kind = match target {
            LogTarget::Stream => return None,
            LogTarget::Journal => Kind::Journal,
            LogTarget::Syslog { facility, .. } => Kind::Syslog(Header::new(*facility, false)),
            LogTarget::SyslogServer { facility, .. } => Kind::Syslog(Header::new(*facility, true)),
        };
        Some(Self { kind, name })
    }

    /// Appends a record: one line of printable ASCII, and the time that it states, if it does.
    pub(crate) fn write(&self, out: &mut String, line: &str, time: Option<&str>) {
        match &self.kind {
            Kind::Journal => journal::record(out, self.name, line),
            Kind::Syslog(header) => syslog::record(out, header, self.name, line, time),
        }
    }
}

/// Connects to the socket of this host that records go to, if they go to one. `setting`: what names it.
///
/// # Errors
/// The socket, and why nothing can be sent to it.
pub(crate) fn connect(target: &LogTarget, setting: &str) -> io::Result<Option<UnixDatagram>> {
    match target {
        LogTarget::Journal => to_socket(Path::new(journal::SOCKET), setting).map(Some),
        LogTarget::Syslog { socket, .. } => to_socket(socket, setting).map(Some),
        LogTarget::Stream | LogTarget::SyslogServer { .. } => Ok(None),
    }
}

/// The path of a socket that whoever receives there may make anew. Those of journald are systemd's, and outlive it.
pub(crate) fn reconnected(target: &LogTarget) -> Option<&Path> {
    match target {
        LogTarget::Syslog { socket, .. } => Some(socket),
        LogTarget::Journal | LogTarget::Stream | LogTarget::SyslogServer { .. } => None,
    }
}

/// Whether whoever received there has closed the socket. The first datagram after that says so, and then there is no connection.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotConnected].contains(&error.kind())
}

/// Tests whether [`connect`] would succeed.
///
/// # Errors
/// The error of [`connect`].
pub(crate) fn try_connect(target: &LogTarget, setting: &str) -> io::Result<()> {
    connect(target, setting).map(drop)
}

/// A socket that sends to this one and does not wait. It is connected now, because the cage lets no other be made.
pub(super) fn to_socket(path: &Path, setting: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let failed = |error: io::Error| {
        let text = format!(
            "open log socket {}: {error}; start what listens there, or set {setting}",
            path.display()
        );
        io::Error::new(error.kind(), text)
    };
    socket.connect(path).map_err(failed)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const LINE: &str = r#"{"seq":1,"event":"end","time":"2026-12-01T03:04:05.678Z","mac":"00"}"#;

    #[test]
    fn a_record_is_the_whole_message_in_either_form() {
        let time = Some("2026-12-01T03:04:05.678Z");
        let target = LogTarget::SyslogServer {
            facility: 10,
            shown: String::new(),
        };
        let form = RecordForm::of(&target, "audit").unwrap();
        let mut out = String::new();
        form.write(&mut out, LINE, time);
        let (length, message) = out.split_once(' ').unwrap();
        assert_eq!(length.parse(), Ok(message.len()));
        let words: Vec<&str> = message.splitn(8, ' ').collect();
        let process = std::process::id().to_string();
        assert_eq!((words[0], words[1]), ("<86>1", "2026-12-01T03:04:05.678Z"));
        assert_eq!(words[3..], ["tunnel-client", process.as_str(), "audit", "-", LINE]);
        // What is no record has no time of its own.
        out.clear();
        form.write(&mut out, "{\"seq\":", None);
        assert!(out.contains("<86>1 - ") && out.ends_with(" audit - {\"seq\":"), "{out}");
        let form = RecordForm::of(&LogTarget::Journal, "audit").unwrap();
        let (mut first, mut both) = (String::new(), String::new());
        form.write(&mut first, LINE, time);
        let expected = format!(
            "PRIORITY=6\nSYSLOG_IDENTIFIER=tunnel-client\nSYSLOG_PID={process}\nTUNNEL_CLIENT_STREAM=audit\nMESSAGE={LINE}\n"
        );
        assert_eq!(first, expected);
        both.push_str(&first);
        form.write(&mut both, LINE, time);
        assert_eq!(both, expected.repeat(2));
        assert!(RecordForm::of(&LogTarget::Stream, "audit").is_none());
    }
}
