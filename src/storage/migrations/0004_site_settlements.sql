-- A site whose visits are being settled again, because what they are made by was changed: people up to
-- after_person_id by the new rules, the others still by the old ones. What the site says may have
-- changed once more; then it goes on from the new rules to those.
CREATE TABLE site_settlements (
    site_id @ID NOT NULL REFERENCES sites (id),
    tenant_id @ID NOT NULL REFERENCES tenants (id),
    old_time_zone @TEXT NOT NULL,
    old_day_starts_minutes @INTEGER NOT NULL,
    old_visit_gap_seconds @INTEGER NOT NULL,
    new_time_zone @TEXT NOT NULL,
    new_day_starts_minutes @INTEGER NOT NULL,
    new_visit_gap_seconds @INTEGER NOT NULL,
    after_person_id @ID NOT NULL,
    PRIMARY KEY (site_id)
) @TABLE;
