-- The last pass over all cases that erases: one row, id 1.  began > ended: it was interrupted.
CREATE TABLE retention_sweep (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    began  INTEGER NOT NULL,
    ended  INTEGER NOT NULL,
    cases  INTEGER NOT NULL,
    kept   INTEGER NOT NULL
) STRICT;
