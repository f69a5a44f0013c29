-- Catalogues as they were published: one row per edition of each office, where ours have got to, and what the files said.

ALTER TABLE item ADD COLUMN first_edition INTEGER NOT NULL DEFAULT 0; -- the edition since which this version is offered without a gap

CREATE TABLE edition_history (
    id      INTEGER PRIMARY KEY,
    office  TEXT NOT NULL,
    edition INTEGER NOT NULL CHECK (edition > 0),
    at      INTEGER NOT NULL,
    staff   TEXT NOT NULL, -- '': from the configured files
    note    TEXT NOT NULL,
    changes TEXT NOT NULL, -- JSON of item_diff
    UNIQUE (office, edition)
) STRICT;

-- Our editions on their way to each counterpart.
CREATE TABLE edition_sent (
    id      INTEGER PRIMARY KEY,
    peer_no INTEGER NOT NULL REFERENCES peer (peer_no),
    edition INTEGER NOT NULL,
    idx     INTEGER NOT NULL,                        -- our entry
    verdict INTEGER NOT NULL DEFAULT -1 CHECK (verdict BETWEEN -1 AND 2),
    at      INTEGER NOT NULL DEFAULT 0,              -- of the receipt
    problem TEXT NOT NULL DEFAULT '',
    UNIQUE (peer_no, edition)
) STRICT;

-- code -> digest of each item of the configured files when they were last looked at
CREATE TABLE catalogue_files (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    items TEXT NOT NULL
) STRICT;
