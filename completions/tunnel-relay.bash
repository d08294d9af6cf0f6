# bash completion for tunnel-relay
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at /usr/share/bash-completion/completions/tunnel-relay
# shellcheck shell=bash

_tunnel_relay() {
    local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} command='' equals='' words='' i
    COMPREPLY=()
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == '=' ]]; then
        equals=yes cur=''
    elif [[ $flag == '=' ]]; then
        equals=yes flag=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${COMP_WORDS[i]}" in
            ' serve' | \
                ' keygen' | \
                ' mcp-stub' | \
                ' version')
                command="$command ${COMP_WORDS[i]}"
                ;;
        esac
    done
    case "$equals$command $flag" in
        *' --listen' | \
            *' --tunnel' | \
            *' --allow-host' | \
            *' --allow-origin' | \
            *' --call-timeout' | \
            *' --max-connections' | \
            *' --max-anonymous-per-address' | \
            *' --reload-check-interval' | \
            *' --log-format' | \
            *' --name' | \
            *' --scopes')
            return 0
            ;;
        *' --tls-cert' | \
            *' --tls-key' | \
            *' --client-ca' | \
            *' --keys-file' | \
            *' --tunnels-file' | \
            *' --url-file' | \
            *' --unix-socket')
            __tunnel_relay_files -f
            return 0
            ;;
    esac
    case "$command" in
        '')
            if [[ $cur == -* ]]; then
                words='--help --version'
            else
                words='serve keygen mcp-stub version'
            fi
            ;;
        ' serve')
            words='--listen --tls-cert --tls-key --client-ca --require-client-cert --keys-file --tunnels-file --tunnel --url-file --allow-host --allow-origin --call-timeout --max-connections --max-anonymous-per-address --reload-check-interval --log-format --help'
            ;;
        ' keygen')
            words='--name --scopes --help'
            ;;
        ' mcp-stub')
            words='--listen --url-file --unix-socket --stdio --help'
            ;;
        ' version')
            words='--help'
            ;;
    esac
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

__tunnel_relay_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

complete -F _tunnel_relay tunnel-relay
