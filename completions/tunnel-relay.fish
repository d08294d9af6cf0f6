# fish completion for tunnel-relay
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at ~/.config/fish/completions/tunnel-relay.fish.

function __fish_tunnel_relay_at --description 'Whether the command that is being typed is one of the arguments'
    set -l command ''
    for word in (commandline -opc)[2..-1]
        switch (string trim -- "$command $word")
            case 'serve' 'keygen' 'audit' 'audit init' 'mcp-stub' 'version'
                set command (string trim -- "$command $word")
        end
    end
    contains -- "$command" $argv
end

complete -c tunnel-relay -f
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -a serve -d 'Serves tunnel clients, callers and managers'
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -a keygen -d 'Prints a fresh key, and on the next line what the keys file needs to let it in'
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -a audit -d 'Makes the key of an audit log; tunnel-client audit verify reads its files'
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -a mcp-stub -d 'A small MCP server for demos and tests, at the path /mcp or on stdio'
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -a version -d 'Prints the name, the version and the commit'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "audit"' -a init -d 'Makes the key file of an audit log'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "" "serve" "keygen" "audit" "audit init" "mcp-stub" "version"' -s h -l help -d 'Print help'
complete -c tunnel-relay -n '__fish_tunnel_relay_at ""' -s V -l version -d 'Print version'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l listen -x -d 'Where to listen [default: 127.0.0.1:8443]; port 0 lets the kernel choose'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l tls-cert -r -F -d 'PEM: the relay\'s certificate and its chain; without it plain HTTP is served'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l tls-key -r -F -d 'PEM: the certificate\'s private key'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l client-ca -r -F -d 'PEM: verify certificates of peers against these'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l require-client-cert -d 'Turn peers without a certificate away'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l keys-file -r -F -d 'One key a line: NAME SCOPES KEY'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l tunnels-file -r -F -d 'Where tunnels are stored; without it they end with the process'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l tunnel -x -d 'A tunnel that exists from the start; may repeat'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l url-file -r -F -d 'Where to write the base URL once the relay listens'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l allow-host -x -d 'A name that callers may use for the relay, beside its address; may repeat'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l allow-origin -x -d 'A web origin that may call, beside the relay\'s own; may repeat'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l call-timeout -x -d 'How long a call may take [default: 120s]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l max-connections -x -d 'Connections served at once, 16 to 1048576 [default: 5120]; a fifth of them is for peers that have shown no accepted key yet'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l max-anonymous-per-address -x -d 'Connections of one address (IPv6: one /64 network) that have shown no accepted key; when one more comes the oldest is closed [default: 256]; 0: no limit, for a relay that sees its peers under the address of a balancer'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l reload-check-interval -x -d 'How often to check the keys file and the TLS files for changes [default: 5s]; 0 disables. SIGHUP has them read at once'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l audit-file -r -F -d 'Where to write one record for each call; SIGHUP opens it anew'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l audit-key-file -r -F -d 'Key that seals the records, made by tunnel-relay audit init'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l audit-on-failure -x -d 'When records cannot be written: drop-and-count, or block, which refuses calls [default: drop-and-count]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l audit-anchor-every -x -d 'Records between two log lines with number and seal of the last one, 1 to 1000000 [default: 1000]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "serve"' -l log-format -x -d 'text or json [default: text]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "keygen"' -l name -x -d 'Who the key is for [default: key]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "keygen"' -l scopes -x -d 'Comma list of read, use, manage, connect, optionally followed by @TUNNEL_ID [default: read,use]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "mcp-stub"' -l listen -x -d 'Where to listen [default: 127.0.0.1:0]'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "mcp-stub"' -l url-file -r -F -d 'Where to write the server\'s URL once it listens'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "mcp-stub"' -l unix-socket -r -F -d 'Listen on this socket instead'
complete -c tunnel-relay -n '__fish_tunnel_relay_at "mcp-stub"' -l stdio -d 'Speak on stdin and stdout instead'
