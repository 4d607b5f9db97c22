-- Dead letters that one can work with: where each lies, what people did with it, what came of it.

ALTER TABLE dead_letters
    -- These four are unknown of letters from before.
    ADD COLUMN error_class       text,
    ADD COLUMN size              integer CHECK (size >= 0),
    ADD COLUMN dlq_partition     integer,
    ADD COLUMN dlq_offset        bigint,
    ADD COLUMN status            text NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'replayed', 'resolved', 'discarded')),
    ADD COLUMN status_at         timestamptz,
    ADD COLUMN status_by         text,
    ADD COLUMN status_note       text,
    ADD COLUMN replay_of         bigint REFERENCES dead_letters,
    ADD COLUMN replay_sha256     text,
    ADD COLUMN replay_partition  integer,
    ADD COLUMN replay_offset     bigint;

COMMENT ON COLUMN dead_letters.size IS 'of the original value in bytes';
COMMENT ON COLUMN dead_letters.dlq_offset IS 'where it lies in the dead-letter topic';
COMMENT ON COLUMN dead_letters.attempt IS 'counted along the chain, whatever the headers said';
COMMENT ON COLUMN dead_letters.status_by IS 'who changed it last: a person, or the detector';
COMMENT ON COLUMN dead_letters.replay_of IS 'the first letter of the chain; NULL for the first';
COMMENT ON COLUMN dead_letters.replay_sha256 IS 'key and value of the replay that was begun last';
COMMENT ON COLUMN dead_letters.replay_offset IS 'where Kafka put it; NULL until that is known';

-- The same replay may reach the topic twice; it makes one further letter at most.
CREATE UNIQUE INDEX dead_letters_by_chain ON dead_letters (replay_of, attempt)
    WHERE replay_of IS NOT NULL;

DROP INDEX dead_letters_by_time;
CREATE INDEX dead_letters_by_time ON dead_letters (published_at DESC, dead_letter_id DESC);
CREATE INDEX dead_letters_by_status
    ON dead_letters (status, published_at DESC, dead_letter_id DESC);
CREATE INDEX dead_letters_by_reason
    ON dead_letters (reason, published_at DESC, dead_letter_id DESC);

-- What people see of a letter: all of it, and the latest attempt that came after it, if any.
CREATE VIEW letters AS
SELECT dead_letter_id, topic, topic_id, partition, "offset", stage, reason, detail, error_class,
    size, attempt, replay_of, published_at, recorded_at, dlq_partition, dlq_offset, status,
    status_at, status_by, status_note, replay_sha256, replay_partition, replay_offset,
    (
        SELECT later.dead_letter_id FROM dead_letters AS later
        WHERE later.replay_of = coalesce(letter.replay_of, letter.dead_letter_id)
            AND later.attempt > letter.attempt
        ORDER BY later.attempt DESC LIMIT 1
    ) AS followed_by
FROM dead_letters AS letter;
