//! What is there to be attacked: a process of the user that the client becomes, its files and sockets.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self as unix, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::scene::{Facts, Scene};
use crate::limits::SANDBOX_PROBE_PORTS_TRIED;
use crate::run;
use crate::sandbox;

/// Sets it up, tells of it on standard output, and takes it away when standard input closes. It has read no configuration: others of
/// its user can look into it.
///
/// # Errors
/// Something of it cannot be had.
pub(super) fn be_there(facts: &Facts) -> Result<(), run::Error> {
    let given_up = facts.privileges.give_up().map_err(sandbox::Error::Privileges);
    given_up.map_err(run::Error::Sandbox)?;
    let stand = || -> io::Result<()> {
        // As most processes are: nothing but the cage is to keep others out.
        set_dumpable_behavior(DumpableBehavior::Dumpable)?;
        let directory = Directory::create(&facts.temporary)?;
        let (tcp, tcp6) = (
            listen(Ipv4Addr::LOCALHOST.into(), facts)?,
            listen(Ipv6Addr::LOCALHOST.into(), facts),
        );
        let name = format!("tunnel-client-probe-{}", std::process::id());
        let _abstract = UnixListener::bind_addr(&unix::SocketAddr::from_abstract_name(&name)?)?;
        let _socket = UnixListener::bind(directory.0.join("socket"))?;
        let _datagrams = UnixDatagram::bind(directory.0.join("datagrams"))?;
        let scene = Scene {
            directory: directory.0.clone(),
            victim: std::process::id(),
            tcp: Some(tcp.local_addr()?),
            tcp6: tcp6.as_ref().ok().and_then(|listener| listener.local_addr().ok()),
            name,
            client: None,
            facts: facts.clone(),
        };
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, &scene)?;
        stdout.write_all(b"\n")?;
        stdout.flush()?;
        let mut rest = [0; 64];
        while io::stdin().read(&mut rest)? > 0 {}
        Ok(())
    };
    stand().map_err(|error| run::Error::System("what is there to be attacked", error))
}

/// Removed with all that is in it.
struct Directory(PathBuf);

impl Directory {
    fn create(base: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("tunnel-client-probe-{:016x}", u64::from_ne_bytes(random));
        let path = base.join(name);
        fs::create_dir(&path)?;
        let directory = Self(path);
        for name in ["file", "empty", "removed"] {
            fs::write(directory.0.join(name), if name == "file" { "x" } else { "" })?;
        }
        Ok(directory)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// On a port that the configuration does not name.
fn listen(address: std::net::IpAddr, facts: &Facts) -> io::Result<TcpListener> {
    for _ in 0..SANDBOX_PROBE_PORTS_TRIED {
        let listener = TcpListener::bind(SocketAddr::new(address, 0))?;
        if !facts.ports.contains(&listener.local_addr()?.port()) {
            return Ok(listener);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
