-- Every node id ever given out, and the customer it stands for now.
SELECT
    node AS alias, -- A node id, such as a customer_id of yesterday.
    customer AS customer_id -- The customer now.
FROM identity.node
