-- Joint cases that this office opened, and their legs.  A leg that was opened has a row in cases.  entry,
-- withdrawn and ended are the places of joint.opened, joint.withdrawn and joint.closed in the ledger, 0 for not yet; joint.opened holds the
-- whole application.
CREATE TABLE joint (
    id        INTEGER PRIMARY KEY,
    joint_no  TEXT NOT NULL UNIQUE CHECK (length(joint_no) = 21),
    item      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    title     TEXT NOT NULL,
    rule      INTEGER NOT NULL CHECK (rule BETWEEN 0 AND 15),
    state     INTEGER NOT NULL CHECK (state BETWEEN 0 AND 15),
    entry     INTEGER NOT NULL CHECK (entry > 0),
    withdrawn INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    opened    INTEGER NOT NULL,
    closed    INTEGER NOT NULL,
    applicant TEXT NOT NULL,
    number    TEXT NOT NULL
) STRICT;
CREATE INDEX joint_open ON joint (id) WHERE state = 0;
CREATE INDEX joint_applicant ON joint (applicant);
CREATE INDEX joint_number ON joint (number);

-- id = joint id * 32 + n
CREATE TABLE joint_leg (
    id              INTEGER PRIMARY KEY,
    state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 15),
    after           INTEGER NOT NULL,
    required        INTEGER NOT NULL CHECK (required IN (0, 1)),
    case_id         INTEGER REFERENCES cases (id),
    opened          INTEGER NOT NULL,
    due_day         INTEGER NOT NULL,
    due_provisional INTEGER NOT NULL CHECK (due_provisional IN (0, 1)),
    reason          TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX joint_leg_case ON joint_leg (case_id) WHERE case_id IS NOT NULL;
