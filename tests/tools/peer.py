"""The stack that people use today, as one process: Silero on onnxruntime, faster-whisper, Piper on onnxruntime.

usage: peer.py WHISPER_DIR SILERO.onnx VOICE.onnx

Reads one JSON line per job from standard input and answers with one JSON line: `{"listen": "/a.wav"}` gives `{"text", "ms"}`,
`{"speak": "words"}` gives `{"ms", "first_ms", "seconds"}`. Models are loaded before the line `{"ready": true}`. One thread everywhere, since
a stage of ours is one thread too.
"""

import json
import os
import sys
import time
import wave

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
from faster_whisper import WhisperModel
from piper import PiperVoice


def read_wav(path: str) -> np.ndarray:
    """Mono 16 kHz samples as floats from -1 to 1."""
    with wave.open(path) as file:
        assert file.getframerate() == 16000 and file.getnchannels() == 1, path
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def main(whisper_dir: str, silero: str, voice_path: str) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    vad = onnxruntime.InferenceSession(silero, options, providers=["CPUExecutionProvider"])
    whisper = WhisperModel(whisper_dir, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
    voice = PiperVoice.load(voice_path)
    voice.session = onnxruntime.InferenceSession(voice_path, options, providers=["CPUExecutionProvider"])
    print(json.dumps({"ready": True}), flush=True)

    def listen(path: str) -> dict:
        samples = read_wav(path)
        started = time.perf_counter()
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
        padded = np.pad(samples, (0, -len(samples) % 512))
        for frame in padded.reshape(-1, 512):
            inputs = {"input": np.concatenate([context, frame])[None], "state": state, "sr": np.array(16000, np.int64)}
            _, state = vad.run(None, inputs)
            context = frame[-64:]
        segments, _ = whisper.transcribe(samples, beam_size=1, language="en", vad_filter=False)
        text = " ".join(segment.text.strip() for segment in segments)
        return {"text": text, "ms": 1000 * (time.perf_counter() - started)}

    def speak(text: str) -> dict:
        started, first, n_samples = time.perf_counter(), None, 0
        for chunk in voice.synthesize(text):
            first = first or time.perf_counter()
            n_samples += len(chunk.audio_int16_array)
        ended = time.perf_counter()
        rate = voice.config.sample_rate
        return {"ms": 1000 * (ended - started), "first_ms": 1000 * ((first or ended) - started), "seconds": n_samples / rate}

    for line in sys.stdin:
        job = json.loads(line)
        answer = listen(job["listen"]) if "listen" in job else speak(job["speak"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
