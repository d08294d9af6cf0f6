//! SIGHUP after the configuration file was changed: the level of the log is taken, and every other setting that differs is named.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::client::API_KEY;
use crate::support::control::TUNNEL;
use crate::support::{Client, ClientBuilder, ControlPlane, McpServer, Scratch, eventually};

const NEED_RESTART: &str = "settings were changed in the configuration file and need a restart";
const NOT_READ: &str = "configuration file was replaced and cannot be read; settings stay as they are";
const MISTAKES: &str = "configuration file has mistakes; settings stay as they are";

struct Site {
    _control: ControlPlane,
    _mcp: McpServer,
    settings: PathBuf,
    text: String,
    _files: Scratch,
    client: Client,
}

/// A client whose configuration file lies in a directory of its own; `key` is beside it or elsewhere.
fn site(is_key_beside: bool) -> Site {
    let (control, mcp, files) = (ControlPlane::http(), McpServer::echo(), Scratch::new());
    let builder = ClientBuilder::new(&control);
    let key = match is_key_beside {
        true => files.write("key", API_KEY),
        false => builder.directory().write("key", API_KEY),
    };
    let text = format!(
        "config_version: 1\ncontrol_plane:\n  tunnel_id: {TUNNEL}\n  api_key: file:{}\n  max_inflight_requests: 7\nlog:\n  level: info\nmcp:\n  server_urls:\n    - {{channel: main, url: '{}'}}\n",
        key.display(),
        mcp.url()
    );
    let settings = files.write("settings.yaml", &text);
    let client = builder
        .arg("--config")
        .arg(&settings.display().to_string())
        .no_env("CONTROL_PLANE_API_KEY")
        .no_env("CONTROL_PLANE_TUNNEL_ID")
        .no_env("LOG_LEVEL")
        .start();
    client.await_ready();
    Site {
        _control: control,
        _mcp: mcp,
        settings,
        text,
        _files: files,
        client,
    }
}

impl Site {
    /// SIGHUP; returns once it was worked off.
    #[track_caller]
    fn hang_up(&self) {
        let before = self.client.log_with("keys and certificates were read again").len();
        self.client.signal(Signal::HUP);
        eventually("the end of the reload", || {
            (self.client.log_with("keys and certificates were read again").len() > before).then_some(())
        });
    }

    #[track_caller]
    fn await_settings(&self, count: usize) -> Value {
        let line = eventually("a line with the settings", || {
            self.client.log_with(NEED_RESTART).into_iter().nth(count)
        });
        let line: Value = serde_json::from_str(&line).unwrap();
        line["settings"].clone()
    }
}

/// Writes where the file stands, as many editors do.
fn edit(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}

/// Writes a new file and renames it over the old one, as the others do.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[test]
fn the_level_of_the_log_is_taken_and_settings_that_need_a_restart_are_named_in_one_line() {
    let site = site(false);
    site.hang_up();
    let changed = site
        .text
        .replace("max_inflight_requests: 7", "max_inflight_requests: 8");
    let changed = changed.replace("mcp:\n", "mcp:\n  max_concurrent_requests: 3\n");
    edit(&site.settings, &changed.replace("level: info", "level: debug"));
    site.hang_up();
    assert_eq!(
        site.await_settings(0),
        "control_plane.max_inflight_requests, mcp.max_concurrent_requests"
    );
    assert!(
        site.client
            .await_log("runtime log level updated")
            .contains(r#""new_level":"debug""#)
    );
    // As it was at the start: nothing is left to say.
    edit(&site.settings, &site.text);
    site.hang_up();
    eventually("the level of before", || {
        let lines = site.client.log_with("runtime log level updated");
        lines.last()?.contains(r#""new_level":"info""#).then_some(())
    });
    site.hang_up();
    assert_eq!(site.client.log_with(NEED_RESTART).len(), 1);
    assert_eq!(
        site.client.log_with(MISTAKES).len() + site.client.log_with(NOT_READ).len(),
        0
    );
}

#[test]
fn a_file_that_takes_the_place_of_the_configuration_is_read_among_files_that_rotate() {
    let site = site(true);
    replace(
        &site.settings,
        &site
            .text
            .replace("max_inflight_requests: 7", "max_inflight_requests: 8"),
    );
    site.hang_up();
    assert_eq!(site.await_settings(0), "control_plane.max_inflight_requests");
}

/// The cage opens no other directory for it.
#[test]
fn a_file_that_takes_the_place_of_the_configuration_elsewhere_is_said_not_to_be_read() {
    let site = site(false);
    replace(&site.settings, &site.text.replace("level: info", "level: debug"));
    site.hang_up();
    assert!(site.client.await_log(NOT_READ).contains("restart to apply it"));
    assert!(site.client.log_with("runtime log level updated").is_empty());
}

#[test]
fn a_configuration_that_would_not_start_is_said_to_have_mistakes_and_shows_no_value() {
    let site = site(false);
    edit(
        &site.settings,
        &site.text.replace(
            "max_inflight_requests:",
            "max_inflite_requests: s3cret-value\n  max_inflight_requests:",
        ),
    );
    site.hang_up();
    let line = site.client.await_log(MISTAKES);
    assert!(
        line.contains("max_inflite_requests") && !line.contains("s3cret-value"),
        "{line}"
    );
    assert_eq!(site.client.ready().0, 200);
}

#[test]
fn a_setting_that_a_variable_sets_is_not_taken_from_the_file_and_not_named() {
    let site = site(false);
    edit(
        &site.settings,
        &site.text.replace("log:", "health: {show_details: true}\nlog:"),
    );
    site.hang_up();
    assert_eq!(site.await_settings(0), "health.show_details");
    // A variable of this client.
    edit(
        &site.settings,
        &site.text.replace("level: info", "level: info\n  format: struct-text"),
    );
    site.hang_up();
    assert_eq!(site.client.log_with(NEED_RESTART).len(), 1);
}
