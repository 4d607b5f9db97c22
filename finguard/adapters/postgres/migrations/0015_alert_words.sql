-- The text search looks for whom, where and what an alert is about, and no more for what its rule says
-- in each of its stories. Those words were in a third of all alerts, told no more than the filters by
-- rule, score and amount do, and made the search slow where a list's order had to do with the rule.
-- Of places it knows all that the evidence compares, whatever the rule.

-- With millions of alerts the table is written anew for minutes.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;

ALTER TABLE alerts
    DROP COLUMN words,
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
        array_to_tsvector(search_words(
            user_id || ' ' || transaction_id || ' ' || merchant || ' ' || city || ' '
            || jsonb_path_query_array(evidence, '$.**.city')::text
        ))
    ) STORED;

COMMENT ON COLUMN alerts.words IS 'what the text search looks into';

ALTER TABLE alerts ALTER COLUMN words SET STATISTICS 300;

-- What waits to be sorted into the index is read by every search, so little may wait.
CREATE INDEX alerts_by_words ON alerts USING gin (words) WITH (gin_pending_list_limit = 256);
