//! Wrong certificates, made by openssl and shown by its server: `doctor` tells the true cause, and the commands that it prints make
//! a certificate that is accepted.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::support::openssl::{OpensslServer, make};
use crate::support::wait::BOUND;
use crate::support::{ClientBuilder, Doctor, Examined, McpServer, Scratch};

/// What makes `server.pem`, `server.key` and `bundle.pem`, by what name the server is called, and every part of the verdict.
struct Wrong {
    name: &'static str,
    script: &'static str,
    host: &'static str,
    gists: &'static [&'static str],
}

const fn wrong(name: &'static str, script: &'static str, gists: &'static [&'static str]) -> Wrong {
    Wrong {
        name,
        script,
        host: "localhost",
        gists,
    }
}

const NO_NAMES: &str = "bears no names";

/// Those whose remedy is a new certificate.
const WRONG: &[Wrong] = &[
    wrong(
        "a common name alone",
        r#"ca "$CA"; leaf 'basicConstraints=CA:FALSE\n'"#,
        &[NO_NAMES],
    ),
    wrong(
        "openssl req -x509 and nothing else",
        r#"openssl req -x509 $p256 -nodes -days 30 -subj /CN=localhost -keyout server.key -out server.pem; cp server.pem bundle.pem"#,
        &[NO_NAMES, "CA:TRUE"],
    ),
    wrong(
        "a mail address is no name of a host",
        r#"ca "$CA"; leaf 'subjectAltName=email:a@b.example\n'"#,
        &[NO_NAMES],
    ),
    wrong(
        "another name",
        r#"ca "$CA"; leaf 'subjectAltName=DNS:elsewhere.example\n'"#,
        &["for another name", "elsewhere.example"],
    ),
    Wrong {
        host: "127.0.0.1",
        ..wrong(
            "an address as a DNS name",
            r#"ca "$CA"; leaf 'subjectAltName=DNS:127.0.0.1\n'"#,
            &["as a DNS name", "IP:"],
        )
    },
    wrong(
        "an address where a name is called",
        r#"ca "$CA"; leaf 'subjectAltName=IP:127.0.0.1\n'"#,
        &["for another name", "127.0.0.1"],
    ),
    wrong(
        "an authority's",
        r#"ca "$CA"; leaf "$CA$NAMES""#,
        &["that of an authority (CA:TRUE)"],
    ),
    wrong(
        "for clients",
        r#"ca "$CA"; leaf "${NAMES}extendedKeyUsage=clientAuth\n""#,
        &["serverAuth"],
    ),
    wrong(
        "ends before it begins",
        r#"ca "$CA"; leaf "$NAMES" -days -1"#,
        &["ends before it begins"],
    ),
    wrong(
        "ECDSA with SHA-1",
        r#"ca "$CA"; hash=-sha1; leaf "$NAMES""#,
        &["ECDSA with SHA-1"],
    ),
    wrong(
        "RSA with SHA-1",
        r#"cakey="-newkey rsa:2048"; ca "$CA"; hash=-sha1; leaf "$NAMES""#,
        &["RSA with SHA-1"],
    ),
    wrong(
        "ECDSA with SHA-512",
        r#"ca "$CA"; hash=-sha512; leaf "$NAMES""#,
        &["ECDSA with SHA-512"],
    ),
    wrong(
        "a short key",
        r#"ca "$CA"; key="-newkey rsa:1024"; leaf "$NAMES""#,
        &["RSA with fewer than 2048 bits"],
    ),
    wrong(
        "an authority with a short key",
        r#"cakey="-newkey rsa:1024"; ca "$CA"; leaf "$NAMES""#,
        &["RSA with fewer than 2048 bits"],
    ),
    wrong(
        "an authority on a curve that is not taken",
        r#"cakey="-newkey ec -pkeyopt ec_paramgen_curve:P-521"; ca "$CA"; leaf "$NAMES""#,
        &["another curve than P-256 and P-384"],
    ),
    wrong(
        "an unknown critical extension",
        r#"ca "$CA"; leaf "${NAMES}1.2.3.4=critical,ASN1:NULL\n""#,
        &["critical extension", "1.2.3.4"],
    ),
    wrong(
        "version 1",
        r#"ca "$CA"; request server localhost "$p256"
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 30 -out server.pem"#,
        &["version 1"],
    ),
    wrong(
        "the authority is limited to other names",
        r#"ca "${CA}nameConstraints=permitted;DNS:other.example\n"; leaf "$NAMES""#,
        &["nameConstraints"],
    ),
    wrong(
        "the issuer may have no authority below it",
        r#"ca "$CA"; leaf "basicConstraints=critical,CA:TRUE,pathlen:0\n"; mv server.pem one.pem; mv server.key one.key
        request two two "$p256"; printf "$CA" | openssl x509 -req -in two.csr -CA one.pem -CAkey one.key -CAcreateserial -sha256 -days 9 -extfile /dev/stdin -out two.pem
        issuer=two; leaf "$NAMES"; cat two.pem one.pem >chain.pem"#,
        &["pathlen"],
    ),
    wrong(
        "the issuer is no authority",
        r#"ca "$CA"; leaf "basicConstraints=CA:FALSE\nsubjectAltName=DNS:between.example\n"; mv server.pem one.pem; mv server.key one.key
        issuer=one; leaf "$NAMES"; mv one.pem chain.pem"#,
        &["no authority"],
    ),
    wrong(
        "another authority of the same name",
        r#"ca "$CA"; mv bundle.pem first.pem; ca "$CA"; leaf "$NAMES"; mv first.pem bundle.pem"#,
        &["does not fit"],
    ),
    wrong(
        "self-signed, not trusted, and of no use if it were",
        r#"ca "$CA"; mv bundle.pem other.pem; name=localhost ca 'basicConstraints=CA:FALSE\n'; mv ca.pem server.pem; mv ca.key server.key; mv other.pem bundle.pem"#,
        &["self-signed", NO_NAMES],
    ),
];

/// Those whose remedy is another one.
const OTHER: &[Wrong] = &[
    wrong(
        "an intermediate that is not sent",
        r#"ca "$CA"; leaf "$CA"; mv server.pem one.pem; mv server.key one.key; issuer=one; leaf "$NAMES""#,
        &["an issuer that is not trusted", "send its intermediate certificates"],
    ),
    wrong(
        "self-signed and not in the bundle",
        r#"ca "$CA"; mv bundle.pem other.pem; name=localhost; ca "basicConstraints=CA:FALSE\n$NAMES"; mv ca.pem server.pem; mv ca.key server.key; mv other.pem bundle.pem"#,
        &[
            "self-signed, and not trusted itself",
            "put that certificate itself",
            "-fingerprint",
        ],
    ),
    wrong(
        "a key of a kind that is not taken, P-521",
        r#"ca "$CA"; key="-newkey ec -pkeyopt ec_paramgen_curve:P-521"; leaf "$NAMES""#,
        &["P-521"],
    ),
    wrong(
        "a key of a kind that is not taken, Ed448",
        r#"ca "$CA"; key="-newkey ed448"; leaf "$NAMES""#,
        &["Ed448"],
    ),
];

#[test]
fn every_verdict_is_told_in_true_words_and_its_commands_make_a_certificate_that_is_accepted() {
    all(WRONG, |wrong, directory, told| {
        let commands = commands(told, "control_plane_tls");
        remade(directory.path(), &commands);
        let told = examined(directory.path(), wrong.host);
        assert_eq!(
            told.status("control_plane_tls"),
            "PASS",
            "{}: {commands:?} {:#}",
            wrong.name,
            told.report
        );
    });
}

#[test]
fn a_verdict_with_another_remedy_names_it() {
    all(OTHER, |wrong, _, told| {
        let commands = commands(told, "control_plane_tls");
        assert!(commands.is_empty(), "{}: {commands:?}", wrong.name);
    });
}

/// Who reads of one fault only mends that, and meets the next.
#[test]
fn the_daemon_names_every_fault_of_a_certificate_in_its_log_and_readiness() {
    for (script, others) in [
        (
            r#"openssl req -x509 $p256 -nodes -days 30 -subj /CN=localhost -keyout server.key -out server.pem; cp server.pem bundle.pem"#,
            "that of an authority (CA:TRUE)",
        ),
        (
            r#"ca "$CA"; leaf 'extendedKeyUsage=clientAuth\n'"#,
            "not for TLS servers (extended key usage serverAuth)",
        ),
        (
            r#"ca "$CA"; hash=-sha1; leaf 'basicConstraints=CA:FALSE\n'"#,
            "signed with ECDSA with SHA-1, which is not accepted",
        ),
    ] {
        let directory = Scratch::new();
        make(directory.path(), script);
        let (server, mcp) = (OpensslServer::start(directory.path()), McpServer::echo());
        let client = ClientBuilder::for_url(&format!("https://localhost:{}", server.port))
            .server(mcp.url())
            .env("CA_BUNDLE", directory.file("bundle.pem").display().to_string())
            .start();
        let expected = format!(
            "TLS: the certificate cannot be a server's: it bears no names (subjectAltName is missing; a common name alone does not \
             count); it is {others}"
        );
        client.await_readiness(BOUND, &expected, |status, body| {
            status == 503 && body.contains(&expected)
        });
        client.await_log(&expected);
    }
}

/// Half of the way that the older advice led to.
#[test]
fn a_bundle_of_a_certificate_without_names_is_refused_with_commands_that_help() {
    let directory = Scratch::new();
    make(
        directory.path(),
        "name=localhost; ca 'basicConstraints=CA:FALSE\\n'; mv ca.pem server.pem; mv ca.key server.key",
    );
    let told = examined(directory.path(), "localhost");
    let said = told.said("ca_bundle");
    assert_eq!(told.status("ca_bundle"), "FAIL", "{said}");
    assert!(said.contains(NO_NAMES) && said.contains("CA:TRUE is missing"), "{said}");
    let commands: Vec<String> = commands(&told, "ca_bundle");
    let commands: Vec<String> = commands
        .iter()
        .map(|command| command.replace("HOST", "localhost"))
        .collect();
    remade(directory.path(), &commands);
    let told = examined(directory.path(), "localhost");
    assert_eq!(told.status("control_plane_tls"), "PASS", "{:#}", told.report);
}

/// Our own certificate: for the wrong purpose, ended before it begins; the commands make one that is shown.
#[test]
fn a_client_certificate_that_servers_refuse_is_told_with_commands_that_make_another() {
    for (script, gist) in [
        (
            r"extendedKeyUsage=serverAuth\n",
            "is not for clients (extended key usage)",
        ),
        (
            r"extendedKeyUsage=codeSigning\n",
            "is not for clients (extended key usage)",
        ),
    ] {
        let directory = Scratch::new();
        make(
            directory.path(),
            &format!(
                "ca \"$CA\"; leaf '{script}'; mv server.pem client.pem; mv server.key client.key; leaf \"$NAMES\""
            ),
        );
        let server = OpensslServer::start(directory.path());
        let examined = || {
            let file = |name: &str| directory.file(name).display().to_string();
            Doctor::new()
                .env("CONTROL_PLANE_BASE_URL", format!("https://localhost:{}", server.port))
                .env("MCP_COMMAND", "cat")
                .env("CA_BUNDLE", file("bundle.pem"))
                .env("CONTROL_PLANE_CLIENT_CERT", file("client.pem"))
                .env("CONTROL_PLANE_CLIENT_KEY", file("client.key"))
                .examine()
        };
        let told = examined();
        assert_eq!(told.status("client_certificate"), "FAIL", "{:#}", told.report);
        assert!(told.summary("client_certificate").contains(gist), "{:#}", told.report);
        for command in commands(&told, "client_certificate") {
            make(directory.path(), &command);
        }
        let told = examined();
        assert_eq!(told.status("client_certificate"), "PASS", "{:#}", told.report);
    }
}

/// Makes each, examines it, and hands over what was told.
#[track_caller]
fn all(cases: &'static [Wrong], check: fn(&Wrong, &Scratch, &Examined)) {
    let waiting = Mutex::new(cases.iter());
    let failed = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(wrong) = next() {
                    if std::panic::catch_unwind(|| tried(wrong, check)).is_err() {
                        failed.lock().unwrap().push(wrong.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn tried(wrong: &Wrong, check: fn(&Wrong, &Scratch, &Examined)) {
    let directory = Scratch::new();
    make(directory.path(), wrong.script);
    let told = examined(directory.path(), wrong.host);
    let said = told.said("control_plane_tls");
    assert_eq!(
        told.status("control_plane_tls"),
        "FAIL",
        "{}: {:#}",
        wrong.name,
        told.report
    );
    for gist in wrong.gists {
        assert!(said.contains(gist), "{}: no {gist} in {said}", wrong.name);
    }
    check(wrong, &directory, &told);
}

fn examined(directory: &Path, host: &str) -> Examined {
    let server = OpensslServer::start(directory);
    Doctor::new()
        .env("CONTROL_PLANE_BASE_URL", format!("https://{host}:{}", server.port))
        .env("MCP_COMMAND", "cat")
        .env("CA_BUNDLE", directory.join("bundle.pem").display().to_string())
        .examine()
}

/// The steps that are commands which make something.
fn commands(told: &Examined, id: &str) -> Vec<String> {
    let steps = told.check(id)["next"].as_array().cloned().unwrap_or_default();
    let steps = steps.iter().map(|step| step.as_str().unwrap().to_owned());
    steps
        .filter(|step| step.starts_with("openssl req") || step.starts_with("printf "))
        .collect()
}

/// Does what is advised: the commands, then the bundle.
fn remade(directory: &Path, commands: &[String]) {
    assert!(!commands.is_empty(), "no command");
    for file in ["server.pem", "server.key", "chain.pem", "bundle.pem", "ca.pem"] {
        let _ = std::fs::remove_file(directory.join(file));
    }
    for command in commands {
        make(directory, command);
    }
    make(
        directory,
        "if [ -e ca.pem ]; then cp ca.pem bundle.pem; else cp server.pem bundle.pem; fi",
    );
}
