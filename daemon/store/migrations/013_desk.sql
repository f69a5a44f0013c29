-- Window and township of the member of staff who took a case in, as they were at that moment; '' when none was known.  The indexes
-- hold only the cases that have one, so that an office without windows pays nothing for them.
ALTER TABLE cases ADD COLUMN desk TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN township TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_desk ON cases (desk) WHERE desk <> '';
CREATE INDEX cases_township ON cases (township) WHERE township <> '';
CREATE INDEX cases_desk_todo ON cases (todo, desk, due_order) WHERE todo <> 0 AND desk <> '';
CREATE INDEX cases_township_todo ON cases (todo, township, due_order) WHERE todo <> 0 AND township <> '';

-- Where whom the ledger says to sit from entry `entry` (staff.placed) on.
CREATE TABLE staff_desk (
    entry    INTEGER PRIMARY KEY,
    staff    TEXT NOT NULL,
    desk     TEXT NOT NULL,
    township TEXT NOT NULL
) STRICT;
CREATE INDEX staff_desk_staff ON staff_desk (staff);
