//! What servers do for a living has to work, in any language.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use crate::probes::probe::{Attempt, By, Expected, Failure, Place, Probe, Target};
use crate::probes::scene::{Facts, Scene};
use crate::sys::attempts::{Call, calls};

pub(super) const PROBES: &[Probe] = &[
    works("run a shell", "Runners such as npx and uvx start programs.", run_shell),
    works("threads", "Node, Python, Go.", start_thread),
    works("read /usr and /etc", "Libraries, languages, certificates.", read_system),
    works("read and write a file of its own", "Caches, databases.", |scene| {
        let path = scene.file(&format!("server-{}", std::process::id()));
        fs::write(&path, "x")?;
        let renamed = path.with_extension("renamed");
        fs::rename(&path, &renamed)?;
        Ok(fs::remove_file(renamed)?)
    }),
    works(
        "read a file of the same user",
        "What the server is there for.",
        |scene| Ok(fs::read(scene.file("file")).map(drop)?),
    ),
    works("connect by TCP", "Services behind the server.", |scene| {
        Ok(TcpStream::connect(scene.tcp.ok_or(Failure::NotHere)?).map(drop)?)
    }),
    works(
        "listen on a TCP port",
        "Helpers of a server talk to each other.",
        |_| {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            Ok(TcpStream::connect(listener.local_addr()?).map(drop)?)
        },
    ),
    works("UDP", "Names.", |_| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        Ok(socket.send_to(b"x", socket.local_addr()?).map(drop)?)
    }),
    works(
        "a unix socket of its own",
        "Helpers of a server talk to each other.",
        |scene| {
            let path = scene.file(&format!("socket-{}", std::process::id()));
            let _listener = UnixListener::bind(&path)?;
            UnixStream::connect(&path)?;
            fs::remove_file(path)?;
            let name = SocketAddr::from_abstract_name(format!("server-{}", std::process::id()))?;
            let _listener = UnixListener::bind_addr(&name)?;
            Ok(UnixStream::connect_addr(&name).map(drop)?)
        },
    ),
    call(
        "memory for code (mmap)",
        "Compilers at run time: Node, Java, .NET.",
        &calls::MMAP_EXECUTABLE,
    ),
    call(
        "memory becomes code (mprotect)",
        "Compilers at run time: Node, Java, .NET.",
        &calls::MPROTECT_EXECUTABLE,
    ),
    call(
        "a file in memory (memfd_create)",
        "Programs that unpack themselves.",
        &calls::MEMFD_CREATE,
    ),
    works("signal a process of its own", "Programs end their helpers.", |_| {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "read x"])
            .stdin(std::process::Stdio::piped())
            .spawn()?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }),
    works("write to /dev/null, read /dev/urandom", "All programs.", |_| {
        OpenOptions::new().write(true).open("/dev/null")?.write_all(b"x")?;
        let mut byte = [0];
        Ok(File::open("/dev/urandom")?.read_exact(&mut byte)?)
    }),
    works(
        "memory that is shared by name",
        "Helpers of a server share data.",
        |_| {
            let directory = Path::new("/dev/shm");
            if !directory.is_dir() {
                return Err(Failure::NotHere);
            }
            let path = directory.join(format!("tunnel-client-probe-{}", std::process::id()));
            OpenOptions::new().write(true).create_new(true).open(&path)?;
            Ok(fs::remove_file(path)?)
        },
    ),
    Probe::new(
        "without capabilities, and none to be gained",
        "Programs that run as root give it nothing.",
        Expected::Works,
        By::Nobody,
        Attempt::Code(|_| {
            marks(&[
                ("CapEff:", "0000000000000000"),
                ("CapPrm:", "0000000000000000"),
                ("NoNewPrivs:", "1"),
            ])
        }),
    )
    .at(Place::Server)
    .when(|facts| facts.server),
    Probe::new(
        "under a filter",
        "What the kernel says itself.",
        Expected::Works,
        By::Nobody,
        Attempt::Code(|_| marks(&[("Seccomp:", "2")])),
    )
    .at(Place::Server)
    .when(|facts| facts.server && facts.status.filters_calls()),
    works(
        "no descriptor but its own three",
        "A socket that was inherited is a way out.",
        |_| {
            // One more is the directory that is read.
            match fs::read_dir("/proc/self/fd")?.count() {
                0..=4 => Ok(()),
                _ => Err(Failure::Refused(io::Error::from_raw_os_error(libc::EMFILE))),
            }
        },
    ),
];

const fn works(name: &'static str, gains: &'static str, code: fn(&Scene) -> Result<(), Failure>) -> Probe {
    Probe::works(name, gains, code).at(Place::Server).when(default)
}

const fn call(name: &'static str, gains: &'static str, call: &'static Call) -> Probe {
    let attempt = Attempt::Call(call, Target::Other);
    Probe::new(name, gains, Expected::Works, By::Nobody, attempt)
        .at(Place::Server)
        .when(default)
}

const fn default(facts: &Facts) -> bool {
    facts.server
}

pub(super) fn run_shell(_: &Scene) -> Result<(), Failure> {
    match Command::new("/bin/sh").args(["-c", "exit 7"]).status()?.code() {
        Some(7) => Ok(()),
        _ => Err(Failure::Refused(io::Error::from_raw_os_error(libc::ENOEXEC))),
    }
}

pub(super) fn start_thread(_: &Scene) -> Result<(), Failure> {
    let _ = std::thread::Builder::new().spawn(|| ())?.join();
    Ok(())
}

pub(super) fn read_system(_: &Scene) -> Result<(), Failure> {
    fs::read_dir("/usr/lib")?;
    Ok(fs::read("/etc/passwd").map(drop)?)
}

/// What the kernel says of this process (proc_pid_status(5)).
fn marks(wanted: &[(&str, &str)]) -> Result<(), Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let holds = |(name, value): &(&str, &str)| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.is_some_and(|line| line.trim() == *value)
    };
    match wanted.iter().all(holds) {
        true => Ok(()),
        false => Err(Failure::Refused(io::Error::from_raw_os_error(libc::EPERM))),
    }
}
