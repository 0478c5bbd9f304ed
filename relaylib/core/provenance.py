"""The hash of the code that a result depends on."""

import ast
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from relaylib.core.checks import check_all, check_type

PACKAGE = Path(__file__).parent.parent


def code_hash(modules: Iterable[str], *, package: Path = PACKAGE) -> str:
    """Return the SHA-256 of all code of the package that the named modules depend on.

    Imports are followed from source, at any depth, inside the package only. A package's
    ``__init__`` counts where it is imported itself (``import relaylib``), not where one of its
    modules is (``from relaylib.core.checks import ...``): it only collects names, and every result
    would depend on all of the package. Files beside a module that are named in one of its strings
    (``"explorer.js"``) count as part of it.

    Parameters
    ----------
    modules
        Dotted names, e.g. ``["relaylib.studies.study"]``.
    package
        Folder of the package that the names start with.

    Returns
    -------
    str
        64 hexadecimal digits; independent of the order of ``modules``.

    Raises
    ------
    ValueError
        If a name is not a module of the package.
    """
    check_type("package", package, Path)
    names = sorted(set(check_all("modules", modules, str)))
    unknown = [name for name in names if _source_file(name, package) is None]
    if unknown:
        raise ValueError(
            f"modules must name modules of {package.name}, got {', '.join(map(repr, unknown))}"
        )
    digest = hashlib.sha256()
    for name in sorted(_closure(names, package)):
        for path in _files(name, package):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def imported_modules(source: str, *, package: Path = PACKAGE) -> set[str]:
    """Return the dotted names of the package's modules that Python source imports directly.

    Raises
    ------
    ValueError, TypeError
        If ``source`` is not Python code as text.
    """
    check_type("source", source, str), check_type("package", package, Path)
    try:
        return set(_resolved(source, "", package))
    except (SyntaxError, UnicodeError) as error:
        raise ValueError(f"source must be Python code: {error}") from error


def _closure(names: Iterable[str], package: Path) -> set[str]:
    done: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        path = _source_file(name, package)
        assert path is not None
        within = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += _resolved(path.read_text(encoding="utf-8"), within, package)
    return done


def _resolved(source: str, within: str, package: Path) -> list[str]:
    """Return the module behind each import: ``from a import b`` is a.b where that is a module."""
    modules = []
    for module, member in _imports(source, within):
        candidates = [f"{module}.{member}", module] if member else [module]
        modules += [name for name in candidates if _source_file(name, package)][:1]
    return modules


@lru_cache(maxsize=512)
def _imports(source: str, within: str) -> tuple[tuple[str, str], ...]:
    """Return (module, member) of each import; ``within`` resolves relative ones."""
    pairs = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            pairs += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parts = within.split(".")
                module = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [module])])
            pairs += [(module, alias.name) for alias in node.names]
    return tuple(pairs)


def _source_file(name: str, package: Path) -> Path | None:
    first, *rest = name.split(".")
    if first != package.name:
        return None
    stem = package.joinpath(*rest)
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file() and (rest or path.name == "__init__.py"):
            return path
    return None


def _files(name: str, package: Path) -> list[Path]:
    path = _source_file(name, package)
    assert path is not None
    words = _file_names(path.read_text(encoding="utf-8"))
    beside = {path.parent / word for word in words} - {path}
    return [path, *sorted(other for other in beside if other.is_file())]


@lru_cache(maxsize=512)
def _file_names(source: str) -> frozenset[str]:
    """Return the strings in the source that could be file names."""
    return frozenset(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[\w-]+(\.[\w-]+)+", node.value)
    )
