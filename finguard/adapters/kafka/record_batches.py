"""Reads record batches of format 2 as kafka-python does, with less work for each record.

kafka-python calls a function for each of a record's seven numbers and builds two objects for each
record, which is more work than judging the transaction inside. Everything else of a fetch stays
its own: sessions, checksums, decompression, positions. The format is described in Kafka's
documentation, "Record Batch".
"""

from collections.abc import Iterator, Sequence
from typing import Final

from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.memory_records import MemoryRecords

from finguard.domain.stream import Record

_MAGIC: Final = 2
"""The format since Kafka 0.11, and the only one since 4.0."""

_MORE: Final = 0x80
"""Set in every byte of a number but the last."""

Headers = Sequence[tuple[str, bytes | None]]

_NO_HEADERS: Final[Headers] = ()


def read_records(  # noqa: C901, PLR0912, PLR0915 - one flat pass; each call costs a tenth of it
    batch: DefaultRecordBatch, topic: str, partition: int
) -> list[Record]:
    """All records of a batch, whose checksum was verified, in order.

    A header's name that is no UTF-8 comes back escaped, where kafka-python would refuse the whole
    batch for good: a message is to be judged or buried, and must not hold up those behind it.

    Raises:
        CorruptRecordError: when the bytes are no such records.
    """
    batch._maybe_uncompress()  # noqa: SLF001 - the rest of the batch's reading is replaced here
    buffer, at = bytes(batch._buffer), batch._pos  # noqa: SLF001 - as above
    base_offset, time_ms = batch.base_offset, batch.max_timestamp
    # By the broker's clock a batch has one time; by its producer's each record has its own.
    base_ms = None if batch.timestamp_type == batch.LOG_APPEND_TIME else batch.first_timestamp
    records = []
    try:
        for _ in range(batch.records_count):
            # Numbers are zigzag-encoded, seven bits a byte, so that odd ones are negative. Those
            # of one or two bytes, which is nearly all of them, are read in place.
            size = buffer[at]
            if size < _MORE:
                at += 1
            else:
                size, at = _longer(buffer, at)
            end = at + (size >> 1)
            at += 1  # the attributes, which no version of Kafka uses
            number = buffer[at]
            if number < _MORE:
                at += 1
            else:
                number, at = _longer(buffer, at)
            if base_ms is not None:
                time_ms = base_ms + (number >> 1 ^ -(number & 1))
            number = buffer[at]
            if number < _MORE:
                at += 1
            else:
                number, at = _longer(buffer, at)
            offset = base_offset + (number >> 1 ^ -(number & 1))
            number = buffer[at]
            if number < _MORE:
                at += 1
            else:
                number, at = _longer(buffer, at)
            if number & 1:
                key = None
            else:
                start, at = at, at + (number >> 1)
                key = buffer[start:at]
            number = buffer[at]
            if number < _MORE:
                at += 1
            else:
                number, at = _longer(buffer, at)
            if number & 1:
                value = None
            else:
                start, at = at, at + (number >> 1)
                value = buffer[start:at]
            if buffer[at]:
                headers, at = _read_headers(buffer, at)
            else:
                headers = _NO_HEADERS
                at += 1
            if at != end or size & 1:
                raise CorruptRecordError(f"the record at offset {offset} has a wrong size")
            records.append(Record(topic, partition, offset, time_ms, key, value, headers))
    except IndexError as error:
        raise CorruptRecordError("a record is longer than its batch") from error
    if at != len(buffer):
        raise CorruptRecordError(f"{len(buffer) - at} bytes are left after all records")
    return records


def _longer(buffer: bytes, at: int) -> tuple[int, int]:
    """A number of two bytes and more, still in zigzag, and where it ends."""
    number = buffer[at] & 0x7F | (buffer[at + 1] & 0x7F) << 7
    if buffer[at + 1] < _MORE:
        return number, at + 2
    for shift in range(14, 70, 7):  # ten bytes hold 64 bits, and no number is longer
        byte = buffer[at + shift // 7]
        number |= (byte & 0x7F) << shift
        if byte < _MORE:
            return number, at + shift // 7 + 1
    raise CorruptRecordError("a number of a record has more than 64 bits")


def _read_headers(buffer: bytes, at: int) -> tuple[Headers, int]:
    count, at = _signed(buffer, at)
    if count < 0:
        raise CorruptRecordError(f"a record has {count} headers")
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        length, at = _signed(buffer, at)
        if length < 0:
            raise CorruptRecordError("a header of a record has no name")
        name = buffer[at : at + length].decode("utf-8", "backslashreplace")
        at += length
        length, at = _signed(buffer, at)
        headers.append((name, buffer[at : at + length] if length >= 0 else None))
        at += max(length, 0)
    return headers, at


def _signed(buffer: bytes, at: int) -> tuple[int, int]:
    number, at = _longer(buffer, at) if buffer[at] >= _MORE else (buffer[at], at + 1)
    return number >> 1 ^ -(number & 1), at


class QuickPartitionRecords(Fetcher.PartitionRecords):  # type: ignore[misc] # untyped
    """What a fetch brought of one partition, unpacked by `read_records`.

    It takes the place of kafka-python's own class in one consumer: see `KafkaSource`.
    """

    def _unpack_records(
        self, tp: TopicPartition, records: MemoryRecords, *_deserializers: object
    ) -> Iterator[Record]:
        batch = records.next_batch()
        while batch is not None:
            if batch.magic < _MAGIC:
                raise CorruptRecordError(f"{tp}: written in a format that Kafka 4 no longer has")
            if self.check_crcs and not batch.validate_crc():
                raise CorruptRecordError(
                    f"{tp}: the batch at offset {batch.base_offset} fails its checksum"
                )
            self.leader_epoch = batch.leader_epoch
            if not batch.is_control_batch:
                for record in read_records(batch, tp.topic, tp.partition):
                    self.next_fetch_offset = record.offset + 1
                    yield record
            # The batch's own word: its last records may be gone through compaction.
            self.next_fetch_offset = batch.next_offset
            batch = records.next_batch()
        self.drain()
