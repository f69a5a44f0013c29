-- The first schema.  Times are ms since 1970, days are days since 1970, 0 means "not yet".  A key that belongs to one direction of one
-- peer is peer_no * 2^40 + n, so that what is written together stands together.  Every index is paid for by each case: add none
-- without a query that needs it.

CREATE TABLE meta (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    office     TEXT NOT NULL,
    suite      TEXT NOT NULL,
    probe      INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

-- The ledger.  `hashes` are the tree nodes that this leaf completes, 32 bytes each, leaf first; it stands before `line` so that a proof
-- never touches the pages of the line.
CREATE TABLE entry (
    idx    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) >= 32 AND length(hashes) % 32 = 0),
    line   BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    size         INTEGER PRIMARY KEY CHECK (size > 0),
    note         TEXT NOT NULL,
    cosigned     INTEGER NOT NULL DEFAULT 0 CHECK (cosigned IN (0, 1)),
    cosignatures TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX checkpoint_cosigned ON checkpoint (size) WHERE cosigned = 1;

CREATE TABLE cases (
    id              INTEGER PRIMARY KEY,
    case_no         TEXT NOT NULL UNIQUE CHECK (length(case_no) = 21),
    home            TEXT NOT NULL,
    intake          TEXT NOT NULL,
    item            TEXT NOT NULL,
    item_version    INTEGER NOT NULL,
    state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 63),
    local_state     INTEGER NOT NULL CHECK (local_state BETWEEN 0 AND 63),
    open            INTEGER NOT NULL CHECK (open IN (0, 1)),
    pending         INTEGER NOT NULL CHECK (pending >= 0),
    rev             INTEGER NOT NULL CHECK (rev >= 0),
    noticed         INTEGER NOT NULL CHECK (noticed IN (0, 1)),
    handed_in       INTEGER NOT NULL,
    sent            INTEGER NOT NULL,
    received        INTEGER NOT NULL,
    accepted        INTEGER NOT NULL,
    decided         INTEGER NOT NULL,
    delivered       INTEGER NOT NULL,
    closed          INTEGER NOT NULL,
    due_day         INTEGER NOT NULL,
    due_provisional INTEGER NOT NULL CHECK (due_provisional IN (0, 1)),
    due_order       INTEGER NOT NULL,
    todo            INTEGER NOT NULL CHECK (todo IN (0, 1, 2)),
    applicant       TEXT,
    number          TEXT
) STRICT;
CREATE INDEX cases_state ON cases (local_state);
CREATE INDEX cases_open ON cases (id) WHERE open = 1;
CREATE INDEX cases_todo ON cases (todo, due_order) WHERE todo <> 0;
CREATE INDEX cases_applicant ON cases (applicant);
CREATE INDEX cases_number ON cases (number);

CREATE TABLE case_serial (
    day    INTEGER PRIMARY KEY,
    serial INTEGER NOT NULL CHECK (serial > 0)
) STRICT;

-- id = case_id * 2^20 + n
CREATE TABLE event (
    id      INTEGER PRIMARY KEY,
    rev     INTEGER NOT NULL CHECK (rev >= 0),
    own     INTEGER NOT NULL CHECK (own IN (0, 1)),
    ref     INTEGER NOT NULL,
    peer    TEXT NOT NULL,
    type    INTEGER NOT NULL CHECK (type BETWEEN 0 AND 255),
    verdict INTEGER NOT NULL CHECK (verdict BETWEEN -1 AND 2)
) STRICT;

CREATE TABLE peer (
    peer_no           INTEGER PRIMARY KEY CHECK (peer_no BETWEEN 1 AND 4194303),
    office            TEXT NOT NULL UNIQUE CHECK (length(office) = 6),
    next_seq          INTEGER NOT NULL DEFAULT 1 CHECK (next_seq > 0),
    sent_seq          INTEGER NOT NULL DEFAULT 0,
    sent_hash         BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(sent_hash) = 32),
    received_seq      INTEGER NOT NULL DEFAULT 0,
    received_hash     BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(received_hash) = 32),
    acked_size        INTEGER NOT NULL DEFAULT 0,
    their_size        INTEGER NOT NULL DEFAULT 0,
    their_root        BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(their_root) = 32),
    their_cosignature TEXT,
    last_exchange     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox (
    key     INTEGER PRIMARY KEY, -- peer_no * 2^40 + seq
    idx     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    case_no TEXT NOT NULL
) STRICT;

CREATE TABLE inbox (
    key       INTEGER PRIMARY KEY, -- peer_no * 2^40 + seq
    leaf      BLOB NOT NULL CHECK (length(leaf) = 32),
    idx       INTEGER NOT NULL,
    tree_size INTEGER NOT NULL,
    path      BLOB NOT NULL CHECK (length(path) % 32 = 0),
    line      BLOB NOT NULL
) STRICT;

-- Our receipts over a peer's messages, one row for the whole range.
CREATE TABLE inbox_receipt (
    key           INTEGER PRIMARY KEY, -- peer_no * 2^40 + first seq
    last          INTEGER NOT NULL,
    receipt_index INTEGER NOT NULL
) STRICT;

-- A peer's receipts over our messages.
CREATE TABLE receipt (
    key       INTEGER PRIMARY KEY, -- peer_no * 2^40 + first seq
    last      INTEGER NOT NULL,
    leaf      BLOB NOT NULL CHECK (length(leaf) = 32),
    idx       INTEGER NOT NULL,
    tree_size INTEGER NOT NULL,
    path      BLOB NOT NULL CHECK (length(path) % 32 = 0),
    line      BLOB NOT NULL
) STRICT;

CREATE TABLE peer_checkpoint (
    key  INTEGER PRIMARY KEY, -- peer_no * 2^40 + size
    note TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    staff        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    body         TEXT NOT NULL,
    UNIQUE (key, staff)
) STRICT;

CREATE TABLE edition (
    id      INTEGER PRIMARY KEY,
    office  TEXT NOT NULL UNIQUE,
    edition INTEGER NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- `edition` is the newest edition that has this version.
CREATE TABLE item (
    id      INTEGER PRIMARY KEY,
    office  TEXT NOT NULL,
    code    TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    edition INTEGER NOT NULL,
    name    TEXT NOT NULL,
    json    TEXT NOT NULL,
    UNIQUE (office, code, version)
) STRICT;

CREATE TABLE authorisation (
    id           INTEGER PRIMARY KEY,
    uuid         TEXT NOT NULL UNIQUE CHECK (length(uuid) = 36),
    principal    TEXT NOT NULL,
    delegate     TEXT NOT NULL,
    steps        TEXT NOT NULL,
    items        TEXT NOT NULL,
    from_day     INTEGER NOT NULL,
    until_day    INTEGER NOT NULL,
    acceptance   INTEGER NOT NULL CHECK (acceptance IN (0, 1)),
    announcement TEXT NOT NULL
) STRICT;
CREATE INDEX authorisation_sides ON authorisation (principal, delegate);

CREATE TABLE material (
    id     INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    size   INTEGER NOT NULL CHECK (size > 0),
    type   TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE material_wait (
    id      INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
    UNIQUE (sha256, case_id)
) STRICT;
CREATE INDEX material_wait_case ON material_wait (case_id);

CREATE TABLE material_out (
    id      INTEGER PRIMARY KEY,
    peer_no INTEGER NOT NULL REFERENCES peer (peer_no),
    idx     INTEGER NOT NULL,                      -- our message that lists it
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
    ready   INTEGER NOT NULL DEFAULT 0 CHECK (ready IN (0, 1)), -- the peer took the message: now it expects the bytes
    UNIQUE (peer_no, idx, sha256)
) STRICT;
CREATE INDEX material_out_ready ON material_out (peer_no, id) WHERE ready = 1;
