//! Remains of messages of stdio servers, and of an RSA client key, in the memory of the running client.

use std::time::Duration;

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::support::child::start;
use crate::support::memory::Memory;
use crate::support::rotating::Site;
use crate::support::wait::within;
use crate::support::{Client, Command, ControlPlane, McpServer, eventually, needs};

/// Time between the delivery of an answer and the end of its task.
const GONE_WITHIN: Duration = Duration::from_secs(45);

/// Text in every message. Longer than a register, because the linker of a debug build keeps all registers on the stack for a while.
const LONG: &str = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF0123456789abcdef";

/// `name` and the long text.
fn marker(name: &str) -> String {
    format!("{name}-{LONG}")
}

/// Waits until the client's memory contains none of these.
#[track_caller]
fn await_gone(client: &Client, names: &[&str]) {
    let memory = Memory::of(client.pid());
    for name in names {
        memory.await_none(GONE_WITHIN, marker(name).as_bytes());
    }
}

/// Eight calls at once with these parameters, all answered.
fn call_all(control: &ControlPlane, name: &str, params: &str) {
    let ids: Vec<_> = (0..8).map(|number| format!("{name}-{number}")).collect();
    control.push_all(ids.iter().map(|id| Command::call(id, "tools/call", params)));
    for id in &ids {
        assert_eq!(control.terminal(id).resp_code, 200);
    }
}

#[test]
fn requests_and_answers_of_a_stdio_server_are_gone_when_they_were_delivered() {
    if !needs::root() {
        return;
    }
    let script = r#"
def on(message):
    text = message["params"]["text"]
    send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": text.replace("asked-", "told-")}})
    answer(message, {"text": text.replace("asked-", "answered-")})
"#;
    let (control, _server, client) = start(script);
    client.await_ready();
    // Several sizes: some share a page, a buffer or a write with others, some do not.
    for size in [8, 2000, 40_000, 300_000] {
        let filling = "f".repeat(size);
        let text = marker("asked");
        let params = format!(r#"{{"text":"{text} {filling} {text}"}}"#);
        call_all(&control, &format!("m{size}"), &params);
        await_gone(&client, &["asked", "told", "answered"]);
    }
}

#[test]
fn output_that_goes_to_nobody_is_gone_too() {
    if !needs::root() {
        return;
    }
    let script = r#"
def on(message):
    raw("a log line with noise-LONG\n")
    raw('{"pretty-LONG":\n[1,\n2]\n}\n')
    send({"jsonrpc": "2.0", "id": "nobody", "result": {"text": "nobody-LONG"}})
    send([{"jsonrpc": "2.0", "id": message["id"], "result": {"text": "batch-LONG"}}])
"#;
    let (control, _server, client) = start(&script.replace("LONG", LONG));
    client.await_ready();
    // An answer with an unknown id ends the only open call; so there are two.
    control.push_all([Command::call("r1", "a", "{}"), Command::call("r2", "b", "{}")]);
    control.terminal("r1");
    control.terminal("r2");
    await_gone(&client, &["noise", "pretty", "nobody", "batch"]);
}

#[test]
fn the_body_of_a_cancelled_call_and_its_late_answer_are_gone() {
    if !needs::root() {
        return;
    }
    let script = r#"
def on(message):
    if message.get("method") == "tools/call":
        wait_for("late")
        answer(message, {"text": "late-LONG"})
"#;
    let (control, server, client) = start(&script.replace("LONG", LONG));
    client.await_ready();
    let params = format!(r#"{{"text":"{}"}}"#, marker("asked"));
    let own = |command: Command| command.header("Mcp-Session-Id", "a-session");
    control.introduce_as(own);
    control.push(own(Command::call_with_id("r1", "7", "tools/call", &params)));
    server.await_method("tools/call", 1);
    let params = format!(r#"{{"requestId":7,"reason":"{}"}}"#, marker("cancelled"));
    control.push(own(Command::notification("r2", "notifications/cancelled", &params)));
    control.terminal("r1");
    control.terminal("r2");
    server.open("late");
    server.await_method("notifications/cancelled", 1);
    await_gone(&client, &["asked", "cancelled", "late"]);
}

/// The numbers of a PKCS#1 key (RFC 8017, appendix A.1.2), most significant byte first: n, e, d, p, q, dP, dQ, qInv.
fn numbers(der: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &der[header(der).0..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (start, length) = header(rest);
        let number = &rest[start..start + length];
        found.push(number.iter().copied().skip_while(|byte| *byte == 0).collect());
        rest = &rest[start + length..];
    }
    found.split_off(1)
}

/// Bytes of tag and length, and the length.
fn header(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let length = der[2..2 + count]
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (2 + count, length)
        }
    }
}

#[test]
fn an_rsa_client_key_is_in_memory_once_however_many_settings_name_it_and_sign_with_it() {
    if !needs::root() {
        return;
    }
    let data = |name: &str| {
        let path = format!("{}/tests/data/identity/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let (site, mcp) = (Site::new(), McpServer::echo());
    site.write("client.pem", &data("rsa.crt"));
    site.write("client.key", &data("rsa.key"));
    let entry = format!(
        "channel=main,url={},client-cert={},client-key={}",
        mcp.url().replacen("http:", "https:", 1),
        site.path("client.pem"),
        site.path("client.key")
    );
    let client = site.builder(&mcp).arg("--mcp.server-url").arg(&entry).start();
    // The authorities of this site did not sign the certificate; each attempt signs with the key all the same.
    eventually("several handshakes", || {
        (site.control.server().connections() >= 3).then_some(())
    });
    let der = PrivateKeyDer::from_pem_slice(data("rsa.key").as_bytes()).unwrap();
    let numbers = numbers(der.secret_der());
    let memory = Memory::of(client.pid());
    // n is public; the rest is the key.
    for (name, number) in ["d", "p", "q", "dP", "dQ", "qInv"].into_iter().zip(&numbers[2..]) {
        assert!(number.len() > 100);
        let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
        // As the cryptography may keep it: words of 8 bytes, the least significant first or last, each as the machine has it.
        let words: Vec<u8> = number.rchunks(8).rev().flat_map(reversed).collect();
        let kept = within(GONE_WITHIN, "no second copy", || {
            let found = [reversed(number), words.clone()]
                .map(|bytes| memory.find(&bytes))
                .concat();
            Some(found).filter(|found| found.len() <= 1)
        });
        assert!(!matches!(name, "p" | "q") || !kept.is_empty(), "{name} signs");
        let found = memory.find(number);
        assert!(found.is_empty(), "{name} as in the file: {found:#?}");
    }
}
