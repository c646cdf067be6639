"""Writes the golden probabilities, segments and events that `vad-silero` is held to, from the silero-vad package itself.

    python golden_vad.py SILERO_WHEEL DATA_DIR OUT_DIR

SILERO_WHEEL is silero_vad-6.2.3-py3-none-any.whl, the file that `cargo xtask models` fetches, or a folder with its contents. DATA_DIR
is the folder of recordings that `cargo xtask test` sets as COLLOQUY_TEST_DATA. OUT_DIR (tests/golden/vad) gets

    recordings.json   per recording: the probability of each frame by the main model (silero_vad.onnx, one frame at a time, not the
                      file that the component runs), and the segments for several options
    sequences.json    random sequences of probabilities with random options, and the segments and events for them

The package's own OnnxWrapper, get_speech_timestamps and VADIterator run, unchanged. They are written against torch; the few of its
functions that they use are given to them on numpy arrays by the module below, as torch alone is larger than all our models.

Needs numpy and onnxruntime. Deterministic: the random sequences have a fixed seed.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import tempfile
import types
import wave
import zipfile
from pathlib import Path

import numpy as np

RATE = 16_000
FRAME = 512

# threshold, neg-threshold, min-speech-ms, min-silence-ms, speech-pad-ms, max-speech-ms, as in the WIT.
DEFAULTS = (0.5, None, 250, 100, 30, None)
OPTIONS = [
    DEFAULTS,
    (0.5, None, 250, 500, 200, None),
    (0.5, None, 250, 100, 30, 3000),
    (0.5, None, 0, 2000, 30, 5000),
    (0.7, 0.2, 0, 0, 0, None),
    (0.9, 0.85, 100, 32, 300, 1500),
    (0.25, None, 500, 700, 400, 20000),
]

# Recordings of people and, at the end, two chimes. Those at 48 kHz are decimated as the package does it.
RECORDINGS = [
    "pywhispercpp/jfk.wav",
    "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav",
    "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0880.wav",
    "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0930.wav",
    "pocketsphinx/cards/001.wav",
    "pocketsphinx/cards/005.wav",
    "moonshine/beckett.wav",
    "moonshine/two_cities.wav",
    "moonshine/error.wav",
    "moonshine/success.wav",
]

SEQUENCES = 240
# A probability is a multiple of 1/64, written as one character: exact in every float, and often exactly at a threshold.
STEPS = 64
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-"


class Array(np.ndarray):
    """A numpy array with the methods of a tensor that the package calls."""

    def dim(self) -> int:
        return self.ndim

    def float(self) -> Array:
        return self.astype(np.float32)

    def cpu(self) -> Array:
        return self

    def numpy(self) -> np.ndarray:
        return np.asarray(self)

    def unsqueeze(self, axis: int) -> Array:
        return np.expand_dims(self, axis)


def tensor(values: object) -> Array:
    return np.asarray(values, dtype=np.float32).view(Array)


def reference(folder: Path) -> types.ModuleType:
    """The package's utils_vad, with numpy behind its torch."""
    torch = types.ModuleType("torch")
    torch.Tensor = tensor
    torch.from_numpy = tensor
    torch.device = lambda name: name
    torch.is_tensor = lambda value: isinstance(value, Array)
    torch.no_grad = lambda: lambda function: function
    torch.zeros = lambda *shape: tensor(np.zeros(shape[0] if isinstance(shape[0], tuple) else shape))
    torch.cat = lambda arrays, dim: tensor(np.concatenate(arrays, axis=dim))
    pad = lambda array, widths, *_: tensor(np.pad(array, [(0, 0)] * (array.ndim - 1) + [widths]))
    torch.nn = types.SimpleNamespace(functional=types.SimpleNamespace(pad=pad))
    # Only its audio reader, which is not used, asks for a version.
    packaging = types.ModuleType("packaging")
    packaging.version = types.ModuleType("packaging.version")
    sys.modules |= {"torch": torch, "packaging": packaging, "packaging.version": packaging.version}

    spec = importlib.util.spec_from_file_location("silero_utils_vad", folder / "silero_vad/utils_vad.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Replay:
    """Stands in for the model: gives the probabilities it was made with, frame by frame."""

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = probabilities
        self.reset_states()

    def reset_states(self) -> None:
        self.next = iter(self.probabilities)

    def __call__(self, _frame: Array, _rate: int) -> Array:
        return np.float64(next(self.next))


class Recorder:
    """The model, with a memory of the probabilities it gave."""

    def __init__(self, model: object) -> None:
        self.model = model
        self.probabilities: list[float] = []

    def reset_states(self) -> None:
        self.probabilities.clear()
        self.model.reset_states()

    def __call__(self, frame: Array, rate: int) -> Array:
        probability = self.model(frame, rate)
        self.probabilities.append(probability.item())
        return probability


def single(value: float | None) -> float | None:
    """The value as the WIT carries it: single precision."""
    return None if value is None else float(np.float32(value))


def segments(utils: types.ModuleType, audio: Array, model: object, options: tuple) -> list[list[int]]:
    threshold, negative, speech, silence, pad, longest = options
    found = utils.get_speech_timestamps(
        audio,
        model,
        threshold=single(threshold),
        neg_threshold=single(negative),
        min_speech_duration_ms=speech,
        min_silence_duration_ms=silence,
        speech_pad_ms=pad,
        max_speech_duration_s=float("inf") if longest is None else longest / 1000,
    )
    return [[segment["start"], segment["end"]] for segment in found]


def events(utils: types.ModuleType, probabilities: list[float], options: tuple) -> list[int]:
    """The samples of starts and stops, by turns. Without padding, as in the WIT."""
    iterator = utils.VADIterator(
        Replay(probabilities), threshold=single(options[0]), min_silence_duration_ms=options[3], speech_pad_ms=0
    )
    found = []
    for _ in probabilities:
        event = iterator(tensor(np.zeros(FRAME)))
        if event:
            assert list(event) == [("start", "end")[len(found) % 2]]
            found += event.values()
    return found


def read(path: Path) -> Array:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2), path
        step, rest = divmod(file.getframerate(), RATE)
        assert rest == 0, path
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return tensor(samples[::step].astype(np.float32) / 32_768)


def of_recordings(utils: types.ModuleType, folder: Path, data: Path) -> dict[str, object]:
    model = Recorder(utils.OnnxWrapper(str(folder / "silero_vad/data/silero_vad.onnx"), force_onnx_cpu=True))
    recordings = []
    for name in RECORDINGS:
        audio = read(data / name)
        found = [segments(utils, audio, model, options) for options in OPTIONS]
        recordings.append(
            {
                "file": name,
                "samples": len(audio),
                "probabilities": [round(probability, 6) for probability in model.probabilities],
                "segments": found,
            }
        )
    return {"options": OPTIONS, "recordings": recordings}


def random_options(dice: random.Random) -> tuple:
    threshold = dice.choice([0.5, 0.5, 0.5, 0.25, 0.3, 0.75, 0.9, 0.02])
    negative = None if dice.random() < 0.6 else dice.choice([0.0, threshold / 2, threshold])
    pad = dice.choice([0, 30, 30, 100, 333])
    # Odd values on purpose: seconds as a float are not exact, and frames are not a multiple of them.
    longest = None if dice.random() < 0.4 else 2 * pad + 64 + dice.choice([0, 1, 96, 500, 1000, 3968, dice.randrange(6000)])
    return (
        threshold,
        negative,
        dice.choice([0, 64, 96, 128, 250, 250, 512, 1000]),
        dice.choice([0, 32, 64, 100, 100, 500, 1001, 3000]),
        pad,
        longest,
    )


def random_levels(dice: random.Random) -> list[int]:
    """Runs of speech, silence and doubt of random length, with spikes; or speech with pauses of equal length."""
    bands = [(0, 8), (0, 20), (48, STEPS), (40, STEPS), (20, 40), (0, STEPS)]
    lengths = [1, 2, 3, 4, 5, 8, 20, dice.randrange(1, 60)]
    if dice.random() < 0.3:
        bands, lengths = [(0, 8), (48, STEPS)], [4, 5, 5, 20]
    levels: list[int] = []
    for _ in range(dice.randrange(24)):
        band = dice.choice(bands)
        levels += [dice.randrange(*band) for _ in range(dice.choice(lengths))]
    return levels


def designed() -> list[tuple[tuple, list[int]]]:
    """Options and levels for what chance seldom hits."""
    loud, quiet = [STEPS - 1], [0]
    return [
        # Of two equal pauses the first is the longest.
        ((0.5, None, 0, 1000, 0, 640), loud * 3 + quiet * 4 + loud * 3 + quiet * 4 + loud * 20),
        # 4.092 s at 16 kHz is a little less than 65,472 samples in doubles, which decides a comparison.
        ((0.5, None, 0, 100, 30, 4092), loud * 300),
        # Speech that is as long as the minimum is dropped, in the middle and at the end.
        ((0.5, None, 64, 100, 30, None), quiet * 3 + loud * 2 + quiet * 9 + loud * 3 + quiet * 9 + loud * 2),
        ((0.5, None, 64, 100, 30, None), quiet * 3 + loud * 2 + quiet * 9 + loud * 3 + quiet * 9 + loud * 3),
    ]


def of_sequences(utils: types.ModuleType) -> dict[str, object]:
    dice = random.Random(20261122)
    inputs = [(options, levels, len(levels) * FRAME) for options, levels in designed()]
    for _ in range(SEQUENCES):
        options, levels = random_options(dice), random_levels(dice)
        missing = dice.choice([0, 1, FRAME - 1, dice.randrange(FRAME)])
        inputs.append((options, levels, max(0, len(levels) * FRAME - missing)))
    cases = []
    for options, levels, samples in inputs:
        probabilities = [level / STEPS for level in levels]
        case = {
            "options": options,
            "probabilities": "".join(ALPHABET[level] for level in levels),
            "samples": samples,
            "segments": segments(utils, tensor(np.zeros(samples)), Replay(probabilities), options),
        }
        # VADIterator knows only the default of the exit threshold, and not its floor.
        if options[1] is None and options[0] >= 0.25:
            case["events"] = events(utils, probabilities, options)
        cases.append(case)
    return {"steps": STEPS, "alphabet": ALPHABET, "cases": cases}


def write(path: Path, value: dict[str, object], lists: str) -> None:
    """JSON with one line per entry of the list, so that a diff can be read."""
    head = {key: entry for key, entry in value.items() if key != lists}
    dump = lambda entry: json.dumps(entry, separators=(",", ":"))
    lines = ",\n".join(dump(entry) for entry in value[lists])
    path.write_text(f"{dump(head)[:-1]},\n\"{lists}\":[\n{lines}\n]}}\n", "utf-8")


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    package, data, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        if package.is_file():
            zipfile.ZipFile(package).extractall(unpacked)
            package = Path(unpacked)
        utils = reference(package)
        write(out / "recordings.json", of_recordings(utils, package, data), "recordings")
        write(out / "sequences.json", of_sequences(utils), "cases")


if __name__ == "__main__":
    main()
