-- How each manifest file stood after the last pass that looked at it.

-- name: put_file(location, content, rules, settled, due_at, reported_at)$
INSERT INTO file (location, content, rules, settled, due_at, reported_at)
VALUES (:location, :content, :rules, :settled, :due_at, :reported_at)
ON CONFLICT (location) DO UPDATE SET
    content = excluded.content, rules = excluded.rules, settled = excluded.settled,
    due_at = excluded.due_at, reported_at = excluded.reported_at
RETURNING id;

-- name: clear_file_dialogs(file_id)!
DELETE FROM file_dialog WHERE file_id = :file_id;

-- name: clear_file_problems(file_id)!
DELETE FROM file_problem WHERE file_id = :file_id;

-- name: add_file_dialog(file_id, position, name, dialog, path, line, column, condition, labels, declared, applied, pending, held, note, due_at)*!
INSERT INTO file_dialog (
    file_id, position, name, dialog, origin_path, origin_line, origin_column,
    condition, labels, declared, applied, pending, held, note, due_at
)
VALUES (
    :file_id, :position, :name, :dialog, :path, :line, :column,
    :condition, :labels, :declared, :applied, :pending, :held, :note, :due_at
);

-- name: add_file_problem(file_id, position, path, line, column, what, todo)*!
INSERT INTO file_problem (file_id, position, origin_path, origin_line, origin_column, what, todo)
VALUES (:file_id, :position, :path, :line, :column, :what, :todo);

-- name: forget_file(location)!
DELETE FROM file WHERE location = :location;

-- name: unsettle_files(dialog)!
-- A call is about to be made for the dialog: until its file is reported on again, nobody knows how that ended.
UPDATE file SET settled = 0
WHERE settled = 1 AND id IN (SELECT file_id FROM file_dialog WHERE dialog = :dialog);

-- name: files()
-- A file in which a retry freed a rejection is not settled, for as long as its dialog counts as stalled.
SELECT
    id, location, content, rules,
    settled AND id NOT IN (
        SELECT file_dialog.file_id
        FROM file_dialog
        JOIN dialog ON dialog.dialog = file_dialog.dialog
        JOIN failed_attempt ON failed_attempt.dialog_id = dialog.id
        JOIN outcome ON outcome.action = failed_attempt.action
        JOIN retry ON (retry.dialog_id = dialog.id OR retry.dialog_id IS NULL)
            AND retry.after_action >= failed_attempt.action
        WHERE file_dialog.condition = 'stalled' AND outcome.kind = 'rejected'
    ),
    due_at, reported_at
FROM file
ORDER BY location;

-- name: file_dialogs()
SELECT
    file_dialog.file_id, file_dialog.name, file_dialog.dialog,
    file_dialog.origin_path, file_dialog.origin_line, file_dialog.origin_column,
    file_dialog.condition, file_dialog.labels, file_dialog.declared, file_dialog.applied,
    file_dialog.pending, file_dialog.held, file_dialog.note, file_dialog.due_at
FROM file_dialog
JOIN file ON file.id = file_dialog.file_id
ORDER BY file.location, file_dialog.position;

-- name: file_problems()
SELECT
    file_problem.file_id, file_problem.origin_path, file_problem.origin_line, file_problem.origin_column,
    file_problem.what, file_problem.todo
FROM file_problem
JOIN file ON file.id = file_problem.file_id
ORDER BY file.location, file_problem.position;
