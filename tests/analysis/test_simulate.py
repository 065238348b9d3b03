import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import county_metrics as cm
from county_metrics.analysis.effect import AnalysisError
from county_metrics.analysis.simulate import FOLDERS

ROOT = Path(__file__).resolve().parents[2]
SIMULATORS = [cm.simulate_records, cm.simulate_series, cm.simulate_panel, cm.simulate_synthetic_control]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("simulated_cases", ROOT / "tools" / "simulated_cases.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_what_the_simulator_makes(folder, tool):
    for name, text in tool.texts(folder).items():
        assert (ROOT / "data" / "simulated" / folder / name).read_bytes() == text.encode("utf-8"), name


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_read_as_it_was_made(folder, tool):
    table, make = tool.MAKERS[folder]
    read = getattr(cm.load_case(f"data/simulated/{folder}"), table)()
    made = make()
    pd.testing.assert_frame_equal(read, made)
    assert cm.known_truth(read) == made.attrs["truth"]
    for name in made.attrs.keys() - {"truth", "treated"}:
        assert read.attrs[name] == made.attrs[name], name


@pytest.mark.parametrize("make", SIMULATORS)
def test_a_seed_fixes_everything_and_another_changes_it(make):
    pd.testing.assert_frame_equal(make(), make())
    assert not make(seed=1).equals(make(seed=2))
    assert make().attrs["simulated"] is True


def test_every_county_is_called_simulated():
    for made in (cm.simulate_panel(), cm.simulate_synthetic_control()):
        assert made["county_code"].str.startswith("Simulated county").all()
    assert cm.simulate_series()["place"].str.startswith("Simulated county").all()


def test_records_stay_within_their_dates_and_some_are_open():
    made = cm.simulate_records()
    extracted = pd.Timestamp(made.attrs["extracted_on"])
    assert (made["closed_on"].dropna() <= extracted).all()
    assert (made["received_on"] < extracted).all()
    still = made["closed_on"].isna()
    assert 10 <= still.sum() <= 90
    after = made["received_on"] >= pd.Timestamp(made.attrs["intervention"])
    assert (made["group"].eq("after") == after).all()


def test_the_truth_of_the_records_is_that_of_many_draws():
    made = cm.simulate_records(cases=40_000, seed=7)
    early = made[made["received_on"] < "2014-09-01"]
    days = cm.working_days(early["received_on"], early["closed_on"].fillna("2016-04-29"), paused=early["paused_days"])
    before, after = (days[early["group"] == group] for group in ("before", "after"))
    truth = made.attrs["truth"]
    assert after.mean() - before.mean() == pytest.approx(truth["mean_difference"], abs=2.5)
    assert after.median() - before.median() == pytest.approx(truth["quantile_50_difference"], abs=3)
    restricted = after.clip(upper=180).mean() - before.clip(upper=180).mean()
    assert restricted == pytest.approx(truth["rmst_difference"], abs=1.5)
    shift = np.median(np.subtract.outer(after.to_numpy()[:2000], before.to_numpy()[::20][:2000]))
    assert shift == pytest.approx(truth["hodges_lehmann"], abs=5)


def test_a_horizon_moves_the_restricted_mean_alone():
    read = cm.load_case("data/simulated/approval_records").records()
    near, far = (cm.known_truth(read, horizon=horizon) for horizon in (100, 400))
    assert {name for name in near if near[name] != far[name]} == {"rmst_difference"}
    # Up to day 100 both means lie below 100, so they differ by less.
    assert -100 < near["rmst_difference"] < 0
    assert far["rmst_difference"] < near["rmst_difference"]


def test_the_series_has_the_declared_break_between_means():
    made = cm.simulate_series(level_change=-50.0, slope_change=0.0, rho=0.0)
    first = made[made["place"] == "Simulated county AA"].set_index("period")["value"]
    others = made[made["place"] != "Simulated county AA"].groupby("period")["value"].mean()
    gap = first - others
    assert gap["2014-02":].mean() - gap[:"2014-01"].mean() == pytest.approx(-50, abs=4)


def test_the_panel_has_its_effects_where_errors_average_out():
    tables = [cm.simulate_panel(seed=seed) for seed in range(40)]
    found = np.mean([_double(table) for table in tables])
    assert found == pytest.approx(tables[0].attrs["truth"]["event_0"], abs=2)


def _double(table):
    """Change from the year before the start to its year, of the county that starts first, against those that never do."""
    wide = table.pivot(index="county_code", columns="period", values="value")
    start = table.groupby("county_code")["treatment_start"].first()
    moved = wide[2012] - wide[2011]
    return moved[start.eq(2012).fillna(False)].mean() - moved[start.isna()].mean()


def test_synthetic_control_recovers_its_mean_gap_over_seeds():
    tables = [cm.simulate_synthetic_control(seed=seed) for seed in range(20)]
    gaps = [
        cm.synthetic_control(
            table, outcome="value", unit="county_code", period="period", treated=table.attrs["treated"], intervention_time=2014
        ).estimate
        for table in tables
    ]
    assert np.mean(gaps) == pytest.approx(tables[0].attrs["truth"]["mean_gap"], abs=1)


def test_too_few_donors_are_refused():
    with pytest.raises(AnalysisError, match="donors is a whole number of at least 5, such as 25, not 4"):
        cm.simulate_synthetic_control(donors=4)


def test_data_from_elsewhere_has_no_known_truth():
    assert cm.known_truth(pd.DataFrame({"value": [1.0]})) == {}
    own = pd.DataFrame({"value": [1.0]})
    own.attrs = {"simulated": True, "case": "my_county"}
    assert cm.known_truth(own) == {}
    real = pd.DataFrame({"value": [1.0]})
    real.attrs = {"simulated": False, "case": "simulated_approval_panel"}
    assert cm.known_truth(real) == {}
