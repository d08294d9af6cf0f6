# fish completion for tunnel-client
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it at ~/.config/fish/completions/tunnel-client.fish.

function __fish_tunnel_client_at --description 'Whether the command that is being typed is one of the arguments'
    set -l command ''
    for word in (commandline -opc)[2..-1]
        switch (string trim -- "$command $word")
            case 'run' 'init' 'doctor' 'health' 'profiles' 'config' 'config show' 'admin' 'admin tunnels' 'admin tunnels create' 'admin tunnels list' 'admin tunnels get' 'admin tunnels update' 'admin tunnels delete' 'help' 'completion'
                set command (string trim -- "$command $word")
        end
    end
    contains -- "$command" $argv
end

complete -c tunnel-client -f

function __fish_tunnel_client_profile_names --description 'The names of the profiles'
    set -l folder $TUNNEL_CLIENT_PROFILE_DIR
    if test -z "$folder"
        set folder $XDG_CONFIG_HOME/tunnel-client
        test -n "$XDG_CONFIG_HOME"; or set folder ~/.config/tunnel-client
    end
    for file in $folder/*.yaml
        # Names that no profile can have are not offered.
        string match -r -g '/([A-Za-z0-9][A-Za-z0-9._-]*)\.yaml$' -- $file
    end
end

complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a run -d 'Serve the tunnel until told to stop'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a init -d 'Write a profile from a sample'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a doctor -d 'Check every step between here, the control plane and the MCP servers'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a health -d 'Ask a running daemon how it is'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a profiles -d 'List, add, edit profiles; show the samples'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a config -d 'Show the effective configuration and where each value comes from'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a admin -d 'Create, list and change tunnels with an admin key'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a help -d 'Print the help of a command or on a topic'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -a completion -d 'Print the completions of a shell'
complete -c tunnel-client -n '__fish_tunnel_client_at "config"' -a show -d 'Show every setting with its value and its source; secrets stay hidden'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin"' -a tunnels -d 'Create, list, read, change and delete tunnels'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels"' -a create -d 'Create a tunnel'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels"' -a list -d 'List the tunnels of an organization, a workspace or a tenant'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels"' -a get -d 'Read one tunnel; the runtime key is enough'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels"' -a update -d 'Change a tunnel'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels"' -a delete -d 'Delete a tunnel'
complete -c tunnel-client -n '__fish_tunnel_client_at "help"' -a 'doctor hardening oauth quickstart samples troubleshooting'
complete -c tunnel-client -n '__fish_tunnel_client_at ""' -s v -l version -d 'Print the version'
complete -c tunnel-client -n '__fish_tunnel_client_at "" "run" "init" "doctor" "health" "profiles" "config" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete" "help" "completion"' -s h -l help -d 'Print help'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l config -r -F -d 'Configuration file to read, YAML or JSON'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l profile -r -a '(__fish_tunnel_client_profile_names)' -d 'Profile to read: NAME.yaml in the profile directory'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l profile-file -r -F -d 'Profile to read, by its path: NAME.yaml'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l profile-dir -r -a '(__fish_complete_directories)' -d 'Where profiles are kept, instead of $XDG_CONFIG_HOME/tunnel-client or ~/.config/tunnel-client'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l control-plane.base-url -x -d 'Scheme, host and port of the control plane'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l control-plane.url-path -x -d 'Put before the path of every control plane request'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.tunnel-id -x -d 'The tunnel to serve (required)'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.organization-id -x -d 'Organization, sent as the header OpenAI-Organization'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.api-key -x -d 'Where the runtime API key is kept, never the key itself (required)'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l control-plane.client-cert -r -F -d 'PEM file of the client certificate and its chain, for the control plane'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l control-plane.client-key -r -F -d 'PEM file of the private key of that certificate'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l control-plane.http-proxy -x -d 'Proxy for the control plane, instead of http-proxy'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.max-inflight -x -d 'Commands that may wait in the local queue'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.poll-timeout -x -d 'How long the control plane may hold one poll open'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.poll-deadline-guardrail -x -d 'Waited on top of the poll timeout before a poll is given up'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.poll-channel -x -d 'Channel to poll for; repeatable or with commas; unset: the control plane chooses'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l control-plane.extra-headers -x -d 'Header of every control plane request; repeatable, with , or ; between them in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l ca-bundle -r -F -d 'PEM file of certificate authorities to trust besides the built-in ones'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show" "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l http-proxy -x -d 'Proxy for every connection that has none of its own'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l proxy.check-interval -x -d 'Time between checks of the proxies'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.server-url -x -d 'MCP server spoken to over HTTP; repeatable, one line each in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.command -x -d 'MCP server run as a child process; repeatable, one line each in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.http-proxy -x -d 'Proxy for MCP servers, instead of http-proxy'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.client-cert -r -F -d 'PEM file of the client certificate and its chain, for MCP servers without one of their own'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.client-key -r -F -d 'PEM file of the private key of that certificate'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.extra-headers -x -d 'Header of every request to MCP servers; repeatable, with , or ; between them in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.discovery-extra-headers -x -d 'Header of every OAuth discovery request; repeatable, with , or ; between them in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.pass-env -x -d 'Further environment variables for child processes; repeatable or with commas'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.stdio-send-initialized-notification -a 'true false' -d 'Write notifications/initialized to child processes after a successful initialize'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.startup-wait-timeout -x -d 'How long polling waits at start for the main MCP server; 0 is not at all'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.connection-max-ttl -x -d 'The most time one command may take on the MCP side'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l mcp.max-concurrent-requests -x -d 'Commands that may run at once, over all channels'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l log.level -r -a 'debug info warn error' -d 'The least important lines that are written; anything but info needs a format or a file'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l log.format -r -a 'struct-text json' -d 'Form of log lines on stdout; unset: plain text on stderr'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l log.file -r -F -d 'File that log lines are appended to, instead of stdout'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l log.http-raw-unsafe -a 'true false' -d 'Accepted for old profiles'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l health.listen-addr -x -d 'Where health and metrics are served; port 0 picks a free one'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l health.unix-socket -r -F -d 'Unix socket that health and metrics are served on, instead of TCP'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l health.url-file -r -F -d 'File that receives the URL of the health listener once it is bound'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l pid.file -r -F -d 'File that receives the process id'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l allow-remote-ui -a 'true false' -d 'Let other hosts open the web page'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l open-web-ui -a 'true false' -d 'Print the address of the web page; no program is started'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l admin-ui.log-buffer-events -x -d 'Log lines kept for the web page'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.target -x -d 'Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.allow-plaintext-http -a 'true false' -d 'Allow targets without TLS'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.max-response-bytes -x -d 'The largest answer of a target, in bytes'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.max-redirects -x -d 'Redirects followed between targets'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.http-proxy -x -d 'Proxy for targets, instead of http-proxy'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.additional-transport -r -a 'http-streamable' -d 'Serve the channel on the health listener too; repeatable or with commas'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.capture-payloads -a 'true false' -d 'Keep bodies of calls for the web page'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.hosts-include-suffix -x -d 'Host suffix that counts as internal; repeatable or with commas'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.hosts-include-regex -x -d 'Pattern of hosts that count as internal; repeatable or with commas'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.hosts-include-loopback -a 'true false' -d 'Loopback hosts count as internal'
complete -c tunnel-client -n '__fish_tunnel_client_at "run" "config show"' -l harpoon.hosts-include-private -a 'true false' -d 'Private addresses count as internal'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l url -x -d 'Base URL of the health listener: http://, https:// or http+unix://'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l url-file -r -F -d 'File that the daemon writes its URL to (health.url_file)'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l port -x -d 'Port of the health listener on 127.0.0.1'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l pid -x -d 'Check that this process is running'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l pid-file -r -F -d 'Check that the process in this file is running (process.pid_file)'
complete -c tunnel-client -n '__fish_tunnel_client_at "health"' -l require-control-plane-poll -a 'true false' -d 'Fail unless a poll of the control plane has succeeded'
complete -c tunnel-client -n '__fish_tunnel_client_at "health" "config show"' -l json -a 'true false' -d 'Print JSON'
complete -c tunnel-client -n '__fish_tunnel_client_at "config show"' -l all -a 'true false' -d 'Show settings without a value and those without effect, too'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l admin-key -x -d 'Where the admin API key is kept, never the key itself [env: OPENAI_ADMIN_KEY]'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin" "admin tunnels" "admin tunnels create" "admin tunnels list" "admin tunnels get" "admin tunnels update" "admin tunnels delete"' -l json -a 'true false' -d 'Print JSON, errors included'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels create"' -l name -x -d 'Name, for people (required)'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels create"' -l description -x -d 'Description, for people (required)'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels create" "admin tunnels update"' -l organization-id -x -d 'Organization that it belongs to; repeatable'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels create" "admin tunnels update"' -l workspace-id -x -d 'Workspace that it belongs to; repeatable'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels list"' -l organization-id -x -d 'Organization whose tunnels are listed'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels list"' -l workspace-id -x -d 'Workspace whose tunnels are listed'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels list"' -l tenant-id -x -d 'Tenant whose tunnels are listed'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels update"' -l name -x -d 'New name'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels update"' -l description -x -d 'New description'
complete -c tunnel-client -n '__fish_tunnel_client_at "admin tunnels delete"' -l confirm -a 'true false' -d 'Really delete it'
