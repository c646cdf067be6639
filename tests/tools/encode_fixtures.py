"""Encodes one recording into every format that `ingest` accepts.

    encode_fixtures.py SOURCE.wav OUT_DIR

The encoders are FFmpeg's, LAME and libopus as shipped in PyAV: independent of the decoders under test. Everything is written into
OUT_DIR together with `manifest.tsv`, one line for each file: name, container, codec, sample rate in hertz, channels, and the smallest
signal-to-noise ratio in decibels that a decoder should reach against the source ("lossless" where the samples must be equal up to
the resampler, "speech" where the codec is allowed to change the waveform).

Files are made at test time and never committed.
"""

import pathlib
import sys

import av

# name, container, codec of the contract, PyAV encoder, rate, layout, sample format, bit rate, encoder options, muxer options
LOSSLESS = [
    ("wav-u8-16k-mono.wav", "wav", "pcm", "pcm_u8", 16000, "mono", "u8"),
    ("wav-s16-16k-mono.wav", "wav", "pcm", "pcm_s16le", 16000, "mono", "s16"),
    ("wav-s16-8k-mono.wav", "wav", "pcm", "pcm_s16le", 8000, "mono", "s16"),
    ("wav-s16-44k-stereo.wav", "wav", "pcm", "pcm_s16le", 44100, "stereo", "s16"),
    ("wav-s24-48k-stereo.wav", "wav", "pcm", "pcm_s24le", 48000, "stereo", "s32"),
    ("wav-s32-48k-mono.wav", "wav", "pcm", "pcm_s32le", 48000, "mono", "s32"),
    ("wav-f32-48k-mono.wav", "wav", "pcm", "pcm_f32le", 48000, "mono", "flt"),
    ("wav-f64-96k-mono.wav", "wav", "pcm", "pcm_f64le", 96000, "mono", "dbl"),
    ("wav-extensible-48k-5.1.wav", "wav", "pcm", "pcm_s16le", 48000, "5.1", "s16"),
    ("wav-alaw-16k-mono.wav", "wav", "pcm", "pcm_alaw", 16000, "mono", "s16"),
    ("wav-mulaw-16k-mono.wav", "wav", "pcm", "pcm_mulaw", 16000, "mono", "s16"),
    ("flac-s16-16k-mono.flac", "flac", "flac", "flac", 16000, "mono", "s16"),
    ("flac-s24-48k-stereo.flac", "flac", "flac", "flac", 48000, "stereo", "s32"),
]

LOSSY = [
    ("mp3-cbr-16k-mono.mp3", "mp3", "mp3", "libmp3lame", 16000, "mono", "s16p", 64000, {}, {}),
    ("mp3-cbr-44k-stereo.mp3", "mp3", "mp3", "libmp3lame", 44100, "stereo", "s16p", 128000, {}, {}),
    ("mp3-vbr-48k-mono.mp3", "mp3", "mp3", "libmp3lame", 48000, "mono", "s16p", 0, {"q": "2"}, {}),
    ("mp3-noheader-24k-mono.mp3", "mp3", "mp3", "libmp3lame", 24000, "mono", "s16p", 64000, {}, {"write_xing": "0", "id3v2_version": "0"}),
    ("vorbis-48k-stereo.ogg", "ogg", "vorbis", "vorbis", 48000, "stereo", "fltp", 192000, {"strict": "-2"}, {}),
    ("vorbis-44k-stereo.ogg", "ogg", "vorbis", "vorbis", 44100, "stereo", "fltp", 192000, {"strict": "-2"}, {}),
    ("aac-48k-mono.m4a", "mp4", "aac", "aac", 48000, "mono", "fltp", 96000, {}, {}),
    ("aac-44k-stereo.m4a", "mp4", "aac", "aac", 44100, "stereo", "fltp", 128000, {}, {}),
    ("aac-16k-mono-faststart.m4a", "mp4", "aac", "aac", 16000, "mono", "fltp", 48000, {}, {"movflags": "faststart"}),
    ("aac-48k-mono-fragmented.m4a", "mp4", "aac", "aac", 48000, "mono", "fltp", 96000, {}, {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}),
]

# The muxer options of a browser's MediaRecorder: written as a live stream, so clusters of unknown size, no duration and no cues.
LIVE = {"live": "1", "cluster_time_limit": "1000"}
# The three modes of Opus are chosen by rate and application: SILK at low rates, hybrid in the middle, CELT for low delay and high rates.
OPUS = [
    ("opus-silk-16k-mono", "mono", 16000, {"application": "voip", "frame_duration": "20"}),
    ("opus-silk-60ms-mono", "mono", 12000, {"application": "voip", "frame_duration": "60"}),
    ("opus-hybrid-32k-mono", "mono", 32000, {"application": "voip", "frame_duration": "20"}),
    ("opus-celt-64k-mono", "mono", 64000, {"application": "lowdelay", "frame_duration": "10"}),
    ("opus-celt-2.5ms-stereo", "stereo", 128000, {"application": "lowdelay", "frame_duration": "2.5"}),
    ("opus-audio-96k-stereo", "stereo", 96000, {"application": "audio", "frame_duration": "20"}),
    ("opus-dtx-24k-mono", "mono", 24000, {"application": "voip", "frame_duration": "20", "dtx": "1"}),
    ("opus-cbr-24k-stereo", "stereo", 24000, {"application": "voip", "frame_duration": "40", "vbr": "off"}),
]


def read_frames(source):
    with av.open(str(source)) as container:
        yield from container.decode(audio=0)


def encode(source, path, encoder, rate, layout, sample_format, bit_rate, options, muxer, container_format=None):
    """Decodes `source`, converts and writes it to `path` with the given encoder and muxer."""
    with av.open(str(path), "w", format=container_format, options=dict(muxer)) as out:
        stream = out.add_stream(encoder, rate=rate)
        context = stream.codec_context
        context.layout = layout
        context.format = sample_format
        if bit_rate:
            context.bit_rate = bit_rate
        if "q" in options:
            options = dict(options)
            context.qscale = True
            context.global_quality = int(options.pop("q")) * 118  # FF_QP2LAMBDA
        context.options = dict(options)
        context.open(strict=False)
        # Low-pass at 0.98 of Nyquist with a long filter, so that the conversion costs less than any codec.
        resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate, frame_size=context.frame_size or 0)
        for frame in read_frames(source):
            frame.pts = None
            for converted in resampler.resample(frame):
                out.mux(stream.encode(converted))
        for converted in resampler.resample(None):
            out.mux(stream.encode(converted))
        out.mux(stream.encode(None))


def channels(layout):
    return {"mono": 1, "stereo": 2, "5.1": 6}[layout]


def main(source, out_dir):
    out_dir.mkdir(parents=True, exist_ok=True)
    manifest = []

    for name, container, codec, encoder, rate, layout, sample_format in LOSSLESS:
        encode(source, out_dir / name, encoder, rate, layout, sample_format, 0, {}, {})
        manifest.append((name, container, codec, rate, channels(layout), "lossless"))
    for name, container, codec, encoder, rate, layout, sample_format, bit_rate, options, muxer in LOSSY:
        form = "mp4" if container == "mp4" else None
        encode(source, out_dir / name, encoder, rate, layout, sample_format, bit_rate, options, muxer, form)
        manifest.append((name, container, codec, rate, channels(layout), "speech"))
    for name, layout, bit_rate, options in OPUS:
        for extension, container, muxer in [("ogg", "ogg", {}), ("webm", "webm", {}), ("live.webm", "webm", LIVE)]:
            path = out_dir / f"{name}.{extension}"
            encode(source, path, "libopus", 48000, layout, "flt", bit_rate, options, muxer, container)
            manifest.append((path.name, container, "opus", 48000, channels(layout), "speech"))

    with open(out_dir / "manifest.tsv", "w", encoding="utf-8") as out:
        for line in manifest:
            print(*line, sep="\t", file=out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} SOURCE.wav OUT_DIR")
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
