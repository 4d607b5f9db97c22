"""Downloads of pinned files: checked, in parallel, and never half there."""

import hashlib
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Never

from tqdm import tqdm

from devstack.console import Console
from devstack.errors import StackError

WORKERS = 8
ATTEMPTS = 4
TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 16
# Answers that the same request may not get again; any other 4xx is final.
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that is exactly known, where to get it, and where it may already be."""

    url: str
    sha256: str
    size_bytes: int
    target: Path
    copy: Path


def fetch(title: str, downloads: Sequence[Download], console: Console) -> None:
    """Make every target exist; raise `StackError` naming the URL that could not be had."""
    missing = [download for download in downloads if not download.target.exists()]
    if not missing:
        return
    total_bytes = sum(download.size_bytes for download in missing)
    console.line(f"Downloading {title}: {len(missing)} files, {total_bytes / 1e6:.0f} MB")
    with _bar(total_bytes, console) as bar:
        _fetch_all(missing, bar)


def _bar(total_bytes: int, console: Console) -> "tqdm[Never]":
    return tqdm(
        total=total_bytes,
        unit="B",
        unit_scale=True,
        leave=False,
        file=console.stream,
        disable=not console.is_terminal,
    )


def _fetch_all(missing: Sequence[Download], bar: "tqdm[Never]") -> None:
    cancelled, lock = threading.Event(), threading.Lock()

    def progress(count: int) -> None:
        with lock:
            bar.update(count)
        if cancelled.is_set():
            raise _CancelledError

    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for done in [pool.submit(_fetch_one, each, progress) for each in missing]:
                done.result()
        except BaseException:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_one(download: Download, progress: Callable[[int], None]) -> None:
    download.target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=download.target.parent) as folder:
        part = Path(folder) / download.target.name
        if not _copied(download, part):
            _download(download, part, progress)
        part.replace(download.target)


def _copied(download: Download, part: Path) -> bool:
    if not download.copy.is_file():
        return False
    shutil.copyfile(download.copy, part)
    return sha256_of(part) == download.sha256


def _download(download: Download, part: Path, progress: Callable[[int], None]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _receive(download, part, progress)
        except (OSError, HTTPException) as error:
            if _is_final(error) or attempt == ATTEMPTS - 1:
                raise _unreachable(download.url, error) from error
            time.sleep(2**attempt)
        else:
            break
    if sha256_of(part) != download.sha256:
        raise StackError(
            f"{download.url} is not the file it should be: its SHA-256 differs",
            "try again; if it stays so, the mirror or proxy in between serves another file",
        )


def _receive(download: Download, part: Path, progress: Callable[[int], None]) -> None:
    url = download.url
    if not url.startswith(("https://", "http://")):
        raise StackError(f"{url} is no http(s) address", "correct FINGUARD_MAVEN_URL")
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer,  # noqa: S310 - checked above
        part.open("wb") as file,
    ):
        while chunk := answer.read(CHUNK_BYTES):
            file.write(chunk)
            progress(len(chunk))
    if part.stat().st_size < download.size_bytes:
        raise ConnectionError("the connection ended early")


def sha256_of(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_final(error: Exception) -> bool:
    """Tell whether a server has said that asking again is of no use."""
    if not isinstance(error, urllib.error.HTTPError):
        return False
    error.close()
    is_ours = HTTPStatus.BAD_REQUEST <= error.code < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_ours and error.code not in PASSING


def _unreachable(url: str, error: Exception) -> StackError:
    return StackError(
        f"{url} could not be downloaded: {error}",
        "check the network (HTTPS_PROXY, SSL_CERT_FILE), or name a mirror of Maven Central in"
        " FINGUARD_MAVEN_URL; what has arrived is kept",
    )


class _CancelledError(Exception):
    """Another download has failed, so this one is of no use any more."""
