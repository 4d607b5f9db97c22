-- One country's alerts by time and by score. Whether an alert has some word only the table says, and a
-- walk through everybody's alerts asked it of those of all countries.

-- Building them takes some seconds a million alerts.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL maintenance_work_mem = '512MB';

CREATE INDEX alerts_by_country_time ON alerts (country, occurred_at DESC, alert_id DESC);
CREATE INDEX alerts_by_country_score ON alerts (country, score DESC, occurred_at DESC, alert_id DESC);
