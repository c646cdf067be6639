"""An intent stage in Python: questions are matched with the words of the content base.

It implements `colloquy:intent` and `colloquy:content`, and reads `/content/content.json`, which the host mounts. It is small on purpose:
no spelling mistakes, no ordinals ("the second one"), English only. `components/intent-rules` can do more, behind the same contract.
"""

import json
import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import content as wc
from wit_world.exports import intent as wi

MOST_CHARACTERS = 4_000
NEEDS = ["content (read)"]

# Words that say nothing about what is asked for.
STOP = set("""a about all am an and any are as at be been before by can could did do does during for from had has have he her hers him his
    how i in into is it its let like list many me more much my of on or our out please she show so some tell than that the their them then
    there these they this those to up us was we were what when where which who whom whose why will with would you your after since until
    between one ones thing things get give know find work worked""".split())

# The first rule that fits gives the intent. Rules are tried on the lower-case text.
RULES = [
    ("thanks", r"^(thanks|thank you)\b"),
    ("goodbye", r"^(bye|goodbye|good bye|see you)\b"),
    ("greeting", r"^(hi|hello|hey|good (morning|afternoon|evening))\b(?!.*\b(what|which|who|when|how|tell|show)\b)"),
    ("about", r"^who (is|was|are)\b"),
    ("help", r"\b(help me|what can (you|i) (do|ask))\b"),
    ("compare", r"\b(compare|difference between|versus)\b"),
    ("count", r"\bhow many\b"),
    ("when", r"^(when|in (which|what) year)\b"),
]
# Intents that are answered without items.
WITHOUT_ITEMS = {"thanks", "goodbye", "greeting", "help", "about", "off-topic", "unsafe", "unclear"}


def words(text: str) -> list[str]:
    """Words in lower case, without plural s and without possessive s, each once, in order."""
    found = re.findall(r"[^\W_]+", re.sub(r"['’]s\b", "", text.lower()))
    plain = (word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found)
    return list(dict.fromkeys(plain))


def keywords(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOP]


class Base:
    """The content base with its words indexed."""

    def __init__(self, data: dict):
        self.types = [{"synonyms": [], "verbs": []} | kind for kind in data["types"]]
        self.items = [self.item(entry) for entry in data["items"]]
        self.by_id = {item.id: item for item in self.items}
        self.names = {
            "technology": self.patterns(data.get("technologies", [])),
            "organisation": self.patterns(data.get("organisations", [])),
        }
        kinds = [{"name": kind["name"], "aliases": kind["synonyms"]} for kind in self.types]
        self.names["item-type"] = self.patterns(kinds)
        self.held = {item.id: self.words_of(item, entry) for item, entry in zip(self.items, data["items"])}
        self.known = set().union(*self.held.values())
        years = [item.start_year for item in self.items if item.start_year is not None]
        self.oldest, self.newest = min(years, default=0), max(years, default=0)

    @staticmethod
    def patterns(entries: list[dict]) -> list[tuple[str, re.Pattern]]:
        """Canonical names, each with a pattern for it and its aliases, the longest first."""
        named = []
        for entry in entries:
            forms = sorted([entry["name"], *entry.get("aliases", [])], key=len, reverse=True)
            named.append((entry["name"], re.compile(r"\b(%s)s?\b" % "|".join(map(re.escape, forms)), re.IGNORECASE)))
        return named

    @staticmethod
    def item(entry: dict) -> wc.Item:
        return wc.Item(
            id=entry["id"],
            type_name=entry["type"],
            title=entry["title"],
            summary=entry["summary"],
            details=entry.get("details", ""),
            organisation=entry.get("organisation"),
            start_year=entry.get("startYear"),
            end_year=entry.get("endYear"),
            technologies=entry.get("technologies", []),
            keywords=entry.get("keywords", []),
            metrics=[wc.Metric(metric["label"], metric["value"]) for metric in entry.get("metrics", [])],
            impact=entry["impact"],
            url=entry.get("url"),
        )

    @staticmethod
    def words_of(item: wc.Item, entry: dict) -> set[str]:
        texts = [item.title, item.summary, item.organisation or "", *item.technologies, *item.keywords, *entry.get("aliases", [])]
        return set(keywords(" ".join(texts)))

    def mentioned(self, kind: str, text: str) -> list[tuple[str, str]]:
        """Canonical name and the words as said, of everything of this kind that the text names."""
        found = ((name, pattern.search(text)) for name, pattern in self.names[kind])
        return [(name, match.group(0)) for name, match in found if match]

    def title_in(self, text: str) -> wc.Item | None:
        low = text.lower()
        return next((item for item in self.items if item.title.lower() in low), None)

    def check_type(self, name: str | None) -> None:
        if name is not None and all(kind["name"] != name for kind in self.types):
            raise Err(wc.Error_InvalidInput(f"there is no item type {name[:64]!r}"))

    def score(self, item: wc.Item, asked: list[str], technologies: list[str]) -> wc.Score:
        held = [word for word in asked if word in self.held[item.id]]
        named = [name for name in technologies if name in item.technologies]
        keyword = len(held) / len(asked) if asked else 0.0
        technology = len(named) / len(technologies) if technologies else 0.0
        span = self.newest - self.oldest
        recency = 0.5 if item.start_year is None or span == 0 else (item.start_year - self.oldest) / span
        reasons = [f"keyword: {word}" for word in held] + [f"technology: {name}" for name in named]
        total = 0.4 * keyword + 0.3 * technology + 0.2 * recency + 0.1 * item.impact
        return wc.Score(total, keyword, technology, recency, item.impact, reasons)


_base: Base | None = None


def base(error=wc.Error_Unavailable) -> Base:
    """The content base, read by the first call: while the component is being built there is no `/content`."""
    global _base
    if _base is None:
        try:
            with open("/content/content.json", encoding="utf-8") as file:
                _base = Base(json.load(file))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise Err(error(f"/content/content.json: {problem!r}"))
    return _base


def years_in(text: str) -> list[tuple[str, int, int]]:
    """What was said, first and last year."""
    ranges = re.findall(r"\b((?:between|from) (\d{4}) (?:and|to|until) (\d{4}))\b", text)
    if ranges:
        return [(said, *sorted((int(start), int(end)))) for said, start, end in ranges]
    return [(year, int(year), int(year)) for year in re.findall(r"\b([12]\d{3})\b", text)]


def meets(item: wc.Item, wanted: wc.Filter) -> bool:
    def same(name: str, names: list[str]) -> bool:
        return name.lower() in (other.lower() for other in names)

    if wanted.type_name is not None and item.type_name != wanted.type_name:
        return False
    if wanted.organisation is not None and not same(wanted.organisation, [item.organisation or ""]):
        return False
    if wanted.technologies and not any(same(name, item.technologies) for name in wanted.technologies):
        return False
    if wanted.from_year is None and wanted.to_year is None:
        return True
    if item.start_year is None:
        return False
    starts_in_time = wanted.to_year is None or item.start_year <= wanted.to_year
    return starts_in_time and (wanted.from_year is None or item.end_year is None or item.end_year >= wanted.from_year)


def limited(text: str, error) -> None:
    if len(text) > MOST_CHARACTERS:
        raise Err(error(f"{len(text)} characters, at most {MOST_CHARACTERS} are possible"))


class Intent(exports.Intent):
    def describe(self) -> wi.Info:
        base(wi.Error_Unavailable)
        return wi.Info("intent-python", "0.1.0", None, ["en"], NEEDS)

    def classify(self, text: str, history: list[wi.Turn]) -> wi.Classification:
        limited(text, wi.Error_InvalidInput)
        known = base(wi.Error_Unavailable)
        asked = keywords(text)
        entities = [
            wi.Entity(kind, name, said, 1.0) for kind in known.names for name, said in known.mentioned(kind, text)
        ]
        for said, start, end in years_in(text):
            kind, value = ("year", str(start)) if start == end else ("year-range", f"{start}..{end}")
            entities.append(wi.Entity(kind, value, said, 1.0))
        title = known.title_in(text)
        if title is not None:
            entities.append(wi.Entity("item", title.id, title.title, 1.0))
        item_type = next((entity.value for entity in entities if entity.kind == "item-type"), None)

        low = text.strip().lower()
        rule = next((intent for intent, pattern in RULES if re.search(pattern, low)), None)
        covered = sum(word in known.known for word in asked) / len(asked) if asked else 0.0
        if rule is not None:
            intent = rule
        elif title is not None:
            intent = "detail"
        elif history and re.search(r"\b(more|that|it|them|those)\b", low) and not entities:
            intent = "follow-up"
        elif entities or covered > 0:
            intent = "list"
        else:
            intent = "off-topic" if asked else "unclear"
        clear = 1.0 if rule or entities else 0.5 if covered > 0 else 0.0
        factors = [wi.Factor("rule or name", clear, 0.6), wi.Factor("words of the content base", covered, 0.4)]
        confidence = sum(factor.value * factor.weight for factor in factors)
        return wi.Classification(intent, item_type, entities, asked, confidence, factors)


class Content(exports.Content):
    def describe(self) -> wc.Info:
        base()
        return wc.Info("intent-python", "0.1.0", None, ["en"], NEEDS)

    def types(self) -> list[wc.ItemType]:
        items = base().items
        return [
            wc.ItemType(kind["name"], kind["title"], sum(item.type_name == kind["name"] for item in items))
            for kind in base().types
        ]

    def items(self, type_name: str | None, offset: int, limit: int) -> list[wc.Item]:
        base().check_type(type_name)
        found = [item for item in base().items if type_name is None or item.type_name == type_name]
        return found[offset : offset + limit]

    def get(self, id: str) -> wc.Item | None:
        return base().by_id.get(id)

    def search(self, text: str, filter: wc.Filter, limit: int) -> list[wc.Hit]:
        limited(text, wc.Error_InvalidInput)
        base().check_type(filter.type_name)
        technologies = [name for name, _ in base().mentioned("technology", text)]
        asked = keywords(text)
        hits = [wc.Hit(item, base().score(item, asked, technologies)) for item in base().items if meets(item, filter)]
        if text.strip():
            hits = [hit for hit in hits if hit.score.keyword + hit.score.technology > 0]
        hits = [hit for hit in hits if hit.score.total > 0]
        return sorted(hits, key=lambda hit: -hit.score.total)[:limit]

    def select(self, request: wc.Request) -> wc.Selection:
        limited(request.text, wc.Error_InvalidInput)
        base().check_type(request.item_type)

        def named(kind: str) -> list[str]:
            return [entity.value for entity in request.entities if entity.kind == kind]

        years = [int(year) for value in named("year") + named("year-range") for year in re.findall(r"\d{1,4}", value)]
        applied = wc.Filter(
            type_name=request.item_type,
            technologies=named("technology"),
            organisation=next(iter(named("organisation")), None),
            from_year=min(years, default=None),
            to_year=max(years, default=None),
        )
        nothing = wc.Selection([], 0, applied)
        if request.intent in WITHOUT_ITEMS:
            return nothing
        # Words that became the filter have done their work.
        said = set(words(" ".join(entity.value for entity in request.entities)))
        kinds = {word for kind in base().types for word in words(" ".join([kind["name"], *kind["synonyms"], *kind["verbs"]]))}
        asked = [word for word in request.keywords if word not in said | kinds and not word.isdigit()]
        filtered = applied.technologies or applied.organisation or years
        hits = []
        for item in base().items:
            score = base().score(item, asked, applied.technologies)
            pinned = item.id in named("item") or (request.intent == "follow-up" and item.id in request.previous_item_ids)
            fits = pinned or score.keyword >= 0.5 or (not asked and (filtered or applied.type_name)) or bool(filtered)
            if fits and meets(item, applied):
                hits.append((not pinned, -score.total, wc.Hit(item, score)))
        hits.sort(key=lambda hit: hit[:2])
        return wc.Selection([hit for _, _, hit in hits][: request.limit], len(hits), applied)
