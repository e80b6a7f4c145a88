-- How many faces an embedding is the mean of. The track says it too, but of its last revision, which may
-- have been without a face.
ALTER TABLE embeddings ADD COLUMN faces @INTEGER NOT NULL DEFAULT 1;
UPDATE embeddings SET faces = COALESCE((SELECT t.faces FROM tracks t
    WHERE t.id = embeddings.track_id AND t.faces > 0), 1);
