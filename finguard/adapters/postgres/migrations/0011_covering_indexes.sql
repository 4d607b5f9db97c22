-- Lists by score and amount, and of any combination of filters, in a table of millions. An index that
-- also holds what lists filter by tells without the table which alerts are wanted: whether a list is
-- walked in its order or its alerts are collected first, only those of the page are fetched.
-- docs/api.md argues for each of them.

-- Building them takes about half a minute a million alerts.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL maintenance_work_mem = '512MB';

DROP INDEX alerts_by_time, alerts_by_score, alerts_by_amount, alerts_by_currency, alerts_by_assignee;

CREATE INDEX alerts_by_time ON alerts (occurred_at DESC, alert_id DESC)
    INCLUDE (status, severity, rule, country, currency, score, amount, assignee);
CREATE INDEX alerts_by_score ON alerts (score DESC, occurred_at DESC, alert_id DESC)
    INCLUDE (status, severity, rule, country, currency, amount, assignee);
-- A score says much of a severity: what is of one severity is all in one place of a list by score,
-- and a walk from its beginning would have to pass millions that are of another.
CREATE INDEX alerts_by_severity_score ON alerts (severity, score DESC, occurred_at DESC, alert_id DESC)
    INCLUDE (status, rule, country);
CREATE INDEX alerts_by_amount ON alerts (amount DESC, alert_id DESC)
    INCLUDE (occurred_at, status, severity, rule, country, currency, score, assignee);
-- A country says as much of amounts as its currency does.
CREATE INDEX alerts_by_currency ON alerts (currency, amount DESC, alert_id DESC)
    INCLUDE (occurred_at, status, severity, rule, country, score, assignee);
CREATE INDEX alerts_by_country_amount ON alerts (country, amount DESC, alert_id DESC)
    INCLUDE (occurred_at, status, severity, rule, currency, score, assignee);
-- What one analyst still has to do is little, in whatever order.
CREATE INDEX alerts_by_assignee ON alerts (assignee, status, occurred_at DESC, alert_id DESC)
    INCLUDE (severity, rule, country, currency, score, amount)
    WHERE assignee IS NOT NULL;
