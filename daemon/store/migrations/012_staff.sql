-- Staff that was enrolled with tongbanctl, beside the staff of the configuration file.  Nobody is ever deleted: the ledger names only the
-- number, and who that was must stay known.  `desk` is the window's name, `changed_by` the user id at the control socket.
CREATE TABLE staff (
    id          INTEGER PRIMARY KEY,
    staff       TEXT NOT NULL UNIQUE CHECK (length(staff) > 7),
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    desk        TEXT NOT NULL,
    township    TEXT NOT NULL CHECK (length(township) IN (0, 9)),
    certificate TEXT NOT NULL CHECK (length(certificate) = 64),
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    reason      TEXT NOT NULL,
    changed     INTEGER NOT NULL,
    changed_by  INTEGER NOT NULL
) STRICT;
