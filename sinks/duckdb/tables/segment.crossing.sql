-- Events that name a blocked order number or case: nobody is joined by it, but models still join what names it.
CREATE TABLE segment.crossing (
    link UUID NOT NULL, -- Node of the blocked number.
    landed_seq BIGINT NOT NULL, -- The event that names it.
    node UUID -- Its anchor; null if everything that it names is blocked.
);
