"""A minimal project. With PGDATABASE (and PGHOST, PGUSER, …) it is on PostgreSQL, else on a SQLite file."""

import os

SECRET_KEY = "only for this example"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["dms"]
MIDDLEWARE = ["dms.answers.Mistakes"]
ROOT_URLCONF = "dms.urls"
USE_TZ = True

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ.get("DMS_FILE", "dms.db"),
    "OPTIONS": {"transaction_mode": "IMMEDIATE"},  # or a view that reads first may lose its lock to another one
    "TEST": {"NAME": "test_dms.db"},  # gongdan opens it too: it cannot be in memory
}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("PGDATABASE")}
DATABASES = {"default": POSTGRESQL if POSTGRESQL["NAME"] else SQLITE}
