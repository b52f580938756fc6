"""Checks the sizes and names that the house keeps; prints the median function; exit 1 on any violation.

1. A function has at most 40 lines, a file at most 400.
2. No class and no file ends in a word that says nothing (Manager, Helper, …).
3. Migrations are exempt: they list tables as they once were, and are never edited again.
4. No import stands inside a function; nothing hides behind TYPE_CHECKING.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 40
FILE_LINES = 400
BANNED = ("Manager", "Helper", "Helpers", "Util", "Utils", "Processor", "Handler", "Base", "Mixin", "Impl")
FOLDERS = ("src", "tests", "scripts", "bench")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(root: Path) -> int:
    files = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.py")) if wanted(file)]
    found = [violation for file in files for violation in violations(file, root)]
    lengths = [length(node) for file in files for node in functions(parsed(file))]
    if lengths:
        print(f"{len(files)} files, {len(lengths)} functions, median {statistics.median(lengths):.0f} lines")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found or not lengths else 0


def wanted(file: Path) -> bool:
    return "node_modules" not in file.parts and file.parent.parts[-2:] != ("migrations", "versions")


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def violations(file: Path, root: Path) -> Iterator[str]:
    where, tree = file.relative_to(root), parsed(file)
    lines = len(file.read_text(encoding="utf-8").splitlines())
    if lines > FILE_LINES:
        yield f"{where}: {lines} lines, at most {FILE_LINES}"
    if file.stem.rpartition("_")[2].capitalize() in BANNED:
        yield f"{where}: the name says nothing"
    for node in ast.walk(tree):
        yield from (f"{where}:{node.lineno}: {what}" for what in faults(node) if isinstance(node, ast.stmt))


def faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, Function):
        if length(node) > FUNCTION_LINES:
            yield f"{node.name} has {length(node)} lines, at most {FUNCTION_LINES}"
        if any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)):
            yield f"{node.name} imports inside"
    if isinstance(node, ast.ClassDef) and node.name.endswith(BANNED):
        yield f"class {node.name}: the name says nothing"
    if isinstance(node, ast.ImportFrom) and any(name.name == "TYPE_CHECKING" for name in node.names):
        yield "TYPE_CHECKING hides an import"


def functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1]))
