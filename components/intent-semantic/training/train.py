"""Learns `data/intent.json`, `data/intent.i8` and `data/items.json`.

    python train.py --ask ASK --content CONTENT.JSON --model MODEL --cache FILE [--set NAME=ASK ...] [--half NAME ...]
                    [--also FILE ...] [--judge NAME ...] [--folds NAME ...] --out FOLDER

ASK is the program of `examples/ask.rs`: the rules whose verdict is among what is learned from. A set (`development-2`) is played with
rules that nobody had tuned on it, else the model learns to trust them too much; they may be a build of an earlier commit. Of a set named
by `--half` only dialogues with even numbers are learned from. `--also` adds questions in the format of `../intent-rules/training`.
`--judge` prints the figures on a set that is not learned from, `--folds` those of cross-validation by dialogue. The test split has no place
here. Needs numpy, onnxruntime and tokenizers (tests/requirements-peer.txt).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inputs import ABOUT_CONTENT, INPUTS, INTENTS, Encoder, Items, Rules, corrected, grams, signs, token
from learn import Sparse, Trees, linear, softmax
from questions import questions, sentences

HERE = Path(__file__).resolve().parent
SETS = HERE.parents[2] / "tests/eval/intent"
PROBE = "what did she build"
FEWEST_WORDS, FEWEST_GRAMS = 3, 6
"""A word of fewer sentences is a star, a gram of fewer examples is not learned."""
MEANING = 4.0
"""Meanings and grams are multiplied with it while they are learned, so that the penalty for their weights is smaller."""
SET_WEIGHT = 3.0
FITS, BESIDE_BEST, ALONE = 0.15, 0.25, 0.05
"""As `Limits` in src/choice.rs."""
DOUBT = 0.1
"""As in src/judge.rs."""


class Example(NamedTuple):
    source: str
    dialogue: str
    right: list[str]
    found: dict
    dense: np.ndarray
    grams: set[str]
    label: dict | None = None
    rows: np.ndarray | None = None
    """Inputs of the trees, a row for each item."""


class Maker:
    """Makes examples of questions."""

    def __init__(self, items: Items, words: set[str]):
        self.items, self.words = items, words

    def example(self, source, dialogue, right, text, rules, history, label=None, rows=None) -> Example:
        found = rules.classify(text, history)
        asked, right_words = self.items.meanings(text, found)
        nearest = tuple(float(self.items.near(one)["text"].max()) for one in (asked, right_words))
        told = signs(found, bool(history), any(turn["item_ids"] for turn in history), nearest)
        dense = np.concatenate([[1.0], asked * MEANING, right_words * MEANING, told]).astype(np.float32)
        return Example(source, dialogue, right, found, dense, grams(found, self.words), label, rows)

    def rows(self, rules, text, found, intent, previous) -> np.ndarray:
        item_type = found["item_type"] if intent in ABOUT_CONTENT else None
        chosen = rules.select(text, found, intent, item_type, previous)
        return self.items.inputs(text, found, intent, item_type, previous, chosen, rules.ask("search", text=text))

    def turn(self, text: str, intent: str, cards: list[str], item_type: str | None) -> dict:
        kinds = {self.items.items[self.items.ids.index(card)]["type"] for card in cards}
        return {"user": text, "assistant": "", "intent": intent, "item_ids": cards,
                "item_type": item_type if not cards else kinds.pop() if len(kinds) == 1 else None}

    def pair(self, source: str, right: list[str], text: str, before: str | None, rules: Rules) -> Example:
        history = []
        if before:
            found = rules.classify(before, [])
            cards = rules.select(before, found, found["intent"], found["item_type"], [])
            history = [self.turn(before, found["intent"], cards, found["item_type"])]
        return self.example(source, text, right, text, rules, history)

    def play(self, name: str, rules: Rules, answer=None) -> list[Example]:
        """Plays a set. `answer` gives intent and cards; without it they are what is right, so that later turns have what they need."""
        examples = []
        for dialogue in tomllib.loads((SETS / f"{name}.toml").read_text())["dialogue"]:
            history: list[dict] = []
            for label in dialogue["turn"]:
                recent = history[-6:]
                previous = next((turn["item_ids"] for turn in reversed(recent) if turn["item_ids"]), [])
                label, text = placed(label, recent[-1]["item_ids"] if recent else []), label["text"]
                made = self.example(name, dialogue["id"], label["intent"], text, rules, recent, label)
                found = made.found
                if answer:
                    intent, cards = answer(self, made, text, rules, previous)
                    label = {**label, "given": intent, "cards": cards}
                else:
                    intent = found["intent"] if found["intent"] in label["intent"] else label["intent"][0]
                    cards = [*label["best"], *(one for one in label["items"] if one not in label["best"])][:4]
                rows = self.rows(rules, text, found, intent, previous) if intent in ABOUT_CONTENT else None
                examples.append(made._replace(label=label, rows=rows))
                if text.strip():
                    history.append(self.turn(text, intent, cards, found["item_type"]))
        return examples


def placed(label: dict, shown: list[str]) -> dict:
    """As `Label::after` in tests/src/eval/set.rs."""
    label = {"best": [], **label}
    pick = label.get("pick")
    at = None if pick is None else pick - 1 if pick > 0 else len(shown) + pick
    if at is not None and 0 <= at < len(shown):
        label |= {"items": [shown[at]], "best": []}
    return label


def also(file: Path, rules: Rules, maker: Maker) -> list[Example]:
    made, before = [], None
    for line in file.read_text().splitlines():
        intents, bar, text = line.partition("|")
        goes_on, intents = intents.startswith(">"), [name.strip() for name in intents.strip("> ").split(",")]
        if bar and not line.startswith("#") and all(name in INTENTS for name in intents):
            made.append(maker.pair("also", intents, text.strip(), before if goes_on else None, rules))
            before = before if goes_on else text.strip()
    return made


class Model:
    """Both learned parts."""

    def __init__(self, examples: list[Example]):
        counts: dict[str, int] = {}
        for example in examples:
            for gram in example.grams:
                counts[gram] = counts.get(gram, 0) + 1
        self.grams = sorted(gram for gram, n in counts.items() if n >= FEWEST_GRAMS)
        self.place = {gram: at for at, gram in enumerate(self.grams)}
        right = np.full((len(examples), len(INTENTS)), 0.0, np.float32)
        for row, example in zip(right, examples):
            for at, name in enumerate(example.right):
                row[INTENTS.index(name)] = 1.0 if at == 0 else 1e-4
            row /= row.sum()
        weight = np.array([SET_WEIGHT if example.label else 1.0 for example in examples])
        x = self.x(examples)
        penalty = np.ones(x.shape[1])
        penalty[0] = 1e-3
        self.weights = linear(x, right, weight, penalty)
        asked = [example for example in examples if example.rows is not None]
        self.trees = Trees()
        if asked:
            y = [[float(own in example.label["items"]) for own in Model.ids] for example in asked]
            light = [np.full(len(Model.ids), 1.0 if len(example.label["items"]) <= 4 else 0.5) for example in asked]
            self.trees.fit(np.concatenate([example.rows for example in asked]), np.concatenate(y), np.concatenate(light))

    ids: list[str] = []

    def x(self, examples: list[Example]) -> Sparse:
        cells, values = [(0, 0)], [0.0]
        for row, example in enumerate(examples):
            places = sorted(self.place[gram] for gram in example.grams if gram in self.place)
            cells += [(row, place) for place in places]
            values += [MEANING / max(len(places), 1) ** 0.5] * len(places)
        dense = np.array([example.dense for example in examples])
        return Sparse(dense, np.array(cells), np.array(values, np.float32), len(self.grams))

    def answer(self, maker: Maker, example: Example, text: str, rules: Rules, previous: list[str]) -> tuple[str, list[str]]:
        found, p = example.found, softmax(self.x([example]).times(self.weights))[0]
        intent = INTENTS[int(p.argmax())]
        doubt = sum(p[INTENTS.index(name)] for name in ("off-topic", "unsafe"))
        turned_down = found["intent"] == "off-topic" and intent in ABOUT_CONTENT and doubt >= DOUBT
        if found["intent"] == "unsafe" or turned_down or not found["units"]:
            intent = found["intent"]
        if intent not in ABOUT_CONTENT or not found["units"]:
            return intent, []
        fits = self.trees.probability(maker.rows(rules, text, found, intent, previous))
        order = np.argsort(-fits, kind="stable")
        best = fits[order[0]]
        cards = [Model.ids[at] for at in order[:4] if fits[at] >= max(FITS, BESIDE_BEST * best)]
        return intent, cards or [Model.ids[order[0]]][: int(best >= ALONE)]

    def write(self, out: Path, width: int, encoder: Encoder, words: set[str]) -> None:
        n_dense = len(self.weights) - len(self.grams)
        weights = self.weights.copy()
        weights[1 : 1 + 2 * width] *= MEANING
        weights[n_dense:] *= MEANING
        scales = [float(f"{scale:.4g}") for scale in np.maximum(np.abs(weights).max(1), 1e-6) / 127]
        np.clip(np.round(weights / np.array(scales)[:, None]), -127, 127).astype(np.int8).tofile(out / "intent.i8")
        probe = [float(f"{value:.4g}") for value in encoder(PROBE)[:16]]
        described = {"intents": INTENTS, "width": width, "probe": probe, "words": sorted(words), "grams": self.grams, "scales": scales}
        for name, value in (("intent", described), ("items", {"inputs": INPUTS, "base": self.trees.base, "trees": self.trees.trees})):
            (out / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")))


def report(name: str, played: list[Example]) -> None:
    """As tests/src/eval/measure.rs."""
    figures: dict[str, list[float]] = {"intent": [], "recall": [], "precision": [], "refusal": []}
    for label in (example.label for example in played):
        hits = sum(card in label["items"] for card in label["cards"])
        figures["intent"].append(float(label["given"] in label["intent"]))
        if label["items"]:
            figures["recall"].append(hits / min(4, len(label["items"])))
        elif set(label["intent"]) <= {"off-topic", "unsafe"}:
            figures["refusal"].append(float(label["given"] in ("off-topic", "unsafe") and not label["cards"]))
        if label["cards"]:
            figures["precision"].append(hits / len(label["cards"]))
    print(name, len(played), " ".join(f"{key} {np.mean(values):.3f}" for key, values in figures.items()), flush=True)


def is_even(example: Example) -> bool:
    return int(example.dialogue.rsplit("-", 1)[1]) % 2 == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("ask", "content", "model", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("set", "half", "also", "judge", "folds"):
        parser.add_argument(f"--{name}", nargs="*", default=[])
    arguments = parser.parse_args()
    if any("test" in name for name in arguments.set + arguments.judge + arguments.folds):
        sys.exit("the test split is closed")
    encoder = Encoder(arguments.model, arguments.cache)
    rules, items = Rules(arguments.ask, arguments.content), Items(arguments.content, encoder)
    Model.ids = items.ids
    counts: dict[str, int] = {}
    for _, _, sentence in sentences(HERE):
        for word in set(re.findall(r"[a-z']+", re.sub(r"\{.*?\}", " ", sentence))):
            counts[word] = counts.get(word, 0) + 1
    words = {word for word, n in counts.items() if n >= FEWEST_WORDS} | set("S O Y N T # you ^ $".split())
    maker = Maker(items, words)
    examples = [maker.pair("made", *question, rules) for question in questions(HERE, arguments.content)]
    examples += [example for file in arguments.also for example in also(Path(file), rules, maker)]
    print(len(examples), "examples", flush=True)
    players = {}
    for pair in arguments.set:
        name, _, program = pair.partition("=")
        players[name] = Rules(program, arguments.content) if program else rules
        played = maker.play(name, players[name])
        examples += [example for example in played if name not in arguments.half or is_even(example)]
    encoder.save()
    for name in arguments.folds:
        places = sorted({example.dialogue for example in examples if example.source == name})
        np.random.default_rng(0).shuffle(places)
        played = []
        for fold in range(3):
            part = set(places[fold::3])
            model = Model([example for example in examples if example.source != name or example.dialogue not in part])
            played += [example for example in maker.play(name, players[name], model.answer) if example.dialogue in part]
        report(f"{name}, three folds", played)
    model = Model(examples)
    print(len(model.grams), "grams", flush=True)
    for pair in arguments.judge:
        name, _, program = pair.partition("=")
        played = maker.play(name, Rules(program, arguments.content) if program else rules, model.answer)
        report(name, played)
        report(f"{name}, even", [example for example in played if is_even(example)])
        report(f"{name}, odd", [example for example in played if not is_even(example)])
    arguments.out.mkdir(parents=True, exist_ok=True)
    model.write(arguments.out, encoder.embeddings.shape[1], encoder, words)
    encoder.save()


if __name__ == "__main__":
    main()
