//! Files of the client as the documentation and people arrange them: a stdio server of a running client reaches none of them.

use crate::support::layout::{Layout, Placed, User};
use crate::support::needs;

/// Texts with examples of configurations.
const TEXTS: [(&str, &str); 5] = [
    ("README.md", include_str!("../../README.md")),
    ("docs/configuration.md", include_str!("../../docs/configuration.md")),
    (
        "docs/locked-down-sites.md",
        include_str!("../../docs/locked-down-sites.md"),
    ),
    ("docs/sandbox.md", include_str!("../../docs/sandbox.md")),
    (
        "packaging/tunnel-client.yaml",
        include_str!("../../packaging/tunnel-client.yaml"),
    ),
];

/// Directories in which files of services are kept, and the one that everybody can write.
const TOPS: [&str; 5] = ["/etc", "/opt", "/var/lib", "/home", "/tmp"];

fn examples() -> Vec<Layout> {
    let found: Vec<_> = TEXTS
        .iter()
        // Where the service manager reads what it hands over.
        .map(|(name, text)| {
            (
                name,
                text.replace("credential:secret_", "file:/etc/tunnel-client/secrets/"),
            )
        })
        .flat_map(|(name, text)| Layout::of_examples(name, &text))
        .collect();
    assert!(found.len() >= 4, "{found:#?}");
    found
}

fn arrangements() -> Vec<Layout> {
    let profile = ".config/tunnel-client/x.yaml";
    vec![
        Layout::new("all files in one directory", "c.yaml", "key"),
        Layout::new("the key below the configuration", "c.yaml", "secrets/key"),
        Layout::new("the key far below the configuration", "c.yaml", "a/b/c/key"),
        Layout::new("the configuration below the key", "conf/c.yaml", "key"),
        Layout::new("siblings", "conf/c.yaml", "keys/key"),
        Layout::new("a link to the release in use", "current/c.yaml", "current/secrets/key")
            .link("current", "releases/5"),
        Layout::new("a chain of links", "first/c.yaml", "first/key")
            .link("second", "files")
            .link("first", "second"),
        Layout::new("a link in the middle", "a/b/link/c/c.yaml", "keys/key").link("a/b/link", "../../files"),
        Layout::new("a link that is absolute", "files/c.yaml", "link/key").link("link", "../tunnel-client/keys"),
        Layout::new(
            "the own directory in a home",
            ".tunnel-client/x.yaml",
            ".tunnel-client/key",
        )
        .profile("x"),
        Layout::new(
            "the own directory in a home, which is a link",
            ".tunnel-client/x.yaml",
            "keys/key",
        )
        .link(".tunnel-client", "dotfiles/tc")
        .profile("x"),
        Layout::new("a profile in a home", profile, ".config/tunnel-client/key").profile("x"),
        Layout::new("a profile and a key elsewhere", profile, "keys/tunnel").profile("x"),
        Layout::new(
            "a profile in a linked directory",
            profile,
            ".config/tunnel-client/keys/key",
        )
        .link(".config/tunnel-client", "../dotfiles/tc")
        .profile("x"),
        Layout::new("a home whose settings are a link", profile, ".config/tunnel-client/key")
            .link(".config", "dotfiles/config")
            .profile("x"),
    ]
}

/// Every layout for a user in one place, and some in every place.
#[track_caller]
fn everywhere(user: User) {
    if !needs::root() {
        return;
    }
    let (examples, arrangements) = (examples(), arrangements());
    for layout in examples.iter().chain(&arrangements) {
        Placed::new(layout, "/opt", user).holds();
    }
    let linked = arrangements.iter().filter(|layout| !layout.links.is_empty()).take(1);
    for layout in examples.iter().take(2).chain(linked) {
        for top in TOPS {
            Placed::new(layout, top, user).holds();
        }
    }
}

#[test]
fn a_server_gets_at_no_file_of_the_client_as_root() {
    everywhere(User::Root);
}

#[test]
fn a_server_gets_at_no_file_of_a_client_that_became_another_user() {
    everywhere(User::RootThenNobody);
}

#[test]
fn a_server_of_a_user_of_its_own_gets_at_no_file_of_the_client() {
    everywhere(User::RootAndSomebody);
}

#[test]
fn a_server_gets_at_no_file_of_the_client_as_its_user() {
    everywhere(User::Nobody);
}

#[test]
fn the_examples_are_read_from_the_documentation() {
    let examples = examples();
    let has = |configuration: &str, key: &str| {
        let found = examples
            .iter()
            .find(|layout| layout.configuration == configuration && layout.key == key);
        assert!(found.is_some(), "{examples:#?}");
    };
    has("tunnel-client.yaml", "secrets/api-key");
    has("tunnel-client.yaml", "api-key");
}

/// `doctor --sandbox` tries it where the files really lie: the arrangement of the documentation, behind a link, in a home.
#[test]
fn a_user_sees_it_with_doctor_where_the_files_really_lie() {
    if !needs::root() {
        return;
    }
    let layout = Layout::new(
        "linked",
        ".config/tunnel-client/x.yaml",
        ".config/tunnel-client/secrets/key",
    );
    let layout = layout.link(".config/tunnel-client", "../dotfiles/tc").profile("x");
    let wrong = Placed::new(&layout, "/home", User::Nobody).proved_wrong();
    assert_eq!(wrong, [] as [String; 0]);
}
