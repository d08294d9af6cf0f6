#compdef tunnel-relay
# zsh completion for tunnel-relay
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it into a folder of $fpath, as _tunnel-relay.

autoload -U is-at-least

_tunnel-relay() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_tunnel-relay_commands" \
"*::: :->tunnel-relay" \
&& ret=0
    case $state in
    (tunnel-relay)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-relay-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'--listen=[Where to listen \[default\: 127.0.0.1\:8443\]; port 0 lets the kernel choose]:ADDR:' \
'--tls-cert=[PEM\: the relay'\''s certificate and its chain; without it plain HTTP is served]:FILE:_files' \
'--tls-key=[PEM\: the certificate'\''s private key]:FILE:_files' \
'--client-ca=[PEM\: verify certificates of peers against these]:FILE:_files' \
'--keys-file=[One key a line\: NAME SCOPES KEY]:FILE:_files' \
'--tunnels-file=[Where tunnels are stored; without it they end with the process]:FILE:_files' \
'*--tunnel=[A tunnel that exists from the start; may repeat]:ID[=NAME]:' \
'--url-file=[Where to write the base URL once the relay listens]:FILE:_files' \
'*--allow-host=[A name that callers may use for the relay, beside its address; may repeat]:HOST:' \
'*--allow-origin=[A web origin that may call, beside the relay'\''s own; may repeat]:ORIGIN:' \
'--call-timeout=[How long a call may take \[default\: 120s\]]:DURATION:' \
'--max-connections=[Connections served at once, 16 to 1048576 \[default\: 5120\]; a fifth of them is for peers that have shown no accepted key yet]:N:' \
'--max-anonymous-per-address=[Connections of one address (IPv6\: one /64 network) that have shown no accepted key; when one more comes the oldest is closed \[default\: 256\]; 0\: no limit, for a relay that sees its peers under the address of a balancer]:N:' \
'--reload-check-interval=[How often to check the keys file and the TLS files for changes \[default\: 5s\]; 0 disables. SIGHUP has them read at once]:DURATION:' \
'--audit-file=[Where to write one record for each call; SIGHUP opens it anew]:FILE:_files' \
'--audit-key-file=[Key that seals the records, made by tunnel-relay audit init]:FILE:_files' \
'--audit-on-failure=[When records cannot be written\: drop-and-count, or block, which refuses calls \[default\: drop-and-count\]]:ACTION:' \
'--audit-anchor-every=[Records between two log lines with number and seal of the last one, 1 to 1000000 \[default\: 1000\]]:N:' \
'--log-format=[text or json \[default\: text\]]:FORMAT:' \
'--require-client-cert[Turn peers without a certificate away]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(keygen)
_arguments "${_arguments_options[@]}" : \
'--name=[Who the key is for \[default\: key\]]:NAME:' \
'--scopes=[Comma list of read, use, manage, connect, optionally followed by @TUNNEL_ID \[default\: read,use\]]:SCOPES:' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(audit)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-relay__subcmd__audit_commands" \
"*::: :->audit" \
&& ret=0

    case $state in
    (audit)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-relay-audit-command-$line[1]:"
        case $line[1] in
            (init)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
':key-file -- File to make:' \
&& ret=0
;;
        esac
    ;;
esac
;;
(mcp-stub)
_arguments "${_arguments_options[@]}" : \
'--listen=[Where to listen \[default\: 127.0.0.1\:0\]]:ADDR:' \
'--url-file=[Where to write the server'\''s URL once it listens]:FILE:_files' \
'--unix-socket=[Listen on this socket instead]:PATH:_files' \
'(--url-file --unix-socket)--stdio[Speak on stdin and stdout instead]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(version)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
}

(( $+functions[_tunnel-relay_commands] )) ||
_tunnel-relay_commands() {
    local commands; commands=(
'serve:Serves tunnel clients, callers and managers' \
'keygen:Prints a fresh key, and on the next line what the keys file needs to let it in' \
'audit:Makes the key of an audit log; tunnel-client audit verify reads its files' \
'mcp-stub:A small MCP server for demos and tests, at the path /mcp or on stdio' \
'version:Prints the name, the version and the commit' \
    )
    _describe -t commands 'tunnel-relay commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__audit_commands] )) ||
_tunnel-relay__subcmd__audit_commands() {
    local commands; commands=(
'init:Makes the key file of an audit log' \
    )
    _describe -t commands 'tunnel-relay audit commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__audit__subcmd__init_commands] )) ||
_tunnel-relay__subcmd__audit__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-relay audit init commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__keygen_commands] )) ||
_tunnel-relay__subcmd__keygen_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-relay keygen commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__mcp-stub_commands] )) ||
_tunnel-relay__subcmd__mcp-stub_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-relay mcp-stub commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__serve_commands] )) ||
_tunnel-relay__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-relay serve commands' commands "$@"
}
(( $+functions[_tunnel-relay__subcmd__version_commands] )) ||
_tunnel-relay__subcmd__version_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-relay version commands' commands "$@"
}

if [ "$funcstack[1]" = "_tunnel-relay" ]; then
    _tunnel-relay "$@"
else
    compdef _tunnel-relay tunnel-relay
fi
