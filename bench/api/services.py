"""What the services are, and how much of the processors they use."""

from contextlib import closing, suppress
from typing import Any

import psutil
import psycopg2
import redis

from bench.api.bed import Bed
from bench.machine import describe


def server_pid(bed: Bed) -> int:
    """The postmaster, whose children the sessions are."""
    with closing(psycopg2.connect(bed.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
        return psutil.Process(pid).ppid()


def processor_s(pid: int) -> float:
    """Processor seconds of a process and its children, also of those that have ended."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    each = [own]
    for child in process.children(recursive=True):
        # A parallel worker may end meanwhile; its parent then has its time.
        with suppress(psutil.NoSuchProcess):
            each.append(child.cpu_times())
    living_s = sum(times.user + times.system for times in each)
    return living_s + float(own.children_user + own.children_system)


def versions(bed: Bed, *more: str) -> str:
    """One line: date, machine, and versions, also those of more packages."""
    with closing(psycopg2.connect(bed.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        ((postgres,),) = cursor.fetchall()
    with closing(redis.Redis.from_url(bed.redis_url)) as client:
        server: Any = client.info("server")
    packages = describe("fastapi", "uvicorn", "pydantic", "psycopg2-binary", *more)
    return f"{packages}, PostgreSQL {postgres}, Redis {server['redis_version']}"
