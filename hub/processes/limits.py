"""The limits of the processes of a pool."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use.

    Args:
        wall_seconds: on the clock, for the whole task.
        stage_cpu_seconds: of processor time, up to each value that the task yields. It is
            processor time, so that a busy machine does not change the result.
        memory_bytes: of address space, for the process.
        input_bytes: of a request.
        output_bytes: of all values of a task together.
        wait_seconds: for which a caller waits until a process is free.
        idle_seconds: after which a process without a task ends.
        tasks: after which a process is replaced, so that memory it has lost comes back.
    """

    wall_seconds: float = 30.0
    stage_cpu_seconds: float = 2.0
    memory_bytes: int = 512 * MEGABYTE
    input_bytes: int = 64 * MEGABYTE
    output_bytes: int = 64 * MEGABYTE
    wait_seconds: float = 60.0
    idle_seconds: float = 300.0
    tasks: int = 200
