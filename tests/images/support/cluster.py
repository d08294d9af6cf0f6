"""Pods of the plain manifests, with the Secrets and ConfigMaps that they name, the proxy and the relay."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import ssl
import time
from pathlib import Path
from typing import Any

import containers
from authority import Authority
from call import Session
from containers import Container
from lab import CLIENT_POD, NAMES, PROXY, RELAY_POD, SERVICE, Lab, objects
from manifests import of_kind
from oci import Image
from processes import Child, ProcessFailed, bare_environment
from proxy import Proxy
from volumes import Volume

START_SECONDS = 60.0
POLL_SECONDS = 0.05
ANSWER_BYTES = 1 << 20
TUNNEL = "tunnel_" + "0" * 32
CLIENT_SECRET, CLIENT_CA = "tunnel-client", "tunnel-client-ca"
# The stub stands for the MCP server of each manifest.
STUB = ["/usr/bin/tunnel-relay", "mcp-stub", "--listen", "127.0.0.1:3000"]
STUB_COMMAND = ("/usr/bin/mcp-server --stdio", "/usr/bin/tunnel-relay mcp-stub --stdio")


class Cluster:
    """The relay in its pod, and what is outside of the client's."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.client_keys = [secrets.token_urlsafe(32) for _ in range(2)]
        self._caller_key = secrets.token_urlsafe(32)
        self.authority = Authority.new(folder / "authority", "authority of the test")
        self._names = folder / "hosts"
        lines = [f"{address} {name}" for name, address in NAMES.items()]
        self._names.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]), encoding="utf-8")
        self._stack = contextlib.ExitStack()
        self.proxy = Proxy(PROXY, 3128, NAMES)

    def __enter__(self) -> Cluster:
        self._stack.enter_context(self.lab.processes.scope())
        self._stack.enter_context(self.proxy)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def pod(self, name: str) -> Pod:
        """A pod of packaging/kubernetes/NAME.yaml, which does not run yet."""
        documents = objects(name)
        spec = of_kind(documents, "Deployment")["spec"]["template"]["spec"]
        folder = self.lab.new_folder(name)
        return Pod(self, folder, spec, self._sources(documents))

    def _sources(self, documents: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """Contents of Secrets and ConfigMaps, by their names."""
        # For its name, and for callers that come to the address of the pod.
        pair = self.authority.server("relay", f"DNS:relay.example.com, IP:{RELAY_POD}")
        keys = [f"client{number} read,use {key}" for number, key in enumerate(self.client_keys)]
        sources = {
            CLIENT_CA: {"ca.pem": self.authority.certificate.read_text(encoding="utf-8")},
            "tunnel-relay-tls": {
                "tls.crt": pair.certificate.read_text(encoding="utf-8"),
                "tls.key": pair.key.read_text(encoding="utf-8"),
            },
            "tunnel-relay-keys": {"keys": "\n".join([*keys, f"caller connect {self._caller_key}", ""])},
        }
        for each in documents:
            if each["kind"] == "ConfigMap":
                sources[each["metadata"]["name"]] = {name: text.replace(*STUB_COMMAND) for name, text in each["data"].items()}
        # The Secret and the ConfigMap of the client have one name; a key tells which is meant.
        sources["secret/" + CLIENT_SECRET] = {"api-key": self.client_keys[0]}
        return sources

    def server(self) -> Child:
        """The MCP server behind a Service of the cluster."""
        program = str(self.lab.programs["tunnel-relay"]["amd64"])
        command = [program, "mcp-stub", "--listen", f"{SERVICE}:3000", "--url-file", str(self.folder / "server.url")]
        child = self.lab.processes.start("mcp-server", command, bare_environment())
        child.wait_for_file(self.folder / "server.url", START_SECONDS)
        return child

    def start_relay(self) -> Pod:
        pod = self.pod("relay")
        pod.start()
        pod.wait_for_probe("tunnel-relay", "readinessProbe")
        return pod

    def session(self) -> list[str]:
        """Sends initialize, tools/list and a call through relay and client; returns a line for each unexpected result."""
        url = f"https://{RELAY_POD}:8443/v1/mcp/{TUNNEL}"
        session = Session(url, str(self.authority.certificate), self._caller_key)
        session.open("images")
        if "echo" not in [tool["name"] for tool in session.request("tools/list", {})["tools"]]:
            return ["there is no tool echo"]
        text = secrets.token_hex(8)
        answer = session.call("echo", {"text": text})
        return [] if answer == text else [f"echo answered {answer!r} and not {text!r}"]

    def image(self, reference: str) -> Image:
        """What a manifest names: ours, and the stub as somebody's MCP server."""
        name = reference.split("/")[-1].split(":")[0]
        if name == "mcp-server":
            relay = self.lab.image("tunnel-relay")
            return Image(relay.root, {**relay.configuration, "config": {**relay.configuration["config"], "Entrypoint": STUB, "Cmd": []}})
        if name == "tunnel-client-with-server":
            return self.lab.image_with_server()
        return self.lab.image(name)

    @property
    def names_file(self) -> Path:
        return self._names


class Pod:
    def __init__(self, cluster: Cluster, folder: Path, spec: dict[str, Any], sources: dict[str, dict[str, str]]) -> None:
        self._cluster, self._folder, self.spec = cluster, folder, spec
        self.containers: dict[str, Container] = {}
        self.volumes: dict[str, Volume] = {}
        group = spec["securityContext"]["fsGroup"]
        for each in spec["volumes"]:
            kind = "secret" if "secret" in each else "configMap"
            source = each[kind]["secretName" if kind == "secret" else "name"]
            volume = Volume(folder / f"volume-{each['name']}", each[kind]["defaultMode"], group, kind == "secret")
            volume.write(sources.get(f"{kind}/{source}", sources.get(source, {})))
            self.volumes[each["name"]] = volume

    def start(self, landlock: bool = True) -> None:
        """Sidecars first. `landlock`: whether the runtime lets these calls through."""
        paths = {name: volume.folder for name, volume in self.volumes.items()}
        for each in (*self.spec.get("initContainers", []), *self.spec["containers"]):
            image = self._cluster.image(each["image"])
            self.containers[each["name"]] = containers.start(
                self._cluster.lab.processes, self._folder, image, self.spec, each, paths, self._cluster.names_file, landlock
            )

    def probe(self, container: str, name: str) -> tuple[int, str]:
        """What the kubelet asks, at the address of the pod."""
        described = next(each for each in self.spec["containers"] if each["name"] == container)
        request = described[name]["httpGet"]
        port = next(each["containerPort"] for each in described["ports"] if each["name"] == request["port"])
        return ask(CLIENT_POD if container == "tunnel-client" else RELAY_POD, port, request["path"], request.get("scheme") == "HTTPS")

    def wait_for_probe(self, container: str, name: str) -> None:
        child = self.containers[container].child
        deadline = time.monotonic() + START_SECONDS
        said = "no answer"
        while time.monotonic() < deadline:
            child.check_running()
            try:
                status, said = self.probe(container, name)
            except OSError as error:
                status, said = 0, str(error)
            if status == 200:
                return
            time.sleep(POLL_SECONDS)
        raise ProcessFailed(f"{container}: {name} did not succeed in {START_SECONDS:.0f} s ({said[:200]})", child.log)

    def log(self, container: str = "tunnel-client") -> list[dict[str, Any]]:
        lines = self.containers[container].child.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def ask(address: str, port: int, path: str, is_tls: bool) -> tuple[int, str]:
    """The kubelet does not check certificates."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    kind: Any = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
    connection = kind(address, port, timeout=5, **({"context": tls} if is_tls else {}))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_BYTES).decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(str(error)) from None
    finally:
        connection.close()
