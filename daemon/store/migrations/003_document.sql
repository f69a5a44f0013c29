-- Written documents.  A serial is taken in the savepoint of the act that needs it: an act that is undone gives it back, so the
-- numbers of a kind and year have no gaps.  A void document keeps its row and its number.

CREATE TABLE document_serial (
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    year   INTEGER NOT NULL CHECK (year BETWEEN 1000 AND 9999),
    serial INTEGER NOT NULL CHECK (serial > 0),
    UNIQUE (kind, year)
) STRICT;

-- One row per document that this office issued or printed.  `own`, `ref`: the event that makes it, as in `event`; 1, -1 for what is
-- numbered at its first print.
CREATE TABLE document (
    id          INTEGER PRIMARY KEY,
    case_id     INTEGER NOT NULL REFERENCES cases (id),
    kind        TEXT NOT NULL,
    own         INTEGER NOT NULL CHECK (own IN (0, 1)),
    ref         INTEGER NOT NULL,
    number      TEXT NOT NULL,
    replaces    TEXT NOT NULL DEFAULT '',
    issued_at   INTEGER NOT NULL,
    printed     INTEGER NOT NULL DEFAULT 0 CHECK (printed >= 0),
    voided_at   INTEGER NOT NULL DEFAULT 0,
    void_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX document_case ON document (case_id);
