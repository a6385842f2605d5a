"""Worker processes: their limits, their ends, and that none of these stops a caller.

Every test runs twice: on threads, and in a process of its own on green threads, as the hub does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Overloaded
from hub.processes.limits import Limits
from hub.processes.pool import Pool
from tests.harness import ROOT

TASK = "tests.processes.toy_task"


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(TASK, Limits(wall_seconds=20, stage_cpu_seconds=0.3, output_bytes=1 << 22), size=1)
    yield pool
    pool.close()


def pid_of(pool: Pool) -> int:
    return int(pool.run(b"pid").values[-1])


def test_one_process_serves_task_after_task(pool: Pool) -> None:
    assert pid_of(pool) == pid_of(pool)
    content = os.urandom(3_000_000)
    assert pool.run(b"echo " + content).values == (b"echo", content)


def test_a_warm_pool_runs_the_next_task_in_the_process_that_waits(pool: Pool) -> None:
    pool.warm_up()
    (waiting,) = pool._idle
    pool.warm_up()
    assert pool._idle == [waiting]
    assert pid_of(pool) == waiting._process.pid


def test_a_task_without_end_is_ended_and_leaves_its_earlier_values(pool: Pool) -> None:
    before = pid_of(pool)
    outcome = pool.run(b"spin")
    assert outcome.values == (b"spin",)
    assert "processor time" in outcome.failure
    assert pid_of(pool) != before


def test_a_task_that_waits_for_ever_is_ended_by_the_clock() -> None:
    pool = Pool(TASK, Limits(wall_seconds=1), size=1)
    outcome = pool.run(b"hang")
    assert outcome.values == (b"hang",) and "1 s" in outcome.failure
    assert pool.run(b"echo x").values[-1] == b"x"
    pool.close()


def test_a_task_that_takes_all_memory_is_ended(pool: Pool) -> None:
    assert "memory" in pool.run(b"eat").failure
    assert pool.run(b"echo x").values[-1] == b"x"


def test_an_exception_is_a_failure_without_its_text(
    pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = pool.run(b"raise private words")
    assert outcome.failure == "it could not be processed (ValueError)"
    assert "private words" not in "".join(capfd.readouterr())


def test_input_and_output_have_limits(pool: Pool) -> None:
    assert "too large" in pool.run(b"write 5000000").failure
    small = Pool(TASK, Limits(input_bytes=1 << 20), size=1)
    assert "larger than 1 MB" in small.run(bytes((1 << 20) + 1)).failure


def test_a_task_whose_process_was_killed_from_outside_is_run_again(
    pool: Pool, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    marker.touch()
    assert pool.run(b"die-once " + bytes(marker)).values == (b"die-once", b"alive")


def test_a_process_that_was_killed_while_idle_is_replaced_unnoticed(pool: Pool) -> None:
    os.kill(pid_of(pool), 9)
    content = os.urandom(2_000_000)
    assert pool.run(b"echo " + content).values[-1] == content


def test_a_process_that_ended_itself_when_idle_is_replaced_unnoticed() -> None:
    pool = Pool(TASK, Limits(idle_seconds=0.05), size=1)
    pid = pid_of(pool)
    member = pool._idle[0]
    member._process.wait(20)
    assert member._process.returncode == 0
    assert pid_of(pool) != pid
    pool.close()


def test_a_process_that_ends_between_the_look_at_it_and_the_request_is_replaced(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = pid_of(pool)
    member = pool._idle[0]
    member._process.kill()
    member._process.wait()
    monkeypatch.setattr(type(member), "is_alive", property(lambda _: True))
    content = os.urandom(2_000_000)
    assert pool.run(b"echo " + content).values[-1] == content
    assert pid_of(pool) != pid


def test_a_process_is_replaced_after_its_number_of_tasks() -> None:
    pool = Pool(TASK, Limits(tasks=3), size=1)
    pids = [pid_of(pool) for _ in range(6)]
    assert len(set(pids[:3])) == 1 and len(set(pids[3:])) == 1 and pids[0] != pids[3]
    pool.close()


def test_callers_wait_for_a_free_process_and_not_for_ever() -> None:
    pool = Pool(TASK, Limits(wall_seconds=3, wait_seconds=0.2), size=1)
    pool.run(b"echo x")
    started = threading.Event()

    def hang() -> None:
        started.set()
        pool.run(b"hang")

    thread = threading.Thread(target=hang)
    thread.start()
    started.wait(10)
    while pool._idle:
        time.sleep(0.01)
    with pytest.raises(Overloaded):
        pool.run(b"echo x")
    thread.join()
    assert pool.run(b"echo x").values[-1] == b"x"
    pool.close()


def test_a_process_has_no_descriptor_and_no_secret_of_its_parent(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_SECRET_KEY", "secret")
    with (tmp_path / "open-in-the-parent").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        assert b"open-in-the-parent" not in pool.run(b"files").values[-1]
    assert b"HUB" not in pool.run(b"environment").values[-1]


def test_a_process_ends_with_its_parent() -> None:
    code = f"""
import os, signal
from hub.processes.pool import Pool
pool = Pool({TASK!r})
print(int(pool.run(b"pid").values[-1]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


GREEN = """
import sys
from hub import runtime
runtime.patch()
import sys, threading, time
# A hub goes without what prints in colours; the runner of tests asks for it.
for name in ("pygments", "rich"):
    if sys.modules.get(name, "") is None:
        del sys.modules[name]
import pytest
ticks = []

def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.01)

threading.Thread(target=tick, daemon=True).start()
code = pytest.main(sys.argv[1:])
gaps = [after - before for before, after in zip(ticks, ticks[1:])]
assert len(ticks) > 100, "other green threads stood still"
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.skipif("HUB_GREEN" in os.environ, reason="this is the run on green threads")
def test_all_of_this_holds_on_green_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GREEN, __file__, "-p", "no:xdist"],
        env={**os.environ, "HUB_GREEN": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
