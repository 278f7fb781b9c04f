"""PostgreSQL: engine, migrations, notifications."""
