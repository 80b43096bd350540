"""The registry's part of docs/data_dictionary.md, written from dbt's manifest so that it says what the models say."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN = "<!-- marts: python -m warehouse.dictionary MANIFEST docs/data_dictionary.md -->"
END = "<!-- end of marts -->"


def marts_text(manifest: Mapping[str, Any]) -> str:
    """One section a mart, in the order of their names, with a table of its columns."""
    models = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "registry"
    ]
    return "\n".join(_section(model) for model in sorted(models, key=lambda model: str(model["name"])))


def with_marts(document: str, manifest: Mapping[str, Any]) -> str:
    """The document with everything between the two marks made again."""
    before, rest = document.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n\n{marts_text(manifest)}\n{END}{after}"


def _section(model: Mapping[str, Any]) -> str:
    rows = [
        f"| {column['name']} | {column['data_type']} | {column['description']} |"
        for column in model["columns"].values()
    ]
    head = f"### registry.{model['name']}\n\n{model['description']}\n\n| column | type | what it is |\n|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def main(manifest_path: str, document_path: str) -> None:
    """Rewrites the document in place."""
    document = Path(document_path)
    manifest = json.loads(Path(manifest_path).read_text(encoding="utf-8"))
    document.write_text(with_marts(document.read_text(encoding="utf-8"), manifest), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
