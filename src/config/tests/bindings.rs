//! Channels and their servers.

use super::*;

#[test]
fn bindings_are_urls_then_commands_in_their_order() {
    let config = with(
        &[
            (
                "MCP_SERVER_URL",
                "channel=b,url=http://h/b\n\n http://h/main \r\nchannel=a,url=http://h/a,unix-socket=env:SOCK",
            ),
            ("MCP_COMMAND", "channel=z,command=srv a;b, c\ncommand=srv,channel=y"),
            ("SOCK", "/run/a.sock"),
        ],
        &[],
    )
    .unwrap();
    let channels: Vec<_> = config
        .mcp
        .bindings
        .iter()
        .map(|binding| binding.channel.as_str())
        .collect();
    assert_eq!(channels, ["b", "main", "a", "z", "y"]);
    let Target::Http { unix_socket, .. } = &config.mcp.bindings[2].target else {
        panic!("not HTTP")
    };
    assert_eq!(unix_socket.as_deref(), Some(Path::new("/run/a.sock")));
    let Target::Stdio { argv, .. } = &config.mcp.bindings[3].target else {
        panic!("not stdio")
    };
    assert_eq!(argv, &["srv", "a;b,", "c"]);
}

#[test]
fn bindings_that_do_not_fit_together_are_refused() {
    for (urls, commands, gist) in [
        (
            "",
            "",
            "main channel is required; set --mcp.server-url or --mcp.command",
        ),
        ("channel=x,url=http://h", "", "add channel=main"),
        ("", "channel=x,command=srv", "add channel=main"),
        ("http://h", "srv", "duplicate channel main"),
        ("http://h\nchannel=MAIN,url=http://i", "", "duplicate channel main"),
        ("http://h\nchannel=Harpoon,url=http://i", "", "reserved"),
        ("url=http://h,unix-socket=env:NONE", "", "which is not set"),
        ("url=http://h,client-cert=/c", "", "missing client-key"),
        (
            "url=http://h,unix-socket=/s,http-proxy=http://p",
            "",
            "unix-socket cannot be combined with http-proxy",
        ),
        (
            "url=http://h,http-proxy=p:1",
            "",
            "http-proxy needs a proxy that speaks HTTP",
        ),
        (
            "url=http://h,client-cert=/c,client-key=env:NONE",
            "",
            "client key path refers to variable NONE",
        ),
    ] {
        let message = message(&[("MCP_SERVER_URL", urls), ("MCP_COMMAND", commands)], &[]);
        assert!(message.contains(gist), "{message}");
    }
    let many: String = (0..=crate::limits::BINDINGS_MAX)
        .map(|n| format!("channel=c{n},url=http://h\n"))
        .collect();
    let message = message(&[("MCP_SERVER_URL", &format!("http://h\n{many}"))], &[]);
    assert!(message.contains("less than or equal to 31"), "{message}");
}

#[test]
fn a_broken_entry_does_not_also_count_as_a_missing_main() {
    let message = message(&[("MCP_SERVER_URL", "localhost:3000/mcp")], &[]);
    assert!(
        message.contains("needs a scheme") && message.contains("entry 1"),
        "{message}"
    );
}
