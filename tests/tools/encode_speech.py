"""Encodes one recording as speech servers do, into mp3 of every kind, and decodes each with FFmpeg.

usage: encode_speech.py SOURCE.wav OUT_DIR

Writes `<name>.mp3` and, for each, `<name>.f32`: the mean of its channels at its own rate, 32-bit little-endian floats. The encoder is
LAME, the decoder FFmpeg's, both through PyAV and independent of what is tested. Nothing that this script writes is ever committed.
"""

import itertools
import pathlib
import sys

import av
import numpy as np
from encode_fixtures import encode

# What a server writes that cannot go back in its output: no description of the frames, no tags.
BARE = {"write_xing": "0", "id3v2_version": "0"}
FULL = {}
BOTH_TAGS = {"write_id3v1": "1"}

# name, rate, layout, bit rate, encoder options, muxer options. MPEG-1 from 32 kHz on, MPEG-2 from 16 kHz on, MPEG-2.5 below.
VARIANTS = [
    ("8k-mono-16", 8000, "mono", 16000, {}, FULL),
    ("11k-stereo-32", 11025, "stereo", 32000, {}, FULL),
    ("16k-mono-48", 16000, "mono", 48000, {}, BOTH_TAGS),
    ("22k-mono-64", 22050, "mono", 64000, {}, FULL),
    ("24k-mono-48-bare", 24000, "mono", 48000, {}, BARE),
    ("24k-mono-160", 24000, "mono", 160000, {}, FULL),
    ("24k-stereo-vbr", 24000, "stereo", 0, {"q": 4}, FULL),
    ("24k-mono-abr-bare", 24000, "mono", 64000, {"abr": "1"}, BARE),
    ("32k-stereo-320", 32000, "stereo", 320000, {}, FULL),
    ("44k-stereo-128", 44100, "stereo", 128000, {"joint_stereo": "1"}, BOTH_TAGS),
    ("44k-stereo-192-apart", 44100, "stereo", 192000, {"joint_stereo": "0"}, BARE),
    ("48k-mono-vbr", 48000, "mono", 0, {"q": 2}, FULL),
    ("48k-mono-64-no-reservoir", 48000, "mono", 64000, {"reservoir": "0"}, FULL),
]


def decode(path):
    """The mean of the channels."""
    with av.open(str(path)) as container:
        converter = av.AudioResampler(format="fltp")
        frames = container.decode(audio=0)
        parts = [part.to_ndarray() for frame in itertools.chain(frames, [None]) for part in converter.resample(frame)]
    return np.concatenate(parts, axis=1).mean(axis=0)


def main(source, out_dir):
    for name, rate, layout, bit_rate, options, muxer in VARIANTS:
        path = out_dir / f"{name}.mp3"
        encode(source, path, "libmp3lame", rate, layout, "s16p", bit_rate, options, muxer)
        decode(path).astype("<f4").tofile(out_dir / f"{name}.f32")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
