-- One slice of the table of alerts: one stretch of time, in the order in which alerts are detected.
-- Every fourth transaction breaks two rules, so that five alerts have four transactions.
WITH drawn AS MATERIALIZED (
    SELECT number,
        -- Some hundred customers have hundreds of alerts, most have a few.
        'u-' || to_char(floor(%(users)s * random() ^ 2), 'FM0000000') AS user_id,
        'b%(slice)s-' || to_char(number, 'FM0000000') AS transaction_id,
        -- Busy afternoons and quiet nights.
        %(begin)s::timestamptz + interval '1 day' * floor(%(days)s * random())
            + interval '1 hour' * greatest(0, least(23.999, 14 + 5 * random_normal())) AS occurred_at,
        width_bucket(random(), (SELECT bounds FROM bench_shares)) AS city,
        width_bucket(random(), (SELECT bounds FROM bench_shares)) AS elsewhere,
        floor(4000 * random() ^ 2)::integer AS shop,
        random() AS of_rule, random() AS of_severity, random() AS of_status, random() AS of_person,
        exp(7 + 1.3 * random_normal()) AS usd
    FROM generate_series(1, %(transactions)s) AS number
), happened AS (
    SELECT d.*, c.name AS place, c.country, c.currency, c.lat, c.lon, e.name AS other_place,
        round((usd * c.units_per_usd)::numeric, 2) AS amount,
        (ARRAY['Corner', 'Royal', 'Blue', 'Star', 'Old', 'City', 'Golden', 'Green', 'Union', 'North'])[1 + shop / 400]
            || ' ' || (ARRAY['Books', 'Market', 'Coffee', 'Fuel', 'Pharmacy', 'Electronics', 'Hotel', 'Jewels',
                'Games', 'Travel'])[1 + shop / 40 %% 10] || ' ' || shop %% 40 AS merchant,
        (ARRAY['books', 'groceries', 'coffee', 'fuel', 'pharmacy', 'electronics', 'hotel', 'jewellery',
            'games', 'airline'])[1 + shop / 40 %% 10] AS category
    FROM drawn AS d JOIN bench_cities AS c ON c.number = d.city
    JOIN bench_cities AS e ON e.number = d.elsewhere
), broken AS (
    SELECT h.*, rule
    FROM happened AS h
    CROSS JOIN LATERAL (
        SELECT CASE WHEN of_rule < 0.45 THEN 'velocity' WHEN of_rule < 0.8 THEN 'impossible_travel'
               ELSE 'high_value' END AS rule
        UNION ALL
        SELECT CASE WHEN of_rule < 0.8 THEN 'high_value' ELSE 'velocity' END WHERE number %% 4 = 0
    ) AS rules
), judged AS (
    SELECT b.*,
        CASE rule WHEN 'impossible_travel' THEN CASE WHEN of_severity < 0.7 THEN 'high' ELSE 'low' END
            WHEN 'velocity' THEN CASE WHEN of_severity < 0.8 THEN 'medium' ELSE 'high' END
            ELSE CASE WHEN of_severity < 0.3 THEN 'low' WHEN of_severity < 0.85 THEN 'medium' ELSE 'high' END
        END AS severity,
        -- Of the last two days most is still to be done.
        CASE WHEN of_status < CASE WHEN occurred_at > %(end)s::timestamptz - interval '2 days' THEN 0.7
                ELSE 0.12 END THEN 'open'
            WHEN of_status < 0.76 THEN 'false_positive' WHEN of_status < 0.95 THEN 'confirmed_fraud'
            ELSE 'investigating' END AS status,
        occurred_at + interval '50 ms' * (1 + random()) AS published_at
    FROM broken AS b
)
INSERT INTO alerts (
    user_id, transaction_id, rule, rule_version, severity, score, story, evidence, incident_id,
    amount, currency, merchant, category, channel, city, country, lat, lon, occurred_at, published_at,
    detected_at, topic, topic_id, partition, "offset", status, version, assignee, triaged_at
)
SELECT user_id, transaction_id, rule, 1, severity,
    CASE severity WHEN 'high' THEN 80 + floor(21 * random()) WHEN 'medium' THEN 60 + floor(20 * random())
        ELSE 40 + floor(20 * random()) END,
    CASE rule
        WHEN 'impossible_travel' THEN format('%%s %%s minutes after %%s: %%s km, would need %%s km/h; limit 1,000',
            place, 1 + number %% 300, other_place, 500 + number %% 9000, 1001 + number * 7 %% 90000)
        WHEN 'velocity' THEN format('%%s transactions within 60 seconds, worth %%s %%s: limits 5 and 10,000.00 %%s',
            6 + number %% 5, amount, currency, currency)
        ELSE format('%%s %%s at %%s: threshold 5,000.00 %%s', amount, currency, merchant, currency) END,
    CASE rule
        WHEN 'impossible_travel' THEN jsonb_build_object('verdict', 'impossible', 'journeys', jsonb_build_array(
            jsonb_build_object('distance_km', 500 + number %% 9000, 'apart_s', 60 * (1 + number %% 300),
                'elapsed_s', 60 * (1 + number %% 300) + 60, 'speed_kmh', 1001 + number * 7 %% 90000,
                'impossible', true, 'compared_with', jsonb_build_object('transaction_id', transaction_id || '-0',
                    'city', other_place, 'country', country, 'lat', 41.0082, 'lon', 28.9784))))
        WHEN 'velocity' THEN jsonb_build_object('count', 6 + number %% 5, 'window_s', 60, 'amount', amount::text)
        ELSE jsonb_build_object('amount', amount::text, 'threshold', '5000', 'currency', currency) END,
    transaction_id, amount, currency, merchant, category,
    CASE WHEN rule = 'impossible_travel' OR shop %% 3 = 0 THEN 'in_person' ELSE 'online' END, place, country,
    lat + random() / 20, lon + random() / 20, occurred_at, published_at,
    published_at + interval '20 ms' * (1 + random()), 'transactions', 'bench',
    (hashtext(user_id) & 2147483647) %% 6, %(first_offset)s + number, status,
    CASE WHEN status = 'open' AND of_person > 0.05 THEN 1 ELSE 2 + number %% 3 END,
    CASE WHEN status = 'open' AND of_person > 0.05 THEN NULL
        ELSE 'analyst-' || to_char(floor(12 * random() ^ 1.5), 'FM00') END,
    CASE WHEN status <> 'open' OR of_person <= 0.05 THEN
        published_at + interval '1 hour' * (exp(0.5 + random_normal()) + 0.01) END
FROM judged
ORDER BY occurred_at
