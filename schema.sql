-- The current schema of both kinds of database that Souk keeps.
--
-- A fresh database is made from its part of this file; an older one is brought here by the numbered
-- files under src/storage/migrations. Both change in the same commit, and a test holds them equal.
-- The lines "-- part: ..." are markers that the program splits on.
--
-- Times are text in UTC with milliseconds, in one form everywhere: 2026-11-24T07:00:00.000Z.
-- They sort as they read. Flags are 0 or 1. JSON is text that json_valid accepts.

-- part: control
-- souk.db: what belongs to the appliance and not to one tenant.

-- A customer. Its tenant id is derived from this number, so a number is never given twice.
CREATE TABLE organizations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE TABLE users (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  organization_id  INTEGER NOT NULL REFERENCES organizations (id),
  email            TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(email) BETWEEN 3 AND 254),
  name             TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  role             TEXT NOT NULL CHECK (role IN ('Admin', 'Reviewer', 'Editor', 'Auditor')),
  password_hash    TEXT NOT NULL,
  disabled         INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  -- A token carries the generation it was made under; raising it ends every session of the user.
  token_generation INTEGER NOT NULL DEFAULT 0 CHECK (token_generation >= 0),
  created_at       TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at       TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX users_by_organization ON users (organization_id);

-- The row is the commit point of a tenant: its file is complete before the row appears,
-- and the state says 'deleting' before anything of the file is touched.
CREATE TABLE tenants (
  tenant_id       TEXT PRIMARY KEY CHECK (length(tenant_id) = 10),
  organization_id INTEGER NOT NULL UNIQUE REFERENCES organizations (id),
  state           TEXT NOT NULL CHECK (state IN ('ready', 'deleting')),
  created_at      TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Keys that sign tokens. The newest signs, and every one that is here verifies.
CREATE TABLE signing_keys (
  kid        TEXT PRIMARY KEY,
  secret     BLOB NOT NULL CHECK (length(secret) >= 32),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Only the hash of a refresh token is kept, and only while the token counts.
CREATE TABLE refresh_tokens (
  token_hash TEXT PRIMARY KEY,
  user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  expires_at TEXT NOT NULL CHECK (expires_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

-- The one-time link of a first start.
CREATE TABLE setup_links (
  token_hash TEXT PRIMARY KEY,
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  expires_at TEXT NOT NULL CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  used_at    TEXT CHECK (used_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- The last good copy of a marketplace. fetched_at is when the body came, checked_at when it was last confirmed.
CREATE TABLE marketplace_cache (
  source        TEXT PRIMARY KEY,
  etag          TEXT,
  last_modified TEXT,
  body          BLOB NOT NULL,
  fetched_at    TEXT NOT NULL CHECK (fetched_at GLOB '????-??-??T??:??:??.???Z'),
  checked_at    TEXT NOT NULL CHECK (checked_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Kept on disk, so that a restart does not forgive.
CREATE TABLE rate_limit_windows (
  scope        TEXT NOT NULL,
  address      TEXT NOT NULL,
  window_start TEXT NOT NULL CHECK (window_start GLOB '????-??-??T??:??:??.???Z'),
  hits         INTEGER NOT NULL CHECK (hits >= 0),
  PRIMARY KEY (scope, address)
) STRICT, WITHOUT ROWID;

-- part: tenant
-- tenants/<shard>/<tenant>.db: everything of one organization. Plugins keep their own tables beside these.

-- "This tenant has this plugin." Uninstalling deletes the row.
-- granted is what an Admin allowed of the manifest's permissions; NULL: nobody was asked, so nothing beyond
-- what every plugin has. A plugin with paused_at answers no route until an Admin resumes it.
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
  updated_at     TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  granted        TEXT CHECK (json_valid(granted)),
  paused_at      TEXT CHECK (paused_at GLOB '????-??-??T??:??:??.???Z'),
  paused_reason  TEXT
) STRICT;

-- What a plugin keeps by secret.set, sealed like the secrets of its configuration.
CREATE TABLE plugin_secrets (
  plugin_key TEXT NOT NULL,
  name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  sealed     TEXT NOT NULL,
  updated_at TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (plugin_key, name)
) STRICT, WITHOUT ROWID;

-- Pages of this file that a plugin's tables and indexes hold: what its quota is counted by.
CREATE TABLE plugin_usage (
  plugin_key TEXT PRIMARY KEY,
  pages      INTEGER NOT NULL CHECK (pages >= 0)
) STRICT, WITHOUT ROWID;

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
