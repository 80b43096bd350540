-- The landing schema: what `ingest` hands over, one table per row type of rows.py, same columns, same order.
-- Everything here is append-only: a newer attempt or a newer model adds rows, views say which one is current.
-- All times are UTC without a zone.

CREATE SCHEMA landing;

CREATE TABLE landing.meta (
    application    VARCHAR NOT NULL PRIMARY KEY,
    schema_version INTEGER NOT NULL,
    created_at     TIMESTAMP NOT NULL
);

-- The ledger: a batch named here has been landed entirely.
CREATE TABLE landing.batch (
    batch_id  VARCHAR NOT NULL PRIMARY KEY,
    run_id    VARCHAR NOT NULL,
    file_rows BIGINT NOT NULL,
    film_rows BIGINT NOT NULL,
    landed_at TIMESTAMP NOT NULL
);

CREATE TABLE landing.run (
    run_id           VARCHAR NOT NULL PRIMARY KEY,
    started_at       TIMESTAMP NOT NULL,
    finished_at      TIMESTAMP,
    outcome          VARCHAR CHECK (outcome IN ('finished', 'interrupted', 'failed')),
    software_version VARCHAR NOT NULL,
    sources          VARCHAR[] NOT NULL,
    key_fingerprint  VARCHAR,
    model_version    VARCHAR,
    files_found      BIGINT CHECK (files_found >= 0),
    files_known      BIGINT CHECK (files_known >= 0),
    dates            VARCHAR CHECK (dates IN ('kept', 'shifted')),
    rules_sha256     VARCHAR
);

CREATE TABLE landing.file (
    file_key         VARCHAR NOT NULL,
    run_id           VARCHAR NOT NULL,
    path             VARCHAR NOT NULL,
    size_bytes       BIGINT NOT NULL CHECK (size_bytes >= 0),
    modified_at      TIMESTAMP NOT NULL,
    content_sha256   VARCHAR,
    disposition      VARCHAR NOT NULL CHECK (
        disposition IN ('registered', 'screened_out', 'undecodable', 'duplicate', 'not_hip', 'failed')
    ),
    reason           VARCHAR NOT NULL,
    detail           VARCHAR,
    sop_instance_uid VARCHAR,
    film_key         VARCHAR,
    seconds          DOUBLE NOT NULL CHECK (seconds >= 0),
    finished_at      TIMESTAMP NOT NULL,
    PRIMARY KEY (file_key, run_id),
    CHECK (film_key IS NOT NULL OR disposition NOT IN ('registered', 'not_hip'))
);

CREATE TABLE landing.film (
    film_key            VARCHAR NOT NULL PRIMARY KEY,
    file_key            VARCHAR NOT NULL,
    run_id              VARCHAR NOT NULL,
    sop_instance_uid    VARCHAR NOT NULL,
    study_instance_uid  VARCHAR NOT NULL,
    series_instance_uid VARCHAR NOT NULL,
    sop_class_uid       VARCHAR NOT NULL,
    transfer_syntax_uid VARCHAR NOT NULL,
    modality            VARCHAR NOT NULL,
    patient_key         VARCHAR NOT NULL,
    patient_sex         VARCHAR,
    patient_age_years   DOUBLE,
    study_date          DATE,
    acquired_at         TIMESTAMP,
    accession_key       VARCHAR,
    body_part_tag       VARCHAR,
    view_position_tag   VARCHAR,
    laterality_tag      VARCHAR,
    manufacturer        VARCHAR,
    device_model        VARCHAR,
    photometric         VARCHAR NOT NULL,
    rows                BIGINT NOT NULL CHECK (rows > 0),
    columns             BIGINT NOT NULL CHECK (columns > 0),
    bits_stored         BIGINT NOT NULL,
    spacing_mm          DOUBLE,
    spacing_source      VARCHAR,
    canvas_scale        DOUBLE NOT NULL CHECK (canvas_scale > 0),
    canvas_offset_x     DOUBLE NOT NULL,
    canvas_offset_y     DOUBLE NOT NULL,
    pixel_sha256        VARCHAR NOT NULL,
    canvas_scale_y      DOUBLE CHECK (canvas_scale_y > 0),
    calibrated_mm       DOUBLE,
    calibration         VARCHAR
);

CREATE TABLE landing.inference (
    film_key         VARCHAR NOT NULL,
    model_version    VARCHAR NOT NULL,
    preprocessing    VARCHAR NOT NULL,
    run_id           VARCHAR NOT NULL,
    view             VARCHAR NOT NULL CHECK (
        view IN ('ap_pelvis', 'ap_hip', 'cross_table_lateral', 'frog_leg_lateral', 'oblique_hip', 'other')
    ),
    view_score       DOUBLE NOT NULL CHECK (view_score BETWEEN 0 AND 1),
    view_scores      DOUBLE[] NOT NULL CHECK (len(view_scores) = 6),
    side             VARCHAR NOT NULL CHECK (side IN ('left', 'right', 'both', 'unknown')),
    side_evidence    VARCHAR NOT NULL,
    side_conflict    BOOLEAN NOT NULL,
    detections       DOUBLE[][] NOT NULL CHECK (len(detections) = 6),
    pelvis_landmarks DOUBLE[][] NOT NULL CHECK (len(pelvis_landmarks) = 2),
    review           VARCHAR[] NOT NULL,
    inferred_at      TIMESTAMP NOT NULL,
    outlier_score    DOUBLE CHECK (outlier_score >= 0),
    PRIMARY KEY (film_key, model_version)
);

CREATE TABLE landing.hip (
    film_key      VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    hip_index     BIGINT NOT NULL CHECK (hip_index IN (0, 1)),
    side          VARCHAR NOT NULL CHECK (side IN ('left', 'right', 'unknown')),
    implant       BOOLEAN NOT NULL,
    score         DOUBLE NOT NULL CHECK (score BETWEEN 0 AND 1),
    implant_score DOUBLE NOT NULL CHECK (implant_score BETWEEN 0 AND 1),
    box           DOUBLE[] NOT NULL CHECK (len(box) = 4),
    has_cup       BOOLEAN NOT NULL,
    cup_score     DOUBLE NOT NULL CHECK (cup_score BETWEEN 0 AND 1),
    landmarks     DOUBLE[][] NOT NULL CHECK (len(landmarks) = 5),
    PRIMARY KEY (film_key, model_version, hip_index)
);

CREATE TABLE landing.measurement (
    film_key        VARCHAR NOT NULL,
    model_version   VARCHAR NOT NULL,
    hip_index       BIGINT NOT NULL CHECK (hip_index IN (0, 1)),
    measure         VARCHAR NOT NULL CHECK (measure IN ('inclination', 'version')),
    value_deg       DOUBLE CHECK (value_deg BETWEEN -90 AND 90),
    method          VARCHAR NOT NULL,
    definition      VARCHAR NOT NULL,
    reference       VARCHAR NOT NULL,
    confidence      DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    accepted        BOOLEAN NOT NULL,
    why_not         VARCHAR,
    uncertainty_deg DOUBLE CHECK (uncertainty_deg >= 0),
    PRIMARY KEY (film_key, model_version, hip_index, measure),
    CHECK (NOT accepted OR value_deg IS NOT NULL),
    CHECK (accepted OR why_not IS NOT NULL)
);

-- One row per file: its disposition now.
-- Of several attempts at one file version the last one that decided counts: an answer beats a failure, and a first
-- reading beats having met one's own film again. A path whose file changed counts once, by its newest version; the
-- older version still counts where it registered a film, for that film is still evidence.
-- Most paths were met once, and their only row counts as it is; only rows of the others are sorted.
CREATE VIEW landing.current_file AS
WITH met_again AS (
    SELECT path
    FROM landing.file
    GROUP BY path
    HAVING count(*) > 1
),

attempt AS (
    SELECT *
    FROM landing.file
    WHERE path IN (FROM met_again)
    QUALIFY row_number() OVER (
        PARTITION BY file_key
        ORDER BY
            CASE disposition WHEN 'failed' THEN 2 WHEN 'duplicate' THEN 1 ELSE 0 END,
            finished_at DESC,
            run_id DESC
    ) = 1
),

version AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY path ORDER BY modified_at DESC, finished_at DESC, file_key) AS recency,
        bool_or(disposition = 'registered') OVER (PARTITION BY path, film_key) AS film_registered_here
    FROM attempt
)

SELECT *
FROM landing.file
WHERE path NOT IN (FROM met_again)
UNION ALL
SELECT * EXCLUDE (recency, film_registered_here)
FROM version
WHERE
    disposition = 'registered'
    OR (recency = 1 AND NOT (reason = 'same_image' AND film_registered_here));

-- One row per film and tag that says something else than the film shows; a tag that is missing disagrees with nothing.
-- Of several readings of a film the latest counts.
CREATE VIEW landing.disagreement AS
WITH reading AS (
    SELECT *
    FROM landing.inference
    QUALIFY row_number() OVER (PARTITION BY film_key ORDER BY inferred_at DESC, model_version DESC) = 1
),

told AS (
    SELECT
        reading.film_key,
        reading.model_version,
        reading.view,
        reading.side,
        CASE film.laterality_tag WHEN 'L' THEN 'left' WHEN 'R' THEN 'right' WHEN 'B' THEN 'both' END AS side_tag,
        upper(film.view_position_tag) AS view_tag,
        film.body_part_tag
    FROM reading
    JOIN landing.film USING (film_key)
)

SELECT film_key, model_version, 'side' AS about, side_tag AS tag, side AS film
FROM told
WHERE side <> 'unknown' AND side_tag <> side
UNION ALL
SELECT film_key, model_version, 'view', view_tag, view
FROM told
WHERE
    (view_tag IN ('AP', 'PA') AND view IN ('cross_table_lateral', 'frog_leg_lateral'))
    OR (view_tag IN ('LL', 'RL', 'LAT', 'LATERAL') AND view IN ('ap_pelvis', 'ap_hip'))
UNION ALL
SELECT film_key, model_version, 'body_part', body_part_tag, view
FROM told
WHERE (view <> 'other') <> regexp_matches(lower(body_part_tag), 'hip|pelvi|femur|leg|extremity');
