"""Work that may fail in a task of its own.

Up to Python 3.11.3 (Debian 12 has 3.11.2) a TaskGroup whose child fails may leave its own task
marked as being cancelled. Every later `asyncio.timeout` in that task then ends as a cancellation,
not as a TimeoutError, and the task is gone without a trace. So whatever runs a TaskGroup again and
again runs each in a task of its own.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def run_in_task(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that runs in a task of its own; cancelled with the caller.

    Raises what the coroutine raises.
    """
    return await asyncio.create_task(work)
