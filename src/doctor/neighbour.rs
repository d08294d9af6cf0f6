//! Who holds an address that the health listener wants: the daemon of this configuration, or somebody else.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::limits::{DOCTOR_FILE_MAX, DOCTOR_NEIGHBOUR_TIMEOUT, DOCTOR_PROCESSES_MAX};

/// The program's name, as the kernel shows it.
const PROGRAM: &str = "tunnel-client";
/// State of a listening socket in /proc/net/tcp.
const LISTENING: &str = "0A";

/// A process that listens, as far as this user may see it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// Its id.
    pub(super) pid: Option<u32>,
    /// Its program.
    pub(super) program: Option<String>,
    /// `--profile x` and the like of its command line; nothing else of it is read.
    pub(super) selectors: Vec<(String, String)>,
    /// Where it runs: paths on its command line may start there.
    pub(super) directory: Option<PathBuf>,
    /// Its user.
    pub(super) uid: Option<u32>,
}

impl Holder {
    /// Whether it is a tunnel client.
    pub(super) fn is_client(&self) -> bool {
        self.program.as_deref() == Some(PROGRAM)
    }

    /// Whether its command line chooses this file; `None` when it chooses none.
    pub(super) fn reads(&self, file: Option<&Path>) -> Option<bool> {
        let value_of = |wanted: &str| {
            self.selectors
                .iter()
                .find(|(flag, _)| flag == wanted)
                .map(|(_, value)| value)
        };
        let below = |path: &Path| self.directory.clone().unwrap_or_default().join(path);
        let is = |theirs: &Path| {
            file.is_some_and(|ours| ours.is_absolute() && ours == theirs || is_same_file(ours, &below(theirs)))
        };
        if let Some(path) = value_of("config").or_else(|| value_of("profile-file")) {
            return Some(is(Path::new(path)));
        }
        let name = value_of("profile")?;
        Some(match value_of("profile-dir") {
            Some(directory) => is(&Path::new(directory).join(format!("{name}.yaml"))),
            // A variable may have named the directory.
            None => file.and_then(Path::file_stem).is_some_and(|stem| stem == name.as_str()),
        })
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        let program = self
            .program
            .as_deref()
            .unwrap_or("a process that this user may not look at");
        match (self.pid, self.uid) {
            (Some(pid), _) => format!("{program} (pid {pid})"),
            (None, Some(uid)) => format!("{program} (user id {uid})"),
            (None, None) => program.to_owned(),
        }
    }
}

/// Whether what is behind `stream` answers `/healthz` as this program does.
pub(super) async fn answers_live(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> bool {
    let asked = async {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .ok()?;
        let mut answer = Vec::new();
        (&mut stream).take(4096).read_to_end(&mut answer).await.ok()?;
        let text = String::from_utf8(answer).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        (head.starts_with("HTTP/1.1 200 ") && body.trim() == "live").then_some(())
    };
    matches!(timeout(DOCTOR_NEIGHBOUR_TIMEOUT, asked).await, Ok(Some(())))
}

/// Who listens on `addr`.
pub(super) fn holder(addr: SocketAddr) -> Holder {
    let listening = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| read(Path::new(table)))
        .find_map(|table| listening_on(&table, addr));
    let Some((inode, uid)) = listening else {
        return Holder::default();
    };
    let mut holder = process_with(&format!("socket:[{inode}]"))
        .map(describe_process)
        .unwrap_or_default();
    holder.uid = Some(uid);
    holder
}

/// The process with this id, if there is one.
pub(super) fn process(pid: u32) -> Option<Holder> {
    let holder = describe_process(pid);
    holder.program.is_some().then_some(holder)
}

/// A small file's text.
pub(super) fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let limit = u64::try_from(DOCTOR_FILE_MAX).unwrap_or(u64::MAX);
    // Opening a pipe would wait for its writer.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::File::open(path).ok()?.take(limit).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Inode and user of the listening socket that keeps `addr` from being bound.
fn listening_on(table: &str, addr: SocketAddr) -> Option<(u64, u32)> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let local = words.nth(1)?;
        if words.nth(1)? != LISTENING {
            return None;
        }
        let (ip, port) = parse_address(local)?;
        let same = ip == addr.ip() || ip.is_unspecified() || addr.ip().is_unspecified();
        if port != addr.port() || !same {
            return None;
        }
        let uid = words.nth(3)?.parse().ok()?;
        let inode = words.nth(1)?.parse().ok()?;
        Some((inode, uid))
    })
}

/// `0100007F:1F90`: words of the address in the machine's byte order, then the port.
fn parse_address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = [0; 16];
    let words = ip.len() / 8;
    for (number, place) in bytes.chunks_exact_mut(4).take(words).enumerate() {
        let word = u32::from_str_radix(ip.get(number * 8..number * 8 + 8)?, 16).ok()?;
        place.copy_from_slice(&word.to_ne_bytes());
    }
    let ip = match (words, bytes) {
        (1, [a, b, c, d, ..]) => IpAddr::from(Ipv4Addr::new(a, b, c, d)),
        (4, bytes) => IpAddr::from(Ipv6Addr::from(bytes)).to_canonical(),
        _ => return None,
    };
    Some((ip, port))
}

fn process_with(target: &str) -> Option<u32> {
    let pids = fs::read_dir("/proc").ok()?.take(DOCTOR_PROCESSES_MAX).flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| {
            let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            descriptors
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .any(|link| link.as_os_str() == target)
        })
}

fn describe_process(pid: u32) -> Holder {
    let program = fs::read_to_string(format!("/proc/{pid}/comm"));
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = arguments
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    Holder {
        pid: Some(pid),
        program: program.ok().map(|name| name.trim_end().to_owned()),
        selectors: selectors(&words),
        directory: fs::read_link(format!("/proc/{pid}/cwd")).ok(),
        uid: None,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// The flags of a command line that choose a configuration file.
fn selectors(words: &[String]) -> Vec<(String, String)> {
    let known = |flag: &str| ["config", "profile", "profile-dir", "profile-file"].contains(&flag);
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else { continue };
        match flag.split_once('=') {
            Some((flag, value)) if known(flag) => found.push((flag.to_owned(), value.to_owned())),
            None if known(flag) => found.extend(words.next().map(|value| (flag.to_owned(), value.clone()))),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_of_this_process_is_found_with_its_pid() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = holder(listener.local_addr().unwrap());
        assert_eq!(found.pid, Some(std::process::id()), "{found:?}");
        assert!(found.program.is_some() && !found.is_client(), "{found:?}");
    }

    #[test]
    fn a_free_address_has_no_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(holder(addr), Holder::default());
    }

    #[test]
    fn only_what_chooses_a_configuration_is_read_of_a_command_line() {
        let words = [
            "tunnel-client",
            "run",
            "--profile",
            "a",
            "--config=/b",
            "--mcp.extra-headers",
            "X: secret",
        ];
        let words = words.map(str::to_owned);
        let expected = [("profile", "a"), ("config", "/b")].map(|(flag, value)| (flag.to_owned(), value.to_owned()));
        assert_eq!(selectors(&words), expected);
    }

    #[test]
    fn tables_of_the_kernel_are_understood_and_nonsense_is_not() {
        if cfg!(target_endian = "little") {
            assert_eq!(parse_address("0100007F:1F90"), Some((Ipv4Addr::LOCALHOST.into(), 8080)));
            let six = "00000000000000000000000001000000:0050";
            assert_eq!(parse_address(six), Some((Ipv6Addr::LOCALHOST.into(), 80)));
        }
        for text in [
            "",
            ":",
            "0:0",
            "0100007F",
            "zz00007F:1F90",
            "0100007F:FFFFF",
            "ü100007:1",
        ] {
            assert_eq!(parse_address(text), None, "{text}");
        }
    }
}
