"""An HTTP proxy that opens tunnels by CONNECT, knows the names of the test, and remembers where it was asked to connect."""

from __future__ import annotations

import socket
import socketserver
import threading

HEAD_BYTES = 16 << 10
BLOCK = 64 << 10
SECONDS = 20.0


class Proxy:
    """Serves in threads of its own while the `with` block lasts."""

    def __init__(self, address: str, port: int, names: dict[str, str]) -> None:
        self.asked: list[str] = []
        self.names = names
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                proxy.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Server((address, port), Handler)

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_BYTES:
            block = client.recv(BLOCK)
            if not block:
                return
            head += block
        method, target, *_ = head.split(b" ", 2)
        self.asked.append(f"{method.decode()} {target.decode()}")
        host, _, port = target.decode().rpartition(":")
        if method != b"CONNECT" or host not in self.names:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection((self.names[host], int(port)), SECONDS) as server:
            server.settimeout(None)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Passes bytes on until one of both ends."""
    try:
        while block := source.recv(BLOCK):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
