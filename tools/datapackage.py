"""Write data/datapackage.json (Data Package v2) from the schema, so that others can read and validate the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from county_metrics.evidence.schema import FIGURES, INDICATORS, MECHANISMS, QUANTIFIERS, UNCOVERED, UNITS, Column

ROOT = Path(__file__).resolve().parents[1]
_TABLES: dict[str, tuple[str, tuple[Column, ...]]] = {
    "units": ("vocab/units.csv", UNITS),
    "quantifiers": ("vocab/quantifiers.csv", QUANTIFIERS),
    "indicators": ("vocab/indicators.csv", INDICATORS),
    "mechanisms": ("mechanisms.csv", MECHANISMS),
    "uncovered": ("uncovered.csv", UNCOVERED),
}
_KEYS = {"indicators": "indicators", "units": "units", "quantifiers": "quantifiers"}


def _field(column: Column) -> dict[str, Any]:
    kinds = {"decimal": "number", "count": "integer"}
    field: dict[str, Any] = {"name": column.name, "type": kinds.get(column.kind, "string")}
    constraints: dict[str, Any] = {"required": True} if column.required else {}
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    if column.description:
        field["description"] = column.description
    return field | ({"constraints": constraints} if constraints else {})


def _schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(column) for column in columns], "missingValues": [""]}
    if any(column.name == "id" for column in columns):
        schema["primaryKey"] = ["id"]
    keys = [
        {"fields": [column.name], "reference": {"resource": _KEYS[column.refers_to], "fields": ["id"]}}
        for column in columns
        if column.refers_to in _KEYS and column.kind == "id"
    ]
    return schema | ({"foreignKeys": keys} if keys else {})


def _resource(name: str, path: str, columns: tuple[Column, ...]) -> dict[str, Any]:
    described = {"name": name, "type": "table", "path": path, "scheme": "file", "format": "csv", "encoding": "utf-8"}
    return described | {"mediatype": "text/csv", "schema": _schema(columns)}


def datapackage(data: Path) -> dict[str, Any]:
    """Descriptor of a data folder."""
    resources = [_resource(name, path, columns) for name, (path, columns) in _TABLES.items()]
    for figures in sorted(data.glob("cases/*/figures.csv")):
        case = figures.parent.name
        resources.append(_resource(f"figures-{case.replace('_', '-')}", f"cases/{case}/figures.csv", FIGURES))
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "county-metrics",
        "title": "Published figures on reforms in Chinese county governance",
        "description": "Each figure with its printed form, scope, unit, bounds, date basis and source.",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }


def text(data: Path) -> str:
    """The descriptor as it stands in the file."""
    return json.dumps(datapackage(data), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    (ROOT / "data" / "datapackage.json").write_text(text(ROOT / "data"), "utf-8", newline="\n")
