//! A stdio server with `sandbox: strict` and no network has no channel to a process that it did not start. The same attempts by a server
//! with `sandbox: default` show that they would work.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use serde_json::{Value, json};

use crate::support::child::{everybodys_python, python};
use crate::support::{ClientBuilder, Command, ControlPlane, Scratch, StdioServer};

/// Attempts of a server, by name; it answers with the error of each, or with success.
const HOSTILE: &str = r#"
import asyncio, ctypes, errno, mmap, socket, stat, struct

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.shmat.restype = ctypes.c_void_p
UNIX, STREAM, DGRAM, RAW, SEQPACKET = socket.AF_UNIX, 1, 2, 3, 5

def call(number, *arguments):
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    if result == -1:
        raise OSError(ctypes.get_errno(), "call %d" % number)
    return result

def checked(result):
    if result in (-1, None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "C library")
    return result

def name_of(at):
    return struct.pack("H", UNIX) + at.encode() + b"\0"

def pair(kind, protocol=0):
    return lambda told: [end.close() for end in socket.socketpair(UNIX, kind, protocol)]

def pair_by_number(kind):
    return lambda told: call(53, UNIX, kind, 0, (ctypes.c_int * 2)())

def send_datagram(told):
    one, other = socket.socketpair(UNIX, DGRAM)
    one.sendto(b"from a pair", told["datagrams"])

def send_from_packets(told):
    one, other = socket.socketpair(UNIX, SEQPACKET)
    one.sendto(b"from a pair of packets", told["datagrams"])
    assert other.recv(100) == b"from a pair of packets"

def send_with_name(told):
    one, other = socket.socketpair(UNIX, STREAM)
    one.sendmsg([b"from a stream"], [], 0, told["datagrams"])

def reconnect(kind, lonely):
    def attempt(told):
        one, other = socket.socketpair(UNIX, kind)
        if lonely:
            other.close()
        one.connect(told["stream"])
    return attempt

def disconnect(kind):
    def attempt(told):
        one, other = socket.socketpair(UNIX, kind)
        checked(libc.connect(one.fileno(), struct.pack("H14x", socket.AF_UNSPEC), 16))
        one.connect(told["stream"])
    return attempt

def listen(kind):
    def attempt(told):
        one, other = socket.socketpair(UNIX, kind)
        one.bind("\0tunnel-client-test-%d" % os.getpid())
        one.listen()
    return attempt

def bind_path(told):
    one, other = socket.socketpair(UNIX, STREAM)
    one.bind(path("named"))

def new_socket(kind):
    return lambda told: socket.socket(UNIX, kind)

def sockets():
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(descriptor)).st_mode):
                yield descriptor
        except OSError:
            pass

INHERITED = list(sockets())

def inherited(told):
    if not INHERITED:
        raise OSError(errno.ENOTSOCK, "no socket among the descriptors")

def other_table(told):
    """The calls of 32-bit programs: socketcall(2), number 8 in it is socketpair."""
    child = os.fork()
    if child == 0:
        code = mmap.mmap(-1, 4096, prot=7)
        # mov eax, 102; mov ebx, 8; xor ecx, ecx; int 0x80; ret
        code.write(bytes.fromhex("b866000000bb0800000031c9cd80c3"))
        start = ctypes.addressof(ctypes.c_char.from_buffer(code))
        ctypes.CFUNCTYPE(ctypes.c_int)(start)()
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise OSError(errno.ENOSYS, "the process was ended")

def read_shared(told):
    found = checked(libc.shmget(told["key"], 0, 0))
    memory = checked(libc.shmat(found, None, 0))
    assert ctypes.string_at(memory) == b"not yours"

def new_shared(told):
    found = checked(libc.shmget(0, 4096, 0o600))
    libc.shmctl(found, 0, None)

def receive_queued(told):
    found = checked(libc.msgget(told["key"], 0))
    checked(libc.msgrcv(found, ctypes.create_string_buffer(100), 50, 0, 0o4000))

def count_semaphore(told):
    found = checked(libc.semget(told["key"], 0, 0))
    checked(libc.semop(found, struct.pack("HhH", 0, 1, 0), 1))

def count_semaphore_in_time(told):
    found = checked(libc.semget(told["key"], 0, 0))
    checked(libc.semtimedop(found, struct.pack("HhH", 0, 1, 0), 1, None))

def open_queue(told):
    queue = checked(libc.mq_open(told["queue"].encode(), os.O_RDONLY))
    os.close(queue)

def new_queue(told):
    name = b"/tunnel-client-test-new-%d" % os.getpid()
    os.close(checked(libc.mq_open(name, os.O_RDWR | os.O_CREAT, 0o600, None)))
    libc.mq_unlink(name)

ATTEMPTS = {
    "datagrams to others": send_datagram,
    "a pair for datagrams": pair(DGRAM),
    "a pair for datagrams (flags)": pair(DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC),
    "a pair for datagrams (high bits)": pair_by_number(DGRAM | 1 << 40),
    "a pair for datagrams (its own protocol)": pair(DGRAM, 1),
    "a raw pair": pair(RAW),
    "a socket (streams)": new_socket(STREAM),
    "a socket (datagrams)": new_socket(DGRAM),
    "a socket (packets)": new_socket(SEQPACKET),
    "name an end": bind_path,
    "shared memory of others": read_shared,
    "shared memory": new_shared,
    "a queue of others": receive_queued,
    "a semaphore of others": count_semaphore,
    "a semaphore of others, in time": count_semaphore_in_time,
    "a POSIX queue of others": open_queue,
    "a POSIX queue": new_queue,
}
# What no kernel does, whatever the sandbox.
NOWHERE = {
    "connect the end of a pair (streams)": reconnect(STREAM, False),
    "connect the end of a pair (packets)": reconnect(SEQPACKET, False),
    "connect a lonely end (streams)": reconnect(STREAM, True),
    "connect a lonely end (packets)": reconnect(SEQPACKET, True),
    "disconnect and connect (streams)": disconnect(STREAM),
    "disconnect and connect (packets)": disconnect(SEQPACKET),
    "send by name (streams)": send_with_name,
    "listen on an end (streams)": listen(STREAM),
    "listen on an end (packets)": listen(SEQPACKET),
    "a socket that was inherited": inherited,
    "a pair by its number of x32": lambda told: call(0x40000000 | 53, UNIX, DGRAM, 0, (ctypes.c_int * 2)()),
    "a descriptor of another process": lambda told: call(438, 0, 0, 0),
    "io_uring": lambda told: call(425, 8, ctypes.create_string_buffer(120)),
    "the calls of 32-bit programs": other_table,
}

def two_ends(kind):
    def attempt(told):
        one, other = socket.socketpair(UNIX, kind)
        one.send(b"x")
        assert other.recv(1) == b"x"
    return attempt

async def program():
    process = await asyncio.create_subprocess_exec("/bin/echo", "x", stdout=asyncio.subprocess.PIPE)
    assert await process.stdout.read() == b"x\n"
    await process.wait()

NEEDED = {
    "a pair of streams": two_ends(STREAM),
    "a pair of streams (flags)": two_ends(STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC),
    "a pair of packets": two_ends(SEQPACKET),
    "packets stay in their pair": send_from_packets,
    "asyncio": lambda told: asyncio.run(program()),
    "a file in memory": lambda told: os.close(os.memfd_create("x")),
}

def outcome(attempt, told):
    try:
        attempt(told)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "works"

def on(message):
    if message.get("method") == "tools/call":
        told = message["params"]
        groups = {"attempts": ATTEMPTS, "nowhere": NOWHERE, "needed": NEEDED}
        answer(message, {group: {name: outcome(attempt, told) for name, attempt in of.items()}
                         for group, of in groups.items()})
"#;

/// A program of the same user that shares memory, queues and a semaphore.
const NEIGHBOUR: &str = r#"
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
key, queue = int(sys.argv[1]), sys.argv[2].encode()
memory = libc.shmget(key, 4096, 0o1600)
ctypes.memmove(libc.shmat(memory, None, 0), b"not yours\0", 10)
messages = libc.msgget(key, 0o1600)
libc.msgsnd(messages, (1).to_bytes(8, "little") + b"not yours", 9, 0)
semaphores = libc.semget(key, 1, 0o1600)
named = libc.mq_open(queue, os.O_RDWR | os.O_CREAT, 0o600, None)
assert min(memory, messages, semaphores, named) >= 0, (memory, messages, semaphores, named)
print("ready", flush=True)
sys.stdin.read()
libc.shmctl(memory, 0, None)
libc.msgctl(messages, 0, None)
libc.semctl(semaphores, 0, 0)
libc.mq_unlink(queue)
"#;

struct Neighbour(Child);

impl Neighbour {
    fn new(key: u32, queue: &str) -> Self {
        let mut child = Process::new(python())
            .args(["-c", NEIGHBOUR, &key.to_string(), queue])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Outcomes in this sandbox, and whether a datagram reached the test.
fn tried(sandbox: &str) -> (Value, bool) {
    let files = Scratch::new();
    let datagrams = UnixDatagram::bind(files.file("datagrams")).unwrap();
    datagrams.set_nonblocking(true).unwrap();
    let _stream = UnixListener::bind(files.file("stream")).unwrap();
    let key = 0x7c1e_0000 | (std::process::id() & 0xffff);
    let queue = format!("/tunnel-client-test-{}-{}", std::process::id(), sandbox.len());
    let neighbour = Neighbour::new(key ^ u32::from(sandbox == "default") << 16, &queue);
    let server = StdioServer::with(HOSTILE);
    let control = ControlPlane::http();
    let directory = server.file("");
    let directory = directory.display().to_string();
    let prefix = Path::new(everybodys_python())
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .display()
        .to_string();
    let sandbox_text = match sandbox {
        "strict" => format!("{{level: strict, read: [\"{prefix}\"], write: [\"{directory}\"]}}"),
        other => other.to_owned(),
    };
    let configuration = files.write(
        "c.yaml",
        &format!(
            "config_version: 1\nmcp:\n  commands:\n    - channel: main\n      command: \"{} -u {directory}/child.py {directory}\"\n      sandbox: {sandbox_text}\n",
            everybodys_python(),
        ),
    );
    let client = ClientBuilder::new(&control)
        .arg("--config")
        .arg(&configuration.display().to_string())
        .start();
    client.await_ready();
    control.introduce();
    let told = json!({
        "datagrams": files.file("datagrams"), "stream": files.file("stream"),
        "key": key ^ u32::from(sandbox == "default") << 16, "queue": queue,
    });
    let answer = control
        .call(Command::call("r1", "tools/call", &told.to_string()), "r1")
        .json();
    drop(neighbour);
    (answer["result"].clone(), datagrams.recv(&mut [0; 100]).is_ok())
}

fn outcomes(group: &Value) -> Vec<(&str, &str)> {
    let group = group.as_object().unwrap_or_else(|| panic!("{group}"));
    group
        .iter()
        .map(|(name, outcome)| (name.as_str(), outcome.as_str().unwrap()))
        .collect()
}

#[test]
fn a_strict_server_has_no_socket_memory_or_queue_that_others_reach() {
    let (strict, was_reached) = tried("strict");
    let open: Vec<_> = outcomes(&strict["attempts"])
        .into_iter()
        .filter(|(_, outcome)| *outcome != "EPERM")
        .collect();
    assert_eq!(open, []);
    assert!(!was_reached);
    let somewhere: Vec<_> = outcomes(&strict["nowhere"])
        .into_iter()
        .filter(|(_, outcome)| *outcome == "works")
        .collect();
    assert_eq!(somewhere, []);
    let missing: Vec<_> = outcomes(&strict["needed"])
        .into_iter()
        .filter(|(_, outcome)| *outcome != "works")
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn what_a_strict_server_is_refused_works_without() {
    let (default, was_reached) = tried("default");
    let mut refused: Vec<_> = outcomes(&default["attempts"])
        .into_iter()
        .filter(|(_, outcome)| *outcome != "works")
        .collect();
    if !Path::new("/dev/mqueue").is_dir() {
        // Landlock then finds no directory of theirs.
        refused.retain(|(name, _)| !name.contains("POSIX"));
    }
    assert_eq!(refused, []);
    assert!(was_reached);
    let somewhere: Vec<_> = outcomes(&default["nowhere"])
        .into_iter()
        .filter(|(_, outcome)| *outcome == "works")
        .collect();
    assert_eq!(somewhere, []);
}
