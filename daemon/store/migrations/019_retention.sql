-- Cases whose retention ended and was executed: their lines in entry and inbox are replaced by what is left of them (proto/retention.h).
CREATE TABLE erased (
    case_id   INTEGER PRIMARY KEY REFERENCES cases (id),
    at        INTEGER NOT NULL,
    rule      TEXT NOT NULL,
    lines     INTEGER NOT NULL,
    materials INTEGER NOT NULL
) STRICT;

-- Cases in a review or a suit: not erased while they stand here.
CREATE TABLE retention_hold (
    case_id INTEGER PRIMARY KEY REFERENCES cases (id),
    at      INTEGER NOT NULL,
    uid     INTEGER NOT NULL,
    reason  TEXT NOT NULL
) STRICT;

-- Files that no row names any more and that still have to be unlinked.
CREATE TABLE erase_file (
    sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64)
) STRICT, WITHOUT ROWID;

CREATE INDEX material_case_id ON material_case (case_id);
CREATE INDEX material_out_sha256 ON material_out (sha256);
