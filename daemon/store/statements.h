/* statements: every SQL text of the daemon, one row each — S(NAME, who prepares it, text).
 *
 * READ ones are prepared by readers and by the writer, WRITE ones by the writer only.  Small and portable SQL; only INDEXED BY is
 * SQLite's own: it makes the start fail when the partial index that a list needs is missing. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#define CASE_COLUMNS                                                                                                   \
    "id, case_no, home, intake, item, item_version, state, local_state, pending, rev, noticed, handed_in, sent, received, "   \
    "accepted, decided, delivered, closed, due_day, due_provisional, todo, applicant, number, rule, due_clock, clock_from, "      \
    "stop_until, shifted, tick_day, desk, township"

#define OBJECT_COLUMNS                                                                                                 \
    "id, no, kind, owner, other, case_id, case_no, uuid, state, local_state, pending, rev, opened, changed, due_day, open, turn, doc"

#define JOINT_COLUMNS "id, joint_no, item, version, title, rule, state, entry, withdrawn, ended, opened, closed, applicant, number"
#define LEG_COLUMNS   "id, state, after, required, case_id, opened, due_day, due_provisional, reason"

/* What narrows a list of cases beside what it is looked up by. */
#define CASE_NARROWED                                                                                                  \
    "AND id < ?2 AND (?3 < 0 OR local_state = ?3) AND open >= ?4 AND (?6 = '' OR desk = ?6) AND (?7 = '' OR township = ?7)"

#define STAFF_COLUMNS "staff, name, role, desk, township, certificate, state, reason, changed, changed_by"

#define STATEMENT_TABLE(S)                                                                                             \
    /* transactions */                                                                                                 \
    S(BEGIN_READ, READ, "BEGIN")                                                                                       \
    S(BEGIN_WRITE, WRITE, "BEGIN IMMEDIATE")                                                                           \
    S(COMMIT, READ, "COMMIT")                                                                                          \
    S(ROLLBACK, READ, "ROLLBACK")                                                                                      \
    S(SAVEPOINT, WRITE, "SAVEPOINT command")                                                                           \
    S(SAVEPOINT_RELEASE, WRITE, "RELEASE command")                                                                     \
    S(SAVEPOINT_ROLLBACK, WRITE, "ROLLBACK TO command")                                                                \
    S(PROBE, WRITE, "UPDATE meta SET probe = probe + 1 WHERE id = 1")                                                  \
    S(META_GET, READ, "SELECT office, suite FROM meta WHERE id = 1")                                                   \
    S(META_PUT, WRITE, "INSERT INTO meta (id, office, suite, created_at) VALUES (1, ?1, ?2, ?3)")                      \
    /* ledger */                                                                                                       \
    S(ENTRY_ADD, WRITE, "INSERT INTO entry (idx, at, hashes, line) VALUES (?1, ?2, ?3, ?4)")                           \
    S(ENTRY_LINE, READ, "SELECT line, hashes FROM entry WHERE idx = ?1")                                               \
    S(ENTRY_HEAD, READ, "SELECT substr(line, 1, ?2) FROM entry WHERE idx = ?1")                                        \
    S(ENTRY_HASHES, READ, "SELECT hashes FROM entry WHERE idx = ?1")                                                   \
    S(ENTRY_LAST, READ, "SELECT max(idx) FROM entry")                                                                  \
    S(ENTRY_TAIL, READ, "SELECT idx, hashes, line FROM entry WHERE idx >= ?1 ORDER BY idx")                            \
    S(ENTRY_RAW, READ, "SELECT idx, hashes, line FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")                    \
    S(CHECKPOINT_ADD, WRITE, "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)")                                    \
    S(CHECKPOINT_LAST, READ, "SELECT size, note, cosignatures FROM checkpoint ORDER BY size DESC LIMIT 1")             \
    S(CHECKPOINT_COSIGNED, READ,                                                                                       \
      "SELECT size, note, cosignatures FROM checkpoint WHERE cosigned = 1 ORDER BY size DESC LIMIT 1")                 \
    S(CHECKPOINT_AT, READ, "SELECT size, note, cosignatures FROM checkpoint WHERE size = ?1")                          \
    S(CHECKPOINT_COSIGN, WRITE, "UPDATE checkpoint SET cosigned = 1, cosignatures = ?2 WHERE size = ?1")               \
    S(CHECKPOINT_COSIGNED_BEFORE, READ, "SELECT max(size) FROM checkpoint WHERE cosigned = 1 AND size < ?1")           \
    S(CHECKPOINT_PRUNE, WRITE,                                                                                         \
      "DELETE FROM checkpoint WHERE size IN (SELECT size FROM checkpoint "                                             \
      "WHERE size > ?1 AND size < ?2 AND cosigned = 0 AND size NOT IN (SELECT first FROM ledger_gap) "                  \
      "ORDER BY size LIMIT ?3)")                                        \
    /* cases */                                                                                                        \
    S(CASE_SERIAL, WRITE, "SELECT serial FROM case_serial WHERE day = ?1")                                             \
    S(CASE_SERIAL_PUT, WRITE,                                                                                          \
      "INSERT INTO case_serial (day, serial) VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET serial = excluded.serial") \
    S(CASE_INSERT, WRITE,                                                                                              \
      "INSERT INTO cases (case_no, home, intake, item, item_version, state, local_state, pending, rev, noticed, handed_in, " \
      "sent, received, accepted, decided, delivered, closed, due_day, due_provisional, todo, applicant, number, open, " \
      "due_order, rule, due_clock, clock_from, stop_until, shifted, tick_day, desk, township) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, " \
      "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)")   \
    S(CASE_UPDATE, WRITE,                                                                                              \
      /* who, what and where never change: leaving them out leaves their indexes alone */                             \
      "UPDATE cases SET state = ?6, local_state = ?7, pending = ?8, rev = ?9, noticed = ?10, handed_in = ?11, sent = ?12, " \
      "received = ?13, accepted = ?14, decided = ?15, delivered = ?16, closed = ?17, due_day = ?18, due_provisional = ?19, " \
      "todo = ?20, open = ?23, due_order = ?24, rule = ?25, due_clock = ?26, clock_from = ?27, stop_until = ?28, "      \
      "shifted = ?29, tick_day = ?30 WHERE id = ?33")                                                                  \
    /* the same of a case that stays open or closed, as nearly always */                                               \
    S(CASE_UPDATE_MOVE, WRITE,                                                                                         \
      "UPDATE cases SET state = ?6, local_state = ?7, pending = ?8, rev = ?9, noticed = ?10, handed_in = ?11, sent = ?12, " \
      "received = ?13, accepted = ?14, decided = ?15, delivered = ?16, closed = ?17, due_day = ?18, due_provisional = ?19, " \
      "todo = ?20, due_order = ?24, rule = ?25, due_clock = ?26, clock_from = ?27, stop_until = ?28, "                 \
      "shifted = ?29, tick_day = ?30 WHERE id = ?33 AND open = ?23")                                                   \
    /* the same where nothing changes that an index holds */                                                           \
    S(CASE_UPDATE_ROW, WRITE,                                                                                          \
      "UPDATE cases SET state = ?6, pending = ?8, rev = ?9, noticed = ?10, handed_in = ?11, sent = ?12, received = ?13, " \
      "accepted = ?14, decided = ?15, delivered = ?16, closed = ?17, due_provisional = ?19, rule = ?25, due_clock = ?26, " \
      "shifted = ?29 WHERE id = ?33 AND local_state = ?7 AND open = ?23 AND todo = ?20 AND due_day = ?18 AND due_order = ?24 " \
      "AND clock_from = ?27 AND stop_until = ?28 AND tick_day = ?30")                                                  \
    S(CASE_APPLICANT, WRITE, "UPDATE cases SET applicant = ?2, number = ?3 WHERE id = ?1")                             \
    S(CASE_TICK, READ,                                                                                                 \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_tick WHERE tick_day <> 0 AND tick_day <= ?1 "               \
      "AND tick_day >= ?2 AND (tick_day > ?2 OR id > ?3) ORDER BY tick_day, id LIMIT ?4")                              \
    S(CASE_LIST_OPEN_UP, READ,                                                                                         \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_open WHERE open = 1 AND id > ?1 ORDER BY id LIMIT ?2")      \
    S(CASE_LIGHTS, READ,                                                                                               \
      "SELECT clock_from, due_day, stop_until, count(*) FROM cases INDEXED BY cases_light WHERE open = 1 "             \
      "GROUP BY due_day, clock_from, stop_until LIMIT ?1")                                                             \
    S(CALENDAR_GET, READ, "SELECT digest, reached, done, changed FROM calendar_state WHERE id = 1")                    \
    S(CALENDAR_PUT, WRITE,                                                                                             \
      "INSERT INTO calendar_state (id, digest, reached, done, changed) VALUES (1, ?1, ?2, ?3, ?4) "                    \
      "ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, reached = excluded.reached, done = excluded.done, "    \
      "changed = excluded.changed")                                                                                    \
    S(CASE_BY_NO, READ, "SELECT " CASE_COLUMNS " FROM cases WHERE case_no = ?1")                                       \
    S(CASE_BY_ID, READ, "SELECT " CASE_COLUMNS " FROM cases WHERE id = ?1")                                            \
    S(CASE_LIST_ALL, READ, "SELECT " CASE_COLUMNS " FROM cases WHERE id < ?1 ORDER BY id DESC LIMIT ?2")               \
    S(CASE_LIST_STATE, READ,                                                                                           \
      "SELECT " CASE_COLUMNS " FROM cases WHERE local_state = ?1 AND id < ?2 AND open >= ?3 ORDER BY id DESC LIMIT ?4") \
    S(CASE_LIST_OPEN, READ,                                                                                            \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_open WHERE open = 1 AND id < ?1 ORDER BY id DESC LIMIT ?2") \
    S(CASE_LIST_WORDS, READ,                                                                                           \
      "SELECT " CASE_COLUMNS " FROM cases WHERE applicant = ?1 " CASE_NARROWED                                         \
      " UNION SELECT " CASE_COLUMNS " FROM cases WHERE number = ?1 " CASE_NARROWED                                     \
      " UNION SELECT " CASE_COLUMNS " FROM cases WHERE id IN (SELECT case_id FROM foreign_number WHERE value = ?1) "   \
      CASE_NARROWED " ORDER BY id DESC LIMIT ?5")                                                                      \
    S(CASE_LIST_DESK, READ,                                                                                            \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_desk WHERE desk = ?6 AND desk <> '' "                         \
      CASE_NARROWED " ORDER BY id DESC LIMIT ?5")                                                                      \
    S(CASE_LIST_TOWNSHIP, READ,                                                                                        \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_township WHERE township = ?7 AND township <> '' "           \
      CASE_NARROWED " ORDER BY id DESC LIMIT ?5")                                                \
    S(CASE_LIST_TODO, READ,                                                                                            \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_todo WHERE todo = ?1 AND todo <> 0 "                        \
      "AND (due_order, id) > (?2, ?3) ORDER BY due_order, id LIMIT ?4")                                                \
    S(CASE_TODO_DESK, READ,                                                                                            \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_desk_todo WHERE todo = ?1 AND todo <> 0 AND desk = ?5 "     \
      "AND desk <> '' AND (?6 = '' OR township = ?6) AND (due_order, id) > (?2, ?3) ORDER BY due_order, id LIMIT ?4")  \
    S(CASE_TODO_TOWNSHIP, READ,                                                                                        \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_township_todo WHERE todo = ?1 AND todo <> 0 "               \
      "AND township = ?6 AND township <> '' AND (?5 = '' OR desk = ?5) AND (due_order, id) > (?2, ?3) "                \
      "ORDER BY due_order, id LIMIT ?4")                                                                               \
    /* reports: cases by number of their row, a bounded range at a time; no index of their own */                      \
    S(CASE_MAX, READ,                                                                                                  \
      "SELECT max(id) FROM cases")                                                                                     \
    S(CASE_SCAN, READ,                                                                                                 \
      "SELECT " CASE_COLUMNS " FROM cases WHERE id > ?1 AND id <= ?2 AND handed_in < ?4 "                              \
      "AND (closed = 0 OR closed >= ?3) ORDER BY id")                                                                  \
    S(CASE_SCAN_OPEN, READ,                                                                                            \
      "SELECT " CASE_COLUMNS " FROM cases INDEXED BY cases_open WHERE open = 1 AND id > ?1 ORDER BY id LIMIT ?2")      \
    S(EVENT_OF, READ,                                                                                                  \
      "SELECT 1 FROM event WHERE id >= ?1 AND id <= ?2 AND own = 1 AND ref = ?3 LIMIT 1")                              \
    S(EVENT_THEIRS, READ,                                                                                              \
      "SELECT 1 FROM event WHERE id >= ?1 AND id <= ?2 AND own = 0 AND ref = ?3 AND peer = ?4 LIMIT 1")                \
    S(INBOX_SCAN, READ, "SELECT key, line FROM inbox WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3")              \
    S(ENTRY_SCAN, READ,                                                                                                \
      "SELECT idx, line FROM entry WHERE idx >= ?1 AND idx < ?2 AND at >= ?3 ORDER BY idx")                            \
    S(AUTHORISATION_SCAN, READ,                                                                                        \
      "SELECT uuid, principal, delegate, steps, items, from_day, until_day, acceptance, announcement, id, registered " \
      "FROM authorisation WHERE id > ?1 ORDER BY id LIMIT ?2")                                                         \
    S(ITEM_SCAN, READ,                                                                                                 \
      "SELECT i.id, i.office, i.version, i.edition, i.json, "                                                          \
      "coalesce((SELECT e.edition FROM edition e WHERE e.office = i.office), 0), "                                     \
      "i.version = (SELECT max(o.version) FROM item o WHERE o.office = i.office AND o.code = i.code) "                 \
      "FROM item i WHERE i.id > ?1 ORDER BY i.id LIMIT ?2")                                                            \
    /* events */                                                                                                       \
    S(EVENT_LAST, READ, "SELECT max(id) FROM event WHERE id >= ?1 AND id <= ?2")                                       \
    S(EVENT_ADD, WRITE,                                                                                                \
      "INSERT INTO event (id, rev, own, ref, peer, type, verdict) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                \
    S(EVENT_SETTLE, WRITE,                                                                                             \
      "UPDATE event SET rev = max(rev, ?4), verdict = ?5 WHERE id >= ?1 AND id <= ?2 AND own = 1 AND ref = ?3")                  \
    S(EVENT_LIST, READ,                                                                                                \
      "SELECT id, rev, own, ref, peer, type, verdict FROM event WHERE id >= ?1 AND id <= ?2 ORDER BY id") \
    /* documents */                                                                                                    \
    S(DOCUMENT_SERIAL, WRITE,                                                                                          \
      "INSERT INTO document_serial (kind, year, serial) VALUES (?1, ?2, 1) "                                           \
      "ON CONFLICT (kind, year) DO UPDATE SET serial = serial + 1 RETURNING serial")                                   \
    S(DOCUMENT_ADD, WRITE,                                                                                             \
      "INSERT INTO document (case_id, kind, own, ref, number, replaces, issued_at, printed) "                          \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                                                       \
    S(DOCUMENT_PRINTED, WRITE, "UPDATE document SET printed = printed + 1 WHERE id = ?1")                              \
    S(DOCUMENT_VOID, WRITE, "UPDATE document SET voided_at = ?2, void_reason = ?3 WHERE id = ?1 AND voided_at = 0")    \
    S(RESULT_ADD, WRITE, "INSERT OR IGNORE INTO result_number (number, case_id) VALUES (?1, ?2)")                      \
    S(RESULT_FIND, READ,                                                                                               \
      "SELECT case_id FROM result_number WHERE number = ?1 UNION SELECT case_id FROM document WHERE number = ?1 LIMIT ?2") \
    S(DOCUMENT_LIST, READ,                                                                                             \
      "SELECT id, kind, own, ref, number, replaces, issued_at, printed, voided_at, void_reason FROM document "         \
      "WHERE case_id = ?1 ORDER BY id")                                                                                \
    /* peers and messages */                                                                                           \
    S(PEER_NO, READ, "SELECT peer_no FROM peer WHERE office = ?1")                                                     \
    S(PEER_MAKE, WRITE, "INSERT INTO peer (office) VALUES (?1)")                                                       \
    S(PEER_GET, READ,                                                                                                  \
      "SELECT next_seq, sent_seq, sent_hash, received_seq, received_hash, acked_size, their_size, their_root, "        \
      "their_cosignature, last_exchange, last_idle FROM peer WHERE office = ?1")                                       \
    S(PEER_PUT, WRITE,                                                                                                 \
      "UPDATE peer SET sent_seq = ?2, sent_hash = ?3, received_seq = ?4, received_hash = ?5, acked_size = ?6, "        \
      "their_size = ?7, their_root = ?8, their_cosignature = ?9, last_exchange = ?10, last_idle = ?11 "                \
      "WHERE office = ?1")                                                                                             \
    /* RETURNING would build a table for its one row each time */                                                      \
    S(PEER_NEXT_SEQ, WRITE, "SELECT next_seq FROM peer WHERE peer_no = ?1")                                            \
    S(PEER_TAKE_SEQ, WRITE, "UPDATE peer SET next_seq = next_seq + 1 WHERE peer_no = ?1")                              \
    S(OUTBOX_ADD, WRITE, "INSERT INTO outbox (key, idx, at, case_no) VALUES (?1, ?2, ?3, ?4)")                                 \
    S(OUTBOX_READ, READ,                                                                                               \
      "SELECT o.key, o.idx, e.line, e.hashes FROM outbox o LEFT JOIN entry e ON e.idx = o.idx "                                  \
      "WHERE o.key > ?1 AND o.key <= ?2 ORDER BY o.key LIMIT ?3")                                                      \
    S(OUTBOX_INDEX, READ,                                                                                              \
      "SELECT o.idx, o.case_no, o.at, e.hashes FROM outbox o LEFT JOIN entry e ON e.idx = o.idx WHERE o.key = ?1")     \
    S(OUTBOX_OLDEST, READ, "SELECT key, at FROM outbox WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT 1")             \
    S(INBOX_ADD, WRITE,                                                                                                \
      "INSERT INTO inbox (key, leaf, idx, tree_size, path, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                     \
    S(INBOX_GET, READ, "SELECT leaf, idx, tree_size, path, line FROM inbox WHERE key = ?1")                            \
    S(INBOX_LEAF, READ, "SELECT leaf FROM inbox WHERE key = ?1")                                                       \
    S(INBOX_RECEIPT_ADD, WRITE, "INSERT INTO inbox_receipt (key, last, receipt_index) VALUES (?1, ?2, ?3)")            \
    S(INBOX_RECEIPT_GET, READ,                                                                                         \
      "SELECT last, receipt_index FROM inbox_receipt WHERE key <= ?1 AND key >= ?2 ORDER BY key DESC LIMIT 1")         \
    S(RECEIPT_ADD, WRITE,                                                                                              \
      "INSERT INTO receipt (key, leaf, idx, tree_size, path, line, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "         \
      "ON CONFLICT (key) DO NOTHING")                                                                                  \
    S(RECEIPT_GET, READ,                                                                                               \
      "SELECT leaf, idx, tree_size, path, line, key, last FROM receipt WHERE key <= ?1 AND key >= ?2 "                 \
      "ORDER BY key DESC LIMIT 1")                                                                                     \
    S(PEER_CHECKPOINT_ADD, WRITE, "INSERT INTO peer_checkpoint (key, note) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING") \
    S(PEER_CHECKPOINT_GET, READ, "SELECT note FROM peer_checkpoint WHERE key = ?1")                                    \
    /* witness */                                                                                                      \
    S(WITNESS_PUT, WRITE,                                                                                              \
      "UPDATE peer_checkpoint SET old = ?2, consistency = ?3, frontier = ?4 WHERE key = ?1")                           \
    S(WITNESS_CHECKPOINTS, READ,                                                                                       \
      "SELECT key, note, old, consistency, frontier FROM peer_checkpoint "                                             \
      "WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3")                                                            \
    S(WITNESS_LATEST, READ,                                                                                            \
      "SELECT key, note, old, consistency, frontier FROM peer_checkpoint "                                             \
      "WHERE key > ?1 AND key <= ?2 ORDER BY key DESC LIMIT 1")                                                        \
    S(WITNESS_MESSAGES, READ,                                                                                          \
      "SELECT key, idx, tree_size, path, line, leaf FROM inbox "                                                       \
      "WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3")                                                            \
    S(WITNESS_RECEIPTS, READ,                                                                                          \
      "SELECT key, idx, tree_size, path, line, leaf FROM receipt "                                                     \
      "WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3")                                                            \
    S(MATERIAL_MISSING, READ,                                                                                          \
      "SELECT w.sha256 FROM material_wait w JOIN cases c ON c.id = w.case_id "                                         \
      "WHERE w.sha256 > ?2 AND (c.home = ?1 OR c.intake = ?1) ORDER BY w.sha256 LIMIT ?3")                             \
    S(MATERIAL_SHARED, READ,                                                                                           \
      "SELECT 1 FROM material_case m JOIN cases c ON c.id = m.case_id JOIN material f ON f.sha256 = m.sha256 "         \
      "WHERE m.sha256 = ?1 AND (c.home = ?2 OR c.intake = ?2) LIMIT 1")                                                \
    S(OTHERS_PUT, WRITE,                                                                                               \
      "UPDATE peer SET others = ?2 WHERE office = ?1")                                                                 \
    S(OTHERS_GET, READ,                                                                                                \
      "SELECT others FROM peer WHERE office = ?1")                                                                     \
    S(NODE_GET, READ,                                                                                                  \
      "SELECT hash FROM ledger_node WHERE key = ?1")                                                                   \
    S(NODE_PUT, WRITE,                                                                                                 \
      "INSERT INTO ledger_node (key, hash) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING")                              \
    S(GAP_PUT, WRITE,                                                                                                  \
      "INSERT INTO ledger_gap (first, until, at) VALUES (?1, ?2, ?3)")                                                 \
    S(GAP_AT, READ,                                                                                                    \
      "SELECT first, until FROM ledger_gap WHERE first <= ?1 ORDER BY first DESC LIMIT 1")                             \
    S(REPEAT_ADD, WRITE, "INSERT INTO entry_repeat (idx, again) VALUES (?1, ?2)")                                      \
    S(REPEAT_NEXT, READ, "SELECT idx, again FROM entry_repeat WHERE idx > ?1 ORDER BY idx LIMIT 1")                    \
    S(REPEAT_GET, READ,                                                                                                \
      "SELECT coalesce((SELECT again FROM entry_repeat WHERE idx = ?1), 0), "                                          \
      "coalesce((SELECT idx FROM entry_repeat WHERE again = ?1), 0)")                                                  \
    S(REPEAT_OUTBOX, WRITE, "UPDATE outbox SET idx = ?2 WHERE key = ?1")                                               \
    S(REPEAT_RECEIPT, WRITE, "UPDATE inbox_receipt SET receipt_index = ?2 WHERE key = ?1")                             \
    S(REPEAT_MATERIAL, WRITE, "UPDATE material_out SET idx = ?3 WHERE peer_no = ?1 AND idx = ?2")                      \
    S(REPEAT_EDITION, WRITE, "UPDATE edition_sent SET idx = ?3 WHERE peer_no = ?1 AND idx = ?2")                       \
    S(REPEAT_OBJECT_EVENT, WRITE, "UPDATE object_event SET ref = ?2 WHERE own = 1 AND ref = ?1")                       \
    S(REPEAT_EVENT, WRITE,                                                                                             \
      "UPDATE event SET ref = ?3 WHERE id >= ?1 << 20 AND id < (?1 + 1) << 20 AND own = 1 AND ref = ?2")               \
    S(REPEAT_DOCUMENT, WRITE, "UPDATE document SET ref = ?3 WHERE case_id = ?1 AND own = 1 AND ref = ?2")              \
    S(CHECKPOINT_TAKE, WRITE,                                                                                          \
      "INSERT INTO checkpoint (size, note, cosigned, cosignatures) VALUES (?1, ?2, 1, ?3)")                            \
    S(CHECKPOINT_COVERING, READ,                                                                                       \
      "SELECT size, note, cosignatures FROM checkpoint WHERE size > ?1 AND size <= ?2 "                                \
      "ORDER BY size DESC LIMIT 1")                                                                                    \
    S(PEER_RAISE_SEQ, WRITE,                                                                                           \
      "UPDATE peer SET next_seq = ?2 WHERE peer_no = ?1 AND next_seq < ?2")                                            \
    S(CASE_SERIAL_SKIP, WRITE,                                                                                         \
      "INSERT INTO case_serial (day, serial) VALUES (?1, ?2) "                                                         \
      "ON CONFLICT (day) DO UPDATE SET serial = serial + excluded.serial")                                             \
    S(DOCUMENT_SERIAL_SKIP, WRITE,                                                                                     \
      "INSERT INTO document_serial (kind, year, serial) VALUES (?1, ?2, ?3) "                                          \
      "ON CONFLICT (kind, year) DO UPDATE SET serial = serial + excluded.serial")                                      \
    S(OBJECT_SERIAL_SKIP, WRITE,                                                                                       \
      "INSERT INTO object_serial (kind, year, serial) VALUES (?1, ?2, ?3) "                                            \
      "ON CONFLICT (kind, year) DO UPDATE SET serial = serial + excluded.serial")                                      \
    /* idempotency */                                                                                                  \
    S(IDEMPOTENCY_GET, READ, "SELECT request_hash, status, body FROM idempotency WHERE key = ?1 AND staff = ?2")       \
    S(IDEMPOTENCY_PUT, WRITE,                                                                                          \
      "INSERT INTO idempotency (at, staff, key, request_hash, status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")          \
    S(IDEMPOTENCY_PRUNE, WRITE,                                                                                        \
      "DELETE FROM idempotency WHERE id < (SELECT min(id) FROM idempotency) + 4 AND at < ?1")                          \
    /* catalogue and authorisations */                                                                                 \
    S(ITEM_PUT, WRITE,                                                                                                 \
      "INSERT INTO item (office, code, version, edition, json, name, first_edition) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?4) " \
      "ON CONFLICT (office, code, version) DO UPDATE SET edition = excluded.edition, json = excluded.json, "           \
      "name = excluded.name, first_edition = CASE WHEN item.edition = excluded.edition - 1 THEN item.first_edition "   \
      "ELSE excluded.edition END")                                                                                     \
    S(ITEM_HIGHEST, READ, "SELECT max(version) FROM item WHERE office = ?1 AND code = ?2")                             \
    S(ITEM_GET, READ,                                                                                                  \
      "SELECT i.version, i.edition = coalesce(e.edition, i.edition), i.json FROM item i "                              \
      "LEFT JOIN edition e ON e.office = i.office WHERE i.office = ?1 AND i.code = ?2 AND i.version = ?3")             \
    S(ITEM_NEWEST, READ,                                                                                               \
      "SELECT i.version, 1, i.json FROM item i JOIN edition e ON e.office = i.office AND e.edition = i.edition "       \
      "WHERE i.office = ?1 AND i.code = ?2 ORDER BY i.version DESC LIMIT 1")                                           \
    S(ITEM_EACH, READ,                                                                                                 \
      "SELECT i.office, i.edition, i.json, i.first_edition FROM item i JOIN edition e ON e.office = i.office AND e.edition = i.edition " \
      "WHERE ?1 IS NULL OR i.office = ?1 ORDER BY i.office, i.code, i.version")                                        \
    S(EDITION_GET, READ, "SELECT edition, digest FROM edition WHERE office = ?1")                                      \
    S(EDITION_PUT, WRITE,                                                                                              \
      "INSERT INTO edition (office, edition, digest) VALUES (?1, ?2, ?3) "                                             \
      "ON CONFLICT (office) DO UPDATE SET edition = excluded.edition, digest = excluded.digest")                       \
    S(HISTORY_PUT, WRITE,                                                                                              \
      "INSERT INTO edition_history (office, edition, at, staff, note, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")       \
    S(HISTORY_EACH, READ,                                                                                              \
      "SELECT id, office, edition, at, staff, note, changes FROM edition_history WHERE (?1 IS NULL OR office = ?1) "   \
      "AND id < ?2 ORDER BY id DESC")                                                                                  \
    S(HISTORY_LAST, READ, "SELECT coalesce(max(edition), 0) FROM edition_history WHERE office = ?1")                   \
    S(EDITION_SENT, WRITE, "INSERT INTO edition_sent (peer_no, edition, idx) VALUES (?1, ?2, ?3)")                     \
    S(EDITION_SETTLE, WRITE,                                                                                           \
      "UPDATE edition_sent SET verdict = ?3, at = ?4, problem = ?5 WHERE peer_no = ?1 AND idx = ?2")                   \
    S(EDITION_STATES, READ,                                                                                            \
      "SELECT p.office, s.edition, s.verdict, s.at, s.problem FROM edition_sent s JOIN peer p ON p.peer_no = s.peer_no " \
      "WHERE ?1 = 0 OR s.edition = ?1 ORDER BY p.office, s.edition")                                                   \
    S(FILES_GET, READ, "SELECT items FROM catalogue_files WHERE id = 1")                                               \
    S(FILES_PUT, WRITE,                                                                                                \
      "INSERT INTO catalogue_files (id, items) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET items = excluded.items")  \
    S(AUTHORISATION_PUT, WRITE,                                                                                        \
      "INSERT INTO authorisation (uuid, principal, delegate, steps, items, from_day, until_day, acceptance, announcement, " \
      "registered, finish) "                                                                                           \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (uuid) DO UPDATE SET principal = excluded.principal, " \
      "delegate = excluded.delegate, steps = excluded.steps, items = excluded.items, from_day = excluded.from_day, "   \
      "until_day = excluded.until_day, acceptance = excluded.acceptance, announcement = excluded.announcement, "        \
      "registered = excluded.registered, finish = excluded.finish")                                                    \
    S(AUTHORISATION_GET, READ,                                                                                         \
      "SELECT uuid, principal, delegate, steps, items, from_day, until_day, acceptance, announcement, registered, finish " \
      "FROM authorisation WHERE uuid = ?1")                                                                            \
    S(AUTHORISATION_FIND, READ,                                                                                        \
      "SELECT uuid, principal, delegate, steps, items, from_day, until_day, acceptance, announcement, registered, finish " \
      "FROM authorisation WHERE principal = ?1 AND delegate = ?2 ORDER BY until_day DESC, id")                         \
    S(AUTHORISATION_SPAN_ADD, WRITE, "INSERT INTO authorisation_span (uuid, from_ms, until_ms) VALUES (?1, ?2, ?3)")   \
    S(AUTHORISATION_SPAN_FORGET, WRITE, "DELETE FROM authorisation_span WHERE uuid = ?1")                              \
    S(AUTHORISATION_SPAN_LIST, READ, "SELECT from_ms, until_ms FROM authorisation_span WHERE uuid = ?1 ORDER BY from_ms, id LIMIT ?2") \
    S(AUTHORISATION_SPAN_AT, READ,                                                                                     \
      "SELECT 1 FROM authorisation_span WHERE uuid = ?1 AND from_ms <= ?2 AND (until_ms = 0 OR until_ms > ?2) LIMIT 1") \
    /* registers */                                                                                                    \
    S(OBJECT_SERIAL, WRITE,                                                                                            \
      "INSERT INTO object_serial (kind, year, serial) VALUES (?1, ?2, 1) "                                             \
      "ON CONFLICT (kind, year) DO UPDATE SET serial = serial + 1 RETURNING serial")                                   \
    S(OBJECT_INSERT, WRITE,                                                                                            \
      "INSERT INTO object (no, kind, owner, other, case_id, case_no, uuid, state, local_state, pending, rev, opened, changed, " \
      "due_day, open, turn, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)")   \
    S(OBJECT_UPDATE, WRITE,                                                                                            \
      "UPDATE object SET state = ?2, local_state = ?3, pending = ?4, rev = ?5, changed = ?6, due_day = ?7, open = ?8, turn = ?9, " \
      "doc = ?10 WHERE id = ?1")                                                                                       \
    S(OBJECT_BY_NO, READ, "SELECT " OBJECT_COLUMNS " FROM object WHERE no = ?1")                                       \
    S(OBJECT_BY_ID, READ, "SELECT " OBJECT_COLUMNS " FROM object WHERE id = ?1")                                       \
    S(OBJECT_MAX, READ, "SELECT max(id) FROM object")                                                                  \
    S(OBJECT_SCAN, READ,                                                                                               \
      "SELECT " OBJECT_COLUMNS " FROM object WHERE id > ?1 AND id <= ?2 AND opened < ?4 AND (open = 1 OR changed >= ?3) ORDER BY id") \
    S(OBJECT_GRANT_NO, READ, "SELECT no FROM object INDEXED BY object_kind WHERE kind = 0 AND uuid = ?1 LIMIT 1")      \
    S(OBJECT_UUID, READ, "SELECT 1 FROM object INDEXED BY object_kind WHERE kind = ?1 AND uuid = ?2 LIMIT 1")            \
    S(OBJECT_LIST, READ,                                                                                               \
      "SELECT " OBJECT_COLUMNS " FROM object INDEXED BY object_kind WHERE kind = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3") \
    S(OBJECT_LIST_OPEN, READ,                                                                                          \
      "SELECT " OBJECT_COLUMNS " FROM object INDEXED BY object_open WHERE open = 1 AND kind = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3") \
    S(OBJECT_LIST_CASE, READ,                                                                                          \
      "SELECT " OBJECT_COLUMNS " FROM object INDEXED BY object_case WHERE case_id = ?1 AND case_id <> 0 AND id < ?2 "  \
      "ORDER BY id DESC LIMIT ?3")                                                                                     \
    S(OBJECT_LIST_TURN, READ,                                                                                          \
      "SELECT " OBJECT_COLUMNS " FROM object INDEXED BY object_turn_due WHERE turn = 1 AND (due_day = 0) >= ?1 "       \
      "AND (due_day = 0, due_day, -id) > (?1, ?2, ?3) ORDER BY due_day = 0, due_day, -id LIMIT ?4")                    \
    S(OBJECT_LIST_DUE, READ,                                                                                           \
      "SELECT " OBJECT_COLUMNS " FROM object INDEXED BY object_due WHERE open = 1 AND due_day <> 0 AND kind = ?1 "     \
      "AND due_day < ?2 AND (due_day, id) > (?3, ?4) ORDER BY due_day, id LIMIT ?5")                                   \
    S(OBJECT_LIGHTS, READ,                                                                                             \
      "SELECT opened, due_day, local_state FROM object INDEXED BY object_due WHERE open = 1 AND due_day <> 0 AND kind = ?1 LIMIT ?2") \
    S(OBJECT_EVENT_LAST, READ, "SELECT max(id) FROM object_event WHERE id >= ?1 AND id <= ?2")                         \
    S(OBJECT_EVENT_ADD, WRITE,                                                                                         \
      "INSERT INTO object_event (id, rev, own, ref, peer, verdict) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                   \
    S(OBJECT_EVENT_SETTLE, WRITE, "UPDATE object_event SET rev = max(rev, ?2), verdict = ?3 WHERE id = ?1")            \
    S(OBJECT_EVENT_OWN, READ, "SELECT id, verdict FROM object_event WHERE own = 1 AND ref = ?1")                       \
    S(OBJECT_EVENT_LIST, READ,                                                                                         \
      "SELECT id, rev, own, ref, peer, verdict FROM object_event WHERE id >= ?1 AND id <= ?2 ORDER BY id") \
    S(OBJECT_WAIT_ADD, WRITE, "INSERT INTO object_wait (object_id, sha256) VALUES (?1, ?2) ON CONFLICT DO NOTHING")    \
    S(OBJECT_WAIT_FORGET, WRITE, "DELETE FROM object_wait WHERE sha256 = ?1")                                          \
    /* materials */                                                                                                    \
    S(MATERIAL_SCAN, READ, "SELECT sha256, size, type, at FROM material WHERE sha256 > ?1 ORDER BY sha256 LIMIT ?2")   \
    S(MATERIAL_COUNT, READ, "SELECT max(id) FROM material")                                                            \
    S(MATERIAL_PUT, WRITE,                                                                                             \
      "INSERT INTO material (sha256, size, type, at, again) VALUES (?1, ?2, ?3, ?4, "                                  \
      "iif(EXISTS (SELECT 1 FROM erase_file WHERE sha256 = ?1), ?4, 0)) ON CONFLICT (sha256) DO UPDATE SET again = excluded.at") \
    S(MATERIAL_GET, READ, "SELECT sha256, size, type, at FROM material WHERE sha256 = ?1")                             \
    S(MATERIAL_WAIT_ADD, WRITE,                                                                                        \
      "INSERT INTO material_wait (case_id, sha256) VALUES (?1, ?2) ON CONFLICT (sha256, case_id) DO NOTHING")          \
    S(MATERIAL_WAIT_DONE, READ,                                                                                        \
      "SELECT w.case_id FROM material_wait w WHERE w.sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM material_wait o "       \
      "WHERE o.case_id = w.case_id AND o.sha256 <> ?1) ORDER BY w.case_id")                                            \
    S(MATERIAL_WAIT_FORGET, WRITE, "DELETE FROM material_wait WHERE sha256 = ?1")                                      \
    S(MATERIAL_WAITS, READ, "SELECT count(*) FROM material_wait WHERE case_id = ?1")                                   \
    S(MATERIAL_EXPECTED, READ,                                                                                         \
      "SELECT 1 FROM material_wait WHERE sha256 = ?1 UNION ALL SELECT 1 FROM material WHERE sha256 = ?1 "              \
      "UNION ALL SELECT 1 FROM object_wait WHERE sha256 = ?1 LIMIT 1")                                                 \
    S(MATERIAL_CASE_ADD, WRITE, "INSERT OR IGNORE INTO material_case (sha256, case_id) VALUES (?1, ?2)")               \
    S(MATERIAL_CASES, READ, "SELECT case_id FROM material_case WHERE sha256 = ?1 ORDER BY case_id LIMIT ?2")           \
    S(MATERIAL_OUT_ADD, WRITE,                                                                                         \
      "INSERT INTO material_out (peer_no, idx, sha256) VALUES (?1, ?2, ?3) ON CONFLICT (peer_no, idx, sha256) DO NOTHING") \
    S(MATERIAL_OUT_READY, WRITE, "UPDATE material_out SET ready = 1 WHERE peer_no = ?1 AND idx = ?2")                  \
    S(MATERIAL_OUT_DROP, WRITE, "DELETE FROM material_out WHERE peer_no = ?1 AND idx = ?2")                            \
    S(MATERIAL_OUT_NEXT, READ,                                                                                         \
      "SELECT m.sha256, m.size, m.type, m.at FROM material_out o JOIN material m ON m.sha256 = o.sha256 "              \
      "WHERE o.peer_no = ?1 AND o.ready = 1 AND o.parked = 0 AND o.id > coalesce((SELECT max(id) FROM material_out "                    \
      "WHERE peer_no = ?1 AND ready = 1 AND sha256 = ?2), 0) ORDER BY o.id LIMIT 1")                                   \
    S(MATERIAL_OUT_LIST, READ,                                                                                         \
      "SELECT m.sha256, m.size, m.type, m.at, o.parked FROM material_out o JOIN material m ON m.sha256 = o.sha256 "    \
      "WHERE o.peer_no = ?1 AND o.ready = 1 ORDER BY o.id LIMIT ?2")                                                   \
    S(MATERIAL_OUT_PARK, WRITE, "UPDATE material_out SET parked = ?3 WHERE peer_no = ?1 AND sha256 = ?2 AND ready = 1") \
    S(MATERIAL_OUT_DONE, WRITE, "DELETE FROM material_out WHERE peer_no = ?1 AND sha256 = ?2 AND ready = 1")           \
    /* joint cases */                                                                                                  \
    S(JOINT_INSERT, WRITE,                                                                                             \
      "INSERT INTO joint (joint_no, item, version, title, rule, state, entry, withdrawn, ended, opened, closed, applicant, number) " \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")                                                  \
    S(JOINT_UPDATE, WRITE, "UPDATE joint SET state = ?2, withdrawn = ?3, ended = ?4, closed = ?5 WHERE id = ?1")       \
    S(JOINT_BY_NO, READ, "SELECT " JOINT_COLUMNS " FROM joint WHERE joint_no = ?1")                                    \
    S(JOINT_BY_ID, READ, "SELECT " JOINT_COLUMNS " FROM joint WHERE id = ?1")                                          \
    S(JOINT_LIST, READ, "SELECT " JOINT_COLUMNS " FROM joint WHERE id < ?1 ORDER BY id DESC LIMIT ?2")                 \
    S(JOINT_LIST_OPEN, READ,                                                                                           \
      "SELECT " JOINT_COLUMNS " FROM joint INDEXED BY joint_open WHERE state = 0 AND id < ?1 ORDER BY id DESC LIMIT ?2") \
    S(JOINT_LIST_WORDS, READ,                                                                                          \
      "SELECT " JOINT_COLUMNS " FROM joint WHERE joint_no = ?1 AND id < ?2 AND (?3 = 0 OR state = 0) "                 \
      "UNION SELECT " JOINT_COLUMNS " FROM joint WHERE applicant = ?1 AND id < ?2 AND (?3 = 0 OR state = 0) "          \
      "UNION SELECT " JOINT_COLUMNS " FROM joint WHERE number = ?1 AND id < ?2 AND (?3 = 0 OR state = 0) "             \
      "ORDER BY id DESC LIMIT ?4")                                                                                     \
    S(JOINT_LEG_PUT, WRITE,                                                                                            \
      "INSERT INTO joint_leg (" LEG_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET " \
      "state = excluded.state, case_id = excluded.case_id, opened = excluded.opened, due_day = excluded.due_day, "     \
      "due_provisional = excluded.due_provisional, reason = excluded.reason")                                          \
    S(JOINT_LEG_LIST, READ, "SELECT " LEG_COLUMNS " FROM joint_leg WHERE id >= ?1 AND id < ?2 ORDER BY id")            \
    S(JOINT_LEG_OF_CASE, READ, "SELECT id FROM joint_leg WHERE case_id = ?1")                                          \
    /* numbers of line systems */                                                                                      \
    S(FOREIGN_FIND, READ,                                                                                              \
      "SELECT case_no FROM foreign_number JOIN cases ON cases.id = case_id WHERE value = ?1 AND system = ?2")          \
    S(FOREIGN_ADD, WRITE, "INSERT INTO foreign_number (case_id, system, value, staff, at) VALUES (?1, ?2, ?3, ?4, ?5)") \
    S(FOREIGN_REMOVE, WRITE, "DELETE FROM foreign_number WHERE case_id = ?1 AND system = ?2 AND value = ?3")           \
    S(FOREIGN_LIST, READ, "SELECT system, value FROM foreign_number WHERE case_id = ?1 ORDER BY id")                   \
    /* hooks */                                                                                                        \
    S(HOOK_GET, READ, "SELECT idx, ahead, part FROM hook WHERE name = ?1")                                             \
    S(HOOK_PUT, WRITE,                                                                                                 \
      "INSERT INTO hook (name, idx, ahead, part) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET "            \
      "idx = excluded.idx, ahead = excluded.ahead, part = excluded.part")                                              \
    /* retention */                                                                                                    \
    S(RETENTION_CLOSED, READ,                                                                                          \
      "SELECT id, case_no, home, item, item_version, closed FROM cases WHERE id > ?1 AND id <= ?4 AND open = 0 AND closed <> 0 " \
      "AND closed < ?2 AND pending = 0 AND NOT EXISTS (SELECT 1 FROM erased WHERE case_id = cases.id) "                \
      "AND NOT EXISTS (SELECT 1 FROM retention_hold WHERE case_id = cases.id) "                                        \
      "AND NOT EXISTS (SELECT 1 FROM joint_leg WHERE case_id = cases.id) "                                             \
      "AND NOT EXISTS (SELECT 1 FROM object WHERE case_id = cases.id AND case_id <> 0 AND (open = 1 OR pending > 0)) ORDER BY id LIMIT ?3") \
    S(RETENTION_SPAN, READ, "SELECT max(id) FROM cases")                                                               \
    S(SWEEP_GET, READ, "SELECT began, ended, cases, kept FROM retention_sweep WHERE id = 1")                           \
    S(SWEEP_PUT, WRITE, "INSERT OR REPLACE INTO retention_sweep (id, began, ended, cases, kept) VALUES (1, ?1, ?2, ?3, ?4)") \
    S(RETENTION_BYTES, READ,                                                                                           \
      "SELECT coalesce(sum(m.size), 0) FROM material_case c JOIN material m ON m.sha256 = c.sha256 WHERE c.case_id = ?1") \
    S(ERASE_ENTRY, WRITE, "UPDATE entry SET line = ?2 WHERE idx = ?1")                                                 \
    S(ERASE_INBOX, WRITE, "UPDATE inbox SET line = ?2 WHERE key = ?1")                                                 \
    S(ERASE_CASE, WRITE, "UPDATE cases SET applicant = NULL, number = NULL WHERE id = ?1")                             \
    S(ERASE_DOCUMENTS, WRITE, "UPDATE document SET void_reason = '' WHERE case_id = ?1")                               \
    S(ERASE_FOREIGN, WRITE, "DELETE FROM foreign_number WHERE case_id = ?1")                                           \
    S(ERASE_OBJECTS, WRITE, "UPDATE object SET doc = '{}' WHERE case_id = ?1 AND case_id <> 0")                        \
    S(ERASE_OBJECT_EVENTS, READ,                                                                                       \
      "SELECT e.own, e.ref, e.peer FROM object o CROSS JOIN object_event e WHERE o.case_id = ?1 AND o.case_id <> 0 " \
      "AND e.id >= o.id << 20 AND e.id < (o.id + 1) << 20")                                                            \
    S(ERASE_FILES_ADD, WRITE,                                                                                          \
      "INSERT OR IGNORE INTO erase_file (sha256) SELECT sha256 FROM material_case c WHERE case_id = ?1 "               \
      "AND NOT EXISTS (SELECT 1 FROM material_case o WHERE o.sha256 = c.sha256 AND o.case_id <> ?1) "                  \
      "AND NOT EXISTS (SELECT 1 FROM material_out o WHERE o.sha256 = c.sha256)")                                       \
    S(ERASE_MATERIALS, WRITE,                                                                                          \
      "DELETE FROM material WHERE sha256 IN (SELECT sha256 FROM erase_file WHERE sha256 > '') AND again < ?1 "         \
      "AND NOT EXISTS (SELECT 1 FROM material_case o WHERE o.sha256 = material.sha256) "                               \
      "AND NOT EXISTS (SELECT 1 FROM material_out o WHERE o.sha256 = material.sha256)")                                \
    S(ERASE_MATERIAL_CASE, WRITE, "DELETE FROM material_case WHERE case_id = ?1")                                      \
    S(ERASE_FILE_NEXT, READ,                                                                                           \
      "SELECT sha256, EXISTS (SELECT 1 FROM material m WHERE m.sha256 = e.sha256), "                                   \
      "EXISTS (SELECT 1 FROM material_case o WHERE o.sha256 = e.sha256) OR EXISTS (SELECT 1 FROM material_out o WHERE o.sha256 = e.sha256) " \
      "FROM erase_file e WHERE sha256 > ?1 ORDER BY sha256 LIMIT 1")                                                   \
    S(ERASE_FILE_DONE, WRITE, "DELETE FROM erase_file WHERE sha256 = ?1")                                              \
    S(ERASED_NEXT, READ,                                                                                               \
      "SELECT c.id, c.case_no, c.home, c.item, c.item_version, c.closed, e.at FROM erased e CROSS JOIN cases c ON c.id = e.case_id " \
      "WHERE e.case_id > ?1 ORDER BY e.case_id LIMIT 1")                                                               \
    S(ERASED_HAS, READ, "SELECT 1 FROM erased WHERE case_id = ?1")                                                     \
    S(ERASED_ADD, WRITE, "INSERT INTO erased (case_id, at, rule, lines, materials) VALUES (?1, ?2, ?3, ?4, ?5)")       \
    S(HOLD_ADD, WRITE, "INSERT OR REPLACE INTO retention_hold (case_id, at, uid, reason, entry) VALUES (?1, ?2, ?3, ?4, ?5)") \
    S(HOLD_NEXT, READ,                                                                                                 \
      "SELECT h.case_id, c.case_no, h.at, h.uid, h.reason, coalesce(h.entry, -1) FROM retention_hold h "               \
      "CROSS JOIN cases c ON c.id = h.case_id WHERE h.case_id > ?1 ORDER BY h.case_id LIMIT 1")                        \
    S(HOLD_COUNT, READ, "SELECT count(*) FROM retention_hold")                                                         \
    S(HOLD_DROP, WRITE, "DELETE FROM retention_hold WHERE case_id = ?1")                                               \
    /* enrolled staff */                                                                                               \
    S(STAFF_PUT, WRITE,                                                                                                \
      "INSERT INTO staff (" STAFF_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (staff) DO UPDATE SET " \
      "name = excluded.name, role = excluded.role, desk = excluded.desk, township = excluded.township, "               \
      "certificate = excluded.certificate, state = excluded.state, reason = excluded.reason, changed = excluded.changed, " \
      "changed_by = excluded.changed_by")                                                                              \
    S(STAFF_GET, READ, "SELECT " STAFF_COLUMNS " FROM staff WHERE staff = ?1")                                         \
    S(STAFF_LIST, READ, "SELECT " STAFF_COLUMNS " FROM staff ORDER BY id LIMIT ?1")                                    \
    S(STAFF_COUNT, READ, "SELECT count(*) FROM staff")                                                                 \
    S(DESK_ADD, WRITE, "INSERT INTO staff_desk (entry, staff, desk, township) VALUES (?1, ?2, ?3, ?4)")                \
    S(DESK_LAST, READ,                                                                                                 \
      "SELECT entry, staff, desk, township FROM staff_desk WHERE staff = ?1 AND entry < ?2 ORDER BY entry DESC LIMIT 1")  \
    S(KEY_ADD, WRITE, "INSERT INTO ledger_key (office, vkey, rotation, since, accepted_by) VALUES (?1, ?2, ?3, ?4, ?5)") \
    S(KEY_LIST, READ, "SELECT office, vkey, rotation, since, accepted_by FROM ledger_key WHERE office = ?1 ORDER BY id")

enum sql_id {
#define S(name, who, text) SQL_##name,
    STATEMENT_TABLE(S)
#undef S
    SQL_COUNT
};

#endif
