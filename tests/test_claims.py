"""The ledger: its rules, its intervals, and every shape in which it is shown."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from book import ledger
from relaylib.core.provenance import code_hash
from relaylib.core.store import Store, StoreWarning
from relaylib.figures import fig_claims
from relaylib.studies.claims import ledger as claims_ledger
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import contrast
from relaylib.studies.claims.ledger import as_json, claims_table, evaluate
from relaylib.studies.claims.texts import TEXTS, claim_texts
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

IDS = [f"C{number}" for number in (*range(1, 17), 18, 22)]


def values(*rows):
    return xr.DataArray(np.array(rows, float), dims=("regime", "replicate"))


def claim(*holds, low=0.1):
    groups = [Group(f"g{k}", "accuracy", 0.2, low, 0.3, 0, 0.0, h) for k, h in enumerate(holds)]
    return Claim("C1", *TEXTS["C1"], tuple(groups))


class TestContrast:
    def test_equal_networks_leave_no_uncertainty(self):
        same = (1.0, values([0.25, 0.25], [0.75, 0.75]))
        assert contrast(same, seed=1, label="x") == (0.5, 0.5, 0.5, 0)

    def test_agrees_with_normal_theory_and_scipy(self):
        sample = np.random.default_rng(1).normal(2, 1, 200)
        mean, low, high, _ = contrast((1.0, values(sample)), seed=1, label="x")
        assert mean == pytest.approx(sample.mean())
        half = 1.96 * sample.std() / np.sqrt(200)
        assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.01)
        rng = np.random.default_rng(0)
        other = stats.bootstrap((sample,), np.mean, method="percentile", random_state=rng)
        assert (low, high) == pytest.approx(tuple(other.confidence_interval), abs=0.01)

    def test_conditions_are_resampled_apart(self):
        rows = np.random.default_rng(2).normal(0, 1, (4, 100))
        _, low, high, _ = contrast((1.0, values(*rows)), seed=1, label="x")
        error = np.sqrt((rows.var(axis=1) / 100).sum()) / 4
        assert high - low == pytest.approx(2 * 1.96 * error, rel=0.05)

    def test_variances_of_two_terms_add(self):
        a, b = np.random.default_rng(2).normal(0, [[3], [4]], (2, 400))
        _, low, high, _ = contrast((1.0, values(a)), (-1.0, values(b)), seed=1, label="x")
        error = np.sqrt(a.var() / 400 + b.var() / 400)
        assert high - low == pytest.approx(2 * 1.96 * error, rel=0.05)

    def test_undefined_networks_are_left_out(self):
        some = values([0.5, np.nan, 0.5] * 9)
        assert contrast((1.0, some), seed=1, label="x") == (0.5, 0.5, 0.5, 9)

    def test_one_defined_network_leaves_no_interval(self):
        mean, low, high, n_undefined = contrast(
            (1.0, values([0.5, np.nan, np.nan])),
            (1.0, values([1.0, 1.0, np.nan])),
            seed=1,
            label="x",
        )
        assert (mean, n_undefined) == (1.5, 3)
        assert np.isnan([low, high]).all()

    def test_a_condition_without_any_value_makes_the_estimate_undefined(self):
        none = values([0.5, 0.6], [np.nan, np.nan])
        mean, low, high, n_undefined = contrast((1.0, none), seed=1, label="x")
        assert np.isnan([mean, low, high]).all()
        assert n_undefined == 2

    def test_replicates_are_asked_for(self):
        with pytest.raises(ValueError, match="values of terms must have dimensions"):
            contrast((1.0, xr.DataArray(np.ones(3), dims="node")), seed=1, label="x")


class TestVerdict:
    @pytest.mark.parametrize(
        ("holds", "verdict"),
        [
            ((True, True), "reproduced"),
            ((True, False), "partly"),
            ((False, False), "not reproduced"),
            ((True, None), "reproduced"),
            ((False, None), "not reproduced"),
            ((None,), "not judged"),
        ],
    )
    def test_counts_every_group_that_counts(self, holds, verdict):
        assert claim(*holds).verdict == verdict


@pytest.fixture(scope="module")
def store(small_study, tmp_path_factory):
    """A copy of the small study's store, free to be added to."""
    copy = tmp_path_factory.mktemp("claims") / "results"
    shutil.copytree(small_study.store.root, copy)
    return Store(copy)


@pytest.fixture(scope="module")
def evaluated(small_study, store):
    return evaluate(small_study.config, store=store)


@pytest.fixture(scope="module")
def study(small_study):
    return small_study.dataset


def group_of(evaluated, id, group, quantity=None):
    (found,) = (
        g
        for c in evaluated
        for g in c.groups
        if c.id == id and g.group == group and quantity in (None, g.quantity)
    )
    return found


class TestEvaluate:
    def test_all_in_order_with_the_groups_that_the_rules_name(self, evaluated):
        assert [c.id for c in evaluated] == IDS == list(TEXTS)
        counting = [sum(g.holds is not None for g in c.groups) for c in evaluated]
        assert counting == [1, 6, 4, 6, 6, 6, 12, 4, 20, 20, 2, 12, 2, 3, 1, 4, 12, 12]

    def test_groups_of_a_claim_have_names_of_their_own(self, evaluated):
        for found in evaluated:
            names = [(g.group, g.quantity) for g in found.groups]
            assert len(set(names)) == len(names)

    def test_an_estimate_lies_in_its_interval_and_decides(self, evaluated):
        for found in evaluated:
            for g in found.groups:
                assert g.low <= g.estimate <= g.high
                if g.holds is not None and found.id not in ("C1", "C6", "C8", "C18"):
                    assert g.holds == (g.low > g.null) or g.low == g.null

    def test_c1_is_the_least_accurate_network(self, evaluated, study):
        assert group_of(evaluated, "C1", "all networks").estimate == float(
            study.population_accuracy.min()
        )

    def test_c2_is_own_delay_minus_the_nine_others(self, evaluated, study):
        accuracy = study.accuracy.sel(task="memory", architecture="GRU").values
        by_hand = [
            accuracy[d - 1, :, d] - np.delete(accuracy[d - 1], d, axis=1).mean(axis=1)
            for d in range(1, 6)
        ]
        assert group_of(evaluated, "C2", "memory GRU").estimate == pytest.approx(np.mean(by_hand))

    def test_c3_and_c16_compare_with_rnns(self, evaluated, study):
        late = study.accuracy.sel(task="block", regime="random").values[..., 6:10]
        expected = late[2].mean() - late[0].mean()
        assert group_of(evaluated, "C16", "block LSTM - RNN").estimate == pytest.approx(expected)
        off = study.accuracy.sel(task="block", regime=list("12345")).values
        mean = [
            np.mean([np.delete(off[a, d - 1], d, axis=1).mean() for d in range(1, 6)])
            for a in range(2)
        ]
        found = group_of(evaluated, "C3", "block GRU - RNN")
        assert found.estimate == pytest.approx(mean[1] - mean[0])

    def test_c4_weighs_regimes_alike(self, evaluated, study):
        accuracy = study.accuracy.sel(task="memory", architecture="RNN").mean("test_delay").values
        expected = accuracy[5].mean() - accuracy[:5].mean()
        assert group_of(evaluated, "C4", "memory RNN").estimate == pytest.approx(expected)

    def test_c6_holds_by_construction(self, evaluated):
        (found,) = (c for c in evaluated if c.id == "C6")
        assert {(g.estimate, g.low, g.high, g.holds) for g in found.groups} == {
            (0.5, 0.5, 0.5, True)
        }

    def test_c8_finds_nothing_before_the_onset(self, evaluated):
        assert group_of(evaluated, "C8", "largest entry before onset").estimate == 0.0

    def test_c9_takes_successive_matrices_up_to_the_answer(self, evaluated, study):
        bits = study.information_bits.sel(task="block", regime="2", time=[10, 11, 12]).values
        r = np.array(
            [
                [np.corrcoef(m[t].ravel(), m[t + 1].ravel())[0, 1] for m in bits[a] for t in (0, 1)]
                for a in (0, 1)
            ]
        )
        found = group_of(evaluated, "C9", "block delay 2 GRU - RNN")
        assert found.estimate == pytest.approx(r[1].mean() - r[0].mean())

    def test_the_same_seed_gives_the_same_ledger(self, evaluated, small_study, store):
        assert evaluate(small_study.config, store=store) == evaluated

    def test_the_global_random_state_is_left_alone(self, small_study, store):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        evaluate(small_study.config, store=store)
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"architectures": ("RNN", "GRU")}, r"config\.architectures must be"),
            ({"regimes": ("1", "random")}, r"config\.regimes must be"),
            ({"test_delays": (0, 1, 2)}, r"config\.test_delays must be"),
            ({"tasks": (MemoryTask(),)}, "memory and block tasks"),
            ({"n_replicates": 1}, "at least 2 replicates"),
            ({"n_nodes": 1}, r"n_nodes must be in 2\.\.16"),
            ({"n_nodes": 17}, r"n_nodes must be in 2\.\.16"),
        ],
    )
    def test_a_study_that_lacks_something_is_refused(self, change, message):
        with pytest.raises(ValueError, match=message):
            evaluate(replace(StudyConfig(n_replicates=2), **change))


class TestTexts:
    def test_they_name_the_sizes_and_steps_of_the_study(self):
        config = StudyConfig(
            tasks=(MemoryTask(onsets=(2, 5, 9)), BlockTask()),
            n_nodes=5,
            n_blank=7,
            answer_delay=6,
            lstm_state="hidden",
            levels=3,
            value="increment",
            random_delays=(1, 2),
        )
        texts = {id: " / ".join(text) for id, text in claim_texts(config).items()}
        for id, words in {
            "C4": ["sees 2 of the 10 test delays"],
            "C5": ["set sizes 1..4,", "at step 10 only"],
            "C6": ["all 5 nodes"],
            "C7": ["set sizes 1..4,", f"{KnockoutConfig().n_random} random sets"],
            "C8": ["at steps 2, 5, 9 and", "row at step 17,", "The hidden state"],
            "C9": ["3-means states and the increment value"],
            "C11": ["read at delay 6"],
            "C12": ["step 10: nodes", "all 15 values"],
            "C13": ["8 contents in the plane of steps 10..17", "of 5 nodes. The noise (0.1)"],
            "C15": ["all 32 sets"],
        }.items():
            for part in words:
                assert part in texts[id], id
        assert "median states" in claim_texts(replace(config, discretiser="median"))["C9"].our_part

    @pytest.mark.parametrize("id", ["C5", "C6", "C7", "C12", "C13", "C14", "C16"])
    def test_rules_about_the_random_regime_say_so(self, id):
        assert TEXTS[id].statistic.startswith("Random regime")

    @pytest.mark.parametrize("id", IDS)
    def test_a_rule_names_the_groups_that_are_shown_beside_it(self, evaluated, id):
        (found,) = (c for c in evaluated if c.id == id)
        beside = any(group.holds is None for group in found.groups)
        assert ("for reference, not counted" in TEXTS[id].statistic) == beside

    @pytest.mark.parametrize("id", ["C13", "C15"])
    def test_where_the_lower_end_of_the_interval_decides_the_rule_says_so(self, id):
        assert "lower end of the" in TEXTS[id].statistic


class TestExport:
    """`claims.json` says what made it, is the default study's alone, and is whole."""

    @pytest.fixture
    def usual(self, monkeypatch):
        """The small study stands in for the default one, which takes long."""
        init = StudyConfig.__init__
        small = lambda config, **given: init(config, **{"n_replicates": 2} | given)  # noqa: E731
        monkeypatch.setattr(StudyConfig, "__init__", small)

    def test_another_study_leaves_the_export_alone(self, small_study, store):
        evaluate(small_study.config, store=store, export=True)
        assert not (store.root / "claims.json").exists()

    def test_it_says_what_made_it_and_is_restored(self, evaluated, store, usual):
        path = store.root / "claims.json"
        assert evaluate(store=store, export=True) == evaluated
        written, found = path.read_bytes(), json.loads(path.read_bytes())
        assert json.dumps(found["claims"]) == json.dumps(as_json(evaluated))
        assert found["seed"] == found["configuration"]["seed"] == 2025
        assert found["configuration"]["n_replicates"] == 2
        assert found["code_hash"] == code_hash(["relaylib.studies.claims.ledger"])
        assert {"numpy", "torch"} <= set(found["versions"])
        assert datetime.fromisoformat(found["created"]).tzinfo is not None
        for damaged in (written[:500], b"", b"[]", written.replace(b"2025", b"2026")):
            path.write_bytes(damaged)
            evaluate(store=store, export=True)
            again = json.loads(path.read_bytes())
            assert json.dumps(again | {"created": found["created"]}) == json.dumps(found)

    def test_an_export_that_says_the_same_keeps_its_time(self, evaluated, small_study, tmp_path):
        there = Store(tmp_path)
        claims_ledger._export(evaluated, small_study.dataset, there)
        path = tmp_path / "claims.json"
        path.write_text(path.read_text().replace('"created": "20', '"created": "19'))
        before = path.read_bytes()
        claims_ledger._export(evaluated, small_study.dataset, there)
        assert path.read_bytes() == before

    def test_many_exports_at_once_all_succeed(self, evaluated, small_study, tmp_path):
        with ThreadPoolExecutor(8) as pool:
            calls = [(evaluated, small_study.dataset, Store(tmp_path)) for _ in range(16)]
            list(pool.map(lambda call: claims_ledger._export(*call), calls))
        assert [path.name for path in tmp_path.iterdir()] == ["claims.json"]
        assert json.loads((tmp_path / "claims.json").read_text())["seed"] == 2025

    def test_a_folder_that_cannot_be_written_gives_a_warning(
        self, evaluated, small_study, tmp_path
    ):
        (tmp_path / "file").write_text("")
        with pytest.warns(StoreWarning, match=r"claims\.json could not be written"):
            claims_ledger._export(evaluated, small_study.dataset, Store(tmp_path / "file"))

    def test_the_files_in_git_are_old_or_new_when_writing_fails(self, tmp_path, monkeypatch):
        readme, table = tmp_path / "README.md", tmp_path / "rows.csv"
        readme.write_text("a\n<!-- claims -->\n<!-- /claims -->\nb\n")
        rows = ledger.ledger_rows([claim(True)], seed=1)
        for write, path in ((ledger.write_readme, readme), (ledger.keep_rows, table)):
            write(rows, path)
            before = path.read_bytes()
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
                with pytest.raises(OSError, match="full"):
                    write(ledger.ledger_rows([claim(False)], seed=1), path)
            assert path.read_bytes() == before


class TestShown:
    def test_json_has_the_agreed_form(self, evaluated):
        read = json.loads(json.dumps(as_json(evaluated)))
        assert [entry["id"] for entry in read] == IDS
        for entry in read:
            assert {"id", "claim", "verdict", "groups"} <= set(entry)
            for group in entry["groups"]:
                assert {"group", "estimate", "low", "high", "null", "holds"} <= set(group)

    def test_the_forest_shows_every_group(self, evaluated):
        table = claims_table(evaluated)
        figure = fig_claims.draw(table)
        drawn = {}
        for ax in figure.axes:
            labels = [text.get_text() for text in ax.get_yticklabels()]
            lines = ax.lines[1:]
            assert ax.lines[0].get_linestyle() == "--"
            for place, name in enumerate(labels):
                interval, mark = lines[2 * place], lines[2 * place + 1]
                key = (ax.get_title("left").split(":")[0], ax.get_xlabel(), name)
                drawn[key] = [*interval.get_xdata(), *mark.get_xdata(), ax.lines[0].get_xdata()[0]]
        expected = {
            (c.id, g.quantity, g.group): [g.low, g.high, g.estimate, g.null]
            for c in evaluated
            for g in c.groups
        }
        assert drawn == expected
        plt.close(figure)

    def test_tables_name_every_claim_with_its_verdict(self, evaluated):
        rows = ledger.ledger_rows(evaluated, seed=2025)
        for text in (ledger.ledger_table(rows), ledger.claim_details(rows)):
            parser = HTMLParser()
            parser.feed(text)
            parser.close()
            for found in evaluated:
                assert f"{found.id}. " in text
            assert text.count("</span>") == len(evaluated)
        assert "set sizes 1..11," in ledger.ledger_table(rows)
        name = f'aria-label="Ledger of claims {evaluated[0].id} to {evaluated[-1].id}, seed 2025"'
        assert name in ledger.ledger_table(rows)  # no other table of a page has it
        other = claim_texts(StudyConfig(n_nodes=5))
        assert "set sizes 1..4," in ledger.ledger_table(rows, other)
        assert "components of 5 nodes" in ledger.claim_details(rows, other)
        assert ledger.readme_table(rows).count("\n| C") == len(evaluated)

    def test_rows_survive_the_file_and_replace_those_of_their_seed(self, evaluated, tmp_path):
        path = tmp_path / "data" / "rows.csv"
        for seed in (3, 2025, 3):
            ledger.keep_rows(ledger.ledger_rows(evaluated, seed=seed), path)
        read = ledger.stored_rows(path)
        assert read.seed.value_counts().to_dict() == {3: len(read) // 2, 2025: len(read) // 2}
        one = read[read.seed == 3].reset_index(drop=True)
        expected = ledger.ledger_rows(evaluated, seed=3)
        pd.testing.assert_frame_equal(one, expected, check_dtype=False)

    def test_networks_without_a_value_are_counted_and_no_interval_is_not_judged(self, tmp_path):
        nan = float("nan")
        groups = [Group("few", "Pearson r", 0.5, nan, nan, 18, 0.0, None)]
        groups += [Group("none", "Pearson r", nan, nan, nan, 20, 0.0, None)]
        rows = ledger.ledger_rows([Claim("C9", *TEXTS["C9"], tuple(groups))], seed=1)
        ledger.keep_rows(rows, tmp_path / "rows.csv")
        read = ledger.stored_rows(tmp_path / "rows.csv")
        pd.testing.assert_frame_equal(read, rows, check_dtype=False)
        for found in (rows, read):
            assert found.n_undefined.tolist() == [18, 20]
            page = ledger.claim_details(found)
            assert "<td>0.5</td><td>none</td><td>0</td><td>18</td><td>not judged</td>" in page
            assert "without value" in page
            for text in (page, ledger.ledger_table(found), ledger.seeds_table(found)):
                assert "not judged</span>" in text
            assert "**not judged**" in ledger.readme_table(found)

    def test_every_verdict_has_a_colour_of_its_own_that_can_be_read(self):
        verdicts = {claim(*holds).verdict for holds in ((True,), (True, False), (False,), (None,))}
        assert {*ledger._COLOURS} == verdicts
        assert len({*ledger._COLOURS.values()}) == 4

    def test_seeds_that_disagree_are_named(self):
        rows = [ledger.ledger_rows([claim(True, h, None)], seed=s) for s, h in ((1, 1), (2, 0))]
        stored = pd.concat(rows).astype({"holds": object})
        found = ledger.disagreements(stored)
        assert found.group.tolist() == ["g1", "g1"]
        assert "C1 g1, accuracy" in ledger.seeds_table(stored)

    def test_a_single_interval_is_shown_with_its_bounds(self):
        rows = ledger.ledger_rows([claim(True)], seed=1)
        assert ledger.measured(rows) == "accuracy 0.2 [0.1, 0.3]"

    def test_a_readme_without_marks_is_refused(self, tmp_path):
        path = tmp_path / "README.md"
        path.write_text("nothing")
        with pytest.raises(ValueError, match="must hold the lines <!-- claims -->"):
            ledger.write_readme(ledger.ledger_rows([claim(True)], seed=1), path)


class TestNotStale:
    """What is committed was made by the code that is committed."""

    def test_the_readme_shows_the_stored_ledger_of_the_books_seed(self):
        stored = ledger.stored_rows()
        rows = stored[stored.seed == StudyConfig().seed]
        text = ledger.README.read_text(encoding="utf-8")
        table = text.partition(ledger.MARKS[0])[2].partition(ledger.MARKS[1])[0]
        assert ledger.readme_table(rows) in table, "run `make claims`"

    def test_the_stored_ledger_was_made_by_this_code(self):
        stored = ledger.stored_rows()
        made_by = set(stored[stored.seed == StudyConfig().seed].code)
        assert made_by == {code_hash(["relaylib.studies.claims.ledger"])[:16]}, "run `make claims`"

    def test_three_seeds_are_stored_in_full(self):
        stored = ledger.stored_rows()
        assert stored.seed.nunique() >= 3
        for _, rows in stored.groupby("seed"):
            assert rows.id.unique().tolist() == IDS
