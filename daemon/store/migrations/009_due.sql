-- The registers are asked for what has come to its day, as the cases are, not for all that is open.
CREATE INDEX object_due ON object (kind, due_day) WHERE open = 1 AND due_day <> 0;

-- What waits for this office, by due day; what has none comes last, the newest first.
CREATE INDEX object_turn_due ON object (due_day = 0, due_day, -id) WHERE turn = 1;
DROP INDEX object_turn;
