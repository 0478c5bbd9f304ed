"""Figures and widgets of tasks with other numbers of concepts, nodes, steps and delays."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
import xarray as xr
from browsing import needs_browser
from widget_page import write_page, write_static

from relaylib.core.checks import select
from relaylib.core.store import Store
from relaylib.figures import (
    fig01_tasks,
    fig02_training,
    fig03_relays,
    fig04_knockouts,
    fig06_arrival,
    fig07_node_time,
    fig08_drift,
    fig10_smearing,
    fig12_pca,
    fig13_removal,
    fig_attribution,
    fig_emergence,
    fig_exactness,
    fig_map_quality,
    fig_training_course,
    fig_training_maps,
)
from relaylib.measures.drift import drift
from relaylib.measures.emergence import emergence
from relaylib.studies.attribution import AttributionConfig, run_attribution
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig, run_knockouts
from relaylib.studies.latent import LatentConfig, run_latent
from relaylib.studies.lattices import run_lattices, worst_case
from relaylib.studies.map_quality import map_quality
from relaylib.studies.study import run_study
from relaylib.studies.training_history import training_history
from relaylib.studies.training_maps import MapConfig, map_training
from relaylib.tasks.task import Trials
from relaylib.widgets.explorer import RelayExplorer
from relaylib.widgets.live import LiveNetwork
from relaylib.widgets.training_map import TrainingMap


@dataclass(frozen=True)
class Signs:
    """Fourteen steps; every sensor shows one sign in the last steps, one sensor after the other."""

    n_inputs: int
    name: str = "signs"
    n_steps: int = 14
    is_sampled: bool = False

    @property
    def concepts(self):
        return tuple("VWXYZ"[: self.n_inputs])

    @property
    def onsets(self):
        return tuple(range(self.n_steps - self.n_inputs + 1, self.n_steps + 1))

    def population(self):
        signs = np.array(list(product((-1.0, 1.0), repeat=self.n_inputs)), np.float32)
        inputs = np.zeros((len(signs), self.n_steps, self.n_inputs), np.float32)
        for sensor, onset in enumerate(self.onsets):
            inputs[:, onset - 1, sensor] = signs[:, sensor]
        return Trials(inputs, signs)

    def sample(self, n, *, rng):
        whole = self.population()
        chosen = rng.integers(len(whole.inputs), size=n)
        return Trials(whole.inputs[chosen], whole.targets[chosen])


five_concepts = pytest.mark.parametrize("n_concepts", [5], indirect=True)


@pytest.fixture(scope="module", params=[2, 5])
def n_concepts(request):
    return request.param


@pytest.fixture(scope="module")
def config(n_concepts):
    return StudyConfig(
        tasks=(Signs(n_concepts), Signs(n_concepts, "again")),
        architectures=("RNN", "LSTM"),
        regimes=("0", "7", "random"),
        random_delays=(1, 6),
        n_replicates=2,
        n_nodes=6,
        accuracy_goal=0.7,
        n_blank=8,
        answer_delay=6,
        test_delays=(0, 3, 6, 7),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def study(config, store):
    return run_study(config, store=store)


@pytest.fixture(scope="module")
def maps(config, store):
    late = replace(config, architectures=("LSTM",), regimes=("7",))
    return MapConfig(late, n_epochs=3, n_landmarks=20, n_scored=1, scored_epochs=2, k=2)


def titles(axes):
    return [ax.get_title() or ax.get_title("left") for ax in axes]


def test_figures_of_the_study(config, study, n_concepts):
    names = list(config.tasks[0].concepts)
    raster = fig01_tasks.draw(config.tasks).axes[0]
    assert raster.texts[-1].get_text().splitlines()[0][0] == "V"
    panel = fig02_training.draw(study).axes[0]
    assert panel.get_xticks().tolist() == [0, 3, 6, 7]
    assert panel.patches[0].get_x() == -0.5
    assert panel.patches[0].get_width() == 8
    cell = select(study, task="again", architecture="LSTM", regime="7")
    relays = fig03_relays.draw(cell.sel(replicate=1, time=14), concepts=names).axes
    assert titles(relays[:n_concepts]) == [f"concept {name}" for name in names]
    figure = fig06_arrival.draw(cell.sel(replicate=0), onsets=config.tasks[0].onsets)
    matrices, rows = figure.subfigs
    shown = [f"13: {names[-2]} shown", f"14: {names[-1]} shown", "15"]
    assert titles(matrices.axes[12:15]) == shown
    assert rows.axes[n_concepts - 1].images[0].get_extent() == [0.5, 22.5, 6.5, 0.5]
    networks = select(study, task="signs", regime="0").isel(
        replicate=xr.DataArray([1, 0], dims="architecture")
    )
    assert len(fig07_node_time.draw(networks).axes) == 2 * n_concepts + 1
    (text,) = fig08_drift.draw(drift(study.information_bits)).axes[0].texts
    assert text.get_text() == "no pair"
    at_end = select(study, task="signs", regime="random", time=14).information_bits
    upper, lower = fig10_smearing.draw(at_end).axes[::2]
    assert len(upper.patches) == n_concepts + 1
    assert len(lower.patches) == 7


@five_concepts
def test_figures_of_knockouts_and_attribution(config, store, n_concepts):
    knockouts = run_knockouts(KnockoutConfig(config, task="again", n_random=2), store=store)
    assert knockouts.attrs["time"] == 14
    axes = fig04_knockouts.draw(knockouts).axes
    names = config.tasks[0].concepts
    assert titles(axes[:n_concepts]) == [f"RNN, relays of {name}" for name in names]
    compared = run_attribution(AttributionConfig(config, n_random=3), store=store)
    network = compared.sel(task="signs", architecture="RNN", replicate=0)
    for draw in (fig_attribution.draw_scores, fig_attribution.draw_interaction):
        assert titles(draw(network).axes[:-1]) == [f"concept {name}" for name in names]
    for name in ("shapley", "agreement", "prediction", "loss"):
        assert "again task" in titles(getattr(fig_attribution, f"draw_{name}")(compared).axes)[-1]


@five_concepts
def test_figures_of_all_relay_sets(maps, store):
    lattices = run_lattices(maps.study, store=store)
    assert fig_exactness.draw_ratio(lattices).axes[0].get_xticks().tolist() == [6, 5, 4, 3, 2, 1]
    assert len(fig_exactness.draw_gap(lattices).axes[0].lines) == 2
    case = worst_case(lattices)
    members = fig_exactness.draw_case(case).axes[1]
    nodes = [int(text.get_text()) for text in members.get_yticklabels()]
    assert nodes == case.removal_order.values.tolist()


def test_figures_of_the_latent_space(config, store, n_concepts):
    one = replace(config, tasks=config.tasks[:1], architectures=("RNN",), regimes=("7",))
    latent = run_latent(LatentConfig(one, sequences_per_state=4, n_random=2), store=store)
    network = latent.sel(regime="7", replicate=1)
    together, *steps = fig12_pca.draw(network).axes
    assert len(together.collections) == 2**n_concepts
    assert titles(steps) == [f"step {time}" for time in range(14, 23)]
    panels = fig13_removal.draw(network).subfigs[0].axes
    assert titles(panels[:5]) == [f"{n} nodes left" for n in (6, 4, 3, 2)] + ["1 node left"]
    words = [text for _, text in fig13_removal.frames(network)]
    assert words[-1] == "5 of 6 nodes removed, 1 left"


@five_concepts
def test_figures_of_training(maps, store, n_concepts):
    history = training_history(maps.study, store=store).sel(regime="7")
    mapped = map_training(maps, store=store)
    at_end = history.sel(task="again")
    course = fig_training_course.draw(at_end, mapped.sel(task="again"))
    final = at_end.relay_bits.sel(architecture="LSTM", time=14).isel(epoch=-1).median("replicate")
    lines = course.axes[1].lines
    np.testing.assert_allclose([line.get_ydata()[-1] for line in lines], final)
    assert [line.get_label() for line in lines] == list(maps.study.tasks[0].concepts)
    panels = fig_training_maps.draw(mapped.sel(task="signs")).axes
    assert len(panels) == 2 * (3 + n_concepts)
    assert len(fig_training_maps.draw_null(mapped).axes) == 2 * 2 + 1
    ticks = fig_emergence.draw(emergence(history), seed=1).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == list(maps.study.tasks[0].concepts)
    assert len(fig_map_quality.draw(map_quality(maps, store=store)).axes) == 6
    shown = TrainingMap(mapped)
    assert (shown.time, shown.maps["shape"]) == (14, [3, 22, n_concepts, 6])


def test_widgets_take_their_times_from_the_study(config, study, store, n_concepts):
    explorer = RelayExplorer(study)
    shown = [task["onsets"] for task in explorer.study["tasks"]]
    assert shown == [list(task.onsets) for task in config.tasks]  # a property, no field
    assert (explorer.time, explorer.regime) == (14, "random")
    assert explorer.study["answer_steps"] == {"0": 14, "7": 21, "random": 20}
    assert len(explorer.study["tasks"][0]["concepts"]) == n_concepts
    live = LiveNetwork(config, study, store=store)
    assert (live.delay, live.knock_step, live.contents["n_times"]) == (6, 14, 22)
    with pytest.raises(ValueError, match=r"delay must be in 0..8, got 9"):
        live.delay = 9


@needs_browser
def test_widgets_show_the_study_in_a_page(config, study, store, tmp_path, visit):
    static = write_static(tmp_path)
    explorer, live = (
        RelayExplorer(study, architecture="LSTM"),
        LiveNetwork(config, study, store=store),
    )
    explorer.save_asset(static)
    page = visit(write_page(tmp_path / "page.html", "", [explorer, live]).as_uri(), width=900)
    page.wait_for_selector(".explorer[data-ready]")
    page.wait_for_selector(".live[data-ready]")
    names = list(config.tasks[0].concepts)
    assert page.locator(".results th[scope=col]").all_text_contents() == [*names, "all"]
    ticks = page.locator(".axis:visible").nth(0).locator("span").all_text_contents()
    assert ticks == ["1", "5", "10", "15", "20"]
    rows = page.locator(".matrix:visible").evaluate("m => getComputedStyle(m).gridTemplateRows")
    assert len(rows.split()) == 1 + len(names)
