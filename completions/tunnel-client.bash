# bash completion for tunnel-client
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at /usr/share/bash-completion/completions/tunnel-client, or: source <(tunnel-client completion bash)
# shellcheck shell=bash

_tunnel_client() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word plain=()
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    else
        # A value that may be left out follows an equals sign only.
        case $prev in
            '' | \
            --version | \
            --lockdown.require-proxy | \
            --lockdown.require-bundle-trust | \
            --lockdown.require-client-cert | \
            --mcp.stdio-send-initialized-notification | \
            --mcp.pass-error-text | \
            --log.http-raw-unsafe | \
            --health.show-details | \
            --admin-ui.enabled | \
            --allow-remote-ui | \
            --open-web-ui | \
            --harpoon.allow-plaintext-http | \
            --harpoon.capture-payloads | \
            --harpoon.hosts-include-loopback | \
            --harpoon.hosts-include-private | \
            --embedded-mcp-stub | \
            --embedded-stateless-mcp-stub | \
            --force | \
            --explain | \
            --json | \
            --sandbox | \
            --start-stdio | \
            --require-control-plane-poll | \
            --watch | \
            --all | \
            --confirm | \
            --offline)
                prev=''
                ;;
        esac
    fi
    _tunnel__client "${COMP_WORDS[0]}" "$cur" "$prev"
    # Flags are offered after a dash, or when there is nothing else.
    [[ $cur != -* ]] || return 0
    for word in "${COMPREPLY[@]}"; do
        [[ $word == -* ]] || plain+=("$word")
    done
    [[ -z ${plain[*]} ]] || COMPREPLY=("${plain[@]}")
}

_tunnel__client() {
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
                cmd="tunnel__client"
                ;;
            tunnel__client,admin)
                cmd="tunnel__client__subcmd__admin"
                ;;
            tunnel__client,audit)
                cmd="tunnel__client__subcmd__audit"
                ;;
            tunnel__client,completion)
                cmd="tunnel__client__subcmd__completion"
                ;;
            tunnel__client,config)
                cmd="tunnel__client__subcmd__config"
                ;;
            tunnel__client,doctor)
                cmd="tunnel__client__subcmd__doctor"
                ;;
            tunnel__client,health)
                cmd="tunnel__client__subcmd__health"
                ;;
            tunnel__client,help)
                cmd="tunnel__client__subcmd__help"
                ;;
            tunnel__client,init)
                cmd="tunnel__client__subcmd__init"
                ;;
            tunnel__client,logs)
                cmd="tunnel__client__subcmd__logs"
                ;;
            tunnel__client,profiles)
                cmd="tunnel__client__subcmd__profiles"
                ;;
            tunnel__client,run)
                cmd="tunnel__client__subcmd__run"
                ;;
            tunnel__client,status)
                cmd="tunnel__client__subcmd__status"
                ;;
            tunnel__client,support)
                cmd="tunnel__client__subcmd__support"
                ;;
            tunnel__client,version)
                cmd="tunnel__client__subcmd__version"
                ;;
            tunnel__client__subcmd__admin,tunnels)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels"
                ;;
            tunnel__client__subcmd__admin__subcmd__tunnels,create)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__create"
                ;;
            tunnel__client__subcmd__admin__subcmd__tunnels,delete)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__delete"
                ;;
            tunnel__client__subcmd__admin__subcmd__tunnels,get)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__get"
                ;;
            tunnel__client__subcmd__admin__subcmd__tunnels,list)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__list"
                ;;
            tunnel__client__subcmd__admin__subcmd__tunnels,update)
                cmd="tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__update"
                ;;
            tunnel__client__subcmd__audit,init)
                cmd="tunnel__client__subcmd__audit__subcmd__init"
                ;;
            tunnel__client__subcmd__audit,verify)
                cmd="tunnel__client__subcmd__audit__subcmd__verify"
                ;;
            tunnel__client__subcmd__completion,bash)
                cmd="tunnel__client__subcmd__completion__subcmd__bash"
                ;;
            tunnel__client__subcmd__completion,fish)
                cmd="tunnel__client__subcmd__completion__subcmd__fish"
                ;;
            tunnel__client__subcmd__completion,zsh)
                cmd="tunnel__client__subcmd__completion__subcmd__zsh"
                ;;
            tunnel__client__subcmd__config,check)
                cmd="tunnel__client__subcmd__config__subcmd__check"
                ;;
            tunnel__client__subcmd__config,show)
                cmd="tunnel__client__subcmd__config__subcmd__show"
                ;;
            tunnel__client__subcmd__logs,explain)
                cmd="tunnel__client__subcmd__logs__subcmd__explain"
                ;;
            tunnel__client__subcmd__profiles,add)
                cmd="tunnel__client__subcmd__profiles__subcmd__add"
                ;;
            tunnel__client__subcmd__profiles,edit)
                cmd="tunnel__client__subcmd__profiles__subcmd__edit"
                ;;
            tunnel__client__subcmd__profiles,list)
                cmd="tunnel__client__subcmd__profiles__subcmd__list"
                ;;
            tunnel__client__subcmd__profiles,samples)
                cmd="tunnel__client__subcmd__profiles__subcmd__samples"
                ;;
            tunnel__client__subcmd__profiles__subcmd__samples,list)
                cmd="tunnel__client__subcmd__profiles__subcmd__samples__subcmd__list"
                ;;
            tunnel__client__subcmd__profiles__subcmd__samples,show)
                cmd="tunnel__client__subcmd__profiles__subcmd__samples__subcmd__show"
                ;;
            tunnel__client__subcmd__support,export)
                cmd="tunnel__client__subcmd__support__subcmd__export"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        tunnel__client)
            opts="-v -h --version --help run init doctor health status profiles config audit admin logs support help completion version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --version)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                -v)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin)
            opts="-h --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help tunnels"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels)
            opts="-h --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help create list get update delete"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__create)
            opts="-h --name --description --organization-id --workspace-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --name)
                    COMPREPLY=()
                    return 0
                    ;;
                --description)
                    COMPREPLY=()
                    return 0
                    ;;
                --organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --workspace-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__delete)
            opts="-h --confirm --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --confirm)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__get)
            opts="-h --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__list)
            opts="-h --organization-id --workspace-id --tenant-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --workspace-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --tenant-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__admin__subcmd__tunnels__subcmd__update)
            opts="-h --name --description --organization-id --workspace-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --name)
                    COMPREPLY=()
                    return 0
                    ;;
                --description)
                    COMPREPLY=()
                    return 0
                    ;;
                --organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --workspace-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__audit)
            opts="-h --help init verify"
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
        tunnel__client__subcmd__audit__subcmd__init)
            opts="-h --copy --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --copy)
                    _tunnel_client_files -f
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__audit__subcmd__verify)
            opts="-h --key --anchor --from --json --help FILE-NAMES"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --anchor)
                    COMPREPLY=()
                    return 0
                    ;;
                --from)
                    COMPREPLY=()
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__completion)
            opts="-h --help bash zsh fish"
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
        tunnel__client__subcmd__completion__subcmd__bash)
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
        tunnel__client__subcmd__completion__subcmd__fish)
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
        tunnel__client__subcmd__completion__subcmd__zsh)
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
        tunnel__client__subcmd__config)
            opts="-h --help show check"
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
        tunnel__client__subcmd__config__subcmd__check)
            opts="-h --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__config__subcmd__show)
            opts="-h --all --json --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --all)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__doctor)
            opts="-h --explain --json --sandbox --start-stdio --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --explain)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --sandbox)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --start-stdio)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__health)
            opts="-h --url --url-file --port --pid --pid-file --require-control-plane-poll --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --url)
                    COMPREPLY=()
                    return 0
                    ;;
                --url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --port)
                    COMPREPLY=()
                    return 0
                    ;;
                --pid)
                    COMPREPLY=()
                    return 0
                    ;;
                --pid-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --require-control-plane-poll)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__help)
            opts="-h --help doctor hardening oauth quickstart samples troubleshooting run init health status profiles config audit admin logs support help completion version"
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
        tunnel__client__subcmd__init)
            opts="-h --profile --sample --profile-dir --force --tunnel-id --control-plane-base-url --control-plane-url-path --control-plane-api-key-ref --ca-bundle --mcp-server-url --mcp-command --health-listen-addr --open-web-ui --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --sample)
                    mapfile -t COMPREPLY < <(compgen -W "sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr" -- "${cur}")
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --force)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane-base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane-url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane-api-key-ref)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp-server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp-command)
                    COMPREPLY=()
                    return 0
                    ;;
                --health-listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__logs)
            opts="-h --help explain"
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
        tunnel__client__subcmd__logs__subcmd__explain)
            opts="-h --log --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --log)
                    _tunnel_client_files -f
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles)
            opts="-h --profile-dir --help list add edit samples"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__add)
            opts="-h --from-file --sample --tunnel-id --mcp-server-url --mcp-command --force --profile-dir --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --from-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --sample)
                    mapfile -t COMPREPLY < <(compgen -W "sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr" -- "${cur}")
                    return 0
                    ;;
                --tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp-server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp-command)
                    COMPREPLY=()
                    return 0
                    ;;
                --force)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__edit)
            opts="-h --profile-dir --help $(_tunnel_client_profile_names)"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__list)
            opts="-h --json --profile-dir --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__samples)
            opts="-h --profile-dir --help list show"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__samples__subcmd__list)
            opts="-h --json --profile-dir --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__profiles__subcmd__samples__subcmd__show)
            opts="-h --profile-dir --help sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__run)
            opts="-h --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --embedded-mcp-stub --embedded-stateless-mcp-stub --embedded-mcp-listen-addr --embedded-mcp-unix-socket --embedded-mcp-server-name --embedded-mcp-server-version --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --embedded-mcp-stub)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --embedded-stateless-mcp-stub)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --embedded-mcp-listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --embedded-mcp-unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --embedded-mcp-server-name)
                    COMPREPLY=()
                    return 0
                    ;;
                --embedded-mcp-server-version)
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
        tunnel__client__subcmd__status)
            opts="-h --url --url-file --port --unix-socket --watch --json --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --url)
                    COMPREPLY=()
                    return 0
                    ;;
                --url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --port)
                    COMPREPLY=()
                    return 0
                    ;;
                --unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --watch)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --json)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__support)
            opts="-h --help export"
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
        tunnel__client__subcmd__support__subcmd__export)
            opts="-h --output --url --url-file --port --offline --config --profile --profile-file --profile-dir --control-plane.base-url --control-plane.url-path --control-plane.tunnel-id --control-plane.organization-id --control-plane.api-key --control-plane.client-cert --control-plane.client-key --control-plane.http-proxy --control-plane.max-inflight --control-plane.poll-timeout --control-plane.initial-poll-timeout --control-plane.poll-deadline-guardrail --control-plane.poll-channel --control-plane.extra-headers --ca-bundle --http-proxy --tls.trust --tls.min-version --proxy.ca-bundle --proxy.client-cert --proxy.client-key --proxy.check-interval --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --lockdown.allowed-network --lockdown.allowed-host --connection.resolve-timeout --connection.connect-timeout --connection.tls-timeout --connection.proxy-timeout --reload.check-interval --mcp.server-url --mcp.command --mcp.http-proxy --mcp.client-cert --mcp.client-key --mcp.extra-headers --mcp.discovery-extra-headers --mcp.pass-env --mcp.stdio-send-initialized-notification --mcp.pass-error-text --mcp.startup-wait-timeout --mcp.connection-max-ttl --mcp.first-byte-timeout --mcp.idle-timeout --mcp.max-concurrent-requests --log.level --log.format --log.file --log.target --log.syslog-address --log.syslog-facility --log.syslog-client-cert --log.syslog-client-key --log.http-raw-unsafe --health.listen-addr --health.unix-socket --health.url-file --health.allowed-host --health.show-details --pid.file --audit.file --audit.key-file --audit.on-failure --audit.anchor-every --audit.forward --audit.forward-backlog --audit.syslog-address --audit.syslog-facility --process.user --process.server-user --hardening.mode --hardening.discovery-port --admin-ui.enabled --admin-ui.token --allow-remote-ui --open-web-ui --admin-ui.log-buffer-events --harpoon.target --harpoon.allow-plaintext-http --harpoon.max-response-bytes --harpoon.max-redirects --harpoon.http-proxy --harpoon.additional-transport --harpoon.capture-payloads --harpoon.hosts-include-suffix --harpoon.hosts-include-regex --harpoon.hosts-include-loopback --harpoon.hosts-include-private --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
                return 0
            fi
            case "${prev}" in
                --output)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --url)
                    COMPREPLY=()
                    return 0
                    ;;
                --url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --port)
                    COMPREPLY=()
                    return 0
                    ;;
                --offline)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --config)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile)
                    mapfile -t COMPREPLY < <(compgen -W "$(_tunnel_client_profile_names)" -- "${cur}")
                    return 0
                    ;;
                --profile-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --profile-dir)
                    _tunnel_client_files -d
                    return 0
                    ;;
                --control-plane.base-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.url-path)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.tunnel-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.organization-id)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.api-key)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --control-plane.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.max-inflight)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.initial-poll-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-deadline-guardrail)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.poll-channel)
                    COMPREPLY=()
                    return 0
                    ;;
                --control-plane.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.trust)
                    COMPREPLY=()
                    return 0
                    ;;
                --tls.min-version)
                    COMPREPLY=()
                    return 0
                    ;;
                --proxy.ca-bundle)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --proxy.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.require-proxy)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-bundle-trust)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.require-client-cert)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --lockdown.allowed-network)
                    COMPREPLY=()
                    return 0
                    ;;
                --lockdown.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.resolve-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.connect-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.tls-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --connection.proxy-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --reload.check-interval)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.server-url)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.command)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --mcp.extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.discovery-extra-headers)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.pass-env)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.stdio-send-initialized-notification)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.pass-error-text)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --mcp.startup-wait-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.connection-max-ttl)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.first-byte-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.idle-timeout)
                    COMPREPLY=()
                    return 0
                    ;;
                --mcp.max-concurrent-requests)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.level)
                    mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "${cur}")
                    return 0
                    ;;
                --log.format)
                    mapfile -t COMPREPLY < <(compgen -W "struct-text json" -- "${cur}")
                    return 0
                    ;;
                --log.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.target)
                    mapfile -t COMPREPLY < <(compgen -W "stream journald syslog" -- "${cur}")
                    return 0
                    ;;
                --log.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --log.syslog-client-cert)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.syslog-client-key)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --log.http-raw-unsafe)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --health.listen-addr)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.unix-socket)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.url-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --health.allowed-host)
                    COMPREPLY=()
                    return 0
                    ;;
                --health.show-details)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --pid.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.key-file)
                    _tunnel_client_files -f
                    return 0
                    ;;
                --audit.on-failure)
                    mapfile -t COMPREPLY < <(compgen -W "block drop-and-count" -- "${cur}")
                    return 0
                    ;;
                --audit.anchor-every)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.forward)
                    mapfile -t COMPREPLY < <(compgen -W "none journald syslog" -- "${cur}")
                    return 0
                    ;;
                --audit.forward-backlog)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-address)
                    COMPREPLY=()
                    return 0
                    ;;
                --audit.syslog-facility)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.user)
                    COMPREPLY=()
                    return 0
                    ;;
                --process.server-user)
                    COMPREPLY=()
                    return 0
                    ;;
                --hardening.mode)
                    mapfile -t COMPREPLY < <(compgen -W "enforce best-effort off" -- "${cur}")
                    return 0
                    ;;
                --hardening.discovery-port)
                    COMPREPLY=()
                    return 0
                    ;;
                --admin-ui.enabled)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.token)
                    COMPREPLY=()
                    return 0
                    ;;
                --allow-remote-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --open-web-ui)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --admin-ui.log-buffer-events)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.target)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.allow-plaintext-http)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.max-response-bytes)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.max-redirects)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.http-proxy)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.additional-transport)
                    mapfile -t COMPREPLY < <(compgen -W "http-streamable" -- "${cur}")
                    return 0
                    ;;
                --harpoon.capture-payloads)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-suffix)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-regex)
                    COMPREPLY=()
                    return 0
                    ;;
                --harpoon.hosts-include-loopback)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                --harpoon.hosts-include-private)
                    mapfile -t COMPREPLY < <(compgen -W "true false" -- "${cur}")
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "${opts}" -- "${cur}")
            return 0
            ;;
        tunnel__client__subcmd__version)
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

_tunnel_client_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_tunnel_client_profile_names() {
    local file folder folders=("${TUNNEL_CLIENT_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/tunnel-client}")
    [[ ${folders[0]} == "$HOME/.config/tunnel-client" ]] && folders+=("$HOME/.tunnel-client")
    for folder in "${folders[@]}"; do
        for file in "$folder"/*.yaml; do
            file=${file##*/} file=${file%.yaml}
            # Names that no profile can have are not offered.
            [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] && printf '%s\n' "$file"
        done
    done
}

complete -F _tunnel_client tunnel-client
