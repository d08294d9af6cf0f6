//! What a name server answers, or that it does not, is told apart: who has to mend it is another one each time.

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::thread;

use crate::support;
use crate::support::client::{API_KEY, binary};
use crate::support::mounted::can_unshare;
use crate::support::{Scratch, needs};

/// What the server does with a question.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// This code, and no address (RFC 1035, section 4.1.1).
    Code(u8),
    Silent,
}

/// A name server of its own for each question: nobody else asks these addresses.
fn serve(socket: UdpSocket, manner: Manner) {
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let (Manner::Code(code), Some(question)) = (manner, buffer.get_mut(..length)) else {
                continue;
            };
            if let [_, _, flags, more, ..] = question {
                *flags |= 0x80;
                *more = 0x80 | code;
            }
            let _ = socket.send_to(question, from);
        }
    });
}

/// The report with this resolv.conf, in a mount namespace.
#[track_caller]
fn examined(resolv_conf: &str) -> String {
    let files = Scratch::new();
    let (own, hosts) = (
        files.write("resolv.conf", resolv_conf),
        files.write("nsswitch.conf", "hosts: files dns\n"),
    );
    let mount = "mount --bind \"$1\" /etc/resolv.conf && { [ ! -e /etc/nsswitch.conf ] || mount --bind \"$2\" /etc/nsswitch.conf; } && \
                 exec \"$3\" doctor --json";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &format!("{mount} || exit 77"), "sh"])
        .args([&own, &hosts])
        .arg(binary())
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("HOME", files.path())
        .env("CONTROL_PLANE_TUNNEL_ID", support::control::TUNNEL)
        .env("CONTROL_PLANE_API_KEY", API_KEY)
        .env("CONTROL_PLANE_BASE_URL", "https://control.example.test")
        .env("MCP_COMMAND", "cat")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.stdout.is_empty(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn each_way_in_which_a_name_has_no_address_is_told_apart() {
    if !needs::root() || !can_unshare(&["--mount", "true"]) {
        return;
    }
    for (address, manner, gist, advised) in [
        (
            "127.0.0.91",
            Manner::Code(3),
            "there is no such name (NXDOMAIN)",
            "check the spelling",
        ),
        (
            "127.0.0.92",
            Manner::Code(2),
            "answered with an error",
            "ask who runs the name servers",
        ),
        (
            "127.0.0.93",
            Manner::Code(5),
            "answered with an error",
            "ask who runs the name servers",
        ),
        (
            "127.0.0.94",
            Manner::Silent,
            "did not answer",
            "check that they are reachable",
        ),
    ] {
        let socket = UdpSocket::bind((address, 53));
        if !needs::met("port-53", socket.is_ok()) {
            return;
        }
        serve(socket.unwrap(), manner);
        let said = examined(&format!("nameserver {address}\noptions timeout:1 attempts:1\n"));
        assert!(said.contains(gist) && said.contains(advised), "{manner:?}: {said}");
    }
    let said = examined("search example.test\n");
    assert!(said.contains("no name server is set"), "{said}");
}
