"""What waits for lanes: requests, and those that share a batch."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from framecolor.engines.lanes.lane import Flight, Rows, Task


@dataclass(eq=False)
class Job:
    """A request; `alone`: it was in a batch that went wrong, and shows now whether it is to blame."""

    task: Task
    future: Future[Rows] = field(default_factory=Future)
    alone: bool = False
    begun: bool = False

    def begin(self) -> bool:
        """Whether it is still wanted."""
        if not self.begun:
            self.begun = self.future.set_running_or_notify_cancel()
        return self.begun

    def fail(self, error: Exception) -> None:
        """Tell it; one that was cancelled meanwhile needs no telling."""
        if self.begin():
            self.future.set_exception(error)


@dataclass(eq=False)
class Batch:
    """Requests that share a batch of `size`, begun in the given state of the lanes."""

    jobs: list[Job]
    size: int
    state: int
    flight: Flight | None = None
