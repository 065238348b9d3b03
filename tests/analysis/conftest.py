import pytest

import county_metrics as cm

PAIRS = {
    "investment_approval_time": "jiashan",
    "departmental_power_items": "jiashan",
    "grassroots_units": "longgang",
    "surface_water_good_share": "demonstration_zone",
    "good_air_day_share": "demonstration_zone",
}


@pytest.fixture(autouse=True)
def english():
    cm.set_language("en")
    yield
    cm.set_language("en")


@pytest.fixture(params=sorted(PAIRS))
def any_pair(request):
    """Every curated pair in turn."""
    return cm.load_case(PAIRS[request.param]).pair(request.param)


@pytest.fixture
def pair_of():
    """The curated pair of an id."""
    return lambda name: cm.load_case(PAIRS[name]).pair(name)


@pytest.fixture
def change_of(pair_of):
    """The change of the curated pair of an id."""
    return lambda name, **settings: cm.endpoint_change(pair_of(name), **settings)
