-- The append-only record. Nothing here or elsewhere updates or deletes an action or an outcome.

-- name: last_number()$
SELECT max(number) FROM action;

-- name: add_dialog(dialog)!
INSERT INTO dialog (dialog) VALUES (:dialog) ON CONFLICT DO NOTHING;

-- name: add_manifest(dialog, name, path, digest)^
-- Its ids where it is new, and no row where it is known.
INSERT INTO manifest (dialog_id, name, path, digest)
SELECT id, :name, :path, :digest FROM dialog WHERE dialog = :dialog
ON CONFLICT DO NOTHING
RETURNING id, dialog_id;

-- name: manifest_ids(dialog, name, path, digest)^
SELECT manifest.id, dialog.id FROM dialog
JOIN manifest ON manifest.dialog_id = dialog.id
WHERE dialog.dialog = :dialog
    AND manifest.digest = :digest AND manifest.name = :name AND manifest.path = :path;

-- name: add_actions(rows, digests)!
-- A row of this JSON is [number, manifest_id, dialog_id, message, actor, changes_text, text, read, delivered, line,
-- column, attempt, intended_at]. JSON holds no bytes, so the digests stand one after another, 32 bytes a row.
INSERT INTO action (
    number, manifest_id, message, actor, text_digest, text, replaced,
    read, delivered, origin_line, origin_column, attempt, intended_at
)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
    CASE WHEN json_extract(value, '$[5]') THEN substr(:digests, 1 + 32 * key, 32) END,
    json_extract(value, '$[6]'),
    (
        SELECT action FROM applied_text
        WHERE dialog_id = json_extract(value, '$[2]') AND message = json_extract(value, '$[3]')
            AND doubted_by IS NULL AND json_extract(value, '$[5]')
    ),
    json_extract(value, '$[7]'), json_extract(value, '$[8]'), json_extract(value, '$[9]'),
    json_extract(value, '$[10]'), json_extract(value, '$[11]'), json_extract(value, '$[12]')
FROM json_each(:rows);

-- name: add_outcomes(rows)!
-- A row of this JSON has the columns in their order.
INSERT INTO outcome (action, kind, cause, status, words, request_id, sent_at, answered_at)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),
    json_extract(value, '$[4]'), json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]')
FROM json_each(:rows);

-- name: withdraw(number, withdrawn_at)!
INSERT INTO outcome (action, kind, words, answered_at) VALUES (:number, 'withdrawn', '', :withdrawn_at);
