-- How far each program of the hook directory was told of the ledger (daemon/office/feed.h): idx is the next own entry; the messages of
-- receipts before ahead were told, and of the receipt at ahead the first part of them.
CREATE TABLE hook (
    name  TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    idx   INTEGER NOT NULL CHECK (idx >= 0),
    ahead INTEGER NOT NULL CHECK (ahead >= 0),
    part  INTEGER NOT NULL CHECK (part >= 0)
) STRICT, WITHOUT ROWID;
