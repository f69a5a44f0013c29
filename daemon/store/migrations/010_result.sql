-- Numbers of documents and licences that entries of cases name, of both sides: so that a paper at the counter is looked up by its number.
CREATE TABLE result_number (
    id      INTEGER PRIMARY KEY,
    number  TEXT NOT NULL CHECK (number <> ''),
    case_id INTEGER NOT NULL REFERENCES cases (id),
    UNIQUE (number, case_id)
) STRICT;
CREATE INDEX document_number ON document (number);

INSERT OR IGNORE INTO result_number (number, case_id)
SELECT w.number, c.id
FROM (SELECT json_extract(l.line, '$.case') AS case_no, n.value AS number
      FROM (SELECT CAST(line AS TEXT) AS line FROM entry UNION ALL SELECT CAST(line AS TEXT) FROM inbox) AS l,
           json_each(json_array(json_extract(l.line, '$.body.document_no'), json_extract(l.line, '$.body.result.number'))) AS n
      WHERE json_valid(l.line) AND n.value IS NOT NULL AND n.value <> '') AS w
JOIN cases AS c ON c.case_no = w.case_no;
