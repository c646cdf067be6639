"""Speaks each line of a text file into OUT_DIR/<line number>.wav with the piper-tts package (onnxruntime, espeak phonemes).

usage: speak.py SENTENCES.txt OUT_DIR

The voice model is the same file that `cargo xtask models` converts; the engine, the phonemes and the runtime are not ours.
COLLOQUY_VOICE names the .onnx file.
"""

import os
import sys
import wave
from pathlib import Path

from piper import PiperVoice, SynthesisConfig


def main(sentences: Path, out_dir: Path) -> None:
    voice = PiperVoice.load(os.environ["COLLOQUY_VOICE"])
    # Without noise the same sentence sounds the same each time, and a test that passed once passes again.
    config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    for index, sentence in enumerate(sentences.read_text().splitlines()):
        with wave.open(str(out_dir / f"{index}.wav"), "wb") as file:
            voice.synthesize_wav(sentence, file, syn_config=config)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
