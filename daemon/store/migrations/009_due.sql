-- The registers are asked for what has come to its day, as the cases are, not for all that is open.
CREATE INDEX object_due ON object (kind, due_day) WHERE open = 1 AND due_day <> 0;
