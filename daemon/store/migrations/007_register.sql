-- Registers (proto/register.h): objects beside the cases, and the acts that made them.  `doc` is the fold of the acts, kept so that lists
-- need not read the ledger; it is always made anew from the entries, never patched.
CREATE TABLE object (
    id          INTEGER PRIMARY KEY,
    no          TEXT NOT NULL UNIQUE,
    kind        INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 63),
    owner       TEXT NOT NULL CHECK (length(owner) = 6),
    other       TEXT NOT NULL,             -- the counterpart; '' when every counterpart is told, or nobody
    case_id     INTEGER NOT NULL,          -- 0: about no case
    case_no     TEXT NOT NULL,
    uuid        TEXT NOT NULL CHECK (length(uuid) = 36),
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 31),
    local_state INTEGER NOT NULL CHECK (local_state BETWEEN 0 AND 31),
    pending     INTEGER NOT NULL CHECK (pending >= 0),
    rev         INTEGER NOT NULL CHECK (rev >= 0),
    opened      INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    due_day     INTEGER NOT NULL,
    open        INTEGER NOT NULL CHECK (open IN (0, 1)),
    turn        INTEGER NOT NULL CHECK (turn IN (0, 1)), -- this office has to act
    doc         TEXT NOT NULL
) STRICT;
CREATE INDEX object_kind ON object (kind, id);
CREATE INDEX object_case ON object (case_id, id) WHERE case_id <> 0;
CREATE INDEX object_turn ON object (id) WHERE turn = 1;
CREATE INDEX object_open ON object (kind, id) WHERE open = 1;

-- id = object id * 2^20 + n
CREATE TABLE object_event (
    id      INTEGER PRIMARY KEY,
    rev     INTEGER NOT NULL CHECK (rev >= 0),
    own     INTEGER NOT NULL CHECK (own IN (0, 1)),
    ref     INTEGER NOT NULL,              -- index in our ledger, or number of the peer's message
    peer    TEXT NOT NULL,
    verdict INTEGER NOT NULL CHECK (verdict BETWEEN -1 AND 2)
) STRICT;
CREATE INDEX object_event_own ON object_event (ref) WHERE own = 1;

CREATE TABLE object_serial (
    kind   INTEGER NOT NULL,
    year   INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK (serial > 0),
    PRIMARY KEY (kind, year)
) STRICT;

CREATE TABLE object_wait (
    object_id INTEGER NOT NULL REFERENCES object (id),
    sha256    TEXT NOT NULL CHECK (length(sha256) = 64),
    PRIMARY KEY (sha256, object_id)
) STRICT;

-- An authorisation that was offered and accepted (registered = 1) holds only while a span of it is open; one from the configuration
-- holds for its whole period.
ALTER TABLE authorisation ADD COLUMN registered INTEGER NOT NULL DEFAULT 0 CHECK (registered IN (0, 1));
ALTER TABLE authorisation ADD COLUMN finish INTEGER NOT NULL DEFAULT 0 CHECK (finish IN (0, 1)); -- open cases go on after its end
CREATE TABLE authorisation_span (
    id       INTEGER PRIMARY KEY,
    uuid     TEXT NOT NULL CHECK (length(uuid) = 36),
    from_ms  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL  -- 0: still open
) STRICT;
CREATE INDEX authorisation_span_uuid ON authorisation_span (uuid, from_ms);
