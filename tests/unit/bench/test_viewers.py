"""The bench's viewers: which live parts of a page they ask for, and how often."""

import asyncio
from collections.abc import Sequence
from typing import cast

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

from bench.dashboard.viewers import Address, Viewer

EVERY_S = 0.01


class Socket:
    """Notes which live part each message asks for."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    async def send(self, data: bytes) -> None:
        """Take a message."""
        self.parts.append(BackMsg.FromString(data).rerun_script.fragment_id)


def run_begins(parts: Sequence[str] = ()) -> ForwardMsg:
    """What a run of the page begins with, or one of some parts."""
    message = ForwardMsg()
    message.new_session.page_script_hash = "page"
    message.metadata.run.fragment_ids.extend(parts)
    return message


def clock(part: str) -> ForwardMsg:
    """A part that is to be asked for."""
    message = ForwardMsg()
    message.auto_rerun.fragment_id, message.auto_rerun.interval = part, EVERY_S
    return message


def run_ends(parts: Sequence[str] = ()) -> ForwardMsg:
    """What such a run ends with."""
    message = ForwardMsg()
    message.script_finished = (
        ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY if parts else ForwardMsg.FINISHED_SUCCESSFULLY
    )
    message.metadata.run.fragment_ids.extend(parts)
    return message


def test_a_page_is_drawn_once_it_has_live_parts_and_each_is_asked_for() -> None:
    """The login by cookie has none; a part that is gone, or a page that comes anew, ends clocks."""

    async def look() -> None:
        viewer, socket = Viewer("cookie", Address()), Socket()

        async def told(*messages: ForwardMsg) -> set[str]:
            for message in messages:
                viewer.take(cast(ClientConnection, socket), message)
            socket.parts.clear()
            await asyncio.sleep(10 * EVERY_S)
            return set(socket.parts)

        assert await told(run_begins(), run_ends()) == set()
        assert not viewer.drawn.is_set()
        assert await told(run_begins(), clock("head"), clock("list"), run_ends()) == {
            "head",
            "list",
        }
        assert viewer.drawn.is_set()
        stop = ForwardMsg()
        stop.stop_auto_rerun.fragment_ids.append("list")
        assert await told(run_begins(["list"]), stop, run_ends(["head", "list"])) == {"head"}
        assert viewer.parts_drawn == 2
        assert await told(run_begins(), clock("other")) == {"other"}
        viewer.leave()
        assert await told() == set()

    asyncio.run(look())
