-- Ledger keys: of this office, each one that it signed with; of a counterpart, each one that was accepted after the one of the
-- configuration.  `rotation` is the owner's word, signed by the key of before and by this one ("" for the first of this office);
-- `accepted_by` the user id at the control socket.
CREATE TABLE ledger_key (
    id          INTEGER PRIMARY KEY,
    office      TEXT NOT NULL CHECK (length(office) = 6),
    vkey        TEXT NOT NULL,
    rotation    TEXT NOT NULL,
    since       INTEGER NOT NULL,
    accepted_by INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_key_office ON ledger_key (office, id);
