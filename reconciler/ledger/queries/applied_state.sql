-- The applied state, written with each outcome and read dialog by dialog.

-- name: doubt_texts(rows)!
-- A row of this JSON is [number, dialog_id, message] of an action that may change the text from now on, whether or
-- not its answer is ever known. No UPDATE: which side of its join comes first is the planner's choice, and statistics
-- that somebody made of a small ledger would lead it through all of a large one.
INSERT INTO applied_text (dialog_id, message, action, doubted_by)
SELECT applied_text.dialog_id, applied_text.message, applied_text.action, json_extract(value, '$[0]')
FROM json_each(:rows) CROSS JOIN applied_text ON applied_text.dialog_id = json_extract(value, '$[1]')
    AND applied_text.message = json_extract(value, '$[2]')
WHERE applied_text.doubted_by IS NULL
ON CONFLICT (dialog_id, message) DO UPDATE SET doubted_by = excluded.doubted_by;

-- name: trust_text(dialog, message, number)!
-- The action did not change the text.
UPDATE applied_text SET doubted_by = NULL
WHERE dialog_id = (SELECT id FROM dialog WHERE dialog = :dialog) AND message = :message AND doubted_by = :number;

-- What was applied, as JSON: a row is [dialog, message, mark, user, number, requested_at] of one change, its
-- key written as in failed_attempt.

-- name: apply_texts(rows)!
INSERT INTO applied_text (dialog_id, message, action)
SELECT dialog.id, json_extract(value, '$[1]'), json_extract(value, '$[4]')
FROM json_each(:rows) CROSS JOIN dialog ON dialog.dialog = json_extract(value, '$[0]')
WHERE json_extract(value, '$[2]') = ''
ON CONFLICT (dialog_id, message) DO UPDATE SET action = excluded.action, doubted_by = NULL;

-- name: apply_marks(rows)!
INSERT INTO applied_mark (dialog_id, message, mark, user_id, action)
SELECT
    dialog.id, json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM json_each(:rows) CROSS JOIN dialog ON dialog.dialog = json_extract(value, '$[0]')
WHERE json_extract(value, '$[1]') <> '' AND json_extract(value, '$[2]') <> ''
ON CONFLICT (dialog_id, message, mark, user_id) DO UPDATE SET action = excluded.action;

-- name: apply_dialog_marks(rows)!
INSERT INTO applied_dialog_mark (dialog_id, mark, user_id, action, requested_at)
SELECT
    dialog.id, json_extract(value, '$[2]'), json_extract(value, '$[3]'),
    json_extract(value, '$[4]'), json_extract(value, '$[5]')
FROM json_each(:rows) CROSS JOIN dialog ON dialog.dialog = json_extract(value, '$[0]')
WHERE json_extract(value, '$[1]') = ''
ON CONFLICT (dialog_id, mark, user_id)
DO UPDATE SET action = excluded.action, requested_at = excluded.requested_at;

-- name: failures_known(rows)
-- Those among the changes that have failed before: few as a rule, and mostly none.
SELECT failed_attempt.dialog_id, failed_attempt.message, failed_attempt.mark, failed_attempt.user_id
FROM json_each(:rows) CROSS JOIN dialog ON dialog.dialog = json_extract(value, '$[0]')
CROSS JOIN failed_attempt ON failed_attempt.dialog_id = dialog.id
    AND failed_attempt.message = json_extract(value, '$[1]') AND failed_attempt.mark = json_extract(value, '$[2]')
    AND failed_attempt.user_id = json_extract(value, '$[3]');

-- name: forget_failure(dialog_id, message, mark, user)*!
DELETE FROM failed_attempt
WHERE dialog_id = :dialog_id AND message = :message AND mark = :mark AND user_id = :user;

-- name: record_failure(dialog, message, mark, user, number, retry_at)*!
INSERT INTO failed_attempt (dialog_id, message, mark, user_id, action, retry_at)
SELECT id, :message, :mark, :user, :number, :retry_at FROM dialog WHERE dialog = :dialog
ON CONFLICT (dialog_id, message, mark, user_id)
DO UPDATE SET action = excluded.action, retry_at = excluded.retry_at;

-- name: applied_texts(dialog)
SELECT
    applied_text.message, action.text_digest, action.text, outcome.answered_at, applied_text.doubted_by IS NULL,
    manifest.digest
FROM dialog
JOIN applied_text ON applied_text.dialog_id = dialog.id
JOIN action ON action.number = applied_text.action
JOIN manifest ON manifest.id = action.manifest_id
JOIN outcome ON outcome.action = applied_text.action
WHERE dialog.dialog = :dialog;

-- name: texts_known()$
SELECT count(*) FROM applied_text;

-- name: known_of(dialogs)^
-- `dialogs` are their ids, as a JSON array.
WITH asked AS MATERIALIZED (SELECT id FROM dialog WHERE dialog IN (SELECT value FROM json_each(:dialogs)))
SELECT
    (SELECT count(*) FROM asked JOIN applied_text ON applied_text.dialog_id = asked.id),
    count(*)
FROM asked
WHERE EXISTS (SELECT 1 FROM applied_text WHERE dialog_id = asked.id)
    OR EXISTS (SELECT 1 FROM applied_mark WHERE dialog_id = asked.id)
    OR EXISTS (SELECT 1 FROM applied_dialog_mark WHERE dialog_id = asked.id);

-- name: applied_marks(dialog)
SELECT applied_mark.message, applied_mark.mark, applied_mark.user_id, manifest.digest
FROM dialog
JOIN applied_mark ON applied_mark.dialog_id = dialog.id
JOIN action ON action.number = applied_mark.action
JOIN manifest ON manifest.id = action.manifest_id
WHERE dialog.dialog = :dialog;

-- name: applied_dialog_marks(dialog)
SELECT
    applied_dialog_mark.mark, applied_dialog_mark.user_id, outcome.answered_at,
    applied_dialog_mark.requested_at, manifest.digest
FROM dialog
JOIN applied_dialog_mark ON applied_dialog_mark.dialog_id = dialog.id
JOIN action ON action.number = applied_dialog_mark.action
JOIN manifest ON manifest.id = action.manifest_id
JOIN outcome ON outcome.action = applied_dialog_mark.action
WHERE dialog.dialog = :dialog;

-- name: failed_attempts(dialog)
-- A rejection that a retry freed is as if it came under another manifest: it holds nothing, and is known.
SELECT
    failed_attempt.message, failed_attempt.mark, failed_attempt.user_id, outcome.kind,
    CASE WHEN outcome.kind = 'rejected' AND EXISTS (
        SELECT 1 FROM retry
        WHERE (retry.dialog_id = dialog.id OR retry.dialog_id IS NULL)
            AND retry.after_action >= failed_attempt.action
    ) THEN x'' ELSE manifest.digest END,
    action.text_digest, action.attempt, failed_attempt.retry_at, outcome.status, outcome.words,
    outcome.cause IS 'mixed'
FROM dialog
JOIN failed_attempt ON failed_attempt.dialog_id = dialog.id
JOIN action ON action.number = failed_attempt.action
JOIN manifest ON manifest.id = action.manifest_id
JOIN outcome ON outcome.action = failed_attempt.action
WHERE dialog.dialog = :dialog;
