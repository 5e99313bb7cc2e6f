-- What must be true of a ledger. Each query gives what contradicts it, in a few words a row; none where all is well.

-- name: outcomes_without_action()
SELECT 'outcome ' || outcome.action FROM outcome
WHERE NOT EXISTS (SELECT 1 FROM action WHERE action.number = outcome.action);

-- name: malformed_actions()
SELECT 'action ' || action.number FROM action
WHERE action.number < 1 OR action.actor < 1 OR action.attempt < 1
    OR action.message IS NOT NULL AND (length(action.message) <> 24 OR action.message GLOB '*[^0-9a-f]*')
    OR length(action.text_digest) <> 32
    OR action.text IS NOT NULL AND sha256(CAST(action.text AS BLOB)) IS NOT action.text_digest;

-- name: malformed_dialogs()
SELECT 'dialog ' || dialog FROM dialog WHERE length(dialog) <> 24 OR dialog GLOB '*[^0-9a-f]*';

-- name: wrong_replaced()
-- What an action was to replace is the text of the same message, applied before.
SELECT 'action ' || action.number FROM action
JOIN manifest ON manifest.id = action.manifest_id
JOIN action AS old ON old.number = action.replaced
JOIN manifest AS old_manifest ON old_manifest.id = old.manifest_id
LEFT JOIN outcome ON outcome.action = old.number
WHERE old.number >= action.number OR old.message IS NOT action.message
    OR old_manifest.dialog_id <> manifest.dialog_id OR outcome.kind IS NOT 'applied';

-- name: wrong_applied_texts()
-- The text of a message comes from an applied action that sent it.
SELECT 'message ' || applied_text.message FROM applied_text
JOIN action ON action.number = applied_text.action
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE outcome.kind IS NOT 'applied' OR manifest.dialog_id <> applied_text.dialog_id
    OR action.message IS NOT applied_text.message OR action.text_digest IS NULL;

-- name: outdated_texts()
-- ... and from none but the last.
SELECT 'action ' || action.number FROM action
JOIN outcome ON outcome.action = action.number AND outcome.kind = 'applied'
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN applied_text
    ON applied_text.dialog_id = manifest.dialog_id AND applied_text.message = action.message
WHERE action.text_digest IS NOT NULL AND coalesce(applied_text.action, 0) < action.number;

-- name: wrong_doubts()
-- A text is doubted by an action of its message that may have changed it.
SELECT 'message ' || applied_text.message FROM applied_text
JOIN action ON action.number = applied_text.doubted_by
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE manifest.dialog_id <> applied_text.dialog_id OR action.message IS NOT applied_text.message
    OR action.text_digest IS NULL
    OR outcome.kind IN ('applied', 'withdrawn') OR outcome.cause IN ('throttled', 'credential')
    OR (outcome.kind = 'rejected' AND action.read + action.delivered = 0);

-- name: missing_doubts()
-- ... wherever there is one after that which applied it.
SELECT 'action ' || action.number
FROM action
CROSS JOIN manifest ON manifest.id = action.manifest_id
CROSS JOIN applied_text
    ON applied_text.dialog_id = manifest.dialog_id AND applied_text.message = action.message
LEFT JOIN outcome ON outcome.action = action.number
WHERE action.text_digest IS NOT NULL AND action.number > applied_text.action
    AND applied_text.doubted_by IS NULL
    AND (
        outcome.action IS NULL
        OR outcome.cause = 'mixed'
        OR (outcome.cause = 'outage' AND outcome.status IS NOT NULL)
        OR (outcome.kind = 'rejected' AND action.read + action.delivered > 0)
    );

-- name: wrong_applied_marks()
-- A mark of a message comes from an applied action that sent it, for the message or for the whole dialog.
SELECT 'message ' || applied_mark.message || ', ' || applied_mark.mark || ' by ' || applied_mark.user_id
FROM applied_mark
JOIN action ON action.number = applied_mark.action
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE outcome.kind IS NOT 'applied' OR manifest.dialog_id <> applied_mark.dialog_id
    OR action.actor <> applied_mark.user_id
    OR action.message IS NOT NULL AND action.message <> applied_mark.message
    OR CASE applied_mark.mark WHEN 'read' THEN action.read ELSE action.delivered END <> 1;

-- name: missing_marks()
-- What an applied action marked is in the applied state, from that action or a later one.
WITH sent AS (
    SELECT manifest.dialog_id, action.message, 'read' AS mark, action.actor, action.number
    FROM action JOIN manifest ON manifest.id = action.manifest_id
    WHERE action.read = 1
    UNION ALL
    SELECT manifest.dialog_id, action.message, 'delivered', action.actor, action.number
    FROM action JOIN manifest ON manifest.id = action.manifest_id
    WHERE action.delivered = 1
)
SELECT 'action ' || sent.number FROM sent
JOIN outcome ON outcome.action = sent.number AND outcome.kind = 'applied'
LEFT JOIN applied_mark ON applied_mark.dialog_id = sent.dialog_id AND applied_mark.message = sent.message
    AND applied_mark.mark = sent.mark AND applied_mark.user_id = sent.actor
LEFT JOIN applied_dialog_mark ON sent.message IS NULL AND applied_dialog_mark.dialog_id = sent.dialog_id
    AND applied_dialog_mark.mark = sent.mark AND applied_dialog_mark.user_id = sent.actor
WHERE coalesce(applied_mark.action, applied_dialog_mark.action, 0) < sent.number;

-- name: wrong_dialog_marks()
-- A mark of a dialog comes from an applied action that sent it for the whole dialog.
SELECT 'dialog ' || dialog.dialog || ', ' || applied_dialog_mark.mark || ' by ' || applied_dialog_mark.user_id
FROM applied_dialog_mark
JOIN dialog ON dialog.id = applied_dialog_mark.dialog_id
JOIN action ON action.number = applied_dialog_mark.action
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE outcome.kind IS NOT 'applied' OR manifest.dialog_id <> applied_dialog_mark.dialog_id
    OR action.actor <> applied_dialog_mark.user_id OR action.message IS NOT NULL
    OR CASE applied_dialog_mark.mark WHEN 'read' THEN action.read ELSE action.delivered END <> 1;

-- name: wrong_failed_attempts()
-- A failure is of an action that was deferred or rejected, and of something that it was to change.
SELECT 'failure of action ' || failed_attempt.action
FROM failed_attempt
JOIN action ON action.number = failed_attempt.action
JOIN manifest ON manifest.id = action.manifest_id
LEFT JOIN outcome ON outcome.action = action.number
WHERE coalesce(outcome.kind, '') NOT IN ('deferred', 'rejected')
    OR (outcome.kind = 'rejected') <> (failed_attempt.retry_at IS NULL)
    OR manifest.dialog_id <> failed_attempt.dialog_id
    OR coalesce(action.message, '') <> failed_attempt.message
    OR CASE failed_attempt.mark
        WHEN '' THEN action.text_digest IS NULL
        WHEN 'read' THEN action.read <> 1 OR action.actor <> failed_attempt.user_id
        ELSE action.delivered <> 1 OR action.actor <> failed_attempt.user_id
    END;

-- name: outdated_failures()
-- What was applied since has failed no longer.
SELECT 'failure of action ' || failed_attempt.action
FROM failed_attempt
LEFT JOIN applied_text ON failed_attempt.mark = '' AND applied_text.dialog_id = failed_attempt.dialog_id
    AND applied_text.message = failed_attempt.message
LEFT JOIN applied_mark ON applied_mark.dialog_id = failed_attempt.dialog_id
    AND applied_mark.message = failed_attempt.message AND applied_mark.mark = failed_attempt.mark
    AND applied_mark.user_id = failed_attempt.user_id
WHERE coalesce(applied_text.action, applied_mark.action, 0) > failed_attempt.action;

-- name: malformed_requests()
SELECT 'approval ' || id FROM approval
WHERE plan = '' OR guard NOT IN ('rewrites', 'dialog marks')
    OR length(changes) = 0 OR length(changes) % 16 <> 0
    OR after_action NOT BETWEEN 0 AND (SELECT coalesce(max(number), 0) FROM action)
UNION ALL
SELECT 'retry ' || id FROM retry
WHERE freed < 1 OR after_action NOT BETWEEN 1 AND (SELECT coalesce(max(number), 0) FROM action);
