"""The files of `rota apply`: YAML or JSON, read as one manifest, each object with the file that it came from."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import yaml

from rota.cli.output import Document

NOUNS = ("calendars", "jobs", "schedules")
STDIN = "-"
_ENDINGS = (".yaml", ".yml", ".json")


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as its core schema has it: `on` is a word, `10:30` and `2026-01-01` are texts. A key may stand once."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    yaml_constructors = {
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("null", "bool", "int", "float", "str", "seq", "map")
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping of texts to values."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "this is not a mapping", node.start_mark)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(
                    None, None, "a name must be a text; put it in quotes", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_WHOLE = r"-?(?:0|[1-9][0-9]*)"
_PLAIN = {
    "null": "|~|null|Null|NULL",
    "bool": "true|True|TRUE|false|False|FALSE",
    "int": _WHOLE,
    "float": rf"{_WHOLE}(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)",
    "merge": "<<",
}
"""What a word without quotes means; every other one is a text."""


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what YAML 1.1 would take for something else, and what YAML 1.2 would."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """A text; one with a line break of Unicode is escaped, or it would be read as another one."""
    style = '"' if re.search("[\x85\u2028\u2029\ufeff]", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)

for _tag, _pattern in _PLAIN.items():
    for _side in (_Loader, _Dumper):
        _side.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), None)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the files say, and the file of each object by its noun and position."""

    document: dict[str, list[Document]] = field(default_factory=lambda: {noun: [] for noun in NOUNS})
    files: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many objects there are."""
        return len(self.files)

    def place(self, location: Sequence[str | int]) -> str:
        """Where a problem is, for a person: the file, the object by its name, the field."""
        noun, *rest = location
        if not rest or not isinstance(rest[0], int) or (str(noun), rest[0]) not in self.files:
            return ".".join(map(str, location))
        found = self.document[str(noun)][rest[0]]
        name = found.get("name") or f"{found.get('job', '')}/{found.get('key', '')}"
        words = [self.files[str(noun), rest[0]], f"{str(noun)[:-1]} {name}", ".".join(map(str, rest[1:]))]
        return ": ".join(word for word in words if word)


def read(paths: Sequence[str]) -> Manifest:
    """The objects of all files; of a folder, those that end in .yaml, .yml or .json. UsageError names file and line."""
    manifest = Manifest()
    for path in _files(paths):
        for document in documents(path):
            _add(manifest, path, document)
    return manifest


def written(document: Document) -> str:
    """A manifest as YAML that `read` reads as the same."""
    parts = {noun: document[noun] for noun in NOUNS if document.get(noun)}
    text: str = yaml.dump(parts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _files(paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            found = sorted(str(one) for one in Path(path).rglob("*") if one.suffix in _ENDINGS and one.is_file())
            if not found:
                raise click.UsageError(f"there is no file in {path} that ends in {', '.join(_ENDINGS)}")
            yield from found
        else:
            yield path


def documents(path: str) -> Iterator[object]:
    """What a file holds: the documents of YAML, or the one of JSON. UsageError names the line."""
    try:
        text = sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise click.UsageError(f"{path} is not UTF-8 text") from None
    try:
        if path.endswith(".json"):
            yield json.loads(text, object_pairs_hook=_once)
        else:
            yield from yaml.load_all(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        kind = "JSON" if path.endswith(".json") else "YAML"
        raise click.UsageError(f"{path} is not {kind}: {_sentence(error)}") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ValueError(f"{name!r} stands twice in one object")
    return found


def _sentence(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem or error.context}"
    return " ".join(str(error).split())


def _add(manifest: Manifest, path: str, document: object) -> None:
    if document is None:
        return  # an empty document between two lines of dashes
    if not isinstance(document, dict) or not set(document) <= set(NOUNS):
        raise click.UsageError(f"{path}: a manifest is a mapping with {', '.join(NOUNS)}")
    for noun, objects in document.items():
        if not isinstance(objects, list | None) or not all(isinstance(one, dict) for one in objects or []):
            raise click.UsageError(f"{path}: {noun}: a list of objects")
        for one in objects or []:
            manifest.files[noun, len(manifest.document[noun])] = path
            manifest.document[noun].append(one)
