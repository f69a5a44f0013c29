/* limits: every length, count, depth and time that something outside can drive, with its unit and its reason.
 *
 * One table for the whole project (style rule 6).  LIMIT_TABLE is an X-macro, so that documentation and tests come from the
 * same rows: LIMIT(name, value, unit, reason).  The constants are LIMIT_<NAME>. */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#define LIMIT_TABLE(LIMIT)                                                                                             \
    /* data */                                                                                                         \
    LIMIT(JSON_DEPTH, 16, "levels", "deepest document of our schemas is 7")                                            \
    LIMIT(ENTRY_BYTES, 512 * 1024, "bytes", "one ledger entry; a catalogue edition of 250 full items fits")                 \
    LIMIT(CASE_BODY_BYTES, 64 * 1024, "bytes", "one window request about a case")                                      \
    LIMIT(NAME_BYTES, 300, "bytes", "a person's or body's name, 100 hanzi")                                            \
    LIMIT(TEXT_BYTES, 6000, "bytes", "a reason or remark, 2,000 hanzi")                                                \
    LIMIT(CASE_MATERIALS, 200, "files", "materials of one case")                                                       \
    LIMIT(MATERIAL_BYTES, 500LL * 1024 * 1024, "bytes", "one scan (design 4)")                                         \
    LIMIT(CATALOGUE_ITEMS, 2000, "items", "one office's catalogue")                                                    \
    LIMIT(JOINT_LEGS, 16, "legs", "one joint case; the household move has 3")                                          \
    LIMIT(LEG_DAYS, 1000, "days", "time of one leg, as the limits of items")                                           \
    LIMIT(OBJECT_ACTS, 500, "acts", "on one object of a register, each read again at every act; it can still be ended")  \
    LIMIT(OBJECT_BYTES, 256 * 1024, "bytes", "content of one object of a register; a list shows 100 of them")           \
    LIMIT(FOREIGN_NUMBERS, 16, "numbers", "of line systems, on one case at one office")                                \
    LIMIT(FOREIGN_SYSTEM_BYTES, 60, "bytes", "name of a line system, 20 hanzi")                                        \
    LIMIT(FOREIGN_NUMBER_BYTES, 100, "bytes", "number of a case in a line system")                                     \
    LIMIT(LICENCE_ID_BYTES, 94, "bytes", "identifier of an e-licence, GB/T 36904, with a serial of 32")                   \
    LIMIT(LIST_PAGE, 100, "rows", "largest page of a list")                                                            \
    LIMIT(RESULT_CASES, 8, "cases", "that have one document number; more than one is an error of a typist")             \
    LIMIT(PROGRESS_CLIENT, 60, "questions", "about progress from one certificate in PROGRESS_MS; a counter asks a few")     \
    LIMIT(PROGRESS_CASE, 10, "questions", "about one case number in PROGRESS_MS: a query code of 32 bits is not guessed")   \
    LIMIT(PROGRESS_MS, 60 * 1000, "ms", "what these two count in; the Retry-After of 429")                              \
    LIMIT(PROGRESS_SLOTS, 1024, "names", "certificates and cases counted at a time; beyond, the question waits")        \
    LIMIT(STAFF_PER_S, 50, "requests/s", "default of `admission.staff_per_s`: of one member of staff, counted for each class") \
    LIMIT(PEER_PER_S, 200, "requests/s", "default of `admission.peer_per_s`: of one counterpart, counted for each class")     \
    LIMIT(ADMISSION_BURST_S, 10, "s", "so many seconds' worth of requests may come at once; then 429")                 \
    LIMIT(ADMISSION_NAMES, 4096, "names", "senders counted at a time; the one that asked longest ago is forgotten")    \
    LIMIT(ADMISSION_MAX, 100000, "", "largest value of each key of `admission`")                                       \
    LIMIT(IDEMPOTENCY_KEY_BYTES, 64, "bytes", "a UUID has 36")                                                         \
    /* exchange between offices */                                                                                     \
    LIMIT(BATCH_MESSAGES, 256, "messages", "one batch (design 4)")                                                     \
    LIMIT(BATCH_BYTES, 1024 * 1024, "bytes", "raw entry lines of one batch (design 4); one larger entry goes alone")   \
    LIMIT(BATCH_HEADER_BYTES, 1024 * 1024, "bytes", "header line with 256 proofs of 64 hashes")                        \
    LIMIT(PROOF_HASHES, 64, "hashes", "a path in a tree of 2^63 leaves")                                               \
    LIMIT(NOTE_BYTES, 16 * 1024, "bytes", "a checkpoint with 16 signatures and more")                                  \
    LIMIT(NOTE_SIGNATURES, 32, "lines", "C2SP asks for at least 16")                                                   \
    LIMIT(FUTURE_MS, 10 * 60 * 1000, "ms", "an entry this far ahead of our clock is invalid")                          \
    LIMIT(BACKOFF_FIRST_MS, 500, "ms", "first retry after a failed delivery")                                          \
    LIMIT(BACKOFF_CAP_MS, 60 * 1000, "ms", "longest wait between tries in an outage (design 4)")                       \
    LIMIT(HEARTBEAT_MS, 60 * 1000, "ms", "idle exchange of checkpoints and tallies")                                   \
    LIMIT(PEER_SKEW_MS, 60 * 60 * 1000, "ms", "a difference of clocks is told this long after a peer last answered")   \
    LIMIT(PEER_CONNECT_MS, 10 * 1000, "ms", "TCP and TLS to a peer")                                                   \
    LIMIT(PEER_ANSWER_MS, 60 * 1000, "ms", "whole request to a peer, materials excepted")                              \
    LIMIT(PEER_STALL_MS, 30 * 1000, "ms", "a material transfer without a byte")                                        \
    LIMIT(PEER_ANSWER_BYTES, 4 * 1024 * 1024, "bytes", "answer of a peer to one batch")                                \
    LIMIT(MATERIAL_CHUNK_BYTES, 8 * 1024 * 1024, "bytes", "one PATCH of a material to a peer")                         \
    LIMIT(PEERS, 32, "offices", "counterparts of one office")                                                          \
    /* HTTP (anchors 7) */                                                                                             \
    LIMIT(HTTP_HEAD_BYTES, 8 * 1024, "bytes", "request line and header block")                                         \
    LIMIT(HTTP_HEADERS, 64, "fields", "header fields of one request")                                                  \
    LIMIT(HTTP_TARGET_BYTES, 1024, "bytes", "request target")                                                          \
    LIMIT(HTTP_BODY_BYTES, 64 * 1024, "bytes", "default for a route that names no other")                              \
    LIMIT(HTTP_PEER_BODY_BYTES, 3 * 1024 * 1024, "bytes", "one batch: header line, lines, newlines")                   \
    LIMIT(HTTP_HANDSHAKE_MS, 10 * 1000, "ms", "accept to end of TLS handshake")                                        \
    LIMIT(HTTP_HEAD_MS, 10 * 1000, "ms", "first byte of a request to its whole head")                                  \
    LIMIT(HTTP_BODY_STALL_MS, 10 * 1000, "ms", "a body without progress; also what a slow one has in hand")            \
    LIMIT(HTTP_BODY_MIN_RATE, 1024, "bytes/s", "a body slower than this is cut, pauses of ours excepted")              \
    LIMIT(HTTP_KNOWN_ADDRESSES, 1024, "addresses", "whose handshakes go first at a listener: one was completed lately")  \
    LIMIT(HTTP_KNOWN_MS, 24 * 60 * 60 * 1000, "ms", "how lately")                                                       \
    LIMIT(HTTP_BODIES_BYTES, 128 * 1024 * 1024, "bytes", "request bodies kept at one listener; beyond it 503")         \
    LIMIT(HTTP_BODIES_OF_ONE_BYTES, 32 * 1024 * 1024, "bytes", "of them with one certificate; beyond it 503")          \
    LIMIT(HTTP_REFUSED_PAUSE_MS, 500, "ms", "after 429 nothing is read from the connection; Retry-After is never shorter") \
    LIMIT(HTTP_IDLE_MS, 30 * 1000, "ms", "keep-alive without a request")                                               \
    LIMIT(HTTP_WRITE_STALL_MS, 30 * 1000, "ms", "an answer without progress; also what a slow reader has in hand")     \
    LIMIT(HTTP_WRITE_MIN_RATE, 1024, "bytes/s", "a reader slower than this is cut")                                    \
    LIMIT(HTTP_CONNECTIONS, 4096, "connections", "per listener; beyond it the oldest without a request is closed for a new one") \
    LIMIT(HTTP_CONNECTIONS_OF_ONE, 512, "connections", "of one address or certificate per listener; beyond it likewise among these") \
    LIMIT(HTTP_WRITE_QUEUE_BYTES, 64 * 1024, "bytes", "socket queue above which we stop producing")                    \
    /* store */                                                                                                        \
    LIMIT(STORE_QUEUE, 4096, "commands", "waiting for the writer; beyond it 503")                                      \
    LIMIT(STORE_QUEUE_OF_ONE, 512, "commands", "of one counterpart or member of staff waiting for the writer; beyond it 503")  \
    LIMIT(STORE_BATCH, 256, "commands", "in one transaction")                                                          \
    LIMIT(STORE_READ_MS, 2000, "ms", "one query; a long reader blocks the WAL checkpoint")                             \
    LIMIT(STORE_READ_QUEUE, 4096, "queries", "waiting for a reader; beyond it 503")                                    \
    LIMIT(STORE_READ_QUEUE_OF_ONE, 512, "queries", "of one counterpart or member of staff waiting for a reader; beyond it 503") \
    LIMIT(WAL_PASSIVE_BYTES, 16 * 1024 * 1024, "bytes", "WAL size at which the writer checkpoints")                     \
    LIMIT(BACKUP_STEP_PAGES, 64, "pages", "of the database that the writer copies at a time for a backup: 256 KiB, under a millisecond")   \
    LIMIT(BACKUP_RATE, 32LL * 1024 * 1024, "bytes/s", "default of `backup.bytes_per_second`: a backup leaves the disk to the windows")   \
    LIMIT(BACKUP_FAULTS, 100, "faults", "named by one backup; all are counted")                                        \
    LIMIT(MIGRATION_COPIES, 3, "files", "copies of the database before migrations that stay beside it")               \
    LIMIT(DISK_FLOOR_BYTES, 500LL * 1024 * 1024, "bytes", "default floor under which intake is refused")               \
    LIMIT(IDEMPOTENCY_KEEP_MS, 20LL * 24 * 3600 * 1000, "ms", "stored answers of the window API are kept this long")   \
    LIMIT(UPLOAD_EXPIRES_MS, 7LL * 24 * 3600 * 1000, "ms", "an unfinished upload is kept this long")                   \
    LIMIT(UPLOADS_OPEN, 1000, "uploads", "unfinished uploads at one office")                                           \
    LIMIT(UPLOADS_ACTIVE, 64, "uploads", "being written at once; 1.1 MiB of memory each")                              \
    LIMIT(UPLOADS_ACTIVE_OF_ONE, 32, "uploads", "of them by one counterpart or member of staff; beyond it 503")        \
    LIMIT(REPORT_DAYS, 3660, "days", "period of a report: ten years, as long as cases are kept")                       \
    LIMIT(REPORT_ROWS, 1000, "rows", "one page of a report; the rest follows by its cursor")                           \
    LIMIT(REPORT_PAGE_MS, 150, "ms", "a page of a report ends after this: the lists of the windows must not wait")     \
    LIMIT(REPORTS_WAITING, 64, "requests", "pages of reports behind the one that is computed; beyond it 503")          \
    LIMIT(REPORTS_WAITING_OF_ONE, 32, "requests", "pages of reports of one member of staff; beyond it 503")              \
    LIMIT(REPORT_DIFFERENCES, 100, "differences", "named in one page of a check; all are counted")                     \
    LIMIT(LIGHT_ROWS, 200000, "rows", "groups of open cases, and open steps, that the metrics count by light each minute")  \
    LIMIT(HEALTH_PROBE_MS, 10 * 1000, "ms", "a commit of /healthz/ready answers for this long: a probe must not be a load") \
    LIMIT(HEALTH_WAIT_MS, 5 * 1000, "ms", "for the writer to answer /healthz/ready")                                   \
    LIMIT(HEALTH_WAITING, 16, "requests", "of /healthz/ready that wait at once; beyond it 503")                        \
    LIMIT(HEALTH_STALL_MS, 60 * 1000, "ms", "without a turn of the writer, after which /healthz/live says so")         \
    LIMIT(HEALTH_PEER_S, 300, "s", "since the last verified exchange, after which /healthz/peer says so; five heartbeats")  \
    LIMIT(HEALTH_PEER_MAX_S, 86400, "s", "largest `within` of /healthz/peer")                                          \
    LIMIT(CLOCK_JUMP_MS, 5 * 1000, "ms", "that the clock may leave the monotonic one behind in a minute; more is a jump") \
    LIMIT(WATCHERS, 256, "streams", "clients that follow cases live")                                                  \
    LIMIT(WATCHERS_OF_ONE, 64, "streams", "of one member of staff; beyond it 503")                                      \
    LIMIT(HOOKS, 16, "programs", "in the hook directory; each has one process at a time")                              \
    LIMIT(HOOK_NAME_BYTES, 64, "bytes", "the file name of such a program")                                             \
    LIMIT(HOOK_TIMEOUT_S, 600, "s", "largest `hooks.timeout_s`: one program, one event")                               \
    LIMIT(HOOK_KILL_MS, 2000, "ms", "from SIGTERM to SIGKILL of a program that does not end")                          \
    LIMIT(HOOK_RETRY_FIRST_MS, 1000, "ms", "first retry of an event that a program did not take; it doubles")          \
    LIMIT(HOOK_RETRY_CAP_MS, 5 * 60 * 1000, "ms", "longest wait between such tries")                                   \
    LIMIT(HOOK_OUTPUT_LINES, 20, "lines", "of a program's output that are logged per run; the rest is read and dropped") \
    LIMIT(HOOK_EVENT_BYTES, 16 * 1024, "bytes", "one event as JSON")                                                   \
    LIMIT(STAFF, 2000, "people", "enrolled while the daemon runs, the ended ones too; the configuration has its own 10,000") \
    LIMIT(STAFF_CHANGES, 20000, "changes", "of staff between two starts, each kept in memory because requests may point to it") \
    LIMIT(MATERIAL_VIEWS, 16, "cases", "that one reading of a material is a view of; the first that listed it")        \
    LIMIT(HOLDS, 5000, "cases", "held from retention at a time; a county has some dozens of reviews and suits")          \
    LIMIT(HOLD_REASON_BYTES, 300, "bytes", "why a case is held or released, 100 hanzi")                                \
    LIMIT(AUDIT_ENTRIES, 5000, "entries", "of the ledger looked at for one page of views; the next page goes on")      \
    LIMIT(RECOVER_ROWS, 100000, "rows", "messages with receipts, checkpoints, and messages of theirs, from one counterpart") \
    LIMIT(RECOVER_BYTES, 512 * 1024 * 1024, "bytes", "of lines and messages, taken back from one counterpart")          \
    LIMIT(RECOVER_NAMED, 200, "cases", "with a lost act of this office that the answer to tongbanctl recover names")    \
    LIMIT(RECOVER_NODES, 1000000, "subtrees", "of our own ledger, worked out of what the counterparts kept")           \
    LIMIT(CONTROL_LINE_BYTES, 8 * 1024, "bytes", "one request at the control socket")                                  \
    LIMIT(CONTROL_PEERS, 16, "connections", "at the control socket; beyond it the new one is closed")                  \
    LIMIT(CONTROL_MS, 5 * 1000, "ms", "from the connection to the whole request, and for taking the answer")           \
    LIMIT(STOP_MS, 10 * 1000, "ms", "draining after SIGTERM")                                                          \
    LIMIT(STOP_FRESH_MS, 1000, "ms", "of that, for a connection that has asked nothing yet")                           \
    LIMIT(LOG_TEXT_BYTES, 128, "bytes", "text from outside in one log field")                                          \
    LIMIT(TRACE_AGE_MS, 10 * 60 * 1000, "ms", "between our clock and the time in a request id from outside; else a new one") \
    /* client */                                                                                                       \
    LIMIT(CLIENT_CONNECT_MS, 10 * 1000, "ms", "TCP and TLS to the office's server")                                    \
    LIMIT(CLIENT_ANSWER_MS, 60 * 1000, "ms", "one request of the window program; streams excepted")                    \
    LIMIT(CLIENT_STALL_S, 30, "s", "an upload without a byte")                                                         \
    LIMIT(CLIENT_RETRIES, 4, "times", "repeating a request after a broken connection")                                 \
    LIMIT(CLIENT_RETRY_AFTER_S, 10, "s", "longest Retry-After that is waited for; a longer one is told to the person")  \
    LIMIT(CLIENT_CHUNK_BYTES, 4 * 1024 * 1024, "bytes", "one PATCH of an upload")                                      \
    LIMIT(CLIENT_ANSWER_BYTES, 64 * 1024 * 1024, "bytes", "one answer: the proof bundle of a case with 200 materials") \
    LIMIT(PKI_INDEX_BYTES, 16 * 1024 * 1024, "bytes", "index of a small authority: some 100,000 certificates")          \
    LIMIT(PKI_ADDRESSES_BYTES, 1024, "bytes", "addresses of one server in its certificate")                            \
    LIMIT(PKI_PASSPHRASE_LEAST, 8, "bytes", "passphrase of a small authority's key, shortest")                         \
    LIMIT(PKI_PASSPHRASE_BYTES, 1024, "bytes", "passphrase of a small authority's key, longest")                       \
    LIMIT(PKI_PBKDF2_ROUNDS, 600000, "rounds", "HMAC-SHA-256 between that passphrase and the key it opens")            \
    LIMIT(AUTHORITIES_OF_ONE, 4, "certificates", "in one `authority` file: the present authority, and the next while one follows on the other") \
    LIMIT(CRL_BYTES, 4 * 1024 * 1024, "bytes", "one file of revocation lists: some 100,000 certificates")                \
    LIMIT(CRL_AGE_DAYS, 3650, "days", "largest `crl_max_age_days`")                                                   \
    LIMIT(CRL_LOOK_S, 3600, "s", "between two looks whether a revocation list has changed or grown old")              \
    LIMIT(REPORT_BYTES, 1024LL * 1024 * 1024, "bytes", "a whole report of ten years as text, at the client")           \
    LIMIT(CASE_ROW_BYTES, 256 * 1024, "bytes", "one case in a file of cases: a request of 64 KiB, escaped")             \
    LIMIT(CASE_FILE_COLUMNS, 64, "columns", "of a file of cases; the table has fewer")                                 \
    LIMIT(CASE_FILE_ROWS, 100000, "rows", "of one file of cases; a larger one is cut in two")                          \
    LIMIT(CASE_FILE_SHOWN, 100, "rows", "that failed are shown; the result file has them all")                         \
    LIMIT(CONFIG_BYTES, 1024 * 1024, "bytes", "one configuration or catalogue file")

enum limit_value {
#define LIMIT(name, value, unit, reason) LIMIT_##name = (value),
    LIMIT_TABLE(LIMIT)
#undef LIMIT
};

#endif
