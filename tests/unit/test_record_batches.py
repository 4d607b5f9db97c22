"""The quick reader of record batches, held against kafka-python's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from finguard.adapters.kafka.record_batches import QuickPartitionRecords, read_records
from finguard.domain.stream import Record

TP = TopicPartition("transactions", 3)
Content = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]

# Sizes around those at which a number takes one more byte, and times on either side of the first.
payloads = st.none() | st.binary(max_size=70) | st.sampled_from([b"x" * n for n in (8191, 8192)])
headers = st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=70)), max_size=3)
times_ms = st.integers(1_700_000_000_000, 1_900_000_000_000)
contents = st.lists(st.tuples(times_ms, payloads, payloads, headers), min_size=1, max_size=80)


def packed(base_offset: int, records: list[Content], compression: int = 0) -> bytes:
    """A batch as a broker sends it."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 2**30)
    for number, (time_ms, key, value, heads) in enumerate(records):
        builder.append(number, time_ms, key, value, heads)
    batch = bytearray(builder.build())
    batch[:8] = base_offset.to_bytes(8, "big")  # outside of what the checksum covers
    return bytes(batch)


def taken(kind: Any, data: bytes, first: int = 0) -> tuple[list[tuple[Any, ...]], int]:  # noqa: ANN401
    """What a consumer gets of fetched data, and where it fetches next."""
    fetched = kind(first, TP, MemoryRecords(data))
    records = fetched.take(10_000)
    fields = [
        (r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, list(r.headers))
        for r in records
    ]
    assert fetched.take(1) == [] if fetched else True
    return fields, fetched.next_fetch_offset


@given(st.integers(0, 2**40), contents, contents, st.sampled_from([0, 1]), st.integers(0, 50))
def test_reads_what_kafka_python_reads(
    offset: int, one: list[Content], other: list[Content], compression: int, skipped: int
) -> None:
    """Two batches of any content, from any offset on: the same records and the same position."""
    data = packed(offset, one, compression) + packed(offset + len(one), other, compression)
    first = offset + skipped
    assert taken(QuickPartitionRecords, data, first) == taken(Fetcher.PartitionRecords, data, first)


@given(contents, st.data())
def test_a_damaged_batch_is_refused(records: list[Content], data: st.DataObject) -> None:
    """Whatever one byte is changed to behind the checksum: the reader raises, or reads records."""
    damaged = bytearray(packed(0, records))
    header = DefaultRecordBatch.HEADER_STRUCT.size
    place = data.draw(st.integers(header, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    try:
        read = read_records(DefaultRecordBatch(damaged), "transactions", 0)
    except CorruptRecordError:
        return
    assert len(records) == len(read)


def test_a_wrong_checksum_is_noticed() -> None:
    """A byte that changed on its way is no record."""
    damaged = bytearray(packed(0, [(1_700_000_000_000, b"k", b"v", [])]))
    damaged[-2] ^= 1
    with pytest.raises(CorruptRecordError, match="checksum"):
        taken(QuickPartitionRecords, bytes(damaged))


def test_the_brokers_clock_is_one_time_for_all() -> None:
    """Of a batch stamped by the broker every record has the broker's time."""
    data = bytearray(packed(7, [(1_700_000_000_000 + n, b"k", b"v", []) for n in range(3)]))
    data[DefaultRecordBatch.ATTRIBUTES_OFFSET + 1] |= DefaultRecordBatch.TIMESTAMP_TYPE_MASK
    read = read_records(DefaultRecordBatch(bytes(data)), "t", 1)
    assert [Record("t", 1, 7 + n, 1_700_000_000_002, b"k", b"v") for n in range(3)] == read


def test_a_header_name_in_no_utf_8_is_escaped() -> None:
    """A message with a hostile header is read like any other: it must not block its partition."""
    data = packed(0, [(1_700_000_000_000, b"k", b"v", [("@@", b"x")])]).replace(b"@@", b"\xff@")
    (record,) = read_records(DefaultRecordBatch(data), "t", 0)
    assert [("\\xff@", b"x")] == record.headers
