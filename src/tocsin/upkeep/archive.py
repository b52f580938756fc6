"""The file of a backup: a gzipped tar, written and read as a stream, so that memory stays bounded.

1. Members in order: `manifest.json` (what it is, of which schema, which tables and columns), then each table's rows in
   PostgreSQL's COPY text as `<table>/<n>` of at most `CHUNK` bytes, then `end.json` (rows a table, sequences).
2. It appears under its name only when it is whole, readable by its owner alone (`.part` beside it until then).
3. A file without its end, with another count of rows, or with a wrong checksum is refused as damaged.
"""

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TypeVar

import msgspec

T = TypeVar("T")
FORMAT = 1
CHUNK = 4 << 20
LEVEL = 3
LONGEST_JSON = 16 << 20


class BackupError(Exception):
    """One line: what is wrong with a backup or with the place it goes to."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a backup says of itself first. `tables`: name -> columns, in an order that foreign keys allow.

    `days`: the days of events that have a partition.
    """

    format: int
    product: str
    version: str
    revision: str
    postgres: str
    created_at: datetime
    tables: dict[str, list[str]]
    days: list[date] = []


class End(msgspec.Struct, frozen=True):
    """What a backup says of itself last."""

    rows: dict[str, int]
    sequences: dict[str, int]


class Writer:
    """Puts members into a backup."""

    def __init__(self, tar: tarfile.TarFile):
        self._tar = tar

    def document(self, name: str, content: Manifest | End) -> None:
        """One JSON member."""
        self._member(name, msgspec.json.format(msgspec.json.encode(content)))

    def rows(
        self, table: str, blocks: Iterable[bytes | bytearray | memoryview], progress: Callable[[int], None]
    ) -> None:
        """A table's rows, in chunks."""
        buffer, number = bytearray(), 0
        for block in blocks:
            buffer += block
            if len(buffer) >= CHUNK:
                self._member(f"{table}/{number}", bytes(buffer))
                progress(len(buffer))
                buffer, number = bytearray(), number + 1
        if buffer:
            self._member(f"{table}/{number}", bytes(buffer))
            progress(len(buffer))

    def _member(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.members = []  # type: ignore[attr-defined]  # or it remembers every member


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new backup at `path`, there only once the block has ended well."""
    draft = path.with_name(path.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                packed = gzip.GzipFile("", "wb", LEVEL, out, mtime=0)
                with packed, tarfile.open(fileobj=packed, mode="w|") as tar:
                    yield Writer(tar)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BackupError(f"cannot write {path}: {error.strerror or error}; nothing was kept") from error


class Reader:
    """Reads a backup's members in order."""

    def __init__(self, path: Path, tar: tarfile.TarFile):
        self._path, self._tar = path, tar
        self._next = self._advance()
        self.manifest = self._manifest()

    def rows(self, table: str) -> Iterator[bytes]:
        """The COPY text of one table; tables come in the manifest's order."""
        while self._next is not None and self._next.name.rpartition("/")[0] == table:
            member = self._content()
            while block := member.read(1 << 16):
                yield block
            self._next = self._advance()

    def end(self) -> End:
        """The last member."""
        return self._document("end.json", End)

    def _manifest(self) -> Manifest:
        found = self._document("manifest.json", Manifest)
        if found.product != "tocsin":
            raise BackupError(f"{self._path} is no backup of Tocsin")
        if found.format > FORMAT:
            raise BackupError(f"{self._path} was made by Tocsin {found.version}; install that version or a newer one")
        return found

    def _document(self, name: str, kind: type[T]) -> T:
        if self._next is None or self._next.name != name or self._next.size > LONGEST_JSON:
            raise BackupError(f"{self._path} is no whole backup of Tocsin ({name} is missing)")
        content = msgspec.json.decode(self._content().read(), type=kind)
        self._next = self._advance()
        return content

    def _content(self) -> IO[bytes]:
        assert self._next is not None
        content = self._tar.extractfile(self._next)
        if content is None:
            raise BackupError(f"{self._path} is no backup of Tocsin: {self._next.name} is no file")
        return content

    def _advance(self) -> tarfile.TarInfo | None:
        self._tar.members = []  # type: ignore[attr-defined]  # or it remembers every member
        return self._tar.next()


def _read_whole(file: IO[bytes]) -> None:
    """To the checksum behind the last byte, before a word of it is believed."""
    with gzip.GzipFile(fileobj=file) as packed:
        while packed.read(1 << 20):
            pass
    file.seek(0)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """The backup at `path`; `BackupError` on whatever is wrong with it, at any point of the block."""
    try:
        with path.open("rb") as file:
            _read_whole(file)
            packed = gzip.GzipFile(fileobj=file)
            with packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                yield Reader(path, tar)
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError, msgspec.DecodeError) as error:
        raise BackupError(f"{path} is damaged, or no backup of Tocsin ({error}); nothing was restored") from error
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror or error}") from error
