"""A rival: the same applications in Django's admin, as its documentation shows it. Run by Django in an environment of its own.

Run as a program it makes Django's own tables and prints the cookie of a signed-in superuser; a WSGI server serves `application`.
The columns come in columns.json (name → kind) and the address of the database in DATABASE_URL, both written by desk.py.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command

import tests.performance


class Bench(AppConfig):
    """Where the admin puts the table."""

    label, path = "bench", str(Path(__file__).parent)


url = urlsplit(os.environ["DATABASE_URL"])
if url.scheme.startswith("sqlite"):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:]}
else:
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password or "",
                "HOST": url.hostname, "PORT": url.port, "CONN_MAX_AGE": 600}  # fmt: skip
settings.configure(
    SECRET_KEY="a-bench-and-nothing-else", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DATABASES={"default": database}, USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", STATIC_URL="/static/",
    INSTALLED_APPS=[
        *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages")), Bench("tests.performance", tests.performance),
    ],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
        f"django.{name}" for name in ("template.context_processors.request", "contrib.auth.context_processors.auth",
                                      "contrib.messages.context_processors.messages")]}}],
)  # fmt: skip
django.setup()

from django.contrib import admin  # noqa: E402 — none of these can be imported before the setup
from django.contrib.auth.models import User  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

# Psycopg reads PostgreSQL's json by itself, which JSONField, made for jsonb, does not expect.
listed = models.JSONField if url.scheme.startswith("sqlite") else models.TextField
FIELDS = {
    "text": lambda: models.TextField(null=True), "number": lambda: models.FloatField(null=True), "boolean": lambda: models.BooleanField(null=True),
    "date": lambda: models.DateField(null=True), "datetime": lambda: models.DateTimeField(null=True), "json": lambda: listed(null=True),
}  # fmt: skip
columns = json.loads((Path(os.environ["BENCH_FOLDER"]) / "columns.json").read_text())
Meta = type("Meta", (), {"managed": False, "db_table": "applications", "app_label": "bench"})
Application = type("Application", (models.Model,), {
    "__module__": __name__, "Meta": Meta, **{name: FIELDS[kind]() for name, kind in columns.items() if name != "id"},
})  # fmt: skip


class Applications(admin.ModelAdmin):
    """The columns that the portal's list shows, searched by what it searches."""

    list_display = ("company_name", "status", "submitted_at", "geographic_coverage", "installation_capacity", "reference_number")
    list_filter = ("status",)
    search_fields = ("company_name", "trading_name", "reference_number", "invitation_code", "primary_contact_name", "primary_contact_email",
                     "vat_number", "company_registration")  # fmt: skip
    ordering = ("-submitted_at",)
    list_per_page = 50


admin.site.register(Application, Applications)
urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    User.objects.filter(username="bench").delete()
    client = Client()
    client.force_login(User.objects.create_superuser("bench", "bench@bench.example", "bench"))
    print(client.cookies["sessionid"].value)
