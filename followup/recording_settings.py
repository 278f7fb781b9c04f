"""The ``[recordings]`` table of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class S3Settings(BaseModel):
    """A bucket; ``endpoint`` for any S3 but Amazon's, e.g. http://minio.hospital.local:9000."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s?#/]+/?$")] | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{0,100}$")] = ""
    access_key_id: str = Field(default="", repr=False)
    secret_access_key: SecretStr = SecretStr("")
    virtual_hosted: bool = False          # the bucket's name in the host's, not in the path


class RecordingSettings(BaseModel):
    """Where sealed recordings are kept, and how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # who records a live call: packets, the recorder, which needs the right to see them
    # (CAP_NET_RAW) on Asterisk's machine, and Asterisk itself where it has not; or Asterisk always
    capture: Literal["packets", "asterisk"] = "packets"
    storage: Literal["folder", "s3"] = "folder"
    folder: Path | None = None            # default: recordings in the data folder
    s3: S3Settings | None = None
    # for calls that no rule of the console is about; None: until somebody sets a rule
    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    # for browsers, which take the first that they play; made where ffmpeg is there. M4A is for a
    # Safari before 18.4, which else gets the original
    copies: Literal["opus", "m4a", "both", "none"] = "opus"
    low_disk_mb: Annotated[int, Field(ge=10, le=1_000_000)] = 2000       # less free raises an alarm

    @model_validator(mode="after")
    def _bucket(self) -> RecordingSettings:
        if self.storage == "s3" and self.s3 is None:
            raise ValueError("s3: expected bucket, endpoint and keys when storage is s3")
        return self
