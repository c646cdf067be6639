"""llama.cpp's own server on a model: a real OpenAI-compatible chat endpoint for the tests.

    python chat_server.py MODEL.gguf PORT

Prints `ready http://127.0.0.1:PORT` when it answers, and serves until it is killed.
"""

import json
import sys
import time
import urllib.request

import xllamacpp


def main(model: str, port: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 4096
    # Two answers at one time have half of the context each.
    params.n_parallel = 2
    params.cpuparams.n_threads = 2
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    server = xllamacpp.Server(params)
    base = f"http://127.0.0.1:{port}"
    # Loading goes on in the background; `/health` says when it is done. The tests give up before this does.
    while True:
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=5) as answer:
                if json.load(answer).get("status") == "ok":
                    break
        except OSError:
            pass
        time.sleep(0.1)
    print(f"ready {base}", flush=True)
    while server:
        time.sleep(3600)


if __name__ == "__main__":
    main(*sys.argv[1:])
