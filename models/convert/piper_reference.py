"""The original Piper voice and its parts, both in onnxruntime with the noise given from outside, so that they can be compared.

The original draws its noise inside the graph (two `RandomNormalLike` nodes). Here those become inputs. `noise` is the generator of
`tts-piper`, value for value: counter-based, so that any element can be computed alone.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

FLOW_CONTEXT = 8
SPLINE_BINS, SPLINE_BOUND, SPLINE_MIN = 10, 5.0, 1e-3
NOISE_LIMIT = 3.0
MAX_FRAMES_PER_SYMBOL = 60
MIN_FRAMES = 64


def session(model: Path | bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def noise(seed: int, start: int, count: int) -> np.ndarray:
    """Standard normal values `start .. start + count` of the stream `seed`: SplitMix64 (Steele et al. 2014) of the position, then Box-Muller."""
    index = np.arange(start, start + count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        state = np.uint64(seed) + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    first = ((state >> np.uint64(32)).astype(np.float64) + 0.5) / 2**32
    second = (state & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2**32
    values = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    return np.clip(values, -NOISE_LIMIT, NOISE_LIMIT).astype(np.float32)


def seed_of(ids: list[int]) -> int:
    """FNV-1a over the ids, one byte each."""
    value = 0xCBF29CE484222325
    for identifier in ids:
        value = ((value ^ identifier) * 0x100000001B3) % 2**64
    return value


class Original:
    """The voice as published."""

    def __init__(self, path: Path):
        model = onnx.load(str(path))
        graph = model.graph
        for name, node in zip(("noise_durations", "noise_prior"), [n for n in graph.node if n.op_type == "RandomNormalLike"]):
            graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None, None]))
            identity = helper.make_node("Identity", [name], [node.output[0]])
            graph.node.insert(list(graph.node).index(node), identity)
            graph.node.remove(node)
        # Durations are wanted too: the ceiling is what the decoder's length comes from.
        ceiling = [n for n in graph.node if n.op_type == "Ceil"][0]
        graph.output.append(helper.make_tensor_value_info(ceiling.output[0], TensorProto.FLOAT, None))
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(model, file.name)
            self.session = session(Path(file.name))

    def run(self, ids: list[int], scales: tuple[float, float, float], noise_durations: np.ndarray, noise_prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`scales` is noise, length, noise_w. Noise is [P,2] and [T,C]; T must be the length that the voice itself arrives at."""
        audio, durations = self.session.run(
            None,
            {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array(scales, np.float32),
                "noise_durations": noise_durations.T[None],
                "noise_prior": noise_prior.T[None],
            },
        )
        return durations.reshape(-1).astype(int), audio.reshape(-1)


class Parts:
    """The converted voice, run whole (one window), step by step as the component does."""

    def __init__(self, folder: Path):
        self.voice = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
        names = ["text", *(f"duration_{i}" for i in (1, 2, 3)), *(f"flow_{i}" for i in (1, 2, 3, 4)), "decoder_low", "decoder_high"]
        self.parts = {name: session(folder / f"{name}.onnx") for name in names}

    def run(self, name: str, **inputs: np.ndarray) -> list[np.ndarray]:
        return self.parts[name].run(None, inputs)

    def durations(self, ids: list[int], length_scale: float, noise_w: float, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Frames per symbol, unclamped, and the prior's statistics [P, 2C]."""
        heads, reach = self.voice["heads"], self.voice["attention_reach"]
        length = len(ids)
        offset = np.arange(length)[None, :] - np.arange(length)[:, None] + reach
        inside = (offset >= 0) & (offset <= 2 * reach)
        key_index = np.where(inside, offset + 1, 0)
        value_index = np.arange(length)[:, None] + np.arange(2 * reach + 1)[None, :]
        stats, cond = self.run(
            "text",
            ids=np.array(ids, np.int64),
            key_index=np.repeat(key_index[None], heads, 0).astype(np.int64),
            value_index=np.repeat(value_index[None], heads, 0).astype(np.int64),
        )
        a, b = values[:, 1] * np.float32(noise_w), values[:, 0] * np.float32(noise_w)
        for order in (1, 2, 3):
            (spline,) = self.run(f"duration_{order}", x=a[:, None].astype(np.float32), cond=cond)
            a, b = inverse_spline(b, spline), a
        # The loop leaves the last result in `a`; one more reversal makes it the second channel's partner.
        logw = (a - self.voice["duration_shift"]) * self.voice["duration_factor"]
        return np.ceil(np.exp(logw) * length_scale).astype(int), stats

    def audio(self, stats: np.ndarray, durations: np.ndarray, noise_scale: float, values: np.ndarray) -> np.ndarray:
        channels = self.voice["channels"]
        spread = np.repeat(stats, durations, axis=0)
        z = spread[:, :channels] + values * np.exp(spread[:, channels:]) * np.float32(noise_scale)
        sides = ((0, 0), (0, 0), (FLOW_CONTEXT, FLOW_CONTEXT))
        z = np.ascontiguousarray(z.T[None])
        mask = np.pad(np.ones((1, 1, z.shape[2]), np.float32), sides)
        for order in (1, 2, 3, 4):
            (z,) = self.run(f"flow_{order}", x=np.pad(z, sides), mask=mask)
        (low,) = self.run("decoder_low", z=z)
        return self.run("decoder_high", h=low)[0].reshape(-1)


def inverse_spline(y: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Monotonic rational-quadratic spline with linear tails, inverted (Durkan et al. 2019, arXiv:1906.04032, equations 6 to 8)."""
    y, raw = y.astype(np.float64), raw.astype(np.float64)

    def knots(part: np.ndarray) -> np.ndarray:
        share = np.exp(part - part.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share = SPLINE_MIN + (1 - SPLINE_MIN * SPLINE_BINS) * share
        edges = np.concatenate([np.zeros((len(y), 1)), np.cumsum(share, axis=1)], axis=1) * 2 * SPLINE_BOUND - SPLINE_BOUND
        edges[:, -1] = SPLINE_BOUND
        return edges

    x_knots, y_knots = knots(raw[:, :SPLINE_BINS]), knots(raw[:, SPLINE_BINS : 2 * SPLINE_BINS])
    slopes = np.pad(SPLINE_MIN + np.log1p(np.exp(raw[:, 2 * SPLINE_BINS :])), ((0, 0), (1, 1)), constant_values=1.0)
    result = y.copy()
    for row in np.flatnonzero(np.abs(y) <= SPLINE_BOUND):
        k = min(int(np.searchsorted(y_knots[row], y[row], side="right")) - 1, SPLINE_BINS - 1)
        width, height = np.diff(x_knots[row])[k], np.diff(y_knots[row])[k]
        d0, d1, delta, dy = slopes[row, k], slopes[row, k + 1], height / width, y[row] - y_knots[row, k]
        bend = d0 + d1 - 2 * delta
        a, b, c = dy * bend + height * (delta - d0), height * d0 - dy * bend, -delta * dy
        result[row] = 2 * c / (-b - np.sqrt(b * b - 4 * a * c)) * width + x_knots[row, k]
    return result.astype(np.float32)


def speak(original: Original, ids: list[int], scales: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Durations, audio and the noise of the prior, for the noise that the component would use."""
    seed = seed_of(ids)
    channels = 192
    noise_durations = noise(seed, 0, 2 * len(ids)).reshape(-1, 2)
    # The amount of the other noise follows from the length, so durations are learned first.
    durations = lengths(original, ids, scales, noise_durations)
    total = int(durations.sum())
    noise_prior = noise(seed ^ 0xFFFFFFFFFFFFFFFF, 0, total * channels).reshape(-1, channels)
    durations, audio = original.run(ids, scales, noise_durations, noise_prior)
    return durations, audio, noise_prior


def lengths(original: Original, ids: list[int], scales: tuple[float, float, float], noise_durations: np.ndarray) -> np.ndarray:
    ceiling = original.session.get_outputs()[1].name
    (durations,) = original.session.run(
        [ceiling],
        {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
            "noise_durations": noise_durations.T[None],
            "noise_prior": np.zeros((1, 192, 1), np.float32),
        },
    )
    return durations.reshape(-1).astype(int)


def verify(path: Path, folder: Path, cases: int = 6) -> str:
    """Speaks random symbol strings with both and raises when they differ. Says how far apart they were."""
    original, parts = Original(path), Parts(folder)
    voice = parts.voice
    random = np.random.default_rng(2)
    symbols = [i for i in voice["phoneme_ids"].values() if i > 2]
    worst, compared = 0.0, 0
    for case in range(cases):
        ids = [1, 0]
        for symbol in random.choice(symbols, size=12 + 15 * case):
            ids += [int(symbol), 0]
        ids.append(2)
        scales = (voice["noise_scale"], (1.0, 0.7, 1.5)[case % 3], voice["noise_w"])
        durations, audio, noise_prior = speak(original, ids, scales)
        noise_durations = noise(seed_of(ids), 0, 2 * len(ids)).reshape(-1, 2)
        ours, stats = parts.durations(ids, scales[1], scales[2], noise_durations)
        if not np.array_equal(ours, durations):
            raise ValueError(f"durations differ in case {case}: {np.flatnonzero(ours != durations)[:5]}")
        difference = np.abs(parts.audio(stats, durations, scales[0], noise_prior) - audio).max()
        worst, compared = max(worst, float(difference)), compared + len(audio)
    if worst > 1e-3:
        raise ValueError(f"audio differs by {worst:.2g}")
    return f"verified against {path.name}: durations equal in {cases} of {cases} cases, {compared} samples within {worst:.1g}"
