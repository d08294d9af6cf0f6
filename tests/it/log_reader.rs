//! A reader of the log that stops reading: the tunnel goes on, and the loss is told.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::support;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, within};

/// Some hundred KiB of lines, on a slow machine.
const LONG: Duration = Duration::from_secs(300);

/// Calls between two looks at the number of lost lines.
const CALLS: usize = 50;

/// Opens a named pipe so that neither end waits for the other. Nobody reads from it until somebody reads from this file.
fn held(pipe: &Path) -> File {
    File::options().read(true).write(true).open(pipe).unwrap()
}

/// Serves calls until lines are lost. Each call of a channel that nobody has is one line.
fn serve_until_lines_are_lost(control: &ControlPlane, client: &Client) {
    let mut round = 0;
    within(LONG, "log lines that are lost", || {
        round += 1;
        let lines = (0..CALLS).map(|call| Command::call(&format!("l{round}-{call}"), "ping", "{}").channel("nobody"));
        control.push_all(lines);
        control.push(Command::call(&format!("r{round}"), "tools/list", "{}"));
        assert_eq!(control.terminal(&format!("r{round}")).resp_code, 200);
        control.terminal(&format!("l{round}-{}", CALLS - 1));
        control.forget_posts();
        client.metric("log_lines_lost_total").filter(|lost| *lost > 0.0)
    });
}

#[test]
fn a_reader_that_stops_reading_does_not_stop_the_tunnel_and_hears_of_the_loss() {
    for streams in [">pipe", ">pipe 2>&1"] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let builder = ClientBuilder::new(&control).server(mcp.url());
        let pipe = builder.directory().pipe("pipe");
        let mut reader = held(&pipe);
        let mut client = builder.start_by(&format!("exec \"$0\" \"$@\" {streams}"));
        serve_until_lines_are_lost(&control, &client);
        assert!(client.running());
        client.await_ready();
        // No line has to come for it: the reader alone does.
        let mut all = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while !String::from_utf8_lossy(&all).contains("log lines were lost") {
            let read = reader.read(&mut buffer).unwrap();
            all.extend_from_slice(&buffer[..read]);
        }
        let text = String::from_utf8(all).unwrap();
        let whole = text.lines().filter(|line| line.ends_with('}'));
        for line in whole {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            if line["msg"] == "log lines were lost" {
                assert!(line["lost"].as_u64().unwrap() > 0, "{line}");
            }
        }
        client.terminate();
        assert!(
            client.wait_exit(support::wait::BOUND).success(),
            "the end waits for no reader"
        );
    }
}

/// The write end is shared with other processes, who would be surprised by writes that fail.
#[test]
fn the_pipe_of_the_log_stays_as_it_is_for_other_processes() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let pipe = builder.directory().pipe("pipe");
    let mut shared = held(&pipe);
    let client = builder.start_by("exec \"$0\" \"$@\" >pipe");
    client.await_ready();
    let flags = rustix::fs::fcntl_getfl(&shared).unwrap();
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "{flags:?}");
    shared.write_all(b"x\n").unwrap();
}
