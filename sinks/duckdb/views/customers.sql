-- The 360° view: one row per customer, a person, an anonymous visitor, or something shared by many.
WITH whole AS (
    SELECT
        node.customer,
        min(node.first_seen) AS first_seen_at,
        max(node.last_seen) AS last_seen_at,
        sum(node.events)::BIGINT AS events,
        CASE
            WHEN count(*) = 1 AND bool_or(node.hub >= 0) THEN 'shared'
            WHEN bool_or(kind.person) THEN 'person'
            ELSE 'anonymous'
        END AS kind
    FROM identity.node AS node
    JOIN identity.kind AS kind ON kind.kind = node.kind
    GROUP BY node.customer
),
named AS (
    SELECT
        customer_id AS customer,
        max(value) FILTER (trait = 'email') AS email,
        max(value) FILTER (trait = 'phone') AS phone,
        max(value) FILTER (trait = 'first_name') AS first_name,
        max(value) FILTER (trait = 'last_name') AS last_name,
        max(value) FILTER (trait = 'city') AS city,
        max(value) FILTER (trait = 'country') AS country,
        list_sort(list(
            {'trait': trait, 'value': value, 'source': source, 'occurred_at': occurred_at,
             'event_type': event_type, 'event_id': event_id}
        )) AS traits
    FROM traits
    GROUP BY customer_id
),
known_as AS (
    SELECT
        customer_id AS customer,
        list_sort(list({'kind': kind, 'value': value, 'last_seen_at': last_seen_at})) AS identifiers
    FROM identifiers
    GROUP BY customer_id
),
agreed AS (
    SELECT
        customer_id AS customer,
        list_sort(list(
            {'contact': contact, 'purpose': purpose, 'status': status, 'granted_at': granted_at,
             'withdrawn_at': withdrawn_at}
        )) AS consents
    FROM consents
    GROUP BY customer_id
),
in_currency AS (
    SELECT
        customer_id AS customer,
        currency,
        count(*) AS orders,
        sum(revenue_net) AS revenue_net,
        row_number() OVER (PARTITION BY customer_id ORDER BY count(*) DESC, currency) AS place
    FROM orders
    GROUP BY customer_id, currency
),
bought AS (
    SELECT
        customer,
        sum(orders)::BIGINT AS orders,
        max(revenue_net) FILTER (place = 1) AS revenue_net,
        max(currency) FILTER (place = 1) AS currency,
        map_from_entries(
            list((currency, revenue_net) ORDER BY currency) FILTER (currency IS NOT NULL)
        ) AS revenue_by_currency
    FROM in_currency
    GROUP BY customer
),
lived AS (
    SELECT
        customer_id AS customer,
        min(placed_at) AS first_order_at,
        max(placed_at) AS last_order_at,
        count(*) FILTER (returned_at IS NOT NULL) AS returns
    FROM orders
    GROUP BY customer_id
),
complained AS (
    SELECT customer_id AS customer, count(*) AS open_complaints
    FROM conversations
    WHERE kind = 'complaint' AND closed_at IS NULL
    GROUP BY customer_id
),
belongs AS (
    SELECT customer_id AS customer, list_sort(list(segment)) AS segments
    FROM segment.membership
    WHERE until IS NULL
    GROUP BY customer_id
)
SELECT
    whole.customer AS customer_id, -- Canonical node of the customer; earlier ids stay aliases (identity.alias).
    whole.kind AS kind, -- person, anonymous (devices only) or shared (a kiosk, a call centre's telephone).
    whole.first_seen_at AS first_seen_at, -- Earliest event, UTC.
    whole.last_seen_at AS last_seen_at, -- Latest event, UTC.
    whole.events AS events, -- Events that belong to the customer.
    named.email AS email, -- E-mail address as given.
    named.phone AS phone, -- Telephone number as given.
    named.first_name AS first_name, -- First name.
    named.last_name AS last_name, -- Last name.
    named.city AS city, -- City of the billing or account address.
    named.country AS country, -- Country of that address.
    coalesce(bought.orders, 0) AS orders, -- Orders placed, cancelled ones too.
    bought.revenue_net AS revenue_net, -- Net of cancellations and refunds, in currency.
    bought.currency AS currency, -- The currency of most of their orders.
    bought.revenue_by_currency AS revenue_by_currency, -- Net revenue in every currency; never summed over them.
    lived.first_order_at AS first_order_at, -- When the first order was placed, UTC.
    lived.last_order_at AS last_order_at, -- When the last order was placed, UTC.
    coalesce(lived.returns, 0) AS returns, -- Orders of which goods came back.
    coalesce(complained.open_complaints, 0) AS open_complaints, -- Complaints not closed yet.
    {measure_columns}
    named.traits AS traits, -- Every trait with its source and time.
    known_as.identifiers AS identifiers, -- Every identifier.
    agreed.consents AS consents, -- Every consent, by contact point and purpose.
    belongs.segments AS segments -- Names of the segments that the customer is in; null if in none.
FROM whole
LEFT JOIN named USING (customer)
LEFT JOIN known_as USING (customer)
LEFT JOIN agreed USING (customer)
LEFT JOIN bought USING (customer)
LEFT JOIN lived USING (customer)
LEFT JOIN complained USING (customer)
LEFT JOIN belongs USING (customer)
LEFT JOIN measures ON measures.customer_id = whole.customer
