"""A disk without room: a sentence at the start, no confirmation while it lasts, no loss after it.

Two kinds of disk: a small file system, where this user may mount one; and a limit of the size of
files, which the system reports much as it does a used-up quota, and which needs no right at all.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness import RunningHub, Screen, eventually

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CONFIG = """\
connectors:
  website: {kind: webchat}
  letters:
    kind: email
    address: letters@shop.example
    smtp: {host: 127.0.0.1, port: 1, tls: none}
    webhook_secret: "letters-secret"
"""
SIZE = 16 * 2**20


class SmallDisk:
    """A file system of its own. What fills it is a file beside the hub's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def is_limited_for(self, _process: subprocess.Popen[str]) -> None:
        """Nothing to do: the file system has its size."""

    def fills(self, room: int = 0) -> None:
        """Leaves so many bytes."""
        with self._filler.open("ab", buffering=0) as filler:
            for piece in (2**16, 512):
                with suppress(OSError):
                    while filler.write(b"x" * piece) == piece:
                        pass
        if room:
            os.truncate(self._filler, max(0, self._filler.stat().st_size - room))

    def empties(self) -> None:
        self._filler.unlink(missing_ok=True)


class LimitedFiles:
    """Files of one process that may not grow, as beyond a quota."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def is_limited_for(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fills(self) -> None:
        self._limit(0)

    def empties(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        assert self._process is not None
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, limits)


Disk = SmallDisk | LimitedFiles


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system; the limit of files is tried instead")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture(params=["a small file system", "files that may not grow"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    if request.param == "files that may not grow":
        folder.mkdir()
        yield LimitedFiles(folder)
        return
    with small_disk(folder) as disk:
        yield disk


@contextmanager
def hub_on(disk: Disk, folder: Path) -> Iterator[RunningHub]:
    """A hub whose data are on the disk, and its log too."""
    data = disk.folder / "data"
    database = f"sqlite:///{data}/hub.db"
    hub = RunningHub(folder, CONFIG, HUB_DATA_DIR=str(data), HUB_DATABASE_URL=database)
    data.mkdir()
    hub.log = disk.folder / "hub.log"
    with hub:
        assert hub.process is not None
        disk.is_limited_for(hub.process)
        yield hub


def posts_mail(hub: RunningHub, number: int) -> requests.Response:
    mail = (
        f"Message-ID: <{number}@home.example>\r\nFrom: eve{number}@home.example\r\n"
        f"To: letters@shop.example\r\nSubject: {number}\r\n\r\n{'A long story. ' * 5_000}\r\n"
    )
    headers = {"Authorization": "Bearer letters-secret", "Content-Type": "message/rfc822"}
    return requests.post(f"{hub.url}/webhooks/letters", data=mail, headers=headers, timeout=30)


def uploads(hub: RunningHub, size: int = 50_000) -> requests.Response:
    return hub.request("POST", "/uploads", files={"file": ("a.txt", b"x" * size)})


def readiness(hub: RunningHub) -> tuple[int, Any]:
    answer = requests.get(f"{hub.url}/readyz", timeout=10)
    return answer.status_code, answer.json()


def fill_until_refused(disk: Disk, post: Callable[[int], requests.Response]) -> list[int]:
    """Fills the disk, then posts until a mail is refused. Returns what was acknowledged."""
    disk.fills()
    taken = []
    for number in range(1, 60):
        answer = post(number)
        if answer.status_code != 200:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            return taken
        taken.append(number)
    raise AssertionError("a full disk refused nothing")


def test_a_disk_that_fills_refuses_what_it_cannot_keep_and_comes_back_by_itself(
    disk: Disk, tmp_path: Path
) -> None:
    with hub_on(disk, tmp_path) as hub, hub.agent(hub.makes_token("Ann")) as agent:
        assert (posts_mail(hub, 0).status_code, uploads(hub).status_code) == (200, 201)
        taken = [0, *fill_until_refused(disk, lambda number: posts_mail(hub, number))]
        # The screen and readiness say so; the process is well, and reading goes on.
        agent.wait_for("notices", lambda notices: notices["codes"] == ["disk_full"])
        assert readiness(hub)[0] == 503
        assert readiness(hub)[1]["disk"] == "full"
        assert requests.get(f"{hub.url}/healthz", timeout=10).status_code == 200
        assert len(hub.conversations(limit=100)) == len(taken)
        answer = uploads(hub)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        reply = {"text": "x" * 50_000, "client_id": "1"}
        path = f"/conversations/{hub.conversations()[0]['id']}/messages"
        assert hub.request("POST", path, json=reply).status_code == 503
        with Screen(hub.url, "/agent", {"token": hub.token}) as reloaded:
            reloaded.wait_for("notices", lambda notices: notices["codes"] == ["disk_full"])

        disk.empties()
        eventually(lambda: readiness(hub)[0] == 200, expected="readiness")
        agent.wait_for("notices", lambda notices: notices["codes"] == [])
        missing = [number for number in range(60) if number not in taken][:3]
        for number in (*taken, *missing):  # as providers post again what was not acknowledged
            assert posts_mail(hub, number).status_code == 200
        subjects = {conversation["subject"] for conversation in hub.conversations(limit=100)}
        assert subjects == {str(number) for number in (*taken, *missing)}
        assert uploads(hub).status_code == 201
        assert hub.request("POST", path, json=reply).status_code == 201


def test_a_chat_that_could_not_be_opened_opens_when_there_is_room(
    disk: Disk, tmp_path: Path
) -> None:
    with hub_on(disk, tmp_path) as hub:
        with hub.visitor() as visitor:
            visitor.says("Hello", "c-1")
            fill_until_refused(disk, lambda number: posts_mail(hub, number))
            refused = visitor.says("Is anybody there? " * 500, "c-2")
            assert (refused["ok"], refused["code"]) == (False, "unavailable")
            disk.empties()
            eventually(lambda: readiness(hub)[0] == 200, expected="readiness")
            assert visitor.says("Is anybody there? " * 500, "c-2")["ok"]
        with hub.visitor() as visitor:
            assert visitor.says("Hello", "c-1")["ok"]


def test_a_disk_that_stays_full_through_a_restart_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, hub_on(disk, tmp_path) as hub:
        taken = fill_until_refused(disk, lambda number: posts_mail(hub, number))
        hub.kill()
        ended = starts(disk.folder / "data", tmp_path)
        if ended is not None:
            assert_one_sentence(ended)
        disk.empties()
        hub.start()
        assert len(hub.conversations(limit=100)) == len(taken)
        assert posts_mail(hub, 99).status_code == 200


def starts(
    data: Path, folder: Path, limit: int = resource.RLIM_INFINITY
) -> subprocess.CompletedProcess[str] | None:
    """Starts a hub. Returns how it ended, None where it became ready; it is stopped then."""
    (folder / "connectors.yaml").write_text(CONFIG)
    limits = (limit, resource.RLIM_INFINITY)
    command = [sys.executable, "-m", "hub", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--config", str(folder / "connectors.yaml")],
        env={**os.environ, "HUB_DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    ) as process:
        assert process.stdout is not None
        is_ready = process.stdout.readline().startswith("ready on")
        if is_ready:
            process.terminate()
        out, err = process.communicate(timeout=60)
        ended = subprocess.CompletedProcess(command, process.returncode, out, err)
        return None if is_ready else ended


def assert_one_sentence(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    words = ("full", "No space left", "room", "File too large", "quota")
    assert any(word in ended.stderr for word in words), ended.stderr


@pytest.mark.parametrize("room", [0, 4_096, 60_000, 400_000])
def test_a_start_without_room_ends_with_a_sentence_and_later_works(
    room: int, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        disk.fills(room)
        ended = starts(disk.folder / "data", tmp_path)
        assert ended is not None, "it started without room"
        assert_one_sentence(ended)
        disk.empties()
        assert starts(disk.folder / "data", tmp_path) is None


@pytest.mark.parametrize("limit", [0, 100, 60_000])
def test_a_start_over_a_quota_ends_with_a_sentence_and_later_works(
    limit: int, tmp_path: Path
) -> None:
    ended = starts(tmp_path / "data", tmp_path, limit)
    assert ended is not None, "it started over its quota"
    assert_one_sentence(ended)
    assert starts(tmp_path / "data", tmp_path) is None


def test_a_disk_that_fills_during_the_start_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (tmp_path / "connectors.yaml").write_text(CONFIG)
        data = disk.folder / "data"
        with subprocess.Popen(
            [sys.executable, "-m", "hub", "serve", "--port", "0",
             "--config", str(tmp_path / "connectors.yaml")],
            env={**os.environ, "HUB_DATA_DIR": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:  # fmt: skip
            eventually(lambda: process.poll() is not None or (data / "hub.db").exists(), 60)
            disk.fills()
            deadline = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)  # it may have had its room already: then it runs
            process.terminate()
            out, err = process.communicate(timeout=60)
        if "ready on" not in out:
            ended = subprocess.CompletedProcess([], process.returncode, out, err)
            assert_one_sentence(ended)
        disk.empties()
        assert starts(data, tmp_path) is None
