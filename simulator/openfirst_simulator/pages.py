"""The descriptions as a page to read: each route, what it takes and gives, and a line that asks for it.

The page needs nothing from elsewhere, and no script.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from openfirst_reference.contract.http_surface import METHODS
from openfirst_simulator.descriptions import Description

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DEPTH = 4
_CREDENTIALS = {
    "application": '-u "$KEY:$SECRET"',
    "apiToken": '-H "Authorization: Bearer $API_TOKEN"',
    "clientToken": '-H "Authorization: Bearer $CLIENT_TOKEN"',
}
_KINDS = {"object": "an object", "string": "a text", "integer": "a whole number", "number": "a number", "null": "null"}


class Field(NamedTuple):
    """A field of a body, or a parameter: `name` with those around it, `kind` and `says` in words."""

    name: str
    kind: str
    needed: bool
    says: str
    words: tuple[tuple[str, str], ...] = ()


def page(descriptions: Mapping[str, Description], base: str, key: str, secret: str) -> str:
    """The page.

    `descriptions` stand by the path of their file; `base` is the URL that the lines ask, `key` and
    `secret` its application's.
    """
    described = [_Described(file, each, base) for file, each in descriptions.items()]
    return _PAGE.format(
        style=_STYLE,
        contents="".join(each.contents() for each in described),
        begin=escape(f"KEY={key} SECRET={secret}\n{_TOKENS.format(base=base)}"),
        main="".join(each.section() for each in described),
    )


class _Described:
    def __init__(self, file: str, document: Description, base: str) -> None:
        self._file, self._document, self._base = file, document, base
        self._prefix = re.sub(r"\W+", "-", file).strip("-")

    def contents(self) -> str:
        title = escape(self._document["info"]["title"])
        groups = "".join(
            f"<li>{escape(tag['name'])}<ul>"
            + "".join(
                f'<li><a href="#{self._anchor(entry)}">{escape(entry["operationId"])}</a>'
                for _, _, entry in self._routes(tag["name"])
            )
            + "</ul>"
            for tag in self._document["tags"]
        )
        return f'<p><a href="#{self._prefix}">{title}</a><ul>{groups}</ul>'

    def section(self) -> str:
        info = self._document["info"]
        parts = [
            f'<section id="{self._prefix}"><h2>{escape(info["title"])}</h2><p class="lead">{_inline(info["summary"])}</p>',
            _text(info.get("description", "")),
            f'<p>As a file: <a href="{self._file}">{self._file}</a> (OpenAPI {self._document["openapi"]})</p>',
        ]
        for tag in self._document["tags"]:
            parts.append(f"<h3>{escape(tag['name'])}</h3>{_text(tag.get('description', ''))}")
            parts += [self._route(path, method, entry) for path, method, entry in self._routes(tag["name"])]
        return "".join(parts) + "</section>"

    def _routes(self, tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self._document["paths"].items():
            for method in METHODS:
                if method in item and tag in item[method].get("tags", ()):
                    shared = item.get("parameters", [])
                    yield path, method, {**item[method], "parameters": shared + item[method].get("parameters", [])}

    def _anchor(self, entry: Mapping[str, Any]) -> str:
        return f"{self._prefix}-{entry['operationId']}"

    def _route(self, path: str, method: str, entry: Mapping[str, Any]) -> str:
        anchor, old = self._anchor(entry), " <em>deprecated</em>" if entry.get("deprecated") else ""
        shown = escape(path).replace("/", "/<wbr>")
        parts = [
            f'<article id="{anchor}"><h4><a href="#{anchor}"><b class="{method}">{method.upper()}</b> '
            f"<code>{shown}</code></a></h4>"
            f"<p><strong>{_inline(entry['summary'])}.</strong> <code>{escape(entry['operationId'])}</code>{old}</p>",
            _text(entry.get("description", "")),
            f"<pre><code>{escape(self._curl(path, method, entry))}</code></pre>",
            self._takes(entry),
        ]
        refusals = []
        for status, answer in entry["responses"].items():
            given = self._followed(answer)
            if status < "4":
                parts.append(f"<h5>Gives {status}</h5>{_text(given['description'])}")
                parts += [_list(fields, "always") for _, fields in self._bodies(given)]
            else:
                refusals.append((status, given["description"]))
        says = "".join(f"<div><dt>{status}</dt><dd>{_inline(text)}</dd></div>" for status, text in refusals)
        statuses = ", ".join(status for status, _ in refusals)
        return "".join(parts) + f"<details><summary>Refusals: {statuses}</summary><dl>{says}</dl></details></article>"

    def _takes(self, entry: Mapping[str, Any]) -> str:
        places: dict[str, list[Field]] = {}
        for each in map(self._followed, entry["parameters"]):
            schema = self._followed(each["schema"])
            says = " ".join(filter(None, (each.get("description", schema.get("description", "")), _limits(schema))))
            field = Field(each["name"], self._kind(schema), each.get("required", False), says, self._words(schema))
            places.setdefault(each["in"], []).append(field)
        parts = [f"<h5>Takes in the {place}</h5>{_list(fields)}" for place, fields in places.items()]
        for number, (schema, fields) in enumerate(self._bodies(entry.get("requestBody", {}))):
            heading = "or" if number else "Takes in the body"
            parts.append(f"<h5>{heading}</h5>{_text(schema.get('description', ''))}{_list(fields)}")
        return "".join(parts)

    def _bodies(self, of: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], list[Field]]]:
        """The objects that a body may be, each with its fields; those of JSON, where there are several media."""
        content = of.get("content", {})
        media: dict[str, Any] = content.get("application/json") or next(iter(content.values()), {})
        schema = self._followed(media.get("schema", {}))
        for each in map(
            self._followed, schema["oneOf"] if "oneOf" in schema and "properties" not in schema else [schema]
        ):
            fields = list(self._fields(each, "", 0))
            if fields:
                yield each, fields

    def _fields(self, schema: Mapping[str, Any], before: str, depth: int) -> Iterator[Field]:
        for part in schema.get("allOf", ()):
            if "$ref" in part:
                yield from self._fields(self._followed(part), before, depth)
        if schema.get("type") == "array":
            yield from self._fields(self._followed(schema.get("items", {})), f"{before}[]", depth)
            return
        for name, item in schema.get("properties", {}).items():
            field, full = self._followed(item), f"{before}.{name}" if before else name
            says = " ".join(filter(None, (field.get("description", ""), _limits(field))))
            yield Field(full, self._kind(field), name in schema.get("required", ()), says, self._words(field))
            inner = next((self._followed(each) for each in field.get("oneOf", ()) if "$ref" in each), field)
            if depth < _DEPTH:
                yield from self._fields(inner, full, depth + 1)

    def _words(self, schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (str(each["const"]), each.get("description", "")) for each in schema.get("oneOf", ()) if "const" in each
        )

    def _kind(self, schema: Mapping[str, Any]) -> str:
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            return _either(f"`{each}`" for each in schema["enum"])
        if "oneOf" in schema:
            kinds = [self._kind(self._followed(each)) for each in schema["oneOf"]]
            return "one of these" if "const" in schema["oneOf"][0] else _either(kinds)
        stated = schema.get("type", "anything")
        if stated == "array":
            return "a list"
        return _either(_KINDS.get(each, each) if each != "boolean" else "true or false" for each in _listed(stated))

    def _followed(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """What a reference leads to, with what stands beside the reference."""
        here: Any = self._document
        if "$ref" not in value:
            return dict(value)
        for part in value["$ref"].removeprefix("#/").split("/"):
            here = here[part]
        return {**self._followed(here), **{name: item for name, item in value.items() if name != "$ref"}}

    def _curl(self, path: str, method: str, entry: Mapping[str, Any]) -> str:
        parameters = [self._followed(each) for each in entry["parameters"]]
        examples = {each["name"]: str(each.get("example", each["name"].upper())) for each in parameters}
        parts = {each["name"]: quote(examples[each["name"]], safe="") for each in parameters if each["in"] == "path"}
        query = urlencode(
            {each["name"]: each["example"] for each in parameters if each["in"] == "query" and "example" in each}
        )
        url = self._base + path.format_map(parts) + (f"?{query}" if query else "")
        words = ["curl"]
        content = entry.get("requestBody", {}).get("content", {})
        media: str
        media, sent = next(((name, each["example"]) for name, each in content.items() if "example" in each), ("", None))
        if method != "get" and not (method == "post" and sent is not None):
            words.append(f"-X {method.upper()}")
        words.append(shlex.quote(url))
        words += [_CREDENTIALS[name] for each in entry.get("security", ())[:1] for name in each]
        if sent is not None:
            words.append("-d " + shlex.quote(json.dumps(sent) if media.endswith("json") else urlencode(sent)))
        return " ".join(words)


def _list(fields: Iterable[Field], needed: str = "required") -> str:
    return f"<dl>{''.join(_field(each, needed) for each in fields)}</dl>"


def _field(field: Field, needed: str) -> str:
    needed = f", <em>{needed}</em>" if field.needed else ""
    words = "".join(
        f"<div><dt><code>{escape(word)}</code></dt><dd>{_inline(says)}</dd></div>" for word, says in field.words
    )
    more = f"<dl>{words}</dl>" if words else ""
    name = escape(field.name).replace(".", ".<wbr>")
    return (
        f"<div><dt><code>{name}</code> <small>{_inline(field.kind)}{needed}</small></dt>"
        f"<dd>{_inline(field.says)}{more}</dd></div>"
    )


def _limits(schema: Mapping[str, Any]) -> str:
    """What a schema says of a value's size, in words."""
    least, above, most = (schema.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    words = []
    if least is not None:
        words.append(f"{least:,} to {most:,}" if most is not None else f"{least:,} or more")
    elif above is not None or most is not None:
        words.append(
            ", ".join(
                filter(
                    None, ("" if above is None else f"more than {above:,}", "" if most is None else f"at most {most:,}")
                )
            )
        )
    if "pattern" in schema:
        words.append(f"fits `{schema['pattern']}`")
    if "maxLength" in schema:
        words.append(f"at most {schema['maxLength']:,} characters")
    if "default" in schema:
        words.append(f"`{schema['default']}` if left out")
    return f"({'; '.join(words)})" if words else ""


def _either(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n") if part)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


_TOKENS = """\
API_TOKEN=$(curl -s {base}/v1/auth/token -u "$KEY:$SECRET" -d grant_type=client_credentials | grep -o 'ey[^"]*')
CLIENT_TOKEN=$(curl -s {base}/v2/client-access-token -H "Authorization: Bearer $API_TOKEN" \\
  -d '{{"externalId": "ana"}}' | grep -o 'ey[^"]*')"""
_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c1e21; --soft: #5b626b; --line: #d9dde2; --tint: #f4f6f8;
  --link: #0b57a4; --get: #0b57a4; --post: #1a6e3c; --put: #8a5300; --patch: #6b3fa0; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #15181b; --ink: #e4e7ea; --soft: #a2abb5; --line: #343a41;
  --tint: #1e2327; --link: #7db8f5; --get: #7db8f5; --post: #7fd09b; --put: #f0b866; --patch: #c3a6f0; --delete: #ff9b92; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
code, pre { font: .9em/1.5 ui-monospace, Menlo, Consolas, monospace; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; white-space: pre-wrap; }
header, nav, main { padding: 1rem; }
header { padding-bottom: 0; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { margin: 0; border-top: 2px solid var(--line); padding-top: 1.5rem; }
h3 { margin: 2rem 0 0; text-transform: capitalize; }
h4 { font-size: 1rem; margin: 0; }
h4 a { color: inherit; text-decoration: none; }
h4 b { font-size: .8rem; }
h5 { font-size: .9rem; margin: 1rem 0 .25rem; color: var(--soft); }
p { margin: .5rem 0; max-width: 46rem; }
.lead { font-size: 1.1rem; color: var(--soft); }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
article { border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 1rem 0; scroll-margin-top: .5rem; }
article:target { border-color: var(--link); }
dl { margin: 0; }
dl > div { border-top: 1px solid var(--line); padding: .35rem 0; }
dl dl > div { border-top: 0; padding: .1rem 0; }
dt, dd { margin: 0; }
small, dd { color: var(--soft); font-size: .9rem; }
em { font-style: normal; font-weight: 600; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin-top: .75rem; }
nav { font-size: .9rem; }
nav p { font-weight: 600; margin: .5rem 0 0; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul > li { color: var(--soft); margin-top: .35rem; }
nav li li { display: inline-block; margin-right: .75rem; padding: .15rem 0; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 16rem minmax(0, 62rem); column-gap: 1.5rem; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; }
  nav li li { display: block; padding: 0; margin-left: .75rem; }
  dl > div { display: grid; grid-template-columns: 20rem minmax(0, 1fr); column-gap: 1rem; }
  dl dl > div { grid-template-columns: 8rem minmax(0, 1fr); }
}
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What this simulator answers</title>
<style>{style}</style>
</head>
<body>
<header><h1>What this simulator answers</h1></header>
<nav aria-label="Contents">{contents}</nav>
<main>
<p>The lines below can be pasted into a shell. Those of the session interface want tokens of the world <code>default</code>:</p>
<pre><code>{begin}</code></pre>
{main}
</main>
</body>
</html>
"""
