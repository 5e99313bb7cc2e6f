-- What people ask of a running daemon. Written by their own processes, and read by everybody.

-- name: add_approval(plan, guard, reason, by, at, changes)<!
INSERT INTO approval (plan, guard, reason, approved_by, approved_at, after_action, changes)
SELECT :plan, :guard, :reason, :by, :at, coalesce(max(number), 0), :changes FROM action;

-- name: add_approval_dialog(approval, dialog)*!
INSERT INTO approval_dialog (approval, dialog_id) SELECT :approval, id FROM dialog WHERE dialog = :dialog;

-- name: rejections_held(dialog)$
-- Of one dialog, or of all where `dialog` is NULL: changes that a rejection holds and no retry has freed.
SELECT count(*)
FROM failed_attempt
JOIN outcome ON outcome.action = failed_attempt.action
WHERE outcome.kind = 'rejected'
    AND (:dialog IS NULL OR failed_attempt.dialog_id = (SELECT id FROM dialog WHERE dialog = :dialog))
    AND NOT EXISTS (
        SELECT 1 FROM retry
        WHERE (retry.dialog_id = failed_attempt.dialog_id OR retry.dialog_id IS NULL)
            AND retry.after_action >= failed_attempt.action
    );

-- name: add_retry(dialog, reason, by, at, freed)!
INSERT INTO retry (dialog_id, reason, asked_by, asked_at, after_action, freed)
SELECT
    (SELECT id FROM dialog WHERE dialog = :dialog), :reason, :by, :at,
    (SELECT coalesce(max(number), 0) FROM action), :freed;

-- name: approvals()
SELECT plan, guard, reason, approved_by, approved_at, changes FROM approval ORDER BY id;

-- name: approval_rows(dialog)
-- All, or where `dialog` is not NULL those that let a change pass in a dialog of this name or id.
SELECT plan, guard, reason, approved_by, approved_at, after_action, length(changes) / 16
FROM approval
WHERE :dialog IS NULL OR id IN (
    SELECT approval FROM approval_dialog WHERE dialog_id IN (
        SELECT dialog_id FROM manifest WHERE name = :dialog
        UNION
        SELECT id FROM dialog WHERE dialog = :dialog
        UNION
        SELECT dialog.id FROM dialog JOIN file_dialog ON file_dialog.dialog = dialog.dialog
        WHERE file_dialog.name = :dialog
    )
)
ORDER BY id DESC;

-- name: retry_rows(dialog)
-- All, or where `dialog` is not NULL those of all dialogs and of those of this name or id.
SELECT
    dialog.dialog,
    (SELECT name FROM manifest WHERE manifest.dialog_id = dialog.id ORDER BY manifest.id DESC LIMIT 1),
    retry.reason, retry.asked_by, retry.asked_at, retry.after_action, retry.freed
FROM retry
LEFT JOIN dialog ON dialog.id = retry.dialog_id
WHERE :dialog IS NULL OR retry.dialog_id IS NULL OR retry.dialog_id IN (
    SELECT dialog_id FROM manifest WHERE name = :dialog
    UNION
    SELECT id FROM dialog WHERE dialog = :dialog
    UNION
    SELECT dialog.id FROM dialog JOIN file_dialog ON file_dialog.dialog = dialog.dialog
    WHERE file_dialog.name = :dialog
)
ORDER BY retry.id DESC;

-- name: request_count()$
SELECT (SELECT count(*) FROM approval) + (SELECT count(*) FROM retry INDEXED BY retry_by_dialog);

-- name: dialogs_called(name)
-- Of this id, or of this name: the dialog that has it now before those that had it once.
SELECT dialog, 0 AS past FROM file_dialog WHERE dialog IS NOT NULL AND (name = :name OR dialog = :name)
UNION
SELECT dialog, dialog <> :name FROM dialog
WHERE dialog = :name OR id IN (SELECT dialog_id FROM manifest WHERE name = :name)
ORDER BY past;

-- name: dialog_names()
SELECT name FROM file_dialog WHERE name IS NOT NULL UNION SELECT name FROM manifest;
