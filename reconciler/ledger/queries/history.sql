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

-- name: last_sent_at()$
SELECT sent_at FROM history ORDER BY number DESC LIMIT 1;
