-- What one event asks about its person is found by an index, however long the person's history is.

-- The root whose template it is, as in sightings; nobody's while it is NULL.
ALTER TABLE embeddings ADD COLUMN person_id @ID REFERENCES people (id);
UPDATE embeddings SET person_id =
    (SELECT s.person_id FROM sightings s WHERE s.track_id = embeddings.track_id);
UPDATE embeddings SET in_gallery = 0 WHERE person_id IS NULL;
CREATE INDEX embeddings_by_person
    ON embeddings (tenant_id, person_id, model_space, in_gallery, quality DESC, track_id, id);

-- Until when all embeddings of a root are kept; each has its own time from then on, which was moved
-- with every visit before.
ALTER TABLE people ADD COLUMN embeddings_expire_at @TIME NOT NULL DEFAULT 0;
UPDATE people SET embeddings_expire_at = COALESCE((SELECT MAX(e.expires_at) FROM embeddings e
    WHERE e.tenant_id = people.tenant_id AND e.person_id = people.id), 0);

-- How good the visit's picture is; -1 where none is kept.
ALTER TABLE visits ADD COLUMN picture_quality @REAL NOT NULL DEFAULT -1.0;
UPDATE visits SET picture_quality = COALESCE((SELECT p.quality FROM pictures p
    WHERE p.id = visits.picture_id AND p.deleted_at = 0), -1.0);
CREATE INDEX visits_by_person_at_site ON visits (tenant_id, person_id, site_id, started_at, id);
CREATE INDEX visits_by_person_end ON visits (tenant_id, person_id, ended_at);
CREATE INDEX visits_by_person_picture ON visits (tenant_id, person_id, picture_quality, picture_id);
