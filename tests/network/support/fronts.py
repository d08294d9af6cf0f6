"""nginx in front of the control plane and of the MCP server: a port for each cell, so that logs tell cells apart."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from addresses import Ports
from authority import Pair
from processes import Child, Processes, bare_environment

BINARY = "/usr/sbin/nginx"

GENERAL = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    log_format front '$server_port $remote_addr $ssl_protocol $ssl_client_verify $status $request_method $uri';
    access_log {log} front;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_read_timeout 120s;
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
"""


@dataclass(frozen=True)
class Manner:
    """How a front receives: with which certificate, and what it asks its clients for."""

    pair: Pair | None = None
    client_authority: Path | None = None
    protocols: str = "TLSv1.2 TLSv1.3"


@dataclass(frozen=True)
class Request:
    """A line of the log of a front."""

    source: str
    protocol: str
    verified: str
    """SUCCESS, NONE when no client certificate was shown, or FAILED and why."""
    status: int


@dataclass(frozen=True)
class Front:
    address: str
    """Where it listens, and so where direct connections to it come from."""
    port: int
    origin: str
    log: Path

    def requests(self) -> list[Request]:
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [parse(line) for line in lines if line.startswith(f"{self.port} ")]


class Fronts:
    def __init__(self, folder: Path, ports: Ports, authority: Path) -> None:
        """`authority`: what the certificates of upstreams come from."""
        folder.mkdir()
        self._folder = folder
        self._ports = ports
        self._authority = authority
        self._log = folder / "access.log"
        self._listeners: dict[tuple[str, Manner], list[str]] = {}

    def open(self, upstream: str, manner: Manner, address: str = "127.0.0.1", name: str = "localhost") -> Front:
        """A front for the URL `upstream` that listens on `address` and is reached by `name`."""
        port = self._ports.take()
        self._listeners.setdefault((upstream, manner), []).append(f"{address}:{port}")
        scheme = "https" if manner.pair else "http"
        return Front(address, port, f"{scheme}://{name}:{port}", self._log)

    def start(self, processes: Processes) -> Child:
        configuration = self._folder / "nginx.conf"
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        general = GENERAL.format(folder=self._folder, log=self._log, user=user)
        servers = [self._server(*how, listeners) for how, listeners in self._listeners.items()]
        configuration.write_text(f"{general}{''.join(servers)}}}\n", encoding="utf-8")
        return processes.start("nginx", [BINARY, "-c", str(configuration)], bare_environment())

    def _server(self, upstream: str, manner: Manner, listeners: Sequence[str]) -> str:
        lines = [f"listen {listener}{' ssl' if manner.pair else ''};" for listener in listeners]
        if manner.pair:
            lines += [f"ssl_certificate {manner.pair.certificate};", f"ssl_certificate_key {manner.pair.key};"]
            lines += [f"ssl_protocols {manner.protocols};"]
        if manner.client_authority:
            lines += [f"ssl_client_certificate {manner.client_authority};", "ssl_verify_client on;"]
        host = upstream.split("//")[1]
        lines += [f"proxy_ssl_trusted_certificate {self._authority};"]
        lines += [f"location / {{ proxy_pass {upstream}; proxy_set_header Host {host}; }}"]
        return "    server {\n        " + "\n        ".join(lines) + "\n    }\n"


def parse(line: str) -> Request:
    """`verified` may hold spaces: `FAILED:self-signed certificate`."""
    words = line.split(" ")
    return Request(words[1], words[2], " ".join(words[3:-3]), int(words[-3]))
