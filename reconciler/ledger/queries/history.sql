-- The record, newest first, a page at a time.

-- name: history_page(results, since, until, before, page)
-- `results` are those asked for, each between commas, or NULL for all of them; so are the times. What is
-- rare is looked for in two tables, and only what is found in all that the view joins.
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE number IN (
        SELECT action.number FROM action LEFT JOIN outcome ON outcome.action = action.number
        WHERE action.number < :before
            AND (outcome.kind IS NULL OR outcome.kind <> 'withdrawn')
            AND (:results IS NULL OR instr(:results, ',' || coalesce(outcome.kind, 'in doubt') || ',') > 0)
            AND (:since IS NULL OR coalesce(outcome.sent_at, action.intended_at) >= :since)
            AND (:until IS NULL OR coalesce(outcome.sent_at, action.intended_at) < :until)
        ORDER BY action.number DESC
        LIMIT :page
    )
ORDER BY number DESC;

-- name: history_page_failed(results, since, until, before, page)
-- The same where only what was deferred or rejected is asked for: an index has those.
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE number IN (
        SELECT action FROM outcome
        WHERE kind <> 'applied' AND action < :before
            AND instr(:results, ',' || kind || ',') > 0
            AND (:since IS NULL OR sent_at >= :since)
            AND (:until IS NULL OR sent_at < :until)
        ORDER BY action DESC
        LIMIT :page
    )
ORDER BY number DESC;

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
-- Of each kind; those that were applied are what is left, for an index has the others.
SELECT 'applied', (SELECT count(*) FROM outcome) - (SELECT count(*) FROM outcome WHERE kind <> 'applied')
UNION ALL
SELECT kind, count(*) FROM outcome WHERE kind <> 'applied' GROUP BY kind;

-- name: last_sent_at()$
SELECT sent_at FROM history ORDER BY number DESC LIMIT 1;
