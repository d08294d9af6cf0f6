//! The status page: when there is one, and who guards it.

use super::*;

const ON: (&str, &str) = ("ADMIN_UI_ENABLED", "true");
const TOKEN: (&str, &str) = ("ADMIN_UI_TOKEN", "page-sekret-0123456789");
const SOCKET: (&str, &str) = ("HEALTH_UNIX_SOCKET", "/run/x.sock");

fn page(variables: &[(&str, &str)]) -> Option<Page> {
    with(variables, &[]).unwrap().page.clone()
}

#[test]
fn there_is_none_unless_it_is_enabled() {
    assert!(page(&[]).is_none());
    assert!(page(&[TOKEN, SOCKET, ("ADMIN_UI_LOG_BUFFER_EVENTS", "5")]).is_none());
    let page = page(&[ON, TOKEN, ("ADMIN_UI_LOG_BUFFER_EVENTS", "5")]).unwrap();
    assert_eq!((page.log_lines, page.allow_remote), (5, false));
    assert_eq!(page.token.unwrap().expose_secret(), TOKEN.1);
}

#[test]
fn it_needs_a_token_or_a_unix_socket() {
    let refused = message(&[ON], &[]);
    assert_eq!(
        refused,
        "admin_ui.enabled: needs a token or a unix socket; set admin_ui.token or health.unix_socket \
         (admin-ui.enabled from variable ADMIN_UI_ENABLED)"
    );
    assert!(message(&[ON, ("ALLOW_REMOTE_UI", "true")], &[]).contains("needs a token or a unix socket"));
    assert!(page(&[ON, SOCKET]).unwrap().token.is_none());
    assert!(page(&[ON, SOCKET, TOKEN]).unwrap().token.is_some());
}

#[test]
fn under_lockdown_it_needs_a_unix_socket() {
    let rule = ("LOCKDOWN_ALLOWED_NETWORKS", "127.0.0.0/8");
    let refused = message(&[ON, TOKEN, rule], &[]);
    assert!(
        refused.contains("a rule of lockdown is set") && refused.contains("health.unix_socket"),
        "{refused}"
    );
    assert!(page(&[ON, TOKEN, SOCKET, rule]).is_some());
}

#[test]
fn other_hosts_may_ask_over_tcp_alone_and_what_has_no_effect_is_named() {
    let remote = ("ALLOW_REMOTE_UI", "true");
    assert!(page(&[ON, TOKEN, remote]).unwrap().allow_remote);
    assert!(!page(&[ON, TOKEN, SOCKET, remote]).unwrap().allow_remote);
    let warnings = |variables: &[(&str, &str)]| with(variables, &[]).unwrap().warnings.clone();
    assert_eq!(warnings(&[ON, TOKEN, remote]), [""; 0]);
    let of_socket = warnings(&[ON, SOCKET, remote]);
    assert!(
        of_socket.len() == 1 && of_socket[0].contains("is a unix socket"),
        "{of_socket:?}"
    );
    let open = ("OPEN_WEB_UI", "true");
    let without = warnings(&[open]);
    assert_eq!(
        without,
        ["admin_ui.open_browser has no effect: admin_ui.enabled is false"]
    );
    assert!(!with(&[open], &[]).unwrap().announce_ui);
    assert!(with(&[open, ON, TOKEN], &[]).unwrap().announce_ui);
}

#[test]
fn a_token_comes_from_its_variable_or_from_a_reference_and_a_bad_one_is_never_shown() {
    let token = |reference| {
        let config = with(
            &[ON, ("MINE", "mine-0123456789-mine")],
            &[("admin-ui.token", reference)],
        );
        config.map(|config| {
            config
                .page
                .as_ref()
                .unwrap()
                .token
                .as_ref()
                .unwrap()
                .expose_secret()
                .to_owned()
        })
    };
    assert_eq!(token("env:MINE").unwrap(), "mine-0123456789-mine");
    for reference in [
        "sekret-0123456789-sekret",
        "env:NO_SUCH",
        "file:/run/none",
        "file:/run/key",
    ] {
        let refused = token(reference).unwrap_err().to_string();
        assert!(
            !refused.contains("sekret") && refused.contains("token of the status page"),
            "{refused}"
        );
    }
    for value in ["sekret", "sekret sekret sekret", "sekret==============="] {
        let refused = message(&[ON, ("ADMIN_UI_TOKEN", value)], &[]);
        assert!(
            refused.starts_with("token of the status page is not usable: "),
            "{refused}"
        );
        assert!(!refused.contains("sekret"), "{refused}");
    }
}

#[test]
fn its_mistakes_are_reported_with_all_others() {
    let result = with(&[ON, ("ADMIN_UI_TOKEN", "short"), ("HEALTH_LISTEN_ADDR", "x")], &[]);
    let lines = lines(result);
    assert_eq!(lines.len(), 2, "{lines:?}");
}
