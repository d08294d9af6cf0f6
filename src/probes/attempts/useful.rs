//! What the client is there for has to work in the cage.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Instant, SystemTime};

use crate::limits::SANDBOX_PROBE_CONNECT_TIMEOUT;
use crate::probes::probe::{Failure, Probe};

pub(super) const PROBES: &[Probe] = &[
    Probe::works(
        "connect to every configured TCP port",
        "The control plane and MCP servers.",
        |scene| {
            let ports = &scene.facts.ports;
            ports.iter().try_for_each(|port| connect(*port))
        },
    ),
    Probe::works(
        "read the files of keys again",
        "Keys and certificates are exchanged while the client runs.",
        |scene| {
            let secrets = &scene.facts.files.secrets;
            if secrets.is_empty() {
                return Err(Failure::NotHere);
            }
            secrets.iter().try_for_each(|path| {
                let mut byte = [0];
                File::open(path)?.read_exact(&mut byte)?;
                Ok(())
            })
        },
    ),
    Probe::works(
        "write to standard error",
        "The log, and the last words of a panic.",
        |_| Ok(io::stderr().write_all(b"")?),
    ),
    Probe::works("memory, time and randomness", "All code needs them.", |_| {
        let more = vec![1_u8; 4 << 20];
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let _ = (more.len(), Instant::now(), SystemTime::now());
        Ok(())
    }),
];

/// That nobody listens there changes nothing: the kernel let it pass.
fn connect(port: u16) -> Result<(), Failure> {
    match TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), SANDBOX_PROBE_CONNECT_TIMEOUT) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        connected => Ok(connected.map(drop)?),
    }
}
