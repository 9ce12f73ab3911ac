-- tenants/<shard>/<tenant>.db: everything of one organization. Plugins keep their own tables beside these.

-- "This tenant has this plugin." Uninstalling deletes the row.
CREATE TABLE plugin_installations (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  plugin_key     TEXT NOT NULL UNIQUE CHECK (length(plugin_key) BETWEEN 1 AND 64),
  status         TEXT NOT NULL DEFAULT 'installed' CHECK (status IN ('installed')),
  installed_at   TEXT NOT NULL CHECK (installed_at GLOB '????-??-??T??:??:??.???Z'),
  uninstalled_at TEXT CHECK (uninstalled_at GLOB '????-??-??T??:??:??.???Z'),
  error_message  TEXT,
  configuration  TEXT CHECK (json_valid(configuration)),
  metadata       TEXT CHECK (json_valid(metadata)),
  version        TEXT NOT NULL,
  -- Pins the code: nothing but this package runs for the installation.
  package_digest TEXT NOT NULL CHECK (length(package_digest) = 64),
  -- A user of the control database; no key can reach across files.
  installed_by   INTEGER,
  created_at     TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at     TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Who made which table or index. Names are compared as SQLite compares them: without case.
-- seq is the order of making; uninstalling drops in the reverse order.
CREATE TABLE plugin_objects (
  seq        INTEGER PRIMARY KEY,
  plugin_key TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('table', 'index')),
  name       TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

CREATE INDEX plugin_objects_by_plugin ON plugin_objects (plugin_key);

-- Core data of the governance application. People are users of the control database, by id.

CREATE TABLE model_inventory (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  -- "provider model" as one text, the way older clients send it.
  provider_model      TEXT,
  provider            TEXT NOT NULL,
  model               TEXT NOT NULL,
  version             TEXT NOT NULL,
  approver            INTEGER,
  capabilities        TEXT NOT NULL DEFAULT '',
  security_assessment INTEGER NOT NULL DEFAULT 0 CHECK (security_assessment IN (0, 1)),
  status              TEXT NOT NULL DEFAULT 'Pending'
                      CHECK (status IN ('Approved', 'Restricted', 'Pending', 'Blocked')),
  status_date         TEXT NOT NULL CHECK (status_date GLOB '????-??-??T??:??:??.???Z'),
  reference_link      TEXT,
  biases              TEXT,
  limitations         TEXT,
  hosting_provider    TEXT,
  created_at          TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at          TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Use cases.
CREATE TABLE projects (
  id                     INTEGER PRIMARY KEY AUTOINCREMENT,
  project_title          TEXT NOT NULL,
  owner                  INTEGER,
  start_date             TEXT CHECK (start_date GLOB '????-??-??T??:??:??.???Z'),
  ai_risk_classification TEXT CHECK (ai_risk_classification IN
                         ('Prohibited', 'High risk', 'Limited risk', 'Minimal risk')),
  type_of_high_risk_role TEXT CHECK (type_of_high_risk_role IN
                         ('Deployer', 'Provider', 'Distributor', 'Importer', 'Product manufacturer',
                          'Authorized representative')),
  goal                   TEXT,
  last_updated           TEXT NOT NULL CHECK (last_updated GLOB '????-??-??T??:??:??.???Z'),
  last_updated_by        INTEGER,
  created_at             TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- The lists are those of the seed's "Enums Reference".
CREATE TABLE risks (
  id                      INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id              INTEGER REFERENCES projects (id) ON DELETE CASCADE,
  risk_name               TEXT NOT NULL,
  risk_owner              INTEGER,
  ai_lifecycle_phase      TEXT CHECK (ai_lifecycle_phase IN
                          ('Problem definition & planning', 'Data collection & processing',
                           'Model development & training', 'Model validation & testing',
                           'Deployment & integration', 'Monitoring & maintenance',
                           'Decommissioning & retirement')),
  risk_description        TEXT,
  risk_category           TEXT CHECK (risk_category IN
                          ('Strategic risk', 'Operational risk', 'Compliance risk', 'Financial risk',
                           'Cybersecurity risk', 'Reputational risk', 'Legal risk', 'Technological risk',
                           'Third-party/vendor risk', 'Environmental risk', 'Human resources risk',
                           'Geopolitical risk', 'Fraud risk', 'Data privacy risk', 'Health and safety risk')),
  impact                  TEXT,
  likelihood              TEXT CHECK (likelihood IN
                          ('Rare', 'Unlikely', 'Possible', 'Likely', 'Almost Certain')),
  severity                TEXT CHECK (severity IN
                          ('Negligible', 'Minor', 'Moderate', 'Major', 'Catastrophic')),
  risk_level              TEXT CHECK (risk_level IN
                          ('No risk', 'Very low risk', 'Low risk', 'Medium risk', 'High risk', 'Very high risk')),
  mitigation_status       TEXT CHECK (mitigation_status IN
                          ('Not Started', 'In Progress', 'Completed', 'On Hold', 'Deferred', 'Canceled',
                           'Requires review')),
  mitigation_plan         TEXT,
  -- What is left after mitigation; the seed's scale ends in 'Critical' here.
  risk_severity           TEXT CHECK (risk_severity IN
                          ('Negligible', 'Minor', 'Moderate', 'Major', 'Critical')),
  likelihood_mitigation   TEXT CHECK (likelihood_mitigation IN
                          ('Rare', 'Unlikely', 'Possible', 'Likely', 'Almost Certain')),
  final_risk_level        TEXT,
  review_notes            TEXT,
  deadline                TEXT CHECK (deadline GLOB '????-??-??T??:??:??.???Z'),
  date_of_assessment      TEXT CHECK (date_of_assessment GLOB '????-??-??T??:??:??.???Z'),
  created_at              TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at              TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX risks_by_project ON risks (project_id);

CREATE TABLE files (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  filename    TEXT NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
  mime        TEXT NOT NULL,
  size        INTEGER NOT NULL CHECK (size = length(content)),
  sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
  uploaded_by INTEGER,
  uploaded_at TEXT NOT NULL CHECK (uploaded_at GLOB '????-??-??T??:??:??.???Z'),
  -- Last, so that a listing never reads its pages.
  content     BLOB NOT NULL
) STRICT;
