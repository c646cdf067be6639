"""How long requests take beside turns that keep every core busy, on any running host.

    python3 neighbour.py http://127.0.0.1:3000 question.wav [turns] [path]

First each request alone, then `turns` spoken turns at one time with a small request (`/health`, or `path`) over and over beside them.
Prints milliseconds: median, largest and number of the small requests, alone and beside, and how long the turns took.
"""

import json
import statistics
import sys
import threading
import time
import urllib.request
import uuid


def call(request):
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=600) as answer:
        body = answer.read()
    return (time.monotonic() - began) * 1000, body


def turn(base, recording):
    mark = uuid.uuid4().hex
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\n'.encode()
        + recording
        + f"\r\n--{mark}--\r\n".encode()
    )
    headers = {"content-type": f"multipart/form-data; boundary={mark}"}
    return call(urllib.request.Request(base + "/process", body, headers))


def summary(times):
    return f"{statistics.median(times):.0f} median, {max(times):.0f} largest of {len(times)}"


def main():
    base, path = sys.argv[1].rstrip("/"), sys.argv[2]
    n_turns = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    small = base + (sys.argv[4] if len(sys.argv) > 4 else "/health")
    with open(path, "rb") as file:
        recording = file.read()

    call(small)
    print("small request alone:", summary([call(small)[0] for _ in range(9)]))
    alone, answer = turn(base, recording)
    answer = json.loads(answer)
    print(f"turn alone: {alone:.0f}  {answer['timing']}  {answer['transcription']!r}")

    turns = []
    threads = [threading.Thread(target=lambda: turns.append(turn(base, recording)[0])) for _ in range(n_turns)]
    for thread in threads:
        thread.start()
    beside = []
    while any(thread.is_alive() for thread in threads):
        beside.append(call(small)[0])
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    print("small request beside:", summary(beside))
    print(f"{n_turns} turns at one time:", summary(turns))


main()
