"""Django's settings, all of them read from the environment (table: docs/reference/settings.md)."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from django.conf import global_settings

from websignal import api, cors
from websignal.beat import IN_ONE_PROCESS, SCHEDULE
from websignal.checks import Setup, refuse_missing, refuse_unsafe
from websignal.env import Environment
from websignal.kept_key import kept_rsa_key, rsa_key, secret_key_of
from websignal.logging import logging_config
from websignal.oauth import oauth_settings
from websignal.operators import UNFOLD as UNFOLD

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
# An agent has neither sessions nor pages nor a database to be unsafe with.
IS_AGENT = sys.argv[1:2] == ["probe_agent"]
IS_BEAT = sys.argv[1:2] == ["beat"]
env = Environment()

# How it runs
MODE = env.choice(
    "MODE",
    "embedded",
    "`embedded`: one process, made for one machine. `production`: strict checks, many processes.",
    among=["embedded", "production"],
)
IS_PRODUCTION = MODE == "production"
DEBUG = env.flag("DEBUG", False, "Django's debug pages. Refused in production.")
HOST = env.text("HOST", "127.0.0.1", "Address that `make run` listens on.")
PORT = env.integer("PORT", 8000, "Port that `make run` listens on.", at_least=1, at_most=65535)
DATA_DIR = env.path(
    "DATA_DIR", BASE_DIR / "var", "Where the embedded default keeps its database and its key.", shown="`var/`"
)
PUBLIC_URL = env.url(
    "PUBLIC_URL",
    f"http://{HOST}:{PORT}",
    "Address under which people reach it: stands in emails, webhooks and ping lines. https in production.",
    schemes=["https", "http"],
    shown="`http://HOST:PORT`",
).rstrip("/")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    ["localhost", "127.0.0.1", "[::1]", HOST, urlsplit(PUBLIC_URL).hostname or HOST] if not IS_PRODUCTION else [],
    "Host names that requests may be addressed to. Required in production.",
    shown="loopback names, `HOST` and the one in `PUBLIC_URL`",
)
FIRST_USER_EMAIL = env.text("FIRST_USER_EMAIL", "admin@example.com", "Email of the user made at the first `make run`.")
FIRST_USER_PASSWORD = env.text("FIRST_USER_PASSWORD", "", "Password of that user.", shown="made up, printed once")

SECRET_KEY = secret_key_of(env, DATA_DIR / "secret_key", may_make=not IS_PRODUCTION, is_test=TESTING, is_agent=IS_AGENT)
SECRET_KEY_FALLBACKS = env.words(
    "SECRET_KEY_FALLBACKS",
    [],
    "Earlier values of `SECRET_KEY`: what they signed still holds, what they encrypted is still read. "
    "`manage.py rotate_secrets` makes them needless.",
)

# Data
DATABASE_POOL_SIZE = env.integer(
    "DATABASE_POOL_SIZE", 10, "Most PostgreSQL connections a process keeps for pages and tasks."
)
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        f"sqlite:///{DATA_DIR / 'websignal.sqlite3'}",
        "The one database.",
        shown="SQLite file in `DATA_DIR`",
    )
}
IS_POSTGRES = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
if IS_POSTGRES:
    if DATABASE_POOL_SIZE and not TESTING:
        options = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10}
        DATABASES["default"].setdefault("OPTIONS", {})["pool"] = options  # type: ignore[index]
else:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=134217728;"
        "PRAGMA cache_size=-20000;PRAGMA foreign_keys=ON;",
    }
    # A named file: an in-memory database would be another one in every thread.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.url(
    "REDIS_URL",
    "",
    "Broker, cache and live events.",
    schemes=["redis", "rediss"],
    shown="none: all in process",
)

# Apps
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "accounts",  # before Django's auth, whose command that makes operators it completes
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_eventstream",
    "corsheaders",
    "common",
    "billing",
    "monitors",
    "signals",
    "incidents",
    "alerts",
    "oncall",
    "statuspages",
    "dashboard",
    "websignal",
]
if IS_BEAT:
    # It sends names of tasks and holds a lock; what the tasks need is in whoever carries them out.
    INSTALLED_APPS = ["common", "websignal"]
MIDDLEWARE = [
    "common.middleware.RequestIdMiddleware",
    "common.cors.ApiCorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "common.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.WorkspaceMiddleware",
]
ROOT_URLCONF = "websignal.urls"
ASGI_APPLICATION = "websignal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context_processors.frame",
            ],
        },
    }
]
APPEND_SLASH = False

# People
AUTH_USER_MODEL = "accounts.User"
OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.OAuthApplication"
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.OAuthGrant"
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "accounts.OAuthDeviceGrant"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_HASHERS = [
    # Of passwords; a safe one takes 0.3 s a user.
    *(["django.contrib.auth.hashers.MD5PasswordHasher"] if TESTING else global_settings.PASSWORD_HASHERS),
    # Of the random secrets of OAuth applications.
    "accounts.oauth.hashers.ClientSecretHasher",
]
PASSWORD_RESET_TIMEOUT = 3 * 3600
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]


def _oidc_key() -> str:
    given = env.text(
        "OIDC_RSA_PRIVATE_KEY",
        "",
        "Signs ID tokens (OpenID Connect): RSA, 2048 bits or more, in PEM; line breaks may be written `\\n`. "
        "Production without one has OAuth but no OpenID Connect.",
        shown="made once, kept in `DATA_DIR/oidc.pem`; none in production",
    )
    if given:
        return rsa_key(given.replace("\\n", "\n"))
    return "" if IS_PRODUCTION else kept_rsa_key(DATA_DIR / "oidc.pem")


OIDC_KEY = _oidc_key()
OAUTH2_PROVIDER = oauth_settings(public_url=PUBLIC_URL, oidc_key=OIDC_KEY)

# Web
TRUSTED_PROXIES = env.networks(
    "TRUSTED_PROXIES", "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 3600 * 24 * 365 if IS_PRODUCTION and PUBLIC_URL.startswith("https://") else 0
X_FRAME_OPTIONS = "DENY"
STATIC_URL = "/static/"
STATIC_ROOT = env.path(
    "STATIC_ROOT", DATA_DIR / "static", "Where `manage.py collectstatic` puts files.", shown="`DATA_DIR/static`"
)
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# Cache, broker, live events
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {} if REDIS_URL else {"polling_interval": 0.05}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE if REDIS_URL else IN_ONE_PROCESS

# Probes
REGION = env.text("REGION", "default", "Key of the region that this worker probes from.")
PROBE_CAPACITY = env.integer("PROBE_CAPACITY", 1000, "Most checks in flight in one engine.", at_least=1, at_most=20000)
PROBE_PER_HOST = env.integer(
    "PROBE_PER_HOST", 50, "Most checks in flight to one address in one engine; more start late.", at_least=1
)
PROBE_ALLOW_PRIVATE = env.flag(
    "PROBE_ALLOW_PRIVATE",
    not IS_PRODUCTION,
    "Whether probes and webhooks may reach loopback and private addresses.",
    shown="`true` embedded, `false` in production",
)
PROBE_ALLOWED_NETWORKS = env.networks(
    "PROBE_ALLOWED_NETWORKS", "Networks that probes and webhooks may reach although they are not public."
)
PROBE_REFERENCE_HOSTS = env.words(
    "PROBE_REFERENCE_HOSTS", [], "`host:port` that are up whenever our own network is; asked when most targets fail."
)
AGENT_URL = env.text("AGENT_URL", "", "Address of the platform that `probe_agent` probes for, https.", shown="none")
AGENT_TOKEN = env.text("AGENT_TOKEN", "", "Its token, from `create_agent_token` or the admin.", shown="none")
REGION_SILENT_SECONDS = env.integer(
    "REGION_SILENT_SECONDS", 60, "Seconds after which a region whose engines say nothing is silent.", at_least=15
)
RESULT_RETENTION_DAYS = env.integer(
    "RESULT_RETENTION_DAYS", 30, "Days that raw results and signals are kept.", at_least=1
)
HOURLY_RETENTION_DAYS = env.integer(
    "HOURLY_RETENTION_DAYS",
    400,
    "Days that counts and latencies are kept by the hour; by the day they stay.",
    at_least=2,
)
REPORT_RETENTION_DAYS = env.integer(
    "REPORT_RETENTION_DAYS", 30, "Days that files of reports are kept for their download.", at_least=1
)
FEED_RETENTION_DAYS = env.integer("FEED_RETENTION_DAYS", 30, "Days that `/api/events` goes back.", at_least=1)

# Mail
EMAIL_HOST = env.text("EMAIL_HOST", "", "SMTP server. Without one, email alerts wait and say so.", shown="none")
EMAIL_PORT = env.integer("EMAIL_PORT", 25, "Its port.", at_least=1, at_most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "", "Its user.", shown="none")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "", "Its password.", shown="none")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False, "STARTTLS, mostly on port 587.")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", False, "TLS from the first byte, mostly on port 465.")
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10, "Seconds until an SMTP server that does not answer is given up.")
OPERATOR_EMAIL = env.words(
    "OPERATOR_EMAIL", [], "Addresses that are told of the platform's own trouble.", shown="every operator's"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "WebSignal <websignal@localhost>", "Sender of every email.")
MAIL_PING_DOMAIN = (
    env.text("MAIL_PING_DOMAIN", "", "Mail domain of pings by email (`manage.py mail_listener`).", shown="none: off")
    .lower()
    .strip(".")
)
MAIL_PING_HOST = env.text("MAIL_PING_HOST", "127.0.0.1", "Address that the mail listener listens on.")
MAIL_PING_PORT = env.integer(
    "MAIL_PING_PORT", 2525, "Port that the mail listener listens on.", at_least=1, at_most=65535
)

# SMS
SMS_PROVIDER = env.choice(
    "SMS_PROVIDER", "none", "Who sends text messages. Without one there are no alerts by SMS.", among=["none", "twilio"]
)
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID", "", "Twilio's account, `AC…`.", shown="none")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN", "", "Its auth token.", shown="none")
TWILIO_FROM = env.text(
    "TWILIO_FROM", "", "Sender: a number of that account as `+…`, a name, or a messaging service, `MG…`.", shown="none"
)
TWILIO_URL = env.url(
    "TWILIO_URL", "https://api.twilio.com", "Address of Twilio's API; another one for tests.", schemes=["https", "http"]
)
if SMS_PROVIDER == "twilio":
    refuse_missing(
        "SMS_PROVIDER=twilio",
        TWILIO_ACCOUNT_SID=TWILIO_ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=TWILIO_AUTH_TOKEN,
        TWILIO_FROM=TWILIO_FROM,
    )

# Billing
BILLING_ENABLED = env.flag(
    "BILLING_ENABLED", False, "Whether plans bound what a workspace may use. Off: one plan without limits, no prices."
)
TRIAL_DAYS = env.integer("TRIAL_DAYS", 14, "How long a trial lasts.", at_least=1, at_most=365)
STRIPE_WEBHOOK_SECRET = env.words(
    "STRIPE_WEBHOOK_SECRET", [], "Signing secret, `whsec_…`, of Stripe's webhook; two while one replaces the other."
)

# API
API_RATE_PER_SECOND = env.integer(
    "API_RATE_PER_SECOND",
    100,
    "Most API requests a second of one token, of one signed-in person, and of one address without either.",
    at_least=1,
    at_most=1_000_000,
)
CORS_ALLOWED_ORIGINS = env.words(
    "CORS_ALLOWED_ORIGINS",
    [],
    "Origins such as `https://app.example` whose pages may call the API from a browser, with a token, beside those of "
    "registered apps in the browser.",
)
# Tokens only: no cookie of ours travels with a request of another site's page.
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX, CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS = cors.PATHS, cors.ALLOWED, cors.EXPOSED
REST_FRAMEWORK, SPECTACULAR_SETTINGS = api.REST_FRAMEWORK, api.SPECTACULAR

# Logs
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "json" if IS_PRODUCTION else "text",
    "One line of text or one JSON object an event.",
    among=["text", "json"],
    shown="`text` embedded, `json` in production",
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", "Least severe event that is logged.", among=["DEBUG", "INFO", "WARNING", "ERROR"]
)
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)
LOGGING_CONFIG = "logging.config.dictConfig"

WEB_PROCESSES = env.integer(
    "WEB_PROCESSES", 1, "Web processes that production starts; more than one needs PostgreSQL.", at_least=1, at_most=64
)
METRICS_TOKEN = env.text(
    "METRICS_TOKEN", "", "Bearer token for `GET /metrics`; without one there are no metrics.", shown="none"
)
ENVIRONMENT = tuple(env.declared.values())
if IS_PRODUCTION and not IS_AGENT:
    refuse_unsafe(
        Setup(
            debug=DEBUG,
            secret_key=SECRET_KEY,
            allowed_hosts=ALLOWED_HOSTS,
            is_postgres=IS_POSTGRES,
            web_processes=WEB_PROCESSES,
            command=sys.argv[1] if len(sys.argv) > 1 else "",
        )
    )
