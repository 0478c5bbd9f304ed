"""The widgets in a browser, without and with a kernel: what they show is compared with the data."""

import base64
import functools
import http.server
import json
import re
import threading
from time import time as now
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from browsing import needs_browser, violations
from widget_page import write_page, write_static

from relaylib.measures.drift import drift, pearson
from relaylib.measures.knockout import knockout_accuracy
from relaylib.studies.study import load_ensemble
from relaylib.widgets.explorer import RelayExplorer
from relaylib.widgets.live import LiveNetwork
from relaylib.widgets.toy import RelayToy

pytestmark = needs_browser
ARCHITECTURES = ("RNN", "GRU", "LSTM")


@pytest.fixture(scope="session")
def pages(small_study, tmp_path_factory):
    """A site with each widget on a page of its own; the explorer's lies two folders deep."""
    site = tmp_path_factory.mktemp("widgets")
    saved = RelayExplorer(small_study.dataset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELAY_ASSETS", str(write_static(site)))
        explorer = RelayExplorer(small_study.dataset)
    live = LiveNetwork(small_study.config, small_study.dataset, store=small_study.store)
    write_static(site / "lost")
    return SimpleNamespace(
        site=site,
        explorer=write_page(site / "a" / "b" / "explorer.html", "../../", [explorer]).as_uri(),
        live=write_page(site / "live.html", "", [live]).as_uri(),
        together=write_page(site / "together.html", "", [RelayToy(), saved, RelayToy()]).as_uri(),
        saved=write_page(site / "lost" / "saved.html", "", [saved]).as_uri(),
        lost=write_page(site / "lost" / "explorer.html", "", [explorer]).as_uri(),
        explorer_widget=explorer,
        live_widget=live,
    )


@pytest.fixture
def explorer(pages, visit):
    page = visit(pages.explorer)
    page.wait_for_selector(".explorer[data-ready]")
    return page


@pytest.fixture
def live(pages, visit):
    page = visit(pages.live)
    page.wait_for_selector(".live[data-ready]")
    return page


def choose(page, **names):
    for group, name in names.items():
        strip = page.get_by_role("group", name=group.replace("_", " "), exact=True)
        strip.get_by_role("radio", name=name, exact=True).check()


def slide(page, name, value):
    page.get_by_role("slider", name=name, exact=True).fill(str(value))


def numbers(text):
    return [float(word) for word in re.findall(r"[+-]?\d+\.?\d*", text.replace("\u2212", "-"))]


def canvas_pixels(page, selector):
    """Colours (row, column, channel) of a map."""
    flat = page.eval_on_selector(
        f"{selector} >> canvas",
        """(c) => {
          const {data} = c.getContext("2d").getImageData(0, 0, c.width, c.height);
          return [c.width, c.height, ...data];
        }""",
    )
    return np.array(flat[2:]).reshape(flat[1], flat[0], 4)[..., :3]


# Relay explorer


@pytest.mark.parametrize(
    ("task", "architecture", "regime", "replicate", "time"),
    [
        ("memory", "RNN", "random", 1, 12),
        ("block", "LSTM", "2", 0, 15),
        ("block", "GRU", "5", 1, 7),
    ],
)
def test_the_explorer_reads_out_the_chosen_network(
    explorer, small_study, task, architecture, regime, replicate, time
):
    choose(explorer, Task=task, Architecture=architecture, Trained_with_delay=regime)
    slide(explorer, "Network", replicate)
    slide(explorer, "Step", time)
    explorer.get_by_role("slider", name=f"Node of the {architecture}").focus()
    bits = small_study.dataset.information_bits.sel(
        task=task, architecture=architecture, regime=regime, replicate=replicate, time=time
    )
    for node in bits.node.values:
        text = explorer.locator(".readout").text_content()
        assert text.startswith(f"{architecture}, node {node}, step {time}: ")
        shown = numbers(text.partition(": ")[2])
        np.testing.assert_allclose(shown, bits.sel(node=node).values, atol=0.0055)
        explorer.keyboard.press("ArrowRight")


def test_the_panels_show_what_the_matrices_show_step_by_step(explorer, small_study):
    choose(explorer, Task="block", Architecture="RNN", Trained_with_delay="random")
    panels = explorer.locator(".panel:visible")
    assert panels.count() == 3
    maps = np.stack([canvas_pixels(explorer, f".panel:visible >> nth={i}") for i in range(3)])
    for time in range(1, 16):
        slide(explorer, "Step", time)
        squares = explorer.locator(".matrix:visible b").evaluate_all(
            "all => all.map((b) => b.style.backgroundColor)"
        )
        colours = np.array([numbers(colour) for colour in squares]).reshape(3, 12, 3)
        assert (colours == maps[:, :, time - 1]).all()
    bits = small_study.dataset.information_bits.sel(
        task="block", architecture="RNN", regime="random", replicate=0
    ).transpose("concept", "node", "time")
    blueness = maps[..., 2] - maps[..., 0]
    assert np.corrcoef(blueness.ravel(), bits.values.ravel())[0, 1] > 0.99


def test_the_drift_read_out_is_that_of_the_figures(explorer, small_study):
    bits = small_study.dataset.information_bits
    means = drift(bits).correlation
    for task, regime in (("memory", "5"), ("memory", "random"), ("block", "3")):
        choose(explorer, Task=task, Trained_with_delay=regime)
        slide(explorer, "Step", 11)
        read = explorer.locator(".grid output:visible").all_text_contents()
        for column, architecture in enumerate(ARCHITECTURES):
            labels = {"task": task, "architecture": architecture, "regime": regime, "replicate": 0}
            matrices = bits.sel(labels).stack(entry=("concept", "node"))
            r = pearson(matrices.sel(time=10).values, matrices.sel(time=11).values)
            np.testing.assert_allclose(numbers(read[column]), r, atol=0.006)
            wanted = float(means.sel(labels))
            np.testing.assert_allclose(numbers(read[3 + column]), wanted, atol=0.006)


def test_all_three_architectures_play_side_by_side_and_stop_at_the_end(pages, visit):
    page = visit("about:blank")
    page.clock.install()
    page.goto(pages.explorer)
    page.wait_for_selector(".explorer[data-ready]")
    page.clock.pause_at(now() + 60)  # a slow machine must not let it play on
    assert page.locator(".title:visible").all_text_contents() == list(ARCHITECTURES)
    slide(page, "Step", 13)
    page.get_by_role("button", name="Play through the steps").click()
    time = page.get_by_role("slider", name="Step", exact=True)
    assert time.input_value() == "14"
    page.clock.run_for(800)
    assert time.input_value() == "15"
    assert page.get_by_role("button", name="Pause through the steps").count() == 1
    page.clock.run_for(800)
    page.get_by_role("button", name="Play through the steps").click()
    assert time.input_value() == "1"


PAIR = [
    {"architecture": "RNN", "regime": "5", "replicate": 0},
    {"architecture": "LSTM", "regime": "2", "replicate": 1},
]
PAIR_TITLES = ["RNN, delay 5, network 1", "LSTM, delay 2, network 2"]


def choose_pair(page):
    choose(page, Task="block", Architecture="RNN", Trained_with_delay="5", Beside_it="LSTM")
    choose(page, **{"Right: trained with delay": "2"})
    slide(page, "Right: network", 1)


def test_a_second_network_stands_beside_the_first(explorer, small_study):
    choose_pair(explorer)
    assert explorer.locator(".title:visible").all_text_contents() == PAIR_TITLES
    slide(explorer, "Step", 12)
    assert explorer.locator(".phase").text_content().endswith("later: the answer is read (right)")
    read = explorer.locator(".grid output:visible").all_text_contents()
    bits = small_study.dataset.information_bits
    means = drift(bits).correlation
    for column, (labels, title) in enumerate(zip(PAIR, PAIR_TITLES, strict=True)):
        network = bits.sel(labels | {"task": "block"})
        explorer.get_by_role("slider", name=f"Node of the {title}", exact=True).focus()
        explorer.keyboard.press("End")
        text = explorer.locator(".readout").text_content()
        assert text.startswith(f"{title}, node 12, step 12: ")
        wanted = network.sel(time=12, node=12)
        np.testing.assert_allclose(numbers(text.partition(": ")[2]), wanted, atol=0.0055)
        mean = float(means.sel(labels | {"task": "block"}))
        np.testing.assert_allclose(numbers(read[2 + column]), mean, atol=0.006)
        for concept in range(3):
            selector = f".panel:visible >> nth={2 * concept + column}"
            pixels = canvas_pixels(explorer, selector).astype(float)
            wanted = network.transpose("concept", "node", "time")[concept]
            blueness = pixels[..., 2] - pixels[..., 0]
            assert np.corrcoef(blueness.ravel(), wanted.values.ravel())[0, 1] > 0.99


def test_both_networks_side_by_side_are_saved(explorer, small_study):
    choose_pair(explorer)
    with explorer.expect_download() as saved:
        explorer.get_by_role("button", name="Save values (CSV)").click()
    table = pd.read_csv(saved.value.path())
    bits = small_study.dataset.information_bits.sel(task="block")
    parts = [table.iloc[: len(table) // 2], table.iloc[len(table) // 2 :]]
    for labels, part in zip(PAIR, parts, strict=True):
        of = part[["architecture", "delay", "network"]].drop_duplicates().to_numpy().tolist()
        regime, replicate = int(labels["regime"]), labels["replicate"] + 1
        assert of == [[labels["architecture"], regime, replicate]]
        wanted = bits.sel(labels).transpose("time", "concept", "node").values.ravel()
        np.testing.assert_allclose(part.bits, wanted, atol=0.001)


def test_the_network_beside_is_in_the_address_and_gives_way_to_all(explorer, pages, visit):
    choose_pair(explorer)
    again = visit(explorer.url.replace("LSTM", "GRU"))
    again.wait_for_selector(".explorer[data-ready]")
    titles = [PAIR_TITLES[0], "GRU, delay 2, network 2"]
    assert again.locator(".title:visible").all_text_contents() == titles
    choose(again, Architecture="all")
    assert again.locator(".title:visible").all_text_contents() == list(ARCHITECTURES)
    assert not again.get_by_role("group", name="Beside it").is_visible()
    choose(again, Architecture="GRU", Beside_it="nothing")
    assert again.locator(".title:visible").all_text_contents() == ["GRU"]
    wrong = f'{pages.explorer}#RelayExplorer.architecture="RNN"&RelayExplorer.beside="CNN"'
    wrong = visit(f"{wrong}&RelayExplorer.task=%22none%22&RelayExplorer.regime=%227%22")
    wrong.wait_for_selector(".explorer[data-ready]")
    assert wrong.locator(".title:visible").all_text_contents() == list(ARCHITECTURES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_networks_fit_a_phone_without_a_violation(pages, visit, scheme):
    page = visit(pages.explorer, width=360, scheme=scheme)
    page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    page.wait_for_selector(".explorer[data-ready]")
    choose_pair(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page, ".relay") == []


def test_pointing_at_a_panel_reads_a_node_and_clicking_it_goes_to_that_step(explorer):
    panel = explorer.locator(".panel:visible").nth(1)
    box = panel.bounding_box()
    panel.hover(position={"x": box["width"] * 3.5 / 15, "y": box["height"] * 6.5 / 12})
    assert "node 7, step 10:" in explorer.locator(".readout").text_content()
    panel.click(position={"x": box["width"] * 3.5 / 15, "y": box["height"] * 6.5 / 12})
    assert "node 7, step 4:" in explorer.locator(".readout").text_content()
    assert explorer.get_by_role("slider", name="Step", exact=True).input_value() == "4"


def test_the_matrices_that_are_shown_can_be_saved(explorer, small_study):
    choose(explorer, Task="block", Architecture="GRU")
    with explorer.expect_download() as saved:
        explorer.get_by_role("button", name="Save values (CSV)").click()
    table = pd.read_csv(saved.value.path())
    assert saved.value.suggested_filename == "information-matrices.csv"
    labels = {"task": "block", "architecture": "GRU", "replicate": 0, "regime": str(table.delay[0])}
    bits = small_study.dataset.information_bits.sel(labels)
    wanted = bits.transpose("time", "concept", "node").values.ravel()
    np.testing.assert_allclose(table.bits, wanted, atol=0.001)
    assert list(table.columns[3:7]) == ["network", "step", "concept", "node"]
    assert table.iloc[0, 3:7].to_list() == [1, 1, "direction", 1]


def test_the_explorer_works_below_a_path_of_a_server(pages, visit):
    handler = functools.partial(_Silent, directory=str(pages.site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{pages.site.name}"
        page = visit(f"{address}/a/b/explorer.html")
        page.wait_for_selector(".explorer[data-ready]")
        server.shutdown()


def test_a_saved_notebook_keeps_the_matrices_without_a_kernel(pages, visit):
    page = visit(pages.saved)
    page.wait_for_selector(".explorer[data-ready]")
    page.get_by_role("slider", name="Node of the RNN").focus()
    text = page.locator(".readout").text_content()
    bits = np.frombuffer(pages.explorer_widget._data, "<f2").reshape(2, 3, 6, 2, 15, 3, 12)
    of_node = bits[0, 0, 4, 0, 9, :, 0]
    np.testing.assert_allclose(numbers(text.partition(": ")[2]), of_node, atol=0.0055)


def test_a_page_without_its_asset_says_so(pages, visit):
    page = visit(pages.lost)
    assert "run this cell again" in page.get_by_role("alert").text_content()
    assert all("relay-information" in text or "ERR_FILE" in text for text in visit.complaints)
    visit.complaints.clear()


# Live network


def torch_run(ensemble, inputs, n_times, knocked):
    """Return h, c, outputs (sequence, time, ...) of torch's modules, nodes set to 0 on time.

    In double precision, as the page computes: in single, torch's own rounding grows past 1e-5
    where an RNN, cut off from some of its nodes, wanders for nine blank steps.
    """
    layer, readout = (module.double() for module in ensemble.to_torch(0))
    steps = torch.as_tensor(inputs, dtype=torch.float64).transpose(0, 1)
    steps = torch.cat([steps, steps.new_zeros(n_times - len(steps), *steps.shape[1:])])
    state, recorded = None, []
    for time, x in enumerate(steps, start=1):
        _, state = layer(x[None], state)
        keep = steps.new_tensor([float(step != time) for step in knocked])
        parts = [part * keep for part in (state if isinstance(state, tuple) else (state,))]
        state = tuple(parts) if len(parts) > 1 else parts[0]
        cell = parts[1] if len(parts) > 1 else torch.zeros_like(parts[0])
        recorded.append([parts[0][0], cell[0], torch.tanh(readout(parts[0][0]))])
    return [torch.stack(part, dim=1).detach().numpy() for part in zip(*recorded, strict=True)]


RUN_IN_PAGE = """async ({code, contents, floats, halves, labels, knocked}) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const traits = {contents, floats: bytes(floats), halves: bytes(halves)};
  const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
  const {forward, sumInputs, unpack} = await import(url);
  const {networks, tasks, n_times} = await unpack({get: (name) => traits[name]});
  const wanted = Object.entries(labels);
  const network = networks.find((one) => wanted.every(([name, value]) => one[name] === value));
  const task = tasks.find(({name}) => name === network.task);
  const {architecture, weights} = network;
  const sums = sumInputs(weights, task.inputs, task.shape);
  const run = forward(architecture, weights, sums, task.shape, n_times, knocked);
  const text = (values) => new Uint8Array(values.buffer)
    .reduce((made, byte) => made + String.fromCharCode(byte), "");
  return [run.hidden, run.cell, run.outputs].map((values) => btoa(text(values)));
}"""


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("task", ["memory", "block"])
def test_the_page_computes_what_pytorch_computes(visit, pages, small_study, task, architecture):
    widget, page = pages.live_widget, visit("about:blank")
    labels = {"task": task, "architecture": architecture, "regime": "random"}
    sent = {
        "code": widget._esm,
        "contents": json.loads(json.dumps(widget.contents)),
        "floats": base64.b64encode(widget.floats).decode(),
        "halves": base64.b64encode(widget.halves).decode(),
        "labels": labels | {"replicate": 0},
    }
    ensemble = load_ensemble(small_study.config, *labels.values(), store=small_study.store)
    inputs = next(t for t in small_study.config.tasks if t.name == task).population().inputs
    for knocked in ([0] * 12, [0, 10, 0, 10, 3, 0, 0, 12, 0, 0, 1, 19]):
        found = page.evaluate(RUN_IN_PAGE, sent | {"knocked": knocked})
        for text, wanted in zip(found, torch_run(ensemble, inputs, 19, knocked), strict=True):
            values = np.frombuffer(base64.b64decode(text), "<f4").reshape(wanted.shape)
            np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "architecture", "regime", "concepts", "delay"),
    [
        ("memory", "GRU", "1", (-1, 1, -1), 9),
        ("memory", "LSTM", "random", (1, 1, -1), 0),
        ("block", "RNN", "3", (1, -1, 1), 3),
    ],
)
def test_the_live_network_answers_as_the_network_does(
    live, small_study, task, architecture, regime, concepts, delay
):
    choose(live, Task=task, Architecture=architecture, Trained_with_delay=regime)
    the_task = next(t for t in small_study.config.tasks if t.name == task)
    words = {"direction": ("left", "right"), "size": ("small", "large")}
    words["brightness"] = ("dark", "bright")
    for name, value in zip(the_task.concepts, concepts, strict=True):
        choose(live, **{name: words.get(name, ("\u22121", "+1"))[value > 0]})
    slide(live, "Delay (blank steps before the answer)", delay)
    trials = the_task.population()
    sequences = np.flatnonzero((trials.targets == concepts).all(axis=1))
    start = live.get_by_role("slider", name="Start")
    assert start.is_visible() == (len(sequences) > 1)
    if len(sequences) > 1:
        start.fill("5")
    sequence = sequences[5] if len(sequences) > 1 else sequences[0]
    ensemble = load_ensemble(
        small_study.config, task, architecture, regime, store=small_study.store
    )
    outputs = ensemble[0].run(trials.inputs, 9).outputs[0, 9 + delay]
    rows = live.locator(".results tr")
    read = [numbers(cell)[0] for cell in rows.nth(2).locator("td").all_text_contents()[:3]]
    np.testing.assert_allclose(read, outputs[:, sequence], atol=0.0051)
    right = ((outputs > 0) == (trials.targets.T > 0)).mean(axis=1)
    read = [numbers(cell)[0] for cell in rows.nth(3).locator("td").all_text_contents()]
    np.testing.assert_allclose(read, 100 * np.append(right, right.mean()), atol=0.051)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_knocking_out_the_most_relaying_nodes_is_that_of_the_figures(
    live, small_study, architecture
):
    choose(live, Task="memory", Architecture=architecture, Trained_with_delay="5", of_concept="B")
    ensemble = load_ensemble(
        small_study.config, "memory", architecture, "5", store=small_study.store
    )
    order = small_study.dataset.removal_order.sel(
        task="memory", architecture=architecture, regime="5", replicate=0, time=10, concept=1
    ).values
    trials = small_study.config.tasks[0].population()
    for k in (1, 4, 12):
        slide(live, "Knock out the most relaying", k)
        out = sorted(order[::-1][:k])
        pressed = live.locator(".labels button[aria-pressed=true] span").all_text_contents()
        assert [int(text) for text in pressed] == out
        mask = np.isin(np.arange(1, 13), out)[None, None]
        wanted = knockout_accuracy(ensemble[0], trials, mask, delays=(5,)).ravel()
        cells = live.locator(".results tr").nth(3).locator("td").all_text_contents()[:3]
        np.testing.assert_allclose([numbers(cell)[0] for cell in cells], 100 * wanted, atol=0.051)


def test_another_network_of_the_same_training_can_be_chosen(live, small_study):
    labels = {"task": "memory", "architecture": "GRU", "regime": "2"}
    choose(live, Task="memory", Architecture="GRU", Trained_with_delay="2", of_concept="C")
    delay = live.get_by_role("slider", name="Delay (blank steps before the answer)").input_value()
    ensemble = load_ensemble(small_study.config, *labels.values(), store=small_study.store)
    trials = small_study.config.tasks[0].population()
    orders = small_study.dataset.removal_order.sel(labels | {"time": 10, "concept": 2})
    for replicate in (1, 0):
        choose(live, Network=str(replicate + 1))
        slide(live, "Knock out the most relaying", 0)
        outputs = ensemble[replicate].run(trials.inputs, 9).outputs[0, 9 + int(delay), :, 7]
        cells = live.locator(".results tr").nth(2).locator("td").all_text_contents()[:3]
        np.testing.assert_allclose([numbers(cell)[0] for cell in cells], outputs, atol=0.0051)
        slide(live, "Knock out the most relaying", 3)
        pressed = live.locator(".labels button[aria-pressed=true] span").all_text_contents()
        order = orders.sel(replicate=replicate).values
        assert [int(text) for text in pressed] == sorted(order[::-1][:3])
        summary = live.locator(".live [aria-live]").text_content()
        assert summary.startswith(f"Network {replicate + 1}, step ")
        kept = "LiveNetwork.replicate=1" in live.url
        assert kept == (replicate == 1)


def test_nodes_go_out_and_come_back_by_keyboard_and_by_pointer(live):
    pressed = live.locator(".labels button[aria-pressed=true]")
    summary = live.locator(".live [aria-live]")
    whole = summary.text_content()
    live.get_by_role("button", name="Knock out node 7 (").focus()
    slide(live, "Knock out at step", 6)
    live.keyboard.press("Space")
    assert pressed.count() == 0  # the focus went on to the slider
    live.get_by_role("button", name="Knock out node 7 (").press("Space")
    assert pressed.all_text_contents() == ["7"]
    assert summary.text_content() != whole
    map_of_nodes = live.locator(".map.nodes")
    box = map_of_nodes.bounding_box()
    cell = {"x": box["width"] * 11.5 / 19, "y": box["height"] * 2.5 / 12}
    map_of_nodes.click(position=cell)
    assert pressed.all_text_contents() == ["3", "7"]
    knocked = live.locator(".marker.knock:visible")
    assert knocked.nth(0).evaluate("m => m.style.left") == f"{100 * 11.5 / 19:.4f}%"
    map_of_nodes.click(position=cell)
    assert pressed.all_text_contents() == ["7"]
    live.get_by_role("button", name="Restore all nodes").click()
    assert pressed.count() == 0
    assert summary.text_content() == whole


def test_pointing_at_a_cell_reads_its_state(live, small_study):
    choose(live, Architecture="LSTM")
    ensemble = load_ensemble(small_study.config, "memory", "LSTM", "5", store=small_study.store)
    trials = small_study.config.tasks[0].population()
    cells = ensemble[0].run(trials.inputs, 9).cell[0]
    map_of_nodes = live.locator(".map.nodes")
    box = map_of_nodes.bounding_box()
    map_of_nodes.hover(position={"x": box["width"] * 12.5 / 19, "y": box["height"] * 4.5 / 12})
    text = live.locator(".look").text_content()
    assert text.startswith("node 5, step 13: ")
    assert abs(numbers(text)[-1] - cells[12, 4, 7]) < 0.0051  # sequence 7: all concepts +1


def test_the_delays_play_and_states_can_be_saved(pages, visit):
    page = visit("about:blank")
    page.clock.install()
    page.goto(pages.live)
    page.wait_for_selector(".live[data-ready]")
    page.clock.pause_at(now() + 60)  # a slow machine must not let it play on
    delay = page.get_by_role("slider", name="Delay (blank steps before the answer)")
    slide(page, "Delay (blank steps before the answer)", 8)
    page.get_by_role("button", name="Play through the delays").click()
    assert delay.input_value() == "9"
    page.clock.run_for(800)
    assert page.get_by_role("button", name="Play through the delays").count() == 1
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save values (CSV)").click()
    table = pd.read_csv(saved.value.path())
    assert table.iloc[0, :6].to_list() == ["memory", "RNN", 5, 1, "state", "node 1"]
    assert table.groupby("what").size().to_dict() == {"answer": 19 * 3, "state": 19 * 12}
    page.locator(".map.nodes").hover(position={"x": 5, "y": 5})
    shown = numbers(page.locator(".look").text_content())[-1]
    assert abs(shown - table.value[0]) < 0.0051


# Both


@pytest.mark.parametrize("name", ["explorer", "live"])
def test_a_widget_follows_the_theme_of_the_page(pages, visit, name):
    page = visit(getattr(pages, name), scheme="light")
    page.wait_for_selector(f".{name}[data-ready]")
    light = canvas_pixels(page, ".map >> nth=0")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("true")
    dark = canvas_pixels(page, ".map >> nth=0")
    assert light[0, 0].min() > 200 > 100 > dark[0, 0].max()  # nothing yet in the first cell
    ink = f"getComputedStyle(document.querySelector('.{name}')).color"
    assert min(numbers(page.evaluate(ink))) > 200


@pytest.mark.parametrize("name", ["explorer", "live"])
def test_a_widget_fits_a_phone(pages, visit, name):
    page = visit(getattr(pages, name), width=360)
    page.wait_for_selector(f".{name}[data-ready]")
    choose(page, Task="block")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_widget_of_a_page_shows_what_is_chosen(pages, visit):
    page = visit(pages.together)
    page.wait_for_selector(".explorer[data-ready]")
    chosen = "[...document.querySelectorAll('.choice:has(input)')].map("
    chosen += "choice => choice.querySelectorAll('input:checked').length)"
    assert set(page.evaluate(chosen)) == {1}
    page.locator(".toy input[value=noise] >> nth=0").check()
    assert set(page.evaluate(chosen)) == {1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["explorer", "live"])
def test_a_widget_has_no_accessibility_violation(pages, visit, name, scheme):
    page = visit(getattr(pages, name), scheme=scheme)
    page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    page.wait_for_selector(f".{name}[data-ready]")
    choose(page, Task="block")
    assert violations(page, ".relay") == []


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
