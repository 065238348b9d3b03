import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "county_metrics"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def dotted(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def layers():
    section = PAGE.split("## Layers")[1].split("## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, re.M)
    return [re.findall(r"`([\w.]+)`", modules) for name, modules in rows if name != "layer"]


def imports(path):
    """Absolute names of every import, those under TYPE_CHECKING left out."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def test_the_page_lists_every_module_once():
    listed = [name for layer in layers() for name in layer]
    assert sorted(listed) == sorted(dotted(path) for path in MODULES)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_go_one_way(path):
    order = {name: depth for depth, layer in enumerate(layers()) for name in layer}
    own = order[dotted(path)]
    used = {
        name
        for full in imports(path)
        if full.startswith("county_metrics.")
        for name in order
        if f"{full}.".startswith(f"county_metrics.{name}.")
    }
    assert [name for name in used if order[name] > own] == []


@pytest.mark.parametrize(
    ("library", "layer"),
    [("papermill", "pipeline"), ("nbclient", "pipeline"), ("nbconvert", "report"), ("jinja2", "report"), ("typer", "cli")],
)
def test_a_library_is_known_to_one_layer(library, layer):
    users = [dotted(path) for path in MODULES if any(name.split(".")[0] == library for name in imports(path))]
    assert users
    assert all(name.split(".")[0] == layer for name in users)


def test_no_module_is_over_400_lines_and_the_library_stays_small():
    lengths = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert sum(lengths.values()) < 21_600


def test_every_file_the_page_names_exists():
    named = set(re.findall(r"`((?:tests|data|notebooks|params|present|analysis|report)/[\w./]+\.\w+)`", PAGE))
    for name in named:
        assert (ROOT / name).exists() or (PACKAGE / name).exists(), name


def test_every_analysis_of_the_gate_is_open_to_some_design():
    from county_metrics.analysis.design import analyses, designs

    for analysis in analyses().values():
        assert analysis.designs, analysis.id
    for design in designs().values():
        assert set(design.open) <= set(analyses())


def public_definitions(path):
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from (n for n in getattr(node, "body", []) if isinstance(node, ast.ClassDef) and isinstance(n, ast.FunctionDef))


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_public_functions_and_classes_have_docstrings(path):
    bare = [node.name for node in public_definitions(path) if not node.name.startswith("_") and not ast.get_docstring(node)]
    assert bare == []


def test_no_broad_except_and_no_loose_names():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, path
                assert ast.unparse(node.type) not in ("Exception", "BaseException"), path
            if isinstance(node, ast.Name):
                assert node.id not in ("df", "utils", "misc"), path
