//! Certificates and servers of the real `openssl`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What makes certificates in `sh`: `ca EXTENSIONS` and `leaf EXTENSIONS [ARGUMENT..]`, in the current directory.
const PRELUDE: &str = r#"set -eu
p256="-newkey ec -pkeyopt ec_paramgen_curve:P-256"
request() { openssl req $3 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"; }
ca() { request ca "${name:-authority}" "${cakey:-$p256}"
  printf "$1" | openssl x509 -req -in ca.csr -signkey ca.key ${cahash:--sha256} -days 30 -extfile /dev/stdin -out ca.pem
  cp ca.pem bundle.pem; }
leaf() { extensions=$1; shift; request server localhost "${key:-$p256}"
  printf "$extensions" | openssl x509 -req -in server.csr -CA "${issuer:-ca}.pem" -CAkey "${issuer:-ca}.key" -CAcreateserial \
    ${hash:--sha256} -days 30 -extfile /dev/stdin -out server.pem "$@"; }
CA='basicConstraints=critical,CA:TRUE\n'
NAMES='subjectAltName=DNS:localhost,IP:127.0.0.1\n'
"#;

/// Runs a script in a directory; what it says is shown when it fails.
#[track_caller]
pub fn make(directory: &Path, script: &str) {
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{PRELUDE}{script}"))
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

/// `openssl s_server` on a port of its own; ends with its owner.
pub struct OpensslServer {
    child: Child,
    pub port: u16,
}

impl OpensslServer {
    /// Shows `server.pem` of the directory, and `chain.pem` where there is one.
    #[track_caller]
    pub fn start(directory: &Path) -> Self {
        let mut command = Command::new("openssl");
        command.args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-cipher",
            "ALL:@SECLEVEL=0",
        ]);
        command.args(["-cert", "server.pem", "-key", "server.key"]);
        if directory.join("chain.pem").exists() {
            command.args(["-cert_chain", "chain.pem"]);
        }
        let mut child = command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let address = line.ok()?.strip_prefix("ACCEPT ")?.to_owned();
            address.rsplit_once(':')?.1.parse().ok()
        });
        // The rest must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            port: port.expect("openssl s_server says where it listens"),
            child,
        }
    }
}

impl Drop for OpensslServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
