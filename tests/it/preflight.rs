//! The preflight of stdio commands: what cannot start is named with what mends it; what may well start is let through.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tunnel_client::preflight::{self, Problem};

use crate::support::Scratch;

/// A directory with a few programs and scripts; `bin` is what `PATH` holds.
struct Host(Scratch);

impl Host {
    fn new() -> Self {
        let host = Self(Scratch::new());
        for directory in ["bin", "srv", "srv/package"] {
            fs::create_dir(host.file(directory)).unwrap();
        }
        for interpreter in [
            "sh",
            "bash",
            "env",
            "python3",
            "python3.12",
            "node",
            "ruby",
            "perl",
            "php",
            "deno",
        ] {
            host.program(&format!("bin/{interpreter}"), "#!/bin/sh\n");
        }
        host.program("srv/good", "#!/bin/sh\n");
        for script in ["server.py", "server.js", "server.sh", "server.rb", "server.ts"] {
            host.0.write(&format!("srv/{script}"), "print\n");
        }
        host
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.file(name)
    }

    fn program(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.write(name, content);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Checks the words, with `@` standing for the directory.
    fn check(&self, words: &[&str]) -> Result<PathBuf, Problem> {
        let directory = self.0.path().to_str().unwrap();
        let argv: Vec<String> = words.iter().map(|word| word.replace('@', directory)).collect();
        preflight::check(&argv, Some(self.file("bin").as_os_str()))
    }

    #[track_caller]
    fn passes(&self, words: &[&str]) -> PathBuf {
        self.check(words)
            .unwrap_or_else(|problem| panic!("{words:?}: {problem}"))
    }

    #[track_caller]
    fn fails(&self, words: &[&str], gists: &[&str]) -> String {
        let message = match self.check(words) {
            Ok(found) => panic!("{words:?} passed as {}", found.display()),
            Err(problem) => problem.to_string(),
        };
        for gist in gists {
            assert!(message.contains(gist), "{words:?}: {gist:?} is not in {message:?}");
        }
        message
    }
}

#[test]
fn a_program_is_found_in_path_or_at_its_path() {
    let host = Host::new();
    assert_eq!(host.passes(&["node"]), host.file("bin/node"));
    assert_eq!(host.passes(&["@/srv/good", "--token", "x"]), host.file("srv/good"));
    let found = preflight::check(&["sh".to_owned()], None).unwrap();
    assert!(found.is_absolute() && found.ends_with("sh"), "{}", found.display());
}

#[test]
fn a_missing_program_is_named_with_what_to_do() {
    let host = Host::new();
    host.fails(
        &["no-such-server", "--token", "hunter2"],
        &["stdio MCP executable \"no-such-server\" was not found; fix: install it,"],
    );
    host.fails(&["@/srv/absent"], &["srv/absent\" was not found; fix: install it,"]);
    host.fails(&["good"], &["\"good\" was not found"]);
}

#[test]
fn what_is_no_executable_file_is_refused() {
    let host = Host::new();
    host.fails(&["@/srv/server.py"], &["server.py\" is not executable; fix: chmod +x"]);
    host.fails(&["@/srv/package"], &["srv/package\" is a directory"]);
    fs::write(host.file("bin/locked"), "#!/bin/sh\n").unwrap();
    host.fails(&["locked"], &["bin/locked\" is not executable; fix: chmod +x"]);
    // A later directory of PATH may have one that can be executed.
    let path = std::env::join_paths([host.file("bin"), host.file("srv")]).unwrap();
    host.program("srv/locked", "#!/bin/sh\n");
    let found = preflight::check(&["locked".to_owned()], Some(&path)).unwrap();
    assert_eq!(found, host.file("srv/locked"));
}

#[test]
fn the_interpreter_of_a_script_must_exist() {
    let host = Host::new();
    for (content, gists) in [
        (
            "#!/no/such/interpreter -x\n",
            ["unavailable interpreter \"/no/such/interpreter\"", "update the shebang"],
        ),
        (
            "#!/usr/bin/env no-such-python\n",
            ["unavailable interpreter \"no-such-python\"", "update the shebang"],
        ),
        (
            "#!/usr/bin/env -S A=1 no-such-python -u\n",
            ["unavailable interpreter \"no-such-python\"", "fix"],
        ),
        (
            "#!python3\n",
            [
                "uses non-absolute shebang interpreter \"python3\"",
                "update the shebang",
            ],
        ),
        ("#!\n", ["uses non-absolute shebang interpreter", "fix"]),
        (
            "#!/bin/sh\r\n",
            ["unavailable interpreter \"/bin/sh\"", "carriage return"],
        ),
        (
            "#!/usr/bin/env python3\r\n",
            ["unavailable interpreter \"python3\"", "carriage return"],
        ),
        ("echo hello\n", ["without a #! line", "begin it with a #! line"]),
        ("", ["without a #! line", "begin it with a #! line"]),
    ] {
        host.program("srv/script", content);
        host.fails(&["@/srv/script"], &gists);
    }
    for content in [
        "#!/bin/sh\n",
        "#! /bin/sh -e\n",
        "#!/usr/bin/env python3\n",
        "#!/usr/bin/env -S python3 -u\n",
        "#!/usr/bin/env -S -i python3 -u\n",
        "#!/bin/sh",
        "\x7fELF\x02\x01\x01\x00",
    ] {
        host.program("srv/script", content);
        host.passes(&["@/srv/script"]);
    }
}

/// A program of this machine that is linked to `loader`.
fn linked_to(loader: &str) -> Vec<u8> {
    let machine: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    let mut elf = vec![0; 64 + 56];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[18..20].copy_from_slice(&machine.to_le_bytes());
    elf[32] = 64; // e_phoff
    elf[54] = 56; // e_phentsize
    elf[56] = 1; // e_phnum
    elf[64] = 3; // p_type: PT_INTERP
    elf[72] = 120; // p_offset
    elf[96] = u8::try_from(loader.len() + 1).unwrap(); // p_filesz
    elf.extend(loader.as_bytes());
    elf.push(0);
    elf
}

#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn a_program_for_another_c_library_is_told_from_a_missing_one() {
    let host = Host::new();
    let path = host.program("srv/linked", "");
    fs::write(&path, linked_to("/lib/ld-no-such-libc.so.1")).unwrap();
    host.fails(
        &["@/srv/linked"],
        &[
            "needs the loader \"/lib/ld-no-such-libc.so.1\"",
            "install the C library",
        ],
    );
    fs::write(&path, linked_to("/bin/sh")).unwrap();
    host.passes(&["@/srv/linked"]);
    // However such a file is cut off or broken, it is let through or refused, in bounded time.
    let whole = linked_to("/lib/ld-no-such-libc.so.1");
    for end in 6..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let _ = host.check(&["@/srv/linked"]);
    }
    for at in 0..120 {
        let mut broken = whole.clone();
        broken[at] = 0xff;
        fs::write(&path, broken).unwrap();
        let _ = host.check(&["@/srv/linked"]);
    }
}

#[test]
fn env_is_unwrapped() {
    let host = Host::new();
    host.fails(
        &["env", "TOKEN=hunter2", "no-such-server"],
        &["\"no-such-server\" was not found"],
    );
    host.fails(
        &["env", "-u", "HOME", "--", "no-such-server"],
        &["\"no-such-server\" was not found"],
    );
    host.fails(&["env", "PATH=@/bin", "good"], &["\"good\" was not found"]);
    host.passes(&["env", "PATH=@/srv", "good"]);
    host.passes(&["env", "-i", "A=b", "sh"]);
    host.passes(&["env", "-C", "@/srv", "./good"]);
    host.passes(&["env"]);
    let message = host.fails(
        &["env", "TOKEN=hunter2", "python3", "@/srv/absent.py"],
        &["absent.py\" was not found"],
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn shells_are_looked_through() {
    let host = Host::new();
    host.fails(
        &["sh", "@/srv/absent.sh"],
        &["absent.sh\" was not found; fix: correct its path"],
    );
    host.fails(
        &["sh", "srv/absent.sh"],
        &["absent.sh\" was not found; fix: write the absolute path"],
    );
    host.fails(&["bash", "-e", "-o", "pipefail", "@/srv"], &["is not readable"]);
    for command in [
        "no-such-server --token hunter2",
        "exec no-such-server",
        "A=1 no-such-server \"$TOKEN\"",
        "'no-such-server' | tee log",
        "no-such-server && true",
        "no-such-server 2> log",
        "sh -c 'sh -c no-such-server'",
        "env A=1 no-such-server",
    ] {
        let message = host.fails(&["sh", "-ec", command], &["\"no-such-server\" was not found"]);
        assert!(!message.contains("hunter2"), "{message}");
    }
    host.fails(
        &["sh", "-c", "python3 -u @/srv/absent.py"],
        &["absent.py\" was not found"],
    );
}

#[test]
fn what_a_shell_may_make_of_a_string_is_not_guessed() {
    let host = Host::new();
    host.passes(&["sh", "@/srv/server.sh"]);
    host.passes(&["sh"]);
    host.passes(&["sh", "-s"]);
    for command in [
        "",
        "cd /srv/x && no-such-server",
        "no-such-server || python3 @/srv/server.py",
        "no-such-server; node @/srv/server.js",
        "$SERVER --x",
        "\"$HOME/bin/server\"",
        "~/bin/server",
        "python3 $HOME/server.py",
        "python3 \"$HOME\"/server.py",
        "for x in 1; do y; done",
        "f() { node x; }",
        "export A=1 && no-such-server",
        "# comment",
        "`which server`",
        "exec -a name no-such-server",
        "PATH=@/srv good",
        "'unclosed",
        "if true\nthen x\nfi",
        "{ no-such-server",
        "no-such-server & wait",
    ] {
        host.passes(&["sh", "-c", command]);
    }
    // A login shell has a PATH of its own, but a path stays a path.
    host.passes(&["bash", "-lc", "no-such-server"]);
    host.fails(
        &["bash", "-l", "-c", "@/srv/absent --x"],
        &["srv/absent\" was not found"],
    );
}

#[test]
fn nesting_is_followed_to_its_limit_and_no_further() {
    let host = Host::new();
    let four = ["env", "env", "env", "env", "no-such-server"];
    host.fails(&four, &["\"no-such-server\" was not found"]);
    host.passes(&["env", "env", "env", "env", "env", "no-such-server"]);
}

#[test]
fn the_script_of_an_interpreter_must_be_there() {
    let host = Host::new();
    for words in [
        ["python3", "-u", "@/srv/absent.py"].as_slice(),
        &["python3.12", "-X", "dev", "-B", "@/srv/absent.py", "--token", "hunter2"],
        &["node", "--no-warnings", "--max-old-space-size=64", "@/srv/absent.js"],
        &["node", "-r", "dotenv/config", "@/srv/absent"],
        &["ruby", "-w", "@/srv/absent.rb"],
        &["perl", "-I", "lib", "@/srv/absent.pl"],
        &["php", "-f", "@/srv/absent.php"],
        &["deno", "run", "-A", "@/srv/absent.ts"],
        &["deno", "--allow-net", "@/srv/absent.ts"],
        &["@/bin/python3", "--", "@/srv/absent.py"],
    ] {
        let message = host.fails(words, &["stdio MCP script", "absent", "was not found"]);
        assert!(!message.contains("hunter2"), "{message}");
    }
    host.fails(&["ruby", "@/srv/package"], &["srv/package\" is not readable"]);
    for words in [
        ["python3", "@/srv/server.py"].as_slice(),
        &["python3", "@/srv/package"],
        &["python3", "-m", "server"],
        &["python3", "-c", "import server"],
        &["python3", "--some-option", "value"],
        &["python3"],
        &["node", "@/srv/server"],
        &["node", "-e", "0"],
        &["ruby", "-S", "rails"],
        &["perl", "-e", "1"],
        &["php", "-S", "localhost:1"],
        &["deno", "run", "https://example.com/x.ts"],
        &["deno", "run", "--config", "x", "y"],
        &["deno", "task", "start"],
    ] {
        host.passes(words);
    }
}

#[test]
fn messages_are_bounded_and_on_one_line() {
    let host = Host::new();
    let long = format!("/a\n{}", "x".repeat(10_000));
    let message = host.fails(&[&long], &["\\n"]);
    assert!(message.len() < 1000 && !message.contains('\n'), "{message}");
}

#[test]
fn no_words_and_empty_words_are_errors_and_no_panic() {
    assert!(preflight::check(&[], None).is_err());
    assert!(preflight::check(&[String::new()], Some(OsStr::new(""))).is_err());
}

#[test]
fn a_program_on_which_another_process_holds_a_lease_is_not_waited_for() {
    const HOLDER: &str = "import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held', flush=True)
sys.stdin.read()
";
    let host = Host::new();
    let program = host.file("srv/good");
    let mut holder = Process::new("python3")
        .args(["-c", HOLDER])
        .arg(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    holder.stdout.take().unwrap().read_exact(&mut said).unwrap();
    let (done, outcome) = mpsc::channel();
    let checked = program.clone();
    let checker = thread::spawn(move || {
        let argv = [checked.display().to_string()];
        done.send(preflight::check(&argv, None).is_ok()).unwrap();
    });
    // The kernel ends the lease after `fs.lease-break-time`, 45 s, when nobody gives it up.
    let outcome = outcome.recv_timeout(Duration::from_secs(20));
    drop(holder.stdin.take());
    holder.wait().unwrap();
    checker.join().unwrap();
    // What cannot be read is taken for right.
    assert_eq!(outcome, Ok(true));
}
