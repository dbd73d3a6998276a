-- The texts of identifiers never met before.
INSERT INTO identity.identifier BY NAME
SELECT node, kind, value, blocked FROM named_node ANTI JOIN identity.identifier USING (node);
