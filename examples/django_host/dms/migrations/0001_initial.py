"""The first tables of the host."""

from django.db import migrations, models
from django.db.models import deletion


class Migration(migrations.Migration):
    """A visit, and a notice of it."""

    initial = True
    operations = (
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("order_no", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("plate", models.CharField(max_length=20, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("command_id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("clauses", models.CharField(max_length=400)),
                ("visit", models.ForeignKey(on_delete=deletion.PROTECT, to="dms.visit")),
            ],
        ),
    )
