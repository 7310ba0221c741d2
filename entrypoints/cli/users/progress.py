"""How far a long command has come, for whoever watches on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(what: str, *, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """Call with how many of them are done, and how far that is of the total."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

    columns = [SpinnerColumn(), TextColumn("{task.fields[done]} {task.description}")]
    if total is not None:
        columns += [BarColumn(), TaskProgressColumn()]
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        # Standard output is the command's answer, and may be a pipe.
        redirect_stdout=False,
    ) as progress:
        task = progress.add_task(what, total=total, done=0)
        yield lambda done, completed: progress.update(task, completed=completed, done=done)
