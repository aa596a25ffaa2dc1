"""Where what is true is kept: tables once in SQLAlchemy Core, hot statements per database."""
