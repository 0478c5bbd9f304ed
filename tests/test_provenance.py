from pathlib import Path

import numpy
import pytest

from relaylib.core.provenance import code_hash, imported_modules, library_versions

FILES = {
    "__init__.py": "from demo.top import answer\n",
    "entropy.py": "LOG = 2\n",
    "relay.py": "import math\nfrom demo.entropy import LOG\n",
    "top.py": "from demo import relay\nfrom .lonely import nothing\n",
    "lonely.py": "nothing = None\n",
    "widgets/__init__.py": "",
    "widgets/explorer.py": 'from ..entropy import LOG\nSCRIPT = "explorer.js"\n',
    "widgets/explorer.js": "export default {}\n",
    "widgets/other.js": "unused\n",
}


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    package = tmp_path / "demo"
    for name, text in FILES.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


@pytest.mark.parametrize(
    ("changed", "module", "matters"),
    [
        ("entropy.py", "demo.entropy", True),
        ("entropy.py", "demo.relay", True),
        ("entropy.py", "demo.top", True),  # two imports away
        ("lonely.py", "demo.top", True),  # relative import
        ("entropy.py", "demo.widgets.explorer", True),  # relative, one folder up
        ("widgets/explorer.js", "demo.widgets.explorer", True),  # named in the module
        ("widgets/other.js", "demo.widgets.explorer", False),
        ("lonely.py", "demo.relay", False),
        ("top.py", "demo.relay", False),
        ("__init__.py", "demo.top", False),  # passed on the way, not imported
        ("__init__.py", "demo", True),
        ("lonely.py", "demo", True),
    ],
)
def test_hash_changes_exactly_with_what_a_module_uses(demo, changed, module, matters):
    before = code_hash([module], package=demo)
    path = demo / changed
    path.write_text(path.read_text() + "\nCHANGED\n")
    assert (code_hash([module], package=demo) != before) == matters


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        ("LOG = 2  # the base\n", False),
        ("LOG    =   (2)\n", False),
        ('"""Entropy."""\nLOG = 2\n', False),
        ("LOG = 2.0\n", True),
        ("LOG = '2'\n", True),
        ("LOG = 2\n'no docstring'\n", True),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(demo, text, matters):
    before = code_hash(["demo.entropy"], package=demo)
    (demo / "entropy.py").write_text(text)
    assert (code_hash(["demo.entropy"], package=demo) != before) == matters


def test_docstrings_of_functions_and_classes_do_not_count(demo):
    code = 'class A:\n    """{0}"""\n    def f(self):\n        """{0}"""\n        return "{1}"\n'
    hashes = []
    for docstring, value in (("one", "x"), ("another", "x"), ("one", "y")):
        (demo / "entropy.py").write_text(code.format(docstring, value))
        hashes.append(code_hash(["demo.entropy"], package=demo))
    assert hashes[0] == hashes[1] != hashes[2]


def test_versions_are_those_installed():
    versions = library_versions()
    assert {"numpy", "scipy", "numba", "scikit-learn", "torch"} <= versions.keys()
    assert versions["numpy"] == numpy.__version__


def test_order_and_repetition_do_not_matter(demo):
    names = ["demo.relay", "demo.lonely"]
    assert code_hash(names, package=demo) == code_hash([*names[::-1], "demo.relay"], package=demo)


def test_moving_text_between_files_changes_the_hash(demo):
    before = code_hash(["demo.top"], package=demo)
    (demo / "lonely.py").write_text("")
    (demo / "entropy.py").write_text(FILES["lonely.py"] + FILES["entropy.py"])
    assert code_hash(["demo.top"], package=demo) != before


def test_unknown_module_raises_an_error_that_names_it(demo):
    with pytest.raises(ValueError, match=r"modules must name modules of demo, got 'demo\.rely'"):
        code_hash(["demo.relay", "demo.rely"], package=demo)


def test_imported_modules_are_those_that_the_source_imports(demo):
    source = (
        "import numpy as np\nfrom demo.relay import a, b\nfrom demo import entropy\nimport demo"
    )
    assert imported_modules(source, package=demo) == {"demo.relay", "demo.entropy", "demo"}


def test_modules_of_relaylib_have_different_hashes():
    digest = code_hash(["relaylib.core.checks"])
    assert len(digest) == 64
    assert digest != code_hash(["relaylib.core.seeds"])
