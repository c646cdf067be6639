"""Decodes speech with FFmpeg's libraries (PyAV), which the encoders that are tested have nothing in common with.

usage: decode_speech.py FORMAT FILE OUT.wav

FORMAT is the name of a format of the gateway; `pcm` is 24 kHz, signed 16-bit little-endian. OUT.wav is mono at the rate of the file.
Prints the codec that was found and the rate.
"""

import sys
import wave

import av
import numpy as np


def main(kind: str, path: str, out: str) -> None:
    bare = {"format": "s16le", "options": {"sample_rate": "24000"}} if kind == "pcm" else {}
    with av.open(path, **bare) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.layout.nb_channels == 1, "not mono"
        rate = stream.codec_context.sample_rate
        mono = av.AudioResampler(format="s16", layout="mono", rate=rate)
        frames = [piece.to_ndarray() for frame in container.decode(stream) for piece in mono.resample(frame)]
        codec = stream.codec_context.name
    samples = np.concatenate([frame.reshape(-1) for frame in frames])
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    print(codec, rate)


if __name__ == "__main__":
    main(*sys.argv[1:])
