-- The record, newest first, a page at a time.

-- name: history_page(results, since, until, before, page)
-- `results` are those asked for, each between commas, or NULL for all of them; so are the times.
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE number < :before
    AND (:results IS NULL OR instr(:results, ',' || result || ',') > 0)
    AND (:since IS NULL OR sent_at >= :since)
    AND (:until IS NULL OR sent_at < :until)
ORDER BY number DESC
LIMIT :page;

-- name: history_page_of(dialog, results, since, until, before, page)
-- Of every dialog that ever had this name, or has this id, under all the names it had.
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE dialog_id IN (
        SELECT dialog_id FROM manifest WHERE name = :dialog
        UNION
        SELECT id FROM dialog WHERE dialog = :dialog
        UNION
        SELECT dialog.id FROM dialog JOIN file_dialog ON file_dialog.dialog = dialog.dialog
        WHERE file_dialog.name = :dialog
    )
    AND number < :before
    AND (:results IS NULL OR instr(:results, ',' || result || ',') > 0)
    AND (:since IS NULL OR sent_at >= :since)
    AND (:until IS NULL OR sent_at < :until)
ORDER BY number DESC
LIMIT :page;

-- name: history_page_after(after, page)
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE number > :after
ORDER BY number
LIMIT :page;

-- name: calls_recorded(last)^
-- Counted by the index, which damage to the rows themselves leaves alone.
SELECT
    coalesce(max(number), 0),
    count(*) - (SELECT count(*) FROM outcome WHERE kind = 'withdrawn' AND action <= :last)
FROM action INDEXED BY action_by_manifest
WHERE number <= :last;

-- name: outcome_counts()
SELECT kind, count(*) FROM outcome WHERE kind <> 'withdrawn' GROUP BY kind;

-- name: in_doubt_count()$
-- Calls without an answer, but for those where a later answer was definite about each of their changes.
WITH unanswered AS MATERIALIZED (
    SELECT number FROM action
    WHERE (SELECT count(*) FROM action) > (SELECT count(*) FROM outcome)
        AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.action = action.number)
),
doubtful AS MATERIALIZED (
    SELECT action.*, manifest.dialog_id, coalesce(action.message, '') AS target
    FROM unanswered
    JOIN action ON action.number = unanswered.number
    JOIN manifest ON manifest.id = action.manifest_id
),
change (number, dialog_id, message, mark, user_id) AS (
    SELECT number, dialog_id, target, '', 0 FROM doubtful WHERE text_digest IS NOT NULL
    UNION ALL
    SELECT number, dialog_id, target, 'read', actor FROM doubtful WHERE read = 1
    UNION ALL
    SELECT number, dialog_id, target, 'delivered', actor FROM doubtful WHERE delivered = 1
)
SELECT count(DISTINCT change.number)
FROM change
LEFT JOIN applied_text ON change.mark = '' AND applied_text.dialog_id = change.dialog_id
    AND applied_text.message = change.message
LEFT JOIN applied_mark USING (dialog_id, message, mark, user_id)
LEFT JOIN applied_dialog_mark USING (dialog_id, mark, user_id)
LEFT JOIN failed_attempt USING (dialog_id, message, mark, user_id)
LEFT JOIN outcome AS rejection ON rejection.action = failed_attempt.action AND rejection.kind = 'rejected'
WHERE change.number > max(
    coalesce(applied_text.action, 0), coalesce(applied_mark.action, 0),
    coalesce(applied_dialog_mark.action, 0), coalesce(rejection.action, 0)
);

-- name: last_sent_at()$
SELECT sent_at FROM history ORDER BY number DESC LIMIT 1;
