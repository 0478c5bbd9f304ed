from pathlib import Path

import pytest

from relaylib.core.provenance import code_hash, imported_modules

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
    path.write_text(path.read_text() + "\n# changed\n")
    assert (code_hash([module], package=demo) != before) == matters


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
