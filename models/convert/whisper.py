"""Makes the files that the component `asr-whisper` reads from a Whisper model in the faster-whisper (CTranslate2) format.

    python whisper.py SOURCE_DIR OUT_DIR

SOURCE_DIR holds `model.bin`, `config.json` and `tokenizer.json`. Any size works, English-only or multilingual. OUT_DIR gets:

    encoder.onnx     mel[1, n_mels, T] -> cross_k.L, cross_v.L [1, heads, T/2, head size] of every decoder layer L
    decoder.onnx     x[1, S, d], mask[S, P+S], self_k.L, self_v.L [1, heads, P, head size], cross_k.L, cross_v.L
                     -> hidden[1, S, d], new_self_k.L, new_self_v.L [1, heads, P+S, head size]
    embeddings.f16   [vocabulary, d] row-major: the token embeddings, which are the output projection as well, times a power of two
    positions.f16    [text context, d]: the decoder's position embeddings
    silence.f16      cross_k.0, cross_v.0, cross_k.1, ... of 30 s without sound, each [heads, 1500, head size]
    vocabulary.bin   for every text token in order of id: u16 length, bytes
    model.json       dimensions, special tokens, suppressed tokens, languages

What is left out of the graphs, and why: the embedding matrix. It is used twice, for the lookup and for the logits, and is more
than half of a small model. Outside the graphs it is in memory once, in half precision. Weights inside the graphs stay in the half
precision they are published in, behind a Cast that every runtime folds away when it loads them.

The encoder's length is symbolic, so that short speech costs little. Decoding from a short encoder output alone makes Whisper loop:
it was trained on 30 s windows and finds the end of speech in the silence that follows. `silence.f16` is that silence: the
component fills the cross-attention keys and values up to 1500 positions from it.

Variable names and the order of fused weights are those of CTranslate2's WhisperSpec; the architecture is that of Radford et al.,
"Robust Speech Recognition via Large-Scale Weak Supervision" (2022).
"""

from __future__ import annotations

import json
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import ct2

# The first operator sets with LayerNormalization, and with Attention.
OPSET = 17
ATTENTION_OPSET = 23
IR_VERSION = 8
# Raised whenever the component has to read something differently; it refuses other numbers.
FORMAT = 1

AUDIO_FRAMES = 3000
TIMESTAMP_COUNT = 1501
# A log-mel bin of digital silence: power 1e-10, its logarithm -10, mapped as all features are.
SILENCE_LEVEL = (-10 + 4) / 4


@dataclass(frozen=True)
class Sizes:
    """Everything about a Whisper model that differs between sizes, read off the shapes of its weights."""

    n_mels: int
    d_model: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    audio_positions: int
    text_positions: int

    @property
    def head_size(self) -> int:
        return self.d_model // self.heads

    @classmethod
    def of(cls, model: ct2.Ct2Model) -> Sizes:
        def layers(part: str) -> int:
            numbers = {int(m[1]) for name in model.variables if (m := re.match(rf"{part}/layer_(\d+)/", name))}
            return len(numbers)

        audio_positions, d_model = model["encoder/position_encodings/encodings"].shape
        return cls(
            n_mels=model["encoder/conv1/weight"].shape[1],
            d_model=d_model,
            heads=int(model["encoder/num_heads"]),
            encoder_layers=layers("encoder"),
            decoder_layers=layers("decoder"),
            vocabulary=model["decoder/embeddings/weight"].shape[0],
            audio_positions=audio_positions,
            text_positions=model["decoder/position_encodings/encodings"].shape[0],
        )


class Graph:
    """An ONNX graph under construction. Values are referred to by name; every method that adds nodes returns its output's name."""

    def __init__(self, model: ct2.Ct2Model, sizes: Sizes) -> None:
        self.model = model
        self.sizes = sizes
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    # Plumbing

    def input(self, name: str, shape: list[int | str]) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, value: str, name: str, shape: list[int | str]) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"output.{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        return self.constant("int." + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(f"float.{value}", np.float32(value))

    def weight(self, name: str, value: np.ndarray) -> str:
        """An f32 weight, stored in half precision where that loses nothing."""
        half = value.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), value):
            return self.constant(name, value)
        return self.op("Cast", self.constant(name, half), to=TensorProto.FLOAT)

    # Layers

    def layer_norm(self, x: str, path: str) -> str:
        gamma = self.weight(f"{path}/gamma", self.model.f32(f"{path}/gamma"))
        beta = self.weight(f"{path}/beta", self.model.f32(f"{path}/beta"))
        return self.op("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """x @ weight.T + bias; the sum is left out where the bias is all zero, as it is for attention keys."""
        y = self.op("MatMul", x, self.weight(f"{name}/weight", weight.T))
        return self.op("Add", y, self.weight(f"{name}/bias", bias)) if np.any(bias) else y

    def linear_at(self, x: str, path: str) -> str:
        return self.linear(x, path, self.model.f32(f"{path}/weight"), self.model.f32(f"{path}/bias"))

    def gelu(self, x: str) -> str:
        """The exact form, with erf. The tanh approximation changes transcripts."""
        erf = self.op("Erf", self.op("Mul", x, self.scalar(float(np.sqrt(0.5)))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.scalar(1.0))), self.scalar(0.5))

    def split_heads(self, x: str) -> str:
        """[1, S, d] -> [1, heads, S, head size]"""
        split = self.op("Reshape", x, self.integers(0, 0, self.sizes.heads, self.sizes.head_size))
        return self.op("Transpose", split, perm=[0, 2, 1, 3])

    def projections(self, x: str, path: str, names: str) -> list[str]:
        """Splits one fused linear layer into the heads of its parts, such as "qkv". Queries get the attention scale."""
        weights = np.split(self.model.f32(f"{path}/weight"), len(names))
        biases = np.split(self.model.f32(f"{path}/bias"), len(names))
        scales = {"q": np.float32(self.sizes.head_size**-0.5)}
        return [
            self.split_heads(self.linear(x, f"{path}/{name}", weight * scales.get(name, 1), bias * scales.get(name, 1)))
            for name, weight, bias in zip(names, weights, biases)
        ]

    def attention(self, q: str, k: str, v: str) -> str:
        """Dot-product attention over split heads, spelled out. Queries come scaled."""
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), v)

    def cached_attention(self, q: str, k: str, v: str, *mask: str) -> str:
        """The same as one operator, for keys and values that are inputs of the graph: the component has its own implementation,
        which reads them where they are instead of repacking them for a matrix product at every step."""
        return self.op("Attention", q, k, v, *mask, scale=1.0)

    def merge_heads(self, x: str, path: str) -> str:
        """[1, heads, S, head size] -> [1, S, d], through the output projection at `path`."""
        merged = self.op("Reshape", self.op("Transpose", x, perm=[0, 2, 1, 3]), self.integers(0, 0, -1))
        return self.linear_at(merged, path)

    def feed_forward(self, x: str, path: str) -> str:
        y = self.gelu(self.linear_at(self.layer_norm(x, f"{path}/layer_norm"), f"{path}/linear_0"))
        return self.op("Add", x, self.linear_at(y, f"{path}/linear_1"))

    def finish(self, name: str, opset: int) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self.initializers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


def encoder(model: ct2.Ct2Model, sizes: Sizes) -> onnx.ModelProto:
    """Log-mel frames to the cross-attention keys and values of every decoder layer, which is all the decoder needs of them."""
    g = Graph(model, sizes)
    x = g.input("mel", [1, sizes.n_mels, "T"])
    for name, strides in (("conv1", [1]), ("conv2", [2])):
        weight = g.weight(f"encoder/{name}/weight", model.f32(f"encoder/{name}/weight"))
        bias = g.weight(f"encoder/{name}/bias", model.f32(f"encoder/{name}/bias"))
        x = g.gelu(g.op("Conv", x, weight, bias, kernel_shape=[3], pads=[1, 1], strides=strides))
    x = g.op("Transpose", x, perm=[0, 2, 1])

    length = g.op("Gather", g.op("Shape", x), g.integers(1), axis=0)
    positions = g.weight("encoder/positions", model.f32("encoder/position_encodings/encodings")[None])
    x = g.op("Add", x, g.op("Slice", positions, g.integers(0), length, g.integers(1)))

    for layer in range(sizes.encoder_layers):
        path = f"encoder/layer_{layer}/self_attention"
        q, k, v = g.projections(g.layer_norm(x, f"{path}/layer_norm"), f"{path}/linear_0", "qkv")
        x = g.op("Add", x, g.merge_heads(g.attention(q, k, v), f"{path}/linear_1"))
        x = g.feed_forward(x, f"encoder/layer_{layer}/ffn")
    x = g.layer_norm(x, "encoder/layer_norm")

    for layer in range(sizes.decoder_layers):
        for name, value in zip("kv", g.projections(x, f"decoder/layer_{layer}/attention/linear_1", "kv")):
            g.output(value, f"cross_{name}.{layer}", [1, sizes.heads, "T2", sizes.head_size])
    return g.finish("whisper-encoder", OPSET)


def decoder(model: ct2.Ct2Model, sizes: Sizes) -> onnx.ModelProto:
    """S embedded tokens after P earlier ones to hidden states. One graph serves the prompt (S > 1) and single steps (S = 1)."""
    g = Graph(model, sizes)
    x = g.input("x", [1, "S", sizes.d_model])
    mask = g.input("mask", ["S", "P+S"])
    layers = range(sizes.decoder_layers)

    def caches(kind: str, length: str) -> list[tuple[str, str]]:
        shape = [1, sizes.heads, length, sizes.head_size]
        return [(g.input(f"{kind}_k.{layer}", shape), g.input(f"{kind}_v.{layer}", shape)) for layer in layers]

    past, cross = caches("self", "P"), caches("cross", "A")
    for layer in layers:
        path = f"decoder/layer_{layer}/self_attention"
        q, k, v = g.projections(g.layer_norm(x, f"{path}/layer_norm"), f"{path}/linear_0", "qkv")
        k, v = (g.op("Concat", old, new, axis=2) for old, new in zip(past[layer], (k, v)))
        for name, value in (("k", k), ("v", v)):
            g.output(value, f"new_self_{name}.{layer}", [1, sizes.heads, "P+S", sizes.head_size])
        x = g.op("Add", x, g.merge_heads(g.cached_attention(q, k, v, mask), f"{path}/linear_1"))

        path = f"decoder/layer_{layer}/attention"
        (q,) = g.projections(g.layer_norm(x, f"{path}/layer_norm"), f"{path}/linear_0", "q")
        x = g.op("Add", x, g.merge_heads(g.cached_attention(q, *cross[layer]), f"{path}/linear_2"))
        x = g.feed_forward(x, f"decoder/layer_{layer}/ffn")
    g.output(g.layer_norm(x, "decoder/layer_norm"), "hidden", [1, "S", sizes.d_model])
    # The hidden state comes first, the caches follow in the order of the inputs.
    g.outputs.insert(0, g.outputs.pop())
    return g.finish("whisper-decoder", ATTENTION_OPSET)


def embedding_exponent(embeddings: np.ndarray) -> int:
    """The largest n for which embeddings * 2**n fit half precision. It moves the small ones out of the subnormal range, where
    processors are slow, and costs nothing: the factor is exact."""
    return int(np.floor(np.log2(np.finfo(np.float16).max / np.abs(embeddings).max())))


def silence(encoder_model: onnx.ModelProto, sizes: Sizes) -> np.ndarray:
    """The cross-attention keys and values of a full window without sound."""
    session = onnxruntime.InferenceSession(encoder_model.SerializeToString(), providers=["CPUExecutionProvider"])
    mel = np.full((1, sizes.n_mels, AUDIO_FRAMES), SILENCE_LEVEL, np.float32)
    return np.concatenate([output.ravel() for output in session.run(None, {"mel": mel})])


# Tokens


def byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes: printable Latin-1 stands for itself, the others are moved up from U+0100."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    moved = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(moved)}


def vocabulary(tokenizer: dict) -> bytes:
    """The bytes of every text token, by id. Ids are in order of merge rank, so no list of merges is needed to encode."""
    alphabet = byte_alphabet()
    by_id = sorted((id_, token) for token, id_ in tokenizer["model"]["vocab"].items() if not is_special(token))
    if [id_ for id_, _ in by_id] != list(range(len(by_id))):
        raise ValueError("tokenizer.json: the ids of the text tokens have gaps")
    pieces = (bytes(alphabet[c] for c in token) for _, token in by_id)
    return b"".join(struct.pack("<H", len(piece)) + piece for piece in pieces)


def is_special(token: str) -> bool:
    return token.startswith("<|") and token.endswith("|>")


def tokens(tokenizer: dict, config: dict, sizes: Sizes) -> dict:
    """The part of model.json that is about tokens."""
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    ids |= {token: id_ for token, id_ in tokenizer["model"]["vocab"].items() if is_special(token)}
    no_speech = ids.get("<|nospeech|>", ids.get("<|nocaptions|>"))
    timestamp_begin = ids["<|notimestamps|>"] + 1
    if timestamp_begin + TIMESTAMP_COUNT != sizes.vocabulary:
        raise ValueError(f"{sizes.vocabulary} embeddings do not end with {TIMESTAMP_COUNT} timestamps from {timestamp_begin}")

    # English-only models have language tokens too, which nobody trained. Their end-of-text token is one lower.
    multilingual = ids["<|endoftext|>"] > 50256
    language_ids = set(config["lang_ids"])
    languages = [[token[2:-2], id_] for token, id_ in sorted(ids.items(), key=lambda item: item[1]) if id_ in language_ids]

    # As openai/whisper: never markers of a task or of context. config.json lists them for some models only.
    never = ("<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>")
    return {
        "end_of_text": ids["<|endoftext|>"],
        "start_of_transcript": ids["<|startoftranscript|>"],
        "start_of_previous": ids["<|startofprev|>"],
        "transcribe": ids["<|transcribe|>"],
        "no_speech": no_speech,
        "no_timestamps": ids["<|notimestamps|>"],
        "timestamp_begin": timestamp_begin,
        "timestamp_count": TIMESTAMP_COUNT,
        "suppress": sorted({*config["suppress_ids"], *(ids[name] for name in never), no_speech}),
        "suppress_first": sorted(config["suppress_ids_begin"]),
        "languages": languages if multilingual else [],
    }


def convert(source: Path, out: Path) -> Sizes:
    model = ct2.read(source / "model.bin")
    if model.spec != "WhisperSpec":
        raise ct2.FormatError(f"{source / 'model.bin'} is a {model.spec}, not a WhisperSpec")
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    config = json.loads((source / "config.json").read_text("utf-8"))
    sizes = Sizes.of(model)
    encoder_model = encoder(model, sizes)
    embeddings = model.f32("decoder/embeddings/weight")
    exponent = embedding_exponent(embeddings)

    out.mkdir(parents=True, exist_ok=True)
    (out / "encoder.onnx").write_bytes(encoder_model.SerializeToString())
    (out / "decoder.onnx").write_bytes(decoder(model, sizes).SerializeToString())
    half = {
        "embeddings.f16": embeddings * np.float32(2.0**exponent),
        "positions.f16": model.f32("decoder/position_encodings/encodings"),
        "silence.f16": silence(encoder_model, sizes),
    }
    for name, values in half.items():
        (out / name).write_bytes(values.astype("<f2").tobytes())
    (out / "vocabulary.bin").write_bytes(vocabulary(tokenizer))
    # Written last: a folder with this file is complete.
    description = {
        "format": FORMAT,
        "sizes": vars(sizes),
        "embedding_exponent": exponent,
        "tokens": tokens(tokenizer, config, sizes),
    }
    (out / "model.json").write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    return sizes


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print(f"usage: {Path(arguments[0]).name} SOURCE_DIR OUT_DIR", file=sys.stderr)
        return 2
    source, out = map(Path, arguments[1:])
    try:
        sizes = convert(source, out)
    except (OSError, ValueError, KeyError) as error:
        print(f"{source}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"{out}: {sizes}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
