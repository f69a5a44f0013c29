-- The metrics count the open cases by light every minute: from this index alone, one row for each pair of days and not for each case.
CREATE INDEX cases_light ON cases (open, due_day, clock_from, stop_until) WHERE open = 1;
