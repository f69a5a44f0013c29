-- What lists need of a case's clocks: a cache, computed anew from times and entries at each change and with each new calendar.
-- rule: notice rule of the pinned item; due_clock: the clock that due_day belongs to; clock_from: its first day; stop_until: stopped up
-- to and with that day (0: runs); shifted: 1 extended, 2 had a special procedure; tick_day: the system looks at it from that day on.
ALTER TABLE cases ADD COLUMN rule INTEGER NOT NULL DEFAULT 0 CHECK (rule BETWEEN 0 AND 63);
ALTER TABLE cases ADD COLUMN due_clock INTEGER NOT NULL DEFAULT 0 CHECK (due_clock BETWEEN 0 AND 63);
ALTER TABLE cases ADD COLUMN clock_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN stop_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN shifted INTEGER NOT NULL DEFAULT 0 CHECK (shifted BETWEEN 0 AND 3);
ALTER TABLE cases ADD COLUMN tick_day INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cases_tick ON cases (tick_day) WHERE tick_day <> 0;

-- When the counterpart last said that nothing of its own waits: what it was given before then has arrived.
ALTER TABLE peer ADD COLUMN last_idle INTEGER NOT NULL DEFAULT 0;

-- The calendar that the dates in `cases` were computed with, and how far a new one has come: cases with a greater id are still to be done.
CREATE TABLE calendar_state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    reached INTEGER NOT NULL,
    done    INTEGER NOT NULL CHECK (done IN (0, 1)),
    changed INTEGER NOT NULL
) STRICT;
