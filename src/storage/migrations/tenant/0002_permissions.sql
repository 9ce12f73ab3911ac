ALTER TABLE plugin_installations ADD COLUMN granted TEXT CHECK (json_valid(granted));
ALTER TABLE plugin_installations ADD COLUMN paused_at TEXT CHECK (paused_at GLOB '????-??-??T??:??:??.???Z');
ALTER TABLE plugin_installations ADD COLUMN paused_reason TEXT;

CREATE TABLE plugin_secrets (
  plugin_key TEXT NOT NULL,
  name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  sealed     TEXT NOT NULL,
  updated_at TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (plugin_key, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE plugin_usage (
  plugin_key TEXT PRIMARY KEY,
  pages      INTEGER NOT NULL CHECK (pages >= 0)
) STRICT, WITHOUT ROWID;
