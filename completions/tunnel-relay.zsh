#compdef tunnel-relay
# zsh completion for tunnel-relay
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it into a folder of $fpath, as _tunnel-relay.

_tunnel_relay() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C \
        '(-h --help)'{-h,--help}'[Print help]' \
        '(-V --version)'{-V,--version}'[Print version]' \
        '1:command:->command' \
        '*::argument:->argument' && ret=0
    case $state in
        command)
            local -a commands=(
                'serve:Serves tunnel clients, callers and managers'
                'keygen:Prints a fresh key, and on the next line what the keys file needs to let it in'
                'mcp-stub:A small MCP server for demos and tests, at the path /mcp or on stdio'
                'version:Prints the name, the version and the commit'
            )
            _describe command commands && ret=0
            ;;
        argument)
            case $line[1] in
                serve) _tunnel_relay_serve && ret=0 ;;
                keygen) _tunnel_relay_keygen && ret=0 ;;
                mcp-stub) _tunnel_relay_mcp_stub && ret=0 ;;
                version) _tunnel_relay_version && ret=0 ;;
            esac
            ;;
    esac
    return ret
}

_tunnel_relay_serve() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C \
        '--listen=[Where to listen \[default: 127.0.0.1:8443\]; port 0 lets the kernel choose]:ADDR: ' \
        '--tls-cert=[PEM: the relay'\''s certificate and its chain; without it plain HTTP is served]:FILE:_files' \
        '--tls-key=[PEM: the certificate'\''s private key]:FILE:_files' \
        '--client-ca=[PEM: verify certificates of peers against these]:FILE:_files' \
        '--require-client-cert[Turn peers without a certificate away]' \
        '--keys-file=[One key a line: NAME SCOPES KEY]:FILE:_files' \
        '--tunnels-file=[Where tunnels are stored; without it they end with the process]:FILE:_files' \
        '*--tunnel=[A tunnel that exists from the start; may repeat]:ID[=NAME]: ' \
        '--url-file=[Where to write the base URL once the relay listens]:FILE:_files' \
        '*--allow-host=[A name that callers may use for the relay, beside its address; may repeat]:HOST: ' \
        '*--allow-origin=[A web origin that may call, beside the relay'\''s own; may repeat]:ORIGIN: ' \
        '--call-timeout=[How long a call may take \[default: 120s\]]:DURATION: ' \
        '--max-connections=[Connections served at once, 16 to 1048576 \[default: 5120\]; a fifth of them is for peers that have shown no accepted key yet]:N: ' \
        '--max-anonymous-per-address=[Connections of one address (IPv6: one /64 network) that have shown no accepted key; when one more comes the oldest is closed \[default: 256\]; 0: no limit, for a relay that sees its peers under the address of a balancer]:N: ' \
        '--reload-check-interval=[How often to check the keys file and the TLS files for changes \[default: 5s\]; 0 disables. SIGHUP has them read at once]:DURATION: ' \
        '--log-format=[text or json \[default: text\]]:FORMAT: ' \
        '(-h --help)'{-h,--help}'[Print help]' \
        && ret=0
    return ret
}

_tunnel_relay_keygen() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C \
        '--name=[Who the key is for \[default: key\]]:NAME: ' \
        '--scopes=[Comma list of read, use, manage, connect, optionally followed by @TUNNEL_ID \[default: read,use\]]:SCOPES: ' \
        '(-h --help)'{-h,--help}'[Print help]' \
        && ret=0
    return ret
}

_tunnel_relay_mcp_stub() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C \
        '--listen=[Where to listen \[default: 127.0.0.1:0\]]:ADDR: ' \
        '--url-file=[Where to write the server'\''s URL once it listens]:FILE:_files' \
        '--unix-socket=[Listen on this socket instead]:PATH:_files' \
        '--stdio[Speak on stdin and stdout instead]' \
        '(-h --help)'{-h,--help}'[Print help]' \
        && ret=0
    return ret
}

_tunnel_relay_version() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C \
        '(-h --help)'{-h,--help}'[Print help]' \
        && ret=0
    return ret
}

if [[ $funcstack[1] == _tunnel-relay ]]; then
    _tunnel_relay "$@"
else
    compdef _tunnel_relay tunnel-relay
fi
