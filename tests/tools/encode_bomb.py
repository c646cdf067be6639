"""Writes a FLAC file of SECONDS of silence: an hour fits in a few hundred kilobytes.

usage: encode_bomb.py OUT.flac SECONDS
"""

import sys

import av
import numpy as np


def main(path: str, seconds: int) -> None:
    rate = 48_000
    with av.open(path, "w", format="flac") as out:
        stream = out.add_stream("flac", rate=rate, layout="mono")
        silence = np.zeros((1, rate), dtype=np.int16)
        for second in range(seconds):
            frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            frame.sample_rate = rate
            frame.pts = second * rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
