//! `profiles` with the real binary: list, add, edit, and the samples.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::home::{Home, Outcome};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// The least that validates alone.
const VALID: &str = "\
control_plane:
  tunnel_id: tunnel_0123456789abcdef0123456789abcdef
  api_key: env:CONTROL_PLANE_API_KEY
mcp:
  server_urls:
    - url: http://127.0.0.1:3001/mcp
";

/// Two mistakes in known places.
const BROKEN: &str = "control_plane:\n  tunel_id: x\nlog:\n  level: loud\n";

fn profiles(home: &Home, arguments: &[&str]) -> Outcome {
    home.run(
        &[&["profiles"], arguments].concat(),
        &[("CONTROL_PLANE_API_KEY", "sk-test_0123456789")],
    )
}

/// Runs `profiles edit p` with a shell script as the editor; `$1` is the file it is given.
fn edit(home: &Home, script: &str) -> Outcome {
    home.program("editor", &format!("#!/bin/sh\n{script}\n"));
    let editor = home.file("editor").display().to_string();
    home.run(
        &["profiles", "edit", "p"],
        &[("EDITOR", &editor), ("CONTROL_PLANE_API_KEY", "sk-test_0123456789")],
    )
}

fn profile(home: &Home, name: &str) -> PathBuf {
    directory(home).join(format!("{name}.yaml"))
}

fn directory(home: &Home) -> PathBuf {
    home.file(".tunnel-client")
}

/// Writes a profile as somebody without this program would.
fn given(home: &Home, name: &str, content: &str) -> PathBuf {
    home.write(&format!(".tunnel-client/{name}.yaml"), content)
}

/// Names in the profile directory, hidden ones too.
fn files(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(directory(home)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn profiles_are_listed_by_name_as_text_and_as_json() {
    let home = Home::new();
    let empty = format!("No profiles found in {}\n", directory(&home).display());
    assert_eq!(profiles(&home, &["list"]).success(), empty);
    assert_eq!(profiles(&home, &["list", "--json"]).success(), "[]\n");
    for name in ["beta", "alpha", ".hidden", "-dash"] {
        given(&home, name, VALID);
    }
    home.write(".tunnel-client/notes.txt", "");
    fs::create_dir(directory(&home).join("folder.yaml")).unwrap();
    let (alpha, beta) = (profile(&home, "alpha"), profile(&home, "beta"));
    assert_eq!(
        profiles(&home, &["list"]).success(),
        format!("alpha\t{}\nbeta\t{}\n", alpha.display(), beta.display())
    );
    let json: serde_json::Value = serde_json::from_str(&profiles(&home, &["list", "--json"]).success()).unwrap();
    let expected = serde_json::json!([{"name": "alpha", "path": alpha}, {"name": "beta", "path": beta}]);
    assert_eq!(json, expected);
}

#[test]
fn profiles_of_the_earlier_place_are_listed_read_and_edited_there_and_not_covered_by_accident() {
    let home = Home::new();
    let earlier = home.write(".config/tunnel-client/p.yaml", VALID);
    let listed = |path: &Path| format!("p\t{}\n", path.display());
    assert_eq!(profiles(&home, &["list"]).success(), listed(&earlier));
    let shown = home.run(&["config", "show", "--profile", "p"], &[]).shown();
    assert!(shown.contains(earlier.to_str().unwrap()), "{shown}");
    // The name of a missing profile is looked for where profiles are.
    let missing = home.run(&["config", "show", "--profile", "q"], &[]).shown();
    assert!(missing.contains("profiles in this directory: p"), "{missing}");
    edit(&home, "echo '# edited' >> \"$1\"").success();
    assert!(fs::read_to_string(&earlier).unwrap().ends_with("# edited\n"));
    assert!(!directory(&home).exists());

    let sample = home.write("sample.yaml", VALID);
    let add = ["add", "p", "--from-file", sample.to_str().unwrap()];
    let refused = profiles(&home, &add).failure();
    let words = format!("profile \"p\" already exists as {}", earlier.display());
    assert!(refused.contains(&words) && refused.contains("--force"), "{refused}");
    profiles(&home, &[&add[..], &["--force"]].concat()).success();
    assert_eq!(profiles(&home, &["list"]).success(), listed(&profile(&home, "p")));
    let shown = home.run(&["config", "show", "--profile", "p"], &[]).shown();
    assert!(shown.contains(profile(&home, "p").to_str().unwrap()), "{shown}");
    assert!(fs::read_to_string(&earlier).unwrap().ends_with("# edited\n"));
}

#[test]
fn the_profile_directory_can_be_given_before_and_after_the_subcommand() {
    let home = Home::new();
    home.write("elsewhere/p.yaml", VALID);
    let elsewhere = home.file("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    let expected = format!("p\t{elsewhere}/p.yaml\n");
    assert_eq!(
        profiles(&home, &["list", "--profile-dir", elsewhere]).success(),
        expected
    );
    assert_eq!(
        profiles(&home, &["--profile-dir", elsewhere, "list"]).success(),
        expected
    );
    assert_eq!(
        profiles(&home, &["list", "--profile-dir", "~/elsewhere"]).success(),
        expected
    );
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error() {
    let home = Home::new();
    let file = home.write("file", "");
    let message = profiles(&home, &["list", "--profile-dir", file.to_str().unwrap()]).failure();
    assert!(message.starts_with("read the profile directory "), "{message}");
}

#[test]
fn a_profile_is_added_from_a_file_as_it_is() {
    let home = Home::new();
    let file = home.write("source", VALID);
    let add = ["add", "p", "--from-file", file.to_str().unwrap()];
    let path = profile(&home, "p");
    let said = format!("Added profile p at {}\n", path.display());
    assert_eq!(profiles(&home, &add).success(), said);
    assert_eq!(fs::read_to_string(&path).unwrap(), VALID);
    assert_eq!((mode(&path), mode(&directory(&home))), (0o600, 0o700));
    let message = profiles(&home, &add).failure();
    assert_eq!(message, "profile \"p\" already exists; pass --force to replace it\n");
    fs::write(&file, VALID.replace("3001", "3002")).unwrap();
    assert_eq!(profiles(&home, &[&add[..], &["--force"]].concat()).success(), said);
    assert!(fs::read_to_string(&path).unwrap().contains("3002"));
    assert_eq!(files(&home), ["p.yaml"]);
}

#[test]
fn a_profile_is_added_from_a_sample() {
    let home = Home::new();
    let url = "https://mcp.example.com/mcp";
    profiles(
        &home,
        &[
            "add",
            "p",
            "--sample",
            "sample_mcp_remote_no_auth",
            "--tunnel-id",
            ID,
            "--mcp-server-url",
            url,
        ],
    )
    .success();
    let expected = include_str!("../data/samples/sample_mcp_remote_no_auth.yaml");
    assert_eq!(fs::read_to_string(profile(&home, "p")).unwrap(), expected);
    let server = "python /path/to/server.py";
    profiles(
        &home,
        &[
            "add",
            "q",
            "--sample",
            "sample_mcp_stdio_local",
            "--tunnel-id",
            ID,
            "--mcp-command",
            server,
        ],
    )
    .success();
    let expected = include_str!("../data/samples/sample_mcp_stdio_local.yaml");
    assert_eq!(fs::read_to_string(profile(&home, "q")).unwrap(), expected);
}

#[test]
fn what_cannot_be_added_is_named_and_nothing_is_written() {
    let home = Home::new();
    let broken = home.write("broken", BROKEN);
    let broken = broken.to_str().unwrap();
    for (arguments, gists) in [
        (&["add", "p"][..], &["set exactly one of --from-file or --sample\n"][..]),
        (
            &["add", "p", "--from-file", broken, "--sample", "x"],
            &["set exactly one of --from-file or --sample\n"],
        ),
        (&["add", "--from-file", broken], &["name the profile, such as "]),
        (
            &["add", "a/b", "--from-file", broken],
            &["invalid profile name \"a/b\""],
        ),
        (&["add", "p", "--from-file", "/no/such/file"], &["read /no/such/file: "]),
        (
            &["add", "p", "--sample", "nope", "--tunnel-id", ID],
            &["unknown sample \"nope\""],
        ),
        (
            &["add", "p", "--sample", "sample_mcp_stdio_local", "--mcp-command", "x"],
            &["tunnel ID is required"],
        ),
        (
            &["add", "p", "--sample", "sample_mcp_stdio_local", "--tunnel-id", ID],
            &["sample_mcp_stdio_local requires --mcp-command"],
        ),
        (
            &["add", "p", "--from-file", broken],
            &[
                "profile did not validate; not adding\n",
                "tunel_id not found",
                "p.yaml:2:3",
                "p.yaml:4:10",
            ],
        ),
    ] {
        let message = profiles(&home, arguments).failure();
        for gist in gists {
            assert!(message.contains(gist), "{arguments:?}: {gist:?} is not in {message:?}");
        }
    }
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn an_edited_profile_is_saved_when_it_validates() {
    let home = Home::new();
    let path = given(&home, "p", VALID);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let outcome = edit(&home, "sed -i s/3001/3002/ \"$1\"");
    assert_eq!(outcome.success(), format!("Saved profile p at {}\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), VALID.replace("3001", "3002"));
    assert_eq!((mode(&path), files(&home)), (0o600, vec!["p.yaml".to_owned()]));
}

#[test]
fn the_draft_is_private_and_beside_the_profile() {
    let home = Home::new();
    given(&home, "p", VALID);
    let seen = home.file("seen");
    edit(&home, &format!("stat -c '%a %n' \"$1\" > {}", seen.display())).success();
    let seen = fs::read_to_string(&seen).unwrap();
    let start = format!("600 {}/.p.", directory(&home).display());
    assert!(seen.starts_with(&start) && seen.ends_with(".yaml\n"), "{seen}");
}

#[test]
fn visual_wins_over_editor_and_may_have_arguments() {
    let home = Home::new();
    given(&home, "p", VALID);
    home.program(
        "visual",
        "#!/bin/sh\n[ \"$1\" = --wait ] && sed -i s/3001/3003/ \"$2\"\n",
    );
    let visual = format!(" {}  --wait ", home.file("visual").display());
    let variables = [("VISUAL", visual.as_str()), ("EDITOR", "false")];
    home.run(&["profiles", "edit", "p"], &variables).success();
    assert!(fs::read_to_string(profile(&home, "p")).unwrap().contains("3003"));
}

#[test]
fn a_missing_profile_starts_from_a_skeleton() {
    let home = Home::new();
    let outcome = edit(&home, &format!("sed -i 's/tunnel_id: \"\"/tunnel_id: {ID}/' \"$1\""));
    outcome.success();
    let text = fs::read_to_string(profile(&home, "p")).unwrap();
    assert!(text.contains(ID) && text.starts_with("config_version: 1\n"), "{text}");
    // An editor that is closed without a change leaves nothing behind.
    fs::remove_file(profile(&home, "p")).unwrap();
    let message = edit(&home, "true").success();
    assert_eq!(message, "Nothing was changed; profile p was not written\n");
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn what_does_not_validate_is_not_saved_and_not_lost() {
    let home = Home::new();
    let path = given(&home, "p", VALID);
    let broken = home.write("broken", BROKEN);
    let message = edit(&home, &format!("cat {} > \"$1\"", broken.display())).failure();
    for gist in [
        "profile did not validate; not saving\n",
        "tunel_id not found",
        "p.yaml:2:3",
        "p.yaml:4:10",
        "Your text is kept in ",
        "tunnel-client profiles add p --profile-dir",
    ] {
        assert!(message.contains(gist), "{gist:?} is not in {message:?}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), VALID);
    let files = files(&home);
    assert_eq!(files.len(), 2, "{files:?}");
    let draft = directory(&home).join(&files[0]);
    assert_eq!(
        (fs::read_to_string(&draft).unwrap().as_str(), mode(&draft)),
        (BROKEN, 0o600)
    );
    // The command in the message works once the draft is mended.
    fs::write(&draft, VALID.replace("3001", "3004")).unwrap();
    let command = message.lines().last().unwrap().trim();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    home.run(&arguments, &[]).success();
    assert!(fs::read_to_string(&path).unwrap().contains("3004"));
}

#[test]
fn the_editor_gets_no_secret_of_the_client() {
    let home = Home::new();
    given(&home, "p", VALID);
    let seen = home.file("seen");
    edit(&home, &format!("env > {}", seen.display()));
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        seen.contains("EDITOR=") && !seen.contains("sk-test_0123456789"),
        "{seen}"
    );
}

#[test]
fn a_failed_editor_saves_nothing() {
    let home = Home::new();
    let path = given(&home, "p", VALID);
    let message = edit(&home, "exit 3").failure();
    assert!(message.contains("ended with exit status: 3; not saving"), "{message}");
    let message = edit(&home, "rm \"$1\"").failure();
    assert!(message.ends_with(": the editor removed it\n"), "{message}");
    let message = home
        .run(&["profiles", "edit", "p"], &[("EDITOR", "/no/such/editor")])
        .failure();
    assert!(message.contains("start the editor /no/such/editor: "), "{message}");
    for variables in [&[][..], &[("VISUAL", " "), ("EDITOR", "")]] {
        let message = home.run(&["profiles", "edit", "p"], variables).failure();
        assert!(message.starts_with("set VISUAL or EDITOR"), "{message}");
    }
    assert_eq!(
        (fs::read_to_string(&path).unwrap().as_str(), files(&home)),
        (VALID, vec!["p.yaml".to_owned()])
    );
}

#[test]
fn a_profile_that_somebody_else_changed_meanwhile_is_not_overwritten() {
    let home = Home::new();
    let path = given(&home, "p", VALID);
    let script = format!("sed -i s/3001/3002/ \"$1\"; echo '# theirs' >> {}", path.display());
    let message = edit(&home, &script).failure();
    assert!(
        message.contains("was changed by somebody else meanwhile; not saving"),
        "{message}"
    );
    assert!(fs::read_to_string(&path).unwrap().ends_with("# theirs\n"));
}

#[test]
fn a_symbolic_link_is_not_written_through() {
    let home = Home::new();
    let target = home.write("target.yaml", VALID);
    fs::create_dir_all(directory(&home)).unwrap();
    symlink(&target, profile(&home, "p")).unwrap();
    let message = edit(&home, "sed -i s/3001/3002/ \"$1\"").failure();
    assert!(
        message.contains("is a symbolic link and is not written through"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), VALID);
    assert!(fs::symlink_metadata(profile(&home, "p")).unwrap().is_symlink());
}

#[test]
fn what_a_saved_profile_leaves_to_the_environment_is_said_and_no_failure() {
    let home = Home::new();
    given(&home, "p", VALID);
    home.program("editor", "#!/bin/sh\nsed -i '/tunnel_id/d' \"$1\"\n");
    let editor = home.file("editor").display().to_string();
    let outcome = home.run(&["profiles", "edit", "p"], &[("EDITOR", &editor)]);
    let stderr = outcome.stderr();
    outcome.success();
    assert!(stderr.contains("not there yet: tunnel ID is required"), "{stderr}");
    assert!(stderr.contains("CONTROL_PLANE_API_KEY"), "{stderr}");
}

#[test]
fn a_key_in_the_file_itself_is_refused_and_not_shown() {
    let home = Home::new();
    let file = home.write("source", &VALID.replace("env:CONTROL_PLANE_API_KEY", "hunter2hunter2"));
    let message = profiles(&home, &["add", "p", "--from-file", file.to_str().unwrap()]).failure();
    assert!(message.contains("env:") && !message.contains("hunter2"), "{message}");
}

#[test]
fn samples_are_listed_and_shown() {
    let home = Home::new();
    let list = profiles(&home, &["samples", "list"]).success();
    let names: Vec<_> = list.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    let expected = [
        "sample_mcp_enterprise_proxy",
        "sample_mcp_remote_no_auth",
        "sample_mcp_stdio_local",
        "sample_mcp_with_dcr",
    ];
    assert_eq!(names, expected);
    let json: serde_json::Value =
        serde_json::from_str(&profiles(&home, &["samples", "list", "--json"]).success()).unwrap();
    assert_eq!(json[2]["name"], "sample_mcp_stdio_local");
    assert!(json[2]["summary"].is_string(), "{json}");
    let shown = profiles(&home, &["samples", "show", "sample_mcp_stdio_local"]).success();
    for title in [
        "Sample: sample_mcp_stdio_local\n",
        "Summary: ",
        "Use when: ",
        "Required:\n",
        "Optional:\n",
        "Notes:\n",
    ] {
        assert!(
            shown.starts_with(title) || shown.contains(&format!("\n{title}")),
            "{shown}"
        );
    }
    let yaml = include_str!("../data/samples/sample_mcp_stdio_local.yaml");
    assert!(shown.ends_with(&format!("\n\n{yaml}")), "{shown}");
    let message = profiles(&home, &["samples", "show", "nope"]).failure();
    assert_eq!(
        message,
        "unknown sample \"nope\"; run tunnel-client profiles samples list\n"
    );
    assert!(
        profiles(&home, &["samples", "show"])
            .failure()
            .contains("name a sample")
    );
}

#[test]
fn groups_of_commands_print_their_help_and_know_no_others() {
    let home = Home::new();
    assert!(profiles(&home, &[]).success().contains("samples"));
    assert!(profiles(&home, &["samples"]).success().contains("show"));
    assert!(
        profiles(&home, &["bogus"])
            .failure()
            .starts_with("unknown command \"bogus\"")
    );
    assert!(
        profiles(&home, &["samples", "bogus"])
            .failure()
            .starts_with("unknown command \"bogus\"")
    );
}
