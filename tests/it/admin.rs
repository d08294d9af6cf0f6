//! `admin tunnels` of the real binary: what it does at the real relay, and with which arguments and keys.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::admin::{ID, KEY, failure, json, json_failure, service, success};
use crate::support::relay::{MANAGE_KEY, Relay, USE_KEY};
use crate::support::to_the_end::text;
use crate::support::{Answer, Scratch};

#[test]
fn a_tunnel_is_created_read_listed_changed_and_deleted() {
    let relay = Relay::start(&[]);
    let env = [
        ("CONTROL_PLANE_BASE_URL", relay.url()),
        ("OPENAI_ADMIN_KEY", MANAGE_KEY),
    ];
    let create = [
        "create",
        "--name",
        "Docs",
        "--description",
        "Search",
        "--organization-id",
        "org-1,org-2",
    ];
    let created = json(&create, &env);
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["organization_ids"], serde_json::json!(["org-1", "org-2"]));

    let shown = success(&["get", id], &env);
    assert_eq!(
        shown,
        format!("Tunnel {id}\n  Name: Docs\n  Description: Search\n  Organizations: org-1, org-2\n  Workspaces: \n")
    );
    let listed = json(&["list", "--organization-id", "org-2"], &env);
    assert_eq!(listed["data"][0]["id"], id);
    assert_eq!(
        success(&["list", "--workspace-id", "org-2"], &env),
        "No tunnels found\n"
    );

    let update = [
        "update",
        id,
        "--description",
        "",
        "--organization-id",
        "",
        "--workspace-id=ws-1",
    ];
    let updated = json(&update, &env);
    assert_eq!(
        (
            &updated["name"],
            &updated["description"],
            &updated["organization_ids"],
            &updated["workspace_ids"]
        ),
        (
            &"Docs".into(),
            &"".into(),
            &serde_json::json!([]),
            &serde_json::json!(["ws-1"])
        )
    );

    let refused = failure(&["delete", id], &env);
    assert!(refused.contains("refusing to delete without --confirm"), "{refused}");
    assert!(success(&["get", id], &env).contains(id), "still there");
    let deleted = success(&["delete", id, "--confirm"], &env);
    assert!(
        deleted.starts_with(&format!("Tunnel {id}\n")) && deleted.contains("Deleted: yes"),
        "{deleted}"
    );
    let gone = failure(&["get", id], &env);
    assert!(
        gone.contains("404 Not Found") && gone.contains("no such tunnel"),
        "{gone}"
    );
}

#[test]
fn a_new_tunnel_comes_with_a_word_on_when_it_is_ready() {
    let relay = Relay::start(&[]);
    let env = [
        ("CONTROL_PLANE_BASE_URL", relay.url()),
        ("OPENAI_ADMIN_KEY", MANAGE_KEY),
    ];
    let shown = success(
        &["create", "--name", "n", "--description", "d", "--workspace-id", "ws"],
        &env,
    );
    assert!(shown.contains("wait 25-30 seconds"), "{shown}");
}

#[test]
fn keys_without_the_right_are_told_apart_from_keys_that_do_not_exist() {
    let relay = Relay::start(&["--tunnel", ID]);
    let base = ("CONTROL_PLANE_BASE_URL", relay.url());
    let list = ["list", "--organization-id", "o"];
    let unknown = json_failure(&list, &[base, ("OPENAI_ADMIN_KEY", KEY)]);
    assert_eq!(unknown["status_code"], 401, "{unknown}");
    assert!(unknown["mitigation"].as_str().unwrap().contains("revoked"), "{unknown}");
    let words = "401 Unauthorized the relay does not know this key (invalid_api_key)";
    assert!(unknown["message"].as_str().unwrap().contains(words), "{unknown}");
    let weak = json_failure(&list, &[base, ("OPENAI_ADMIN_KEY", USE_KEY)]);
    assert_eq!(
        (&weak["status_code"], &weak["method"], &weak["path"]),
        (&403.into(), &"GET".into(), &"/v1/tunnels".into()),
        "{weak}"
    );
    assert!(weak["code"].is_string() && weak["type"].is_string(), "{weak}");
    for output in [unknown.to_string(), weak.to_string()] {
        assert!(!output.contains(KEY) && !output.contains(USE_KEY), "{output}");
    }
}

#[test]
fn reading_one_tunnel_takes_the_runtime_key_and_nothing_else_does() {
    let relay = Relay::start(&["--tunnel", ID]);
    let base = ("CONTROL_PLANE_BASE_URL", relay.url());
    for name in ["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY"] {
        assert!(success(&["get", ID], &[base, (name, USE_KEY)]).contains(ID));
        let spelled_out = ["get", ID, "--admin-key", "env:OPENAI_ADMIN_KEY"];
        assert!(success(&spelled_out, &[base, (name, USE_KEY)]).contains(ID));
        for arguments in [["delete", ID, "--confirm"].as_slice(), &["list", "--tenant-id", "t"]] {
            let error = failure(arguments, &[base, (name, MANAGE_KEY)]);
            assert!(error.contains("admin key is required"), "{error}");
        }
    }
    // The admin key comes first.
    let env = [base, ("OPENAI_ADMIN_KEY", KEY), ("CONTROL_PLANE_API_KEY", USE_KEY)];
    assert!(failure(&["get", ID], &env).contains("401"));
    let none = failure(&["get", ID], &[base]);
    assert!(none.contains("tunnel get requires a runtime or admin key"), "{none}");
}

#[test]
fn the_key_is_named_by_reference_and_never_given() {
    let relay = Relay::start(&["--tunnel", ID]);
    let scratch = Scratch::new();
    let file = scratch.write("key", &format!("{MANAGE_KEY}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let reference = format!("file:{}", file.display());
    let url = relay.url();
    for (reference, variables) in [
        (reference.as_str(), [].as_slice()),
        ("env:MY_ADMIN_KEY", &[("MY_ADMIN_KEY", MANAGE_KEY)]),
    ] {
        let arguments = ["get", ID, "--control-plane.base-url", url, "--admin-key", reference];
        assert!(success(&arguments, variables).contains(ID));
    }
    for literal in [KEY, &format!("env:{KEY}"), &format!("file:{KEY}")] {
        let error = failure(
            &["get", ID, "--control-plane.base-url", url, "--admin-key", literal],
            &[],
        );
        assert!(error.contains("admin key") && !error.contains("admin_test"), "{error}");
    }
}

#[test]
fn wrong_arguments_are_told_before_anything_is_sent() {
    let (server, seen) = service(Answer::json(200, format!(r#"{{"id":"{ID}"}}"#)));
    let origin = server.origin();
    let env = [("CONTROL_PLANE_BASE_URL", origin.as_str()), ("OPENAI_ADMIN_KEY", KEY)];
    let named = ["create", "--name", "n", "--description", "d"];
    let with = |more: &[&'static str]| [&named[..], more].concat();
    let too_many = (0..101).map(|n| format!("o{n}")).collect::<Vec<_>>().join(",");
    for (arguments, gist) in [
        (vec!["create"], "name is required (set --name)"),
        (
            vec!["create", "--name", "n"],
            "description is required (set --description)",
        ),
        (
            with(&["--organization-id", "o", "--organization-id", "o"]),
            "duplicate organization-id",
        ),
        (with(&["--workspace-id", "o,p,o"]), "duplicate workspace-id"),
        (with(&["--workspace-id", "a b"]), "invalid id"),
        (
            [&named[..], &["--workspace-id", &too_many]].concat(),
            "100 times at most",
        ),
        (
            vec!["list", "--organization-id", "a", "--tenant-id", "b"],
            "exactly one of",
        ),
        (
            vec!["list", "--organization-id", "a", "--organization-id", "b"],
            "exactly one of",
        ),
        (vec!["update", ID], "at least one field"),
        (vec!["update", ID, "--name", " "], "needs a name"),
        (vec!["get"], "a tunnel id is needed"),
        (vec!["get", "../../v1/files"], "invalid tunnel ID"),
        (vec!["get", "tunnel_1"], "invalid tunnel ID"),
        (vec!["delete", "tunnel_%2e%2e", "--confirm"], "invalid tunnel ID"),
        (vec!["delete", ID, "--confirm=false"], "refusing to delete"),
    ] {
        let error = failure(&arguments, &env);
        assert!(
            error.contains(gist) && error.lines().count() == 1,
            "{arguments:?}: {error}"
        );
        let message = json_failure(&arguments, &env);
        assert!(message["message"].as_str().unwrap().contains(gist), "{message}");
        assert_eq!(message.as_object().unwrap().len(), 1, "{message}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn persistent_flags_stand_anywhere() {
    let (server, _) = service(Answer::json(200, format!(r#"{{"id":"{ID}","later":1}}"#)));
    let output = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .args([
            "admin",
            "--json",
            "tunnels",
            "--control-plane-base-url",
            &server.origin(),
            "get",
            ID,
        ])
        .env_clear()
        .env("OPENAI_ADMIN_KEY", KEY)
        .output()
        .unwrap();
    assert_eq!(
        text(&output.stdout),
        format!("{{\n  \"id\": \"{ID}\",\n  \"later\": 1\n}}\n")
    );
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.write("key", KEY);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let reference = format!("file:{}", path.display());
    let error = failure(&["get", ID, "--admin-key", &reference], &[]);
    assert!(error.contains("chmod") && !error.contains("admin_test"), "{error}");
}

#[test]
fn all_mistakes_in_settings_are_told_at_once_and_in_json_too() {
    let variables = [
        ("CONTROL_PLANE_BASE_URL", "https://user:hunter2@h"),
        ("CONTROL_PLANE_URL_PATH", "edge"),
        ("OPENAI_ADMIN_KEY", "sk admin"),
        ("TUNNEL_CLIENT_HTTP_PROXY", "socks5://p"),
    ];
    let stderr = failure(&["get", ID], &variables);
    let gists = [
        "control-plane.base-url",
        "control-plane.url-path",
        "admin key is malformed",
        "from variable TUNNEL_CLIENT_HTTP_PROXY",
    ];
    assert!(gists.iter().all(|gist| stderr.contains(gist)), "{stderr}");
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    let message = json_failure(&["get", ID], &variables)["message"].to_string();
    assert!(gists.iter().all(|gist| message.contains(gist)), "{message}");
    assert!(!message.contains("hunter2") && !stderr.contains("hunter2"));
}

/// Organizations are those of the hosted service; a relay of one's own has none to be asked for.
#[test]
fn a_control_plane_of_ones_own_needs_no_organization() {
    let relay = Relay::start(&[]);
    let env = [
        ("CONTROL_PLANE_BASE_URL", relay.url()),
        ("OPENAI_ADMIN_KEY", MANAGE_KEY),
    ];
    let ids = ["a", "b"].map(|name| {
        let created = success(&["create", "--name", name, "--description", "d"], &env);
        let mut words = created.split_whitespace();
        assert_eq!(words.next(), Some("Tunnel"), "{created}");
        words.next().unwrap().to_owned()
    });
    let listed = success(&["list"], &env);
    let of_lines: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("Tunnel ")).collect();
    assert_eq!(of_lines.len(), 2, "{listed}");
    assert!(ids.iter().all(|id| of_lines.contains(&id.as_str())), "{listed}");
    // By flag as well, and more than one of them is a mistake all the same.
    let url = ["--control-plane.base-url", relay.url()];
    let key = [("OPENAI_ADMIN_KEY", MANAGE_KEY)];
    success(&[&["list"][..], &url].concat(), &key);
    let both = ["list", "--organization-id", "o", "--workspace-id", "w"];
    assert!(failure(&[&both[..], &url].concat(), &key).contains("provide exactly one of"));
    // The hosted service asks, before anything is sent.
    assert!(failure(&["list"], &key).contains("provide exactly one of"));
    let create = failure(&["create", "--name", "n", "--description", "d"], &key);
    assert!(
        create.contains("at least one of --organization-id or --workspace-id is required"),
        "{create}"
    );
    // What to do after a failure names no page of the hosted service.
    let unknown = failure(&["list"], &[env[0], ("OPENAI_ADMIN_KEY", KEY)]);
    assert!(
        unknown.contains("tunnel-relay keygen") && !unknown.contains("openai.com"),
        "{unknown}"
    );
}
