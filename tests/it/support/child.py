# What every stdio server of the tests begins with; its own script follows.
import json, os, signal, sys, threading, time

record = open(os.path.join(sys.argv[1], "pipe"), "a", buffering=1)
starts = os.path.join(sys.argv[1], "starts")
with open(starts, "a") as file:
    file.write("%d\n" % os.getpid())
generation = len(open(starts).read().split())

def path(name):
    return os.path.join(sys.argv[1], name)

def raw(text):
    sys.stdout.write(text)
    sys.stdout.flush()

def send(message):
    raw(json.dumps(message) + "\n")

def answer(message, result):
    send({"jsonrpc": "2.0", "id": message["id"], "result": result})

def wait_for(name):
    while not os.path.exists(path(name)):
        time.sleep(0.005)

def forever():
    while True:
        signal.pause()

def initialize(message):
    answer(message, {"protocolVersion": "2025-06-18", "capabilities": {},
                     "serverInfo": {"name": "child", "version": str(generation)}})

def on(message):
    if "id" in message and "method" in message:
        answer(message, {"echo": message.get("params"), "generation": generation})

def main():
    quiet = False
    for line in sys.stdin:
        message = json.loads(line)
        method = message.get("method") if isinstance(message, dict) else None
        if method == "initialize":
            quiet = message.get("params", {}).get("clientInfo", {}).get("name") == "introduction"
        if not quiet or method not in ("initialize", "notifications/initialized"):
            record.write(line)
        if method == "initialize":
            initialize(message)
        elif method != "notifications/initialized":
            on(message)
