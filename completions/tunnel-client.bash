# bash completion for tunnel-client
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at /usr/share/bash-completion/completions/tunnel-client, or: source <(tunnel-client completion bash)
# shellcheck shell=bash

_tunnel_client() {
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
            ' run' | \
                ' init' | \
                ' doctor' | \
                ' health' | \
                ' profiles' | \
                ' profiles list' | \
                ' profiles add' | \
                ' profiles edit' | \
                ' profiles samples' | \
                ' profiles samples list' | \
                ' profiles samples show' | \
                ' config' | \
                ' config show' | \
                ' config check' | \
                ' admin' | \
                ' admin tunnels' | \
                ' admin tunnels create' | \
                ' admin tunnels list' | \
                ' admin tunnels get' | \
                ' admin tunnels update' | \
                ' admin tunnels delete' | \
                ' help' | \
                ' completion' | \
                ' completion bash' | \
                ' completion zsh' | \
                ' completion fish' | \
                ' version')
                command="$command ${COMP_WORDS[i]}"
                ;;
        esac
    done
    case "$equals$command $flag" in
        *' --control-plane.base-url' | \
            *' --control-plane.url-path' | \
            *' --control-plane.tunnel-id' | \
            *' --control-plane.organization-id' | \
            *' --control-plane.api-key' | \
            *' --control-plane.http-proxy' | \
            *' --control-plane.max-inflight' | \
            *' --control-plane.poll-timeout' | \
            *' --control-plane.poll-deadline-guardrail' | \
            *' --control-plane.poll-channel' | \
            *' --control-plane.extra-headers' | \
            *' --http-proxy' | \
            *' --tls.trust' | \
            *' --tls.min-version' | \
            *' --proxy.check-interval' | \
            *' --lockdown.allowed-network' | \
            *' --lockdown.allowed-host' | \
            *' --connection.resolve-timeout' | \
            *' --connection.connect-timeout' | \
            *' --connection.tls-timeout' | \
            *' --connection.proxy-timeout' | \
            *' --reload.check-interval' | \
            *' --mcp.server-url' | \
            *' --mcp.command' | \
            *' --mcp.http-proxy' | \
            *' --mcp.extra-headers' | \
            *' --mcp.discovery-extra-headers' | \
            *' --mcp.pass-env' | \
            *' --mcp.startup-wait-timeout' | \
            *' --mcp.connection-max-ttl' | \
            *' --mcp.first-byte-timeout' | \
            *' --mcp.idle-timeout' | \
            *' --mcp.max-concurrent-requests' | \
            *' --health.listen-addr' | \
            *' --health.allowed-host' | \
            *' --process.user' | \
            *' --process.server-user' | \
            *' --hardening.discovery-port' | \
            *' --admin-ui.log-buffer-events' | \
            *' --harpoon.target' | \
            *' --harpoon.max-response-bytes' | \
            *' --harpoon.max-redirects' | \
            *' --harpoon.http-proxy' | \
            *' --harpoon.hosts-include-suffix' | \
            *' --harpoon.hosts-include-regex' | \
            *' --tunnel-id' | \
            *' --control-plane-base-url' | \
            *' --control-plane-url-path' | \
            *' --control-plane-api-key-ref' | \
            *' --mcp-server-url' | \
            *' --mcp-command' | \
            *' --health-listen-addr' | \
            *' --url' | \
            *' --port' | \
            *' --pid' | \
            *' --admin-key' | \
            *' --name' | \
            *' --description' | \
            *' --organization-id' | \
            *' --workspace-id' | \
            *' --tenant-id')
            return 0
            ;;
        *' --config' | \
            *' --profile-file' | \
            *' --control-plane.client-cert' | \
            *' --control-plane.client-key' | \
            *' --ca-bundle' | \
            *' --proxy.ca-bundle' | \
            *' --proxy.client-cert' | \
            *' --proxy.client-key' | \
            *' --mcp.client-cert' | \
            *' --mcp.client-key' | \
            *' --log.file' | \
            *' --health.unix-socket' | \
            *' --health.url-file' | \
            *' --pid.file' | \
            *' --url-file' | \
            *' --pid-file' | \
            *' --from-file')
            __tunnel_client_files -f
            return 0
            ;;
        *' --profile-dir')
            __tunnel_client_files -d
            return 0
            ;;
        *' --profile')
            __tunnel_client_profile_names
            return 0
            ;;
        *' --log.level')
            mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$cur")
            return 0
            ;;
        *' --hardening.mode')
            mapfile -t COMPREPLY < <(compgen -W 'enforce best-effort off' -- "$cur")
            return 0
            ;;
        *' --harpoon.additional-transport')
            mapfile -t COMPREPLY < <(compgen -W 'http-streamable' -- "$cur")
            return 0
            ;;
        *' --sample')
            mapfile -t COMPREPLY < <(compgen -W 'sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr' -- "$cur")
            return 0
            ;;
        *' --log.format')
            mapfile -t COMPREPLY < <(compgen -W 'struct-text json' -- "$cur")
            return 0
            ;;
        yes*' --version' | \
            yes*' --lockdown.require-proxy' | \
            yes*' --lockdown.require-bundle-trust' | \
            yes*' --lockdown.require-client-cert' | \
            yes*' --mcp.stdio-send-initialized-notification' | \
            yes*' --mcp.pass-error-text' | \
            yes*' --log.http-raw-unsafe' | \
            yes*' --allow-remote-ui' | \
            yes*' --open-web-ui' | \
            yes*' --harpoon.allow-plaintext-http' | \
            yes*' --harpoon.capture-payloads' | \
            yes*' --harpoon.hosts-include-loopback' | \
            yes*' --harpoon.hosts-include-private' | \
            yes*' --force' | \
            yes*' --explain' | \
            yes*' --json' | \
            yes*' --sandbox' | \
            yes*' --start-stdio' | \
            yes*' --require-control-plane-poll' | \
            yes*' --all' | \
            yes*' --confirm')
            mapfile -t COMPREPLY < <(compgen -W 'true false' -- "$cur")
            return 0
            ;;
    esac
    local common='--config
        --profile
        --profile-file
        --profile-dir
        --control-plane.base-url
        --control-plane.url-path
        --control-plane.tunnel-id
        --control-plane.organization-id
        --control-plane.api-key
        --control-plane.client-cert
        --control-plane.client-key
        --control-plane.http-proxy
        --control-plane.max-inflight
        --control-plane.poll-timeout
        --control-plane.poll-deadline-guardrail
        --control-plane.poll-channel
        --control-plane.extra-headers
        --ca-bundle
        --http-proxy
        --tls.trust
        --tls.min-version
        --proxy.ca-bundle
        --proxy.client-cert
        --proxy.client-key
        --proxy.check-interval
        --lockdown.require-proxy
        --lockdown.require-bundle-trust
        --lockdown.require-client-cert
        --lockdown.allowed-network
        --lockdown.allowed-host
        --connection.resolve-timeout
        --connection.connect-timeout
        --connection.tls-timeout
        --connection.proxy-timeout
        --reload.check-interval
        --mcp.server-url
        --mcp.command
        --mcp.http-proxy
        --mcp.client-cert
        --mcp.client-key
        --mcp.extra-headers
        --mcp.discovery-extra-headers
        --mcp.pass-env
        --mcp.stdio-send-initialized-notification
        --mcp.pass-error-text
        --mcp.startup-wait-timeout
        --mcp.connection-max-ttl
        --mcp.first-byte-timeout
        --mcp.idle-timeout
        --mcp.max-concurrent-requests
        --log.level
        --log.format
        --log.file
        --log.http-raw-unsafe
        --health.listen-addr
        --health.unix-socket
        --health.url-file
        --health.allowed-host
        --pid.file
        --process.user
        --process.server-user
        --hardening.mode
        --hardening.discovery-port
        --allow-remote-ui
        --open-web-ui
        --admin-ui.log-buffer-events
        --harpoon.target
        --harpoon.allow-plaintext-http
        --harpoon.max-response-bytes
        --harpoon.max-redirects
        --harpoon.http-proxy
        --harpoon.additional-transport
        --harpoon.capture-payloads
        --harpoon.hosts-include-suffix
        --harpoon.hosts-include-regex
        --harpoon.hosts-include-loopback
        --harpoon.hosts-include-private
        --help'
    case "$command" in
        '')
            if [[ $cur == -* ]]; then
                words='--version --help'
            else
                words='run init doctor health profiles config admin help completion version'
            fi
            ;;
        ' run')
            words=$common
            ;;
        ' init')
            words='--profile --sample --profile-dir --force --tunnel-id --control-plane-base-url --control-plane-url-path --control-plane-api-key-ref --ca-bundle --mcp-server-url --mcp-command --health-listen-addr --open-web-ui --help'
            ;;
        ' doctor')
            words="$common --explain --json --sandbox --start-stdio"
            ;;
        ' health')
            words='--url --url-file --port --pid --pid-file --require-control-plane-poll --json --help'
            ;;
        ' profiles')
            if [[ $cur == -* ]]; then
                words='--profile-dir --help'
            else
                words='list add edit samples'
            fi
            ;;
        ' profiles list')
            words='--json --profile-dir --help'
            ;;
        ' profiles add')
            words='--from-file --sample --tunnel-id --mcp-server-url --mcp-command --force --profile-dir --help'
            ;;
        ' profiles edit')
            if [[ $cur == -* ]]; then
                words='--profile-dir --help'
            else
                __tunnel_client_profile_names
            fi
            ;;
        ' profiles samples')
            if [[ $cur == -* ]]; then
                words='--profile-dir --help'
            else
                words='list show'
            fi
            ;;
        ' profiles samples list')
            words='--json --profile-dir --help'
            ;;
        ' profiles samples show')
            if [[ $cur == -* ]]; then
                words='--profile-dir --help'
            else
                words='sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr'
            fi
            ;;
        ' config')
            if [[ $cur == -* ]]; then
                words='--help'
            else
                words='show check'
            fi
            ;;
        ' config show')
            words="$common --all --json"
            ;;
        ' config check')
            words=$common
            ;;
        ' admin')
            if [[ $cur == -* ]]; then
                words='--admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            else
                words='tunnels'
            fi
            ;;
        ' admin tunnels')
            if [[ $cur == -* ]]; then
                words='--admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            else
                words='create list get update delete'
            fi
            ;;
        ' admin tunnels create')
            words='--name --description --organization-id --workspace-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            ;;
        ' admin tunnels list')
            words='--organization-id --workspace-id --tenant-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            ;;
        ' admin tunnels get')
            words='--admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            ;;
        ' admin tunnels update')
            words='--name --description --organization-id --workspace-id --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            ;;
        ' admin tunnels delete')
            words='--confirm --admin-key --control-plane.base-url --control-plane.url-path --ca-bundle --tls.trust --tls.min-version --http-proxy --control-plane.http-proxy --proxy.ca-bundle --proxy.client-cert --proxy.client-key --control-plane.client-cert --control-plane.client-key --lockdown.require-proxy --lockdown.require-bundle-trust --lockdown.require-client-cert --json --help'
            ;;
        ' help')
            if [[ $cur == -* ]]; then
                words='--help'
            else
                words='doctor hardening oauth quickstart samples troubleshooting run init health profiles config admin help completion version'
            fi
            ;;
        ' completion')
            if [[ $cur == -* ]]; then
                words='--help'
            else
                words='bash zsh fish'
            fi
            ;;
        ' completion bash')
            words='--help'
            ;;
        ' completion zsh')
            words='--help'
            ;;
        ' completion fish')
            words='--help'
            ;;
        ' version')
            words='--help'
            ;;
    esac
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

__tunnel_client_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

__tunnel_client_profile_names() {
    local file folder names='' folders=("${TUNNEL_CLIENT_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/tunnel-client}")
    [[ ${folders[0]} == "$HOME/.config/tunnel-client" ]] && folders+=("$HOME/.tunnel-client")
    for folder in "${folders[@]}"; do
        for file in "$folder"/*.yaml; do
            file=${file##*/} file=${file%.yaml}
            # Names that no profile can have are not offered.
            [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] && names+=" $file"
        done
    done
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
}

complete -F _tunnel_client tunnel-client
