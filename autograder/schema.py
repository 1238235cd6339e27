"""The version of nbgrader's tables, written into a database before nbgrader makes them.

nbgrader would ask the program `alembic` for it, which must be found on PATH and takes some seconds to start.
"""

from __future__ import annotations

from sqlalchemy import URL, create_engine, inspect, text

__all__ = ["stamp_schema"]


def stamp_schema(url: str | URL) -> None:
    """Say in an empty database which version its tables will have; leave any other database as it is.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be opened or written.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
                connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": newest()})
    finally:
        engine.dispose()


def newest() -> str:
    """The version of the tables that this nbgrader makes."""
    from alembic.script import ScriptDirectory  # needed for new databases only
    from nbgrader.dbutil import ALEMBIC_DIR

    return str(ScriptDirectory(ALEMBIC_DIR).get_current_head())
