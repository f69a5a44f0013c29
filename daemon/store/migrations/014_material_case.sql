-- Which cases list a material, so that reading it is a view of those cases.
CREATE TABLE material_case (
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
    case_id INTEGER NOT NULL REFERENCES cases (id),
    PRIMARY KEY (sha256, case_id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO material_case (sha256, case_id)
SELECT w.sha256, c.id
FROM (SELECT json_extract(l.line, '$.case') AS case_no, t.value AS sha256
      FROM (SELECT CAST(line AS TEXT) AS line FROM entry UNION ALL SELECT CAST(line AS TEXT) FROM inbox) AS l, json_tree(l.line, '$.body') AS t
      WHERE json_valid(l.line) AND t.key = 'sha256' AND t.type = 'text') AS w
JOIN cases AS c ON c.case_no = w.case_no
WHERE length(w.sha256) = 64;
