-- The record: appended to, never changed.

CREATE TABLE dialog (
    id INTEGER PRIMARY KEY,
    dialog TEXT NOT NULL UNIQUE CHECK (dialog <> '')
) STRICT;

-- One version of one manifest, as far as it led to an action.
CREATE TABLE manifest (
    id INTEGER PRIMARY KEY,
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (dialog_id, digest, name, path)
) STRICT;

CREATE INDEX manifest_by_name ON manifest (name);

CREATE TABLE action (
    number INTEGER PRIMARY KEY,
    manifest_id INTEGER NOT NULL REFERENCES manifest (id),
    message TEXT CHECK (message <> ''),
    actor INTEGER NOT NULL,
    text_digest BLOB,
    text TEXT,
    replaced INTEGER REFERENCES action (number),
    read INTEGER NOT NULL CHECK (read IN (0, 1)),
    delivered INTEGER NOT NULL CHECK (delivered IN (0, 1)),
    origin_line INTEGER NOT NULL,
    origin_column INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    intended_at INTEGER NOT NULL,
    CHECK (message IS NOT NULL OR text_digest IS NULL),
    CHECK (text_digest IS NOT NULL OR (text IS NULL AND replaced IS NULL)),
    CHECK (text_digest IS NOT NULL OR read = 1 OR delivered = 1)
) STRICT;

CREATE INDEX action_by_manifest ON action (manifest_id);

CREATE TABLE outcome (
    action INTEGER PRIMARY KEY REFERENCES action (number),
    kind TEXT NOT NULL CHECK (kind IN ('applied', 'deferred', 'rejected', 'withdrawn')),
    cause TEXT,
    status INTEGER,
    words TEXT NOT NULL,
    request_id TEXT,
    sent_at INTEGER,
    answered_at INTEGER NOT NULL,
    CHECK (cause IN ('throttled', 'outage', 'credential', 'mixed')),
    CHECK ((kind = 'deferred') = (cause IS NOT NULL)),
    CHECK ((kind = 'withdrawn') = (sent_at IS NULL))
) STRICT;

-- They are few, so this takes little, and finds them in any record.
CREATE INDEX outcome_not_applied ON outcome (action) WHERE kind <> 'applied';

-- What people asked for, from processes of their own: appended to, never changed. `after_action` is the
-- number of the last action that was recorded by then.

CREATE TABLE approval (
    id INTEGER PRIMARY KEY,
    plan TEXT NOT NULL CHECK (plan <> ''),
    guard TEXT NOT NULL CHECK (guard IN ('rewrites', 'dialog marks')),
    reason TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_at INTEGER NOT NULL,
    after_action INTEGER NOT NULL,
    changes BLOB NOT NULL CHECK (length(changes) > 0 AND length(changes) % 16 = 0)
) STRICT;

CREATE TABLE approval_dialog (
    approval INTEGER NOT NULL REFERENCES approval (id),
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    PRIMARY KEY (approval, dialog_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE retry (
    id INTEGER PRIMARY KEY,
    dialog_id INTEGER REFERENCES dialog (id),
    reason TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    after_action INTEGER NOT NULL,
    freed INTEGER NOT NULL CHECK (freed > 0)
) STRICT;

CREATE INDEX retry_by_dialog ON retry (dialog_id, after_action);

-- The applied state: what follows from the record. It points at the actions and repeats nothing of them.

CREATE TABLE applied_text (
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    message TEXT NOT NULL CHECK (message <> ''),
    action INTEGER NOT NULL REFERENCES action (number),
    doubted_by INTEGER REFERENCES action (number),
    PRIMARY KEY (dialog_id, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE applied_mark (
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    message TEXT NOT NULL CHECK (message <> ''),
    mark TEXT NOT NULL CHECK (mark IN ('read', 'delivered')),
    user_id INTEGER NOT NULL,
    action INTEGER NOT NULL REFERENCES action (number),
    PRIMARY KEY (dialog_id, message, mark, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE applied_dialog_mark (
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    mark TEXT NOT NULL CHECK (mark IN ('read', 'delivered')),
    user_id INTEGER NOT NULL,
    action INTEGER NOT NULL REFERENCES action (number),
    requested_at TEXT,
    PRIMARY KEY (dialog_id, mark, user_id)
) STRICT, WITHOUT ROWID;

-- A key cannot hold NULL: no message is '' (the whole dialog), no mark is '' (a text) and no user is 0 (a text).
CREATE TABLE failed_attempt (
    dialog_id INTEGER NOT NULL REFERENCES dialog (id),
    message TEXT NOT NULL,
    mark TEXT NOT NULL CHECK (mark IN ('', 'read', 'delivered')),
    user_id INTEGER NOT NULL,
    action INTEGER NOT NULL REFERENCES action (number),
    retry_at INTEGER,
    PRIMARY KEY (dialog_id, message, mark, user_id),
    CHECK ((mark = '') = (user_id = 0)),
    CHECK (mark <> '' OR message <> '')
) STRICT, WITHOUT ROWID;

-- How each manifest file stood after the last pass that looked at it.

CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    location TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL,
    rules BLOB NOT NULL,
    settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
    due_at INTEGER,
    reported_at INTEGER
) STRICT;

CREATE TABLE file_dialog (
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT,
    dialog TEXT,
    origin_path TEXT NOT NULL,
    origin_line INTEGER NOT NULL,
    origin_column INTEGER NOT NULL,
    condition TEXT NOT NULL,
    labels TEXT NOT NULL,
    declared INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    held TEXT NOT NULL,
    note TEXT NOT NULL,
    due_at INTEGER,
    PRIMARY KEY (file_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_dialog_by_dialog ON file_dialog (dialog);
CREATE INDEX file_dialog_by_name ON file_dialog (name);

CREATE TABLE file_problem (
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    origin_path TEXT NOT NULL,
    origin_line INTEGER NOT NULL,
    origin_column INTEGER NOT NULL,
    what TEXT NOT NULL,
    todo TEXT NOT NULL,
    PRIMARY KEY (file_id, position)
) STRICT, WITHOUT ROWID;

-- For readers: one row a call, with what came of it. An action that was withdrawn never became a call.
CREATE VIEW history AS
SELECT
    action.number,
    manifest.dialog_id,
    dialog.dialog,
    manifest.name,
    action.message,
    action.actor,
    action.read,
    action.delivered,
    old.text_digest AS old_text_digest,
    old.text AS old_text,
    action.text_digest,
    action.text,
    manifest.path,
    action.origin_line,
    action.origin_column,
    manifest.digest AS manifest_digest,
    action.attempt,
    coalesce(outcome.sent_at, action.intended_at) AS sent_at,
    coalesce(outcome.kind, 'in doubt') AS result,
    outcome.cause,
    outcome.status,
    outcome.words,
    outcome.request_id,
    outcome.answered_at
FROM action
JOIN manifest ON manifest.id = action.manifest_id
JOIN dialog ON dialog.id = manifest.dialog_id
LEFT JOIN outcome ON outcome.action = action.number
LEFT JOIN action AS old ON old.number = action.replaced
WHERE outcome.kind IS NULL OR outcome.kind <> 'withdrawn';
