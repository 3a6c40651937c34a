from django.db import migrations

# LANCK's ids, of which "Ab" and "aB" are two. MySQL and MariaDB compare without regard to case unless told otherwise.
COLUMNS = [("message", "request_id", "NULL"), ("inboundmessage", "message_id", "NOT NULL")]


def compare_exactly(apps, schema_editor):
    if schema_editor.connection.vendor != "mysql":
        return
    quote = schema_editor.quote_name
    for model, column, null in COLUMNS:
        table = quote(apps.get_model("lanck", model)._meta.db_table)
        kind = f"varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin {null}"
        schema_editor.execute(f"ALTER TABLE {table} MODIFY {quote(column)} {kind}")


class Migration(migrations.Migration):

    atomic = False  # neither of the two can undo an ALTER TABLE
    dependencies = [("lanck", "0002_everything_else")]
    operations = [migrations.RunPython(compare_exactly, migrations.RunPython.noop)]
