-- The foundation. Types are written as words with an at sign, which each back end replaces by its own:
-- @ID 16 bytes, @BYTES, @INTEGER 64 bits, @TIME UTC microseconds, @BOOLEAN 0 or 1, @REAL, @TEXT, and
-- @NAME: text short enough for an index. @TABLE ends a table; @KEYED a table that is stored by its key.
-- No RETURNING, no partial indexes, no default that only one database knows.

CREATE TABLE migrations (
    version @INTEGER NOT NULL,
    name @TEXT NOT NULL,
    applied_at @TIME NOT NULL,
    PRIMARY KEY (version)
) @TABLE;

-- Who and where ------------------------------------------------------------------------------------

CREATE TABLE tenants (
    id @ID NOT NULL,
    name @TEXT NOT NULL,
    simulated @BOOLEAN NOT NULL,
    version @INTEGER NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;

-- The lock that orders all that replicas do for a tenant, and its counters.
CREATE TABLE tenant_heads (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    version @INTEGER NOT NULL,
    feed_floor @INTEGER NOT NULL,
    last_number @INTEGER NOT NULL,
    PRIMARY KEY (tenant_id)
) @TABLE;

CREATE TABLE sites (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    name @TEXT NOT NULL,
    time_zone @TEXT NOT NULL,
    day_starts_minutes @INTEGER NOT NULL,
    visit_gap_seconds @INTEGER NOT NULL,
    simulated @BOOLEAN NOT NULL,
    version @INTEGER NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX sites_by_tenant ON sites (tenant_id, created_at);

CREATE TABLE cameras (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    name @TEXT NOT NULL,
    kind @TEXT NOT NULL,
    webcam_index @INTEGER NOT NULL,
    shown_url @TEXT NOT NULL,
    sealed_url @BYTES,
    key_id @ID NOT NULL,
    transport @TEXT NOT NULL,
    enabled @BOOLEAN NOT NULL,
    recognition @BOOLEAN NOT NULL,
    analysis_fps @REAL NOT NULL,
    max_blind_seconds @REAL NOT NULL,
    decode_everything @BOOLEAN NOT NULL,
    repeat_file @BOOLEAN NOT NULL,
    simulated @BOOLEAN NOT NULL,
    version @INTEGER NOT NULL,
    created_at @TIME NOT NULL,
    deleted_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX cameras_by_tenant ON cameras (tenant_id, deleted_at, created_at);

-- What each camera said of itself last.
CREATE TABLE camera_states (
    camera_id @ID NOT NULL REFERENCES cameras (id),
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    state @TEXT NOT NULL,
    reason @TEXT NOT NULL,
    since @TIME NOT NULL,
    PRIMARY KEY (camera_id)
) @TABLE;
CREATE INDEX camera_states_by_tenant ON camera_states (tenant_id);

-- When a camera saw nothing: hatched on screen, never a zero.
CREATE TABLE camera_gaps (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    gap_from @TIME NOT NULL,
    gap_to @TIME NOT NULL,
    reason @TEXT NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX camera_gaps_by_time ON camera_gaps (tenant_id, site_id, gap_to);

CREATE TABLE camera_lines (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    ordinal @INTEGER NOT NULL,
    name @TEXT NOT NULL,
    x0 @REAL NOT NULL,
    y0 @REAL NOT NULL,
    x1 @REAL NOT NULL,
    y1 @REAL NOT NULL,
    created_at @TIME NOT NULL,
    deleted_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX camera_lines_by_camera ON camera_lines (camera_id, deleted_at, ordinal);

-- The forms that say what may be stored; a row is never changed. site_id is 16 zero bytes for the
-- whole tenant.
CREATE TABLE policies (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    version @INTEGER NOT NULL,
    site_id @ID NOT NULL,
    mode @TEXT NOT NULL,
    legal_basis @TEXT NOT NULL,
    notice_text @TEXT NOT NULL,
    notice_date @TEXT NOT NULL,
    picture_retention_days @INTEGER NOT NULL,
    embedding_retention_months @INTEGER NOT NULL,
    created_at @TIME NOT NULL,
    created_by @ID NOT NULL,
    PRIMARY KEY (tenant_id, version)
) @TABLE;
CREATE INDEX policies_by_site ON policies (tenant_id, site_id, version);

-- Evidence and decisions ---------------------------------------------------------------------------

CREATE TABLE people (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    number @INTEGER NOT NULL,
    name @TEXT NOT NULL,
    merged_into @ID REFERENCES people (id),
    root_id @ID NOT NULL,
    visits @INTEGER NOT NULL,
    first_seen_at @TIME NOT NULL,
    last_seen_at @TIME NOT NULL,
    picture_id @ID NOT NULL,
    version @INTEGER NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE UNIQUE INDEX people_by_number ON people (tenant_id, number);
CREATE INDEX people_by_root ON people (tenant_id, root_id);
CREATE INDEX people_by_last_seen ON people (tenant_id, last_seen_at, id);
CREATE INDEX people_by_merge ON people (merged_into);

-- What a worker saw of one body, at its highest revision; never derived.
CREATE TABLE tracks (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    revision @INTEGER NOT NULL,
    ended @BOOLEAN NOT NULL,
    started_at @TIME NOT NULL,
    last_seen_at @TIME NOT NULL,
    faces @INTEGER NOT NULL,
    quality @REAL NOT NULL,
    model_space @TEXT NOT NULL,
    model_pack @TEXT NOT NULL,
    policy_version @INTEGER NOT NULL,
    trail @BYTES,
    coexists @BYTES,
    received_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX tracks_by_time ON tracks (tenant_id, site_id, started_at, id);

-- What was concluded from a revision; only added. superseded_by is 16 zero bytes while it holds.
CREATE TABLE decisions (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    track_id @ID NOT NULL REFERENCES tracks (id),
    track_revision @INTEGER NOT NULL,
    outcome @TEXT NOT NULL,
    person_id @ID REFERENCES people (id),
    distance @REAL NOT NULL,
    reason @TEXT NOT NULL,
    model_space @TEXT NOT NULL,
    policy_version @INTEGER NOT NULL,
    superseded_by @ID NOT NULL,
    made_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX decisions_by_track ON decisions (track_id, superseded_by);
CREATE INDEX decisions_by_person ON decisions (person_id);

-- The decision that holds for each track, in the form that visits are made from.
CREATE TABLE sightings (
    track_id @ID NOT NULL REFERENCES tracks (id),
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    decision_id @ID NOT NULL REFERENCES decisions (id),
    decided_person_id @ID NOT NULL REFERENCES people (id),
    person_id @ID NOT NULL REFERENCES people (id),
    started_at @TIME NOT NULL,
    last_seen_at @TIME NOT NULL,
    PRIMARY KEY (track_id)
) @TABLE;
CREATE INDEX sightings_by_person ON sightings (tenant_id, person_id, site_id, started_at, track_id);
CREATE INDEX sightings_by_decided_person ON sightings (decided_person_id);

-- Human decisions, which no computation overrides. person_id is 16 zero bytes for "nobody we know".
CREATE TABLE pins (
    track_id @ID NOT NULL REFERENCES tracks (id),
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    person_id @ID NOT NULL,
    made_by @ID NOT NULL,
    made_at @TIME NOT NULL,
    PRIMARY KEY (track_id)
) @TABLE;

CREATE TABLE cannot_links (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    kind @INTEGER NOT NULL,
    a @ID NOT NULL,
    b @ID NOT NULL,
    made_by @ID NOT NULL,
    made_at @TIME NOT NULL,
    PRIMARY KEY (tenant_id, a, b, kind)
) @KEYED;
CREATE INDEX cannot_links_by_b ON cannot_links (tenant_id, b);

-- The keystore --------------------------------------------------------------------------------------

CREATE TABLE server_keys (
    id @ID NOT NULL,
    public_key @BYTES NOT NULL,
    wrapped @BYTES NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;

CREATE TABLE tenant_keys (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    wrapped @BYTES NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX tenant_keys_by_tenant ON tenant_keys (tenant_id, created_at, id);

-- Destroying the wrapped bytes erases everything that is sealed under the key.
CREATE TABLE track_keys (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    track_id @ID NOT NULL,
    tenant_key_id @ID NOT NULL REFERENCES tenant_keys (id),
    wrapped @BYTES,
    created_at @TIME NOT NULL,
    destroyed_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE UNIQUE INDEX track_keys_by_track ON track_keys (track_id);

-- Faces, sealed -------------------------------------------------------------------------------------

CREATE TABLE embeddings (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    track_id @ID NOT NULL REFERENCES tracks (id),
    track_revision @INTEGER NOT NULL,
    sealed @BYTES NOT NULL,
    key_id @ID NOT NULL REFERENCES track_keys (id),
    dimension @INTEGER NOT NULL,
    model_space @NAME NOT NULL,
    rotation_version @INTEGER NOT NULL,
    policy_version @INTEGER NOT NULL,
    quality @REAL NOT NULL,
    in_gallery @BOOLEAN NOT NULL,
    hold @BOOLEAN NOT NULL,
    created_at @TIME NOT NULL,
    expires_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX embeddings_by_track ON embeddings (track_id, track_revision);
CREATE INDEX embeddings_by_gallery ON embeddings (tenant_id, in_gallery, id);
CREATE INDEX embeddings_by_expiry ON embeddings (hold, expires_at);

-- deleted_at is 0 while the blob exists; the row stays and says why it went.
CREATE TABLE pictures (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    track_id @ID NOT NULL REFERENCES tracks (id),
    track_revision @INTEGER NOT NULL,
    blob_id @ID NOT NULL,
    key_id @ID NOT NULL REFERENCES track_keys (id),
    size_bytes @INTEGER NOT NULL,
    quality @REAL NOT NULL,
    policy_version @INTEGER NOT NULL,
    hold @BOOLEAN NOT NULL,
    captured_at @TIME NOT NULL,
    created_at @TIME NOT NULL,
    expires_at @TIME NOT NULL,
    deleted_at @TIME NOT NULL,
    deleted_why @TEXT NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX pictures_by_track ON pictures (track_id, deleted_at);
CREATE INDEX pictures_by_blob ON pictures (blob_id);
CREATE INDEX pictures_by_expiry ON pictures (deleted_at, hold, expires_at);

-- Derived: visits and counts ------------------------------------------------------------------------

CREATE TABLE visits (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    person_id @ID NOT NULL REFERENCES people (id),
    started_at @TIME NOT NULL,
    ended_at @TIME NOT NULL,
    returning_person @BOOLEAN NOT NULL,
    sightings @INTEGER NOT NULL,
    camera_id @ID NOT NULL REFERENCES cameras (id),
    picture_id @ID NOT NULL,
    updated_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX visits_by_time ON visits (tenant_id, started_at, id);
CREATE INDEX visits_by_site ON visits (tenant_id, site_id, started_at, id);
CREATE INDEX visits_by_person ON visits (tenant_id, person_id, started_at, id);
CREATE INDEX visits_by_end ON visits (tenant_id, ended_at, site_id);

-- Ids of visits that were absorbed into another one and still lead to it.
CREATE TABLE visit_aliases (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    visit_id @ID NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX visit_aliases_by_visit ON visit_aliases (visit_id);

CREATE TABLE crossings (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    camera_id @ID NOT NULL REFERENCES cameras (id),
    line_id @ID NOT NULL,
    track_id @ID NOT NULL,
    inward @BOOLEAN NOT NULL,
    captured_at @TIME NOT NULL,
    x @REAL NOT NULL,
    y @REAL NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX crossings_by_site ON crossings (tenant_id, site_id, captured_at, id, inward);
CREATE INDEX crossings_by_time ON crossings (tenant_id, captured_at, inward);

-- Signed amounts in cells of 15 minutes UTC. camera_id is 16 zero bytes where there is none.
CREATE TABLE rollups (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    measure @NAME NOT NULL,
    dimension @NAME NOT NULL,
    site_id @ID NOT NULL REFERENCES sites (id),
    cell_at @TIME NOT NULL,
    camera_id @ID NOT NULL,
    amount @INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, measure, dimension, site_id, cell_at, camera_id)
) @KEYED;

CREATE TABLE person_days (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    business_day @INTEGER NOT NULL,
    person_id @ID NOT NULL REFERENCES people (id),
    visits @INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, site_id, business_day, person_id)
) @KEYED;
CREATE INDEX person_days_by_day ON person_days (tenant_id, business_day, person_id);

-- Order across replicas -----------------------------------------------------------------------------

CREATE TABLE feed (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    version @INTEGER NOT NULL,
    ordinal @INTEGER NOT NULL,
    kind @TEXT NOT NULL,
    change_kind @TEXT NOT NULL,
    site_id @ID NOT NULL,
    camera_id @ID NOT NULL,
    subject_id @ID NOT NULL,
    created_at @TIME NOT NULL,
    PRIMARY KEY (tenant_id, version, ordinal)
) @KEYED;

CREATE TABLE gallery_changes (
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    version @INTEGER NOT NULL,
    ordinal @INTEGER NOT NULL,
    kind @INTEGER NOT NULL,
    embedding_id @ID NOT NULL,
    track_id @ID NOT NULL,
    person_id @ID NOT NULL,
    root_id @ID NOT NULL,
    PRIMARY KEY (tenant_id, version, ordinal)
) @KEYED;

-- Workers -------------------------------------------------------------------------------------------

-- tenant_id is 16 zero bytes for a worker that may lease every camera of the installation.
CREATE TABLE workers (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL,
    name @TEXT NOT NULL,
    credential_hash @BYTES NOT NULL,
    credential_key @ID NOT NULL,
    local @BOOLEAN NOT NULL,
    created_at @TIME NOT NULL,
    last_seen_at @TIME NOT NULL,
    revoked_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX workers_by_credential ON workers (credential_key);

CREATE TABLE leases (
    camera_id @ID NOT NULL REFERENCES cameras (id),
    epoch @INTEGER NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL REFERENCES sites (id),
    worker_id @ID NOT NULL REFERENCES workers (id),
    granted_at @TIME NOT NULL,
    expires_at @TIME NOT NULL,
    ended_at @TIME NOT NULL,
    PRIMARY KEY (camera_id, epoch)
) @TABLE;
CREATE INDEX leases_by_worker ON leases (worker_id, ended_at);

-- The highest seq of each spool that was applied, written with what it caused.
CREATE TABLE streams (
    id @ID NOT NULL,
    worker_id @ID NOT NULL REFERENCES workers (id),
    applied_seq @INTEGER NOT NULL,
    updated_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;

-- Users ---------------------------------------------------------------------------------------------

CREATE TABLE users (
    id @ID NOT NULL,
    name @NAME NOT NULL,
    password_hash @TEXT NOT NULL,
    must_change_password @BOOLEAN NOT NULL,
    platform_admin @BOOLEAN NOT NULL,
    language @TEXT NOT NULL,
    password_changed_at @TIME NOT NULL,
    created_at @TIME NOT NULL,
    disabled_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE UNIQUE INDEX users_by_name ON users (name);

-- site_id is 16 zero bytes for all sites of the tenant.
CREATE TABLE memberships (
    user_id @ID NOT NULL REFERENCES users (id),
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL,
    role @TEXT NOT NULL,
    PRIMARY KEY (user_id, tenant_id, site_id)
) @TABLE;

-- The key is the first half of the token's hash, the second half is compared.
CREATE TABLE sessions (
    id @ID NOT NULL,
    token_hash @BYTES NOT NULL,
    user_id @ID NOT NULL REFERENCES users (id),
    csrf_token @TEXT NOT NULL,
    created_at @TIME NOT NULL,
    used_at @TIME NOT NULL,
    expires_at @TIME NOT NULL,
    address @TEXT NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE login_attempts (
    id @ID NOT NULL,
    user_key @ID NOT NULL,
    address_key @ID NOT NULL,
    attempted_at @TIME NOT NULL,
    succeeded @BOOLEAN NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX login_attempts_by_user ON login_attempts (user_key, attempted_at, succeeded);
CREATE INDEX login_attempts_by_address ON login_attempts (address_key, attempted_at, succeeded);
CREATE INDEX login_attempts_by_time ON login_attempts (attempted_at);

-- tenant_id is 16 zero bytes for the installation.
CREATE TABLE audits (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL,
    site_id @ID NOT NULL,
    actor @TEXT NOT NULL,
    actor_id @ID NOT NULL,
    action @TEXT NOT NULL,
    subject_kind @TEXT NOT NULL,
    subject_id @ID NOT NULL,
    detail @TEXT NOT NULL,
    address @TEXT NOT NULL,
    made_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX audits_by_time ON audits (tenant_id, made_at, id);

CREATE TABLE operations (
    id @ID NOT NULL,
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    site_id @ID NOT NULL,
    kind @TEXT NOT NULL,
    made_by @ID NOT NULL,
    subject_id @ID NOT NULL,
    other_id @ID NOT NULL,
    before_change @TEXT NOT NULL,
    made_at @TIME NOT NULL,
    undone_at @TIME NOT NULL,
    PRIMARY KEY (id)
) @TABLE;
CREATE INDEX operations_by_time ON operations (tenant_id, made_at, id);

-- What a person changed on screen. tenant_id is 16 zero bytes for the installation.
CREATE TABLE settings (
    tenant_id @ID NOT NULL,
    name @NAME NOT NULL,
    value @TEXT NOT NULL,
    updated_at @TIME NOT NULL,
    PRIMARY KEY (tenant_id, name)
) @TABLE;
