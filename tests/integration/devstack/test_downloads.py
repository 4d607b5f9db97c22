"""Downloads are exactly what they should be, or not there at all."""

import hashlib
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devstack.console import Console
from devstack.downloads import Download, fetch
from devstack.errors import StackError

CONTENT = b"the very file" * 1000


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without telling the terminal."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
        """Say nothing."""


@pytest.fixture
def mirror_url(tmp_path: Path) -> Iterator[str]:
    """A server that has the file."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "file.jar").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def wanted(url: str, folder: Path, content: bytes = CONTENT) -> Download:
    """A download into a folder, of a file with this content."""
    return Download(
        url=url,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        target=folder / "cache" / "file.jar",
        copy=folder / "repository" / "file.jar",
    )


def test_a_file_arrives_and_is_not_fetched_again(mirror_url: str, tmp_path: Path) -> None:
    """The second run asks nobody."""
    download = wanted(f"{mirror_url}/file.jar", tmp_path)
    fetch("it", [download], Console(io.StringIO()))
    assert download.target.read_bytes() == CONTENT
    said = io.StringIO()
    fetch("it", [download], Console(said))
    assert not said.getvalue()


def test_another_file_than_the_pinned_one_is_refused(mirror_url: str, tmp_path: Path) -> None:
    """A file whose checksum differs never gets its name."""
    download = wanted(f"{mirror_url}/file.jar", tmp_path, content=b"pinned" * 1000)
    with pytest.raises(StackError, match="SHA-256"):
        fetch("it", [download], Console(io.StringIO()))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_file_is_named(mirror_url: str, tmp_path: Path) -> None:
    """The error says which URL failed and how, at once, and what can be done."""
    download = wanted(f"{mirror_url}/other.jar", tmp_path)
    with pytest.raises(StackError, match=r"/other\.jar could not be downloaded: .*404") as caught:
        fetch("it", [download], Console(io.StringIO()))
    assert "FINGUARD_MAVEN_URL" in caught.value.remedy
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_copy_in_the_local_repository_spares_the_download(tmp_path: Path) -> None:
    """Who builds with Maven already has the files; only their checksums are compared."""
    download = wanted("http://127.0.0.1:9/none", tmp_path)
    download.copy.parent.mkdir()
    download.copy.write_bytes(CONTENT)
    fetch("it", [download], Console(io.StringIO()))
    assert download.target.read_bytes() == CONTENT
