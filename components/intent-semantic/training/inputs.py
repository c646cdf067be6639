"""What the learned parts see of a question: the same as `src/intent.rs`, `src/words.rs`, `src/choice.rs` and `src/content.rs`."""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path

import numpy as np

INTENTS = "unsafe greeting thanks goodbye help about when count compare list detail follow-up off-topic unclear".split()
ABOUT_CONTENT = {"about", "list", "detail", "when", "count", "compare", "follow-up"}
INPUTS = """r_title r_sum r_key n_title n_sum n_key best best_gap mean mean_gap rank z zmax kw kw_gap kw_max kw_rank tech org
year type itype tsim tsim_gap pin any_pin prev n_prev sel n_sel i_list i_count i_detail i_when i_compare i_follow-up i_about n_ent known n_kw
impact skill npin_n tfrac""".split()


class Encoder:
    """The sentence encoder on ONNX Runtime; meanings are kept in a file."""

    def __init__(self, folder: Path, cache: Path):
        import onnxruntime
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        description = json.loads((folder / "model.json").read_text())
        self.tokens, width = description["tokens"], description["sizes"]["width"]
        self.embeddings = np.fromfile(folder / "embeddings.f16", np.float16).reshape(-1, width)
        self.positions = np.fromfile(folder / "positions.f16", np.float16).reshape(-1, width)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"])
        pieces = (folder / "vocabulary.txt").read_text().split("\n")
        self.tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces) if piece}, unk_token="[UNK]"))
        self.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.cache, self.n_new = cache, 0
        self.known: dict[str, np.ndarray] = pickle.loads(cache.read_bytes()) if cache.exists() else {}

    def __call__(self, text: str) -> np.ndarray:
        if text not in self.known:
            ids = [self.tokens["start"], *self.tokenizer.encode(text).ids[:126], self.tokens["end"]]
            x = self.embeddings[ids].astype(np.float32) + self.positions[: len(ids)].astype(np.float32)
            mean = self.session.run(["mean"], {"x": x[None]})[0].reshape(-1)
            self.known[text] = mean / np.linalg.norm(mean)
            self.n_new += 1
            if self.n_new % 2000 == 0:
                self.save()
        return self.known[text]

    def save(self) -> None:
        self.cache.write_bytes(pickle.dumps(self.known))


class Rules:
    """`examples/ask.rs`."""

    def __init__(self, program: Path, content: Path):
        self.process = subprocess.Popen([Path(program).resolve(), content.parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.known: dict[str, object] = {}

    def ask(self, op: str, **values):
        key = json.dumps({"op": op, **values})
        if key not in self.known:
            self.process.stdin.write(key + "\n")
            self.process.stdin.flush()
            self.known[key] = json.loads(self.process.stdout.readline())
        return self.known[key]

    def classify(self, text: str, history: list[dict]):
        return self.ask("classify", text=text, history=history)

    def select(self, text: str, found: dict, intent: str, item_type: str | None, previous: list[str]) -> list[str]:
        return self.ask("select", text=text, intent=intent, item_type=item_type, entities=found["entities"], keywords=found["keywords"],
                        previous=previous)


def corrected(found: dict) -> str:
    return " ".join(unit[0] for unit in found["units"])


def token(unit: list) -> str:
    text, classes = unit
    if "Subject" in classes:
        return "you" if text.startswith("you") else "S"
    marks = {"Ordinal": "O", "Years": "Y", "Item": "N", "Type": "T", "Name": "N", "Number": "#", "Count": "#"}
    return next((mark for name, mark in marks.items() if name in classes), text)


def grams(found: dict, words: set[str]) -> set[str]:
    tokens = ["^", *(token(unit) for unit in found["units"]), "$"]
    tokens = [one if one in words else "*" for one in tokens]
    runs = {" ".join(tokens[at : at + n]) for n in (2, 3) for at in range(len(tokens) - n + 1)}
    return runs | set(tokens[1:-1])


def signs(found: dict, has_history: bool, has_items: bool, nearest: tuple[float, float]) -> np.ndarray:
    verdict = np.zeros(len(INTENTS))
    verdict[INTENTS.index(found["intent"])] = 1
    kinds = [kind for kind, _ in found["own"]]
    n_units = len(found["units"])
    rest = [
        found["known"], found["subject"], found["subject_named"], found["pronoun"], found["others"], len(found["keywords"]) > 0,
        any(kind in ("item", "technology", "organisation") for kind in kinds), any(kind.startswith("year") for kind in kinds),
        "item-type" in kinds, kinds.count("item") >= 2, len(found["entities"]) > len(kinds), has_history, has_items, min(n_units, 12) / 12,
        n_units <= 2, *nearest,
    ]
    return np.concatenate([verdict, verdict * found["confidence"], np.array(rest, float)])


class Items:
    """A content base by meaning."""

    def __init__(self, content: Path, encoder: Encoder):
        base = json.loads(content.read_text())
        self.encoder, self.items = encoder, base["items"]
        self.ids = [item["id"] for item in self.items]
        names = [kind["name"] for kind in base["types"]]
        self.type = np.array([names.index(item["type"]) for item in self.items])
        pieces = []
        for at, item in enumerate(self.items):
            title, details = item["title"], item.get("details", "")
            pieces.append((at, "title", title))
            pieces += [(at, "text", f"{title}. {text}") for text in (item["summary"], details) if text]
            if item.get("keywords"):
                pieces.append((at, "keywords", f"{title}. {', '.join(item['keywords'])}"))
        self.of, self.kind = np.array([piece[0] for piece in pieces]), np.array([piece[1] for piece in pieces])
        self.pieces = np.array([encoder(piece[2]) for piece in pieces])
        ways = [(at, f"which {noun} did she have") for at, kind in enumerate(base["types"]) for noun in [kind["title"].lower(), *kind["synonyms"]]]
        ways += [(at, f"what did she {verb}") for at, kind in enumerate(base["types"]) for verb in kind.get("verbs", [])]
        self.way_of, self.n_types = np.array([way[0] for way in ways]), len(names)
        self.ways = np.array([encoder(way[1]) for way in ways])
        years = [item.get(key) for item in self.items for key in ("startYear", "endYear")]
        self.newest = max(year for year in years if year is not None)

    def near(self, meaning: np.ndarray) -> dict[str, np.ndarray]:
        similar, near = self.pieces @ meaning, {}
        for kind in ("title", "text", "keywords"):
            near[kind] = np.full(len(self.items), -1.0)
            np.maximum.at(near[kind], self.of[self.kind == kind], similar[self.kind == kind])
        return near

    def types(self, meaning: np.ndarray) -> np.ndarray:
        near = np.full(self.n_types, -1.0)
        np.maximum.at(near, self.way_of, self.ways @ meaning)
        return near

    def meanings(self, text: str, found: dict) -> tuple[np.ndarray, np.ndarray]:
        return self.encoder(text), self.encoder(corrected(found) or text)

    def touches(self, item: dict, value: str) -> bool:
        first, _, last = value.partition("..") if ".." in value else (value, "", value)
        if item.get("startYear") is None:
            return False
        return item["startYear"] <= int(last or 9999) and (item.get("endYear") or self.newest) >= int(first or -9999)

    def inputs(self, text: str, found: dict, intent: str, item_type: str | None, previous: list[str], chosen: list[str], held: list) -> np.ndarray:
        """A row for each item; `held` are pairs of an id and how much of the words that item holds."""
        asked, right = self.meanings(text, found)
        near = [self.near(asked), self.near(right)]
        every = lambda value: np.full(len(self.items), float(value))
        best = np.max([part for one in near for part in one.values()], axis=0)
        mean = sum(one[kind] for one in near for kind in ("text", "keywords")) / 4
        words = np.zeros(len(self.items))
        for held_by, share in held:
            words[self.ids.index(held_by)] = share
        place = lambda values: np.minimum((values[None] > values[:, None]).sum(1), 10)
        entities = found["entities"]

        def verdict(kind: str, fits) -> np.ndarray:
            values = [value for name, value in entities if name == kind]
            return np.array([(1.0 if any(fits(item, value) for value in values) else -1.0) if values else 0.0 for item in self.items])

        in_list = lambda ids: np.array([1 - 0.2 * ids.index(own) if own in ids else 0.0 for own in self.ids])
        to_type = (self.types(asked) + self.types(right)) / 2
        pinned = [value for kind, value in entities if kind == "item"]
        same = self.type[None] == self.type[:, None]
        deviation = mean.std() + 1e-6
        rows = [
            *(one[kind] for one in near for kind in ("title", "text", "keywords")),
            best, best - best.max(), mean, mean - mean.max(), place(mean), (mean - mean.mean()) / deviation,
            every((mean.max() - mean.mean()) / deviation),
            words, words - words.max(), every(words.max()), np.where(words > 0, place(words), 10),
            verdict("technology", lambda item, name: name in item.get("technologies", [])),
            verdict("organisation", lambda item, name: item.get("organisation") == name),
            verdict("year", self.touches) + verdict("year-range", self.touches),
            verdict("item-type", lambda item, name: item["type"] == name),
            np.array([0.0 if not item_type else 1.0 if item["type"] == item_type else -1.0 for item in self.items]),
            to_type[self.type], to_type[self.type] - to_type.max(),
            np.array([float(own in pinned) for own in self.ids]), every(len(pinned)),
            in_list(previous), every(len(previous)), in_list(chosen), every(len(chosen)),
            *(every(intent == name) for name in ("list", "count", "detail", "when", "compare", "follow-up", "about")),
            every(sum(kind in ("technology", "organisation", "year", "year-range") for kind, _ in entities)),
            every(found["known"]), every(min(len(found["keywords"]), 8)),
            np.array([item.get("impact", 0.5) for item in self.items]),
            np.array([float(item.get("startYear") is None) for item in self.items]), every(len(pinned)),
            (same & (best > best.max() - 0.1)[None]).sum(1) / same.sum(1),
        ]
        return np.array(rows).T
