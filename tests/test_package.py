import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import county_metrics as cm

ROOT = Path(__file__).resolve().parents[1]


def python(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **options)


def test_every_public_name_can_be_reached():
    for name in cm.__all__:
        assert getattr(cm, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'endpoint_chnge'"):
        cm.endpoint_chnge  # noqa: B018


def test_the_row_of_the_readme_prints():
    code = (
        "import county_metrics as cm; print(cm.endpoint_change(cm.load_case('jiashan').pair('investment_approval_time')).tidy())"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert "jiashan" in done.stdout
    assert "investment_approval_time" in done.stdout


def test_the_numbers_of_the_readme_are_those_computed():
    change = cm.endpoint_change(cm.load_case("jiashan").pair("investment_approval_time"))
    percent, trend = change.percent_change, next(point.trend for point in change.break_even if point.years == 3)
    size, low, high, yearly = (
        f"{value:.1f}".replace("-", "\u2212") for value in (percent.value, percent.low, percent.high, trend)
    )
    halves = (ROOT / "README.md").read_text("utf-8").split("## 中文")
    for half in halves:
        for shown in ("230", "86", f"{size} %", f"[{low}, {high}]", f"{yearly} %"):
            assert shown in half, shown


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, county_metrics; print([n for n in ('pandas', 'numpy', 'matplotlib', 'papermill', 'yaml') if n in sys.modules])"
    assert python("-c", code).stdout.strip() == "[]"


def test_the_wheel_works_away_from_the_checkout(tmp_path):
    built = python("-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path), cwd=ROOT)
    assert built.returncode == 0, built.stderr
    wheel = next(tmp_path.glob("*.whl"))
    home = tmp_path / "env"
    venv.create(home, with_pip=False, system_site_packages=False)
    site = next((home / "lib").glob("python*")) / "site-packages"
    dependencies = Path(
        json.loads(python("-c", "import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))").stdout)
    )
    # Last on the path, and without the editable install of the checkout.
    (site / "dependencies.pth").write_text(f"import sys; sys.path.append({str(dependencies)!r})\n", "utf-8")
    shutil.unpack_archive(wheel, site, "zip")
    code = "import county_metrics as cm; print(cm.__file__); print(cm.endpoint_change(cm.load_case('jiashan').pair('investment_approval_time')).summary())"
    done = subprocess.run([home / "bin" / "python", "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(site) in done.stdout
    assert "\u221262.6" in done.stdout


def test_environment_yml_is_generated_from_the_lock():
    expected = tool("environment").environment((ROOT / "requirements.lock").read_text("utf-8"))
    assert (ROOT / "environment.yml").read_text("utf-8") == expected


def test_environment_yml_parses_as_conda_reads_it():
    import yaml
    from rattler import MatchSpec

    parsed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda = [spec for spec in parsed["dependencies"] if isinstance(spec, str)]
    assert [MatchSpec(spec).name.normalized for spec in conda] == ["python", "pip"]
    pip = next(entry["pip"] for entry in parsed["dependencies"] if isinstance(entry, dict))
    assert pip[-1] == "-e ."
    assert {"jupyterlab", "pandas", "statsmodels", "seaborn", "papermill", "nbval"} <= {spec.split("==")[0] for spec in pip}


def test_the_development_lock_holds_the_same_versions():
    def pins(name):
        return dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / name).read_text("utf-8"), re.M))

    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert run
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_host_and_hashes_everything(name):
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


def tool(name):
    """A script of the tools folder as a module."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_datapackage_is_generated_from_the_schema():
    assert (ROOT / "data" / "datapackage.json").read_text("utf-8") == tool("datapackage").text(ROOT / "data")


def test_datapackage_is_valid_under_frictionless():
    from frictionless import validate

    outcome = validate(str(ROOT / "data" / "datapackage.json"))
    assert outcome.valid, outcome.flatten(["rowNumber", "fieldName", "message"])


def test_citation_file_follows_its_format():
    import yaml

    parsed = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= set(parsed)
    assert parsed["version"] == cm.__version__


def test_a_python_that_is_too_old_is_refused_in_words(tmp_path):
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    old.chmod(0o755)
    command = ["sh", str(ROOT / "tools" / "bootstrap.sh"), "requirements.lock", str(tmp_path / "stamp")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHON": str(old)}, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "is older than Python 3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()
