"""Configuration passing: Erlang writes the settings, Python reads them and answers."""

from erlang import SharedDict


def connect(host: str, port: int) -> str:
    """Stands for a database driver's connect."""
    return f"{host}:{port}"


def process_data(sd_handle: SharedDict) -> str:
    """Read `db` from the dict, work, and leave the outcome under `results`."""
    sd = SharedDict(sd_handle)

    db_config = sd["db"]
    connection = connect(
        host=db_config.get("host") or db_config.get(b"host"),
        port=db_config.get("port") or db_config.get(b"port"),
    )

    sd["results"] = {"rows_processed": 1000, "connection": connection}
    return "done"
