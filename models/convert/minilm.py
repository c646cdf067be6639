"""Makes the files that the component `intent-semantic` reads from a sentence-embedding BERT, all-MiniLM-L6-v2 and its like.

    python minilm.py SOURCE_DIR OUT_DIR

SOURCE_DIR holds `model.safetensors`, `config.json` and `vocab.txt` as sentence-transformers publishes them. OUT_DIR gets:

    encoder.onnx     x[1, S, d] -> mean[1, d]: embedded tokens to the mean of their last hidden states
    embeddings.f16   [vocabulary, d] row-major: the word embeddings
    positions.f16    [positions, d]: the position embeddings, with the embedding of token type 0 added
    vocabulary.txt   one word piece a line, in order of id
    model.json       dimensions and the ids of the special tokens

x is the sum of a row of each table. The word embeddings are left out of the graph because tract would widen the table, which is half of
the model, to f32 for a lookup of a few rows. Weights inside the graph are in half precision behind a Cast that every runtime folds away
when it loads them; they are published in f32, and rounding them changes no embedding by more than a cosine of 0.9999.

The graph has no attention mask: one text is run at a time and there is no padding. Scaling the mean to length 1 is left to the caller.

Names of weights are those of the transformers library; the architecture is that of Devlin et al., "BERT" (2019), the pooling that of
Reimers and Gurevych, "Sentence-BERT" (2019).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The first operator set with LayerNormalization.
OPSET = 17
IR_VERSION = 8
# Raised whenever the component has to read something differently; it refuses other numbers.
FORMAT = 1

SPECIAL = {"unknown": "[UNK]", "start": "[CLS]", "end": "[SEP]"}
# What this graph is; a configuration that says something else is another architecture.
EXPECTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


class FormatError(ValueError):
    """The files are not what this script understands; the text says where and why."""


@dataclass(frozen=True)
class Sizes:
    """What differs between models of this kind."""

    width: int
    heads: int
    layers: int
    vocabulary: int
    positions: int

    @property
    def head_size(self) -> int:
        return self.width // self.heads


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """All f32 tensors of a safetensors file: u64 length of a JSON header, the header, the data that its offsets point into."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        # Some files also carry the numbers 0 to 511, which are no weights.
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        if end > len(body) or end - begin != 4 * int(np.prod(entry["shape"])):
            raise FormatError(f"{path}: {name} does not fit the file")
        tensors[name] = np.frombuffer(body[begin:end], "<f4").reshape(entry["shape"])
    return tensors


class Graph:
    """The ONNX graph under construction. Values are referred to by name; every method that adds nodes returns its output's name."""

    def __init__(self, tensors: dict[str, np.ndarray], epsilon: float) -> None:
        self.tensors = tensors
        self.epsilon = epsilon
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"constant.{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, value: np.ndarray) -> str:
        return self.op("Cast", self.constant(value.astype(np.float16)), to=TensorProto.FLOAT)

    def linear(self, x: str, path: str, scale: float = 1.0) -> str:
        weight, bias = (self.tensors[f"{path}.{part}"] * np.float32(scale) for part in ("weight", "bias"))
        return self.op("Add", self.op("MatMul", x, self.weight(weight.T)), self.constant(bias))

    def layer_norm(self, x: str, path: str) -> str:
        weight, bias = (self.constant(self.tensors[f"{path}.{part}"]) for part in ("weight", "bias"))
        return self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=self.epsilon)

    def gelu(self, x: str) -> str:
        """The exact one, x / 2 * (1 + erf(x / sqrt 2))."""
        erf = self.op("Erf", self.op("Mul", x, self.constant(np.float32(0.5**0.5))))
        half = self.op("Mul", x, self.constant(np.float32(0.5)))
        return self.op("Mul", half, self.op("Add", erf, self.constant(np.float32(1))))

    def attention(self, x: str, path: str, sizes: Sizes) -> str:
        split = self.constant(np.array([0, 0, sizes.heads, sizes.head_size], np.int64))

        def heads(name: str, order: list[int], scale: float = 1.0) -> str:
            value = self.op("Reshape", self.linear(x, f"{path}.self.{name}", scale), split)
            return self.op("Transpose", value, perm=order)

        q = heads("query", [0, 2, 1, 3], sizes.head_size**-0.5)
        scores = self.op("Softmax", self.op("MatMul", q, heads("key", [0, 2, 3, 1])), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", scores, heads("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        joined = self.op("Reshape", mixed, self.constant(np.array([0, 0, sizes.width], np.int64)))
        return self.linear(joined, f"{path}.output.dense")


def encoder(tensors: dict[str, np.ndarray], sizes: Sizes, epsilon: float) -> onnx.ModelProto:
    g = Graph(tensors, epsilon)
    x = g.layer_norm("x", "embeddings.LayerNorm")
    for layer in range(sizes.layers):
        path = f"encoder.layer.{layer}"
        x = g.layer_norm(g.op("Add", x, g.attention(x, f"{path}.attention", sizes)), f"{path}.attention.output.LayerNorm")
        y = g.linear(g.gelu(g.linear(x, f"{path}.intermediate.dense")), f"{path}.output.dense")
        x = g.layer_norm(g.op("Add", x, y), f"{path}.output.LayerNorm")
    g.nodes.append(helper.make_node("ReduceMean", [x], ["mean"], name="mean", axes=[1], keepdims=0))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "S", sizes.width])]
    outputs = [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, sizes.width])]
    graph = helper.make_graph(g.nodes, "sentence-encoder", inputs, outputs, g.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def convert(source: Path, out: Path) -> Sizes:
    config = json.loads((source / "config.json").read_text("utf-8"))
    for key, value in EXPECTED.items():
        if config.get(key) != value:
            raise FormatError(f"config.json: {key} is {config.get(key)!r}, only {value!r} is supported")
    tensors = read_safetensors(source / "model.safetensors")
    words = tensors["embeddings.word_embeddings.weight"]
    positions = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    sizes = Sizes(
        width=words.shape[1],
        heads=config["num_attention_heads"],
        layers=config["num_hidden_layers"],
        vocabulary=words.shape[0],
        positions=positions.shape[0],
    )
    pieces = (source / "vocab.txt").read_text("utf-8").split("\n")[: sizes.vocabulary]
    if len(set(pieces)) != sizes.vocabulary:
        raise FormatError(f"vocab.txt has {len(set(pieces))} different pieces for {sizes.vocabulary} embeddings")

    out.mkdir(parents=True, exist_ok=True)
    (out / "encoder.onnx").write_bytes(encoder(tensors, sizes, config["layer_norm_eps"]).SerializeToString())
    for name, values in {"embeddings.f16": words, "positions.f16": positions}.items():
        (out / name).write_bytes(values.astype("<f2").tobytes())
    (out / "vocabulary.txt").write_bytes(("\n".join(pieces) + "\n").encode())
    # Written last: a folder with this file is complete.
    description = {
        "format": FORMAT,
        "sizes": vars(sizes),
        "tokens": {name: pieces.index(piece) for name, piece in SPECIAL.items()},
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
