#compdef tunnel-client
# zsh completion for tunnel-client
# Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.
# Put it into a folder of $fpath, as _tunnel-client.

_tunnel_client_profile_names() {
    local -a names
    local folder=${TUNNEL_CLIENT_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/tunnel-client}
    names=($folder/*.yaml(N:t:r))
    [[ $folder == $HOME/.config/tunnel-client ]] && names+=($HOME/.tunnel-client/*.yaml(N:t:r))
    compadd -a names
}

autoload -U is-at-least

_tunnel-client() {
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
'-v+[Print the version]::true|false:(true false)' \
'--version=-[Print the version]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client_commands" \
"*::: :->tunnel-client" \
&& ret=0
    case $state in
    (tunnel-client)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'--embedded-mcp-stub=-[Serve a small MCP server to try things with on channel main, in place of mcp.server-url]::true|false:(true false)' \
'--embedded-stateless-mcp-stub=-[The same without sessions, in place of any server of channel main]::true|false:(true false)' \
'--embedded-mcp-listen-addr=[Loopback address of the stub; port 0 lets the kernel choose \[default\: 127.0.0.1\:0\]]:ADDRESS:' \
'--embedded-mcp-unix-socket=[Unix socket of the stub, instead of an address]:PATH:_files' \
'--embedded-mcp-server-name=[Name of the stub \[default\: mcp-stub\]]:NAME:' \
'--embedded-mcp-server-version=[Version of the stub \[default\: 0.1.0\]]:VERSION:' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(init)
_arguments "${_arguments_options[@]}" : \
'--profile=[Name of the profile \[default\: sample_mcp_with_dcr\]]:NAME:_tunnel_client_profile_names' \
'--sample=[Sample to fill; \`tunnel-client profiles samples list\` shows them \[default\: sample_mcp_stdio_local for a command, else sample_mcp_with_dcr\]]:NAME:(sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr)' \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'--force=-[Replace the profile if it exists]::true|false:(true false)' \
'--tunnel-id=[Id of the tunnel, required]:ID:' \
'--control-plane-base-url=[Scheme, host and port of the control plane \[default\: https\://api.openai.com\]]:URL:' \
'--control-plane-url-path=[Prefix of the control plane'\''s paths]:PATH:' \
'--control-plane-api-key-ref=[Where the runtime key is kept\: env\:NAME, file\:PATH or credential\:NAME \[default\: env\:CONTROL_PLANE_API_KEY\]]:REFERENCE:' \
'--ca-bundle=[PEM file of further certificate authorities to trust, such as the one of a relay of your own]:PATH:_files' \
'--mcp-server-url=[MCP server over HTTP]:URL:' \
'--mcp-command=[MCP server over stdio\: a program with its arguments]:COMMAND:' \
'--health-listen-addr=[Address of the health listener \[default\: 127.0.0.1\:8080\]]:HOST\:PORT:' \
'--open-web-ui=-[Log the address of the status page when the daemon starts]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
'--explain=-[Say why each step that did not pass matters, what was seen, and what to do]::true|false:(true false)' \
'--json=-[Print the report as JSON]::true|false:(true false)' \
'--sandbox=-[Try to get out of the sandbox, in every way there is a probe for, and print what became of it]::true|false:(true false)' \
'--start-stdio=-[Start the stdio MCP servers too, to see whether they answer]::true|false:(true false)' \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(health)
_arguments "${_arguments_options[@]}" : \
'--url=[Base URL of the health listener\: http\://, https\:// or http+unix\://]:URL:' \
'--url-file=[File that the daemon writes its URL to (health.url_file)]:PATH:_files' \
'--port=[Port of the health listener on 127.0.0.1]:PORT:' \
'--pid=[Check that this process is running]:PID:' \
'--pid-file=[Check that the process in this file is running (process.pid_file)]:PATH:_files' \
'--require-control-plane-poll=-[Fail unless a poll of the control plane has succeeded]::true|false:(true false)' \
'--json=-[Print JSON]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'--url=[Base URL of the health listener\: http\://, https\:// or http+unix\://]:URL:' \
'--url-file=[File that the daemon writes its URL to (health.url_file)]:PATH:_files' \
'--port=[Port of the health listener on 127.0.0.1]:PORT:' \
'--unix-socket=[Unix socket of the health listener]:PATH:_files' \
'--watch=-[Show it again every 2 s, until interrupted]::true|false:(true false)' \
'--json=-[Print JSON]::true|false:(true false)' \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(profiles)
_arguments "${_arguments_options[@]}" : \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__profiles_commands" \
"*::: :->profiles" \
&& ret=0

    case $state in
    (profiles)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-profiles-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--json=-[Print JSON]::true|false:(true false)' \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(add)
_arguments "${_arguments_options[@]}" : \
'--from-file=[Configuration file to copy]:PATH:_files' \
'--sample=[Sample to fill]:NAME:(sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr)' \
'--tunnel-id=[Id of the tunnel, for a sample]:ID:' \
'--mcp-server-url=[MCP server over HTTP, for a sample]:URL:' \
'--mcp-command=[MCP server over stdio, for a sample]:COMMAND:' \
'--force=-[Replace the profile if it exists]::true|false:(true false)' \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- :' \
&& ret=0
;;
(edit)
_arguments "${_arguments_options[@]}" : \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- :_tunnel_client_profile_names' \
&& ret=0
;;
(samples)
_arguments "${_arguments_options[@]}" : \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__profiles__subcmd__samples_commands" \
"*::: :->samples" \
&& ret=0

    case $state in
    (samples)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-profiles-samples-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--json=-[Print JSON]::true|false:(true false)' \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--profile-dir=[Directory of the profiles \[env\: TUNNEL_CLIENT_PROFILE_DIR\]]:DIRECTORY:_files -/' \
'-h[Print help]' \
'--help[Print help]' \
'::name -- :(sample_mcp_enterprise_proxy sample_mcp_remote_no_auth sample_mcp_stdio_local sample_mcp_with_dcr)' \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(config)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__config_commands" \
"*::: :->config" \
&& ret=0

    case $state in
    (config)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-config-command-$line[1]:"
        case $line[1] in
            (show)
_arguments "${_arguments_options[@]}" : \
'--all=-[Show settings without a value and those without effect, too]::true|false:(true false)' \
'--json=-[Print JSON]::true|false:(true false)' \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
;;
(audit)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__audit_commands" \
"*::: :->audit" \
&& ret=0

    case $state in
    (audit)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-audit-command-$line[1]:"
        case $line[1] in
            (init)
_arguments "${_arguments_options[@]}" : \
'--copy=[New file for the initial key, instead of standard output]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
':key-file -- :' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'--key=[File with the initial key]:FILE:_files' \
'*--anchor=[Number and seal of a record that must be there; repeatable]:COUNT\:HEAD:' \
'--from=[Number and seal of the record that the files begin after, or of one in them]:COUNT\:HEAD:' \
'--json=-[Print JSON]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
'*::files -- :_files' \
&& ret=0
;;
        esac
    ;;
esac
;;
(admin)
_arguments "${_arguments_options[@]}" : \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__admin_commands" \
"*::: :->admin" \
&& ret=0

    case $state in
    (admin)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-admin-command-$line[1]:"
        case $line[1] in
            (tunnels)
_arguments "${_arguments_options[@]}" : \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__admin__subcmd__tunnels_commands" \
"*::: :->tunnels" \
&& ret=0

    case $state in
    (tunnels)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-admin-tunnels-command-$line[1]:"
        case $line[1] in
            (create)
_arguments "${_arguments_options[@]}" : \
'--name=[Name, for people (required)]:TEXT:' \
'--description=[Description, for people (required)]:TEXT:' \
'*--organization-id=[Organization that it belongs to; repeatable]:ID:' \
'*--workspace-id=[Workspace that it belongs to; repeatable]:ID:' \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'*--organization-id=[Organization whose tunnels are listed]:ID:' \
'*--workspace-id=[Workspace whose tunnels are listed]:ID:' \
'*--tenant-id=[Tenant whose tunnels are listed]:ID:' \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(get)
_arguments "${_arguments_options[@]}" : \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
'::tunnel_id -- Id of the tunnel\: tunnel_ and 32 lower-case letters or digits:' \
&& ret=0
;;
(update)
_arguments "${_arguments_options[@]}" : \
'--name=[New name]:TEXT:' \
'--description=[New description]:TEXT:' \
'*--organization-id=[Organization that it belongs to; repeatable]:ID:' \
'*--workspace-id=[Workspace that it belongs to; repeatable]:ID:' \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
'::tunnel_id -- Id of the tunnel\: tunnel_ and 32 lower-case letters or digits:' \
&& ret=0
;;
(delete)
_arguments "${_arguments_options[@]}" : \
'--confirm=-[Really delete it]::true|false:(true false)' \
'--admin-key=[Where the admin API key is kept, never the key itself \[env\: OPENAI_ADMIN_KEY\]]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'--json=-[Print JSON, errors included]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
'::tunnel_id -- Id of the tunnel\: tunnel_ and 32 lower-case letters or digits:' \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(logs)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__logs_commands" \
"*::: :->logs" \
&& ret=0

    case $state in
    (logs)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-logs-command-$line[1]:"
        case $line[1] in
            (explain)
_arguments "${_arguments_options[@]}" : \
'*--log=[Log to search, repeatable; - is standard input]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
':id -- Id of the request, by the control plane or by its caller:' \
&& ret=0
;;
        esac
    ;;
esac
;;
(support)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__support_commands" \
"*::: :->support" \
&& ret=0

    case $state in
    (support)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-support-command-$line[1]:"
        case $line[1] in
            (export)
_arguments "${_arguments_options[@]}" : \
'--output=[File to write, which must not exist; - is standard output \[default\: tunnel-client-logs-TIME.tar.gz\]]:FILE:_files' \
'--url=[Base URL of the health listener of the running process]:URL:' \
'--url-file=[File that the running process wrote its URL to]:PATH:_files' \
'--port=[Port of the health listener on 127.0.0.1]:PORT:' \
'--offline=-[Contact nobody but the running process\: leave out doctor]::true|false:(true false)' \
'--config=[Configuration file to read, YAML or JSON]:PATH:_files' \
'--profile=[Profile to read\: NAME.yaml in the profile directory]:NAME:_tunnel_client_profile_names' \
'--profile-file=[Profile to read, by its path\: NAME.yaml]:PATH:_files' \
'--profile-dir=[Where profiles are kept, instead of \$XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client]:DIR:_files -/' \
'--control-plane.base-url=[Scheme, host and port of the control plane]:URL:' \
'--control-plane.url-path=[Put before the path of every control plane request]:/PATH:' \
'--control-plane.tunnel-id=[The tunnel to serve (required)]:ID:' \
'--control-plane.organization-id=[Organization, sent as the header OpenAI-Organization]:ID:' \
'--control-plane.api-key=[Where the runtime API key is kept, never the key itself (required)]:env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.client-cert=[PEM file of the client certificate and its chain, for the control plane]:PATH:_files' \
'--control-plane.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--control-plane.http-proxy=[Proxy for the control plane, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--control-plane.max-inflight=[Commands that may wait in the local queue]:N:' \
'--control-plane.poll-timeout=[How long the control plane may hold one poll open]:DURATION:' \
'--control-plane.initial-poll-timeout=[How long the control plane may hold the first poll open, if that is less than the poll timeout]:DURATION:' \
'--control-plane.poll-deadline-guardrail=[Waited on top of the poll timeout before a poll is given up]:DURATION:' \
'*--control-plane.poll-channel=[Channel to poll for; repeatable or with commas; unset\: the control plane chooses]:CHANNEL:' \
'*--control-plane.extra-headers=[Header of every control plane request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'--ca-bundle=[PEM file of certificate authorities to trust besides the built-in ones and the system'\''s]:PATH:_files' \
'--http-proxy=[Proxy for every connection that has none of its own]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--tls.trust=[Exactly these sets of authorities are trusted; repeatable or with commas]:SET:' \
'--tls.min-version=[The oldest version of TLS that is spoken]:1.2|1.3:' \
'--proxy.ca-bundle=[PEM file of the only certificate authorities that are trusted for proxies over TLS]:PATH:_files' \
'--proxy.client-cert=[PEM file of the client certificate and its chain, for proxies over TLS]:PATH:_files' \
'--proxy.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'--proxy.check-interval=[Time between checks of the proxies]:DURATION:' \
'--lockdown.require-proxy=-[Nothing leaves this host but through a proxy]::true|false:(true false)' \
'--lockdown.require-bundle-trust=-[Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS]::true|false:(true false)' \
'--lockdown.require-client-cert=-[The control plane is shown a client certificate]::true|false:(true false)' \
'*--lockdown.allowed-network=[Networks in which MCP servers may be; repeatable or with commas]:CIDR:' \
'*--lockdown.allowed-host=[Exact names of the MCP servers that may be behind a proxy; repeatable or with commas]:HOST:' \
'--connection.resolve-timeout=[The most time that resolving a name may take]:DURATION:' \
'--connection.connect-timeout=[The most time that connecting to a host may take, over all of its addresses]:DURATION:' \
'--connection.tls-timeout=[The most time that a TLS handshake may take]:DURATION:' \
'--connection.proxy-timeout=[The most time that a proxy may take to open a tunnel]:DURATION:' \
'--reload.check-interval=[Time between looks at the files of keys, certificates and proxies; 0 is never]:DURATION:' \
'*--mcp.server-url=[MCP server spoken to over HTTP; repeatable, one line each in the variable]:URL|channel=NAME,url=URL[,unix-socket=PATH]:' \
'*--mcp.command=[MCP server run as a child process; repeatable, one line each in the variable]:COMMAND|channel=NAME,command=COMMAND:' \
'--mcp.http-proxy=[Proxy for MCP servers, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'--mcp.client-cert=[PEM file of the client certificate and its chain, for MCP servers without one of their own]:PATH:_files' \
'--mcp.client-key=[PEM file of the private key of that certificate]:PATH:_files' \
'*--mcp.extra-headers=[Header of every request to MCP servers; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.discovery-extra-headers=[Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable]:NAME\: VALUE:' \
'*--mcp.pass-env=[Further environment variables for child processes; repeatable or with commas]:NAME|PREFIX*:' \
'--mcp.stdio-send-initialized-notification=-[Write notifications/initialized to child processes after a successful initialize]::true|false:(true false)' \
'--mcp.pass-error-text=-[Repeat to the caller what an MCP server says in an error that cannot be passed on as it is]::true|false:(true false)' \
'--mcp.startup-wait-timeout=[How long polling waits at start for the main MCP server; 0 is not at all]:DURATION:' \
'--mcp.connection-max-ttl=[The most time one command may take on the MCP side]:DURATION:' \
'--mcp.first-byte-timeout=[How long an MCP server may take to begin its answer to a request over HTTP]:DURATION:' \
'--mcp.idle-timeout=[How long an MCP server may be silent inside an answer over HTTP]:DURATION:' \
'--mcp.max-concurrent-requests=[Commands that may run at once, over all channels]:N:' \
'--log.level=[The least important lines that are written; anything but info needs a format or a file]:debug|info|warn|error:(debug info warn error)' \
'--log.format=[Form of log lines on stdout; unset\: plain text on stderr]:struct-text|json:(struct-text json)' \
'--log.file=[File that log lines are appended to, instead of stdout]:PATH:_files' \
'--log.target=[Where log lines go\: a standard stream or log.file, journald, or a syslog server]:stream|journald|syslog:(stream journald syslog)' \
'--log.syslog-address=[Syslog server for log.target syslog]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--log.syslog-facility=[Facility of syslog messages]:NAME:' \
'--log.syslog-client-cert=[PEM file of the client certificate and its chain, for a syslog server with tls\://]:PATH:_files' \
'--log.syslog-client-key=[PEM file of the private key of log.syslog_client_cert]:PATH:_files' \
'--log.http-raw-unsafe=-[Log requests and answers as they are]::true|false:(true false)' \
'--health.listen-addr=[Where health and metrics are served; port 0 picks a free one]:HOST\:PORT:' \
'--health.unix-socket=[Unix socket that health and metrics are served on, instead of TCP]:PATH:_files' \
'--health.url-file=[File that receives the URL of the health listener once it is bound]:PATH:_files' \
'*--health.allowed-host=[Further host names that requests to the health listener may use; repeatable or with commas]:HOST:' \
'--health.show-details=-[Show every component at /health unless the request says otherwise]::true|false:(true false)' \
'--pid.file=[File that receives the process id]:PATH:_files' \
'--audit.file=[File that one record for each command is appended to; unset\: no audit log]:PATH:_files' \
'--audit.key-file=[Key file that seals the records of the audit log into a chain; made by tunnel-client audit init]:PATH:_files' \
'--audit.on-failure=[What happens to commands while their records cannot be written]:block|drop-and-count:(block drop-and-count)' \
'--audit.anchor-every=[Records after which number and seal of the last one are written to the log]:N:' \
'--audit.forward=[Where the records of audit.file are sent as well\: journald, or a syslog server]:none|journald|syslog:(none journald syslog)' \
'--audit.forward-backlog=[Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone]:N:' \
'--audit.syslog-address=[Syslog server for audit.forward syslog; unset\: that of log.syslog_address]:SOCKET|tcp\://HOST\:PORT|tls\://HOST\:PORT:' \
'--audit.syslog-facility=[Facility of the records of the audit log; unset\: log.syslog_facility]:NAME:' \
'--process.user=[User that the client becomes after it has started as root]:USER:' \
'--process.server-user=[User that stdio MCP servers run as when the client was started as root]:USER:' \
'--hardening.mode=[What happens when the kernel cannot apply a layer of the sandbox]:enforce|best-effort|off:(enforce best-effort off)' \
'*--hardening.discovery-port=[TCP ports of servers whose addresses are learnt at run time; repeatable or with commas]:PORT:' \
'--admin-ui.enabled=-[Serve the status page and its data at the health listener]::true|false:(true false)' \
'--admin-ui.token=[Where the token for the data of the status page is kept, never the token itself]:env\:NAME|file\:PATH|credential\:NAME:' \
'--allow-remote-ui=-[Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr]::true|false:(true false)' \
'--open-web-ui=-[Log the address of the status page at start; no program is started]::true|false:(true false)' \
'--admin-ui.log-buffer-events=[Log lines kept for the status page, at most 1 MiB of them]:N:' \
'*--harpoon.target=[Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable]:label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]:' \
'--harpoon.allow-plaintext-http=-[Allow targets without TLS]::true|false:(true false)' \
'--harpoon.max-response-bytes=[The largest answer of a target, in bytes]:N:' \
'--harpoon.max-redirects=[Redirects followed between targets]:N:' \
'--harpoon.http-proxy=[Proxy for targets, instead of http-proxy]:URL|env\:NAME|file\:PATH|credential\:NAME:' \
'*--harpoon.additional-transport=[Serve the channel on the health listener too; repeatable or with commas]:http-streamable:(http-streamable)' \
'--harpoon.capture-payloads=-[Keep bodies of calls for the status page]::true|false:(true false)' \
'*--harpoon.hosts-include-suffix=[Host suffix that counts as internal; repeatable or with commas]:SUFFIX:' \
'*--harpoon.hosts-include-regex=[Pattern of hosts that count as internal; repeatable or with commas]:REGEX:' \
'--harpoon.hosts-include-loopback=-[Loopback hosts count as internal]::true|false:(true false)' \
'--harpoon.hosts-include-private=-[Private addresses count as internal]::true|false:(true false)' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
;;
(help)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::topic -- :(doctor hardening oauth quickstart samples troubleshooting run init health status profiles config audit admin logs support help completion version)' \
&& ret=0
;;
(completion)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_tunnel-client__subcmd__completion_commands" \
"*::: :->completion" \
&& ret=0

    case $state in
    (completion)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:tunnel-client-completion-command-$line[1]:"
        case $line[1] in
            (bash)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(zsh)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(fish)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
        esac
    ;;
esac
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

(( $+functions[_tunnel-client_commands] )) ||
_tunnel-client_commands() {
    local commands; commands=(
'run:Serve the tunnel until told to stop' \
'init:Write a profile from a sample' \
'doctor:Check every step from here to the control plane and MCP servers' \
'health:Ask a running daemon how it is' \
'status:Show how a running daemon is\: hops, channels, last calls' \
'profiles:List, add, edit profiles; show the samples' \
'config:Check or show the configuration, with the source of each value' \
'audit:Make the key of an audit log, or verify its files' \
'admin:Create, list and change tunnels with an admin key' \
'logs:Explain what the log says' \
'support:Gather what is needed to help' \
'help:Print the help of a command or on a topic' \
'completion:Print the completions of a shell' \
'version:Print the name, the version and the commit' \
    )
    _describe -t commands 'tunnel-client commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin_commands] )) ||
_tunnel-client__subcmd__admin_commands() {
    local commands; commands=(
'tunnels:Create, list, read, change and delete tunnels' \
    )
    _describe -t commands 'tunnel-client admin commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels_commands() {
    local commands; commands=(
'create:Create a tunnel' \
'list:List the tunnels of an organization, a workspace or a tenant' \
'get:Read one tunnel; the runtime key is enough' \
'update:Change a tunnel' \
'delete:Delete a tunnel' \
    )
    _describe -t commands 'tunnel-client admin tunnels commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__create_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__create_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client admin tunnels create commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__delete_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__delete_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client admin tunnels delete commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__get_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__get_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client admin tunnels get commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__list_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client admin tunnels list commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__update_commands] )) ||
_tunnel-client__subcmd__admin__subcmd__tunnels__subcmd__update_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client admin tunnels update commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__audit_commands] )) ||
_tunnel-client__subcmd__audit_commands() {
    local commands; commands=(
'init:Make the key file of an audit log' \
'verify:Verify the files of an audit log, the oldest first' \
    )
    _describe -t commands 'tunnel-client audit commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__audit__subcmd__init_commands] )) ||
_tunnel-client__subcmd__audit__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client audit init commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__audit__subcmd__verify_commands] )) ||
_tunnel-client__subcmd__audit__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client audit verify commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__completion_commands] )) ||
_tunnel-client__subcmd__completion_commands() {
    local commands; commands=(
'bash:Print the completions of bash' \
'zsh:Print the completions of zsh' \
'fish:Print the completions of fish' \
    )
    _describe -t commands 'tunnel-client completion commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__completion__subcmd__bash_commands] )) ||
_tunnel-client__subcmd__completion__subcmd__bash_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client completion bash commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__completion__subcmd__fish_commands] )) ||
_tunnel-client__subcmd__completion__subcmd__fish_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client completion fish commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__completion__subcmd__zsh_commands] )) ||
_tunnel-client__subcmd__completion__subcmd__zsh_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client completion zsh commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__config_commands] )) ||
_tunnel-client__subcmd__config_commands() {
    local commands; commands=(
'show:Show every setting with its value and its source; secrets stay hidden' \
'check:Check offline whether run would take the configuration; for ExecReload= and CI' \
    )
    _describe -t commands 'tunnel-client config commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__config__subcmd__check_commands] )) ||
_tunnel-client__subcmd__config__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client config check commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__config__subcmd__show_commands] )) ||
_tunnel-client__subcmd__config__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client config show commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__doctor_commands] )) ||
_tunnel-client__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client doctor commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__health_commands] )) ||
_tunnel-client__subcmd__health_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client health commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__help_commands] )) ||
_tunnel-client__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client help commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__init_commands] )) ||
_tunnel-client__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client init commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__logs_commands] )) ||
_tunnel-client__subcmd__logs_commands() {
    local commands; commands=(
'explain:Explain what became of one request' \
    )
    _describe -t commands 'tunnel-client logs commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__logs__subcmd__explain_commands] )) ||
_tunnel-client__subcmd__logs__subcmd__explain_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client logs explain commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles_commands] )) ||
_tunnel-client__subcmd__profiles_commands() {
    local commands; commands=(
'list:List the profiles' \
'add:Add a profile from a file or a sample' \
'edit:Edit a profile with \$VISUAL or \$EDITOR; what does not validate is not saved' \
'samples:Show the samples that profiles are made from' \
    )
    _describe -t commands 'tunnel-client profiles commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__add_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client profiles add commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__edit_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__edit_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client profiles edit commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__list_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client profiles list commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__samples_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__samples_commands() {
    local commands; commands=(
'list:List the samples' \
'show:Show a sample\: what it is for, what it needs, what it writes' \
    )
    _describe -t commands 'tunnel-client profiles samples commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__samples__subcmd__list_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__samples__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client profiles samples list commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__profiles__subcmd__samples__subcmd__show_commands] )) ||
_tunnel-client__subcmd__profiles__subcmd__samples__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client profiles samples show commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__run_commands] )) ||
_tunnel-client__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client run commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__status_commands] )) ||
_tunnel-client__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client status commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__support_commands] )) ||
_tunnel-client__subcmd__support_commands() {
    local commands; commands=(
'export:Write an archive that may be attached to a public ticket' \
    )
    _describe -t commands 'tunnel-client support commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__support__subcmd__export_commands] )) ||
_tunnel-client__subcmd__support__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client support export commands' commands "$@"
}
(( $+functions[_tunnel-client__subcmd__version_commands] )) ||
_tunnel-client__subcmd__version_commands() {
    local commands; commands=()
    _describe -t commands 'tunnel-client version commands' commands "$@"
}

if [ "$funcstack[1]" = "_tunnel-client" ]; then
    _tunnel-client "$@"
else
    compdef _tunnel-client tunnel-client
fi
