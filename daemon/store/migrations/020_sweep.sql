-- The last pass over all cases that erases: one row, id 1.  began > ended: it was interrupted.
CREATE TABLE retention_sweep (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    began  INTEGER NOT NULL,
    ended  INTEGER NOT NULL,
    cases  INTEGER NOT NULL,
    kept   INTEGER NOT NULL
) STRICT;

-- When a material was uploaded once more, ms, 0 never: for a day after that a case may still be about to name it.
ALTER TABLE material ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
