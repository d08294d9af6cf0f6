//! Commands that make right certificates, for the advice about wrong ones.
//!
//! `openssl req -x509 -addext` would be shorter, but repeats what the system's openssl.cnf adds (CA:TRUE on most) with
//! OpenSSL 1.1.1; `x509 -req -extfile` reads no other file and is the same in 1.1.1 and 3.

use std::net::IpAddr;

use super::report::shell_word;

/// Longest common name (RFC 5280, appendix A.1, `ub-common-name`).
const COMMON_NAME_MAX: usize = 64;

/// How a certificate gets its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    Itself,
    ByAuthority,
}

/// Makes a certificate for a server, signed by itself: to stand in the bundle.
pub(super) fn of_server(host: &str) -> [String; 2] {
    server(host, Signed::Itself)
}

/// Makes an authority, and a certificate for a server that is signed by it.
pub(super) fn of_authority_and_server(host: &str) -> [String; 4] {
    let [request, sign] = server(host, Signed::ByAuthority);
    [
        "openssl req -newkey rsa:2048 -nodes -subj '/CN=private authority' -keyout ca.key -out ca.csr".to_owned(),
        "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign,cRLSign\\n' | \
         openssl x509 -req -in ca.csr -signkey ca.key -sha256 -days 3650 -extfile /dev/stdin -out ca.pem"
            .to_owned(),
        request,
        sign,
    ]
}

/// Makes a client certificate with an authority.
pub(super) fn of_client() -> [String; 2] {
    [
        "openssl req -newkey rsa:2048 -nodes -subj /CN=tunnel-client -keyout client.key -out client.csr".to_owned(),
        signing("client", "extendedKeyUsage=clientAuth", Signed::ByAuthority),
    ]
}

fn server(host: &str, signed: Signed) -> [String; 2] {
    let name = match host.len() <= COMMON_NAME_MAX && !host.contains('/') {
        true => host,
        false => "server",
    };
    let names = match host.parse::<IpAddr>() {
        Ok(address) => format!("subjectAltName=IP:{address}"),
        Err(_) => format!("subjectAltName=DNS:{host}"),
    };
    [
        format!(
            "openssl req -newkey rsa:2048 -nodes -subj {} -keyout server.key -out server.csr",
            shell_word(&format!("/CN={name}"))
        ),
        signing("server", &format!("{names}\\nextendedKeyUsage=serverAuth"), signed),
    ]
}

fn signing(what: &str, extensions: &str, signed: Signed) -> String {
    let signer = match signed {
        Signed::Itself => format!("-signkey {what}.key"),
        Signed::ByAuthority => "-CA ca.pem -CAkey ca.key -CAcreateserial".to_owned(),
    };
    let lines = shell_word(&format!("basicConstraints=critical,CA:FALSE\\n{extensions}\\n")).into_owned();
    format!(
        "printf {lines} | openssl x509 -req -in {what}.csr {signer} -sha256 -days 365 -extfile /dev/stdin -out {what}.pem"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DOCTOR_TEXT_MAX;

    #[test]
    fn a_command_for_the_longest_name_is_not_cut() {
        let label = "a".repeat(63);
        let host = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(host.len(), 253);
        for command in of_authority_and_server(&host).iter().chain(&of_server(&host)) {
            assert!(command.len() < DOCTOR_TEXT_MAX, "{command}");
        }
    }

    #[test]
    fn an_address_is_no_dns_name() {
        for (host, written) in [
            ("192.0.2.1", "IP:192.0.2.1"),
            ("2001:db8::1", "IP:2001:db8::1"),
            ("h.example", "DNS:h.example"),
        ] {
            let [_, sign] = of_server(host);
            assert!(sign.contains(&format!("subjectAltName={written}\\n")), "{sign}");
        }
    }
}
