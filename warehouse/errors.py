"""What can go wrong with the warehouse; each message gives the value and the remedy."""


class WarehouseError(Exception):
    """Base of all errors of this package: the run cannot go on, what is spooled is kept."""


class NotOurWarehouseError(WarehouseError):
    """The file is no DuckDB database, holds somebody else's tables, or was made by another schema version."""


class WarehouseHeldError(WarehouseError):
    """Another process holds the file; waiting and trying again helps."""


class SpoolError(WarehouseError):
    """A batch cannot be written: disk full, no permission."""


class TornBatchError(WarehouseError):
    """A spooled file cannot be read back as the batch that was written."""
