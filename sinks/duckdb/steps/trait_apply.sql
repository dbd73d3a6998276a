-- Values that definitions have computed, in place of those before; of customers that are none any more none stay.
CREATE OR REPLACE TEMP TABLE stale AS
SELECT member.trait, member.customer_id
FROM {store}.profile.computed AS member
LEFT JOIN valued AS said
    ON said.trait = member.trait AND said.customer_id = member.customer_id AND said.value = member.value
WHERE
    {covers}
    AND (
        (said.trait IS NULL AND member.trait IN (SELECT trait FROM computed))
        OR member.customer_id NOT IN (SELECT customer FROM {nodes})
    );

DELETE FROM {store}.profile.computed AS member
USING stale
WHERE member.trait = stale.trait AND member.customer_id = stale.customer_id;

INSERT INTO {store}.profile.computed BY NAME
SELECT said.customer_id, said.trait, said.value, computed.version, $now::TIMESTAMP AS computed_for
FROM valued AS said
JOIN computed USING (trait)
ANTI JOIN {store}.profile.computed AS known
    ON known.trait = said.trait AND known.customer_id = said.customer_id;
