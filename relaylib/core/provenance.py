"""The code and the library versions that a result depends on."""

import ast
import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from relaylib.core.checks import check_all, check_type

PACKAGE = Path(__file__).parent.parent
# Libraries that decide numbers; another version of one makes another result.
_DECIDING = ("numpy", "scipy", "numba", "llvmlite", "scikit-learn", "torch")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_hash(modules: Iterable[str], *, package: Path = PACKAGE, as_imported: bool = False) -> str:
    """Return the SHA-256 of all code of the package that the named modules depend on.

    It is a hash of the syntax: comments, docstrings and layout do not count. Imports are followed
    from source, at any depth, inside the package only. A package's ``__init__`` counts where it is
    imported itself (``import relaylib``), not where one of its modules is (``from
    relaylib.core.checks import ...``): it only collects names, and every result would depend on all
    of the package. Files beside a module that are named in one of its strings (``"explorer.js"``)
    count as part of it.

    Parameters
    ----------
    modules
        Dotted names, e.g. ``["relaylib.studies.study"]``.
    package
        Folder of the package that the names start with.
    as_imported
        The code of relaylib that this process runs, whatever was edited on disk since.

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
    sources = _IMPORTED if check_type("as_imported", as_imported, bool) else _sources(package)
    digest = hashlib.sha256()
    for path in _files(modules, package, sources):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
        digest.update(_meaning(path.suffix, sources[path]))
    return digest.hexdigest()


def edited_files(modules: Iterable[str]) -> list[Path]:
    """Return the files of `code_hash` in relaylib that were edited since it was imported.

    A result computed now is that of the code in memory, not of the files.
    """
    now = _sources(PACKAGE)
    return [
        path
        for path in _files(modules, PACKAGE, _IMPORTED)
        if _meaning(path.suffix, now.get(path, b"")) != _meaning(path.suffix, _IMPORTED[path])
    ]


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that decide numbers."""
    return {name: _version(name) for name in _DECIDING}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def imported_modules(source: str, *, package: Path = PACKAGE) -> set[str]:
    """Return the dotted names of the package's modules that Python source imports directly.

    Raises
    ------
    ValueError, TypeError
        If ``source`` is not Python code as text.
    """
    check_type("source", source, str), check_type("package", package, Path)
    try:
        return set(_resolved(source, "", package, _sources(package)))
    except (SyntaxError, UnicodeError) as error:
        raise ValueError(f"source must be Python code: {error}") from error


Sources = dict[Path, bytes]


def _sources(package: Path) -> Sources:
    paths = (path for path in package.rglob("*") if path.suffix in {".py", ".js", ".css"})
    return {path: path.read_bytes() for path in paths if path.is_file()}


def _files(modules: Iterable[str], package: Path, sources: Sources) -> list[Path]:
    """Return the files of the modules, of all that they import, and those that they name."""
    names = check_all("modules", modules, str)
    unknown = sorted(name for name in names if _source_file(name, package, sources) is None)
    if unknown:
        raise ValueError(
            f"modules must name modules of {package.name}, got {', '.join(map(repr, unknown))}"
        )
    paths: set[Path] = set()
    for name in _closure(names, package, sources):
        path = _source_file(name, package, sources)
        assert path is not None
        paths |= {path} | {path.parent / word for word in _file_names(sources[path].decode())}
    return sorted(paths & sources.keys())


def _closure(names: Iterable[str], package: Path, sources: Sources) -> set[str]:
    done: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        path = _source_file(name, package, sources)
        assert path is not None
        within = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += _resolved(sources[path].decode(), within, package, sources)
    return done


def _resolved(source: str, within: str, package: Path, sources: Sources) -> list[str]:
    """Return the module behind each import: ``from a import b`` is a.b where that is a module."""
    modules = []
    for module, member in _imports(source, within):
        candidates = [f"{module}.{member}", module] if member else [module]
        modules += [name for name in candidates if _source_file(name, package, sources)][:1]
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


def _source_file(name: str, package: Path, sources: Sources) -> Path | None:
    first, *rest = name.split(".")
    if first != package.name:
        return None
    stem = package.joinpath(*rest)
    found = [path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path in sources]
    return found[0] if found else None


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


@lru_cache(maxsize=1024)
def _meaning(suffix: str, content: bytes) -> bytes:
    """Return the SHA-256 of a file; of Python source, that of its syntax without docstrings."""
    with suppress(SyntaxError):  # a file that is just being edited counts as it is
        content = repr(_plain(ast.parse(content))).encode() if suffix == ".py" else content
    return hashlib.sha256(content).digest()


def _plain(node: Any) -> Any:
    """Return a syntax tree as nested tuples that are the same in every version of Python."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return type(node).__name__, repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
        fields["body"] = node.body[1:]
    return type(node).__name__, [(name, _plain(value)) for name, value in fields.items()]


_IMPORTED = _sources(PACKAGE)  # the files as they were when relaylib was imported
