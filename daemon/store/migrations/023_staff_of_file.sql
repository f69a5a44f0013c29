-- A row without a certificate: somebody of the configuration file who was suspended or ended with tongbanctl.  It says the state, which
-- counts before the file, and enrols nobody.
CREATE TABLE staff_new (
    id          INTEGER PRIMARY KEY,
    staff       TEXT NOT NULL UNIQUE CHECK (length(staff) > 7),
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    desk        TEXT NOT NULL,
    township    TEXT NOT NULL CHECK (length(township) IN (0, 9)),
    certificate TEXT NOT NULL CHECK (length(certificate) IN (0, 64)),
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    reason      TEXT NOT NULL,
    changed     INTEGER NOT NULL,
    changed_by  INTEGER NOT NULL
) STRICT;
INSERT INTO staff_new SELECT id, staff, name, role, desk, township, certificate, state, reason, changed, changed_by FROM staff;
DROP TABLE staff;
ALTER TABLE staff_new RENAME TO staff;
