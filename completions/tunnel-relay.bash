# bash completion for tunnel-relay
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at /usr/share/bash-completion/completions/tunnel-relay
# shellcheck shell=bash

_tunnel_relay() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word plain=()
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    else
        # A value that may be left out follows an equals sign only.
        case $prev in
            '')
                prev=''
                ;;
        esac
    fi
    _tunnel__relay "${COMP_WORDS[0]}" "$cur" "$prev"
    # Flags are offered after a dash, or when there is nothing else.
    [[ $cur != -* ]] || return 0
    for word in "${COMPREPLY[@]}"; do
        [[ $word == -* ]] || plain+=("$word")
    done
    [[ -z ${plain[*]} ]] || COMPREPLY=("${plain[@]}")
}

_tunnel__relay() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="tunnel__relay"
                ;;
            tunnel__relay,audit)
                cmd="tunnel__relay__subcmd__audit"
                ;;
            tunnel__relay,keygen)
                cmd="tunnel__relay__subcmd__keygen"
                ;;
            tunnel__relay,mcp-stub)
                cmd="tunnel__relay__subcmd__mcp__subcmd__stub"
                ;;
            tunnel__relay,serve)
                cmd="tunnel__relay__subcmd__serve"
                ;;
            tunnel__relay,version)
                cmd="tunnel__relay__subcmd__version"
                ;;
            tunnel__relay__subcmd__audit,init)
                cmd="tunnel__relay__subcmd__audit__subcmd__init"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        tunnel__relay)
            opts="-h -V --help --version serve keygen audit mcp-stub version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__audit)
            opts="-h --help init"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__audit__subcmd__init)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__keygen)
            opts="-h --name --scopes --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --name)
                    COMPREPLY=()
                    return 0
                    ;;
                --scopes)
                    COMPREPLY=()
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__mcp__subcmd__stub)
            opts="-h --listen --url-file --unix-socket --stdio --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --listen)
                    COMPREPLY=()
                    return 0
                    ;;
                --url-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --unix-socket)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__serve)
            opts="-h --listen --tls-cert --tls-key --client-ca --require-client-cert --keys-file --tunnels-file --tunnel --url-file --allow-host --allow-origin --call-timeout --max-connections --max-anonymous-per-address --reload-check-interval --audit-file --audit-key-file --audit-on-failure --audit-anchor-every --log-format --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --listen)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls-cert)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --tls-key)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --client-ca)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --keys-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --tunnels-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --tunnel)
                    COMPREPLY=()
                    return 0
                    ;;
                --url-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --allow-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-origin)
                    COMPREPLY=()
                    return 0
                    ;;
                --call-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --max-connections)
                    COMPREPLY=()
                    return 0
                    ;;
                --max-anonymous-per-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload-check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --audit-key-file)
                    _tunnel_relay_files -f
                    return 0
                    ;;
                --audit-on-failure)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit-anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=()
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__relay__subcmd__version)
            opts="-h --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
    esac
}

_tunnel_relay_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

complete -F _tunnel_relay tunnel-relay
