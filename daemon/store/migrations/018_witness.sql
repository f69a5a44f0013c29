-- What a counterpart showed with each checkpoint of its ledger, so that this office can give it back: the size that the proof began at, the
-- consistency proof, the complete subtrees (frontier).  NULL: it came without (an older program).
ALTER TABLE peer_checkpoint ADD COLUMN old INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer_checkpoint ADD COLUMN consistency BLOB;
ALTER TABLE peer_checkpoint ADD COLUMN frontier BLOB;

-- And with the newest one, the proofs from what its other counterparts have seen (header Tongban-Others).
ALTER TABLE peer ADD COLUMN others TEXT NOT NULL DEFAULT '';

-- Of our own ledger, after it was recovered from its witnesses: the entries first <= index < until were written after the copy that was
-- restored.  Those that came back stand in `entry`, of the others only what proofs need: complete subtrees, (level + 1) * 2^56 + index.
CREATE TABLE ledger_gap (
    first INTEGER PRIMARY KEY,
    until INTEGER NOT NULL CHECK (until > first),
    at    INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger_node (
    key  INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
