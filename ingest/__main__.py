"""The program ``ingest``, which is all that a worker process imports of it before it reads files."""


def main() -> None:
    """Run the command line."""
    from ingest.cli import main as command  # noqa: PLC0415 - a spawned process imports the program's first module anew

    command()


if __name__ == "__main__":
    main()
