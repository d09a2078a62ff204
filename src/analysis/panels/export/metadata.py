"""Metadata of an export, made of the codebook: a Frictionless data package, and Croissant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ...sources.registry.files import sha256_of

TITLE = "Crime and sanctuary policies in cities, counties and states of the United States"
NAME = "sanctuary-crime-panels"
LICENSE = {"name": "MIT", "path": "https://opensource.org/license/mit", "title": "MIT License"}
_TYPES = {
    "int64": "integer",
    "Int64": "integer",
    "float64": "number",
    "bool": "boolean",
    "boolean": "boolean",
}
_CROISSANT = {"integer": "sc:Integer", "number": "sc:Float", "boolean": "sc:Boolean", "string": "sc:Text"}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_datapackage(files: dict[str, Path], codebook: pd.DataFrame, version: str, out: Path) -> Path:
    """Write ``datapackage.json`` for CSV files by panel and return where."""
    package = {
        "profile": "tabular-data-package",
        "name": NAME,
        "title": TITLE,
        "version": version,
        "licenses": [LICENSE],
        "resources": [_resource(name, place, codebook, out) for name, place in files.items()],
    }
    return _write(package, out / "datapackage.json")


def write_croissant(
    files: dict[str, Path], codebook: pd.DataFrame, version: str, published: str, out: Path
) -> Path:
    """Write ``croissant.json`` for CSV files by panel and return where."""
    dataset = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": NAME,
        "description": f"{TITLE}, as panels with a codebook.",
        "license": LICENSE["path"],
        "url": LICENSE["path"],
        "version": version,
        "datePublished": published,
        "citeAs": f"The sanctuary-crime project. {TITLE}. Version {version}.",
        "distribution": [_file_object(name, place, out) for name, place in files.items()],
        "recordSet": [_record_set(name, codebook) for name in files],
    }
    return _write(dataset, out / "croissant.json")


def _resource(name: str, place: Path, codebook: pd.DataFrame, out: Path) -> dict[str, Any]:
    own = codebook[codebook["panel"].eq(name)]
    return {
        "name": name.replace("_", "-"),
        "path": place.relative_to(out).as_posix(),
        "profile": "tabular-data-resource",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": place.stat().st_size,
        "hash": f"sha256:{sha256_of(place)}",
        "schema": {
            "fields": [_field(line) for line in own.to_dict("records")],
            "missingValues": [""],
            "primaryKey": own.loc[own["is_key"], "column"].tolist(),
        },
    }


def _field(line: dict[Any, Any]) -> dict[str, Any]:
    kind = _TYPES.get(line["type"], "string")
    field = {"name": line["column"], "type": kind, "description": line["meaning"], "unit": line["unit"]}
    if kind == "boolean":
        field |= {"trueValues": ["True"], "falseValues": ["False"]}
    bounds = {side: line[side] for side in ("minimum", "maximum") if not pd.isna(line[side])}
    return field | ({"constraints": bounds} if bounds and kind in {"integer", "number"} else {})


def _file_object(name: str, place: Path, out: Path) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.csv",
        "name": f"{name}.csv",
        "contentUrl": place.relative_to(out).as_posix(),
        "encodingFormat": "text/csv",
        "sha256": sha256_of(place),
    }


def _record_set(name: str, codebook: pd.DataFrame) -> dict[str, Any]:
    own = codebook[codebook["panel"].eq(name)]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": [{"@id": f"{name}/{key}"} for key in own.loc[own["is_key"], "column"]],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{line['column']}",
                "name": f"{name}/{line['column']}",
                "description": f"{line['meaning']} ({line['unit']})",
                "dataType": _CROISSANT[_TYPES.get(line["type"], "string")],
                "source": {"fileObject": {"@id": f"{name}.csv"}, "extract": {"column": line["column"]}},
            }
            for line in own.to_dict("records")
        ],
    }


def _write(told: dict[str, Any], place: Path) -> Path:
    place.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return place
