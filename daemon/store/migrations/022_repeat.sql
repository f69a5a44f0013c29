-- Of a ledger that was recovered: a message or receipt of before the copy whose place nobody could prove any more was written again, byte by
-- byte, as entry `again`, and all rows refer to that one.
CREATE TABLE entry_repeat (
    idx   INTEGER PRIMARY KEY,
    again INTEGER NOT NULL UNIQUE CHECK (again > idx)
) STRICT;
