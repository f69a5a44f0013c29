-- Numbers under which a line system of this office's side knows a case.
CREATE TABLE foreign_number (
    id      INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    system  TEXT NOT NULL,
    value   TEXT NOT NULL,
    staff   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (value, system)
) STRICT;
CREATE INDEX foreign_number_case ON foreign_number (case_id);
