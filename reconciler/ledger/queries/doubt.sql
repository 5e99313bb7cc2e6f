-- What nobody knows.

-- name: in_doubt()
-- Calls without an answer: a row for each change of theirs that no later answer was definite about.
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
change (number, dialog_id, message, mark, user_id, intended_at) AS (
    SELECT number, dialog_id, target, '', 0, intended_at FROM doubtful WHERE text_digest IS NOT NULL
    UNION ALL
    SELECT number, dialog_id, target, 'read', actor, intended_at FROM doubtful WHERE read = 1
    UNION ALL
    SELECT number, dialog_id, target, 'delivered', actor, intended_at FROM doubtful WHERE delivered = 1
)
SELECT change.number, dialog.dialog, change.message, change.mark, change.user_id, change.intended_at
FROM change
JOIN dialog ON dialog.id = change.dialog_id
LEFT JOIN applied_text ON change.mark = '' AND applied_text.dialog_id = change.dialog_id
    AND applied_text.message = change.message
LEFT JOIN applied_mark USING (dialog_id, message, mark, user_id)
LEFT JOIN applied_dialog_mark USING (dialog_id, mark, user_id)
LEFT JOIN failed_attempt USING (dialog_id, message, mark, user_id)
LEFT JOIN outcome AS rejection ON rejection.action = failed_attempt.action AND rejection.kind = 'rejected'
WHERE change.number > max(
    coalesce(applied_text.action, 0), coalesce(applied_mark.action, 0),
    coalesce(applied_dialog_mark.action, 0), coalesce(rejection.action, 0)
)
ORDER BY change.number;
