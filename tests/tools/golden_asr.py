"""Writes the golden transcripts and features that `asr-whisper` is held to, from faster-whisper (CTranslate2).

    python golden_asr.py MODEL_DIR DATA_DIR OUT_DIR

MODEL_DIR is a model in the faster-whisper format, the one that models/convert/whisper.py was given; its folder name is not used.
DATA_DIR is the folder of recordings that `cargo xtask test` sets as COLLOQUY_TEST_DATA. OUT_DIR (tests/golden/asr) gets

    tokens-<model>.json   per recording: the reference transcript, and what the reference implementation makes of it: token ids,
                          mean log-probability and no-speech probability, one fully padded 30 s window, f32 weights, greedy
                          once with timestamp tokens and once without, and the same two by a search with a beam of five
    mel-<n>.json          every 50th frame of the log-mel features of one recording

Needs faster-whisper 1.2.1 and numpy. Everything is deterministic on one machine; another one may differ in the last digits of the
probabilities, never in the tokens.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio, pad_or_trim
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

# Times are 20 ms a token: a transcript starts within the first second of a window.
MAX_INITIAL_TIMESTAMP = 50
# What faster-whisper takes where a caller does not say; patience and length penalty are 1, nothing is penalised for repeating.
BEAM = 5
MEL_RECORDING = "pywhispercpp/jfk.wav"
MEL_STRIDE = 50

# Recordings of people, by their place in the data folder, with what they say.
JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
BECKETT = "ever tried ever failed no matter try again fail again fail better"
CARDS = {
    "001": "ten of clubs",
    "002": "four queen of clubs",
    "003": "seven of clubs",
    "004": "five five",
    "005": "eight of spades four of clubs seven of hearts",
}


def recordings(data: Path) -> dict[str, str]:
    """Every recording with its transcript: lower case, words and spaces only."""
    found = {"pywhispercpp/jfk.wav": JFK, "moonshine/beckett.wav": BECKETT}
    found |= {f"pocketsphinx/cards/{name}.wav": text for name, text in CARDS.items()}
    for line in (data / "pocketsphinx/librivox/transcription").read_text("utf-8").splitlines():
        # <s> words </s> (name)
        words, name = line.removeprefix("<s> ").rsplit(" </s> (", 1)
        found[f"pocketsphinx/librivox/{name.rstrip(')')}.wav"] = words
    return dict(sorted(found.items()))


def decoded(model: WhisperModel, tokenizer: Tokenizer, encoded: object, timestamps: bool, beam: int = 1) -> dict[str, object]:
    prompt = list(tokenizer.sot_sequence)
    if not timestamps:
        prompt.append(tokenizer.no_timestamps)
    (result,) = model.model.generate(
        encoded,
        [prompt],
        beam_size=beam,
        patience=1,
        length_penalty=1,
        repetition_penalty=1,
        no_repeat_ngram_size=0,
        max_length=model.max_length,
        return_scores=True,
        return_no_speech_prob=True,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        max_initial_timestamp_index=MAX_INITIAL_TIMESTAMP,
    )
    tokens = result.sequences_ids[0]
    # The score is the sum of log-probabilities over the number of tokens; the end-of-text token is in the sum.
    mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
    return {
        "prompt": prompt,
        "tokens": tokens,
        "text": tokenizer.decode(tokens).strip(),
        "avg_logprob": round(mean, 4),
        "no_speech_prob": round(result.no_speech_prob, 4),
    }


def golden_tokens(model: WhisperModel, data: Path) -> list[dict[str, object]]:
    multilingual = model.model.is_multilingual
    tokenizer = Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language="en")
    entries = []
    for file, transcript in recordings(data).items():
        audio = decode_audio(str(data / file))
        # The features without the last frame, as faster-whisper cuts them, and zeros up to 30 s.
        features = model.feature_extractor(audio)[..., :-1]
        encoded = model.encode(pad_or_trim(features))
        entry: dict[str, object] = {
            "file": file,
            "transcript": transcript,
            "timestamps": decoded(model, tokenizer, encoded, timestamps=True),
            "plain": decoded(model, tokenizer, encoded, timestamps=False),
            "beam": {
                "timestamps": decoded(model, tokenizer, encoded, timestamps=True, beam=BEAM),
                "plain": decoded(model, tokenizer, encoded, timestamps=False, beam=BEAM),
            },
        }
        if multilingual:
            ((token, probability), *_) = model.model.detect_language(encoded)[0]
            entry["language"] = {"tag": token[2:-2], "probability": round(probability, 4)}
        entries.append(entry)
    return entries


def golden_mel(extractor: FeatureExtractor, data: Path) -> dict[str, object]:
    features = extractor(decode_audio(str(data / MEL_RECORDING)))[..., :-1]
    return {
        "file": MEL_RECORDING,
        "shape": list(features.shape),
        "stride": MEL_STRIDE,
        "frames": [[round(float(v), 5) for v in frame] for frame in features.T[::MEL_STRIDE]],
    }


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('{"file"', '\n{"file"') + "\n", "utf-8")
    print(path)


def main(arguments: list[str]) -> int:
    if len(arguments) != 4:
        print(f"usage: {Path(arguments[0]).name} MODEL_DIR DATA_DIR OUT_DIR", file=sys.stderr)
        return 2
    source, data, out = map(Path, arguments[1:])
    model = WhisperModel(str(source), device="cpu", compute_type="float32", cpu_threads=1, local_files_only=True)
    out.mkdir(parents=True, exist_ok=True)
    size = "multilingual" if model.model.is_multilingual else "english"
    write(out / f"tokens-{size}.json", golden_tokens(model, data))
    for n_mels in (80, 128):
        write(out / f"mel-{n_mels}.json", golden_mel(FeatureExtractor(feature_size=n_mels), data))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
