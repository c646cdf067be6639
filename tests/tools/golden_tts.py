#!/usr/bin/env python3
"""Writes tests/golden/tts/ from the original voice in onnxruntime and the original letter-to-sound network in numpy.

    golden_tts.py SOURCE_DIR

SOURCE_DIR is what models/convert/piper.py takes. Needs numpy, onnx and onnxruntime. The noise is that of `tts-piper`, computed by
models/convert/piper_reference.py, and goes into the unchanged original. Nothing of our conversion or of tract takes part.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models" / "convert"))

import piper_reference  # noqa: E402

# Symbols in the voice's alphabet, and the speed.
CASES = (
    ("həlˈoʊ wˈɜːld, ðɪs ɪz ɐ tˈɛst.", 1.0),
    ("ʃiː bˈɪlt ðə fˈɜːst kəmpˈaɪlɚ ɪn nˈaɪntiːn fˈɪfti tˈuː.", 1.0),
    ("wʌt dˈɪd ʃiː bˈɪld ɪn ðə nˈeɪvi jˈɪɹz?", 1.5),
    ("ðə mˈɑːɹk wˈʌn wˈeɪd fˈaɪv tˈʌnz; ɪt wʌz fˈɪfti fˈiːt lˈɔŋ, ænd ɪt hæd sˈɛvən hˈʌndɹɪd fˈɪfti θˈaʊzənd pˈɑːɹts!", 0.75),
)
# Every so many samples are kept; prime, so that no period of the decoder (256, 8) is favoured.
STRIDE = 397

WORDS = (
    "hopper aiken vassar mauchly eckert remington univac codasyl nanosecond debugging compiler flowmatic kubernetes wasmtime "
    "tokenizer serendipity xylophone knight thorough queue psychology wednesday zyzzyva blockchain ethereum antidisestablishmentarianism a q"
).split()


def voice_cases(path: Path) -> list[dict]:
    original = piper_reference.Original(path)
    config = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
    table, inference = config["phoneme_id_map"], config["inference"]
    cases = []
    for symbols, rate in CASES:
        ids = [*table["^"], *table["_"]]
        for symbol in symbols:
            ids += [*table[symbol], *table["_"]]
        ids += table["$"]
        scales = (inference["noise_scale"], float(np.float32(1 / rate)), inference["noise_w"])
        durations, audio, _ = piper_reference.speak(original, ids, scales)
        if durations.max() >= piper_reference.MAX_FRAMES_PER_SYMBOL or durations.sum() < piper_reference.MIN_FRAMES:
            raise SystemExit(f"{symbols}: the component would clamp this case; choose another")
        cases.append(
            {
                "symbols": symbols,
                "rate": rate,
                "ids": ids,
                "durations": durations.tolist(),
                "samples": len(audio),
                "rms": round(float(np.sqrt(np.mean(audio.astype(np.float64) ** 2))), 6),
                "peak": round(float(np.abs(audio).max()), 6),
                "every": [round(float(v), 6) for v in audio[::STRIDE]],
            }
        )
    return cases


class LetterToSound:
    """The network of g2p_en in numpy, in single precision."""

    def __init__(self, path: Path):
        self.v = np.load(path)

    def cell(self, side: str, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        v, n = self.v, len(h)
        i = v[f"{side}_w_ih"] @ x + v[f"{side}_b_ih"]
        s = v[f"{side}_w_hh"] @ h + v[f"{side}_b_hh"]
        reset, update = (1 / (1 + np.exp(-(i[k : k + n] + s[k : k + n]))) for k in (0, n))
        new = np.tanh(i[2 * n :] + reset * s[2 * n :])
        return (1 - update) * new + update * h

    def __call__(self, word: str) -> list[int]:
        h = np.zeros(self.v["enc_w_hh"].shape[1], np.float32)
        for letter in [ord(c) - ord("a") + 3 for c in word] + [2]:
            h = self.cell("enc", self.v["enc_emb"][letter], h)
        spoken, last = [], 2
        while len(spoken) < 20:
            h = self.cell("dec", self.v["dec_emb"][last], h)
            last = int(np.argmax(self.v["fc_w"] @ h + self.v["fc_b"]))
            if last == 3:
                break
            spoken.append(last)
        return spoken


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    source, out = Path(sys.argv[1]), ROOT / "tests" / "golden" / "tts"
    out.mkdir(parents=True, exist_ok=True)
    voice = sorted(source.glob("*.onnx"))[0]
    content = {"voice": voice.stem, "stride": STRIDE, "cases": voice_cases(voice)}
    lines = json.dumps(content, ensure_ascii=False).replace('{"symbols"', '\n{"symbols"')
    (out / "voice.json").write_text(lines + "\n", encoding="utf-8")
    speak = LetterToSound(source / "checkpoint20.npz")
    letters = {word: speak(word) for word in WORDS}
    (out / "letters.json").write_text(json.dumps(letters).replace('], "', '],\n"') + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
