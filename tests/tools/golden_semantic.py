"""Writes the golden tokens and embeddings that `intent-semantic` is held to, from tokenizers and CTranslate2.

    python golden_semantic.py MODEL_DIR OUT_DIR

MODEL_DIR holds `model.safetensors`, `config.json` and `tokenizer.json` as sentence-transformers publishes them, those that
models/convert/minilm.py was given. OUT_DIR (tests/golden/semantic) gets

    tokens.json       texts and the ids that the tokenizers library makes of them, with start and end, uncut
    embeddings.json   texts and their sentence embeddings: the mean of CTranslate2's last hidden states in f32, scaled to length 1

Nothing of it shares code with ours or with the conversion: the weights are laid out for CTranslate2 here, as its own converter does for a
BertModel, and read by the reader of the safetensors format below. Needs ctranslate2, tokenizers and numpy (tests/requirements-peer.txt).
"""

from __future__ import annotations

import json
import random
import struct
import sys
import tempfile
from pathlib import Path

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from tokenizers import Tokenizer

TEXTS = [
    "",
    " ",
    "Who was Grace Hopper?",
    "Which projects used COBOL?",
    "what did she do in the forties",
    "How do I bake a cake?",
    "Tell me about the moth in the Mark II relay.",
    "programming in plain English",
    "She taught mathematics at Vassar College from 1931 to 1943.",
    "the weather in Paris tomorrow",
    "Has she ever won a prize?",
    "nanoseconds",
    "What machine had she worked on before the UNIVAC?",
    "unaffable pneumonoultramicroscopicsilicovolcanoconiosis",
    "it's rock'n'roll, isn't it?! -- well... (maybe) [or not] {so}",
    "$5.00 + 3 = 8% of #1 @home & co_op ~x^2 `y` <z> a/b\\c |d|",
    "Émile Zola naïve café Ångström façade",
    "E\u0301mile with combining accents a\u0308o\u0308u\u0308",
    "ÀÉÎÕÜ İstanbul DIYARBAKIR straße GROẞ ǅ",
    "東京は日本の首都です。",
    "漢字 and English together漢字English",
    "한국어 문장입니다",
    "Привет, как дела?",
    "γειά σου Κόσμε ΣΊΣΥΦΟΣ",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "emoji 😀 👩‍💻 🇩🇪 ❤️",
    "tabs\tand\nnew\r\nlines\u00a0and\u2003wide\u3000spaces",
    "zero\u200bwidth \ufeffmark soft\u00adhyphen \u202eoverride",
    "control\u0000\u0001\u007f\u0085characters \ufffd",
    "“curly” ‘quotes’ — dashes – and … dots «guillemets» ¿qué? ¡sí!",
    "1,234.56 3rd 4x4 x86-64 COVID-19 A-0 B-52 2nd",
    "##ing ## ing",
    "x" * 100,
    "x" * 101,
    "ﬁne ﬂow ① ½ ™ ℃ Ⅷ",
    "ABCdefGHI JKLmno",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛",
    "a.b.c.d e-mail@example.org https://example.org/x?y=z#q",
]
# Texts for embeddings: questions, statements, a single word, and one of more than a hundred tokens.
EMBEDDED = TEXTS[2:17] + [
    "Grace Hopper led the team that wrote the first compiler, a program that turned mathematical notation into machine code. "
    "At first nobody believed that it could work: computers, she was told, could only do arithmetic. She kept a clock that ran "
    "backwards on her wall, to show that things need not be done the way they had always been done, and handed out pieces of wire "
    "of the length that electricity travels in a nanosecond."
]
# Letters, marks, punctuation, spaces and ideographs that random texts are made of.
RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x320), (0x370, 0x3FF), (0x400, 0x45F), (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x4E80)]
N_RANDOM = 150


def texts() -> list[str]:
    """The texts above, and random ones, which are the same at every run."""
    rng = random.Random(1906)
    made = []
    for _ in range(N_RANDOM):
        picks = [rng.choice(RANGES[: 1 + rng.randrange(len(RANGES))]) for _ in range(rng.randrange(1, 25))]
        made.append("".join(chr(rng.randint(*pick)) for pick in picks))
    return TEXTS + made


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        start = file.tell()
        tensors = {}
        for name, entry in header.items():
            if entry.get("dtype") == "F32":
                file.seek(start + entry["data_offsets"][0])
                tensors[name] = np.fromfile(file, "<f4", int(np.prod(entry["shape"]))).reshape(entry["shape"])
    return tensors


def specification(tensors: dict[str, np.ndarray], config: dict, tokens: list[str]) -> transformer_spec.TransformerEncoderModelSpec:
    """The model as CTranslate2 wants it."""

    def fill(spec: object, path: str, names: tuple[str, str] = ("weight", "bias")) -> None:
        for name, part in zip(names, ("weight", "bias")):
            setattr(spec, name, tensors[f"{path}.{part}"])

    encoder = transformer_spec.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = tensors["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = tensors["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = tensors["embeddings.position_embeddings.weight"]
    fill(encoder.layernorm_embedding, "embeddings.LayerNorm", ("gamma", "beta"))
    for number, layer in enumerate(encoder.layer):
        path = f"encoder.layer.{number}"
        parts = [f"{path}.attention.self.{name}" for name in ("query", "key", "value")]
        fused = layer.self_attention.linear[0]
        fused.weight = np.concatenate([tensors[f"{part}.weight"] for part in parts])
        fused.bias = np.concatenate([tensors[f"{part}.bias"] for part in parts])
        fill(layer.self_attention.linear[1], f"{path}.attention.output.dense")
        fill(layer.self_attention.layer_norm, f"{path}.attention.output.LayerNorm", ("gamma", "beta"))
        fill(layer.ffn.linear_0, f"{path}.intermediate.dense")
        fill(layer.ffn.linear_1, f"{path}.output.dense")
        fill(layer.ffn.layer_norm, f"{path}.output.LayerNorm", ("gamma", "beta"))
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    spec.config.unk_token = "[UNK]"
    spec.config.layer_norm_epsilon = config["layer_norm_eps"]
    spec.register_vocabulary(tokens)
    return spec


def embeddings(source: Path, tokenizer: Tokenizer) -> list[dict[str, object]]:
    config = json.loads((source / "config.json").read_text("utf-8"))
    vocabulary = tokenizer.get_vocab()
    spec = specification(read_safetensors(source / "model.safetensors"), config, sorted(vocabulary, key=vocabulary.__getitem__))
    with tempfile.TemporaryDirectory() as folder:
        spec.validate()
        spec.optimize(quantization=None)
        spec.save(folder)
        encoder = ctranslate2.Encoder(folder, device="cpu", compute_type="float32", intra_threads=1)
        found = []
        for text in EMBEDDED:
            ids = tokenizer.encode(text).ids
            output = encoder.forward_batch([ids], token_type_ids=[[0] * len(ids)])
            mean = np.array(output.last_hidden_state)[0].mean(axis=0)
            mean /= np.linalg.norm(mean)
            found.append({"text": text, "embedding": [round(float(value), 5) for value in mean]})
    return found


def write(path: Path, value: list[dict[str, object]]) -> None:
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in value)
    path.write_text(f"[\n{lines}\n]\n", "utf-8")
    print(path)


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print(f"usage: {Path(arguments[0]).name} MODEL_DIR OUT_DIR", file=sys.stderr)
        return 2
    source, out = map(Path, arguments[1:])
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    out.mkdir(parents=True, exist_ok=True)
    write(out / "tokens.json", [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts()])
    write(out / "embeddings.json", embeddings(source, tokenizer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
