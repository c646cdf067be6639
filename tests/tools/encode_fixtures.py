"""Encodes one recording into every format that `ingest` accepts, or decodes such files with FFmpeg.

    encode_fixtures.py SOURCE.wav OUT_DIR
    encode_fixtures.py --decode IN_DIR OUT_DIR

The first form writes the files and `manifest.json`, a list of {file, container, codec, sample_rate_hz, n_channels, lossless}: what
`ingest` must say about each. The second form writes `<file>.f32` for each file of such a folder: the mean of its channels at its own
rate, 32-bit little-endian floats. Encoders and decoders are those of PyAV (FFmpeg, LAME, libopus), independent of what is tested.

Nothing that this script writes is ever committed.
"""

import fractions
import itertools
import json
import pathlib
import sys

import av
import numpy as np

# name, encoder, rate, layout, sample format
LOSSLESS = [
    ("wav-u8-16k-mono.wav", "pcm_u8", 16000, "mono", "u8"),
    ("wav-s16-16k-mono.wav", "pcm_s16le", 16000, "mono", "s16"),
    ("wav-s16-8k-mono.wav", "pcm_s16le", 8000, "mono", "s16"),
    ("wav-s16-44k-stereo.wav", "pcm_s16le", 44100, "stereo", "s16"),
    ("wav-s24-extensible-48k-stereo.wav", "pcm_s24le", 48000, "stereo", "s32"),
    ("wav-s32-48k-mono.wav", "pcm_s32le", 48000, "mono", "s32"),
    ("wav-f32-48k-mono.wav", "pcm_f32le", 48000, "mono", "flt"),
    ("wav-f64-96k-mono.wav", "pcm_f64le", 96000, "mono", "dbl"),
    ("wav-alaw-16k-mono.wav", "pcm_alaw", 16000, "mono", "s16"),
    ("wav-mulaw-16k-mono.wav", "pcm_mulaw", 16000, "mono", "s16"),
    ("flac-s16-16k-mono.flac", "flac", 16000, "mono", "s16"),
    ("flac-s24-48k-stereo.flac", "flac", 48000, "stereo", "s32"),
]

# name, codec, encoder, rate, layout, sample format, bit rate, encoder options, muxer options
LOSSY = [
    ("mp3-cbr-16k-mono.mp3", "mp3", "libmp3lame", 16000, "mono", "s16p", 64000, {}, {}),
    ("mp3-cbr-44k-stereo.mp3", "mp3", "libmp3lame", 44100, "stereo", "s16p", 128000, {}, {}),
    ("mp3-vbr-48k-mono.mp3", "mp3", "libmp3lame", 48000, "mono", "s16p", 0, {"q": 2}, {}),
    ("mp3-bare-24k-mono.mp3", "mp3", "libmp3lame", 24000, "mono", "s16p", 64000, {}, {"write_xing": "0", "id3v2_version": "0"}),
    ("vorbis-48k-stereo.ogg", "vorbis", "vorbis", 48000, "stereo", "fltp", 192000, {"strict": "-2"}, {}),
    ("vorbis-44k-stereo.ogg", "vorbis", "vorbis", 44100, "stereo", "fltp", 192000, {"strict": "-2"}, {}),
    ("aac-48k-mono.m4a", "aac", "aac", 48000, "mono", "fltp", 96000, {}, {}),
    ("aac-44k-stereo.m4a", "aac", "aac", 44100, "stereo", "fltp", 128000, {}, {}),
    ("aac-16k-mono-faststart.m4a", "aac", "aac", 16000, "mono", "fltp", 48000, {}, {"movflags": "faststart"}),
    ("aac-48k-mono-fragmented.m4a", "aac", "aac", 48000, "mono", "fltp", 96000, {}, {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}),
]

# As a browser's MediaRecorder writes: a live stream without duration and index, with clusters of unknown size (see forget_cluster_sizes).
LIVE = {"live": "1", "cluster_time_limit": "1000"}

# name, layout, bit rate, encoder options, containers. Opus picks its mode by bit rate, frame length and application.
OPUS = [
    ("opus-silk-12k-mono", "mono", 12000, {"application": "voip", "frame_duration": "60"}, ["ogg"]),
    ("opus-hybrid-32k-mono", "mono", 32000, {"application": "voip", "frame_duration": "20"}, ["ogg", "webm", "live.webm"]),
    ("opus-celt-64k-mono", "mono", 64000, {"application": "lowdelay", "frame_duration": "10"}, ["ogg"]),
    ("opus-celt-128k-stereo", "stereo", 128000, {"application": "lowdelay", "frame_duration": "2.5"}, ["ogg", "live.webm"]),
    ("opus-audio-96k-stereo", "stereo", 96000, {"application": "audio", "frame_duration": "20"}, ["ogg", "live.webm"]),
    ("opus-dtx-16k-mono", "mono", 16000, {"application": "voip", "frame_duration": "20", "dtx": "1"}, ["ogg", "webm"]),
    ("opus-cbr-24k-stereo", "stereo", 24000, {"application": "voip", "frame_duration": "40", "vbr": "off"}, ["ogg", "webm"]),
]

CONTAINERS = {"m4a": "mp4", "mp3": "mp3", "ogg": "ogg", "wav": "wav", "flac": "flac", "webm": "webm"}


def encode(source, path, encoder, rate, layout, sample_format, bit_rate=0, options=None, muxer=None):
    """Decodes `source`, converts it and writes it to `path`."""
    container = CONTAINERS[path.suffix[1:]]
    options = dict(options or {})
    with av.open(str(source)) as original, av.open(str(path), "w", format=container, options=dict(muxer or {})) as out:
        stream = out.add_stream(encoder, rate=rate)
        context = stream.codec_context
        context.layout = layout
        context.format = sample_format
        if bit_rate:
            context.bit_rate = bit_rate
        if "q" in options:
            context.qscale = True
            context.global_quality = options.pop("q") * 118  # FF_QP2LAMBDA
        context.options = options
        context.open(strict=False)
        converter = av.AudioResampler(format=sample_format, layout=layout, rate=rate, frame_size=context.frame_size or 0)
        n_samples = 0
        for frame in itertools.chain(original.decode(audio=0), [None]):
            for converted in converter.resample(frame):
                # Counted here: some encoders write what the resampler guesses into the file.
                converted.pts, converted.time_base = n_samples, fractions.Fraction(1, rate)
                n_samples += converted.samples
                out.mux(stream.encode(converted))
        out.mux(stream.encode(None))


def forget_cluster_sizes(path):
    """Marks the size of every cluster of a WebM file as unknown, in as many bytes as it has."""
    data = bytearray(path.read_bytes())
    header, segment, cluster = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
    at = 0
    while at < len(data):
        n_id = 9 - data[at].bit_length()
        name = bytes(data[at : at + n_id])
        n_size = 9 - data[at + n_id].bit_length()
        body = at + n_id + n_size
        ones = (1 << 7 * n_size) - 1
        size = int.from_bytes(data[at + n_id : body], "big") & ones
        if name == cluster:
            data[at + n_id : body] = ((1 << 7 * n_size) | ones).to_bytes(n_size, "big")
        at = body if name == segment else body + size
    assert data.startswith(header)
    path.write_bytes(data)


def encode_all(source, out_dir):
    manifest = []

    def add(name, codec, rate, layout, lossless):
        container = CONTAINERS[name.rsplit(".", 1)[1]]
        n_channels = {"mono": 1, "stereo": 2}[layout]
        manifest.append(
            {"file": name, "container": container, "codec": codec, "sample_rate_hz": rate, "n_channels": n_channels, "lossless": lossless}
        )

    for name, encoder, rate, layout, sample_format in LOSSLESS:
        encode(source, out_dir / name, encoder, rate, layout, sample_format)
        add(name, "flac" if encoder == "flac" else "pcm", rate, layout, True)
    for name, codec, encoder, rate, layout, sample_format, bit_rate, options, muxer in LOSSY:
        encode(source, out_dir / name, encoder, rate, layout, sample_format, bit_rate, options, muxer)
        add(name, codec, rate, layout, False)
    for stem, layout, bit_rate, options, extensions in OPUS:
        for extension in extensions:
            name = f"{stem}.{extension}"
            muxer = LIVE if extension == "live.webm" else {}
            encode(source, out_dir / name, "libopus", 48000, layout, "flt", bit_rate, options, muxer)
            if extension == "live.webm":
                forget_cluster_sizes(out_dir / name)
            add(name, "opus", 48000, layout, False)
    (out_dir / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def decode_all(in_dir, out_dir):
    for entry in json.loads((in_dir / "manifest.json").read_text(encoding="utf-8")):
        with av.open(str(in_dir / entry["file"])) as container:
            converter = av.AudioResampler(format="fltp")
            stream = container.streams.audio[0]
            # FFmpeg's own SILK decoder resamples with another delay than the reference decoder, which is the measure here.
            reference = av.CodecContext.create("libopus", "r") if entry["codec"] == "opus" else stream.codec_context
            reference.extradata = stream.codec_context.extradata
            decoded = itertools.chain.from_iterable(reference.decode(packet) for packet in container.demux(stream))
            frames = [part.to_ndarray() for frame in decoded for part in converter.resample(frame)]
        np.concatenate(frames, axis=1).mean(axis=0).astype("<f4").tofile(out_dir / f"{entry['file']}.f32")


if __name__ == "__main__":
    decode = sys.argv[1:2] == ["--decode"]
    paths = [pathlib.Path(argument) for argument in sys.argv[2 if decode else 1 :]]
    if len(paths) != 2:
        sys.exit(__doc__)
    paths[1].mkdir(parents=True, exist_ok=True)
    (decode_all if decode else encode_all)(*paths)
