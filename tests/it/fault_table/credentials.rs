//! Files of keys that are spoilt and put right again. The key before goes on.

use std::os::unix::fs::PermissionsExt as _;

use super::{Fault, nothing};
use crate::support::McpServer;
use crate::support::rotating::{REFUSED, Site};

const KEY: &str = "sk-first-key-0123456789";

#[track_caller]
fn spoilt(name: &str, spoil: impl FnOnce(&Site)) {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    spoil(&site);
    let mut fault = Fault::begins(&client, name, "credentials");
    fault.shows("reload_rejected", "", nothing);
    client.await_log(REFUSED);
    site.write("key", KEY);
    fault.ends(nothing);
    assert!(client.ready().0 == 200);
}

#[test]
fn a_key_file_that_is_emptied_shows_and_the_key_before_goes_on() {
    spoilt("key file emptied", |site| site.write("key", ""));
}

/// Root's client has given up the capability to read what it may not, by the time that it reads again.
#[test]
fn a_key_file_that_cannot_be_read_shows_and_the_key_before_goes_on() {
    spoilt("key file unreadable", |site| {
        let unreadable = site.files.write("key.new", "sk-second-key-0123456789");
        std::fs::set_permissions(&unreadable, std::fs::Permissions::from_mode(0o000)).unwrap();
        std::fs::rename(unreadable, site.files.file("key")).unwrap();
    });
}
