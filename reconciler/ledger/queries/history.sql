-- The record, newest first, a page at a time.

-- name: history_page(before, page)
SELECT
    number, dialog, name, message, actor, read, delivered, old_text_digest, old_text, text_digest, text,
    path, origin_line, origin_column, manifest_digest, attempt, sent_at,
    result, cause, status, words, request_id, answered_at
FROM history
WHERE number < :before
ORDER BY number DESC
LIMIT :page;

-- name: history_page_of(dialog, before, page)
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
ORDER BY number DESC
LIMIT :page;

-- name: outcome_counts()
SELECT kind, count(*) FROM outcome WHERE kind <> 'withdrawn' GROUP BY kind;

-- name: unanswered_count()$
SELECT (SELECT count(*) FROM action) - (SELECT count(*) FROM outcome);

-- name: last_sent_at()$
SELECT sent_at FROM history ORDER BY number DESC LIMIT 1;
