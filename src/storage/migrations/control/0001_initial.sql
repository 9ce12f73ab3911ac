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
