"""Where boxes are kept: a folder, or S3, behind one interface."""

from recordings.storage.folder import FolderStore
from recordings.storage.port import Seen, Store
from recordings.storage.s3 import S3Store

__all__ = ["FolderStore", "S3Store", "Seen", "Store"]
