-- The append-only record. Nothing here or elsewhere updates or deletes an action or an outcome.

-- name: last_number()$
SELECT max(number) FROM action;

-- name: add_dialog(dialog)!
INSERT INTO dialog (dialog) VALUES (:dialog) ON CONFLICT DO NOTHING;

-- name: add_manifest(dialog, name, path, digest)!
INSERT INTO manifest (dialog_id, name, path, digest)
SELECT id, :name, :path, :digest FROM dialog WHERE dialog = :dialog
ON CONFLICT DO NOTHING;

-- name: add_action(number, dialog, name, path, digest, message, actor, text_digest, text, read, delivered, line, column, attempt, intended_at)!
INSERT INTO action (
    number, manifest_id, message, actor, text_digest, text, replaced,
    read, delivered, origin_line, origin_column, attempt, intended_at
)
SELECT
    :number, manifest.id, :message, :actor, :text_digest, :text,
    (
        SELECT action FROM applied_text
        WHERE dialog_id = dialog.id AND message = :message AND doubted_by IS NULL AND :text_digest IS NOT NULL
    ),
    :read, :delivered, :line, :column, :attempt, :intended_at
FROM dialog
JOIN manifest ON manifest.dialog_id = dialog.id
WHERE dialog.dialog = :dialog
    AND manifest.digest = :digest AND manifest.name = :name AND manifest.path = :path;

-- name: add_outcome(number, kind, cause, status, words, request_id, sent_at, answered_at)!
INSERT INTO outcome (action, kind, cause, status, words, request_id, sent_at, answered_at)
VALUES (:number, :kind, :cause, :status, :words, :request_id, :sent_at, :answered_at);

-- name: withdraw(number, withdrawn_at)!
INSERT INTO outcome (action, kind, words, answered_at) VALUES (:number, 'withdrawn', '', :withdrawn_at);
