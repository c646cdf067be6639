"""Questions to train with: the sentences of *.txt with names, types and years of a content base in their gaps.

`content.txt` has a sentence a line, the others several, parted by ` | `. A line `@ list,detail` says which intents the next ones have. In
the gaps stand names of the content base and, so that it is not about them, words that no content base knows. Some get a polite beginning,
an end, or a typing error. The same seed gives the same questions.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Iterator, NamedTuple

MORE_TYPES = """gadgets machines works pieces texts writings papers medals trophies honors titles decorations jobs posts roles gigs employers
firms degrees diplomas courses certificates qualifications speeches lectures shows interviews performances appearances talents strengths
abilities competences fields programs systems tools creations ideas breakthroughs accomplishments successes contributions ventures
undertakings reports essays manuals chapters letters novels songs paintings patents discoveries experiments films recordings
exhibitions""".split()
NO_PLURAL = "study studies schooling recognition education training experience expertise".split()
THINGS = "things products inventions machines programs projects creations stuff languages systems tools works pieces gadgets".split()
MAKE = [tuple(pair.split("/")) for pair in """build/built,make/made,create/created,invent/invented,develop/developed,design/designed,
produce/produced,write/written,program/programmed,come up with/come up with,work on/worked on,construct/constructed,
put together/put together,compose/composed,publish/published""".replace("\n", "").split(",")]
GET = [tuple(pair.split("/")) for pair in """get/got,win/won,receive/received,earn/earned,have/had,give/given,write/written,hold/held,do/done,
collect/collected,pick up/picked up,take/taken,be given/been given""".replace("\n", "").split(",")]
ROLES = """teacher boss leader programmer mathematician officer professor speaker writer student manager commander engineer scientist nurse
painter singer captain admiral author consultant""".split()
SKILLS = """teaching,mathematics,leading people,programming,public speaking,explaining things,languages,writing,numbers,management,
designing things,drawing,organising,persuading people,machines,physics""".replace("\n", "").split(",")
PERSONS = "woman person lady man guy girl scientist individual".split()
NAMES = ["ruth", "computer", "robot", "assistant", "madam", "there", "buddy", "ma'am", "sir"]
ANY_ITEM = """the machine,the project,that machine,this invention,the first one she made,her book,her thesis,the medal,the big prize,her talk,
her job,the program,her paper,the language,the famous story,her television interview,the theory,the company,her first job,her degree,
the award ceremony,the famous lecture,the story with the animal,the secret project,the ship,the manual,her master thesis,the interview,
the early version,the later version,that device,the conference""".replace("\n", "").split(",")
ANY_ORGANISATION = """the university,the company,the army,the navy,the laboratory,the institute,the school,that firm,the ministry,the bank,
the academy,ibm,nasa,siemens,the museum,the newspaper""".replace("\n", "").split(",")
ANY_TECHNOLOGY = """computers,paper,steam engines,electricity,statistics,photography,machine learning,databases,radio,chemistry,paint,
rockets""".replace("\n", "").split(",")
YEARS = "1930 1934 1944 1946 1949 1952 1953 1955 1959 1961 1967 1973 1978 1983 1986 1991 2016".split()
DECADES = """the thirties,the forties,the fifties,the sixties,the seventies,the eighties,the nineties,the 1950s,the 1940s,the 1970s""".split(",")
TIMES = """during the war,in the second world war,before the war,after the war,during the cold war,in the postwar years,in her thirties,
at the end of her life,as a young woman,in the last years""".replace("\n", "").split(",")
LEADS = """please ,can you tell me ,could you tell me ,so ,um ,uh ,okay so ,and ,well ,i was wondering ,i want to know ,hey ruth ,do you know ,
so um ,ok ,now ,er ,my question is ,by the way ,but ,actually ,for school: ,let me ask you this: ,like ,honestly ,also ,alright ,just curious
 ,quick question ,one question: ,excuse me ,sorry ,right ,tell me """.replace("\n", "").split(",")
TAILS = """ please; then; by the way; exactly; if you know; for my homework; actually;, do you know that;, can you tell me; again; thanks; or so;
 you know;, i forgot; in short; roughly; though; right now;, would you know""".replace("\n", "").split(";")


class Question(NamedTuple):
    intents: list[str]
    text: str
    before: str | None
    """What was asked before it."""


def plural(word: str) -> str:
    if word.endswith("s"):
        return word
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("ch", "sh", "x")) else "s")


class Writer:
    """Fills gaps."""

    def __init__(self, content: Path, seed: int):
        base = json.loads(content.read_text())
        self.rng = random.Random(seed)
        nouns = [noun for kind in base["types"] for noun in kind["synonyms"] if noun not in NO_PLURAL]
        self.types = [(noun, plural(noun)) for noun in nouns]
        self.types += [(noun[:-1] if noun.endswith("s") else noun, noun) for noun in MORE_TYPES]
        timed = [item for item in base["items"] if item.get("startYear") is not None]
        self.items = [name.lower() for item in timed for name in [item["title"], *item.get("aliases", [])]]
        named = lambda key: [name for one in base[key] for name in [one["name"], *one.get("aliases", [])]]
        self.organisations, self.technologies = named("organisations"), named("technologies")
        name = base["subject"]["name"].lower()
        first, last = name.split(" ")[0], name.split(" ")[-1]
        she, he = ("she", "her", "her", "hers", "herself"), ("he", "his", "him", "his", "himself")
        you, they = ("you", "your", "you", "yours", "yourself"), ("they", "their", "them", "theirs", "themselves")
        called = [(by, by + "'s", by, by + "'s", "herself") for by in [name, name, name, last, last, last, first, "the admiral", "this woman",
                  "that lady", "the scientist", "this person"]]
        self.subjects = [she] * 9 + [he] * 4 + [you] * 3 + [they] + called
        self.full = [name, name, last, first, *base["subject"]["aliases"][:3], "this woman", "that lady", "her", "him", "this guy"]

    def one(self, known: list[str], other: list[str], share: float) -> str:
        return self.rng.choice(other if self.rng.random() < share else known)

    def years(self) -> str:
        year, decade = self.rng.choice(YEARS), self.rng.choice(DECADES)
        until = int(year) + self.rng.randint(2, 15)
        return self.rng.choice([
            f"in {year}", f"in {year}", f"in {decade}", f"in {decade}", f"after {year}", f"before {year}", f"since {year}", f"until {year}",
            f"around {year}", f"between {year} and {until}", f"from {year} to {until}", f"in the early {decade[4:]}",
            f"in the late {decade[4:]}", f"by {year}", f"later than {year}", f"at the end of {decade}", f"up to {year}", year, *TIMES,
        ])

    def fill(self, sentence: str) -> str:
        rng = self.rng
        she, her, her_o, hers, herself = rng.choice(self.subjects)
        (make, made), (get, got), (t, ts) = rng.choice(MAKE), rng.choice(GET), rng.choice(self.types)
        cased = lambda name: name.lower() if rng.random() < 0.7 else name

        def two(known, other, share):
            first = second = self.one(known, other, share)
            while second == first:
                second = self.one(known, other, share)
            return cased(first), cased(second)

        (n, m), (o, o2) = two(self.items, ANY_ITEM, 0.3), two(self.organisations, ANY_ORGANISATION, 0.25)
        skill, skill2 = two(SKILLS, SKILLS, 0)
        decade, year = rng.choice(DECADES), rng.choice(YEARS)
        text = sentence.format(
            she=she, her=her, her_o=her_o, hers=hers, herself=herself, make=make, made=made, get=get, got=got, n=n, m=m, o=o, o2=o2,
            k=cased(self.one(self.technologies, ANY_TECHNOLOGY, 0.25)), t=t, ts=ts, things=rng.choice(THINGS), y=self.years(),
            y2=rng.choice([year, decade, decade, f"before {year}", f"after {year}", "the war", "the war years", "the time after the war"]),
            year=year, role=rng.choice(ROLES), skill=skill, skill2=skill2, person=rng.choice(PERSONS), full=rng.choice(self.full),
            name=rng.choice(NAMES),
        )
        return re.sub(r"\ba ([aeiou])", r"an \1", text)

    def decorate(self, text: str, intent: str) -> str:
        share = 0.05 if intent in ("greeting", "thanks", "goodbye", "unclear") else 0.25
        chance = self.rng.random()
        if chance < share:
            text = self.rng.choice(LEADS) + text
        elif chance < share * 1.35:
            text += self.rng.choice(TAILS)
        if self.rng.random() < 0.2:
            text = text[0].upper() + text[1:] + ("?" if self.rng.random() < 0.7 else ".")
        return text

    def mistype(self, text: str) -> str:
        words = text.split(" ")
        for _ in range(self.rng.choice([1, 1, 2])):
            at = self.rng.randrange(len(words))
            word = words[at]
            if len(word) < 4:
                continue
            i, chance = self.rng.randrange(1, len(word) - 1), self.rng.random()
            if chance < 0.5:
                words[at] = word[:i] + word[i + 1] + word[i] + word[i + 2:]
            else:
                words[at] = word[:i] + word[i + 1:] if chance < 0.8 else word[:i] + word[i] + word[i:]
        return " ".join(words)


def sentences(folder: Path) -> Iterator[tuple[str, list[str], str]]:
    """File, intents and text of each sentence."""
    for file in sorted(folder.glob("*.txt")):
        intents: list[str] = []
        for line in file.read_text().splitlines():
            if line.startswith("@ "):
                intents = line[2:].strip().split(",")
            elif line.strip() and not line.startswith("#"):
                parts = [line] if file.stem == "content" else line.split(" | ")
                yield from ((file.stem, intents, part.strip()) for part in parts if part.strip())


def questions(folder: Path, content: Path, each: int = 4, seed: int = 7) -> list[Question]:
    """All of them, `each` of a sentence with gaps."""
    writer, found, seen = Writer(content, seed), [], set()
    all_sentences = list(sentences(folder))
    before = [text for file, intents, text in all_sentences if file == "content" and intents[0] in ("list", "detail")]
    for file, intents, sentence in all_sentences:
        n = each if "{" in sentence else 2 if file == "follow" else 1
        n_made = 0
        for attempt in range(3 * n):
            text = writer.fill(sentence)
            if attempt > 0 or writer.rng.random() < 0.3:
                text = writer.decorate(text, intents[0])
            if writer.rng.random() < 0.08:
                text = writer.mistype(text)
            if text in seen and file != "follow":
                continue
            seen.add(text)
            goes_on = file == "follow" or writer.rng.random() < 0.12
            found.append(Question(intents, text, writer.fill(writer.rng.choice(before)) if goes_on else None))
            n_made += 1
            if n_made == n:
                break
    return found


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[3]
    for question in questions(Path(__file__).parent, root / "content/content.json")[::97]:
        print(question)
